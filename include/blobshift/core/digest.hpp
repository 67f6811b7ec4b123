// SPDX-License-Identifier: MIT
//
// A hash of some content together with the name of its algorithm.
//
// Row: core (standard library only).   Tests: tests/core/digest.test.cpp

#ifndef BLOBSHIFT_CORE_DIGEST_HPP
#define BLOBSHIFT_CORE_DIGEST_HPP

#include <cstddef>      // byte
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/bytes.hpp>

namespace blobshift::inline v1 {

enum class hash_algorithm : unsigned char { xxh64, crc64_nvme, md5, sha256 };

/// The usual spelling.
[[nodiscard]] constexpr std::string_view to_string(hash_algorithm algorithm) noexcept {
    switch (algorithm) {
        case hash_algorithm::xxh64: return "xxh64";
        case hash_algorithm::crc64_nvme: return "crc64nvme";
        case hash_algorithm::md5: return "md5";
        case hash_algorithm::sha256: return "sha256";
    }
    return "unknown";
}

/// An algorithm and its result. 64-bit results are kept big-endian, the order in which they are printed.
struct digest {
    hash_algorithm algorithm = hash_algorithm::xxh64;
    bytes value = {};

    friend bool operator==(const digest&, const digest&) = default;
};

/// Wraps a 64-bit result.
[[nodiscard]] inline digest make_digest(hash_algorithm algorithm, std::uint64_t value) {
    digest d{algorithm, bytes(8)};
    for (std::size_t i = 0; i < 8; ++i) d.value[i] = static_cast<std::byte>((value >> (56 - 8 * i)) & 0xFFU);
    return d;
}

/// Lower-case hexadecimal text of `content`.
[[nodiscard]] inline std::string to_hex(byte_view content) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * content.size());
    for (const std::byte b : content) {
        text += digits[static_cast<std::size_t>(b >> 4)];
        text += digits[static_cast<std::size_t>(b & std::byte{0x0F})];
    }
    return text;
}

}  // namespace blobshift::inline v1

#endif
