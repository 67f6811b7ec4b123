// SPDX-License-Identifier: MIT
//
// Percent-encoding of URLs: one spelling on the way out, so that what is signed is what is sent.
//
// Row: detail (standard library only).   Tests: tests/detail/percent.test.cpp

#ifndef BLOBSHIFT_DETAIL_PERCENT_HPP
#define BLOBSHIFT_DETAIL_PERCENT_HPP

#include <array>        // array
#include <cstddef>      // size_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/detail/characters.hpp>

namespace blobshift::inline v1::detail {

/// By character, whether it is one of those of RFC 3986 that never need encoding.
inline constexpr auto unreserved_chars = [] {
    std::array<bool, 256> is{};
    for (std::size_t i = 0; i < 128; ++i) is[i] = is_letter_or_digit(static_cast<char>(i));
    for (const char c : std::string_view("-._~")) is[static_cast<unsigned char>(c)] = true;
    return is;
}();

[[nodiscard]] constexpr bool is_unreserved(char c) noexcept { return unreserved_chars[static_cast<unsigned char>(c)]; }

/// Appends `text` with every byte that is neither unreserved nor in `kept` as upper-case %XX.
inline void append_encoded(std::string& out, std::string_view text, std::string_view kept = {}) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    out.reserve(out.size() + text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t first = i;
        while (i < text.size() && (is_unreserved(text[i]) || kept.find(text[i]) != std::string_view::npos)) ++i;
        out += text.substr(first, i - first);
        if (i == text.size()) break;
        const auto byte = static_cast<unsigned char>(text[i]);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 0x0FU];
    }
}

/// For a value in a query, or one segment of a path.
[[nodiscard]] inline std::string encode_component(std::string_view text) {
    std::string out;
    append_encoded(out, text);
    return out;
}

/// For a path: keeps the slashes.
[[nodiscard]] inline std::string encode_path(std::string_view text) {
    std::string out;
    append_encoded(out, text, "/");
    return out;
}

/// Decodes every %XX; nullopt when a '%' is not followed by two hexadecimal digits.
[[nodiscard]] inline std::optional<std::string> decode_percent(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size() || hex_value(text[i + 1]) > 15 || hex_value(text[i + 2]) > 15) return std::nullopt;
        out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
        i += 2;
    }
    return out;
}

/// A name or value of a query as the service reads it: '+' is a space. Text that is not well encoded stays as it is.
[[nodiscard]] inline std::string decode_query(std::string_view text) {
    std::string spaced(text);
    for (char& c : spaced) {
        if (c == '+') c = ' ';
    }
    return decode_percent(spaced).value_or(spaced);
}

}  // namespace blobshift::inline v1::detail

#endif
