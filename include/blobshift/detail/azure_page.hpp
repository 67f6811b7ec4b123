// SPDX-License-Identifier: MIT
//
// A page of "List Blobs" as a value.
//
// Row: detail (core).   Tests: tests/detail/azure_list.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_PAGE_HPP
#define BLOBSHIFT_DETAIL_AZURE_PAGE_HPP

#include <cstddef>      // size_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/blob_info.hpp>

namespace blobshift::inline v1::detail {

/// One page. Only an empty marker is the end: a page may hold nothing and still not be the last.
struct azure_page {
    std::vector<blob_info> blobs = {};       ///< In the service's order.
    std::vector<std::string> prefixes = {};  ///< As the delimiter cut them, wherever they stood among the blobs.
    std::string marker = {};                 ///< To be given back to the letter; empty = this was the last page.
    // Entries that are not in `blobs`, by the reason:
    std::size_t foreign_names = 0;  ///< Names that are no `blob_name`: written by others, not to be touched.
    std::size_t uncommitted = 0;    ///< Blocks without a blob.
    std::size_t deleted = 0;        ///< Deleted softly.
    std::size_t snapshots = 0;
    std::size_t old_versions = 0;
    std::size_t directories = 0;     ///< Of an account with a hierarchical namespace.
    std::string last_snapshot = {};  ///< The name of the last snapshot, when no other entry stood behind it: the blob
                                     ///< itself may be the first of the next page.
};

/// What the state of a copy is called on the wire.
[[nodiscard]] inline copy_state parse_copy_state(std::string_view text) noexcept {
    return text == "pending"   ? copy_state::pending
           : text == "success" ? copy_state::succeeded
           : text == "failed"  ? copy_state::failed
           : text == "aborted" ? copy_state::aborted
                               : copy_state::none;
}

/// With the quotes that the headers have and the listings lack.
[[nodiscard]] inline etag quoted_etag(std::string_view text) {
    if (text.empty() || text.front() == '"' || text.starts_with("W/")) return etag(std::string(text));
    std::string quoted(text.size() + 2, '"');
    text.copy(quoted.data() + 1, text.size());
    return etag(std::move(quoted));
}

/// What to make of a page.
struct list_reading {
    bool with_versions = false;             ///< Old versions were asked for, and are told from the present ones.
    bool with_attributes = true;            ///< Fill `blob_info::attrs`.
    std::string_view snapshot_before = {};  ///< `last_snapshot` of the page before.
};

}  // namespace blobshift::inline v1::detail

#endif
