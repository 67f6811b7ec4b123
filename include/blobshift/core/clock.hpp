// SPDX-License-Identifier: MIT
//
// The one seam through which blobshift reads clocks and sleeps.
//
// Row: core (standard library only).   Tests: tests/core/clock.test.cpp

#ifndef BLOBSHIFT_CORE_CLOCK_HPP
#define BLOBSHIFT_CORE_CLOCK_HPP

#include <chrono>      // steady_clock, system_clock
#include <stop_token>  // stop_token
#include <thread>      // this_thread::sleep_for

#include <blobshift/core/time.hpp>

namespace blobshift::inline v1 {

/// The seam for time: the only place where blobshift reads a clock or sleeps. Tests put a virtual clock here.
///
/// \par Thread-safety  All members may be called from several threads at once.
class time_source {
public:
    virtual ~time_source() = default;

    /// For deadlines and rates: never jumps.
    [[nodiscard]] virtual steady_time now() const = 0;
    /// For stamps that people read.
    [[nodiscard]] virtual utc_time utc_now() const = 0;
    /// Returns after `pause`, or earlier when `stop` is triggered.
    virtual void sleep(std::chrono::nanoseconds pause, const std::stop_token& stop) const = 0;
};

/// The machine's own clocks.
class system_time final : public time_source {
public:
    [[nodiscard]] steady_time now() const override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] utc_time utc_now() const override {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
    /// Looks at `stop` every 10 ms: a condition variable would wake at once, but costs each includer 4,000 lines.
    void sleep(std::chrono::nanoseconds pause, const std::stop_token& stop) const override {
        constexpr std::chrono::nanoseconds slice = std::chrono::milliseconds(10);
        const steady_time end = now() + std::chrono::duration_cast<steady_time::duration>(pause);
        for (auto left = pause; left > left.zero() && !stop.stop_requested(); left = end - now()) {
            std::this_thread::sleep_for(left < slice ? left : slice);
        }
    }

    /// An object that lives as long as the program.
    [[nodiscard]] static const system_time& instance() noexcept {
        static const system_time clock;
        return clock;
    }
};

}  // namespace blobshift::inline v1

#endif
