// SPDX-License-Identifier: MIT
//
// What the text of a name template says: its grammar, and the rules that make its names unique and readable.
//
// Row: naming (core).   Tests: tests/naming/template_names.test.cpp

#ifndef BLOBSHIFT_NAMING_NAME_TEMPLATE_HPP
#define BLOBSHIFT_NAMING_NAME_TEMPLATE_HPP

#include <algorithm>     // all_of, any_of, min, none_of
#include <array>         // array
#include <charconv>      // from_chars
#include <cstddef>       // size_t
#include <string>        // string
#include <string_view>   // string_view
#include <system_error>  // errc
#include <utility>       // move
#include <vector>        // vector

#include <blobshift/core/result.hpp>
#include <blobshift/naming/name_parts.hpp>
#include <blobshift/naming/naming_policy.hpp>

namespace blobshift::inline v1::detail {

enum class id_field : unsigned char { study, series, sop, watermark };

/// As a template spells it.
[[nodiscard]] constexpr std::string_view to_string(id_field field) noexcept {
    switch (field) {
        case id_field::study: return "study";
        case id_field::series: return "series";
        case id_field::sop: return "sop";
        case id_field::watermark: return "watermark";
    }
    return "unknown";
}

/// The UID of that level. The watermark is none: it must not be asked for.
[[nodiscard]] constexpr std::string instance_id::*uid_member(id_field field) noexcept {
    return field == id_field::study    ? &instance_id::study
           : field == id_field::series ? &instance_id::series
                                       : &instance_id::sop;
}

/// One piece of a template: a field in braces, or the text between two of them.
struct name_element {
    enum class type : unsigned char { literal, uid, number, kind };

    type what = type::literal;
    id_field field = id_field::watermark;  ///< Of a uid or a number.
    bool hashed = false;                   ///< The number is XXH64 of the field's text, not the watermark.
    bool padded = false;                   ///< With leading zeros to the full width, so that its length is fixed.
    int base = 10;
    std::size_t from = 0, to = 0;  ///< The slice of the number's digits.
    std::string text = {};         ///< Of a literal.
    std::size_t offset = 0;        ///< In the template, for messages.

    /// Digits of the largest number.
    [[nodiscard]] std::size_t width() const noexcept { return base == 16 ? 16 : hashed ? 20 : 19; }
    [[nodiscard]] bool is_whole_watermark() const noexcept {
        return what == type::number && !hashed && from == 0 && to == width();
    }
    [[nodiscard]] bool is_uid(id_field which) const noexcept { return what == type::uid && field == which; }
    /// Whether `c` can be one of its characters, for one whose length is not fixed.
    [[nodiscard]] bool spans(char c) const noexcept {
        return is_digit(c) || (what == type::uid && c == '.') || (base == 16 && c >= 'a' && c <= 'f');
    }
    [[nodiscard]] bool is_open_ended() const noexcept { return what == type::uid || (what == type::number && !padded); }
};

/// A template as data.
struct name_template {
    std::vector<name_element> elements = {};
    std::array<std::string, all_blob_kinds.size()> endings = {};  ///< By kind; empty: no name for that kind.

    [[nodiscard]] bool holds(id_field field) const noexcept {
        return std::any_of(elements.begin(), elements.end(), [&](const name_element& e) {
            return field == id_field::watermark ? e.is_whole_watermark() : e.is_uid(field);
        });
    }
};

/// Reads the text of a template (the grammar stands at `template_names`).
class template_reader {
public:
    explicit template_reader(std::string_view text) : text_(text) {}

    [[nodiscard]] result<name_template> read() {
        while (at_ < text_.size()) {
            if (auto taken = text_[at_] == '{' ? read_field() : read_literal(); !taken) {
                return unexpected(std::move(taken).error());
            }
        }
        if (auto fine = require_uniqueness(); !fine) return unexpected(std::move(fine).error());
        return std::move(made_);
    }

    /// An error that says where in the template.
    [[nodiscard]] unexpected refuse(std::size_t offset, std::string message) const {
        return fail(errc::invalid_argument,
                    std::move(message) + " (byte " + std::to_string(offset) + " of the template)", text_);
    }

private:
    using type = name_element::type;

    [[nodiscard]] bool take(std::string_view word) noexcept {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }

    /// Takes everything before the first of `stops`, or to the end.
    [[nodiscard]] std::string_view take_until(std::string_view stops) noexcept {
        const std::string_view found = text_.substr(at_, text_.find_first_of(stops, at_) - at_);
        at_ += found.size();
        return found;
    }

    [[nodiscard]] result<void> read_literal() {
        name_element e{.offset = at_};
        e.text = take_until("{}");
        if (at_ < text_.size() && text_[at_] == '}') return refuse(at_, "a '}' without its '{'");
        made_.elements.push_back(std::move(e));
        return {};
    }

    [[nodiscard]] result<void> read_field() {
        name_element e{.offset = at_++};
        const std::size_t start = at_;
        const std::string_view word = take_until("{}:[(");
        if (word == "kind") {
            e.what = type::kind;
            if (auto fine = read_kinds(e); !fine) return fine;
        } else if (word == "xxh64") {
            e.what = type::number;
            e.hashed = true;
            if (!take("(") || !read_field_name(take_until("){}"), e) || !take(")") || !take(":")) {
                return refuse(start, "a hash is written like xxh64(watermark):dec");
            }
            if (auto fine = read_digits(e); !fine) return fine;
        } else if (!read_field_name(word, e)) {
            return refuse(start, "a field is study, series, sop, watermark, kind or xxh64(...)");
        } else if (e.field == id_field::watermark) {
            e.what = type::number;
            if (take(":") || (at_ < text_.size() && text_[at_] == '[')) {
                if (auto fine = read_digits(e); !fine) return fine;
            } else {
                e.to = e.width();
            }
        } else {
            e.what = type::uid;
        }
        if (!take("}")) return refuse(at_, "a '}' is missing here");
        made_.elements.push_back(std::move(e));
        return {};
    }

    [[nodiscard]] static bool read_field_name(std::string_view word, name_element& e) noexcept {
        for (const id_field field : {id_field::study, id_field::series, id_field::sop, id_field::watermark}) {
            if (word != to_string(field)) continue;
            e.field = field;
            return true;
        }
        return false;
    }

    /// `dec`, `dec0`, `hex` or `hex0`, and a slice.
    [[nodiscard]] result<void> read_digits(name_element& e) {
        const std::size_t start = at_;
        const std::string_view form = take_until("[{}");
        if (form != "dec" && form != "dec0" && form != "hex" && form != "hex0") {
            return refuse(start, "digits are dec or hex, or with leading zeros dec0 or hex0");
        }
        e.base = form.starts_with("hex") ? 16 : 10;
        e.padded = form.ends_with('0');
        e.to = e.width();
        if (!take("[")) return {};
        const std::size_t slice = at_;
        if (!read_index(e.from) || !take(":") || !read_index(e.to) || !take("]") || e.from >= e.to ||
            e.to > e.width()) {
            return refuse(slice, "a slice is [from:to] with from < to <= " + std::to_string(e.width()));
        }
        if (e.from > 0 && !e.padded) return refuse(slice, "a slice that does not begin at 0 needs dec0 or hex0");
        return {};
    }

    [[nodiscard]] bool read_index(std::size_t& index) noexcept {
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), index);
        at_ = static_cast<std::size_t>(end - text_.data());
        return error == std::errc{};
    }

    /// Nothing for all kinds as in the reference system, or `:kind,kind=ending,...`.
    [[nodiscard]] result<void> read_kinds(const name_element& e) {
        for (const name_element& before : made_.elements) {
            if (before.what == type::kind) return refuse(e.offset, "{kind} stands once");
        }
        if (!take(":")) {
            for (const blob_kind kind : all_blob_kinds) ending(kind) = ending_of(kind);
            return {};
        }
        do {
            const std::size_t start = at_;
            const std::string_view word = take_until("=,{}");
            bool known = false;
            for (const blob_kind kind : all_blob_kinds) {
                if (word != to_string(kind)) continue;
                known = true;
                if (!ending(kind).empty()) return refuse(start, "this kind has an ending already");
                ending(kind) = take("=") ? take_until(",{}") : ending_of(kind);
                if (ending(kind).empty()) return refuse(start, "the ending of a kind is not empty");
            }
            if (!known) return refuse(start, "a kind is instance, metadata, frame_ranges or work_item");
        } while (take(","));
        for (const std::string& a : made_.endings) {
            for (const std::string& b : made_.endings) {
                if (&a != &b && !a.empty() && b.starts_with(a)) {
                    return refuse(e.offset, "the ending of one kind is the beginning of another's");
                }
            }
        }
        return {};
    }

    [[nodiscard]] std::string& ending(blob_kind kind) noexcept { return made_.endings[static_cast<std::size_t>(kind)]; }

    /// Two ids never share a name, and a name is read in one way only: each of these rules is needed for it.
    [[nodiscard]] result<void> require_uniqueness() const {
        const auto& all = made_.elements;
        if (!made_.holds(id_field::watermark)) {
            return refuse(text_.size(), "names would not be unique: {watermark} is missing");
        }
        if (std::none_of(all.begin(), all.end(), [](const name_element& e) { return e.what == type::kind; })) {
            return refuse(text_.size(), "names would not be unique: {kind} is missing");
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].hashed && all[i].field != id_field::watermark && !made_.holds(all[i].field)) {
                return refuse(all[i].offset, "the hash of a UID can be checked only where the name holds the UID, too");
            }
            if (all[i].is_open_ended() && i + 1 < all.size() && !ends_before(all[i], all[i + 1])) {
                return refuse(all[i + 1].offset, "it cannot be told where the field before this ends");
            }
        }
        return {};
    }

    /// Whether the end of `e`, whose length varies, shows in what follows. A UID ends in a digit, so dots behind it are
    /// not its own unless a digit follows them.
    [[nodiscard]] bool ends_before(const name_element& e, const name_element& next) const noexcept {
        const auto shows = [&](std::string_view follows) {
            if (e.what == type::uid) follows.remove_prefix((std::min)(follows.find_first_not_of('.'), follows.size()));
            return !follows.empty() && !e.spans(follows.front());
        };
        if (next.what == type::literal) return shows(next.text);
        if (next.what != type::kind) return false;
        return std::all_of(made_.endings.begin(), made_.endings.end(),
                           [&](const std::string& text) { return text.empty() || shows(text); });
    }

    std::string_view text_;
    std::size_t at_ = 0;
    name_template made_;
};

}  // namespace blobshift::inline v1::detail

#endif
