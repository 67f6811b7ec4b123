// SPDX-License-Identifier: MIT
#include <blobshift/migrate/scope.hpp>

#include <doctest/doctest.h>

#include <blobshift/backends/memory_store.hpp>

using namespace blobshift;

TEST_CASE("scope: a service that was known to have two containers is not seen whole in one of them") {
    any_store state{memory_store()};
    const context c;
    REQUIRE(record_scope(state, c, 1));
    CHECK(list_all(state, c, {.prefix = ".blobshift/"})->blobs.empty());
    CHECK(obstacles_of_scope(state, c, 1)->empty());
    REQUIRE(record_scope(state, c, 2));
    REQUIRE(record_scope(state, c, 2));
    REQUIRE(record_scope(state, c, 1));  // a later command over one of them
    const auto found = obstacles_of_scope(state, c, 1).value();
    REQUIRE(found.size() == 1);
    CHECK(found[0].code == "container_missing");
    CHECK(found[0].objects == 1);
    CHECK(obstacles_of_scope(state, c, 2)->empty());
    REQUIRE(record_scope(state, c, 3));
    CHECK(obstacles_of_scope(state, c, 2)->size() == 1);
}

TEST_CASE("scope: a record that is damaged is an error that says which one it is, never one container") {
    const context c;
    const blob_name name = blob_name::parse(".blobshift/containers").value();
    for (const char* content : {"", "2\n", "blobshift containers 1\n2\n"}) {
        CAPTURE(content);
        any_store state{memory_store()};
        state.put(c, name, as_bytes(std::string_view(content)), {}, {}).value();
        for (const auto& e : {record_scope(state, c, 2).error(), obstacles_of_scope(state, c, 1).error()}) {
            CHECK(e.code == errc::corrupt);
            CHECK(e.subject == name.text());
        }
    }
}
