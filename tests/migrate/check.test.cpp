// SPDX-License-Identifier: MIT
#include <blobshift/migrate/check.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include <blobshift/migrate/copy.hpp>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using enum format;
using enum blob_kind;

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("check: before a delete both containers and the service are asked, and all reasons are given") {
    for (const medium where : {medium::memory, medium::disk}) {
        two_containers t(where);
        for (std::int64_t w = 1; w <= 3; ++w) t.store(old_names, w);
        const auto before = t.everything();
        const auto missing = obstacles_to_delete(t.all(), t.c).value();
        CHECK(codes_of(missing) == strings{"missing_copies"});
        CHECK(missing[0].objects == 6);
        t.announce("a", dual);
        REQUIRE(running_operation::start(t.state, t.c, operation_id::make(), operation_kind::copy));
        CHECK(codes_of(obstacles_to_delete(t.all(), t.c).value()) ==
              strings{"missing_copies", "node_behind a", "stage_behind", "operation_running"});
        CHECK(t.everything() == before);
    }
}

TEST_CASE("check: a copy that is complete on nodes at New may be followed by a delete") {
    two_containers t;
    t.store(old_names, 1);
    const auto m = t.all();
    for (const auto& job : m.jobs) REQUIRE(copy_blobs(job, t.c)->complete);
    t.announce("a", new_names);
    REQUIRE(running_operation::start(t.state, t.c, operation_id::make(), operation_kind::remove));  // the delete itself
    CHECK(obstacles_to_delete(t.all(), t.c)->empty());
    REQUIRE(record_scope(t.state, t.c, 3));
    CHECK(codes_of(obstacles_to_delete(t.all(), t.c).value()) == strings{"container_missing"});
}

TEST_CASE("check: blobs that are held are named by what holds them") {
    two_containers t;
    for (std::int64_t w = 1; w <= 4; ++w) t.store(dual, w);
    t.files_hook->infos = [&](blob_info& info) {
        if (info.name == t.name(old_names, 1, instance)) info.obstacles = {.archived = true};
        if (info.name == t.name(old_names, 2, instance)) info.obstacles = {.leased = true, .has_snapshots = true};
        if (info.name == t.name(old_names, 3, instance)) info.obstacles = {.immutable = true};
    };
    t.metadata_hook->infos = [&](blob_info& info) {
        if (info.name == t.name(old_names, 4, metadata)) info.obstacles = {.immutable = true};
    };
    const auto held = obstacles_to_delete(t.all(), t.c).value();
    CHECK(codes_of(held) == strings{"archived", "leased", "immutable", "snapshots"});
    CHECK(held[2].objects == 2);
    migration_plan sum;
    const auto m = t.all();
    for (const auto& job : m.jobs) sum += plan_migration(job, t.c).value();
    CHECK(sum.obstructed == 4);
    CHECK(sum.found.sources == 8);
    CHECK(sum.by_level[static_cast<std::size_t>(verify_level::size)] == 8);
}

TEST_CASE("check: before a seal old names, pending removals and open repairs are counted over all containers") {
    two_containers t;
    t.store(dual, 1);
    t.store(new_names, 2);
    t.record_removal(2);
    t.record_repair(1);
    t.record_repair(1, metadata);
    t.files.put(t.c, name_of("readme"), as_bytes(std::string_view("foreign")), {}, {}).value();
    const auto found = obstacles_to_seal(t.all(), t.c).value();
    CHECK(codes_of(found) == strings{"old_names", "pending_removals", "open_repairs"});
    CHECK(found[0].objects == 2);
    CHECK(found[1].objects == 3);
    CHECK(found[2].objects == 2);
    CHECK(found[1].text == "3 blobs of removed instances are left: run cleanup");
}

TEST_CASE("check: what cannot be listed or read is an error, never a store without a reason") {
    const auto failing = [](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "list") return make_error(errc::unavailable, "down");
        return std::nullopt;
    };
    two_containers t;
    t.metadata_hook->before = failing;
    CHECK(obstacles_to_delete(t.all(), t.c).error().code == errc::unavailable);
    CHECK(obstacles_to_seal(t.all(), t.c).error().code == errc::unavailable);
    t.metadata_hook->before = {};
    for (const char* broken : {".blobshift/stage", ".blobshift/operations/x"}) {
        t.state.put(t.c, name_of(broken), as_bytes(std::string_view("x")), {}, {}).value();
        CHECK(obstacles_to_delete(t.all(), t.c).error().code == errc::corrupt);
        CHECK(obstacles_to_seal(t.all(), t.c).error().code == errc::corrupt);
        CHECK(obstacles_of_service(t.state, t.c, stage_for_copy).error().code == errc::corrupt);
        t.state.remove(t.c, name_of(broken), {}).value();
    }
    for (const char* broken : {".blobshift/deletions/00000000000000000001", ".blobshift/repairs/00000000000000000001"}) {
        t.state.put(t.c, name_of(broken), as_bytes(std::string_view("x")), {}, {}).value();
        CHECK(obstacles_to_seal(t.all(), t.c).error().code == errc::corrupt);
        t.state.remove(t.c, name_of(broken), {}).value();
    }
}
