// SPDX-License-Identifier: MIT
//
// A clock that stands still until a test moves it or something sleeps on it; sleeping takes no time.
//
// Needs blobshift's core row only.

#ifndef BLOBSHIFT_TESTS_SUPPORT_VIRTUAL_CLOCK_HPP
#define BLOBSHIFT_TESTS_SUPPORT_VIRTUAL_CLOCK_HPP

#include <chrono>      // nanoseconds
#include <functional>  // function
#include <mutex>       // mutex, scoped_lock
#include <stop_token>  // stop_token
#include <utility>     // move
#include <vector>      // vector

#include <blobshift/core/context.hpp>

namespace blobshift::testing {

/// Starts at 2020-01-01 00:00:00 UTC. \par Thread-safety  All members, from any thread.
class virtual_clock final : public time_source {
public:
    [[nodiscard]] steady_time now() const override {
        const std::scoped_lock lock(mutex_);
        return steady_time{} + std::chrono::duration_cast<steady_time::duration>(elapsed_);
    }
    [[nodiscard]] utc_time utc_now() const override {
        const std::scoped_lock lock(mutex_);
        return std::chrono::sys_days(std::chrono::year(2020) / 1 / 1) +
               std::chrono::floor<std::chrono::milliseconds>(elapsed_);
    }

    /// Notes the pause and moves on by it, unless `stop` is triggered before or by `on_sleep`.
    void sleep(std::chrono::nanoseconds pause, const std::stop_token& stop) const override {
        if (stop.stop_requested()) return;
        if (on_sleep) on_sleep(pause);
        if (stop.stop_requested()) return;
        const std::scoped_lock lock(mutex_);
        elapsed_ += pause;
        pauses_.push_back(pause);
    }

    void advance(std::chrono::nanoseconds by) {
        const std::scoped_lock lock(mutex_);
        elapsed_ += by;
    }

    /// The pauses that were slept to their end, in the order in which they ended.
    [[nodiscard]] std::vector<std::chrono::nanoseconds> pauses() const {
        const std::scoped_lock lock(mutex_);
        return pauses_;
    }

    /// Called at the start of each sleep. Set it before other threads use the clock.
    std::function<void(std::chrono::nanoseconds)> on_sleep = {};

private:
    mutable std::mutex mutex_;
    mutable std::chrono::nanoseconds elapsed_{0};
    mutable std::vector<std::chrono::nanoseconds> pauses_;
};

/// A context that lives by `clock`, which must outlive it.
[[nodiscard]] inline context context_of(const virtual_clock& clock) {
    context c;
    c.clock = &clock;
    return c;
}

}  // namespace blobshift::testing

#endif
