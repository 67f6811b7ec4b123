// SPDX-License-Identifier: MIT
#include <blobshift/migrate/sweep.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <string_view>

#include <blobshift/migrate/copy.hpp>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using enum format;
using enum blob_kind;

/// Removes as a service does, up to a point.
void remove_names(two_containers& t, std::int64_t watermark) {
    for (const blob_kind kind : {instance, metadata}) {
        t.remove(old_names, watermark, kind);
        t.remove(new_names, watermark, kind);
    }
    t.remove(new_names, watermark, frame_ranges);
}

}  // namespace

TEST_CASE("sweep: both names of every kind of a removed instance go, from all containers, and nothing else") {
    for (const medium where : {medium::memory, medium::disk}) {
        two_containers t(where);
        for (std::int64_t w = 1; w <= 20; ++w) t.store(dual, w);
        for (const std::int64_t w : {3, 7}) t.record_removal(w);
        t.options.batch_size = 2;
        const sweep_summary done = sweep_deletions(t.all(), t.c).value();
        CHECK(done.complete);
        CHECK(done.removals == 2);
        CHECK(done.last_sequence == 2);
        CHECK(done.names == 10);
        CHECK(done.outcomes.objects(outcome::cleaned) == 6);  // pairs: file, metadata, frame ranges
        for (std::int64_t w = 1; w <= 20; ++w) {
            CAPTURE(w);
            const bool stays = w != 3 && w != 7;
            for (const format f : {old_names, new_names}) {
                CHECK(t.has(f, w, instance) == stays);
                CHECK(t.has(f, w, metadata) == stays);
            }
            CHECK(t.has(new_names, w, frame_ranges) == stays);
        }
        CHECK(t.recorded_removals() == 2);
        const sweep_summary again = sweep_deletions(t.all(), t.c).value();
        CHECK(again.complete);
        CHECK(again.names == 0);
    }
}

TEST_CASE("sweep: a work item with the watermark of a removed instance is somebody else's") {
    two_containers t;
    t.store(dual, 5);
    t.metadata.put(t.c, t.to.name_of({.watermark = 5}, work_item).value(), as_bytes(std::string_view("step")), {}, {})
        .value();
    t.record_removal(5);
    CHECK(sweep_deletions(t.all(), t.c)->names == 5);
    CHECK(t.everything().size() == 1);
    deletion_log log(t.state);
    log.record(t.c, std::vector{instance_id{.sop = "1.2.3", .watermark = 5}}).value();
    t.store(dual, 5);
    t.record_removal(6);
    CHECK(sweep_deletions(t.all(), t.c)->complete);
    CHECK(t.everything().empty());
}

TEST_CASE("sweep: a new name stays while its old one cannot be removed, and the rest goes on") {
    two_containers t;
    for (std::int64_t w = 1; w <= 3; ++w) t.store(dual, w);
    for (std::int64_t w = 1; w <= 3; ++w) t.record_removal(w);
    const std::string held = t.name(old_names, 1, instance).text();
    const std::string broken = t.name(new_names, 2, instance).text();
    t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "remove" && name == held) return make_error(errc::blocked, "leased");
        if (verb == "remove" && name == broken) return make_error(errc::io_error, "bad sector");
        return std::nullopt;
    };
    const sweep_summary done = sweep_deletions(t.all(), t.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.outcomes.objects(outcome::blocked) == 1);
    CHECK(done.outcomes.objects(outcome::failed) == 1);
    CHECK(t.has(new_names, 1));  // a copier could make it again
    CHECK(t.has(new_names, 2));
    CHECK(t.everything().size() == 3);
    t.files_hook->before = {};
    CHECK(sweep_deletions(t.all(), t.c)->complete);
    CHECK(t.everything().empty());
}

TEST_CASE("sweep: counting what is left changes nothing") {
    two_containers t;
    for (std::int64_t w = 1; w <= 3; ++w) t.store(dual, w);
    t.record_removal(1);
    t.record_removal(2);
    t.remove(old_names, 1, instance);
    const auto before = t.everything();
    const sweep_summary pending = count_pending_deletions(t.all(), t.c).value();
    CHECK(pending.names == 9);
    CHECK(pending.removals == 2);
    CHECK_FALSE(pending.complete);
    CHECK(t.everything() == before);
    REQUIRE(sweep_deletions(t.all(), t.c)->complete);
    CHECK(count_pending_deletions(t.all(), t.c)->complete);
}

TEST_CASE("sweep: a log, a store or a stop that fails is an error") {
    two_containers t;
    t.store(dual, 1);
    t.record_removal(1);
    t.files_hook->before = [](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "head") return make_error(errc::permission_denied, "no");
        return std::nullopt;
    };
    CHECK(count_pending_deletions(t.all(), t.c).error().code == errc::permission_denied);
    std::stop_source stop;
    context c = t.c;
    c.stop = stop.get_token();
    t.files_hook->before = [&](std::string_view, std::string_view) -> std::optional<error> {
        stop.request_stop();
        return make_error(errc::cancelled, "stopped on request");
    };
    CHECK(sweep_deletions(t.all(), c).error().code == errc::cancelled);
    CHECK(sweep_deletions(t.all(), c).error().code == errc::cancelled);  // before the first record
    t.state.put(t.c, name_of(".blobshift/deletions/00000000000000000002"), as_bytes(std::string_view("x\n")), {}, {})
        .value();
    CHECK(sweep_deletions(t.all(), t.c).error().code == errc::corrupt);
}

TEST_CASE("copy: what it brings back while a service removes it is gone at its end, by the log") {
    two_containers t;
    for (std::int64_t w = 1; w <= 5; ++w) t.store(old_names, w);
    // The copier has read its source; then the service removes the instance; then the copy appears.
    t.files_hook->after = [&](std::string_view verb, std::string_view name) {
        if (verb != "copy" || name != t.name(old_names, 3, instance).text()) return;
        t.record_removal(3);
        const std::string copied = two_containers::content(3, instance);
        remove_names(t, 3);
        t.put(new_names, 3, instance, copied);
    };
    const auto all = t.all();
    const copy_summary blind = copy_blobs(all.jobs[1], t.c).value();
    CHECK(blind.complete);
    const copy_summary done = copy_blobs(all.jobs[0], t.c, {.deletions = &t.state}).value();
    CHECK(done.complete);
    CHECK(done.made.objects(outcome::cleaned) == 1);
    CHECK_FALSE(t.has(new_names, 3));
    for (const std::int64_t w : {1, 2, 4, 5}) CHECK(t.has(new_names, w));

    // Without the log it stays: nobody but the log knows that it was removed.
    t.put(new_names, 3, instance);
    CHECK(copy_blobs(all.jobs[0], t.c)->complete);
    CHECK(t.has(new_names, 3));
}

TEST_CASE("copy: it is not complete while a removed instance cannot be removed, and a log that fails is an error") {
    two_containers t;
    t.store(old_names, 1);
    t.record_removal(1);
    const auto all = t.all();
    t.files_hook->before = [](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "remove") return make_error(errc::blocked, "held");
        return std::nullopt;
    };
    const copy_summary held = copy_blobs(all.jobs[0], t.c, {.deletions = &t.state}).value();
    CHECK_FALSE(held.complete);
    CHECK(held.made.objects(outcome::blocked) == 3);  // each kind, although only one was there
    std::stop_source stop;
    context c = t.c;
    c.stop = stop.get_token();
    t.files_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "remove") stop.request_stop();
        return std::nullopt;
    };
    t.options.concurrency = 1;
    const auto one = t.all();
    t.record_removal(2);
    const copy_summary stopped = copy_blobs(one.jobs[0], c, {.deletions = &t.state}).value();
    CHECK(stopped.interrupted);
    CHECK_FALSE(stopped.complete);
    t.files_hook->before = {};
    t.state.put(t.c, name_of(".blobshift/deletions/00000000000000000003"), as_bytes(std::string_view("x\n")), {}, {})
        .value();
    CHECK(copy_blobs(all.jobs[0], t.c, {.deletions = &t.state}).error().code == errc::corrupt);
}

TEST_CASE("sweep: nothing goes whose watermark is another instance's by the undo ledger of any container") {
    for (const bool in_files : {true, false}) {
        two_containers t;
        for (const std::int64_t w : {1, 2}) t.store(new_names, w);
        instance_id other = two_containers::id(1);
        other.sop += ".9";
        const blob_kind kind = in_files ? instance : metadata;
        ledger_writer ledger(in_files ? t.files_state : t.metadata_state);
        ledger.add(t.from.name_of(other, kind)->text(), t.name(new_names, 1, kind).text(), 1);
        ledger.add(t.name(old_names, 2, kind).text(), t.name(new_names, 2, kind).text(), 1);
        REQUIRE(ledger.flush(t.c));
        for (const std::int64_t w : {1, 2}) t.record_removal(w);
        const sweep_summary done = sweep_deletions(t.all(), t.c).value();
        CHECK_FALSE(done.complete);
        CHECK(done.removals == 2);
        CHECK(done.names == 3);
        CHECK(done.outcomes.objects(outcome::collision) == 1);
        CHECK(t.heard.last[t.name(new_names, 1, instance).text()] == "collision");
        CHECK(t.everything().size() == 3);
        CHECK_FALSE(t.has(new_names, 2));
        const sweep_summary pending = count_pending_deletions(t.all(), t.c).value();
        CHECK_FALSE(pending.complete);
        CHECK(pending.names == 0);
        CHECK(pending.outcomes.objects(outcome::collision) == 1);
        t.files_state.put(t.c, name_of(".blobshift/ledger/x"), as_bytes(std::string_view("x\n")), {}, {}).value();
        CHECK(sweep_deletions(t.all(), t.c).error().code == errc::corrupt);
    }
}
