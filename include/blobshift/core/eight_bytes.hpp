// SPDX-License-Identifier: MIT
//
// Eight characters at a time: searches in text without a library's or a processor's help.
//
// Row: core (standard library only).   Tests: tests/core/eight_bytes.test.cpp

#ifndef BLOBSHIFT_CORE_EIGHT_BYTES_HPP
#define BLOBSHIFT_CORE_EIGHT_BYTES_HPP

#include <bit>          // countr_zero, endian
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <cstring>      // memcmp, memcpy
#include <string_view>  // string_view

namespace blobshift::inline v1::detail {

/// Eight characters in one number. Each answer has bits in the high bit of a byte only, and none where it is "no";
/// above the lowest byte that it is about, there may be more of them than true ones.
struct eight_bytes {
    static constexpr std::uint64_t ones = 0x0101010101010101U;
    static constexpr std::uint64_t highs = 0x8080808080808080U;

    [[nodiscard]] static std::uint64_t load(const char* p) noexcept {
        std::uint64_t w = 0;
        std::memcpy(&w, p, sizeof w);
        return w;
    }
    /// Whether one of them is `c`.
    [[nodiscard]] static constexpr std::uint64_t holds(std::uint64_t w, char c) noexcept {
        const std::uint64_t x = w ^ (ones * static_cast<unsigned char>(c));
        return (x - ones) & ~x & highs;
    }
    /// Whether one of them is a control character (below 0x20) or above ASCII.
    [[nodiscard]] static constexpr std::uint64_t unprintable(std::uint64_t w) noexcept {
        return (w | ((w - ones * 0x20U) & ~w)) & highs;
    }
};

/// Where `c` stands first in `text`, or its size.
[[nodiscard]] inline std::size_t find_byte(std::string_view text, char c) noexcept {
    std::size_t i = 0;
    for (; text.size() - i >= 8; i += 8) {
        const std::uint64_t found = eight_bytes::holds(eight_bytes::load(text.data() + i), c);
        if (found == 0) continue;
        if constexpr (std::endian::native == std::endian::little) {
            return i + static_cast<std::size_t>(std::countr_zero(found)) / 8;
        }
        break;
    }
    while (i < text.size() && text[i] != c) ++i;
    return i;
}

/// Whether `text` begins with `start`; for texts too short to be worth a call of memcmp.
[[nodiscard]] inline bool begins_with(std::string_view text, std::string_view start) noexcept {
    if (text.size() < start.size()) return false;
    const char* const a = text.data();
    const char* const b = start.data();
    if (start.size() < 8) return std::memcmp(a, b, start.size()) == 0;
    for (std::size_t i = 0; i + 8 < start.size(); i += 8) {
        if (eight_bytes::load(a + i) != eight_bytes::load(b + i)) return false;
    }
    const std::size_t last = start.size() - 8;
    return eight_bytes::load(a + last) == eight_bytes::load(b + last);
}

}  // namespace blobshift::inline v1::detail

#endif
