// SPDX-License-Identifier: MIT
//
// XXH32: only to recognise the names that one release of the reference system wrote. Never for new names.
//
// Row: naming (standard library only).   Tests: tests/naming/xxh32.test.cpp (against libxxhash)

#ifndef BLOBSHIFT_NAMING_XXH32_HPP
#define BLOBSHIFT_NAMING_XXH32_HPP

#include <array>        // array
#include <bit>          // rotl
#include <cstddef>      // size_t
#include <cstdint>      // uint32_t
#include <string_view>  // string_view

namespace blobshift::inline v1::detail {

/// XXH32 of one text, with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
[[nodiscard]] constexpr std::uint32_t xxh32_of(std::string_view text) noexcept {
    constexpr std::uint32_t prime1 = 0x9E3779B1U;
    constexpr std::uint32_t prime2 = 0x85EBCA77U;
    constexpr std::uint32_t prime3 = 0xC2B2AE3DU;
    constexpr std::uint32_t prime4 = 0x27D4EB2FU;
    constexpr std::uint32_t prime5 = 0x165667B1U;
    const auto byte = [&](std::size_t at) { return std::uint32_t{static_cast<unsigned char>(text[at])}; };
    const auto word = [&](std::size_t at) {
        return byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    };

    std::size_t at = 0;
    std::uint32_t h = prime5;
    if (text.size() >= 16) {
        std::array<std::uint32_t, 4> lanes = {prime1 + prime2, prime2, 0, 0 - prime1};
        for (; text.size() - at >= 16; at += 16) {
            for (std::size_t i = 0; i < 4; ++i) lanes[i] = std::rotl(lanes[i] + word(at + 4 * i) * prime2, 13) * prime1;
        }
        h = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    }
    h += static_cast<std::uint32_t>(text.size());
    for (; text.size() - at >= 4; at += 4) h = std::rotl(h + word(at) * prime3, 17) * prime4;
    for (; at < text.size(); ++at) h = std::rotl(h + byte(at) * prime5, 11) * prime1;
    h = (h ^ (h >> 15)) * prime2;
    h = (h ^ (h >> 13)) * prime3;
    return h ^ (h >> 16);
}

}  // namespace blobshift::inline v1::detail

#endif
