// SPDX-License-Identifier: MIT
//
// How many containers a service has, on record: whoever looks at one of two must not take it for the whole.
//
// Row: migrate (core, store).   Tests: tests/migrate/scope.test.cpp

#ifndef BLOBSHIFT_MIGRATE_SCOPE_HPP
#define BLOBSHIFT_MIGRATE_SCOPE_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/obstacle.hpp>
#include <blobshift/migrate/record.hpp>

namespace blobshift::inline v1 {

namespace detail {

inline constexpr std::string_view scope_record_kind = "containers";
inline constexpr std::string_view container_missing_text =
    "the service has a second container, of metadata, which was not looked at: name it, too (--metadata); only if "
    "there "
    "is none, say so (nodes --rebind)";

[[nodiscard]] inline result<blob_name> scope_blob() {
    return blob_name::parse(std::string(reserved_prefix) + "containers");
}

/// What is on record, and the tag of the record; 1 and no tag where there is none.
struct kept_scope {
    std::uint64_t containers = 1;
    std::optional<etag> tag = {};
};

inline result<kept_scope> read_scope(any_store& state, const context& c, const blob_name& name) {
    auto kept = read_record(state, c, name, scope_record_kind);
    if (!kept) return unexpected(std::move(kept).error());
    if (!*kept) return kept_scope{};
    field_reader fields(**kept);
    kept_scope found{.containers = fields.number<std::uint64_t>(), .tag = std::move((*kept)->tag)};
    if (auto fine = fields.finish(scope_record_kind); !fine) return unexpected(std::move(fine).error());
    return found;
}

/// Forgets what is on record where it tells of more containers than these.
inline result<void> forget_scope(any_store& state, const context& c, std::size_t containers) {
    auto name = scope_blob();
    if (!name) return unexpected(std::move(name).error());
    auto known = read_scope(state, c, *name);
    if (!known) return unexpected(std::move(known).error());
    if (!known->tag || known->containers <= containers) return {};
    auto gone = state.remove(c, *name, condition::if_match(*known->tag));
    return gone ? result<void>() : unexpected(std::move(gone).error());
}

}  // namespace detail

/// Puts on record that the service whose state this is has so many containers, unless it is known to have as many. For
/// who is about to change something in all of them. The record outlives the seal.
///
/// \par Complexity  No request for one container; else one read, and for the first time one put.
inline result<void> record_scope(any_store& state, const context& c, std::size_t containers) {
    if (containers < 2) return {};
    auto name = detail::scope_blob();
    if (!name) return unexpected(std::move(name).error());
    auto known = detail::read_scope(state, c, *name);
    if (!known) return unexpected(std::move(known).error());
    if (known->containers >= containers) return {};
    auto written =
        detail::write_record(state, c, *name, detail::scope_record_kind, detail::field_writer().add(containers).text(),
                             known->tag ? condition::if_match(*known->tag) : condition::if_absent());
    if (written) return {};
    // Another one, who was faster, has put the same on record.
    auto now = detail::read_scope(state, c, *name);
    if (now && now->containers >= containers) return {};
    return unexpected(std::move(written).error());
}

/// Why a look at so many containers is not one at the service: code "container_missing". Empty: no more are known of.
///
/// \par Complexity  One read.
inline result<std::vector<obstacle>> obstacles_of_scope(any_store& state, const context& c, std::size_t containers) {
    auto name = detail::scope_blob();
    if (!name) return unexpected(std::move(name).error());
    auto known = detail::read_scope(state, c, *name);
    if (!known) return unexpected(std::move(known).error());
    std::vector<obstacle> found;
    if (known->containers > containers) {
        found.push_back(
            {"container_missing", known->containers - containers, std::string(detail::container_missing_text)});
    }
    return found;
}

}  // namespace blobshift::inline v1

#endif
