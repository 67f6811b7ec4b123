// SPDX-License-Identifier: MIT
//
// Hashes of content as Azure writes them: MD5 in base64, CRC-64/NVME in base64 of its little-endian bytes.
//
// Row: detail (core).   Tests: tests/detail/azure_hash.test.cpp (golden vectors)

#ifndef BLOBSHIFT_DETAIL_AZURE_HASH_HPP
#define BLOBSHIFT_DETAIL_AZURE_HASH_HPP

#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/base64.hpp>
#include <blobshift/core/bytes.hpp>
#include <blobshift/core/digest.hpp>

namespace blobshift::inline v1::detail {

[[nodiscard]] inline bytes reversed(const bytes& b) { return {b.rbegin(), b.rend()}; }

/// The text for a header. S3 writes the same checksum big-endian: never hand one to the other.
[[nodiscard]] inline std::string azure_hash_text(const digest& hash) {
    if (hash.algorithm == hash_algorithm::crc64_nvme) return to_base64(reversed(hash.value));
    return to_base64(hash.value);
}

/// Reads what `azure_hash_text` writes; nullopt when it is not a hash of that kind. Clients may store any text as MD5.
[[nodiscard]] inline std::optional<digest> parse_azure_hash(hash_algorithm algorithm, std::string_view text) {
    auto value = from_base64(text);
    const bool is_crc = algorithm == hash_algorithm::crc64_nvme;
    if (!value || value->size() != (is_crc ? 8U : 16U)) return std::nullopt;
    return digest{algorithm, is_crc ? reversed(*value) : *std::move(value)};
}

}  // namespace blobshift::inline v1::detail

#endif
