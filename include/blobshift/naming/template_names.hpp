// SPDX-License-Identifier: MIT
//
// A naming policy described by a text, for schemes that are a setting and not a class.
//
// Row: naming (core).   Tests: tests/naming/template_names.test.cpp

#ifndef BLOBSHIFT_NAMING_TEMPLATE_NAMES_HPP
#define BLOBSHIFT_NAMING_TEMPLATE_NAMES_HPP

#include <algorithm>     // min
#include <charconv>      // from_chars
#include <cstddef>       // size_t
#include <cstdint>       // int64_t
#include <limits>        // numeric_limits
#include <string>        // string
#include <string_view>   // string_view
#include <system_error>  // errc
#include <utility>       // move

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/xxh64.hpp>
#include <blobshift/naming/name_parts.hpp>
#include <blobshift/naming/name_template.hpp>
#include <blobshift/naming/naming_policy.hpp>

namespace blobshift::inline v1 {

struct template_options {
    bool must_invert = false;  ///< Refuse a template whose names do not hold all three UIDs.
};

/// A `NamingPolicy` made from a template: text with fields in braces.
///
/// | field                        | stands for                                                                        |
/// |------------------------------|-----------------------------------------------------------------------------------|
/// | `{study}` `{series}` `{sop}` | the UID, to the letter                                                            |
/// | `{watermark}`                | the watermark in decimal digits                                                   |
/// | `{watermark:D}`              | the same in other digits D: `dec`, `dec0`, `hex`, `hex0`; 0: with leading zeros   |
/// | `{xxh64(F):D}`               | XXH64 (seed 0) of the text of F: a UID, or the watermark in decimal               |
/// | `{...:D[A:B]}`               | digits A to B - 1 only; A is 0 unless there are leading zeros                     |
/// | `{kind}`                     | `.dcm`, `_metadata.json`, `_frames_range.json`, `_workitem.json`                  |
/// | `{kind:K,K=E,...}`           | only kinds K (instance, metadata, frame_ranges, work_item), with endings E        |
///
/// So `{study}/{series}/{sop}_{watermark}{kind:instance,metadata}` is `uid_names`, and
/// `{xxh64(watermark):dec[0:3]}_{watermark}{kind}` is `prefix_names`, without the dialects of either. A prefix that
/// spreads evenly over 256 values is `{xxh64(watermark):hex0[0:2]}`.
///
/// Invariants, true of every object of this type; a template that breaks one is refused with the reason and its place:
///   - unique and immutable: the whole `{watermark}` and `{kind}` are in it;
///   - readable in one way: a field of varying length is followed by text that shows its end, no ending is the
///     beginning of another, and a hash of a UID stands only beside the UID, without which nobody could check it;
///   - its names are blob names, and none is reserved.
///
/// \par Thread-safety  All members, from any thread.
class template_names {
public:
    /// Reads and checks a template.
    ///
    /// \return errc::invalid_argument: the first broken rule, and the byte of the template where it broke; no byte if
    ///         the names that it makes would break a rule of blob names.
    /// \par Complexity  Linear in `text.size()`.
    [[nodiscard]] static result<template_names> parse(std::string_view text, template_options options = {}) {
        detail::template_reader reader(text);
        auto read = reader.read();
        if (!read) return unexpected(std::move(read).error());
        template_names made(*std::move(read));
        if (options.must_invert && !made.traits().invertible) {
            return reader.refuse(text.size(), "an id could not be read back: {study}, {series} or {sop} is missing");
        }
        const std::string long_uid(detail::longest_uid, '9');
        const instance_id shortest{"0", "0", "0", 1};
        const instance_id longest{long_uid, long_uid, long_uid, (std::numeric_limits<std::int64_t>::max)()};
        for (const instance_id* sample : {&shortest, &longest}) {
            for (const blob_kind kind : all_blob_kinds) {
                const auto name = made.name_of(*sample, kind);
                if (name && is_reserved(name->text())) return reader.refuse(0, "names would be reserved ones");
                if (name || name.error().code == errc::unsupported) continue;
                std::size_t offset = 0;  // in the sample's name, which the reader of the message does not see
                return fail(errc::invalid_argument, detail::broken_name_rule(name.error().subject, offset), text);
            }
        }
        return made;
    }

    [[nodiscard]] naming_traits traits() const noexcept {
        const bool study = template_.holds(detail::id_field::study);
        const bool series = template_.holds(detail::id_field::series);
        const bool sop = template_.holds(detail::id_field::sop);
        return {.unique = true,
                .immutable = true,
                .invertible = study && series && sop,
                .personal = study || series || sop};
    }

    /// \return errc::invalid_argument for a watermark, or a UID that the template asks for, that breaks its rule;
    ///         errc::unsupported for a kind that the template leaves out.
    /// \par Complexity  Linear in the length of the name.
    [[nodiscard]] result<blob_name> name_of(const instance_id& id, blob_kind kind) const {
        if (ending(kind).empty()) return fail(errc::unsupported, "the template leaves out that kind");
        if (auto fine = detail::validate_watermark(id.watermark); !fine) return unexpected(std::move(fine).error());
        std::string text;
        for (const element& e : template_.elements) {
            switch (e.what) {
                case element::type::literal: text += e.text; break;
                case element::type::kind: text += ending(kind); break;
                case element::type::number: append_number(text, e, id); break;
                case element::type::uid: {
                    const std::string& uid = id.*detail::uid_member(e.field);
                    if (auto fine = detail::validate_uid(to_string(e.field), uid); !fine) {
                        return unexpected(std::move(fine).error());
                    }
                    text += uid;
                    break;
                }
            }
        }
        return blob_name::parse(text);
    }

    /// \par Complexity  Linear in the length of the name: it is read, then made again and compared.
    [[nodiscard]] result<parsed_name> parse(const blob_name& n) const {
        parsed_name found;
        std::string_view rest = n.text();
        for (const element& e : template_.elements) {
            if (!take(rest, e, found)) return foreign();
        }
        const auto again = name_of(found.id, found.kind);  // shows what was skipped, and what is left
        if (!again || *again != n) return foreign();
        return found;
    }

private:
    using element = detail::name_element;

    explicit template_names(detail::name_template t) : template_(std::move(t)) {}

    [[nodiscard]] const std::string& ending(blob_kind kind) const noexcept {
        return template_.endings[static_cast<std::size_t>(kind)];
    }

    static void append_number(std::string& text, const element& e, const instance_id& id) {
        const detail::number_text watermark(id.watermark);
        const bool of_uid = e.field != detail::id_field::watermark;
        const std::string_view message = of_uid ? id.*detail::uid_member(e.field) : watermark.view();
        const detail::number_text digits(e.hashed ? xxh64_of(message) : static_cast<std::uint64_t>(id.watermark),
                                         e.base);
        std::string all(e.padded ? e.width() - digits.view().size() : 0, '0');
        all += digits.view();
        text.append(all, e.from, e.to - e.from);
    }

    /// Takes what `e` stands for from the front of `rest`. What can be recomputed is not looked at here.
    [[nodiscard]] bool take(std::string_view& rest, const element& e, parsed_name& found) const {
        std::size_t length = 0;
        switch (e.what) {
            case element::type::literal:
                if (!rest.starts_with(e.text)) return false;
                length = e.text.size();
                break;
            case element::type::kind:
                for (const blob_kind kind : all_blob_kinds) {
                    if (ending(kind).empty() || !rest.starts_with(ending(kind))) continue;
                    found.kind = kind;
                    length = ending(kind).size();
                }
                if (length == 0) return false;
                break;
            case element::type::number:
                length = e.padded ? (std::min)(e.to - e.from, rest.size()) : run(rest, e);
                if (e.is_whole_watermark()) {
                    const char* const end = rest.data() + length;
                    const auto read = std::from_chars(rest.data(), end, found.id.watermark, e.base);
                    if (read.ec != std::errc{} || read.ptr != end) return false;
                }
                break;
            case element::type::uid:
                length = run(rest, e);
                while (length > 0 && rest[length - 1] == '.') --length;
                found.id.*detail::uid_member(e.field) = rest.substr(0, length);
                break;
        }
        rest.remove_prefix(length);
        return true;
    }

    /// How many characters at the front of `text` can belong to `e`.
    [[nodiscard]] static std::size_t run(std::string_view text, const element& e) noexcept {
        std::size_t length = 0;
        while (length < text.size() && e.spans(text[length])) ++length;
        return length;
    }

    [[nodiscard]] static unexpected foreign() { return fail(errc::invalid_argument, "not a name of this template"); }

    detail::name_template template_;
};

static_assert(NamingPolicy<template_names>);

}  // namespace blobshift::inline v1

#endif
