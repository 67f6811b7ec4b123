// SPDX-License-Identifier: MIT
#include <blobshift/migrate/mend.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using enum format;
using enum blob_kind;

}  // namespace

TEST_CASE("mend: a pair that lacks its new name gets it, create-only; what is whole or gone is right as it is") {
    for (const medium where : {medium::memory, medium::disk}) {
        two_containers t(where);
        t.put(old_names, 1, instance);
        t.put(old_names, 1, metadata);
        t.store(dual, 2);
        t.put(new_names, 3, instance);
        for (const std::int64_t w : {1, 2, 3, 4}) t.record_repair(w);
        t.record_repair(1, metadata);
        t.record_repair(1, frame_ranges);  // a kind with one name has no pair
        const auto before = t.everything();
        t.options.batch_size = 2;
        t.options.dry_run = true;
        CHECK_FALSE(mend_pairs(t.all(), t.c)->complete);
        CHECK(t.everything() == before);
        t.options.dry_run = false;
        const mend_summary done = mend_pairs(t.all(), t.c).value();
        CHECK(done.complete);
        CHECK(done.entries == 6);
        CHECK(done.last == 6);
        CHECK(done.outcomes.objects(outcome::copied) == 2);
        CHECK(done.outcomes.objects(outcome::present) == 1);
        CHECK(t.has(new_names, 1, instance));
        CHECK(t.has(new_names, 1, metadata));
        CHECK_FALSE(t.has(old_names, 3));  // it may have been removed; only the log knows
        CHECK(t.everything().size() == before.size() + 2);
        CHECK(mend_pairs(t.all(), t.c)->complete);
        CHECK(t.recorded_repairs() == 6);
    }
}

TEST_CASE("mend: an empty new name is replaced, one with other bytes is reported and left alone") {
    two_containers t;
    t.put(old_names, 1, instance);
    t.put(new_names, 1, instance, "");
    t.put(old_names, 2, instance, "the one");
    t.put(new_names, 2, instance, "another");
    t.record_repair(1);
    t.record_repair(2);
    const mend_summary done = mend_pairs(t.all(), t.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.outcomes.objects(outcome::repaired) == 1);
    CHECK(done.outcomes.objects(outcome::different) == 1);
    CHECK(t.everything()[t.name(new_names, 1, instance).text()] == two_containers::content(1, instance));
    CHECK(t.everything()[t.name(new_names, 2, instance).text()] == "another");
}

TEST_CASE("mend: a blob that cannot be looked at is one failure; a stop or a broken list ends it") {
    two_containers t;
    for (std::int64_t w = 1; w <= 3; ++w) {
        t.put(old_names, w, instance);
        t.record_repair(w);
    }
    const std::string old_one = t.name(old_names, 1, instance).text();
    const std::string new_two = t.name(new_names, 2, instance).text();
    t.files_hook->before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "head" && (name == old_one || name == new_two)) return make_error(errc::io_error, "bad sector");
        return std::nullopt;
    };
    const mend_summary done = mend_pairs(t.all(), t.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.outcomes.objects(outcome::failed) == 2);
    CHECK(t.has(new_names, 3));
    std::stop_source stop;
    context c = t.c;
    c.stop = stop.get_token();
    t.files_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb != "head") return std::nullopt;
        stop.request_stop();
        return make_error(errc::cancelled, "stopped on request");
    };
    CHECK(mend_pairs(t.all(), c).error().code == errc::cancelled);
    t.state.put(t.c, name_of(".blobshift/repairs/00000000000000000004"), as_bytes(std::string_view("x\n")), {}, {})
        .value();
    CHECK(mend_pairs(t.all(), t.c).error().code == errc::corrupt);
}
