// SPDX-License-Identifier: MIT
//
// XXH64: the fast 64-bit digest behind new names, transfers and comparisons. Not cryptographic.
//
// Row: core (standard library only).   Tests: tests/core/xxh64.test.cpp (against libxxhash)

#ifndef BLOBSHIFT_CORE_XXH64_HPP
#define BLOBSHIFT_CORE_XXH64_HPP

#include <algorithm>    // copy_n
#include <array>        // array
#include <bit>          // rotl
#include <cstddef>      // byte, size_t
#include <cstdint>      // uint64_t
#include <string_view>  // string_view

#include <blobshift/core/bytes.hpp>

namespace blobshift::inline v1 {

/// Streaming XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). Usable in constant expressions.
///
/// \par Complexity  Linear; no allocation. About 8 bytes per cycle at run time.
class xxh64 {
    // Stands before its uses: clang 14 could not run them in constant expressions otherwise.
    static constexpr std::size_t stripe = 32;
    static constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87U;
    static constexpr std::uint64_t prime2 = 0xC2B2AE3D27D4EB4FU;
    static constexpr std::uint64_t prime3 = 0x165667B19E3779F9U;
    static constexpr std::uint64_t prime4 = 0x85EBCA77C2B2AE63U;
    static constexpr std::uint64_t prime5 = 0x27D4EB2F165667C5U;

    /// Little-endian, whatever the machine is.
    template <class Byte>
    static constexpr std::uint64_t read(const Byte* p, std::size_t count) noexcept {
        std::uint64_t v = 0;
        for (std::size_t i = 0; i < count; ++i) v |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
        return v;
    }
    static constexpr std::uint64_t round(std::uint64_t lane, std::uint64_t word) noexcept {
        return std::rotl(lane + word * prime2, 31) * prime1;
    }
    static constexpr std::uint64_t merged(std::uint64_t h, std::uint64_t lane) noexcept {
        return (h ^ round(0, lane)) * prime1 + prime4;
    }

    template <class Byte>
    constexpr void consume(const Byte* p) noexcept {
        for (std::size_t i = 0; i < 4; ++i) lanes_[i] = round(lanes_[i], read(p + 8 * i, 8));
    }

    template <class Byte>
    constexpr void append(const Byte* p, std::size_t count) noexcept {
        const auto keep = [&](std::size_t at, std::size_t n) {
            for (std::size_t i = 0; i < n; ++i) rest_[at + i] = static_cast<unsigned char>(p[i]);
        };
        const std::size_t held = static_cast<std::size_t>(total_ % stripe);
        total_ += count;
        if (held + count < stripe) return keep(held, count);
        if (held > 0) {
            keep(held, stripe - held);
            consume(rest_.data());
            p += stripe - held;
            count -= stripe - held;
        }
        for (; count >= stripe; count -= stripe, p += stripe) consume(p);
        keep(0, count);
    }

public:
    using value_type = std::uint64_t;

    constexpr explicit xxh64(std::uint64_t seed = 0) noexcept
        : lanes_{seed + prime1 + prime2, seed + prime2, seed, seed - prime1}, seed_(seed) {}

    /// Appends `content` to the message.
    constexpr void update(byte_view content) noexcept { append(content.data(), content.size()); }
    constexpr void update(std::string_view text) noexcept { append(text.data(), text.size()); }

    /// The digest of what was appended so far; more may follow.
    [[nodiscard]] constexpr std::uint64_t value() const noexcept {
        std::uint64_t h = total_ < stripe
                              ? seed_ + prime5
                              : merged(merged(merged(merged(std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) +
                                                                std::rotl(lanes_[2], 12) + std::rotl(lanes_[3], 18),
                                                            lanes_[0]),
                                                     lanes_[1]),
                                              lanes_[2]),
                                       lanes_[3]);
        h += total_;
        const unsigned char* p = rest_.data();
        std::size_t left = total_ % stripe;
        for (; left >= 8; left -= 8, p += 8) h = std::rotl(h ^ round(0, read(p, 8)), 27) * prime1 + prime4;
        for (; left >= 4; left -= 4, p += 4) h = std::rotl(h ^ (read(p, 4) * prime1), 23) * prime2 + prime3;
        for (; left > 0; --left, ++p) h = std::rotl(h ^ (*p * prime5), 11) * prime1;
        h = (h ^ (h >> 33)) * prime2;
        h = (h ^ (h >> 29)) * prime3;
        return h ^ (h >> 32);
    }

private:
    std::array<std::uint64_t, 4> lanes_;
    std::array<unsigned char, stripe> rest_{};
    std::uint64_t seed_;
    std::uint64_t total_ = 0;
};

/// XXH64 of one text.
[[nodiscard]] constexpr std::uint64_t xxh64_of(std::string_view text, std::uint64_t seed = 0) noexcept {
    xxh64 h(seed);
    h.update(text);
    return h.value();
}

/// XXH64 of one run of bytes.
[[nodiscard]] constexpr std::uint64_t xxh64_of(byte_view content, std::uint64_t seed = 0) noexcept {
    xxh64 h(seed);
    h.update(content);
    return h.value();
}

}  // namespace blobshift::inline v1

#endif
