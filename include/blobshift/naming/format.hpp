// SPDX-License-Identifier: MIT
//
// Which names a service uses while blobs move from one policy to another: Old, Dual or New, for any two policies.
//
// Row: naming (core).   Tests: tests/naming/format.test.cpp

#ifndef BLOBSHIFT_NAMING_FORMAT_HPP
#define BLOBSHIFT_NAMING_FORMAT_HPP

#include <cstddef>           // size_t
#include <initializer_list>  // initializer_list
#include <string_view>       // string_view
#include <type_traits>       // bool_constant
#include <utility>           // move
#include <vector>            // vector

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/naming/naming_policy.hpp>

namespace blobshift::inline v1 {

/// The setting `FormatType` of a service; the values are those of the settings file.
enum class format : unsigned char {
    old_names = 0,  ///< Before the migration.
    dual = 1,       ///< While blobs are copied: both names are written, the old one is read first.
    new_names = 2,  ///< After it: old names are only a fallback, until the migration is sealed.
};

/// The setting's spelling.
[[nodiscard]] constexpr std::string_view to_string(format f) noexcept {
    switch (f) {
        case format::old_names: return "Old";
        case format::dual: return "Dual";
        case format::new_names: return "New";
    }
    return "unknown";
}

/// Reads a setting: Old, Dual or New in any case, or its value 0, 1 or 2.
[[nodiscard]] inline result<format> parse_format(std::string_view text) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    const auto is = [&](std::string_view word) {
        if (text.size() != word.size()) return false;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (lower(text[i]) != lower(word[i])) return false;
        }
        return true;
    };
    for (const format f : {format::old_names, format::dual, format::new_names}) {
        const char value = static_cast<char>('0' + static_cast<int>(f));
        if (is(to_string(f)) || text == std::string_view(&value, 1)) return f;
    }
    return fail(errc::invalid_argument, "a format is Old, Dual or New", text);
}

/// Policies whose traits are known at compile time: `traits` is static and constexpr.
template <class P>
concept FixedTraits = NamingPolicy<P> && requires { typename std::bool_constant<P::traits().unique>; };

/// Not a policy that says at compile time that two blobs may share a name.
template <class P>
concept NamesAreUnique = (!FixedTraits<P>) || P::traits().unique;

/// Not a policy that says at compile time that a name may stand for changing content.
template <class P>
concept NamesAreImmutable = (!FixedTraits<P>) || P::traits().immutable;

/// A policy that `dual_names` takes, as far as the compiler can tell.
template <class P>
concept PairablePolicy = NamingPolicy<P> && NamesAreUnique<P> && NamesAreImmutable<P>;

/// Two policies while both live: the one place that says which names are written, read and removed, in which order.
///
/// | format | write         | read           | remove                    |
/// |--------|---------------|----------------|---------------------------|
/// | Old    | old           | old, else new  | old, then new             |
/// | Dual   | old, then new | old, else new  | old, then new             |
/// | New    | new           | new, else old* | old*, then new            |
///
/// *) not once the migration is sealed. What a policy has no name for is left out; a kind that only New has (frame
/// ranges) is written and read under New in every format. The old name is removed first: while it is there, a copier
/// may make the new one again. Where both policies give the same name, it stands once.
///
/// Both policies must be unique, or one blob would overwrite another, and immutable: two copies of a blob that changes
/// cannot change at once, so a reader could see the new content and a later reader the old one. Policies that say
/// otherwise are refused: at compile time if their traits are constant, else by `pair`.
template <PairablePolicy Old, PairablePolicy New>
class dual_names {
public:
    using names = std::vector<blob_name>;  ///< One or two.

    dual_names() requires FixedTraits<Old> && FixedTraits<New> = default;
    dual_names(Old older, New newer) requires FixedTraits<Old> && FixedTraits<New>
        : dual_names(checked{}, std::move(older), std::move(newer)) {}

    /// Pairs policies whose traits are known only when the program runs.
    ///
    /// \return errc::invalid_argument if one of them is not unique or not immutable.
    [[nodiscard]] static result<dual_names> pair(Old older, New newer) {
        for (const naming_traits& t : {older.traits(), newer.traits()}) {
            if (!t.unique) return fail(errc::invalid_argument, "a policy whose names are not unique cannot be paired");
            if (!t.immutable) {
                return fail(errc::invalid_argument, "a policy whose names stand for changing content cannot be paired");
            }
        }
        return dual_names(checked{}, std::move(older), std::move(newer));
    }

    [[nodiscard]] const Old& older() const noexcept { return old_; }
    [[nodiscard]] const New& newer() const noexcept { return new_; }

    /// The names under which a blob is stored, in order: all of them, or the put has failed.
    ///
    /// \return Here and below the policies' errors; errc::unsupported if none of the row's policies names that kind.
    [[nodiscard]] result<names> to_write(format f, const instance_id& id, blob_kind kind) const {
        switch (f) {
            case format::old_names: return list(order::old_only, id, kind);
            case format::dual: return list(order::old_then_new, id, kind);
            case format::new_names: break;
        }
        return list(order::new_only, id, kind);
    }

    /// The names under which a blob is looked for, in order. Only not_found leads to the next one.
    ///
    /// \param sealed  No old name is left, and none is looked for. Matters in New only.
    [[nodiscard]] result<names> to_read(format f, const instance_id& id, blob_kind kind, bool sealed = false) const {
        if (f != format::new_names) return list(order::old_then_new, id, kind);
        return list(sealed ? order::new_only : order::new_then_old, id, kind);
    }

    /// The names that a removal removes, in order: all of them, whether or not the one before was there.
    ///
    /// \param sealed  As for `to_read`.
    [[nodiscard]] result<names> to_remove(format f, const instance_id& id, blob_kind kind, bool sealed = false) const {
        return list(f == format::new_names && sealed ? order::new_only : order::old_then_new, id, kind);
    }

private:
    enum class order : unsigned char { old_only, new_only, old_then_new, new_then_old };
    struct checked {};

    dual_names(checked, Old older, New newer) : old_(std::move(older)), new_(std::move(newer)) {}

    [[nodiscard]] result<names> list(order wanted, const instance_id& id, blob_kind kind) const {
        names found;
        found.reserve(2);
        const bool old_first = wanted != order::new_then_old;
        for (const bool old_turn : {old_first, !old_first}) {
            const bool left_out = old_turn ? wanted == order::new_only : wanted == order::old_only && !found.empty();
            if (left_out) continue;
            auto name = old_turn ? old_.name_of(id, kind) : new_.name_of(id, kind);
            if (!name && name.error().code == errc::unsupported) continue;
            if (!name) return unexpected(std::move(name).error());
            if (found.empty() || found.front() != *name) found.push_back(*std::move(name));
        }
        if (found.empty()) return fail(errc::unsupported, "no policy of this format has a name for that kind");
        return found;
    }

    Old old_;
    New new_;
};

}  // namespace blobshift::inline v1

#endif
