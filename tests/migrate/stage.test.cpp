// SPDX-License-Identifier: MIT
#include <blobshift/migrate/stage.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/migrate/announcer.hpp>

#include "../support/flaky_store.hpp"
#include "../support/virtual_clock.hpp"
#include "archive.hpp"

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using blobshift::testing::name;

node_name node(std::string_view text) { return node_name::parse(text).value(); }

struct stage_bench {
    blobshift::testing::virtual_clock clock;
    context c = blobshift::testing::context_of(clock);
    any_store state;

    explicit stage_bench(any_store s = any_store(memory_store{})) : state(std::move(s)) {}

    /// A node that is at `f`, whatever the stage says of it.
    void at(std::string_view who, format f, std::uint64_t other_calls = 0) {
        node_announcer announcer(state, node(who), {.leads = false});
        announcer.announce(c, {.runs = f, .other_calls = other_calls}).value();
    }
    stage_view view() { return read_stage(state, c).value(); }
    std::map<std::string, std::string> obstacles(const stage_requirement& required) {
        std::map<std::string, std::string> found;
        for (const obstacle& o : obstacles_to(view(), required)) found[o.node] = o.code;
        return found;
    }
};

using codes = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("node name: what may be a segment of a blob's name and is printed") {
    for (const char* right : {"a", "pod-7", "A.b_c-9", ".x",
                              "0123456789012345678901234567890123456789012345678901234567890123"}) {
        CAPTURE(right);
        CHECK(node_name::parse(right).value().text() == right);
    }
    for (const char* wrong : {"", ".", "..", "a.", "a/b", "a b", "\xC3\xA4", "a\n",
                              "01234567890123456789012345678901234567890123456789012345678901234"}) {
        CAPTURE(wrong);
        CHECK(node_name::parse(wrong).error().code == errc::invalid_argument);
    }
}

TEST_CASE("stage: without a service that announces itself there is no barrier") {
    stage_bench b;
    CHECK_FALSE(b.view().has_barrier());
    for (const stage_requirement& any :
         {stage_for_copy, stage_for_delete, stage_for_rollback, stage_without_new_names}) {
        CHECK(obstacles_to(b.view(), any).empty());
    }
}

TEST_CASE("stage: an operation is told each node that stands in its way, by name and with the reason") {
    stage_bench b;
    b.at("early", format::old_names);
    b.at("middle", format::dual);
    b.at("busy", format::new_names, 3);
    b.at("late", format::new_names);
    CHECK(b.obstacles(stage_for_copy) == codes{{"early", "node_behind"}, {"busy", "node_not_drained"}});
    CHECK(b.obstacles(stage_for_delete) == codes{{"early", "node_behind"},
                                                 {"middle", "node_behind"},
                                                 {"busy", "node_not_drained"},
                                                 {"", "stage_behind"}});
    CHECK(b.obstacles(stage_for_rollback) == codes{{"busy", "node_ahead"}, {"late", "node_ahead"}});
    CHECK(b.obstacles(stage_without_new_names) ==
          codes{{"middle", "node_ahead"}, {"busy", "node_ahead"}, {"late", "node_ahead"}});
    CHECK(obstacles_to(b.view(), stage_for_copy)[1].text ==
          "node early runs Old, and it must be Dual or later: change its setting and restart it, or stop it");
    CHECK(obstacles_to(b.view(), stage_for_copy)[0].text ==
          "node busy still works on 3 calls that began under another format: wait for their end");
    b.clock.advance(61s);
    for (const auto& found : b.obstacles(stage_for_copy)) {
        CAPTURE(found.first);
        CHECK(found.second == "node_stale");
    }
    CHECK(b.obstacles(stage_for_copy).size() == 4);
    CHECK(obstacles_to(b.view(), stage_for_copy)[0].text ==
          "node busy has not announced itself for 61 s: start it again, or forget it if it is gone for good");
}

TEST_CASE("stage: a node whose clock is ahead by more than its lease is as good as stale") {
    stage_bench b;
    stage_bench ahead;
    ahead.clock.advance(100s);
    node_announcer announcer(b.state, node("fast"));
    announcer.announce(ahead.c, {.runs = format::dual}).value();
    const auto found = obstacles_to(b.view(), stage_for_copy);
    REQUIRE(found.size() == 1);
    CHECK(found[0].code == "node_stale");
    CHECK(found[0].text.find("by a clock that is ahead by 100 s") != std::string::npos);
}

TEST_CASE("stage: an operator sets it, one step at a time while there are nodes") {
    stage_bench b;
    CHECK(set_stage(b.state, b.c, format::old_names)->stage == stage_record{format::old_names, seal_state::open, 1});
    SUBCASE("nobody is there: any step") {
        CHECK(set_stage(b.state, b.c, format::new_names)->stage.epoch == 2);
        CHECK(set_stage(b.state, b.c, format::new_names)->stage.epoch == 2);  // no change, no new epoch
        CHECK(b.view().stage->wanted == format::new_names);
    }
    SUBCASE("up, when every node is at the step before or at the new one") {
        b.at("a", format::old_names);
        b.at("b", format::dual);
        CHECK(set_stage(b.state, b.c, format::new_names)->refused.at(0).code == "node_behind");
        CHECK(set_stage(b.state, b.c, format::dual)->refused.empty());
        const stage_change refused = set_stage(b.state, b.c, format::new_names).value();
        REQUIRE(refused.refused.size() == 1);
        CHECK(refused.refused[0].node == "a");
        CHECK(refused.refused[0].text ==
              "node a runs Old, more than one step from New: change its format first");
        CHECK(refused.stage.wanted == format::dual);
        CHECK(b.view().stage->wanted == format::dual);
    }
    SUBCASE("not while the calls of a node at the step before began even earlier") {
        REQUIRE(set_stage(b.state, b.c, format::dual)->refused.empty());
        b.at("a", format::dual, 1);
        CHECK(set_stage(b.state, b.c, format::new_names)->refused.at(0).code == "node_not_drained");
        b.at("a", format::new_names, 1);  // these began at Dual
        CHECK(set_stage(b.state, b.c, format::new_names)->refused.empty());
    }
    SUBCASE("down, when no node and no call is above") {
        REQUIRE(set_stage(b.state, b.c, format::new_names)->refused.empty());
        b.at("a", format::new_names);
        CHECK(set_stage(b.state, b.c, format::dual)->refused.at(0).code == "node_ahead");
        b.at("a", format::dual, 2);
        CHECK(set_stage(b.state, b.c, format::dual)->refused.at(0).code == "node_not_drained");
        b.at("a", format::dual);
        CHECK(set_stage(b.state, b.c, format::dual)->refused.empty());
    }
    SUBCASE("not while nothing is known of a node") {
        b.at("a", format::old_names);
        b.clock.advance(61s);
        CHECK(set_stage(b.state, b.c, format::dual)->refused.at(0).code == "node_stale");
    }
}

TEST_CASE("stage: it does not move past a node that joins meanwhile, before whichever request") {
    int at = 1;
    for (bool joined = true; joined; ++at) {
        CAPTURE(at);
        joined = false;
        blobshift_tests::hooked_store inner;
        auto& hook = inner.hook();
        stage_bench b{any_store(std::move(inner))};
        REQUIRE(set_stage(b.state, b.c, format::dual)->refused.empty());
        b.at("there", format::dual);
        int requests = 0;
        hook.before = [&](std::string_view, std::string_view) -> std::optional<error> {
            if (++requests != at) return std::nullopt;
            joined = true;
            node_announcer late(b.state, node("late"), {.leads = false});
            CHECK(late.announce(b.c, {.runs = format::old_names})->may_write);  // one step behind the stage as it is
            return std::nullopt;
        };
        const stage_change change = set_stage(b.state, b.c, format::new_names).value();
        hook.before = {};
        CHECK(change.refused.empty() == !joined);
        CHECK(b.view().stage->wanted == (joined ? format::dual : format::new_names));
    }
    CHECK(at > 4);
}

TEST_CASE("stage: a lost record is made again only where the nodes fit") {
    stage_bench b;
    b.at("a", format::new_names);
    b.state.remove(b.c, name(".blobshift/stage"), {}).value();
    CHECK(b.view().has_barrier());
    CHECK(b.obstacles(stage_for_delete) == codes{{"", "stage_missing"}});
    CHECK(set_stage(b.state, b.c, format::old_names)->refused.at(0).code == "node_ahead");
    CHECK(set_stage(b.state, b.c, format::dual)->refused.at(0).code == "node_ahead");
    CHECK(set_stage(b.state, b.c, format::new_names)->refused.empty());
    CHECK(b.obstacles(stage_for_delete).empty());
}

TEST_CASE("stage: a node is forgotten only when its lease is over") {
    stage_bench b;
    CHECK_FALSE(forget_node(b.state, b.c, node("a")).value());
    b.at("a", format::old_names);
    b.clock.advance(20s);
    const auto refused = forget_node(b.state, b.c, node("a"));
    CHECK(refused.error().code == errc::blocked);
    CHECK(refused.error().message == "node a announced itself 20 s ago, and that counts for 60 s: stop it, and wait");
    b.clock.advance(41s);
    CHECK(b.obstacles(stage_for_copy) == codes{{"a", "node_stale"}});
    CHECK(forget_node(b.state, b.c, node("a")).value());
    CHECK(b.obstacles(stage_for_copy).empty());
}

TEST_CASE("stage: records that are corrupt or foreign are refused with their line, and left as they are") {
    const auto lines = [](std::string_view kind, std::string_view record) {
        journal_lines document(kind);
        document.append(record);
        return document.text();
    };
    struct row {
        const char* where;
        std::string text;
        errc code;
        std::string_view says;
    };
    const row rows[] = {
        {".blobshift/stage", "Dual", errc::corrupt, "line 1"},
        {".blobshift/stage", lines("node", "x"), errc::unsupported, "line 1"},
        {".blobshift/stage", lines("stage", "Dual\topen\t1"), errc::corrupt, "line 2 of the stage record is malformed"},
        {".blobshift/stage", lines("stage", "Twin\topen\t1\t1"), errc::corrupt, "line 2"},
        {".blobshift/stage", lines("stage", "Dual\tajar\t1\t1"), errc::corrupt, "line 2"},
        {".blobshift/nodes/a", "Dual", errc::corrupt, "line 1"},
        {".blobshift/nodes/a", lines("node", "Dual\t0"), errc::corrupt, "line 2 of the node record is malformed"},
        {".blobshift/nodes/a", lines("node", "Twin\t0\t0\t0\t0\t0\t0\t0"), errc::corrupt, "line 2"},
        {".blobshift/nodes/b c", "x", errc::corrupt, "a foreign blob lies among the nodes"},
    };
    for (const row& r : rows) {
        CAPTURE(r.text);
        stage_bench b;
        b.state.put(b.c, name(r.where), as_bytes(std::string_view(r.text)), {}, {}).value();
        for (const auto& refused :
             {read_stage(b.state, b.c).error(), set_stage(b.state, b.c, format::dual).error()}) {
            CHECK(refused.code == r.code);
            CHECK(refused.message.find(r.says) != std::string::npos);
        }
        if (std::string_view(r.where) == ".blobshift/nodes/a") {
            CHECK(forget_node(b.state, b.c, node("a")).error().code == r.code);
        }
        CHECK(as_text(read_all(b.state, b.c, name(r.where), 1000)->content) == r.text);
    }
}

TEST_CASE("stage: a failing store is an error, never an empty stage") {
    const auto script = std::make_shared<blobshift::testing::fault_script>();
    stage_bench b{any_store(blobshift::testing::flaky_store(script))};
    b.at("a", format::old_names);
    for (const auto verb : {operation::read, operation::list}) {
        script->fail_before(verb, make_error(errc::permission_denied, "no"));
        CHECK(read_stage(b.state, b.c).error().code == errc::permission_denied);
    }
    script->fail_before(operation::read, make_error(errc::permission_denied, "no"));
    CHECK(forget_node(b.state, b.c, node("a")).error().code == errc::permission_denied);
    b.clock.advance(61s);
    script->fail_before(operation::remove, make_error(errc::condition_failed, "changed"));
    CHECK(forget_node(b.state, b.c, node("a")).error().code == errc::blocked);
    script->fail_before(operation::remove, make_error(errc::unavailable, "down"));
    CHECK(forget_node(b.state, b.c, node("a")).error().code == errc::unavailable);
    CHECK(forget_node(b.state, b.c, node("a")).value());
    script->fail_before(operation::put, make_error(errc::no_space, "full"));
    CHECK(set_stage(b.state, b.c, format::dual).error().code == errc::no_space);
    for (int i = 0; i < 8; ++i) script->fail_before(operation::put, make_error(errc::condition_failed, "changed"));
    CHECK(set_stage(b.state, b.c, format::dual).error().code == errc::conflict);
    script->fail_before(operation::put, make_error(errc::condition_failed, "changed"));
    CHECK(set_stage(b.state, b.c, format::dual)->stage.wanted == format::dual);  // once is no reason to give up
}
