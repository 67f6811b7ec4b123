// SPDX-License-Identifier: MIT
//
// How long a call may take, who may end it, and whose clock it lives by.
//
// Row: core (standard library only).   Tests: tests/core/context.test.cpp

#ifndef BLOBSHIFT_CORE_CONTEXT_HPP
#define BLOBSHIFT_CORE_CONTEXT_HPP

#include <atomic>      // atomic
#include <chrono>      // nanoseconds
#include <optional>    // optional
#include <stop_token>  // stop_token
#include <string>      // string

#include <blobshift/core/clock.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1 {

/// Limits how many calls may be repeated, over all calls that share it: a store in trouble is not asked again and
/// again.
///
/// Every first attempt earns a fraction of a retry, every retry spends one. \par Thread-safety  Lock-free; shared
/// freely.
class retry_budget {
public:
    /// \param per_call   What one first attempt earns, in thousandths of a retry (100 = one retry for ten calls).
    /// \param at_most    The most retries that can be saved up; also the number at the start.
    explicit retry_budget(int per_call = 100, int at_most = 100) noexcept
        : earn_(per_call), limit_(at_most * 1000), saved_(at_most * 1000) {}

    /// Call once for each first attempt.
    void deposit() noexcept {
        int seen = saved_.load(std::memory_order_relaxed);
        while (seen < limit_ &&
               !saved_.compare_exchange_weak(seen, seen + earn_ < limit_ ? seen + earn_ : limit_,
                                             std::memory_order_relaxed)) {
        }
    }
    /// Call before each retry. \return false: the budget is used up, do not retry.
    [[nodiscard]] bool withdraw() noexcept {
        int seen = saved_.load(std::memory_order_relaxed);
        while (seen >= 1000) {
            if (saved_.compare_exchange_weak(seen, seen - 1000, std::memory_order_relaxed)) return true;
        }
        return false;
    }

private:
    int earn_;
    int limit_;
    std::atomic<int> saved_;
};

/// What every operation of a store is given. Cheap to copy; a default one never ends and uses the machine's clocks.
struct context {
    std::stop_token stop = {};
    std::optional<steady_time> deadline = {};          ///< On `clock->now()`. Absolute, so that retries share it.
    const time_source* clock = &system_time::instance();  ///< Not owned; never null.
    retry_budget* budget = nullptr;                    ///< Not owned; null = no limit but the layers' own.
    std::string request_id = {};                       ///< Sent to services that take one. Must not identify a blob.

    /// A copy whose deadline is at most `timeout` from now.
    [[nodiscard]] context with_timeout(std::chrono::nanoseconds timeout) const {
        context c = *this;
        const steady_time now = clock->now();
        const steady_time end = now + (std::min)(std::chrono::duration_cast<steady_time::duration>(timeout),
                                                 (steady_time::max)() - now);
        if (!deadline || end < *deadline) c.deadline = end;
        return c;
    }

    /// Time left; nullopt = no deadline; never negative.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> remaining() const {
        if (!deadline) return std::nullopt;
        const std::chrono::nanoseconds left = *deadline - clock->now();
        return left < left.zero() ? left.zero() : left;
    }

    /// Whether work may start: errc::cancelled or errc::deadline_exceeded (nothing was done) when not.
    [[nodiscard]] result<void> proceed() const {
        if (stop.stop_requested()) return fail(errc::cancelled, "stopped on request");
        if (deadline && clock->now() >= *deadline) return fail(errc::deadline_exceeded, "the deadline has passed");
        return {};
    }

    /// Sleeps, unless stop or the deadline would come first; then it returns that error without sleeping on.
    [[nodiscard]] result<void> pause(std::chrono::nanoseconds duration) const {
        if (auto go = proceed(); !go) return go;
        if (const auto left = remaining(); left && duration >= *left) {
            return fail(errc::deadline_exceeded, "the deadline would pass while waiting");
        }
        clock->sleep(duration, stop);
        return proceed();
    }
};

}  // namespace blobshift::inline v1

#endif
