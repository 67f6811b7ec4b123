// SPDX-License-Identifier: MIT
#include <blobshift/migrate/told_removals.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/rollback.hpp>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using namespace std::chrono_literals;
using enum format;
using enum blob_kind;

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

TEST_CASE("told removals: removals that a feed tells of are carried out, with a watermark or without") {
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

TEST_CASE("told removals: without a watermark nothing goes that may have been stored after the removal") {
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

TEST_CASE("told removals: a feed, a listing or a stop that fails is an error, and a dry run changes nothing") {
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

namespace {

/// Instances that were copied an hour after they were stored, and whose old names are gone.
struct deleted : two_containers {
    utc_time stored = {};

    explicit deleted(std::int64_t instances, std::chrono::hours copied_after = 1h) {
        stored = clock.utc_now();
        for (std::int64_t w = 1; w <= instances; ++w) store(old_names, w);
        clock.advance(copied_after);
        const auto m = all();
        for (const auto& job : m.jobs) REQUIRE(copy_blobs(job, c)->complete);
        for (const auto& job : m.jobs) REQUIRE(remove_sources(job, c)->complete);
    }
    told_summary told(const std::vector<told_removal>& removals) {
        return clean_up_told(all(), c, each_of(removals)).value();
    }
};

}  // namespace

TEST_CASE("told removals: after the delete, the ledger says which version it was, and a rollback does not miss it") {
    deleted t(3);
    const utc_time now = t.clock.utc_now();
    SUBCASE("its copy is older than the removal") {
        const told_summary done = t.told({{.id = without_watermark(2), .when = now + 1h}});
        CHECK(done.complete);
        CHECK(done.removals.names == 3);
        CHECK(t.told({{.id = without_watermark(2), .when = now + 1h}}).complete);
    }
    SUBCASE("its copy is younger: it may have been stored after the removal") {
        const told_summary done = t.told({{.id = without_watermark(2), .when = t.stored + 30min}});
        CHECK_FALSE(done.complete);
        CHECK(done.alive == 1);
        CHECK(t.everything().size() == 9);
        t.told({{.id = two_containers::id(2)}});
    }
    SUBCASE("it was removed already") {
        for (const blob_kind kind : {instance, metadata, frame_ranges}) t.remove(new_names, 2, kind);
        CHECK_FALSE(roll_back(t.all(), t.c)->complete);
        for (const blob_kind kind : {instance, metadata}) CHECK_FALSE(t.has(old_names, 2, kind));
        for (const auto& job : t.all().jobs) REQUIRE(remove_sources(job, t.c)->complete);
        CHECK(t.told({{.id = without_watermark(2), .when = t.stored + 30min}}).complete);
    }
    SUBCASE("its watermark is told") { CHECK(t.told({{.id = two_containers::id(2)}}).removals.names == 3); }
    CHECK(t.everything().size() == 6);
    CHECK(roll_back(t.all(), t.c)->complete);
    CHECK_FALSE(t.has(old_names, 2));
}

TEST_CASE("told removals: nothing goes whose watermark is another instance's, by the ledger or an old name") {
    instance_id stranger = two_containers::id(2);
    stranger.sop += ".9";
    SUBCASE("by the ledger") {
        deleted t(3);
        const told_summary done = t.told({{.id = stranger}, {.id = two_containers::id(1)}});
        CHECK_FALSE(done.complete);
        CHECK(done.told == 2);
        CHECK(done.removals.outcomes.objects(outcome::collision) == 1);
        CHECK(t.has(new_names, 2));
        CHECK(t.has(new_names, 2, frame_ranges));
        CHECK_FALSE(t.has(new_names, 1));
    }
    SUBCASE("by an old name") {
        two_containers t;
        t.store(dual, 2);
        const std::vector<told_removal> removals = {{.id = stranger}};
        const told_summary done = clean_up_told(t.all(), t.c, each_of(removals)).value();
        CHECK_FALSE(done.complete);
        CHECK(done.removals.outcomes.objects(outcome::collision) == 1);
        CHECK(t.everything().size() == 5);
    }
    SUBCASE("not by a work item with the same number") {
        two_containers t;
        t.store(new_names, 2);
        ledger_writer ledger(t.metadata_state);
        const instance_id item{.sop = "1.2", .watermark = 2};
        if (auto older = t.from.name_of(item, work_item)) {
            ledger.add(older->text(), t.to.name_of(item, work_item)->text(), 1);
            REQUIRE(ledger.flush(t.c));
        }
        const std::vector<told_removal> removals = {{.id = two_containers::id(2)}};
        CHECK(clean_up_told(t.all(), t.c, each_of(removals))->removals.names == 3);
    }
}

TEST_CASE("told removals: one of no known version is long gone, or may be a new name that nobody knows") {
    deleted t(2);
    const utc_time now = t.clock.utc_now();
    const std::vector<told_removal> long_gone = {{.id = without_watermark(7), .when = now}};
    CHECK(t.told(long_gone).complete);
    t.clock.advance(1h);
    t.store(new_names, 9);              // by a service that keeps no ledger
    CHECK(t.told(long_gone).complete);  // it was removed before that was stored
    const told_summary done = t.told({long_gone[0], {.id = without_watermark(9), .when = now + 2h}});
    CHECK_FALSE(done.complete);
    CHECK(done.unknown == 2);
    CHECK(done.removals.complete);
    CHECK(t.told({{.id = without_watermark(7), .when = now + 1h - 299s}}).unknown == 1);  // clocks may differ so much
    CHECK(t.told({{.id = without_watermark(7)}}).unknown == 1);                           // nobody knows when
    CHECK(t.has(new_names, 9));
}

TEST_CASE("told removals: one of which nobody knows when makes every nameless new name doubtful, in whichever order") {
    for (const bool first : {true, false}) {
        CAPTURE(first);
        deleted t(2);
        const utc_time long_ago = t.clock.utc_now();
        t.clock.advance(1h);
        t.store(new_names, 9);  // by a service that keeps no ledger
        const told_removal untimed = {.id = without_watermark(first ? 7 : 8)};
        const told_removal timed = {.id = without_watermark(first ? 8 : 7), .when = long_ago};
        CHECK(t.told({timed}).complete);
        const told_summary done = t.told({timed, untimed});
        CHECK_FALSE(done.complete);
        CHECK(done.unknown == 2);
        CHECK(t.has(new_names, 9));
    }
}

TEST_CASE("told removals: a younger new name keeps its instance, in whichever container it is") {
    for (const bool metadata_first : {false, true}) {
        CAPTURE(metadata_first);
        deleted t(2);
        t.put(old_names, 9, instance);  // without metadata
        const utc_time stored = t.clock.utc_now();
        t.clock.advance(1h);
        const auto m = t.all();
        REQUIRE(copy_blobs(m.jobs[0], t.c)->complete);
        REQUIRE(remove_sources(m.jobs[0], t.c)->complete);
        const std::vector<told_removal> removals = {{.id = without_watermark(9), .when = stored + 30min}};
        const migration all{metadata_first ? std::vector{m.jobs[1], m.jobs[0]} : m.jobs, t.state};
        const told_summary done = clean_up_told(all, t.c, each_of(removals)).value();
        CHECK(done.alive == 1);
        CHECK(done.removals.names == 0);
        CHECK(t.has(new_names, 9));
    }
}

TEST_CASE("told removals: an instance that is being stored in New just now is not taken for one that is gone") {
    deleted t(2);
    t.clock.advance(1h);
    // What a service puts on record first, as `instance_hooks::before_new_name_only` has it.
    ledger_writer records(t.files_state);
    records.add(t.name(old_names, 9, instance).text(), t.name(new_names, 9, instance).text(), 0);
    REQUIRE(records.flush(t.c));
    bool stored = false;
    t.metadata_hook->after = [&](std::string_view verb, std::string_view name) {  // it was the last look
        if (stored || verb != "head" || name != t.name(new_names, 9, frame_ranges).text()) return;
        stored = true;
        t.store(new_names, 9);
    };
    const std::vector<told_removal> removals = {{.id = without_watermark(9), .when = t.clock.utc_now() - 10min}};
    CHECK(t.told(removals).removals.names == 0);
    REQUIRE(stored);
    CHECK(t.has(new_names, 9));
    CHECK(t.told(removals).alive == 1);
    CHECK(t.has(new_names, 9));
}
