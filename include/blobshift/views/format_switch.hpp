// SPDX-License-Identifier: MIT
//
// The format that a service runs, changed while calls are under way; and how many calls still run under which.
//
// Row: views (naming).   Tests: tests/views/format_switch.test.cpp

#ifndef BLOBSHIFT_VIEWS_FORMAT_SWITCH_HPP
#define BLOBSHIFT_VIEWS_FORMAT_SWITCH_HPP

#include <array>    // array
#include <atomic>   // atomic
#include <cstddef>  // size_t

#include <blobshift/naming/format.hpp>

namespace blobshift::inline v1 {

/// Holds a format and whether the migration is sealed. Each call takes both once, at its start, and keeps them to its
/// end.
///
/// \par Thread-safety  All members, from any thread; lock-free.
class format_switch {
public:
    explicit format_switch(format f, bool sealed = false) noexcept : mode_(pack(f, sealed)) {}

    /// A call under way. It is counted until it is destroyed.
    class call {
    public:
        call(const call&) = delete;
        call& operator=(const call&) = delete;
        ~call() { owner_.calls_[slot_of(which_, sealed_)].fetch_sub(1); }

        [[nodiscard]] format which() const noexcept { return which_; }
        /// Whether old names have ceased to be: sealed, and in format New.
        [[nodiscard]] bool sealed() const noexcept { return sealed_; }

    private:
        friend class format_switch;
        call(format_switch& owner, format which, bool sealed) noexcept
            : owner_(owner), which_(which), sealed_(sealed && which == format::new_names) {}

        format_switch& owner_;
        format which_;
        bool sealed_;
    };

    [[nodiscard]] call begin() noexcept {
        for (;;) {
            const unsigned mode = mode_.load();
            std::atomic<std::size_t>& counted = calls_[slot_of(mode)];
            counted.fetch_add(1);
            // If the mode changed before this call was counted, whoever counts may not have seen it: begin again.
            if (mode_.load() == mode) return call(*this, format_of(mode), (mode & sealed_bit) != 0);
            counted.fetch_sub(1);
        }
    }

    /// For calls that begin from now on.
    void set_format(format f) noexcept {
        unsigned mode = mode_.load();
        while (!mode_.compare_exchange_weak(mode, pack(f, (mode & sealed_bit) != 0))) {
        }
    }
    void set_sealed(bool sealed) noexcept {
        unsigned mode = mode_.load();
        while (!mode_.compare_exchange_weak(mode, pack(format_of(mode), sealed))) {
        }
    }

    [[nodiscard]] format current() const noexcept { return format_of(mode_.load()); }
    [[nodiscard]] bool sealed() const noexcept { return (mode_.load() & sealed_bit) != 0; }

    /// Calls under way that began in `f`. Once the format is another one, it only falls, and 0 is final.
    [[nodiscard]] std::size_t in_flight(format f) const noexcept {
        const std::size_t unsealed = calls_[slot_of(f, false)].load();
        return f == format::new_names ? unsealed + calls_[slot_of(f, true)].load() : unsealed;
    }
    /// Calls under way that began in another format than the one of now, or, in New, on the other side of the seal:
    /// those may still look for old names and write records. Until either changes again it only falls, and 0 is final.
    [[nodiscard]] std::size_t older_calls() const noexcept {
        const std::size_t now = slot_of(mode_.load());
        std::size_t older = 0;
        for (std::size_t slot = 0; slot < calls_.size(); ++slot) older += slot == now ? 0 : calls_[slot].load();
        return older;
    }
    /// What to run next on the way to `wanted`: Dual, while this is in the format on the other side of it, or a call
    /// that began there is under way. So no call is ever more than one step away from the format that runs.
    [[nodiscard]] format step_towards(format wanted) const noexcept {
        if (wanted == format::dual) return wanted;
        const format far_side = wanted == format::new_names ? format::old_names : format::new_names;
        return current() == far_side || in_flight(far_side) > 0 ? format::dual : wanted;
    }

private:
    static constexpr unsigned format_bits = 3;
    static constexpr unsigned sealed_bit = 4;

    /// Old, Dual, New, and New when sealed.
    [[nodiscard]] static std::size_t slot_of(format f, bool sealed) noexcept {
        return static_cast<std::size_t>(f) + (sealed && f == format::new_names ? 1 : 0);
    }
    [[nodiscard]] static std::size_t slot_of(unsigned mode) noexcept {
        return slot_of(format_of(mode), (mode & sealed_bit) != 0);
    }

    [[nodiscard]] static unsigned pack(format f, bool sealed) noexcept {
        return static_cast<unsigned>(f) | (sealed ? sealed_bit : 0U);
    }
    [[nodiscard]] static format format_of(unsigned mode) noexcept { return static_cast<format>(mode & format_bits); }

    std::atomic<unsigned> mode_;
    std::array<std::atomic<std::size_t>, 4> calls_ = {};
};

}  // namespace blobshift::inline v1

#endif
