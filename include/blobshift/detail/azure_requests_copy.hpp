// SPDX-License-Identifier: MIT
//
// The requests that copy inside the service: asynchronous, synchronous, from a URL as a blob or as a block, abort.
//
// Row: detail (core).   Tests: tests/detail/azure_requests_copy.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_REQUESTS_COPY_HPP
#define BLOBSHIFT_DETAIL_AZURE_REQUESTS_COPY_HPP

#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/secret.hpp>
#include <blobshift/detail/azure_requests_block.hpp>

namespace blobshift::inline v1::detail {

inline constexpr std::uint64_t max_sync_copy_bytes = std::uint64_t{256} << 20;
inline constexpr std::uint64_t max_put_from_url_bytes = std::uint64_t{5000} << 20;

/// Where a copy reads. Only the asynchronous copy, and only within one account, reads with the rights of the request
/// itself; for every other the service reads as a stranger: the URL needs a SAS, or `bearer` is given.
struct copy_source {
    std::string url = {};             ///< Encoded, at most 2 KiB; with its SAS it is a secret, so never log it.
    condition when = {};              ///< if_match or always.
    std::optional<digest> hash = {};  ///< What the service must find while it reads. Not for the asynchronous copy.
    secret bearer = {};               ///< A token for the source, over https.
};

/// What the target of a copy gets. Content headers and metadata come from the source, except as said here.
struct azure_copy_options {
    condition when = {};
    const attributes* attrs = nullptr;  ///< Metadata to have instead of the source's (all of it), and tags; not owned.
                                        ///< Content headers too, but only in a put from a URL. Null = as the source.
    bool copy_tags = false;             ///< The source's tags, for the synchronous ways; not together with own tags.
    std::optional<digest> stored_md5 = {};  ///< Only in a put from a URL.
    std::string tier = {};                  ///< Empty = the account's default, not the source's.
    std::string lease_id = {};              ///< Of the target.
};

[[nodiscard]] inline result<void> validate_source(const copy_source& source) {
    if (source.url.size() > 2048)
        return fail(errc::invalid_argument, "the URL of a copy's source is longer than 2 KiB");
    if (source.when.is_if_absent())
        return fail(errc::invalid_argument, "a copy cannot demand that its source is absent");
    if (!source.bearer.empty() && !source.url.starts_with("https://")) {
        return fail(errc::invalid_argument, "a bearer token is sent over https only");
    }
    return {};
}

inline azure_request& add_source(azure_request& r, const copy_source& source) {
    r.header("x-ms-copy-source", source.url).source_when(source.when).source_hash(source.hash);
    if (!source.bearer.empty()) {
        r.header("x-ms-copy-source-authorization", "Bearer " + std::string(source.bearer.reveal()));
    }
    return r;
}

inline azure_request& add_copy_options(azure_request& r, const azure_copy_options& o) {
    if (o.attrs != nullptr) r.metadata(*o.attrs).header("x-ms-tags", tags_header(o.attrs->tags));
    return r.when(o.when)
        .header("x-ms-copy-source-tag-option", o.copy_tags ? "COPY" : "")
        .header("x-ms-access-tier", o.tier)
        .header("x-ms-lease-id", o.lease_id);
}

/// Starts a copy that the service makes when it likes. The target is there at once, without its bytes, until the state
/// of the copy of this answer's id is `success`.
///
/// \return errc::invalid_argument for a source hash, a bearer or copied tags, which this way does not know; a source
///         without a URL of at most 2 KiB; a source that must be absent.
[[nodiscard]] inline result<http_request> start_copy_request(std::string_view container, const blob_name& n,
                                                             const copy_source& source,
                                                             const azure_copy_options& options = {}) {
    if (auto fine = validate_source(source); !fine) return unexpected(std::move(fine).error());
    if (source.hash || !source.bearer.empty() || options.copy_tags || options.stored_md5) {
        return fail(errc::invalid_argument,
                    "an asynchronous copy takes no source hash, bearer token, copied tags or MD5");
    }
    azure_request r("PUT", blob_url(container, n));
    return add_copy_options(add_source(r, source), options).finish();
}

/// Copies at most 256 MiB before it answers; the committed blocks are kept. Errors as above.
[[nodiscard]] inline result<http_request> copy_blob_request(std::string_view container, const blob_name& n,
                                                            const copy_source& source,
                                                            const azure_copy_options& options = {}) {
    if (auto fine = validate_source(source); !fine) return unexpected(std::move(fine).error());
    if (options.stored_md5) return fail(errc::invalid_argument, "a synchronous copy takes its MD5 from the source");
    azure_request r("PUT", blob_url(container, n));
    r.header("x-ms-requires-sync", "true");
    return add_copy_options(add_source(r, source), options).finish();
}

/// Writes at most 5000 MiB from a URL as one new blob. With `options.attrs` the content headers are those, and none of
/// the source's. Errors as above.
[[nodiscard]] inline result<http_request> put_blob_from_url_request(std::string_view container, const blob_name& n,
                                                                    const copy_source& source,
                                                                    const azure_copy_options& options = {}) {
    if (auto fine = validate_source(source); !fine) return unexpected(std::move(fine).error());
    azure_request r("PUT", blob_url(container, n));
    r.header("x-ms-blob-type", "BlockBlob");
    if (options.attrs != nullptr) r.header("x-ms-copy-source-blob-properties", "false").content_headers(*options.attrs);
    if (options.stored_md5) r.header("x-ms-blob-content-md5", azure_hash_text(*options.stored_md5));
    return add_copy_options(add_source(r, source), options).finish();
}

/// Stages `length` (at least 1, at most 4000 MiB) bytes of the source from `offset` as one block. Errors as above.
[[nodiscard]] inline result<http_request> put_block_from_url_request(std::string_view container, const blob_name& n,
                                                                     std::string_view id, const copy_source& source,
                                                                     std::uint64_t offset, std::uint64_t length,
                                                                     std::string_view lease_id = {}) {
    if (auto fine = validate_source(source); !fine) return unexpected(std::move(fine).error());
    if (length < 1 || length > max_block_bytes || offset > (std::uint64_t{1} << 63)) {
        return fail(errc::invalid_argument, "a block holds 1 byte to 4000 MiB");
    }
    azure_request r("PUT", blob_url(container, n));
    r.query("comp", "block").query("blockid", id);
    r.header("x-ms-source-range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length - 1));
    return add_source(r, source).header("x-ms-lease-id", lease_id).finish();
}

/// Stops an asynchronous copy. The target stays, empty.
[[nodiscard]] inline result<http_request> abort_copy_request(std::string_view container, const blob_name& n,
                                                             std::string_view copy_id, std::string_view lease_id = {}) {
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "copy")
        .query("copyid", copy_id)
        .header("x-ms-copy-action", "abort")
        .header("x-ms-lease-id", lease_id)
        .finish();
}

}  // namespace blobshift::inline v1::detail

#endif
