// SPDX-License-Identifier: MIT
//
// A blob name that has been checked once and never needs checking again.
//
// Row: core (standard library only).   Tests: tests/core/blob_name.test.cpp

#ifndef BLOBSHIFT_CORE_BLOB_NAME_HPP
#define BLOBSHIFT_CORE_BLOB_NAME_HPP

#include <compare>      // operator<=>
#include <cstddef>      // size_t
#include <cstdint>      // uint32_t, uint64_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/eight_bytes.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1 {

/// Where blobshift keeps its own records inside a store. Blobs below it are listed only when a query's prefix
/// begins with it, so that nobody takes them for content.
inline constexpr std::string_view reserved_prefix = ".blobshift/";

/// The name of one blob.
///
/// Invariants, true of every object of this type (the rule stands in `parse`'s errors in these words):
///   - well-formed UTF-8, 1 to 1024 UTF-16 code units long;
///   - '/' separates at most 254 segments; no segment is empty, "." or "..";
///   - no segment ends in a dot;
///   - no backslash, no control character (below 0x20, 0x7F, 0x80 to 0x9F), neither U+FFFE nor U+FFFF.
///
/// This is the set that means one blob on Azure, which silently folds other names onto these, and one file on disk.
/// Names compare by their UTF-8 bytes; nothing is normalised, so names that look alike may differ.
class blob_name {
public:
    /// Checks `text` and wraps it.
    ///
    /// \return the name, or errc::invalid_argument: the first broken rule and the byte offset where it broke.
    ///         The text itself is in `error::subject` only.
    /// \par Complexity  Linear in `text.size()`; one allocation.
    [[nodiscard]] static result<blob_name> parse(std::string_view text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    friend bool operator==(const blob_name&, const blob_name&) = default;
    friend std::strong_ordering operator<=>(const blob_name& a, const blob_name& b) noexcept {
        return a.text_.compare(b.text_) <=> 0;
    }

private:
    explicit blob_name(std::string_view text) : text_(text) {}

    std::string text_;
};

/// Whether `name` belongs to blobshift's own records.
[[nodiscard]] inline bool is_reserved(std::string_view name) noexcept { return name.starts_with(reserved_prefix); }

namespace detail {

/// One code point of UTF-8, or how many bytes are wrong (length 0: not UTF-8).
struct code_point {
    std::uint32_t value = 0;
    std::size_t length = 0;
};

/// Decodes strictly (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] constexpr code_point decode_utf8(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto more = [&](std::size_t i) { return i < text.size() && (at(i) & 0xC0U) == 0x80U; };
    const unsigned char first = at(0);
    if (first < 0x80) return {first, 1};
    if (first >= 0xC2 && first <= 0xDF && more(1)) return {((first & 0x1FU) << 6) | (at(1) & 0x3FU), 2};
    if ((first & 0xF0U) == 0xE0 && more(1) && more(2)) {
        const std::uint32_t value = ((first & 0x0FU) << 12) | ((at(1) & 0x3FU) << 6) | (at(2) & 0x3FU);
        if (value >= 0x800 && (value < 0xD800 || value > 0xDFFF)) return {value, 3};
    }
    if (first >= 0xF0 && first <= 0xF4 && more(1) && more(2) && more(3)) {
        const std::uint32_t value =
            ((first & 0x07U) << 18) | ((at(1) & 0x3FU) << 12) | ((at(2) & 0x3FU) << 6) | (at(3) & 0x3FU);
        if (value >= 0x10000 && value <= 0x10FFFF) return {value, 4};
    }
    return {};
}

/// How many characters `text` begins with that no rule is about: most of those in most names.
[[nodiscard]] inline std::size_t plain_in_name(std::string_view text) noexcept {
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7F && c != '/' && c != '\\'; };
    std::size_t i = 0;
    for (; text.size() - i >= 8; i += 8) {
        const std::uint64_t w = eight_bytes::load(text.data() + i);
        const std::uint64_t is_0x7f = (w + eight_bytes::ones) & eight_bytes::highs;  // or above
        if ((eight_bytes::unprintable(w) | is_0x7f | eight_bytes::holds(w, '/') | eight_bytes::holds(w, '\\')) != 0)
            break;
    }
    while (i < text.size() && plain(text[i])) ++i;
    return i;
}

/// The first rule that `text` breaks, or null; `offset` says where.
[[nodiscard]] inline const char* broken_name_rule(std::string_view text, std::size_t& offset) noexcept {
    offset = 0;
    if (text.empty()) return "a blob name is not empty";
    std::size_t units = 0;
    std::size_t segments = 1;
    std::size_t segment_start = 0;
    const auto broken_segment = [&](std::size_t end) -> const char* {
        const std::string_view segment = text.substr(segment_start, end - segment_start);
        offset = segment_start;
        if (segment.empty()) return "no segment of a blob name is empty";
        if (segment == "." || segment == "..") return "no segment of a blob name is '.' or '..'";
        offset = end - 1;
        if (segment.back() == '.') return "no segment of a blob name ends in a dot";
        return nullptr;
    };
    for (std::size_t i = 0; i < text.size();) {
        if (const std::size_t plain = plain_in_name(text.substr(i, 1024 - units)); plain > 0) {
            units += plain;
            i += plain;
            continue;
        }
        const code_point c = decode_utf8(text.substr(i));
        offset = i;
        if (c.length == 0) return "a blob name is well-formed UTF-8";
        if (c.value < 0x20 || (c.value >= 0x7F && c.value <= 0x9F)) return "a blob name has no control character";
        if (c.value == '\\') return "a blob name has no backslash";
        if (c.value == 0xFFFE || c.value == 0xFFFF) return "a blob name has neither U+FFFE nor U+FFFF";
        units += c.value >= 0x10000 ? 2U : 1U;
        if (units > 1024) return "a blob name has at most 1024 UTF-16 code units";
        if (c.value == '/') {
            if (const char* rule = broken_segment(i)) return rule;
            offset = i;
            if (++segments > 254) return "a blob name has at most 254 segments";
            segment_start = i + 1;
        }
        i += c.length;
    }
    return broken_segment(text.size());
}

}  // namespace detail

inline result<blob_name> blob_name::parse(std::string_view text) {
    std::size_t offset = 0;
    if (const char* rule = detail::broken_name_rule(text, offset)) {
        return fail(errc::invalid_argument, std::string(rule) + " (byte " + std::to_string(offset) + ")", text);
    }
    return blob_name(text);
}

}  // namespace blobshift::inline v1

template <>
struct std::hash<blobshift::blob_name> {
    std::size_t operator()(const blobshift::blob_name& name) const noexcept {
        return std::hash<std::string>{}(name.text());
    }
};

#endif
