// SPDX-License-Identifier: MIT
#include <blobshift/migrate/verify.hpp>

#include <doctest/doctest.h>

#include <string>

#include <blobshift/migrate/copy.hpp>

#include "archive.hpp"

namespace {

using namespace blobshift_tests;

}  // namespace

TEST_CASE("verify: reads what nobody proved, keeps the proof, and does not read it again") {
    archive a;
    a.fill(10);
    for (std::int64_t w = 1; w <= 10; ++w) {
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            a.store.inner().copy(a.c, a.old_name(w, kind), a.new_name(w, kind), {}, {}).value();
        }
    }
    const verify_summary first = verify_copies(a.job(), a.c).value();
    CHECK(first.complete);
    CHECK(first.read_objects == 20);
    CHECK(first.outcomes.objects(outcome::verified) == 20);
    const verify_summary second = verify_copies(a.job(), a.c).value();
    CHECK(second.complete);
    CHECK(second.read_objects == 0);
    const verify_summary afresh = verify_copies(a.job(), a.c, {.afresh = true}).value();
    CHECK(afresh.complete);
    CHECK(afresh.read_objects == 20);
}

TEST_CASE("verify: one object under two names is equal without reading") {
    archive a({.share_copies = true});
    a.fill(10);
    REQUIRE(copy_blobs(a.job(), a.c)->complete);
    a.store.hook().calls.clear();
    const verify_summary done = verify_copies(a.job(), a.c, {.level = verify_level::read_bytes, .afresh = true}).value();
    CHECK(done.complete);
    CHECK(a.store.hook().calls["read"] == 0);
}

TEST_CASE("verify: a proof is stale as soon as either blob has another version") {
    archive a;
    a.fill(2);
    REQUIRE(copy_blobs(a.job(), a.c)->complete);
    REQUIRE(verify_copies(a.job(), a.c)->complete);
    std::string other = archive::content(1);
    other[0] = '?';
    a.put(a.new_name(1), other, {.content_type = "application/dicom"});
    const verify_summary again = verify_copies(a.job(), a.c).value();
    CHECK_FALSE(again.complete);
    CHECK(again.read_objects == 1);
    CHECK(a.heard.last[a.new_name(1).text()] == "different");
    CHECK(again.outcomes.objects(outcome::verified) == 3);
}

TEST_CASE("verify: what is missing, different, foreign or only new is told apart") {
    archive a;
    a.fill(3);
    a.put(a.new_name(1), archive::content(1), {.content_type = "application/dicom"});
    a.put(a.new_name(2), "other");
    a.put(a.new_name(77), "only new");
    a.put(name_of("foreign"), "?");
    const verify_summary done = verify_copies(a.job(), a.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.outcomes.objects(outcome::verified) == 1);
    CHECK(done.outcomes.objects(outcome::different) == 1);
    CHECK(done.outcomes.objects(outcome::missing) == 4);
    CHECK(done.outcomes.objects(outcome::foreign) == 1);
    CHECK(done.only_new == 1);
}

TEST_CASE("verify: a low level is honest about what it does not know") {
    archive a;
    a.put(a.old_name(1), "abc");
    a.put(a.new_name(1), "abd");
    CHECK(verify_copies(a.job(), a.c, {.level = verify_level::exists})->complete);
    CHECK(verify_copies(a.job(), a.c, {.level = verify_level::size})->complete);
    const verify_summary hashes = verify_copies(a.job(), a.c, {.level = verify_level::stored_hash}).value();
    CHECK_FALSE(hashes.complete);
    CHECK(hashes.outcomes.objects(outcome::failed) == 1);
    CHECK(a.store.hook().calls["read"] == 0);
    CHECK_FALSE(verify_copies(a.job(), a.c)->complete);
    CHECK(a.heard.last[a.new_name(1).text()] == "different");
}

TEST_CASE("verify: a blob that vanishes or fails while it is read is not verified, and the rest is") {
    archive a;
    a.fill(5);
    REQUIRE(copy_blobs(a.job(), a.c, {.compare_existing = verify_level::exists})->complete);
    a.store.hook().before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "read" && name == a.new_name(2).text()) a.store.inner().remove(a.c, a.new_name(2), {}).value();
        if (verb == "read" && name == a.new_name(3).text()) return make_error(errc::io_error, "bad sector");
        return std::nullopt;
    };
    const verify_summary done = verify_copies(a.job(), a.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.outcomes.objects(outcome::verified) == 8);
    CHECK(a.heard.last[a.new_name(2).text()] == "changed");
    CHECK(a.heard.last[a.new_name(3).text()] == "failed");
}

TEST_CASE("verify: a dry run reads no content and keeps no proof; a stop interrupts") {
    archive a;
    a.fill(3);
    REQUIRE(copy_blobs(a.job(), a.c, {.compare_existing = verify_level::exists})->complete);
    a.options.dry_run = true;
    CHECK_FALSE(verify_copies(a.job(), a.c)->complete);
    CHECK(a.store.hook().calls["read"] == 0);
    CHECK(a.state.list(a.c, {.prefix = std::string(reserved_prefix)}).value().blobs.empty());
    a.options.dry_run = false;
    std::stop_source stop;
    context c = a.c;
    c.stop = stop.get_token();
    a.store.hook().after = [&](std::string_view verb, std::string_view) {
        if (verb == "read") stop.request_stop();
    };
    CHECK(verify_copies(a.job(), c)->interrupted);
    a.store.hook().after = {};
    CHECK(verify_copies(a.job(), a.c)->complete);
}
