// SPDX-License-Identifier: MIT
#include <blobshift/migrate/observer.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace blobshift;

TEST_CASE("outcome: every enumerator has a spelling of its own") {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < outcome_count; ++i) seen.insert(std::string(to_string(static_cast<outcome>(i))));
    CHECK(seen.size() == outcome_count);
    CHECK_FALSE(seen.contains("unknown"));
}

TEST_CASE("outcome_counts: counts objects and bytes by outcome, and adds up") {
    outcome_counts a;
    a.add(outcome::copied, 10);
    a.add(outcome::copied, 5);
    outcome_counts b;
    b.add(outcome::copied, 1);
    b.add(outcome::failed, 7, 2);
    a += b;
    CHECK(a.objects(outcome::copied) == 3);
    CHECK(a.bytes(outcome::copied) == 16);
    CHECK(a.objects(outcome::failed) == 2);
    CHECK(a.bytes(outcome::failed) == 7);
    CHECK(a.objects(outcome::missing) == 0);
}

TEST_CASE("migration_observer: hears nothing unless it wants to") {
    migration_observer silent;
    silent.on_object({});
    silent.on_progress({});
}
