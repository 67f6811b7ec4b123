// SPDX-License-Identifier: MIT
//
// Whether two pages of a listing say the same: all of it.

#ifndef BLOBSHIFT_TESTS_DETAIL_SAME_PAGE_HPP
#define BLOBSHIFT_TESTS_DETAIL_SAME_PAGE_HPP

#include <algorithm>  // equal
#include <tuple>      // tie

#include <blobshift/detail/azure_page.hpp>

namespace blobshift::testing {

[[nodiscard]] inline bool same_blob(const blob_info& a, const blob_info& b) {
    const auto all = [](const blob_info& i) {
        return std::tie(i.name, i.size_bytes, i.tag, i.last_modified, i.attrs, i.stored_hash, i.tier, i.copy, i.copy_id,
                        i.obstacles);
    };
    return all(a) == all(b);
}

[[nodiscard]] inline bool same_page(const detail::azure_page& a, const detail::azure_page& b) {
    const auto rest = [](const detail::azure_page& p) {
        return std::tie(p.prefixes, p.marker, p.foreign_names, p.uncommitted, p.deleted, p.snapshots, p.old_versions,
                        p.directories, p.last_snapshot);
    };
    return rest(a) == rest(b) && std::equal(a.blobs.begin(), a.blobs.end(), b.blobs.begin(), b.blobs.end(), same_blob);
}

}  // namespace blobshift::testing

#endif
