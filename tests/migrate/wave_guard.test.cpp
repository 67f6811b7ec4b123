// SPDX-License-Identifier: MIT
#include <blobshift/migrate/wave_guard.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/remove.hpp>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using namespace std::chrono_literals;
using enum format;
using enum blob_kind;

using strings = std::vector<std::string>;

/// An archive whose files are copied, with a service whose nodes are at New.
struct copied_service : two_containers {
    node_announcer a{state, node_name::parse("a").value()};
    node_announcer b{state, node_name::parse("b").value()};

    explicit copied_service(std::int64_t count) {
        for (std::int64_t w = 1; w <= count; ++w) put(old_names, w, instance);
        const auto m = all();
        REQUIRE(copy_blobs(m.jobs[0], c)->complete);
        tell(a);
        tell(b);
    }
    void tell(node_announcer& node, std::uint64_t fallback_reads = 0, format f = new_names) {
        REQUIRE(node.announce(c, {.runs = f, .fallback_reads = fallback_reads}));
    }
    result<remove_summary> remove_files(remove_options how = {}) {
        wave_guard guard(state);
        how.guard = &guard;
        how.wave_size = 3;
        const auto m = all();
        return remove_sources(m.jobs[0], c, how);
    }
    [[nodiscard]] std::size_t old_files() {
        std::size_t count = 0;
        for (const auto& [name, content] : everything()) count += name.find('/') != std::string::npos ? 1 : 0;
        return count;
    }
};

}  // namespace

TEST_CASE("wave guard: a dry run leaves no word, and sees those of others") {
    two_containers t;
    t.put(format::old_names, 1, blob_kind::instance);
    REQUIRE(copy_blobs(t.all().jobs[0], t.c)->complete);
    t.options.dry_run = true;
    const auto words = [&] { return list_operations(t.state, t.c, claim_folder)->size(); };
    std::size_t left = 0;
    t.files_hook->after = [&](std::string_view, std::string_view) { left += words(); };
    wave_guard guard(t.state);
    CHECK(remove_sources(t.all().jobs[0], t.c, {.guard = &guard})->refused.empty());
    CHECK(guard.before_wave(t.c, true)->empty());
    CHECK(left + words() == 0);
    removal_claim back(t.state, operation_kind::rollback);
    REQUIRE(back.hold(t.c));
    CHECK(codes_of(remove_sources(t.all().jobs[0], t.c, {.guard = &guard})->refused) == strings{"operation_running"});
}

TEST_CASE("wave guard: reads of old names before the delete began are past, later ones are not") {
    two_containers t;
    node_announcer a(t.state, node_name::parse("a").value());
    REQUIRE(a.announce(t.c, {.runs = new_names, .fallback_reads = 5}));
    wave_guard guard(t.state);
    CHECK(guard.before_wave(t.c)->empty());
    CHECK(guard.before_wave(t.c)->empty());
    REQUIRE(a.announce(t.c, {.runs = new_names, .fallback_reads = 6}));
    const auto found = guard.before_wave(t.c).value();
    CHECK(codes_of(found) == strings{"fallback_read a"});
    CHECK(found[0].objects == 1);
    CHECK(found[0].text ==
          "node a has needed 1 old names since the delete began: find out why, and run copy and verify before it goes on");
    node_announcer again(t.state, node_name::parse("a").value());  // a new process counts anew
    REQUIRE(again.announce(t.c, {.runs = new_names}));
    CHECK(guard.before_wave(t.c)->empty());
    REQUIRE(again.announce(t.c, {.runs = new_names, .fallback_reads = 2}));
    CHECK(guard.before_wave(t.c)->at(0).objects == 2);
    node_announcer late(t.state, node_name::parse("late").value());
    REQUIRE(late.announce(t.c, {.runs = new_names, .fallback_reads = 1}));
    CHECK(codes_of(guard.before_wave(t.c).value()) == strings{"fallback_read a", "fallback_read late"});
    CHECK(guard.before_wave(t.c)->size() == 2);  // of the next container
    CHECK(wave_guard(t.state).before_wave(t.c)->empty());
    t.state.put(t.c, name_of(".blobshift/stage"), as_bytes(std::string_view("x")), {}, {}).value();
    CHECK(guard.before_wave(t.c).error().code == errc::corrupt);
    CHECK(guard.before_wave(t.c).error().code == errc::corrupt);
    t.state.remove(t.c, name_of(".blobshift/stage"), {}).value();
    t.state.put(t.c, name_of(".blobshift/operations/x"), as_bytes(std::string_view("x")), {}, {}).value();
    CHECK(guard.before_wave(t.c).error().code == errc::corrupt);
}

TEST_CASE("remove: with every node at New all old names go, wave by wave") {
    copied_service t(10);
    const remove_summary done = t.remove_files({.wave_pause = 20s}).value();
    CHECK(done.complete);
    CHECK(t.old_files() == 0);
    CHECK(t.clock.pauses() == std::vector<std::chrono::nanoseconds>{20s, 20s, 20s});  // before the 2nd, 3rd and 4th
}

TEST_CASE("remove: refused, deleting nothing, while a node is not at New or another operation runs") {
    copied_service t(4);
    strings expected;
    SUBCASE("behind") {
        t.tell(t.b, 0, dual);
        expected = {"node_behind b"};
    }
    SUBCASE("stale") {
        t.clock.advance(61s);
        t.tell(t.a);
        expected = {"node_stale b"};
    }
    SUBCASE("a rollback runs") {
        REQUIRE(running_operation::start(t.state, t.c, operation_id::make(), operation_kind::rollback));
        expected = {"operation_running"};
    }
    const remove_summary done = t.remove_files({.partial = true}).value();
    CHECK(codes_of(done.refused) == expected);
    CHECK_FALSE(done.complete);
    CHECK(t.old_files() == 4);
}

TEST_CASE("remove: it stops before the next wave when a node needs an old name, goes back, or goes silent") {
    strings expected;
    int what = 0;
    std::uint64_t removed = 6;
    SUBCASE("a fallback read") {
        what = 1;
        expected = {"fallback_read b"};
    }
    SUBCASE("back to Dual") {
        what = 2;
        expected = {"node_behind b"};
    }
    SUBCASE("silence") {
        what = 3;
        removed = 3;  // both go silent while the delete waits
        expected = {"node_stale a", "node_stale b"};
    }
    copied_service t(10);
    t.options.concurrency = 1;
    t.files_hook->after = [&](std::string_view verb, std::string_view) {
        if (verb != "remove" || t.files_hook->calls["remove"] != 4) return;  // in the second wave
        if (what == 1) t.tell(t.b, 1);
        if (what == 2) t.tell(t.b, 0, dual);
    };
    const remove_summary stopped = t.remove_files({.wave_pause = what == 3 ? 61s : 0s}).value();
    CHECK(codes_of(stopped.stopped) == expected);
    CHECK(stopped.refused.empty());
    CHECK_FALSE(stopped.complete);
    CHECK_FALSE(stopped.interrupted);
    CHECK(stopped.outcomes.objects(outcome::removed) == removed);
    CHECK(t.old_files() == 10 - removed);
    t.files_hook->after = {};
    t.tell(t.a);
    t.tell(t.b, 1);
    CHECK(t.remove_files()->complete);  // what was told before it began is past
}

TEST_CASE("remove: a stop while it waits between waves, and a stage that cannot be read, end it") {
    copied_service t(10);
    std::stop_source stop;
    t.clock.on_sleep = [&](std::chrono::nanoseconds) { stop.request_stop(); };
    t.c.stop = stop.get_token();
    const remove_summary stopped = t.remove_files({.wave_pause = 20s}).value();
    CHECK(stopped.interrupted);
    CHECK(stopped.outcomes.objects(outcome::removed) == 3);
    t.c.stop = {};
    bool broken = false;
    t.files_hook->after = [&](std::string_view verb, std::string_view) {
        if (verb == "remove" && !std::exchange(broken, true)) {
            t.state.put(t.c, name_of(".blobshift/stage"), as_bytes(std::string_view("x")), {}, {}).value();
        }
    };
    CHECK(t.remove_files().error().code == errc::corrupt);
    CHECK(t.old_files() == 4);
    CHECK(t.remove_files().error().code == errc::corrupt);
}
