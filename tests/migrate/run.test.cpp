// SPDX-License-Identifier: MIT
#include <blobshift/migrate/run.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <blobshift/migrate/rollback.hpp>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using namespace std::chrono_literals;
using enum format;
using enum blob_kind;

using strings = std::vector<std::string>;

/// An operator with the guide's settings file.
struct operator_bench : two_containers {
    run_settings settings{.copy = operation_id::parse("1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1").value(),
                          .remove = operation_id::parse("ce38a27e-b194-4645-b47a-fe91c38c330f").value(),
                          .cleanup = operation_id::parse("d32a0469-9c27-4df3-a1e8-12f7f8fecbc8").value()};
    strings log = {};

    explicit operator_bench(medium where = medium::memory, std::int64_t instances = 10) : two_containers(where) {
        for (std::int64_t w = 1; w <= instances; ++w) store(old_names, w);
    }
    result<run_summary> run(run_options how = {}) {
        log.clear();
        return run_migration(all(), settings, c, [&](std::string_view line) { log.emplace_back(line); }, how);
    }
    void set(format runs, bool start_copy, bool start_delete) {
        settings.runs = runs;
        settings.start_copy = start_copy;
        settings.start_delete = start_delete;
    }
    [[nodiscard]] operation_record record(const operation_id& id) {
        context quiet = c;
        quiet.stop = {};
        return read_operation(state, quiet, id).value().value();
    }
    [[nodiscard]] std::size_t old_names_left() {
        std::size_t count = 0;
        for (const auto& [name, content] : everything()) count += name.find('/') != std::string::npos ? 1 : 0;
        return count;
    }
};

}  // namespace

TEST_CASE("run: the guide with service interruption") {
    for (const medium where : {medium::memory, medium::disk}) {
        operator_bench t(where);
        // 1. StartCopy is set to true.
        t.set(old_names, true, false);
        REQUIRE(t.run()->complete);
        // 2. The log says so; both the new and the old files are there.
        CHECK(t.log == strings{"Completed copying files."});
        CHECK(t.old_names_left() == 20);
        CHECK(t.everything().size() == 50);
        CHECK(t.record(t.settings.copy).status == operation_status::succeeded);
        CHECK(t.record(t.settings.copy).counts.objects == 20);
        // 3. FormatType is set to New and StartDelete to true.
        t.set(new_names, false, true);
        const run_summary done = t.run().value();
        CHECK(done.complete);
        // 4. The log says so.
        CHECK(t.log == strings{"Completed deleting files.", "Completed cleaning up deleted files."});
        CHECK(t.old_names_left() == 0);
        CHECK(t.everything().size() == 30);
        CHECK(done.removed->objects(outcome::removed) == 20);
        CHECK(t.record(t.settings.remove).status == operation_status::succeeded);
        CHECK(t.record(t.settings.cleanup).status == operation_status::succeeded);
        CHECK_FALSE(read_stage(t.state, t.c)->has_barrier());
    }
}

TEST_CASE("run: the guide without service interruption") {
    for (const medium where : {medium::memory, medium::disk}) {
        operator_bench t(where);
        // 1. FormatType is set to Dual: what is uploaded from now on has both names.
        node_announcer node(t.state, node_name::parse("pod").value());
        REQUIRE(node.announce(t.c, {.runs = old_names})->may_write);
        REQUIRE(node.announce(t.c, {.runs = dual})->may_write);
        t.store(dual, 11);
        t.set(dual, true, false);
        REQUIRE(t.run()->complete);
        CHECK(t.log == strings{"Completed copying files."});
        t.store(dual, 12);
        t.record_removal(12);  // a removal that its node did not finish
        REQUIRE(node.announce(t.c, {.runs = new_names})->may_write);
        t.store(new_names, 13);
        t.set(new_names, false, true);
        const run_summary done = t.run().value();
        CHECK(done.complete);
        CHECK(t.log == strings{"Completed deleting files.", "Completed cleaning up deleted files."});
        CHECK(t.old_names_left() == 0);
        CHECK_FALSE(t.has(new_names, 12));
        CHECK(t.has(new_names, 13));
        CHECK(t.recorded_removals() == 0);
    }
}

TEST_CASE("run: settings that contradict are refused with the guide's next step, and nothing is done") {
    operator_bench t;
    const auto before = t.everything();
    const auto refusal = [&] {
        const run_summary done = t.run().value();
        CHECK_FALSE(done.complete);
        CHECK(t.log.empty());
        CHECK(t.everything() == before);
        CHECK(list_operations(t.state, t.c)->empty());
        return done.refused;
    };
    t.set(new_names, true, false);
    CHECK(refusal().at(0).code == "copy_in_new");
    CHECK(refusal().at(0).text ==
          "StartCopy belongs before the switch to New: if the copy is completed, set StartCopy to false (and StartDelete to "
          "true); if not, set FormatType back to Dual, and restart");
    for (const format runs : {old_names, dual}) {
        t.set(runs, true, true);
        CHECK(refusal().at(0).code == "delete_before_new");
        CHECK(refusal().at(0).text.ends_with("when the log says 'Completed copying files.', set FormatType to New and "
                                             "StartDelete to true, and restart"));
    }
    t.set(new_names, true, true);
    CHECK(codes_of(refusal()) == strings{"copy_in_new"});
    t.set(old_names, false, false);
    CHECK(t.run()->complete);  // nothing was asked for
    CHECK(t.everything() == before);
}

TEST_CASE("run: the delete is refused until the copy is complete by comparison, whatever the records say") {
    operator_bench t;
    auto lie = running_operation::start(t.state, t.c, t.settings.copy, operation_kind::copy);
    REQUIRE(lie->mine->finish(t.c, operation_status::succeeded, {}));
    t.set(new_names, false, true);
    const run_summary refused = t.run().value();
    CHECK(codes_of(refused.refused) == strings{"missing_copies"});
    CHECK(refused.refused[0].objects == 20);
    CHECK(t.old_names_left() == 20);
    CHECK(t.log.empty());
    // And a copy that is on record as completed is made all the same.
    t.set(old_names, true, false);
    CHECK(t.run()->complete);
    CHECK(t.record(t.settings.copy).runs == 2);
    CHECK(t.everything().size() == 50);
    t.store(old_names, 30);
    CHECK(t.run()->complete);
    CHECK(t.has(new_names, 30));
}

TEST_CASE("run: a delete that is refused leaves the stage where it is; a limit counts over all containers") {
    operator_bench t;
    t.announce("pod", dual);
    t.set(dual, true, false);
    REQUIRE(t.run()->complete);
    t.announce("pod", new_names);
    const auto stage = [&] { return read_stage(t.state, t.c)->stage; };
    const auto before = stage();
    t.set(new_names, false, true);
    CHECK(codes_of(t.run({.deleting = {.max_delete = 19}})->refused) == strings{"max_delete"});
    t.put(old_names, 11, instance);
    CHECK(codes_of(t.run()->refused) == strings{"missing_copies"});
    REQUIRE(record_scope(t.state, t.c, 3));
    CHECK(codes_of(t.run()->refused) == strings{"container_missing"});
    t.state.remove(t.c, name_of(".blobshift/containers"), {}).value();
    CHECK(stage() == before);
    CHECK(t.old_names_left() == 21);
    t.remove(old_names, 11, instance);
    CHECK(t.run({.deleting = {.max_delete = 20}})->complete);
    CHECK(stage() != before);
}

TEST_CASE("run: an operation that runs elsewhere is not begun a second time, and a dead one is taken over") {
    operator_bench t;
    t.set(old_names, true, false);
    auto other = running_operation::start(t.state, t.c, t.settings.copy, operation_kind::copy);
    const auto blocked = t.run();
    CHECK(blocked.error().code == errc::blocked);
    CHECK(blocked.error().message.starts_with("already running elsewhere"));
    t.clock.advance(61s);
    CHECK(t.run()->complete);
    t.settings.remove = t.settings.copy;
    t.set(new_names, false, true);
    CHECK(t.run().error().code == errc::conflict);
    CHECK(t.old_names_left() == 20);
}

TEST_CASE("run: where a service announces itself, each part waits for its nodes") {
    operator_bench t;
    node_announcer a(t.state, node_name::parse("a").value(), {.leads = false});
    REQUIRE(a.announce(t.c, {.runs = old_names}));
    t.set(dual, true, false);
    CHECK(codes_of(t.run()->refused) == strings{"node_behind a"});
    CHECK(t.everything().size() == 30);
    REQUIRE(set_stage(t.state, t.c, dual));
    REQUIRE(a.announce(t.c, {.runs = dual}));
    REQUIRE(t.run()->complete);
    t.set(new_names, false, true);
    CHECK(codes_of(t.run()->refused) == strings{"node_behind a"});  // the stage may move, the delete may not begin
    CHECK(t.old_names_left() == 20);
    REQUIRE(a.announce(t.c, {.runs = new_names}));
    CHECK(t.run()->complete);

    operator_bench u;  // a service that has stopped, and whose stage was left at Old
    node_announcer b(u.state, node_name::parse("b").value());
    REQUIRE(b.announce(u.c, {.runs = old_names}));
    REQUIRE(b.withdraw(u.c));
    u.set(old_names, true, false);
    REQUIRE(u.run()->complete);
    u.set(new_names, false, true);
    CHECK(u.run()->complete);
    CHECK(read_stage(u.state, u.c)->stage->wanted == new_names);
}

TEST_CASE("run: a delete that stops before a wave is failed, says why, and no line is said") {
    operator_bench t;
    node_announcer a(t.state, node_name::parse("a").value());
    REQUIRE(a.announce(t.c, {.runs = dual}));
    t.set(dual, true, false);
    REQUIRE(t.run()->complete);
    REQUIRE(a.announce(t.c, {.runs = new_names}));
    t.options.concurrency = 1;
    t.files_hook->after = [&](std::string_view verb, std::string_view) {
        if (verb == "remove") REQUIRE(a.announce(t.c, {.runs = new_names, .fallback_reads = 1}));
    };
    t.set(new_names, false, true);
    const run_summary stopped = t.run({.deleting = {.wave_size = 4}}).value();
    CHECK(codes_of(stopped.refused) == strings{"fallback_read a"});
    CHECK_FALSE(stopped.complete);
    CHECK(t.log.empty());
    CHECK(stopped.removed->objects(outcome::removed) == 4);
    CHECK(t.record(t.settings.remove).status == operation_status::failed);
    CHECK(t.old_names_left() == 16);
    t.files_hook->after = {};
    CHECK(t.run()->complete);
}

TEST_CASE("run: an object that cannot be copied leaves the copy failed, and a stop leaves it cancelled") {
    operator_bench t;
    const std::string bad = t.name(old_names, 3, metadata).text();
    t.metadata_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "copy" && name == bad) return make_error(errc::io_error, "bad sector");
        return std::nullopt;
    };
    t.set(old_names, true, false);
    const run_summary failed = t.run({.copying = {.max_passes = 2}}).value();
    CHECK_FALSE(failed.complete);
    CHECK_FALSE(failed.interrupted);
    CHECK(t.log.empty());
    CHECK(t.record(t.settings.copy).status == operation_status::failed);

    std::stop_source stop;
    t.metadata_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "list") stop.request_stop();
        return std::nullopt;
    };
    t.c.stop = stop.get_token();
    const run_summary stopped = t.run().value();
    CHECK(stopped.interrupted);
    CHECK(t.log.empty());
    CHECK(t.record(t.settings.copy).status == operation_status::cancelled);
    t.c.stop = {};
    t.metadata_hook->before = {};
    CHECK(t.run()->complete);
    CHECK(t.record(t.settings.copy).runs == 3);
    CHECK(t.log == strings{"Completed copying files."});
}

TEST_CASE("run: a store that cannot be listed is an error, on record as failed; a lost heartbeat ends the run") {
    operator_bench t;
    t.files_hook->before = [](std::string_view, std::string_view) -> std::optional<error> {
        return make_error(errc::permission_denied, "no");
    };
    t.set(old_names, true, false);
    CHECK(t.run().error().code == errc::permission_denied);
    CHECK(t.record(t.settings.copy).status == operation_status::failed);
    t.files_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb != "list") return std::nullopt;
        t.files_hook->before = {};
        t.clock.advance(61s);  // it hangs so long that another one takes over
        REQUIRE(running_operation::start(t.state, t.c, t.settings.copy, operation_kind::copy));
        return std::nullopt;
    };
    CHECK(t.run().error().code == errc::conflict);
    CHECK(t.log.empty());
    CHECK(t.record(t.settings.copy).status == operation_status::running);
}

TEST_CASE("run: cleanup takes removals from elsewhere, too, and what it cannot decide is not completed") {
    operator_bench t;
    t.set(old_names, true, false);
    REQUIRE(t.run()->complete);
    t.set(new_names, false, true);
    const auto feed = [](function_ref<result<void>(const told_removal&)> take) -> result<void> {
        return take({.id = two_containers::id(4)});
    };
    const removal_source source = feed;
    const run_summary done = t.run({.told = &source}).value();
    CHECK(done.complete);
    CHECK(done.told->removals.names == 5);  // the old names, too: they are about to go
    CHECK_FALSE(t.has(new_names, 4));
    CHECK(roll_back(t.all(), t.c)->complete);
    CHECK_FALSE(t.has(old_names, 4));
    REQUIRE(t.run()->complete);

    t.record_removal(5);
    t.metadata_hook->before = [](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "remove") return make_error(errc::blocked, "held");
        return std::nullopt;
    };
    const run_summary held = t.run().value();
    CHECK_FALSE(held.complete);
    CHECK(t.log == strings{"Completed deleting files."});
    CHECK(t.record(t.settings.cleanup).status == operation_status::failed);
    const auto broken = [](function_ref<result<void>(const told_removal&)>) -> result<void> {
        return fail(errc::invalid_argument, "line 7");
    };
    t.metadata_hook->before = {};
    const removal_source broken_source = broken;
    CHECK(t.run({.told = &broken_source}).error().message == "line 7");
}

TEST_CASE("run: removals without a version are carried out while the old names say which it was") {
    operator_bench t;
    const utc_time removed = t.clock.utc_now() + 1h;
    t.clock.advance(2h);  // the copies are younger than the removal
    t.set(old_names, true, false);
    REQUIRE(t.run()->complete);
    t.set(new_names, false, true);
    told_removal removal{.id = two_containers::id(4), .when = removed};
    removal.id.watermark = 0;
    const auto feed = [&](function_ref<result<void>(const told_removal&)> take) { return take(removal); };
    const removal_source source = feed;
    const run_summary done = t.run({.told = &source}).value();
    CHECK(done.complete);
    CHECK(done.told->removals.names == 5);
    for (const format f : {old_names, new_names}) CHECK_FALSE(t.has(f, 4));
    CHECK(t.old_names_left() == 0);
    CHECK(t.run({.told = &source})->complete);
    // What is in doubt keeps the cleanup from its line, not the delete.
    removal.id = two_containers::id(5);
    removal.id.watermark = 0;
    const run_summary late = t.run({.told = &source}).value();
    CHECK_FALSE(late.complete);
    CHECK(late.told->alive == 1);
    CHECK(t.log == strings{"Completed deleting files."});
    CHECK(t.has(new_names, 5));
}

TEST_CASE("run: a dry run records nothing, says no line and changes nothing") {
    operator_bench t;
    t.set(old_names, true, false);
    const auto before = t.everything();
    t.options.dry_run = true;
    const run_summary dry = t.run().value();
    CHECK_FALSE(dry.complete);
    CHECK(dry.refused.empty());
    CHECK(dry.copied->objects(outcome::missing) == 20);
    CHECK(t.log.empty());
    CHECK(t.everything() == before);
    CHECK(list_operations(t.state, t.c)->empty());
    t.set(new_names, false, true);
    CHECK(codes_of(t.run()->refused) == strings{"missing_copies"});
    t.options.dry_run = false;
    t.set(old_names, true, false);
    REQUIRE(t.run()->complete);
    t.options.dry_run = true;
    t.set(new_names, false, true);
    const auto copied = t.everything();
    CHECK(t.run()->removed->objects(outcome::present) == 20);
    CHECK(t.everything() == copied);
}

TEST_CASE("run: losing all of the state loses no blob, and running again recovers") {
    operator_bench t;
    t.set(old_names, true, false);
    REQUIRE(t.run()->complete);
    for (any_store* each : {&t.state, &t.files_state, &t.metadata_state}) *each = any_store(memory_store{});
    t.set(new_names, false, true);
    CHECK(t.run()->complete);
    CHECK(t.old_names_left() == 0);
    CHECK(t.everything().size() == 30);
    for (any_store* each : {&t.state, &t.files_state, &t.metadata_state}) *each = any_store(memory_store{});
    const auto before = t.everything();
    const rollback_summary back = roll_back(t.all(), t.c).value();
    CHECK(back.unresolvable == 20);  // the ledger is gone: counted, never guessed
    CHECK(t.everything() == before);
}
