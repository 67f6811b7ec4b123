// SPDX-License-Identifier: MIT
#include <blobshift/migrate/job.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "archive.hpp"

namespace {

using namespace blobshift_tests;

blob_facts blob(std::uint64_t size, copy_state copy = copy_state::none) {
    blob_facts f;
    f.name = "n";
    f.size_bytes = size;
    f.tag = etag("\"t\"");
    f.copy = copy;
    return f;
}

}  // namespace

TEST_CASE("judge: what is to be done about a pair") {
    struct row {
        name_pair pair;
        outcome what;
        bool repair;
        const char* why;
    };
    blob_facts archived = blob(3);
    archived.obstacles.archived = true;
    blob_facts leased = blob(3);
    leased.obstacles.leased = true;
    const row rows[] = {
        {{"t", {blob(3)}, {}, {}}, outcome::missing, false, "no target"},
        {{"t", {blob(3)}, blob(3), {}}, outcome::present, false, "equal target"},
        {{"t", {blob(3)}, blob(4), {}}, outcome::different, false, "another target"},
        {{"t", {blob(3)}, blob(0), {}}, outcome::missing, true, "empty target of a source that is not"},
        {{"t", {blob(0)}, blob(0), {}}, outcome::present, false, "both empty"},
        {{"t", {blob(0)}, blob(1), {}}, outcome::different, false, "an empty source replaces nothing"},
        {{"t", {blob(3)}, blob(0, copy_state::failed), {}}, outcome::missing, true, "failed copy"},
        {{"t", {blob(3)}, blob(3, copy_state::aborted), {}}, outcome::missing, true, "aborted copy of full length"},
        {{"t", {blob(3)}, blob(0, copy_state::pending), {}}, outcome::pending, false, "copy under way"},
        {{"t", {blob(3, copy_state::failed)}, {}, {}}, outcome::blocked, false, "the source is a failed copy"},
        {{"t", {blob(3, copy_state::pending)}, {}, {}}, outcome::blocked, false, "the source is not finished"},
        {{"t", {blob(3), blob(3)}, blob(3), {}}, outcome::collision, false, "two sources"},
        {{"t", {archived}, {}, {}}, outcome::blocked, false, "archived source"},
        {{"t", {archived}, blob(3), {}}, outcome::present, false, "archived source that was copied"},
        {{"t", {leased}, {}, {}}, outcome::missing, false, "a lease does not stop a copy"},
    };
    for (const row& t : rows) {
        CAPTURE(t.why);
        const verdict v = judge(t.pair);
        CHECK(to_string(v.what) == to_string(t.what));
        CHECK(v.repair == t.repair);
    }
}

TEST_CASE("to_the_end: a run that goes on keeps its context, and one that has ended gets a short time of its own") {
    const archive a;
    context c = a.c.with_timeout(std::chrono::hours(1));
    std::stop_source stop;
    c.stop = stop.get_token();
    CHECK(detail::to_the_end(c).deadline == c.deadline);
    CHECK(detail::to_the_end(c).stop == c.stop);
    stop.request_stop();
    const context stopped = detail::to_the_end(c);
    CHECK(stopped.proceed());
    CHECK(stopped.remaining().value() <= std::chrono::seconds(30));
    c.stop = {};
    c.deadline = c.clock->now();
    const context late = detail::to_the_end(c);
    CHECK(late.proceed());
    CHECK(late.remaining().value() <= std::chrono::seconds(30));
}

TEST_CASE("compare_many: gives each pair its own result, in order") {
    archive a;
    std::vector<name_pair> pairs;
    for (int i = 0; i < 50; ++i) {
        const std::string left = "l" + std::to_string(i);
        const std::string right = "r" + std::to_string(i);
        a.put(name_of(left), std::string(static_cast<std::size_t>(i), 'x'));
        a.put(name_of(right), i % 3 == 0 && i > 0 ? std::string(static_cast<std::size_t>(i), 'y')
                                                 : std::string(static_cast<std::size_t>(i), 'x'));
        name_pair pair{.target = right, .sources = {blob(static_cast<std::uint64_t>(i))},
                       .present = blob(static_cast<std::uint64_t>(i))};
        pair.sources[0].name = left;
        pair.sources[0].tag = a.store.head(a.c, name_of(left))->tag;
        pair.present->name = right;
        pair.present->tag = a.store.head(a.c, name_of(right))->tag;
        pairs.push_back(pair);
    }
    pairs[7].present->tag = etag("\"gone\"");
    for (const unsigned concurrency : {0U, 1U, 4U}) {
        const auto results = compare_many(a.store, a.c, pairs, concurrency, [] {});
        REQUIRE(results.size() == pairs.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
            CAPTURE(i);
            if (i == 7) {
                CHECK(results[i].error().code == errc::condition_failed);
            } else {
                REQUIRE(results[i]);
                CHECK(results[i]->equal == (i % 3 != 0 || i == 0));
            }
        }
    }
}

TEST_CASE("compare_many: after a stop nothing more is read") {
    archive a;
    a.put(name_of("l"), "x");
    a.put(name_of("r"), "x");
    std::stop_source stop;
    stop.request_stop();
    context c;
    c.stop = stop.get_token();
    name_pair pair{.target = "r", .sources = {blob(1)}, .present = blob(1)};
    const auto results = compare_many(a.store, c, std::vector<name_pair>(5, pair), 2, [] {});
    for (const auto& r : results) CHECK(r.error().code == errc::cancelled);
    CHECK(a.store.hook().calls["read"] == 0);
}

TEST_CASE("compare_many: says that it is alive after each gibibyte, and gives each pair its result all the same") {
    archive a;
    std::vector<name_pair> pairs(5);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        pairs[i].target = "t" + std::to_string(i);
        pairs[i].sources.push_back({.name = "s" + std::to_string(i), .size_bytes = std::uint64_t{600} << 20});
        pairs[i].present = blob_facts{.name = pairs[i].target, .size_bytes = std::uint64_t{600} << 20};
    }
    int alive = 0;
    const auto results = compare_many(a.store, a.c, pairs, 2, [&] { ++alive; });
    CHECK(alive == 3);
    for (const auto& each : results) CHECK(each.error().code == errc::not_found);
    CHECK(compare_many(a.store, a.c, {}, 2, [&] { ++alive; }).empty());
    CHECK(alive == 3);
}
