// SPDX-License-Identifier: MIT

#include <blobshift/core/blob_info.hpp>

#include <doctest/doctest.h>

using blobshift::blob_info;
using blobshift::blob_obstacles;

TEST_CASE("a fresh blob_info is an empty, plain blob without obstacles") {
    const blob_info info(blobshift::blob_name::parse("a/b").value());
    CHECK(info.name.text() == "a/b");
    CHECK(info.size_bytes == 0);
    CHECK(info.tag.empty());
    CHECK(info.attrs.empty());
    CHECK_FALSE(info.stored_hash.has_value());
    CHECK(info.object_id.empty());
    CHECK(info.copy == blobshift::copy_state::none);
    CHECK_FALSE(info.obstacles.any());
}

TEST_CASE("each obstacle is one") {
    CHECK(blob_obstacles{.archived = true}.any());
    CHECK(blob_obstacles{.leased = true}.any());
    CHECK(blob_obstacles{.immutable = true}.any());
    CHECK(blob_obstacles{.has_snapshots = true}.any());
    CHECK_FALSE(blob_obstacles().any());
    CHECK(blob_obstacles{.leased = true} != blob_obstacles{.archived = true});
}

TEST_CASE("a blob cannot be described without a name") {
    static_assert(!std::is_default_constructible_v<blob_info>);
    static_assert(!std::is_convertible_v<blobshift::blob_name, blob_info>);
}
