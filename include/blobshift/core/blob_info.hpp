// SPDX-License-Identifier: MIT
//
// What a store says of one blob without giving its bytes.
//
// Row: core (standard library only).   Tests: tests/core/blob_info.test.cpp

#ifndef BLOBSHIFT_CORE_BLOB_INFO_HPP
#define BLOBSHIFT_CORE_BLOB_INFO_HPP

#include <cstdint>   // uint64_t
#include <optional>  // optional
#include <string>    // string

#include <blobshift/core/attributes.hpp>
#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/digest.hpp>
#include <blobshift/core/etag.hpp>
#include <blobshift/core/time.hpp>

namespace blobshift::inline v1 {

/// How far a copy that made this blob has come. A blob whose copy is not `none` or `succeeded` is not content yet:
/// its length may be zero and its bytes may be missing.
enum class copy_state : unsigned char { none, pending, succeeded, failed, aborted };

/// Why a blob cannot be copied or removed until somebody acts, one bit each.
struct blob_obstacles {
    bool archived : 1 = false;       ///< Bytes are offline; reading and copying fail until it is rehydrated.
    bool leased : 1 = false;         ///< Somebody holds a lease; writing and removing fail.
    bool immutable : 1 = false;      ///< A retention policy or a legal hold forbids removing.
    bool has_snapshots : 1 = false;  ///< Removing would lose snapshots, or is refused because of them.

    [[nodiscard]] bool any() const noexcept { return archived || leased || immutable || has_snapshots; }
    friend bool operator==(const blob_obstacles&, const blob_obstacles&) = default;
};

/// One blob, without its bytes.
struct blob_info {
    explicit blob_info(blob_name n) : name(std::move(n)) {}

    blob_name name;
    std::uint64_t size_bytes = 0;
    etag tag = {};
    utc_time last_modified = {};
    attributes attrs = {};                        ///< In a listing: only what `list_query` asked for.
    std::optional<digest> stored_hash = {};       ///< A hash kept as a property. Nobody checks it against the bytes.
    std::string object_id = {};                   ///< Two blobs of one store with equal, non-empty ids are one object
                                                  ///< on the medium (hard links): their bytes cannot differ.
    std::string tier = {};                        ///< The store's own word (Hot, Cool, Archive ...), or empty.
    copy_state copy = copy_state::none;
    std::string copy_id = {};                     ///< The store's id of that copy; empty when `copy` is `none`.
    blob_obstacles obstacles = {};
};

}  // namespace blobshift::inline v1

#endif
