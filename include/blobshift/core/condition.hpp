// SPDX-License-Identifier: MIT
//
// When a write, a removal or a read may happen at all.
//
// Row: core (standard library only).   Tests: tests/core/condition.test.cpp

#ifndef BLOBSHIFT_CORE_CONDITION_HPP
#define BLOBSHIFT_CORE_CONDITION_HPP

#include <utility>  // move

#include <blobshift/core/etag.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1 {

/// What must be true of the blob for the call to take effect, checked by the store in one step with the effect.
class condition {
public:
    enum class kind : unsigned char { always, if_absent, if_match };

    condition() = default;  ///< always

    /// No demand: create or replace.
    [[nodiscard]] static condition always() { return {}; }
    /// Only if no blob has the name; else errc::already_exists.
    [[nodiscard]] static condition if_absent() { return condition(kind::if_absent, {}); }
    /// Only if the blob's tag is `tag` (strong comparison); else, or if there is no blob, errc::condition_failed.
    [[nodiscard]] static condition if_match(etag tag) { return condition(kind::if_match, std::move(tag)); }

    [[nodiscard]] kind which() const noexcept { return kind_; }
    [[nodiscard]] const etag& tag() const noexcept { return tag_; }
    [[nodiscard]] bool is_always() const noexcept { return kind_ == kind::always; }
    [[nodiscard]] bool is_if_absent() const noexcept { return kind_ == kind::if_absent; }
    [[nodiscard]] bool is_if_match() const noexcept { return kind_ == kind::if_match; }

    friend bool operator==(const condition&, const condition&) = default;

private:
    condition(kind which, etag tag) : kind_(which), tag_(std::move(tag)) {}

    kind kind_ = kind::always;
    etag tag_;
};

namespace detail {

/// Holds `wanted` against what is there (`present` is null when there is no blob).
[[nodiscard]] inline result<void> test_condition(const condition& wanted, const etag* present) {
    switch (wanted.which()) {
        case condition::kind::always: return {};
        case condition::kind::if_absent:
            if (present == nullptr) return {};
            return fail(errc::already_exists, "a blob with this name exists");
        case condition::kind::if_match:
            if (present != nullptr && strongly_equal(wanted.tag(), *present)) return {};
            return fail(errc::condition_failed,
                        present == nullptr ? "the blob to be matched does not exist" : "the blob has another version");
    }
    return fail(errc::invalid_argument, "unknown condition");
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
