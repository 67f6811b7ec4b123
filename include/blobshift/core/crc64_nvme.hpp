// SPDX-License-Identifier: MIT
//
// CRC-64/NVME: the checksum that Azure Blob Storage calls crc64 and S3 calls CRC64NVME.
//
// Row: core (standard library only).   Tests: tests/core/crc64_nvme.test.cpp (published vectors)

#ifndef BLOBSHIFT_CORE_CRC64_NVME_HPP
#define BLOBSHIFT_CORE_CRC64_NVME_HPP

#include <array>        // array
#include <cstddef>      // byte, size_t
#include <cstdint>      // uint64_t
#include <string_view>  // string_view

#include <blobshift/core/bytes.hpp>

namespace blobshift::inline v1 {

namespace detail {

/// Table k advances a byte by k further bytes (slicing by eight).
inline constexpr auto crc64_tables = [] {
    std::array<std::array<std::uint64_t, 256>, 8> t{};
    for (std::uint64_t i = 0; i < 256; ++i) {
        std::uint64_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0x9A6C9329AC4BC9B5U : 0U);
        t[0][i] = crc;
    }
    for (std::size_t k = 1; k < 8; ++k) {
        for (std::size_t i = 0; i < 256; ++i) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xFFU];
    }
    return t;
}();

}  // namespace detail

/// Streaming CRC-64/NVME: polynomial 0xAD93D23594C93659, reflected, initial value and final xor all ones
/// (NVM Express NVM Command Set 1.0, 5.2.1.3.4). The value of "123456789" is 0xAE8B14860A799888.
///
/// \par Complexity  Linear, 8 bytes a step; no allocation.
class crc64_nvme {
    // Stands before its uses: clang 14 could not run them in constant expressions otherwise.
    template <class Byte>
    constexpr void append(const Byte* p, std::size_t count) noexcept {
        const auto& t = detail::crc64_tables;
        for (; count >= 8; count -= 8, p += 8) {
            std::uint64_t word = crc_;
            for (std::size_t i = 0; i < 8; ++i) word ^= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
            crc_ = 0;
            for (std::size_t i = 0; i < 8; ++i) crc_ ^= t[7 - i][(word >> (8 * i)) & 0xFFU];
        }
        for (; count > 0; --count, ++p) crc_ = (crc_ >> 8) ^ t[0][(crc_ ^ static_cast<unsigned char>(*p)) & 0xFFU];
    }

public:
    using value_type = std::uint64_t;

    /// Appends `content` to the message.
    constexpr void update(byte_view content) noexcept { append(content.data(), content.size()); }
    constexpr void update(std::string_view text) noexcept { append(text.data(), text.size()); }

    /// The checksum of what was appended so far; more may follow.
    [[nodiscard]] constexpr std::uint64_t value() const noexcept { return ~crc_; }

private:
    std::uint64_t crc_ = ~std::uint64_t{0};
};

/// CRC-64/NVME of one run of bytes.
[[nodiscard]] constexpr std::uint64_t crc64_nvme_of(byte_view content) noexcept {
    crc64_nvme crc;
    crc.update(content);
    return crc.value();
}

/// CRC-64/NVME of one text.
[[nodiscard]] constexpr std::uint64_t crc64_nvme_of(std::string_view text) noexcept {
    crc64_nvme crc;
    crc.update(text);
    return crc.value();
}

}  // namespace blobshift::inline v1

#endif
