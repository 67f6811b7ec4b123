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

/// Gives the removals in a list.
auto each_of(const std::vector<told_removal>& removals) {
    return [&removals](function_ref<result<void>(const told_removal&)> take) -> result<void> {
        for (const told_removal& each : removals) {
            if (auto taken = take(each); !taken) return taken;
        }
        return {};
    };
}

instance_id without_watermark(std::int64_t watermark) {
    instance_id id = two_containers::id(watermark);
    id.watermark = 0;
    return id;
}

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

TEST_CASE("cleanup: records are kept while a node could still write both names, or another operation runs") {
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

TEST_CASE("cleanup: removals that a feed tells of are carried out, with a watermark or without") {
    for (const medium where : {medium::memory, medium::disk}) {
        two_containers t(where);
        for (std::int64_t w = 1; w <= 4; ++w) t.store(dual, w);
        const utc_time later = t.files.head(t.c, t.name(old_names, 2, instance))->last_modified + 301s;
        const std::vector<told_removal> removals = {{.id = two_containers::id(1)},
                                                    {.id = without_watermark(2), .when = later}};
        const auto all = t.all();
        const told_summary done = clean_up_told(all, t.c, each_of(removals)).value();
        CHECK(done.complete);
        CHECK(done.told == 2);
        CHECK(done.removals.names == 10);
        CHECK(t.everything().size() == 10);
        CHECK(clean_up_told(all, t.c, each_of(removals))->removals.names == 0);
    }
}

TEST_CASE("cleanup: without a watermark nothing goes that may have been stored after the removal") {
    two_containers t;
    instance_id again = two_containers::id(2);  // the same UIDs, stored again later
    again.watermark = 77;
    t.store(dual, 2);
    const utc_time stored = t.clock.utc_now();
    t.clock.advance(1h);
    const utc_time removed = t.clock.utc_now();
    t.clock.advance(10s);
    t.files.put(t.c, t.from.name_of(again, instance).value(), as_bytes(std::string_view("again")), {}, {}).value();

    SUBCASE("the old version goes, the new one stays and is counted") {
        const std::vector<told_removal> removals = {{.id = without_watermark(2), .when = removed}};
        const told_summary done = clean_up_told(t.all(), t.c, each_of(removals)).value();
        CHECK_FALSE(done.complete);
        CHECK(done.alive == 1);
        CHECK(done.removals.names == 5);
        CHECK(t.everything().size() == 1);
    }
    SUBCASE("nothing goes when it is not known when it was removed, when clocks may differ, or when it was replaced") {
        for (const told_removal& removal :
             {told_removal{.id = without_watermark(2)}, told_removal{.id = without_watermark(2), .when = stored + 299s},
              told_removal{.id = without_watermark(2), .when = removed, .replaced = true}}) {
            const std::vector<told_removal> removals = {removal};
            const told_summary done = clean_up_told(t.all(), t.c, each_of(removals)).value();
            CHECK(done.alive == 2);
            CHECK(done.removals.names == 0);
        }
        CHECK(t.everything().size() == 6);
    }
    SUBCASE("nor an instance whose UID only begins alike") {
        t.store(dual, 23);
        instance_id longer = two_containers::id(2);
        longer.sop += "3";
        t.files.put(t.c, t.from.name_of(longer, instance).value(), as_bytes(std::string_view("x")), {}, {}).value();
        const std::vector<told_removal> removals = {{.id = without_watermark(2), .when = removed}};
        REQUIRE(clean_up_told(t.all(), t.c, each_of(removals)));
        CHECK(t.has(old_names, 23));
        CHECK(exists(t.files, t.c, t.from.name_of(longer, instance).value()).value());
    }
    SUBCASE("with a watermark there is no doubt") {
        const std::vector<told_removal> removals = {{.id = again}};
        CHECK(clean_up_told(t.all(), t.c, each_of(removals))->removals.names == 1);
    }
}

TEST_CASE("cleanup: a feed, a listing or a stop that fails is an error, and a dry run changes nothing") {
    two_containers t;
    t.store(dual, 1);
    const std::vector<told_removal> removals = {{.id = without_watermark(1), .when = t.clock.utc_now() + 1h}};
    t.options.dry_run = true;
    CHECK(clean_up_told(t.all(), t.c, each_of(removals))->removals.names == 5);
    CHECK(t.everything().size() == 5);
    t.options.dry_run = false;
    const auto broken = [](function_ref<result<void>(const told_removal&)>) -> result<void> {
        return fail(errc::invalid_argument, "line 3");
    };
    CHECK(clean_up_told(t.all(), t.c, broken).error().message == "line 3");
    t.files_hook->before = [](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "list") return make_error(errc::unavailable, "down");
        return std::nullopt;
    };
    CHECK(clean_up_told(t.all(), t.c, each_of(removals)).error().code == errc::unavailable);
    std::stop_source stop;
    stop.request_stop();
    context c = t.c;
    c.stop = stop.get_token();
    CHECK(clean_up_told(t.all(), c, each_of(removals)).error().code == errc::cancelled);
    t.files_hook->before = {};
    CHECK(t.everything().size() == 5);
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
