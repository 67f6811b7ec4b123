// SPDX-License-Identifier: MIT
#include <blobshift/migrate/rollback.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "migrated.hpp"

namespace {

using namespace blobshift_tests;
using namespace std::chrono_literals;
using enum format;
using enum blob_kind;

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("rollback: from any point, every blob has its old name again, and new names stay") {
    for (const medium where : {medium::memory, medium::disk}) {
        for (const int point : {0, 1, 2, 3}) {  // after nothing, copy, half of the delete, all of it
            CAPTURE(point);
            migrated t(12, where);
            t.options.batch_size = 5;
            if (point > 0) t.copy();
            if (point > 1) t.remove_old(point == 2 ? 6 : 1'000'000);
            const auto at_point = t.everything();
            const rollback_summary done = roll_back(t.all(), t.c).value();
            CHECK(done.refused.empty());
            CHECK(done.complete);
            CHECK(done.unresolvable == 0);
            CHECK(t.is_back());
            const std::size_t missing = 36 - (at_point.size() - (point > 0 ? 24 : 0));
            CHECK(done.made.objects(outcome::copied) == missing);
            if (point == 3) CHECK(missing == 24);
            CHECK(t.everything().size() == (point > 0 ? 60 : 36));
            CHECK(roll_back(t.all(), t.c)->made.objects(outcome::copied) == 0);
        }
    }
}

TEST_CASE("rollback: with remove_new only the old names are left, and what only the new scheme can name") {
    for (const medium where : {medium::memory, medium::disk}) {
        for (const bool deleted : {false, true}) {
            CAPTURE(deleted);
            migrated t(6, where);
            t.options.batch_size = 4;
            t.copy();
            if (deleted) t.remove_old();
            const rollback_summary done = roll_back(t.all(), t.c, {.remove_new = true}).value();
            CHECK(done.complete);
            CHECK(done.removed_new == 12);
            CHECK(t.everything() == t.before);
            CHECK(t.heard.reasons[t.name(new_names, 1, frame_ranges).text()] == "the old scheme has no name for it");
            const rollback_summary again = roll_back(t.all(), t.c, {.remove_new = true}).value();
            CHECK(again.complete);
            CHECK(again.removed_new == 0);
        }
    }
}

TEST_CASE("rollback: a dry run changes nothing and says how many would be copied") {
    migrated t(5);
    t.copy();
    t.remove_old();
    const auto before = t.everything();
    t.options.dry_run = true;
    t.record_removal(1);
    const rollback_summary dry = roll_back(t.all(), t.c, {.remove_new = true}).value();
    CHECK_FALSE(dry.complete);
    CHECK(dry.last.objects(outcome::missing) == 8);
    CHECK(dry.last.objects(outcome::absent) == 3);  // on record as removed
    CHECK(dry.removed_new == 0);
    CHECK(t.everything() == before);
}

TEST_CASE("rollback: a pair of which the first listing met one name only is looked for again") {
    migrated t(2);
    t.copy();
    t.remove_old();
    int listings = 0;
    t.files_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb != "list") return std::nullopt;
        ++listings;
        if (listings == 1) t.store(new_names, 3);  // a put in format Dual: its old name came too late for this listing
        if (listings == 2) {
            t.store(old_names, 3);
            t.store(new_names, 4);  // and another one
        }
        return std::nullopt;
    };
    bool later = false;
    t.metadata_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "list" && !std::exchange(later, true)) t.store(old_names, 4);
        return std::nullopt;
    };
    const rollback_summary done = roll_back(t.all(), t.c).value();
    CHECK(done.complete);
    CHECK(done.unresolvable == 0);
    t.files_hook->before = {};
    CHECK(t.has(old_names, 3));
}

TEST_CASE("rollback: what the ledger does not know is counted, told and left alone") {
    migrated t(2);
    t.copy();
    t.remove_old();
    t.store(new_names, 3);  // stored in format New
    const rollback_summary done = roll_back(t.all(), t.c).value();
    CHECK_FALSE(done.complete);
    CHECK_FALSE(done.interrupted);
    CHECK(done.unresolvable == 2);
    CHECK(done.last.objects(outcome::unnameable) == 2);
    CHECK(t.is_back());
    CHECK_FALSE(t.has(old_names, 3));
    CHECK(t.heard.last[t.name(new_names, 3, instance).text()] == "unnameable");
    const rollback_summary removing = roll_back(t.all(), t.c, {.remove_new = true}).value();
    CHECK(removing.removed_new == 4);
    CHECK_FALSE(removing.complete);
    CHECK(t.has(new_names, 3));
}

TEST_CASE("rollback: a ledger that contradicts itself or the scheme is reported, one that is corrupt is refused") {
    migrated t(4);
    t.copy();
    t.remove_old();
    ledger_writer ledger(t.files_state);
    const auto add = [&](const blob_name& from, std::int64_t to) {
        ledger.add(from.text(), t.name(new_names, to, instance).text(), 1);
    };
    instance_id twin = two_containers::id(1);
    twin.sop = "9.9";
    add(t.from.name_of(twin, instance).value(), 1);      // a second old name for one new
    add(t.name(old_names, 2, instance), 2);              // the same again: a removal that was tried twice
    add(name_of("299_3.dcm"), 3);                        // not the only one, either
    REQUIRE(ledger.flush(t.c));
    const rollback_summary done = roll_back(t.all(), t.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.last.objects(outcome::collision) == 2);
    CHECK(t.has(old_names, 2));
    CHECK_FALSE(t.has(old_names, 1));

    two_containers u;
    u.store(new_names, 5);
    u.store(new_names, 1);
    ledger_writer wrong(u.files_state);
    wrong.add(u.name(old_names, 6, instance).text(), u.name(new_names, 5, instance).text(), 1);
    wrong.add("299_1.dcm", u.name(new_names, 1, instance).text(), 1);  // another spelling, which was brought to the one
    REQUIRE(wrong.flush(u.c));
    const rollback_summary odd = roll_back(u.all(), u.c).value();
    CHECK(u.heard.reasons[u.name(new_names, 5, instance).text()] ==
          "the ledger gives it an old name that does not lead to it");
    CHECK(u.heard.last[u.name(new_names, 1, instance).text()] == "present");
    CHECK_FALSE(odd.complete);
    CHECK_FALSE(u.has(old_names, 6));

    u.files_state.put(u.c, name_of(".blobshift/ledger/x"), as_bytes(std::string_view("x\n")), {}, {}).value();
    CHECK(roll_back(u.all(), u.c).error().code == errc::corrupt);
}

TEST_CASE("rollback: what was removed does not come back, not even while it is removed") {
    migrated t(6);
    t.copy();
    t.remove_old();
    t.record_removal(1);  // recorded; the service died before it removed a name
    // Number 2 is removed by a service while its copy is on the way: it reappears, and goes again.
    t.files_hook->after = [&](std::string_view verb, std::string_view name) {
        if (verb != "copy" || name != t.name(new_names, 2, instance).text()) return;
        t.record_removal(2);
        for (const blob_kind kind : {instance, metadata, frame_ranges}) t.remove(new_names, 2, kind);
    };
    const rollback_summary done = roll_back(t.all(), t.c).value();
    CHECK(done.complete);
    for (const std::int64_t w : {1, 2}) {
        for (const format f : {old_names, new_names}) {
            CHECK_FALSE(t.has(f, w, instance));
            CHECK_FALSE(t.has(f, w, metadata));
        }
    }
    CHECK(t.everything().size() == 4 * 5);
    CHECK(t.recorded_removals() == 2);
}

TEST_CASE("rollback: what a busy service removes meanwhile does not keep a pass from being the last") {
    for (const bool whole : {true, false}) {  // both names are gone, or only the old one as yet
        CAPTURE(whole);
        migrated t(3);
        t.store(dual, 4);  // nothing proves that its names are equal: they are read
        bool removed = false;
        t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
            if (verb != "read" || name != t.name(old_names, 4, instance).text() || std::exchange(removed, true)) return {};
            t.record_removal(4);
            for (const blob_kind kind : {instance, metadata}) t.remove(old_names, 4, kind);
            if (!whole) return {};
            for (const blob_kind kind : {instance, metadata, frame_ranges}) t.remove(new_names, 4, kind);
            return {};
        };
        const rollback_summary done = roll_back(t.all(), t.c, {.remove_new = true}).value();
        CHECK(removed);
        CHECK(done.complete);
        CHECK(done.passes == (whole ? 1U : 2U));
        CHECK(t.everything() == t.before);
    }
}

TEST_CASE("rollback: what a busy service removes while new names are removed needs no other run") {
    for (const bool whole : {true, false}) {  // both names are gone, or only the old one as yet
        CAPTURE(whole);
        migrated t(3);
        t.copy();
        bool removed = false;
        const auto remove_new = [&] {
            for (const blob_kind kind : {instance, metadata, frame_ranges}) t.remove(new_names, 2, kind);
        };
        t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
            if (removed && !whole && verb == "list" && name.empty()) remove_new();  // the service goes on
            const bool is_old_name_of_2 = verb == "head" && name == t.name(old_names, 2, instance).text();
            if (!is_old_name_of_2 || std::exchange(removed, true)) return {};
            t.record_removal(2);
            for (const blob_kind kind : {instance, metadata}) t.remove(old_names, 2, kind);
            if (whole) remove_new();
            return {};
        };
        const rollback_summary done = roll_back(t.all(), t.c, {.remove_new = true}).value();
        CHECK(removed);
        CHECK(done.complete);
        CHECK(done.passes == 2);
        CHECK(done.unresolvable == 0);
        CHECK(done.last.objects(outcome::removed) == done.removed_new);
        CHECK_FALSE(t.has(new_names, 1));
        CHECK(t.has(old_names, 1));
        CHECK_FALSE(t.has(old_names, 2));
        CHECK_FALSE(t.has(new_names, 2));
        CHECK_FALSE(t.has(new_names, 3));
    }
}

TEST_CASE("rollback: what is lost while it is brought back is told, not taken for removed") {
    migrated t(3);
    t.copy();
    t.remove_old();
    t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "copy" && name == t.name(new_names, 2, instance).text() && t.has(new_names, 2)) {
            t.remove(new_names, 2, instance);  // by nobody who says so
        }
        return std::nullopt;
    };
    const rollback_summary done = roll_back(t.all(), t.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.last.objects(outcome::failed) == 1);
}

TEST_CASE("rollback: what goes wrong while new names are removed is not complete") {
    for (const std::string_view what : {"changed", "gone", "unavailable"}) {
        CAPTURE(what);
        migrated t(3);
        t.copy();
        int listings = 0;
        t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
            if (verb == "copy" && what == "unavailable") return make_error(errc::unavailable, "down");
            if (verb != "list" || !name.empty() || ++listings != 2) return std::nullopt;
            t.remove(old_names, 1, instance);
            if (what == "changed") t.put(old_names, 1, instance, "something else");
            if (what == "gone") t.remove(new_names, 1, instance);
            return std::nullopt;
        };
        const rollback_summary done = roll_back(t.all(), t.c, {.remove_new = true}).value();
        REQUIRE(listings >= 2);
        CHECK(done.complete == (what == "gone"));
        CHECK(t.has(new_names, 1) == (what != "gone"));
    }
}

TEST_CASE("rollback: copies are create-only, pinned and compared") {
    migrated t(4);
    t.copy();
    t.remove_old();
    SUBCASE("an old name that somebody else made first is compared, not replaced") {
        t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
            if (verb == "copy" && name == t.name(new_names, 1, instance).text()) {
                t.put(old_names, 1, instance, "somebody was faster");
            }
            return std::nullopt;
        };
        const rollback_summary done = roll_back(t.all(), t.c, {.remove_new = true}).value();
        CHECK_FALSE(done.complete);
        CHECK(done.last.objects(outcome::different) == 1);
        CHECK(done.removed_new == 0);
        CHECK(t.everything()[t.name(old_names, 1, instance).text()] == "somebody was faster");
        CHECK(t.has(new_names, 1));
    }
    SUBCASE("a new name that changes on the way is not what had the old name") {
        bool once = true;
        t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
            if (verb == "copy" && name == t.name(new_names, 1, instance).text() && std::exchange(once, false)) {
                t.put(new_names, 1, instance, "a new version");
            }
            return std::nullopt;
        };
        const rollback_summary done = roll_back(t.all(), t.c).value();
        CHECK_FALSE(done.complete);
        CHECK(done.last.objects(outcome::different) == 1);
        CHECK_FALSE(t.has(old_names, 1));
    }
    SUBCASE("what a failed copy left under the old name is replaced, what is still on its way is waited for") {
        t.put(old_names, 1, instance, "");
        int copies = 0;
        t.files_hook->infos = [&](blob_info& info) {
            if (info.name != t.name(old_names, 1, instance) || info.size_bytes > 0) return;
            info.copy = ++copies < 3 ? copy_state::pending : copy_state::failed;
        };
        const rollback_summary done = roll_back(t.all(), t.c).value();
        CHECK(done.complete);
        CHECK(done.made.objects(outcome::repaired) == 1);
        CHECK(t.clock.pauses().size() == 2);
        CHECK(t.is_back());
    }
    SUBCASE("a new name that is no content, or cannot be read, stays") {
        t.files_hook->infos = [&](blob_info& info) {
            if (info.name == t.name(new_names, 1, instance)) info.copy = copy_state::failed;
            if (info.name == t.name(new_names, 2, instance)) info.obstacles.archived = true;
            if (info.name == t.name(new_names, 3, instance)) info.copy = copy_state::pending;
        };
        const rollback_summary done = roll_back(t.all(), t.c, {.max_passes = 2}).value();
        CHECK_FALSE(done.complete);
        CHECK(done.last.objects(outcome::blocked) == 2);
        CHECK(done.last.objects(outcome::pending) == 1);
        CHECK(t.has(old_names, 4));
    }
}

TEST_CASE("rollback: an empty new name, which a failed copy left beside its whole old one, is nothing to bring back") {
    migrated t(3);
    t.copy();
    t.put(new_names, 1, instance, "");
    CHECK(roll_back(t.all(), t.c)->complete);
    CHECK(t.is_back());
    CHECK(roll_back(t.all(), t.c, {.remove_new = true})->complete);
    CHECK(t.everything() == t.before);
}

TEST_CASE("rollback: a new name goes only while its old one is what was compared") {
    migrated t(4);
    t.copy();
    REQUIRE(roll_back(t.all(), t.c)->complete);
    const std::string gone = t.name(old_names, 1, instance).text();
    const std::string changed = t.name(old_names, 2, instance).text();
    const std::string held = t.name(new_names, 3, instance).text();
    t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "head" && name == gone) t.remove(old_names, 1, instance);
        if (verb == "head" && name == changed) t.put(old_names, 2, instance, "edited");
        if (verb == "remove" && name == held) return make_error(errc::blocked, "leased");
        return std::nullopt;
    };
    t.options.concurrency = 1;
    const rollback_summary done = roll_back(t.all(), t.c, {.remove_new = true}).value();
    CHECK_FALSE(done.complete);
    CHECK(done.removed_new == 5);
    for (const std::int64_t w : {1, 2, 3}) CHECK(t.has(new_names, w));
    CHECK_FALSE(t.has(new_names, 4));
}

TEST_CASE("rollback: refused, changing nothing, while nodes stand against it, another operation runs, or when sealed") {
    migrated t(2);
    t.copy();
    t.remove_old();
    const auto before = t.everything();
    const auto refusal = [&](rollback_options options = {}) {
        const rollback_summary done = roll_back(t.all(), t.c, options).value();
        CHECK_FALSE(done.complete);
        CHECK(t.everything() == before);
        return codes_of(done.refused);
    };
    SUBCASE("a node at New") {
        t.announce("a", new_names);
        CHECK(refusal() == strings{"node_ahead a", "stage_ahead"});
    }
    SUBCASE("a node at Dual, when new names are to be removed") {
        t.announce("a", dual);
        CHECK(refusal({.remove_new = true}) == strings{"node_ahead a", "stage_ahead"});
        CHECK(roll_back(t.all(), t.c)->complete);
    }
    SUBCASE("a stale node") {
        t.announce("a", old_names);
        t.clock.advance(61s);
        CHECK(refusal() == strings{"node_stale a"});
    }
    SUBCASE("a delete that runs; another rollback is no obstacle") {
        REQUIRE(running_operation::start(t.state, t.c, operation_id::make(), operation_kind::rollback));
        auto other = running_operation::start(t.state, t.c, operation_id::make(), operation_kind::remove);
        CHECK(refusal() == strings{"operation_running"});
        REQUIRE(other->mine->finish(t.c, operation_status::failed, {}));
        CHECK(roll_back(t.all(), t.c)->complete);
    }
    SUBCASE("a container that is not looked at") {
        REQUIRE(record_scope(t.state, t.c, 3));
        CHECK(refusal() == strings{"container_missing"});
    }
    SUBCASE("sealed") {
        const stage_view none;
        REQUIRE(detail::write_stage_record(t.state, t.c, none,
                                           {.wanted = new_names, .seal = seal_state::sealing, .epoch = 1}));
        CHECK(refusal() == strings{"sealed"});
    }
    SUBCASE("a stage that cannot be read is an error") {
        t.state.put(t.c, name_of(".blobshift/stage"), as_bytes(std::string_view("x")), {}, {}).value();
        CHECK(roll_back(t.all(), t.c).error().code == errc::corrupt);
        t.state.remove(t.c, name_of(".blobshift/stage"), {}).value();
        t.state.put(t.c, name_of(".blobshift/operations/x"), as_bytes(std::string_view("x")), {}, {}).value();
        CHECK(roll_back(t.all(), t.c).error().code == errc::corrupt);
    }
}

TEST_CASE("rollback: stopped at any request, and run again, it is whole; and no blob is ever without a name") {
    for (int stop_at = 1; stop_at < 60; stop_at += 4) {
        CAPTURE(stop_at);
        migrated t(4);
        t.copy();
        t.remove_old();
        t.options.concurrency = 1;
        t.options.batch_size = 3;
        std::stop_source stop;
        int requests = 0;
        t.files_hook->before = [&](std::string_view, std::string_view) -> std::optional<error> {
            if (++requests == stop_at) stop.request_stop();
            return std::nullopt;
        };
        context c = t.c;
        c.stop = stop.get_token();
        const rollback_summary stopped = roll_back(t.all(), c, {.remove_new = true}).value();
        CHECK(stopped.interrupted == stop.stop_requested());
        t.files_hook->before = {};
        for (std::int64_t w = 1; w <= 4; ++w) CHECK((t.has(old_names, w) || t.has(new_names, w)));
        CHECK(roll_back(t.all(), t.c, {.remove_new = true})->complete);
        CHECK(t.everything() == t.before);
    }
}
