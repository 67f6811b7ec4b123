// SPDX-License-Identifier: MIT
//
// A stand-in for a name that must not be printed: the same within one run, meaningless outside of it.
//
// Row: core (standard library only).   Tests: tests/core/pseudonym.test.cpp

#ifndef BLOBSHIFT_CORE_PSEUDONYM_HPP
#define BLOBSHIFT_CORE_PSEUDONYM_HPP

#include <bit>          // rotl
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/digest.hpp>
#include <blobshift/core/random.hpp>

namespace blobshift::inline v1 {

/// Turns names into 16 hexadecimal digits with a secret key (SipHash-2-4; Aumasson and Bernstein, 2012).
///
/// UIDs can be enumerated, so a plain hash of one can be looked up; under a random 128-bit key that nobody keeps it
/// cannot. A pseudonym is for pointing at a blob in a log or a report, not for joining two runs.
class pseudonymizer {
public:
    /// A fresh key from the system's random source.
    pseudonymizer() noexcept : k0_(random_u64()), k1_(random_u64()) {}
    /// A given key, for tests and for reports that must be repeatable.
    constexpr pseudonymizer(std::uint64_t k0, std::uint64_t k1) noexcept : k0_(k0), k1_(k1) {}

    /// The pseudonym of `name`.
    [[nodiscard]] std::string operator()(std::string_view name) const {
        return to_hex(make_digest(hash_algorithm::xxh64, hash(name)).value);
    }

    /// SipHash-2-4 of `text`.
    [[nodiscard]] constexpr std::uint64_t hash(std::string_view text) const noexcept {
        std::uint64_t v0 = k0_ ^ 0x736f6d6570736575U;
        std::uint64_t v1 = k1_ ^ 0x646f72616e646f6dU;
        std::uint64_t v2 = k0_ ^ 0x6c7967656e657261U;
        std::uint64_t v3 = k1_ ^ 0x7465646279746573U;
        const auto rounds = [&](int n) {
            for (int i = 0; i < n; ++i) {
                v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
                v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
                v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
                v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
            }
        };
        const auto word = [&](std::size_t at, std::size_t count) {
            std::uint64_t m = 0;
            for (std::size_t i = 0; i < count; ++i) {
                m |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
            }
            return m;
        };
        const auto mix = [&](std::uint64_t m) {
            v3 ^= m;
            rounds(2);
            v0 ^= m;
        };
        const std::size_t whole = text.size() / 8 * 8;
        for (std::size_t i = 0; i < whole; i += 8) mix(word(i, 8));
        mix(word(whole, text.size() - whole) | (std::uint64_t{text.size() & 0xFFU} << 56));
        v2 ^= 0xFFU;
        rounds(4);
        return v0 ^ v1 ^ v2 ^ v3;
    }

private:
    std::uint64_t k0_;
    std::uint64_t k1_;
};

}  // namespace blobshift::inline v1

#endif
