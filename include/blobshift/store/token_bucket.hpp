// SPDX-License-Identifier: MIT
//
// How often, or how much, per second: a bucket that fills with time, and turns at it that many threads share.
//
// Row: store (core).   Tests: tests/store/token_bucket.test.cpp

#ifndef BLOBSHIFT_STORE_TOKEN_BUCKET_HPP
#define BLOBSHIFT_STORE_TOKEN_BUCKET_HPP

#include <algorithm>  // max, min
#include <chrono>     // duration, nanoseconds
#include <cstddef>    // size_t
#include <mutex>      // mutex, scoped_lock

#include <blobshift/core/context.hpp>

namespace blobshift::inline v1::detail {

/// A token bucket, kept as the time at which what was taken is paid for. Takers may go into debt: who takes much goes
/// at once and lets the next one wait, so nothing is too large for the bucket.
class token_bucket {
public:
    /// \param per_second  0 = no limit.
    /// \param burst       How much idle time can be saved up and then be used at once.
    token_bucket(double per_second, std::chrono::nanoseconds burst) noexcept : per_second_(per_second), burst_(burst) {}

    [[nodiscard]] bool is_limited() const noexcept { return per_second_ > 0; }
    [[nodiscard]] std::chrono::nanoseconds wait(steady_time now) const noexcept {
        return paid_ > now ? std::chrono::nanoseconds(paid_ - now) : std::chrono::nanoseconds(0);
    }
    void take(steady_time now, double amount) noexcept {
        if (is_limited()) paid_ = (std::max)(paid_, now - burst_) + time_for(amount);
    }
    void give_back(double amount) noexcept {
        if (is_limited()) paid_ -= time_for(amount);
    }

private:
    [[nodiscard]] std::chrono::nanoseconds time_for(double amount) const noexcept {
        constexpr double year = 31'536'000;  // seconds; keeps the sum far from overflow
        return std::chrono::duration_cast<std::chrono::nanoseconds>(
            std::chrono::duration<double>((std::min)(amount / per_second_, year)));
    }

    double per_second_;
    std::chrono::nanoseconds burst_;
    // Long ago, yet far enough from the least to subtract a burst.
    steady_time paid_{(steady_time::duration::min)() / 2};
};

/// Turns at one bucket, in the order in which they were asked for. \par Thread-safety  All members.
class shared_rate {
public:
    /// As of `token_bucket`.
    shared_rate(double per_second, std::chrono::nanoseconds burst) noexcept : bucket_(per_second, burst) {}

    [[nodiscard]] bool is_limited() const noexcept { return bucket_.is_limited(); }

    /// Takes `turns` that come together, for those who have other things to do meanwhile. \return how long until then.
    [[nodiscard]] std::chrono::nanoseconds reserve(steady_time now, std::size_t turns) {
        if (!is_limited()) return std::chrono::nanoseconds(0);
        const std::scoped_lock lock(mutex_);
        const auto wait = bucket_.wait(now);
        bucket_.take(now, static_cast<double>(turns));
        return wait;
    }
    /// Turns that were reserved and are not used.
    void give_back(std::size_t turns) {
        const std::scoped_lock lock(mutex_);
        bucket_.give_back(static_cast<double>(turns));
    }

    /// Takes one turn and waits for it.
    ///
    /// \return errc::deadline_exceeded at once, and no turn is taken, when it would come behind the deadline;
    ///         errc::cancelled after a stop, and the turn is used up.
    [[nodiscard]] result<void> take(const context& c) {
        if (!is_limited()) return {};
        std::chrono::nanoseconds wait{0};
        {
            const std::scoped_lock lock(mutex_);
            const steady_time now = c.clock->now();
            wait = bucket_.wait(now);
            if (c.deadline && now + wait >= *c.deadline) {
                return fail(errc::deadline_exceeded, "the deadline comes before the turn that the rate allows");
            }
            bucket_.take(now, 1);
        }
        return wait.count() == 0 ? c.proceed() : c.pause(wait);
    }

private:
    std::mutex mutex_;
    token_bucket bucket_;
};

}  // namespace blobshift::inline v1::detail

#endif
