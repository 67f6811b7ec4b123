// SPDX-License-Identifier: MIT
//
// The requests about containers and whole blobs: create, put, get, head, delete, list. One function each, no I/O.
//
// Row: detail (core).   Tests: tests/detail/azure_requests.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_REQUESTS_HPP
#define BLOBSHIFT_DETAIL_AZURE_REQUESTS_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/blob_name.hpp>
#include <blobshift/detail/azure_request.hpp>

namespace blobshift::inline v1::detail {

// In all of these, `container` is the URL of a container (`container_url`) and the result is unsigned. They fail only
// for text that no header can carry, and for arguments of which the comment says so.

[[nodiscard]] inline result<http_request> create_container_request(std::string_view container) {
    return azure_request("PUT", std::string(container)).query("restype", "container").finish();
}

/// For `exists`: 200, or 404 ContainerNotFound.
[[nodiscard]] inline result<http_request> head_container_request(std::string_view container) {
    return azure_request("HEAD", std::string(container)).query("restype", "container").finish();
}

[[nodiscard]] inline result<http_request> delete_container_request(std::string_view container,
                                                                   std::string_view lease_id = {}) {
    return azure_request("DELETE", std::string(container))
        .query("restype", "container")
        .header("x-ms-lease-id", lease_id)
        .finish();
}

/// What a write of a whole blob says beside its bytes.
struct write_options {
    condition when = {};
    std::optional<digest> hash = {};        ///< Of the body; the service compares it with what arrives. MD5 or CRC-64.
    std::optional<digest> stored_md5 = {};  ///< Kept as the blob's MD5. Put Blob keeps its own when this is not given.
    std::string tier = {};                  ///< Hot, Cool, Cold, Archive; empty = the account's default.
    std::string lease_id = {};
};

inline azure_request& add_write_options(azure_request& r, const write_options& o) {
    if (o.stored_md5) r.header("x-ms-blob-content-md5", azure_hash_text(*o.stored_md5));
    return r.when(o.when).header("x-ms-access-tier", o.tier).header("x-ms-lease-id", o.lease_id);
}

/// A block blob in one request; at most 5000 MiB.
[[nodiscard]] inline result<http_request> put_blob_request(std::string_view container, const blob_name& n,
                                                           byte_view content, const attributes& attrs,
                                                           const write_options& options = {}) {
    azure_request r("PUT", blob_url(container, n));
    r.header("x-ms-blob-type", "BlockBlob").body(content).body_hash(options.hash).all_attributes(attrs);
    return add_write_options(r, options).finish();
}

/// Which bytes to get. Azure knows no "last n bytes": ask for the size first, and pin what follows to that version.
struct get_options {
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length = {};  ///< At least 1. Not given: to the end.
    bool want_md5 = false;                     ///< An MD5 of the range, computed now; for ranges of at most 4 MiB.
    condition pin = {};                        ///< if_match or always.
    std::string snapshot = {};
    std::string lease_id = {};
};

/// \return errc::invalid_argument for a length of 0, a range beyond 2^63, an MD5 of too large a range, or a pin
///         if_absent.
[[nodiscard]] inline result<http_request> get_blob_request(std::string_view container, const blob_name& n,
                                                           const get_options& o = {}) {
    constexpr std::uint64_t most = std::uint64_t{1} << 63;
    if (o.pin.is_if_absent()) return fail(errc::invalid_argument, "a read cannot demand that the blob is absent");
    if (o.length && (*o.length == 0 || *o.length > most || o.offset > most)) {
        return fail(errc::invalid_argument, "a range holds at least one byte, and ends below 2^63");
    }
    if (o.want_md5 && (!o.length || *o.length > (4U << 20))) {
        return fail(errc::invalid_argument, "the service computes the MD5 of at most 4 MiB");
    }
    std::string range;
    // Without a range where possible: an empty blob answers 416 to every range.
    if (o.offset != 0 || o.length) range = "bytes=" + std::to_string(o.offset) + "-";
    if (o.length) range += std::to_string(o.offset + *o.length - 1);
    return azure_request("GET", blob_url(container, n))
        .query("snapshot", o.snapshot)
        .header("x-ms-range", range)
        .header("x-ms-range-get-content-md5", o.want_md5 ? "true" : "")
        .when(o.pin)
        .header("x-ms-lease-id", o.lease_id)
        .finish();
}

[[nodiscard]] inline result<http_request> head_blob_request(std::string_view container, const blob_name& n,
                                                            std::string_view snapshot = {}) {
    return azure_request("HEAD", blob_url(container, n)).query("snapshot", snapshot).finish();
}

/// What happens to the snapshots of a blob that is deleted. With `none`, a blob that has some is not deleted.
enum class delete_snapshots : unsigned char { none, include, only };

[[nodiscard]] inline result<http_request> delete_blob_request(std::string_view container, const blob_name& n,
                                                              const condition& when = {},
                                                              delete_snapshots snapshots = delete_snapshots::none,
                                                              std::string_view lease_id = {}) {
    return azure_request("DELETE", blob_url(container, n))
        .header("x-ms-delete-snapshots", snapshots == delete_snapshots::include ? "include"
                                         : snapshots == delete_snapshots::only  ? "only"
                                                                                : "")
        .when(when)
        .header("x-ms-lease-id", lease_id)
        .finish();
}

/// What to list, and what of each blob. Only an empty marker in the answer is the end, whatever the page holds.
struct list_options {
    std::string prefix = {};
    std::string delimiter = {};   ///< Empty = flat.
    std::string marker = {};      ///< NextMarker of the page before, to the letter.
    std::size_t max_results = 0;  ///< 1 to 5000; 0 = the service's own, which is 5000.
    bool copy = false;            ///< Copy id and state.
    bool deleted = false;
    bool metadata = false;
    bool snapshots = false;  ///< Not with a delimiter: the service refuses that (the emulator does not).
    bool tags = false;
    bool uncommitted = false;  ///< Blobs of which only blocks exist.
    bool versions = false;
    bool immutability = false;  ///< Retention policies and legal holds.
};

/// \return errc::invalid_argument for more than 5000 results, or snapshots with a delimiter.
[[nodiscard]] inline result<http_request> list_blobs_request(std::string_view container, const list_options& o = {}) {
    if (o.max_results > 5000) return fail(errc::invalid_argument, "a page holds at most 5000 results");
    if (o.snapshots && !o.delimiter.empty()) {
        return fail(errc::invalid_argument, "snapshots cannot be listed with a delimiter");
    }
    std::string include;  // sorted: the service signs them so, and a name must not stand there twice
    const auto add = [&](bool wanted, std::string_view what) {
        if (wanted) (include += include.empty() ? "" : ",") += what;
    };
    add(o.copy, "copy");
    add(o.deleted, "deleted");
    add(o.immutability, "immutabilitypolicy,legalhold");
    add(o.metadata, "metadata");
    add(o.snapshots, "snapshots");
    add(o.tags, "tags");
    add(o.uncommitted, "uncommittedblobs");
    add(o.versions, "versions");
    return azure_request("GET", std::string(container))
        .query("restype", "container")
        .query("comp", "list")
        .query("prefix", o.prefix)
        .query("delimiter", o.delimiter)
        .query("marker", o.marker)
        .query("maxresults", o.max_results == 0 ? "" : std::to_string(o.max_results))
        .query("include", include)
        .finish();
}

}  // namespace blobshift::inline v1::detail

#endif
