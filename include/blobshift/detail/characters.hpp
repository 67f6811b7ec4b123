// SPDX-License-Identifier: MIT
//
// Small questions about text, in ASCII whatever the locale, so that no header of this row needs <algorithm>: that would
// cost every includer 10,000 lines.
//
// Row: detail (standard library only).   Tests: tests/detail/characters.test.cpp

#ifndef BLOBSHIFT_DETAIL_CHARACTERS_HPP
#define BLOBSHIFT_DETAIL_CHARACTERS_HPP

#include <cstddef>      // size_t
#include <string_view>  // string_view

namespace blobshift::inline v1::detail {

[[nodiscard]] constexpr bool is_decimal(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_lower_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || is_decimal(c); }
[[nodiscard]] constexpr bool is_letter_or_digit(char c) noexcept {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/// Printable, and no space.
[[nodiscard]] constexpr bool is_visible(char c) noexcept { return c > 0x20 && c < 0x7F; }

/// The value of one hexadecimal digit, or 16.
[[nodiscard]] constexpr unsigned hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10U;
    return 16;
}

/// Whether `rule` holds for each character; true of an empty text.
template <class Rule>
[[nodiscard]] constexpr bool every(std::string_view text, Rule rule) {
    for (const char c : text) {
        if (!rule(c)) return false;
    }
    return true;
}

/// A text before and behind a separator; all of it is before where there is none.
struct cut_text {
    std::string_view before = {};
    std::string_view behind = {};
    bool was_cut = false;
};

[[nodiscard]] constexpr cut_text cut(std::string_view text, std::string_view separator) noexcept {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return {text, {}, false};
    return {text.substr(0, at), text.substr(at + separator.size()), true};
}

}  // namespace blobshift::inline v1::detail

#endif
