// SPDX-License-Identifier: MIT
#include <blobshift/migrate/seal.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/rollback.hpp>
#include <blobshift/migrate/scope.hpp>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using namespace std::chrono_literals;
using enum format;
using enum blob_kind;

using strings = std::vector<std::string>;

/// An archive whose old names are deleted, with all the records that this leaves.
struct deleted_archive : two_containers {
    explicit deleted_archive(medium where = medium::memory) : two_containers(where) {
        for (std::int64_t w = 1; w <= 5; ++w) store(old_names, w);
        const auto m = all();
        for (const auto& job : m.jobs) {
            REQUIRE(copy_blobs(job, c)->complete);
            REQUIRE(remove_sources(job, c)->complete);
        }
    }
    [[nodiscard]] stage_view view() { return read_stage(state, c).value(); }
    /// A removal that tells another instance's watermark.
    void record_contradiction(std::int64_t watermark) {
        instance_id other = id(watermark);
        other.sop += ".9";
        deletion_log(state).record(c, std::vector{other}).value();
    }
    /// Everything below the reserved prefix that could tell of an old name.
    [[nodiscard]] std::size_t records() {
        std::size_t count = 0;
        for (any_store* each : {&files_state, &metadata_state, &state}) {
            for (const std::string_view kind : {"ledger", "evidence", "deletions", "repairs"}) {
                count += list_all(*each, c, {.prefix = ".blobshift/" + std::string(kind) + "/"})->blobs.size();
            }
        }
        return count;
    }
};

}  // namespace

TEST_CASE("seal: everything that tells of old names is destroyed, and services may stop looking for them") {
    for (const medium where : {medium::memory, medium::disk}) {
        deleted_archive t(where);
        t.record_removal(9);  // carried out by its service
        CHECK(t.records() > 0);
        const seal_summary done = seal(t.all(), t.c).value();
        CHECK(done.complete);
        CHECK(done.refused.empty());
        CHECK(done.segments >= 3);
        CHECK(t.records() == 0);
        CHECK(t.view().stage->seal == seal_state::sealed);
        CHECK(t.view().is_sealed());
        CHECK(t.everything().size() == 15);
        CHECK(codes_of(roll_back(t.all(), t.c)->refused) == strings{"sealed"});
        CHECK(set_stage(t.state, t.c, dual)->refused.at(0).code == "sealed");
        const seal_summary again = seal(t.all(), t.c).value();
        CHECK(again.complete);
        CHECK(again.segments == 0);
    }
}

TEST_CASE("seal: made again, it is refused for an old name that came since, and destroys what its delete recorded") {
    deleted_archive t;
    REQUIRE(seal(t.all(), t.c)->complete);
    t.put(old_names, 7, metadata);
    const seal_summary again = seal(t.all(), t.c).value();
    CHECK_FALSE(again.complete);
    CHECK(codes_of(again.refused) == strings{"old_names"});
    const auto m = t.all();
    REQUIRE(copy_blobs(m.jobs[1], t.c)->complete);
    REQUIRE(remove_sources(m.jobs[1], t.c)->complete);
    CHECK(t.records() > 0);
    CHECK(seal(t.all(), t.c)->complete);
    CHECK(t.records() == 0);
}

TEST_CASE("seal: refused, changing nothing, while anything is left to do") {
    deleted_archive t;
    const char* code = "";
    SUBCASE("an old name, in either container") {
        t.put(old_names, 1, metadata);
        code = "old_names";
    }
    SUBCASE("an old name that has no new one at all") {
        t.metadata.put(t.c, name_of("1.2.3_7_42_workitem.json"), as_bytes(std::string_view("x")), {}, {}).value();
        code = "old_names";
    }
    SUBCASE("a container of the service that is not looked at") {
        REQUIRE(record_scope(t.state, t.c, 3));
        code = "container_missing";
    }
    SUBCASE("a removal that was not carried out") {
        t.record_removal(1);
        code = "pending_removals";
    }
    SUBCASE("a removal that the undo ledger contradicts, whether the other instance is still there or not") {
        t.record_contradiction(1);
        for (const blob_kind kind : {instance, metadata, frame_ranges}) t.remove(new_names, 1, kind);
        t.record_contradiction(2);
        code = "contradicted_removals";
    }
    SUBCASE("an entry of the repair list") {
        t.record_repair(1);
        code = "open_repairs";
    }
    SUBCASE("a node that is not at New") {
        t.announce("a", new_names);
        t.announce("b", dual);
        code = "node_behind b";
    }
    SUBCASE("a stale node") {
        t.announce("a", new_names);
        t.clock.advance(61s);
        code = "node_stale a";
    }
    SUBCASE("an operation that runs") {
        REQUIRE(running_operation::start(t.state, t.c, operation_id::make(), operation_kind::copy));
        code = "operation_running";
    }
    const std::size_t records = t.records();
    const seal_summary done = seal(t.all(), t.c).value();
    CHECK(codes_of(done.refused) == strings{code});
    CHECK_FALSE(done.complete);
    CHECK(t.records() == records);
    CHECK_FALSE(t.view().is_sealed());
}

TEST_CASE("seal: it waits until every node has announced that it looks for no old name any more") {
    deleted_archive t;
    node_announcer a(t.state, node_name::parse("a").value());
    node_announcer b(t.state, node_name::parse("b").value());
    REQUIRE(a.announce(t.c, {.runs = new_names})->may_write);
    REQUIRE(b.announce(t.c, {.runs = new_names})->may_write);
    t.options.dry_run = true;
    CHECK_FALSE(seal(t.all(), t.c)->complete);
    CHECK_FALSE(t.view().is_sealed());
    t.options.dry_run = false;

    const std::size_t records = t.records();
    const seal_summary decided = seal(t.all(), t.c).value();
    CHECK(decided.refused.empty());
    CHECK_FALSE(decided.complete);
    CHECK(codes_of(decided.waiting) == strings{"node_not_sealed a", "node_not_sealed b"});
    CHECK(t.view().stage->seal == seal_state::sealing);
    CHECK(t.records() == records);

    const write_permit learned = a.announce(t.c, {.runs = new_names}).value();
    CHECK(learned.may_write);  // one step behind
    CHECK(learned.sealed);
    CHECK(a.announce(t.c, {.runs = new_names, .sealed = true})->may_write);
    CHECK(codes_of(seal(t.all(), t.c)->waiting) == strings{"node_not_sealed b"});
    CHECK(b.announce(t.c, {.runs = new_names, .sealed = true, .other_calls = 2})->may_write);
    CHECK(codes_of(seal(t.all(), t.c)->waiting) == strings{"node_not_drained b"});
    CHECK(b.announce(t.c, {.runs = new_names, .sealed = true})->may_write);
    t.record_removal(5);  // the last that b recorded before it was sealed; it died over it
    CHECK(seal(t.all(), t.c)->complete);
    CHECK(t.records() == 0);
    CHECK_FALSE(t.has(new_names, 5));
    node_announcer late(t.state, node_name::parse("late").value());
    CHECK_FALSE(late.announce(t.c, {.runs = dual})->may_write);
}

TEST_CASE("seal: a node that goes silent is waited for, too, until it is forgotten") {
    deleted_archive t;
    t.announce("a", new_names);
    REQUIRE_FALSE(seal(t.all(), t.c)->complete);
    t.clock.advance(61s);
    CHECK(codes_of(seal(t.all(), t.c)->waiting) == strings{"node_stale a"});
    REQUIRE(forget_node(t.state, t.c, node_name::parse("a").value()).value());
    CHECK(seal(t.all(), t.c)->complete);
}

TEST_CASE("seal: killed at any request to the state, and run again, it is whole") {
    for (int dies_at = 1;; ++dies_at) {
        CAPTURE(dies_at);
        deleted_archive t;
        hooked_store doomed;
        auto& hook = doomed.hook();
        t.state = any_store(std::move(doomed));
        REQUIRE(dies_at < 200);
        t.record_removal(9);
        int calls = 0;
        bool died = false;
        hook.before = [&](std::string_view, std::string_view) -> std::optional<error> {
            died = died || ++calls >= dies_at;
            return died ? std::optional(make_error(errc::unavailable, "gone")) : std::nullopt;
        };
        const auto first = seal(t.all(), t.c);
        hook.before = {};
        if (first && first->complete) break;
        CHECK_FALSE(first);
        CHECK(seal(t.all(), t.c)->complete);
        CHECK(t.records() == 0);
        CHECK(t.view().stage->seal == seal_state::sealed);
        CHECK(t.everything().size() == 15);
    }
}

TEST_CASE("seal: a node that joins while it looks around makes it fail rather than not see the node") {
    deleted_archive t;
    REQUIRE(set_stage(t.state, t.c, new_names));
    bool once = true;
    t.files_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "list" && std::exchange(once, false)) t.announce("late", dual);
        return std::nullopt;
    };
    const auto done = seal(t.all(), t.c);
    if (done) {
        CHECK(codes_of(done->refused) == strings{"node_behind late"});
    } else {
        CHECK(done.error().code == errc::conflict);
    }
    CHECK_FALSE(t.view().is_sealed());
}

TEST_CASE("seal: blobs of removed instances that cannot be removed hold it up; a listing that fails is an error") {
    deleted_archive t;
    t.announce("a", new_names);
    REQUIRE_FALSE(seal(t.all(), t.c)->complete);
    t.record_removal(1);
    t.announce("a", new_names, true);
    t.files_hook->before = [](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "remove") return make_error(errc::blocked, "held");
        return std::nullopt;
    };
    CHECK(codes_of(seal(t.all(), t.c)->waiting) == strings{"pending_removals"});
    CHECK(t.recorded_removals() == 1);
    t.record_contradiction(2);  // no waiting helps
    const seal_summary refused = seal(t.all(), t.c).value();
    CHECK(codes_of(refused.refused) == strings{"contradicted_removals"});
    CHECK(refused.waiting.empty());
    CHECK(t.recorded_removals() == 2);
    deleted_archive u;
    u.metadata_hook->before = [](std::string_view, std::string_view) -> std::optional<error> {
        return make_error(errc::unavailable, "down");
    };
    CHECK(seal(u.all(), u.c).error().code == errc::unavailable);
}
