// SPDX-License-Identifier: MIT
//
// Where the next page begins, in stores that list by the bytes of the names and use the last entry as a cursor.
//
// Row: store (core).   Tests: tests/store/byte_order.test.cpp

#ifndef BLOBSHIFT_STORE_BYTE_ORDER_HPP
#define BLOBSHIFT_STORE_BYTE_ORDER_HPP

#include <algorithm>    // max
#include <cstddef>      // size_t
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1::detail {

/// The least text behind `name` itself.
[[nodiscard]] inline std::string just_behind(std::string_view name) { return std::string(name) + '\0'; }

/// The least text behind every text that begins with `beginning` (which is not empty and ends below 0xFF, as all
/// UTF-8 does).
[[nodiscard]] inline std::string behind_all(std::string_view beginning) {
    std::string text(beginning);
    text.back() = static_cast<char>(static_cast<unsigned char>(text.back()) + 1U);
    return text;
}

/// The least name, as text, that the rest of the listing can give: behind the cursor (a name, or a group that ends
/// in the delimiter), behind `start_after`, and not before the prefix.
[[nodiscard]] inline std::string first_candidate(const list_query& q) {
    std::string from = q.prefix;
    if (!q.start_after.empty()) from = (std::max)(from, just_behind(q.start_after));
    if (!q.cursor.empty())
        from = (std::max)(from, q.cursor.back() == '/' ? behind_all(q.cursor) : just_behind(q.cursor));
    return from;
}

/// The group that `name` belongs to under the query's delimiter, or an empty text when it stands for itself.
[[nodiscard]] inline std::string_view group_of(const list_query& q, std::string_view name) noexcept {
    if (q.delimiter.empty()) return {};
    const std::size_t cut = name.find('/', q.prefix.size());
    return cut == std::string_view::npos ? std::string_view{} : name.substr(0, cut + 1);
}

}  // namespace blobshift::inline v1::detail

#endif
