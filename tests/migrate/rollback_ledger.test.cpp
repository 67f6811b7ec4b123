// SPDX-License-Identifier: MIT
#include <blobshift/migrate/rollback.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>

#include <blobshift/migrate/cleanup.hpp>

#include "migrated.hpp"

namespace {

using namespace blobshift_tests;
using enum format;
using enum blob_kind;

}  // namespace

TEST_CASE("rollback: what stands under a new name comes back only if the ledger proves that it had the old one") {
    migrated t(3);
    const std::string target = t.name(new_names, 1, instance).text();
    std::string hash;  // what listings give for it
    t.files_hook->infos = [&](blob_info& info) {
        if (info.name.text() == target && !hash.empty()) {
            info.stored_hash = digest{hash_algorithm::md5, {as_bytes(hash).begin(), as_bytes(hash).end()}};
        }
    };
    const auto migrate = [&](const std::string& its_hash) {
        hash = its_hash;
        t.copy();
        t.remove_old();
    };
    const auto roll = [&](verify_level level = verify_level::computed_hash) {
        const rollback_summary done = roll_back(t.all(), t.c, {.level = level}).value();
        CHECK(done.complete == t.is_back());
        CHECK(done.last.objects(outcome::different) == (done.complete ? 0 : 1));
        CHECK(t.has(old_names, 2));
        return done.complete;
    };
    std::string other = two_containers::content(1, instance);
    other.back() = '!';
    SUBCASE("of another length") {
        migrate({});
        t.put(new_names, 1, instance, "somebody else");
        for (const verify_level level : {verify_level::exists, verify_level::computed_hash}) CHECK_FALSE(roll(level));
        CHECK_FALSE(t.has(old_names, 1));
        CHECK(t.everything()[target] == "somebody else");
    }
    SUBCASE("of the same length, without a hash") {
        migrate({});
        t.put(new_names, 1, instance, other);
        CHECK_FALSE(roll());
        CHECK(t.heard.reasons[target].starts_with("it was stored again since the delete"));
        CHECK_FALSE(t.has(old_names, 1));
    }
    SUBCASE("of the same length, when a lower level takes that for proof: storage was moved, and all tags are new") {
        migrate({});
        t.put(new_names, 1, instance);
        CHECK(roll(verify_level::stored_hash));
    }
    SUBCASE("of the same length, with the same hash") {
        migrate("1234");
        t.put(new_names, 1, instance);
        CHECK(roll());
    }
    SUBCASE("of the same length, with another hash") {
        migrate("1234");
        t.put(new_names, 1, instance, other);
        hash = "5678";
        CHECK_FALSE(roll(verify_level::stored_hash));
        CHECK_FALSE(t.has(old_names, 1));
    }
    SUBCASE("by what a ledger knew before it kept tags: the length alone") {
        t.put(new_names, 9, instance, "12345");
        t.put(new_names, 8, instance, "12345");
        ledger_writer ledger(t.files_state);
        ledger.add(t.name(old_names, 9, instance).text(), t.name(new_names, 9, instance).text(), 5);
        ledger.add(t.name(old_names, 8, instance).text(), t.name(new_names, 8, instance).text(), 6);
        REQUIRE(ledger.flush(t.c));
        CHECK_FALSE(roll_back(t.all(), t.c)->complete);
        CHECK(t.has(old_names, 9));
        CHECK_FALSE(t.has(old_names, 8));
    }
}

TEST_CASE("rollback: a new name that the ledger promises and that is gone is told, unless a record explains it") {
    migrated t(5);
    t.copy();
    t.remove_old();
    const auto lose = [&](std::int64_t watermark) {
        for (const blob_kind kind : {instance, metadata, frame_ranges}) t.remove(new_names, watermark, kind);
    };
    const auto roll = [&] { return roll_back(t.all(), t.c).value(); };
    SUBCASE("nothing does") {
        t.remove(new_names, 1, instance);
        t.options.dry_run = true;
        CHECK(roll().last.objects(outcome::failed) == 1);
        t.options.dry_run = false;
        const rollback_summary done = roll();
        CHECK_FALSE(done.complete);
        CHECK(done.last.objects(outcome::failed) == 1);
        CHECK(done.last.bytes(outcome::failed) == two_containers::content(1, instance).size());
        CHECK(t.heard.reasons[t.name(new_names, 1, instance).text()] ==
              "the new name is gone, and no record says that it was removed");
        CHECK(t.has(old_names, 1, metadata));
        CHECK(t.has(old_names, 5));
    }
    SUBCASE("the deletion log does") {
        t.record_removal(1);
        lose(1);
        CHECK(roll().complete);
    }
    SUBCASE("the deletion log did, and cleanup has forgotten it") {
        t.record_removal(1);
        lose(1);
        t.record_removal(2);
        REQUIRE(clean_up(t.all(), t.c)->complete);
        CHECK(t.recorded_removals() == 0);
        SUBCASE("all of them") { CHECK(roll().complete); }
        SUBCASE("but not another one") {
            lose(3);
            CHECK(roll().last.objects(outcome::failed) == 2);
        }
    }
    SUBCASE("a removal does that is recorded while the names are listed") {
        t.files_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
            if (verb != "list" || t.recorded_removals() > 0) return std::nullopt;
            t.record_removal(1);
            lose(1);
            return std::nullopt;
        };
        CHECK(roll().complete);
    }
    SUBCASE("the delete was recorded and never made: the old name is there") {
        t.put(old_names, 1, instance);
        t.remove(new_names, 1, instance);
        CHECK(roll().complete);
    }
    SUBCASE("it was recorded before it was stored, and never stored") {
        ledger_writer ledger(t.files_state);
        ledger.add(t.name(old_names, 9, instance).text(), t.name(new_names, 9, instance).text(), 0);
        REQUIRE(ledger.flush(t.c));
        CHECK(roll().complete);
    }
}
