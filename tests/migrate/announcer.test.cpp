// SPDX-License-Identifier: MIT
#include <blobshift/migrate/announcer.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <blobshift/backends/file_store.hpp>
#include <blobshift/backends/memory_store.hpp>

#include "../support/flaky_store.hpp"
#include "../support/temporary_folder.hpp"
#include "../support/virtual_clock.hpp"

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using blobshift::testing::name;
using enum format;

node_name node(std::string_view text) { return node_name::parse(text).value(); }

struct service_bench {
    blobshift::testing::virtual_clock clock;
    context c = blobshift::testing::context_of(clock);
    any_store state;

    explicit service_bench(any_store s = any_store(memory_store{})) : state(std::move(s)) {}

    format wanted() { return read_stage(state, c)->stage->wanted; }
};

}  // namespace

TEST_CASE("announcer: three nodes go from Old to New by their settings alone, never more than one step apart") {
    blobshift::testing::temporary_folder folder;
    for (const bool files : {false, true}) {
        CAPTURE(files);
        service_bench b(files ? any_store(file_store::open(folder.path()).value()) : any_store(memory_store{}));
        node_announcer one(b.state, node("one"));
        node_announcer two(b.state, node("two"));
        node_announcer three(b.state, node("three"));
        for (node_announcer* each : {&one, &two, &three}) CHECK(each->announce(b.c, {.runs = old_names})->may_write);
        CHECK(b.wanted() == old_names);

        CHECK(one.announce(b.c, {.runs = dual})->may_write);  // all others are at Old: the stage moves
        CHECK(b.wanted() == dual);
        CHECK(two.announce(b.c, {.runs = old_names})->may_write);  // one step behind

        const write_permit early = one.announce(b.c, {.runs = new_names}).value();
        CHECK_FALSE(early.may_write);  // two and three are at Old
        CHECK(early.why == "it runs New, and the stage is Dual: other nodes are not ready for it");
        CHECK(b.wanted() == dual);

        CHECK(two.announce(b.c, {.runs = dual})->may_write);
        CHECK_FALSE(one.announce(b.c, {.runs = new_names})->may_write);
        CHECK(three.announce(b.c, {.runs = dual})->may_write);
        CHECK(one.announce(b.c, {.runs = new_names})->may_write);
        CHECK(b.wanted() == new_names);

        node_announcer forgotten(b.state, node("four"));
        const write_permit late = forgotten.announce(b.c, {.runs = old_names}).value();
        CHECK_FALSE(late.may_write);
        CHECK(late.why == "it runs Old, and the stage is New: it is more than one step behind");
        CHECK(forgotten.may_write(b.c, old_names).error().code == errc::blocked);
    }
}

TEST_CASE("announcer: a stage does not move past a node that is stale, or works on calls of two steps before") {
    service_bench b;
    node_announcer one(b.state, node("one"));
    node_announcer two(b.state, node("two"));
    REQUIRE(one.announce(b.c, {.runs = dual}));
    REQUIRE(two.announce(b.c, {.runs = dual, .other_calls = 1}));
    CHECK_FALSE(one.announce(b.c, {.runs = new_names})->may_write);
    REQUIRE(two.announce(b.c, {.runs = dual}));
    b.clock.advance(61s);
    CHECK_FALSE(one.announce(b.c, {.runs = new_names})->may_write);
    CHECK(forget_node(b.state, b.c, node("two")).value());
    CHECK(one.announce(b.c, {.runs = new_names})->may_write);
    CHECK(b.wanted() == new_names);
}

TEST_CASE("announcer: one that does not lead waits for an operator") {
    service_bench b;
    node_announcer one(b.state, node("one"), {.leads = false});
    REQUIRE(one.announce(b.c, {.runs = old_names})->may_write);
    CHECK_FALSE(one.announce(b.c, {.runs = dual})->may_write);
    REQUIRE(set_stage(b.state, b.c, dual)->refused.empty());
    CHECK(one.announce(b.c, {.runs = dual})->may_write);
}

TEST_CASE("announcer: a permit lasts as long as its lease, for the format that was announced") {
    service_bench b;
    node_announcer me(b.state, node("me"));
    CHECK(me.may_write(b.c, dual).error().message == "this node may not write: it has not announced itself");
    REQUIRE(me.announce(b.c, {.runs = dual}));
    CHECK(me.may_write(b.c, dual));
    CHECK(me.may_write(b.c, new_names).error().message ==
          "this node may not write: it has announced Dual, not New");
    b.clock.advance(59s);
    CHECK(me.may_write(b.c, dual));
    b.clock.advance(1s);
    CHECK(me.may_write(b.c, dual).error().message ==
          "this node may not write: its last announcement is older than its lease");
    REQUIRE(me.announce(b.c, {.runs = dual}));
    CHECK(me.may_write(b.c, dual));
}

namespace {

/// Two clocks that a test moves each by itself.
struct two_clocks final : time_source {
    steady_time steady{};
    utc_time utc = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);

    [[nodiscard]] steady_time now() const override { return steady; }
    [[nodiscard]] utc_time utc_now() const override { return utc; }
    void sleep(std::chrono::nanoseconds /*pause*/, const std::stop_token& /*stop*/) const override {}
};

}  // namespace

TEST_CASE("announcer: a permit ends with the record, which counts from before a slow store took it, by either clock") {
    for (const bool by_steady : {true, false}) {
        CAPTURE(by_steady);
        two_clocks clocks;
        const auto script = std::make_shared<blobshift::testing::fault_script>();
        any_store state{blobshift::testing::flaky_store(script)};
        context c;
        c.clock = &clocks;
        const steady_time began = clocks.now();
        bool slow = true;
        script->by_rule = [&](operation verb) -> std::optional<blobshift::testing::fault> {
            if (verb != operation::put || !std::exchange(slow, false)) return std::nullopt;
            clocks.steady += 30s;
            clocks.utc += 30s;
            return std::nullopt;
        };
        node_announcer me(state, node("me"));
        REQUIRE(me.announce(c, {.runs = dual})->may_write);
        REQUIRE_FALSE(slow);
        CHECK(me.may_write(c, dual)->deadline == began + 60s);
        if (by_steady) clocks.steady += 30s;
        else clocks.utc += 30s;
        CHECK(me.may_write(c, dual).error().code == errc::blocked);
    }
}

TEST_CASE("announcer: an announcement that fails leaves the permit as it was, but for a new format") {
    const auto script = std::make_shared<blobshift::testing::fault_script>();
    service_bench b{any_store(blobshift::testing::flaky_store(script))};
    node_announcer me(b.state, node("me"));
    for (const auto verb : {operation::read, operation::put, operation::list}) {
        CAPTURE(to_string(verb));
        script->fail_before(verb, make_error(errc::unavailable, "down"));
        CHECK(me.announce(b.c, {.runs = old_names}).error().code == errc::unavailable);
        CHECK_FALSE(me.may_write(b.c, old_names));
    }
    REQUIRE(me.announce(b.c, {.runs = old_names}));
    for (const auto verb : {operation::put, operation::read}) {
        script->fail_before(verb, make_error(errc::unavailable, "down"));
        CHECK_FALSE(me.announce(b.c, {.runs = old_names}));
        CHECK(me.may_write(b.c, old_names));
    }
    script->fail_before(operation::put, make_error(errc::unavailable, "down"));
    CHECK_FALSE(me.announce(b.c, {.runs = dual}));
    CHECK_FALSE(me.may_write(b.c, old_names));
    CHECK_FALSE(me.may_write(b.c, dual));
    CHECK(me.announce(b.c, {.runs = dual})->may_write);
}

TEST_CASE("announcer: the newer process of a name wins, and the older one may not write any more") {
    service_bench b;
    node_announcer older(b.state, node("me"));
    node_announcer newer(b.state, node("me"));
    REQUIRE(older.announce(b.c, {.runs = dual}));
    REQUIRE(newer.announce(b.c, {.runs = dual}));
    const auto refused = older.announce(b.c, {.runs = dual});
    CHECK(refused.error().code == errc::conflict);
    CHECK(refused.error().message == "another process announces itself as node me");
    CHECK(older.may_write(b.c, dual).error().code == errc::blocked);
    CHECK(newer.announce(b.c, {.runs = dual})->may_write);
    CHECK(older.withdraw(b.c));  // not its record any more
    CHECK(read_stage(b.state, b.c)->nodes.size() == 1);
}

TEST_CASE("announcer: whoever moves the stage has seen every node that joined before") {
    // The operator reads the stage and the nodes; then a node joins; then the operator's change arrives.
    const auto script = std::make_shared<blobshift::testing::fault_script>();
    service_bench b;
    REQUIRE(set_stage(b.state, b.c, dual)->refused.empty());
    const stage_view seen = read_stage(b.state, b.c).value();
    for (const bool again : {false, true}) {
        CAPTURE(again);
        node_announcer joins(b.state, node(again ? "b" : "a"));
        if (again) REQUIRE(joins.announce(b.c, {.runs = dual}));
        const stage_view before = again ? read_stage(b.state, b.c).value() : seen;
        CHECK(joins.announce(b.c, {.runs = old_names})->may_write);  // joins, or goes back by one
        CHECK(detail::write_stage_record(b.state, b.c, before, {.wanted = new_names, .epoch = 99}).error().code ==
              errc::condition_failed);
    }
    // Without a change there is no change of the stage either.
    node_announcer steady(b.state, node("c"));
    REQUIRE(steady.announce(b.c, {.runs = dual}));
    const stage_view before = read_stage(b.state, b.c).value();
    REQUIRE(steady.announce(b.c, {.runs = dual, .other_calls = 1, .fallback_reads = 7}));
    CHECK(read_stage(b.state, b.c)->stage == before.stage);
    CHECK(read_stage(b.state, b.c)->nodes.back().status.fallback_reads == 7);
    CHECK(read_stage(b.state, b.c)->nodes.back().epoch == before.stage->epoch);
}

TEST_CASE("announcer: a node that was forgotten joins anew, and must fit") {
    service_bench b;
    node_announcer gone(b.state, node("gone"));
    node_announcer other(b.state, node("other"));
    REQUIRE(gone.announce(b.c, {.runs = old_names}));
    b.clock.advance(61s);
    REQUIRE(forget_node(b.state, b.c, node("gone")).value());
    REQUIRE(other.announce(b.c, {.runs = dual})->may_write);
    REQUIRE(other.announce(b.c, {.runs = new_names})->may_write);
    const std::uint64_t epoch = read_stage(b.state, b.c)->stage->epoch;
    CHECK_FALSE(gone.announce(b.c, {.runs = old_names})->may_write);
    CHECK(read_stage(b.state, b.c)->stage->epoch > epoch);
    CHECK(read_stage(b.state, b.c)->nodes.size() == 2);
}

TEST_CASE("announcer: a lost stage record is made from what the nodes run") {
    service_bench b;
    node_announcer one(b.state, node("one"));
    node_announcer two(b.state, node("two"));
    REQUIRE(one.announce(b.c, {.runs = dual}));
    REQUIRE(two.announce(b.c, {.runs = new_names})->may_write);
    b.state.remove(b.c, name(".blobshift/stage"), {}).value();
    CHECK(one.announce(b.c, {.runs = dual})->may_write);
    CHECK(b.wanted() == new_names);
}

TEST_CASE("announcer: a node that withdraws may not write, and nobody waits for it") {
    service_bench b;
    node_announcer me(b.state, node("me"));
    CHECK(me.withdraw(b.c));  // nothing to take back
    REQUIRE(me.announce(b.c, {.runs = old_names}));
    CHECK(me.withdraw(b.c));
    CHECK(me.may_write(b.c, old_names).error().message == "this node may not write: this node has withdrawn");
    CHECK(read_stage(b.state, b.c)->nodes.empty());
    CHECK(me.announce(b.c, {.runs = old_names})->may_write);
    const auto script = std::make_shared<blobshift::testing::fault_script>();
    service_bench f{any_store(blobshift::testing::flaky_store(script))};
    node_announcer it(f.state, node("it"));
    REQUIRE(it.announce(f.c, {.runs = old_names}));
    script->fail_before(operation::remove, make_error(errc::unavailable, "down"));
    CHECK(it.withdraw(f.c).error().code == errc::unavailable);
    CHECK_FALSE(it.may_write(f.c, old_names));
    CHECK(it.withdraw(f.c));  // and again, until it is off the record
    CHECK(read_stage(f.state, f.c)->nodes.empty());
}

TEST_CASE("announcer: a record of its own that is no record is refused, and so is a stage that never stands still") {
    service_bench b;
    b.state.put(b.c, name(".blobshift/nodes/me"), as_bytes(std::string_view("x")), {}, {}).value();
    node_announcer me(b.state, node("me"));
    CHECK(me.announce(b.c, {.runs = dual}).error().code == errc::corrupt);
    CHECK_FALSE(me.may_write(b.c, dual));
    for (const int from : {0, 1}) {  // the node's own record, the stage record
        CAPTURE(from);
        const auto script = std::make_shared<blobshift::testing::fault_script>();
        service_bench f{any_store(blobshift::testing::flaky_store(script))};
        node_announcer it(f.state, node("it"));
        int puts = 0;
        script->by_rule = [&](operation verb) -> std::optional<blobshift::testing::fault> {
            if (verb != operation::put || puts++ < from) return std::nullopt;
            return blobshift::testing::fault{verb, make_error(errc::condition_failed, "changed")};
        };
        CHECK(it.announce(f.c, {.runs = dual}).error().code == errc::conflict);
        CHECK_FALSE(it.may_write(f.c, dual));
    }
}

TEST_CASE("announcer: a forgotten node whose look at the stage fails joins with its next announcement") {
    const auto script = std::make_shared<blobshift::testing::fault_script>();
    service_bench b{any_store(blobshift::testing::flaky_store(script))};
    node_announcer gone(b.state, node("gone"));
    REQUIRE(gone.announce(b.c, {.runs = old_names}));
    b.clock.advance(61s);
    REQUIRE(forget_node(b.state, b.c, node("gone")).value());
    const std::uint64_t epoch = read_stage(b.state, b.c)->stage->epoch;
    int puts = 0;
    script->by_rule = [&](operation verb) -> std::optional<blobshift::testing::fault> {
        if (verb == operation::put) ++puts;
        if (verb != operation::read || puts < 2) return std::nullopt;
        return blobshift::testing::fault{verb, make_error(errc::unavailable, "no answer"),
                                         blobshift::testing::fault::moment::before_effect};
    };
    CHECK_FALSE(gone.announce(b.c, {.runs = old_names}));
    script->by_rule = {};
    CHECK(gone.announce(b.c, {.runs = old_names}));
    CHECK(read_stage(b.state, b.c)->stage->epoch > epoch);  // nobody moves the stage without having seen it
}
