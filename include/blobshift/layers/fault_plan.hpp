// SPDX-License-Identifier: MIT
//
// What is to go wrong with a store, how likely, and what did.
//
// Row: layers (core, store).   Tests: tests/layers/fault.test.cpp

#ifndef BLOBSHIFT_LAYERS_FAULT_PLAN_HPP
#define BLOBSHIFT_LAYERS_FAULT_PLAN_HPP

#include <array>        // array
#include <atomic>       // atomic
#include <chrono>       // milliseconds, nanoseconds, seconds
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string_view>  // string_view

#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1 {

/// What can go wrong with a call.
enum class fault_kind : unsigned char {
    failure,        ///< Not done: unavailable, effect none.
    lost_request,   ///< Not done, and reported as unavailable; of a write, effect indeterminate.
    lost_answer,    ///< Done, and reported just so.
    throttled,      ///< Not done, and neither are the next few calls; the store names a wait.
    delay,          ///< Done later, on the context's clock.
    short_read,     ///< Fewer bytes than asked for, as if that were right.
    broken_read,    ///< An error when a part of the bytes, or of the names of a scan, had come.
    failed_copy,    ///< An error, and a target without a byte.
    pending_copy,   ///< Success, and a target without a byte until the store has copied.
    torn_copy,      ///< Success, and a target with other bytes of the same length. A store must not do it.
    short_page,     ///< A page of few entries. Allowed.
    empty_page,     ///< A page without entries that is not the last. Allowed.
    repeated_page,  ///< A page whose cursor leads to the same page. A store must not do it.
    cut_listing,    ///< A page or scan that says it is the last, and is not. A store must not do it.
    crash,          ///< The caller is dead to the store: this call and all behind it do nothing.
};

inline constexpr std::size_t fault_kind_count = static_cast<std::size_t>(fault_kind::crash) + 1;

/// The enumerator's own spelling.
[[nodiscard]] constexpr std::string_view to_string(fault_kind kind) noexcept {
    switch (kind) {
        case fault_kind::failure: return "failure";
        case fault_kind::lost_request: return "lost_request";
        case fault_kind::lost_answer: return "lost_answer";
        case fault_kind::throttled: return "throttled";
        case fault_kind::delay: return "delay";
        case fault_kind::short_read: return "short_read";
        case fault_kind::broken_read: return "broken_read";
        case fault_kind::failed_copy: return "failed_copy";
        case fault_kind::pending_copy: return "pending_copy";
        case fault_kind::torn_copy: return "torn_copy";
        case fault_kind::short_page: return "short_page";
        case fault_kind::empty_page: return "empty_page";
        case fault_kind::repeated_page: return "repeated_page";
        case fault_kind::cut_listing: return "cut_listing";
        case fault_kind::crash: return "crash";
    }
    return "unknown";
}

/// How likely each fault is, and how it looks. The default breaks nothing.
struct fault_plan {
    std::uint64_t seed = 0;
    std::array<double, fault_kind_count> chances = {};  ///< 0 to 1 for each call that can have it; `crash`: not used.
    bool failures_pass = true;         ///< `failure` says that repeating may help. false: io_error, never.
    unsigned longest_burst = 5;        ///< Most calls that one `throttled` refuses. At least 1.
    std::chrono::milliseconds throttle_wish{200};      ///< `error::retry_after` of `throttled`.
    std::chrono::nanoseconds longest_delay = std::chrono::seconds(5);
    unsigned longest_copy = 20;        ///< Most calls until a pending copy is finished. At least 1.
    bool copies_tell = true;  ///< A failed or pending copy shows in `blob_info::copy`; false: it is just empty.
    std::uint64_t crash_at_call = 0;   ///< Counted from 1; 0 = never.
    bool crash_after_effect = false;   ///< The call that crashes is done first.

    /// Sets one chance. \return itself, to be chained.
    fault_plan& with(fault_kind kind, double chance) noexcept {
        chances[static_cast<std::size_t>(kind)] = chance;
        return *this;
    }
};

template <BlobStore S>
class fault;

/// What fired. Shared, so that it can be looked at when the store has gone into another layer. Layers that are given
/// one log, such as those of the two stores of a program, count their calls together and crash together.
class fault_log {
public:
    [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }
    [[nodiscard]] std::uint64_t fired(fault_kind kind) const noexcept { return fired_[static_cast<std::size_t>(kind)]; }
    /// Whether the caller is dead to the store.
    [[nodiscard]] bool crashed() const noexcept { return fired(fault_kind::crash) > 0; }

private:
    template <BlobStore>
    friend class fault;

    std::uint64_t count_call() noexcept { return ++calls_; }
    void note(fault_kind kind) noexcept { ++fired_[static_cast<std::size_t>(kind)]; }

    std::atomic<std::uint64_t> calls_ = 0;
    std::array<std::atomic<std::uint64_t>, fault_kind_count> fired_ = {};
};

}  // namespace blobshift::inline v1

#endif
