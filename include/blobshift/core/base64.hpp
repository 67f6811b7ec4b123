// SPDX-License-Identifier: MIT
//
// Base64 (RFC 4648, section 4): how services write hashes, keys and block ids.
//
// Row: core (standard library only).   Tests: tests/core/base64.test.cpp (the vectors of RFC 4648)

#ifndef BLOBSHIFT_CORE_BASE64_HPP
#define BLOBSHIFT_CORE_BASE64_HPP

#include <array>        // array
#include <cstddef>      // byte, size_t
#include <cstdint>      // uint32_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/bytes.hpp>

namespace blobshift::inline v1 {

namespace detail {

inline constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of each digit; 64 for every other character.
inline constexpr auto base64_values = [] {
    std::array<unsigned char, 256> values{};
    values.fill(64);
    for (std::size_t i = 0; i < base64_digits.size(); ++i) {
        values[static_cast<unsigned char>(base64_digits[i])] = static_cast<unsigned char>(i);
    }
    return values;
}();

}  // namespace detail

/// Base64 text of `content`, padded.
[[nodiscard]] inline std::string to_base64(byte_view content) {
    std::string text((content.size() + 2) / 3 * 4, '=');
    char* at = text.data();
    for (std::size_t i = 0; i < content.size(); i += 3) {
        const std::size_t left = content.size() - i;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = (group << 8) | (k < left ? std::to_integer<std::uint32_t>(content[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k, ++at) {
            if (k <= left) *at = detail::base64_digits[(group >> (18 - 6 * k)) & 0x3FU];
        }
    }
    return text;
}

/// The bytes that `text` stands for, or nullopt where it is not what `to_base64` writes: no white space, padding
/// complete, unused bits zero. So a text that was cut or mistyped is seldom taken for another value.
[[nodiscard]] inline std::optional<bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
    bytes content(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const std::size_t digits = i + 4 == text.size() ? 4 - padding : 4;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const std::uint32_t value =
                k < digits ? detail::base64_values[static_cast<unsigned char>(text[i + k])] : 0U;
            if (value > 63) return std::nullopt;
            group = (group << 6) | value;
        }
        for (std::size_t k = 0; k < 3; ++k) {
            content[i / 4 * 3 + k] = static_cast<std::byte>((group >> (16 - 8 * k)) & 0xFFU);
            if (k + 1 >= digits && content[i / 4 * 3 + k] != std::byte{0}) return std::nullopt;
        }
    }
    for (std::size_t k = 0; k < padding; ++k) content.pop_back();
    return content;
}

}  // namespace blobshift::inline v1

#endif
