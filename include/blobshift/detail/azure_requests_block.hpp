// SPDX-License-Identifier: MIT
//
// The requests of an upload in blocks, and the ids that keep two uploads of one blob apart.
//
// Row: detail (core).   Tests: tests/detail/azure_requests_block.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_REQUESTS_BLOCK_HPP
#define BLOBSHIFT_DETAIL_AZURE_REQUESTS_BLOCK_HPP

#include <cstdint>      // uint32_t, uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/detail/azure_requests.hpp>

namespace blobshift::inline v1::detail {

inline constexpr std::uint32_t max_blocks = 50'000;
inline constexpr std::uint64_t max_block_bytes = std::uint64_t{4000} << 20;

/// The id of block `index` of the upload `nonce`: 8 digits and the nonce, in base64.
///
/// All ids of a blob must be equally long, also those that an abandoned upload left behind; and two uploads that used
/// the same ids would commit a mixture of their blocks. So every nonce has the same length (at most 56) and is random.
[[nodiscard]] inline std::string block_id(std::uint32_t index, std::string_view nonce) {
    const std::string digits = std::to_string(index);
    return to_base64(
        as_bytes(std::string(digits.size() < 8 ? 8 - digits.size() : 0, '0') + digits + std::string(nonce)));
}

/// One block. No condition: those stand on the commit.
[[nodiscard]] inline result<http_request> put_block_request(std::string_view container, const blob_name& n,
                                                            std::string_view id, byte_view content,
                                                            const std::optional<digest>& hash = {},
                                                            std::string_view lease_id = {}) {
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "block")
        .query("blockid", id)
        .body(content)
        .body_hash(hash)
        .header("x-ms-lease-id", lease_id)
        .finish();
}

/// The body of a commit: the blocks 0 to `count` - 1 of the upload `nonce`, wanted among the uncommitted ones only.
[[nodiscard]] inline std::string block_list_body(std::uint32_t count, std::string_view nonce) {
    std::string body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
    for (std::uint32_t i = 0; i < count; ++i) body += "<Uncommitted>" + block_id(i, nonce) + "</Uncommitted>";
    return body + "</BlockList>";
}

/// Makes the blocks of `body` (not owned, see `block_list_body`) the blob. The service keeps no MD5 of such a blob by
/// itself: give `stored_md5`. `options.hash` is that of the body.
[[nodiscard]] inline result<http_request> put_block_list_request(std::string_view container, const blob_name& n,
                                                                 std::string_view body, const attributes& attrs,
                                                                 const write_options& options = {}) {
    azure_request r("PUT", blob_url(container, n));
    r.query("comp", "blocklist").body(as_bytes(body), "application/xml").body_hash(options.hash).all_attributes(attrs);
    return add_write_options(r, options).finish();
}

/// Committed and uncommitted blocks.
[[nodiscard]] inline result<http_request> get_block_list_request(std::string_view container, const blob_name& n) {
    return azure_request("GET", blob_url(container, n))
        .query("comp", "blocklist")
        .query("blocklisttype", "all")
        .finish();
}

}  // namespace blobshift::inline v1::detail

#endif
