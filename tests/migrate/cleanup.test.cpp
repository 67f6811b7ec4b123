// SPDX-License-Identifier: MIT
#include <blobshift/migrate/cleanup.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using namespace std::chrono_literals;
using enum format;
using enum blob_kind;

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("cleanup: removals and repairs are carried out, and then forgotten, where no service announces itself") {
    for (const medium where : {medium::memory, medium::disk}) {
        two_containers t(where);
        for (std::int64_t w = 1; w <= 6; ++w) t.store(dual, w);
        t.record_removal(1);
        t.record_removal(2);
        t.record_repair(3);
        t.remove(new_names, 3, instance);
        t.record_repair(2);  // of an instance that was removed since
        t.remove(new_names, 2, instance);
        const cleanup_summary done = clean_up(t.all(), t.c).value();
        CHECK(done.complete);
        CHECK(done.kept.empty());
        CHECK(done.removals.removals == 2);
        CHECK(t.has(new_names, 3));
        for (const format f : {old_names, new_names}) CHECK_FALSE(t.has(f, 2));
        CHECK(t.everything().size() == 4 * 5);
        CHECK(t.recorded_removals() == 0);
        CHECK(t.recorded_repairs() == 0);
        CHECK(clean_up(t.all(), t.c)->complete);
    }
}

TEST_CASE("cleanup: with a dry run it says what is left and changes nothing") {
    two_containers t;
    t.store(dual, 1);
    t.record_removal(1);
    t.options.dry_run = true;
    const auto before = t.everything();
    const cleanup_summary done = clean_up(t.all(), t.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.removals.names == 5);
    CHECK(t.everything() == before);
    CHECK(t.recorded_removals() == 1);
}

TEST_CASE("cleanup: records are kept while a node could write both names, an operation runs, or a container is missing") {
    two_containers t;
    t.store(dual, 1);
    t.record_removal(1);
    t.record_repair(1);
    const auto kept = [&](cleanup_options options = {}) {
        const cleanup_summary done = clean_up(t.all(), t.c, options).value();
        CHECK(done.complete);
        CHECK(t.everything().empty());
        return codes_of(done.kept);
    };
    SUBCASE("a node at Dual") {
        t.announce("a", dual);
        t.announce("b", new_names);
        CHECK(kept() == strings{"node_behind a", "stage_behind"});
    }
    SUBCASE("a stale node") {
        t.announce("a", new_names);
        t.clock.advance(61s);
        CHECK(kept() == strings{"node_stale a"});
    }
    SUBCASE("a copy that runs") {
        REQUIRE(running_operation::start(t.state, t.c, operation_id::make(), operation_kind::copy));
        CHECK(kept() == strings{"operation_running"});
    }
    SUBCASE("a container that was not looked at") {
        REQUIRE(record_scope(t.state, t.c, 3));
        CHECK(kept() == strings{"container_missing"});
    }
    SUBCASE("the caller wants it") { CHECK(kept({.erase = false}).empty()); }
    CHECK(t.recorded_removals() == 1);
    CHECK(t.recorded_repairs() == 1);
}

TEST_CASE("cleanup: records are forgotten when every node is at New, and a cleanup is no obstacle to a cleanup") {
    two_containers t;
    t.store(dual, 1);
    t.record_removal(1);
    t.announce("a", new_names);
    REQUIRE(running_operation::start(t.state, t.c, operation_id::make(), operation_kind::cleanup));
    CHECK(clean_up(t.all(), t.c)->kept.empty());
    CHECK(t.recorded_removals() == 0);
}

TEST_CASE("cleanup: what could not be done keeps its record, and what came meanwhile does, too") {
    two_containers t;
    t.store(dual, 1);
    t.put(old_names, 2, instance, "the one");
    t.put(new_names, 2, instance, "another");
    t.record_removal(1);
    t.record_repair(2);
    bool once = true;
    t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "remove" && std::exchange(once, false)) t.record_removal(9);
        if (verb == "remove" && name == t.name(old_names, 1, instance).text()) return make_error(errc::blocked, "held");
        return std::nullopt;
    };
    const cleanup_summary held = clean_up(t.all(), t.c).value();
    CHECK_FALSE(held.complete);
    CHECK(t.recorded_removals() == 2);
    CHECK(t.recorded_repairs() == 1);
    once = true;
    t.files_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "remove" && std::exchange(once, false)) t.record_removal(10);
        return std::nullopt;
    };
    const cleanup_summary done = clean_up(t.all(), t.c).value();
    CHECK(done.removals.complete);
    CHECK_FALSE(done.repairs.complete);
    CHECK(t.recorded_removals() == 1);  // number 10, which came after the log was read
    CHECK(t.recorded_repairs() == 1);
}

TEST_CASE("cleanup: errors of the log, the list, the stage and the operations are errors") {
    const char* const broken[] = {".blobshift/deletions/00000000000000000002", ".blobshift/repairs/00000000000000000002",
                                  ".blobshift/stage", ".blobshift/operations/1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1"};
    for (const char* where : broken) {
        CAPTURE(where);
        two_containers t;
        t.store(dual, 1);
        t.record_removal(1);
        t.record_repair(1);
        t.state.put(t.c, name_of(where), as_bytes(std::string_view("x\n")), {}, {}).value();
        CHECK(clean_up(t.all(), t.c).error().code == errc::corrupt);
        CHECK(t.state.head(t.c, name_of(".blobshift/deletions/00000000000000000001"))->size_bytes > 60);
    }
}

TEST_CASE("cleanup: forgotten removals leave the highest watermark in the ledger, and no UID") {
    two_containers t;
    for (const std::int64_t w : {3, 12, 7}) t.store(new_names, w);
    for (const std::int64_t w : {3, 12, 7}) t.record_removal(w);
    REQUIRE(clean_up(t.all(), t.c)->complete);
    CHECK(t.recorded_removals() == 0);
    std::vector<ledger_entry> entries;
    REQUIRE(read_ledger(t.files_state, t.c, [&](const ledger_entry& e) { return entries.push_back(e), result<void>(); }));
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].is_withdrawal());
    CHECK(entries[0].target == t.name(new_names, 12, instance));
    REQUIRE(clean_up(t.all(), t.c)->complete);
}

TEST_CASE("cleanup: a removal that came after the log was read is not given up in the ledger before it is made") {
    two_containers t;
    for (const std::int64_t w : {3, 12}) t.store(new_names, w);
    t.record_removal(3);
    bool once = true;
    t.files_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "remove" && std::exchange(once, false)) t.record_removal(12);
        return std::nullopt;
    };
    REQUIRE(clean_up(t.all(), t.c)->complete);
    CHECK(t.recorded_removals() == 1);
    CHECK(t.has(new_names, 12));
    REQUIRE(read_ledger(t.files_state, t.c, [&](const ledger_entry& e) -> result<void> {
        CHECK_FALSE(e.target == t.name(new_names, 12, instance));
        return {};
    }));
}

TEST_CASE("cleanup: orphans are counted and told, never touched; what the ledger or the scheme explains is none") {
    two_containers t;
    t.store(dual, 1);
    t.store(new_names, 2);  // an orphan file; its frame ranges never had an old name
    t.store(new_names, 3);
    ledger_writer ledger(t.files_state);
    ledger.add(t.name(old_names, 3, instance).text(), t.name(new_names, 3, instance).text(), 1);
    REQUIRE(ledger.flush(t.c));
    const auto before = t.everything();
    const auto all = t.all();
    CHECK(count_orphans(all.jobs[0], t.c).value() == 1);
    CHECK(t.heard.last[t.name(new_names, 2, instance).text()] == "orphan");
    CHECK(count_orphans(all.jobs[1], t.c).value() == 2);  // the metadata of 2 and 3
    CHECK(t.heard.last.count(t.name(new_names, 2, frame_ranges).text()) == 0);
    CHECK(t.everything() == before);
    t.files_hook->before = [](std::string_view, std::string_view) -> std::optional<error> {
        return make_error(errc::unavailable, "down");
    };
    CHECK(count_orphans(all.jobs[0], t.c).error().code == errc::unavailable);
}
