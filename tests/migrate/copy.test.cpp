// SPDX-License-Identifier: MIT
#include <blobshift/migrate/copy.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <blobshift/migrate/remove.hpp>

#include "archive.hpp"
#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;

std::optional<error> nothing() { return std::nullopt; }

}  // namespace

TEST_CASE("copy: every old name gets an equal new one, attributes included, and the old one stays") {
    for (const bool share : {true, false}) {
        archive a({.share_copies = share});
        a.fill(100);
        a.options.batch_size = 7;
        const auto before = a.everything();
        const copy_summary done = copy_blobs(a.job(), a.c).value();
        CHECK(done.complete);
        CHECK_FALSE(done.interrupted);
        CHECK(done.passes == 2);
        CHECK(done.made.objects(outcome::copied) == 200);
        CHECK(done.last.objects(outcome::present) == 200);
        CHECK(a.everything().size() == 400);
        for (const auto& [name, text] : before) CHECK(a.text_of(name_of(name)) == text);
        for (std::int64_t w = 1; w <= 100; ++w) {
            CHECK(a.text_of(a.new_name(w)) == archive::content(w));
            CHECK(a.store.head(a.c, a.new_name(w))->attrs.content_type == "application/dicom");
        }
        CHECK(a.scratch.list({}, {.prefix = std::string(reserved_prefix)}).value().blobs.empty());
    }
}

TEST_CASE("copy: run again it copies nothing") {
    archive a;
    a.fill(20);
    REQUIRE(copy_blobs(a.job(), a.c)->complete);
    a.store.hook().calls.clear();
    const copy_summary again = copy_blobs(a.job(), a.c).value();
    CHECK(again.complete);
    CHECK(again.passes == 1);
    CHECK(a.store.hook().calls["copy"] == 0);
    CHECK(a.store.hook().calls["put"] == 0);
}

TEST_CASE("copy: a target that was there is read and compared, not trusted, and the proof is kept") {
    archive a;
    a.fill(3);
    a.put(a.new_name(1), archive::content(1), {.content_type = "application/dicom"});
    std::string other = archive::content(2);
    other.back() = '!';
    a.put(a.new_name(2), other, {.content_type = "application/dicom"});         // same length, other bytes
    a.put(a.new_name(3), archive::content(3), {.content_type = "text/plain"});  // same bytes, other attributes
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.last.objects(outcome::different) == 2);
    CHECK(a.heard.last[a.new_name(1).text()] == "present");
    CHECK(a.heard.last[a.new_name(2).text()] == "different");
    CHECK(a.heard.reasons[a.new_name(2).text()] == "the bytes differ");
    CHECK(a.heard.reasons[a.new_name(3).text()] == "the attributes differ");
    CHECK(a.text_of(a.new_name(2)) == other);
    a.store.hook().calls.clear();
    a.store.inner().remove(a.c, a.new_name(2), {}).value();
    a.store.inner().remove(a.c, a.new_name(3), {}).value();
    REQUIRE(copy_blobs(a.job(), a.c)->complete);
    // Targets 2 and 3, copied anew, are read in the second pass; nothing is read of what was proved before.
    CHECK(a.store.hook().calls["read"] == 2 * 2);
}

TEST_CASE("copy: a target that holds no byte is replaced, any other is left alone") {
    archive a;
    a.fill(4);
    a.put(a.new_name(1), "");
    a.put(a.new_name(2), archive::content(2));
    a.put(a.new_name(3), "longer than the source by far ............................");
    a.store.hook().infos = [&](blob_info& info) {
        // Until it is replaced, the copy that made number 2 has failed.
        if (info.name == a.new_name(2) && info.attrs.content_type.empty() && a.store.hook().calls["copy"] == 0) {
            info.copy = copy_state::failed;
        }
    };
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK(done.made.objects(outcome::repaired) == 2);
    CHECK(a.text_of(a.new_name(1)) == archive::content(1));
    CHECK(a.text_of(a.new_name(2)) == archive::content(2));
    CHECK(a.text_of(a.new_name(3)) == "longer than the source by far ............................");
    CHECK_FALSE(done.complete);
    CHECK(done.last.objects(outcome::different) == 1);
}

TEST_CASE("copy: a target that appears between the listing and the copy is not overwritten") {
    archive a;
    a.fill(1);
    a.store.hook().before = [&](std::string_view verb, std::string_view name) {
        if (verb == "copy" && name == a.old_name(1).text() && !a.text_of(a.new_name(1))) {
            a.put(a.new_name(1), "somebody was faster");
        }
        return nothing();
    };
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK(a.text_of(a.new_name(1)) == "somebody was faster");
    CHECK(done.last.objects(outcome::different) == 1);
    CHECK_FALSE(done.complete);
}

TEST_CASE("copy: a source that changes between the listing and the copy is copied as it is then, in the next pass") {
    archive a;
    a.fill(1);
    bool once = true;
    a.store.hook().before = [&](std::string_view verb, std::string_view name) {
        if (verb == "copy" && name == a.old_name(1).text() && std::exchange(once, false)) {
            a.put(a.old_name(1), "a new version");
        }
        return nothing();
    };
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK(done.complete);
    CHECK(a.text_of(a.new_name(1)) == "a new version");
}

TEST_CASE("copy: no other version than the one that was listed is copied, even where the length is the same") {
    archive a;
    a.fill(1);
    const std::string other(archive::content(1).size(), 'x');
    bool once = true;
    a.store.hook().before = [&](std::string_view verb, std::string_view name) {
        if (verb == "copy" && name == a.old_name(1).text() && std::exchange(once, false)) {
            a.put(a.old_name(1), other);
        }
        return nothing();
    };
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK(done.complete);
    CHECK(a.store.hook().calls["copy"] == 3);  // two blobs, and one of them again
    CHECK(a.text_of(a.new_name(1)) == other);
}

TEST_CASE("copy: blobs that arrive during a pass are found by the next one") {
    archive a;
    a.fill(5);
    int late = 0;
    a.store.hook().after = [&](std::string_view verb, std::string_view) {
        if (verb == "copy" && late < 3) {
            ++late;
            a.put(a.old_name(100 + late), archive::content(100 + late));
        }
    };
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK(done.complete);
    for (std::int64_t w = 101; w <= 103; ++w) CHECK(a.text_of(a.new_name(w)) == archive::content(w));
}

TEST_CASE("copy: a source that vanishes is nobody's failure, and is not brought back") {
    archive a;
    a.fill(2);
    a.store.hook().before = [&](std::string_view verb, std::string_view name) {
        if (verb == "copy" && name == a.old_name(1).text()) a.store.inner().remove(a.c, a.old_name(1), {}).value();
        return nothing();
    };
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK(done.complete);
    CHECK_FALSE(a.text_of(a.new_name(1)));
    CHECK(a.heard.last[a.new_name(1).text()] == "absent");
}

TEST_CASE("copy: a container that vanishes during a pass is not taken for blobs that were removed") {
    archive a;
    a.fill(3);
    bool is_gone = false;
    a.store.hook().before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        is_gone = is_gone || verb == "copy";
        if (is_gone) return make_error(errc::not_found, "no container has this name");
        return nothing();
    };
    const auto done = copy_blobs(a.job(), a.c);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == errc::not_found);
    CHECK(a.text_of(a.old_name(1)) == archive::content(1));
}

TEST_CASE("copy: one bad object never stops the rest") {
    archive a;
    a.fill(50);
    a.options.batch_size = 10;
    a.store.hook().before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "copy" && name == a.old_name(13).text()) return make_error(errc::io_error, "bad sector");
        if (verb == "copy" && name == a.old_name(14).text()) return make_error(errc::blocked, "under legal hold");
        return nothing();
    };
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.made.objects(outcome::copied) == 98);
    CHECK(done.last.objects(outcome::failed) == 1);
    CHECK(done.last.objects(outcome::blocked) == 1);
    CHECK(a.heard.reasons[a.new_name(13).text()] == "bad sector");
    a.store.hook().before = {};
    CHECK(copy_blobs(a.job(), a.c)->complete);
}

TEST_CASE("copy: names that share a target, and archived ones, are told and not copied") {
    archive a;
    a.put(name_of("1.2/1.3/1.4_5.dcm"), "one");
    a.put(name_of("1.2/1.3/1.5_5.dcm"), "another");
    a.put(a.old_name(9), "cold");
    a.store.hook().infos = [&](blob_info& info) {
        if (info.name == a.old_name(9)) info.obstacles.archived = true;
    };
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.last.objects(outcome::collision) == 2);
    CHECK(done.last.objects(outcome::blocked) == 1);
    CHECK(a.everything().size() == 3);
}

TEST_CASE("copy: a store that says it copied but left another length is not believed") {
    archive a;
    a.fill(1);
    a.store.hook().infos = [&](blob_info& info) {
        if (info.name == a.new_name(1)) info.size_bytes = 0;
    };
    const copy_summary done = copy_blobs(a.job(), a.c, {.max_passes = 4}).value();
    CHECK_FALSE(done.complete);
    CHECK(done.passes <= 4);
    CHECK(a.heard.last[a.new_name(1).text()] == "failed");
    CHECK(a.heard.last[a.new_name(1, blob_kind::metadata).text()] == "present");
}

TEST_CASE("copy: a copy that the store has not finished is waited for, and never taken for done") {
    archive a;
    a.fill(1);
    int lists = 0;
    a.store.hook().infos = [&](blob_info& info) {
        if (info.name == a.new_name(1) && a.store.hook().calls["list"] < 4) info.copy = copy_state::pending;
    };
    a.store.hook().before = [&](std::string_view verb, std::string_view) {
        if (verb == "list") ++lists;
        return nothing();
    };
    const copy_summary done = copy_blobs(a.job(), a.c, {.pending_pause = std::chrono::milliseconds(0)}).value();
    CHECK(done.complete);
    CHECK(lists == 4);
    CHECK(copy_blobs(a.job(), a.c, {.max_passes = 1})->complete);
}

TEST_CASE("copy: a dry run says what it would copy and changes neither blobs nor state") {
    archive a;
    a.fill(3);
    a.put(a.new_name(1), archive::content(1), {.content_type = "application/dicom"});
    a.options.dry_run = true;
    const auto before = a.everything();
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.last.objects(outcome::missing) == 5);
    CHECK(a.everything() == before);
    CHECK(a.store.hook().calls["copy"] + a.store.hook().calls["put"] + a.store.hook().calls["remove"] == 0);
    CHECK(a.state.list(a.c, {.prefix = std::string(reserved_prefix)}).value().blobs.empty());
}

TEST_CASE("copy: a stop ends it between two objects, and another run does the rest") {
    archive a;
    a.fill(100);
    a.options.batch_size = 10;
    a.options.concurrency = 1;
    std::stop_source stop;
    a.store.hook().after = [&](std::string_view verb, std::string_view) {
        if (verb == "copy" && a.store.hook().calls["copy"] == 25) stop.request_stop();
    };
    context c = a.c;
    c.stop = stop.get_token();
    const copy_summary stopped = copy_blobs(a.job(), c).value();
    CHECK(stopped.interrupted);
    CHECK_FALSE(stopped.complete);
    CHECK(stopped.made.objects(outcome::copied) == 25);
    const copy_summary rest = copy_blobs(a.job(), a.c).value();
    CHECK(rest.complete);
    CHECK(rest.made.objects(outcome::copied) == 175);
}

TEST_CASE("copy: a listing or a state that fails ends it with that error") {
    archive a;
    a.fill(3);
    SUBCASE("listing") {
        a.store.hook().before = [](std::string_view verb, std::string_view) -> std::optional<error> {
            if (verb == "list") return make_error(errc::unavailable, "the wire broke");
            return nothing();
        };
        CHECK(copy_blobs(a.job(), a.c).error().code == errc::unavailable);
        CHECK(a.store.hook().calls["copy"] == 0);
    }
    SUBCASE("evidence that cannot be kept") {
        a.put(a.new_name(1), archive::content(1), {.content_type = "application/dicom"});
        hooked_store full;
        full.hook().before = [](std::string_view verb, std::string_view) -> std::optional<error> {
            if (verb == "put") return make_error(errc::no_space, "disk full");
            return nothing();
        };
        any_store state{std::move(full)};
        const migration_job job{a.store, a.from, a.to, state, a.scratch, a.heard, a.options};
        CHECK(copy_blobs(job, a.c).error().code == errc::no_space);
    }
}

TEST_CASE("copy: what a busy service stores or removes meanwhile does not keep a pass from being the last") {
    archive a;
    a.fill(5);
    int passes_with_traffic = 0;
    a.store.hook().before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "copy" && name == a.old_name(2).text()) {
            // A put in format Dual was faster.
            a.store.inner().copy(a.c, a.old_name(2), a.new_name(2), {}, {}).value();
            ++passes_with_traffic;
        }
        if (verb == "copy" && name == a.old_name(3).text()) a.store.inner().remove(a.c, a.old_name(3), {}).value();
        if (verb == "copy" && name == a.old_name(4).text()) a.put(a.new_name(4), "something else");
        return std::nullopt;
    };
    const copy_summary done = copy_blobs(a.job(), a.c).value();
    CHECK(passes_with_traffic == 1);
    CHECK(done.passes == 2);
    CHECK(a.heard.last[a.new_name(2).text()] == "present");
    CHECK(a.heard.last[a.new_name(4).text()] == "different");
    CHECK_FALSE(a.text_of(a.new_name(3)));
    CHECK(a.text_of(a.new_name(4)) == "something else");
    CHECK_FALSE(done.complete);
}

TEST_CASE("copy: other spellings of new names are brought to the one spelling when asked") {
    archive a;
    a.put(name_of("299_1.dcm"), "written by 8.0.62");
    a.put(a.new_name(7), "usual");
    CHECK(copy_blobs(a.job(), a.c)->made.objects(outcome::copied) == 0);
    a.options.normalize_dialects = true;
    CHECK(copy_blobs(a.job(), a.c)->made.objects(outcome::copied) == 1);
    CHECK(a.text_of(name_of("132_1.dcm")) == "written by 8.0.62");
    REQUIRE(remove_sources(a.job(), a.c)->complete);
    CHECK_FALSE(a.text_of(name_of("299_1.dcm")));
    CHECK(a.text_of(a.new_name(7)) == "usual");
}

TEST_CASE("copy: stopped in its second listing, what the first pass copied is counted once") {
    blobshift_tests::two_containers t;
    for (std::int64_t w = 1; w <= 3; ++w) t.put(format::old_names, w, blob_kind::instance);
    std::stop_source stop;
    t.c.stop = stop.get_token();
    t.files_hook->before = [&, listings = 0](std::string_view verb, std::string_view name) mutable {
        if (verb == "list" && name.empty() && ++listings == 2) stop.request_stop();
        return std::optional<error>();
    };
    const copy_summary done = copy_blobs(t.all().jobs[0], t.c).value();
    CHECK(done.interrupted);
    CHECK(done.passes == 2);
    CHECK(done.made.objects(outcome::copied) == 3);
    CHECK(outcomes_of(done).objects(outcome::copied) == 3);
}
