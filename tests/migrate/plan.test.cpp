// SPDX-License-Identifier: MIT
#include <blobshift/migrate/plan.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "archive.hpp"

namespace {

using namespace blobshift_tests;

std::set<std::string> codes(const migration_plan& plan) {
    std::set<std::string> all;
    for (const obstacle& o : obstacles_to_delete(plan)) {
        all.insert(std::string(o.code));
        CHECK(o.objects > 0);
        CHECK(o.text.starts_with(std::to_string(o.objects) + " "));
    }
    return all;
}

}  // namespace

TEST_CASE("plan: counts every kind of object once and changes nothing") {
    archive a;
    a.fill(10);                                                   // 20 old names
    a.put(a.new_name(1), archive::content(1));                    // present
    a.put(a.new_name(2), "something else of another length....."); // different
    a.put(a.new_name(3), "");                                     // to be repaired
    a.put(a.new_name(50), "only new");
    a.put(name_of("1.9/1.9/1.8_4.dcm"), "collides with 4");
    a.put(name_of("readme"), "foreign");
    const auto before = a.everything();
    const migration_plan plan = plan_migration(a.job(), a.c).value();
    CHECK(a.everything() == before);
    CHECK(plan.found.sources == 21);
    CHECK(plan.found.targets == 4);
    CHECK(plan.found.foreign == 1);
    CHECK(plan.only_new == 1);
    CHECK(plan.repairs == 1);
    CHECK(plan.outcomes.objects(outcome::present) == 1);
    CHECK(plan.outcomes.objects(outcome::different) == 1);
    CHECK(plan.outcomes.objects(outcome::collision) == 2);
    CHECK(plan.outcomes.objects(outcome::missing) == 17);
    CHECK_FALSE(plan.copy_is_complete());
    CHECK(plan.by_level[static_cast<std::size_t>(verify_level::size)] == 1);
    CHECK(plan.proved(verify_level::size) == 1);
    CHECK(plan.proved(verify_level::computed_hash) == 0);
    CHECK(codes(plan) == std::set<std::string>{"missing_copies", "different", "collisions"});
    CHECK(a.heard.last[a.new_name(2).text()] == "different");
    CHECK(a.heard.last[a.new_name(4).text()] == "collision");
    const request_estimate requests = estimate_requests(plan);
    CHECK(requests.copies == 17);
    CHECK(requests.batches == 1);
    CHECK(requests.lists == 4);
}

TEST_CASE("plan: an empty store has nothing to do") {
    archive a;
    const migration_plan plan = plan_migration(a.job(), a.c).value();
    CHECK(plan.found.sources == 0);
    CHECK(plan.copy_is_complete());
    CHECK(codes(plan).empty());
}

TEST_CASE("plan: pending copies, blocked and leased blobs stand in the way of a delete") {
    archive a;
    a.put(a.old_name(1), "x");
    a.put(a.new_name(1), "");
    a.put(a.old_name(2), "x");
    a.put(a.old_name(3), "x");
    a.put(a.new_name(3), "x");
    a.store.hook().infos = [&](blob_info& info) {
        if (info.name == a.new_name(1)) info.copy = copy_state::pending;
        if (info.name == a.old_name(2)) info.obstacles.archived = true;
        if (info.name == a.old_name(3)) info.obstacles.leased = true;
    };
    const migration_plan plan = plan_migration(a.job(), a.c).value();
    CHECK(codes(plan) == std::set<std::string>{"pending_copies", "blocked", "archived", "leased"});
    CHECK(plan.obstructed == 2);
}

TEST_CASE("plan: a listing that fails, and a corrupt state, are errors") {
    archive a;
    a.fill(1);
    SUBCASE("listing") {
        a.store.hook().before = [](std::string_view verb, std::string_view) -> std::optional<error> {
            if (verb == "list") return make_error(errc::permission_denied, "no");
            return std::nullopt;
        };
        CHECK(plan_migration(a.job(), a.c).error().code == errc::permission_denied);
    }
    SUBCASE("state") {
        a.state.put(a.c, name_of(".blobshift/evidence/0"), as_bytes("garbage\n\n"), {}, {}).value();
        CHECK(plan_migration(a.job(), a.c).error().code == errc::corrupt);
    }
    SUBCASE("stop") {
        std::stop_source stop;
        stop.request_stop();
        a.c.stop = stop.get_token();
        CHECK(plan_migration(a.job(), a.c).error().code == errc::cancelled);
    }
}
