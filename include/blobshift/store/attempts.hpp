// SPDX-License-Identifier: MIT
//
// How often a call is made before its failure is believed, and how long to wait in between.
//
// Row: store (core).   Tests: tests/store/attempts.test.cpp

#ifndef BLOBSHIFT_STORE_ATTEMPTS_HPP
#define BLOBSHIFT_STORE_ATTEMPTS_HPP

#include <algorithm>    // min, max
#include <chrono>       // milliseconds, nanoseconds
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <type_traits>  // invoke_result_t
#include <utility>      // move

#include <blobshift/core/context.hpp>
#include <blobshift/core/error.hpp>
#include <blobshift/core/random.hpp>

namespace blobshift::inline v1 {

struct retry_options {
    int max_attempts = 5;                           ///< Including the first. 1 = never retry. Less is taken as 1.
    std::chrono::milliseconds first_wait{100};      ///< Before attempt 2; doubled for each attempt after it.
    std::chrono::milliseconds longest_wait{15'000}; ///< Upper bound of every wait, the store's own wish included.
    double jitter = 0.3;                            ///< Part of each wait, 0 to 1, that chance takes off it.
    std::uint64_t seed = random_u64();              ///< Of that chance; a fixed one repeats the same waits.
    int earned_per_call = 100;                      ///< Thousandths of a retry that each call earns for all.
    int saved_at_most = 100;                        ///< Most retries that all calls together can have saved up.
};

namespace detail {

/// A well-mixed number for each `state` (splitmix64).
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t state) noexcept {
    state += 0x9E3779B97F4A7C15U;
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9U;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EBU;
    return state ^ (state >> 31);
}

/// The attempts of one call: whether there is another, after which wait, and what all of them may have done.
class attempts {
public:
    /// \param chance  Seed of this call's jitter.
    /// \param shared  Budget beside the context's own; not owned; may be null.
    attempts(const context& c, const retry_options& options, std::uint64_t chance, retry_budget* shared = nullptr)
        : context_(&c), options_(&options), shared_(shared), chance_(chance) {
        if (shared_ != nullptr) shared_->deposit();
        if (c.budget != nullptr) c.budget->deposit();
    }

    /// Decides after a failure, and adds to `e.done` what the attempts before may have done.
    ///
    /// \return the wait before the next attempt; nullopt: `e` is the answer.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> next_wait(error& e) {
        if (done_ != effect::applied && e.done != effect::none) done_ = e.done;
        e.done = done_;
        if (!e.is_transient() || made_ >= options_->max_attempts) return std::nullopt;
        if (shared_ != nullptr && !shared_->withdraw()) return std::nullopt;
        if (context_->budget != nullptr && !context_->budget->withdraw()) return std::nullopt;
        return wait_before(++made_, e);
    }

    /// `next_wait` and the wait itself. \return false: `e` is the answer.
    [[nodiscard]] bool again(error& e) {
        const auto wait = next_wait(e);
        if (!wait) return false;
        if (auto waited = context_->pause(*wait); !waited) {
            interrupt(e, std::move(waited).error());
            return false;
        }
        return true;
    }

    /// Turns the failure `e` of the last attempt into the reason why there is no other. The evidence in it stays.
    static void interrupt(error& e, error reason) {
        e.message = std::move(reason.message) + "; the last attempt: " + std::string(to_string(e.code));
        e.code = reason.code;
        e.again = retry_hint::never;
        e.retry_after.reset();
    }

    /// Whether an attempt that failed may have changed the store.
    [[nodiscard]] bool lost() const noexcept { return done_ != effect::none; }

private:
    /// \param next  2 for the first repetition.
    [[nodiscard]] std::chrono::nanoseconds wait_before(int next, const error& e) const {
        const std::chrono::milliseconds longest = (std::max)(options_->longest_wait, std::chrono::milliseconds(0));
        std::chrono::milliseconds wait = (std::min)(options_->first_wait, longest);
        for (int i = 2; i < next && wait < longest; ++i) wait = (std::min)(2 * wait, longest);
        const std::uint64_t drawn = mixed(chance_ + static_cast<std::uint64_t>(next)) >> 11;
        const double taken = (std::min)((std::max)(options_->jitter, 0.0), 1.0) * static_cast<double>(drawn) * 0x1p-53;
        const std::chrono::duration<double, std::nano> kept = std::chrono::nanoseconds(wait) * (1.0 - taken);
        const auto backed_off = std::chrono::duration_cast<std::chrono::nanoseconds>(kept);
        const auto wished = (std::min)(e.retry_after.value_or(std::chrono::milliseconds(0)), longest);
        return (std::max)(backed_off, std::chrono::nanoseconds(wished));
    }

    const context* context_;
    const retry_options* options_;
    retry_budget* shared_;
    std::uint64_t chance_;
    int made_ = 1;
    effect done_ = effect::none;
};

/// Calls until there is an answer that stands.
template <class Call>
auto repeated(attempts& tries, Call& call) -> std::invoke_result_t<Call&> {
    for (;;) {
        auto outcome = call();
        if (outcome || !tries.again(outcome.error())) return outcome;
    }
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
