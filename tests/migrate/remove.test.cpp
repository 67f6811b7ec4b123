// SPDX-License-Identifier: MIT
#include <blobshift/migrate/remove.hpp>

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

#include <sys/xattr.h>

#include <blobshift/backends/file_store.hpp>
#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/verify.hpp>
#include <support/temporary_folder.hpp>

#include "archive.hpp"

namespace {

using namespace blobshift_tests;

/// A store in which every old name has its copy.
struct copied_archive : archive {
    explicit copied_archive(std::int64_t count, bool share = false) : archive({.share_copies = share}) {
        fill(count);
        copy_blobs(job(), c, {.compare_existing = verify_level::exists}).value();
        store.hook().calls.clear();
    }
};

}  // namespace

TEST_CASE("remove: every old name goes, every new one stays with its content") {
    for (const bool share : {true, false}) {
        CAPTURE(share);
        copied_archive a(50, share);
        a.options.batch_size = 7;
        const remove_summary done = remove_sources(a.job(), a.c).value();
        CHECK(done.complete);
        CHECK(done.refused.empty());
        CHECK(done.outcomes.objects(outcome::removed) == 100);
        CHECK(done.read_objects == (share ? 0 : 100));
        CHECK(a.everything().size() == 100);
        for (std::int64_t w = 1; w <= 50; ++w) CHECK(a.text_of(a.new_name(w)) == archive::content(w));
        CHECK(a.ledger_size() == 100);
        const remove_summary again = remove_sources(a.job(), a.c).value();
        CHECK(again.complete);
        CHECK(again.outcomes.objects(outcome::removed) == 0);
    }
}

TEST_CASE("remove: reads nothing that was verified before") {
    copied_archive a(10);
    REQUIRE(verify_copies(a.job(), a.c)->complete);
    a.store.hook().calls.clear();
    CHECK(remove_sources(a.job(), a.c)->complete);
    CHECK(a.store.hook().calls["read"] == 0);
}

TEST_CASE("remove: trusts no earlier proof when told so, and demands the level it is told") {
    copied_archive a(5);
    REQUIRE(verify_copies(a.job(), a.c)->complete);
    a.store.hook().calls.clear();
    SUBCASE("afresh") { CHECK(remove_sources(a.job(), a.c, {.afresh = true})->read_objects == 10); }
    SUBCASE("a level that the proofs do not reach") {
        erase_journal(a.state, a.c, evidence_journal).value();
        evidence_writer writer(a.state);
        for (std::int64_t w = 1; w <= 5; ++w) {
            const etag from = a.store.head(a.c, a.old_name(w))->tag;
            const etag to = a.store.head(a.c, a.new_name(w))->tag;
            REQUIRE(writer.add(a.c, {a.new_name(w).text(), verify_level::computed_hash,
                                     evidence::fingerprint_of(a.old_name(w).text(), from, to), 0}));
        }
        REQUIRE(writer.flush(a.c));
        CHECK(remove_sources(a.job(), a.c, {.level = verify_level::read_bytes})->read_objects == 10);
    }
}

TEST_CASE("remove: refuses, touching nothing, while any old name lacks an equal copy") {
    copied_archive a(10);
    const char* code = "";
    SUBCASE("missing") {
        a.store.inner().remove(a.c, a.new_name(3), {}).value();
        code = "missing_copies";
    }
    SUBCASE("empty") {
        a.put(a.new_name(3), "");
        code = "missing_copies";
    }
    SUBCASE("another length") {
        a.put(a.new_name(3), "x");
        code = "different";
    }
    SUBCASE("collision") {
        a.put(name_of("1.9/1.9/1.9_3.dcm"), "x");
        code = "collisions";
    }
    const auto before = a.everything();
    const remove_summary done = remove_sources(a.job(), a.c).value();
    CHECK_FALSE(done.complete);
    REQUIRE(done.refused.size() == 1);
    CHECK(done.refused[0].code == code);
    CHECK(a.everything() == before);
    CHECK(a.store.hook().calls["remove"] == 0);
    CHECK(a.ledger_size() == 0);
}

TEST_CASE("remove: who binds before the first change is asked once, when nothing speaks against it, and can end it") {
    copied_archive a(10);
    int asked = 0;
    bool may = false;
    const auto bind = [&]() -> result<void> {
        ++asked;
        CHECK(a.store.hook().calls["remove"] == 0);
        if (may) return {};
        return fail(errc::blocked, "these do not belong together");
    };
    const function_ref<result<void>()> before_change = bind;
    const remove_options options{.max_delete = 5, .wave_size = 4, .before_change = &before_change};
    CHECK_FALSE(remove_sources(a.job(), a.c, options)->refused.empty());
    CHECK(asked == 0);
    remove_options all = options;
    all.max_delete = 20;
    CHECK(remove_sources(a.job(), a.c, all).error().code == errc::blocked);
    CHECK(a.store.hook().calls["remove"] == 0);
    CHECK(a.ledger_size() == 0);
    may = true;
    CHECK(remove_sources(a.job(), a.c, all)->complete);
    CHECK(asked == 2);
}

TEST_CASE("remove: with partial it deletes what is proved and keeps the rest") {
    copied_archive a(10);
    a.store.inner().remove(a.c, a.new_name(3), {}).value();
    const remove_summary done = remove_sources(a.job(), a.c, {.partial = true}).value();
    CHECK_FALSE(done.complete);
    CHECK(done.outcomes.objects(outcome::removed) == 19);
    CHECK(a.text_of(a.old_name(3)) == archive::content(3));
}

TEST_CASE("remove: a copy of equal length but other bytes keeps its old name") {
    copied_archive a(5);
    std::string other = archive::content(2);
    other[0] = '?';
    a.put(a.new_name(2), other, {.content_type = "application/dicom"});
    const remove_summary done = remove_sources(a.job(), a.c).value();
    CHECK_FALSE(done.complete);
    CHECK(done.outcomes.objects(outcome::different) == 1);
    CHECK(done.outcomes.objects(outcome::removed) == 9);
    CHECK(a.text_of(a.old_name(2)) == archive::content(2));
}

TEST_CASE("remove: an old name that changes before its turn is kept") {
    copied_archive a(5);
    REQUIRE(verify_copies(a.job(), a.c)->complete);
    SUBCASE("between verify and delete") {
        a.put(a.old_name(2), "edited since");
        CHECK_FALSE(remove_sources(a.job(), a.c, {.partial = true})->complete);
    }
    SUBCASE("between the look and the removal itself") {
        a.store.hook().before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
            if (verb == "remove" && name == a.old_name(2).text()) a.put(a.old_name(2), "edited since");
            return std::nullopt;
        };
        const remove_summary done = remove_sources(a.job(), a.c).value();
        CHECK_FALSE(done.complete);
        CHECK(done.outcomes.objects(outcome::changed) == 1);
    }
    CHECK(a.text_of(a.old_name(2)) == "edited since");
    CHECK_FALSE(a.text_of(a.old_name(1)));
}

TEST_CASE("remove: a new name that changes or vanishes after the listing keeps its old one") {
    for (const bool vanishes : {true, false}) {
        CAPTURE(vanishes);
        copied_archive a(5);
        REQUIRE(verify_copies(a.job(), a.c)->complete);
        int listings = 0;
        a.store.hook().before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
            if (verb == "list" && ++listings == 2) {
                if (vanishes) a.store.inner().remove(a.c, a.new_name(2), {}).value();
                else a.put(a.new_name(2), "replaced");
            }
            return std::nullopt;
        };
        a.options.concurrency = 1;
        const remove_summary done = remove_sources(a.job(), a.c).value();
        CHECK_FALSE(done.complete);
        CHECK(done.outcomes.objects(outcome::changed) == 1);
        CHECK(a.text_of(a.old_name(2)) == archive::content(2));
        CHECK(done.outcomes.objects(outcome::removed) == 9);
    }
}

TEST_CASE("remove: what goes is on record, durably, before the first of its batch goes") {
    copied_archive a(30, true);
    a.options.batch_size = 8;
    a.options.concurrency = 1;
    a.store.hook().before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "remove") {
            bool on_record = false;
            read_ledger(a.state, a.c, [&](const ledger_entry& e) -> result<void> {
                on_record = on_record || e.source.text() == name;
                return {};
            }).value();
            CHECK(on_record);
        }
        return std::nullopt;
    };
    REQUIRE(remove_sources(a.job(), a.c)->complete);
    std::map<std::string, std::string> back;
    read_ledger(a.state, a.c, [&](const ledger_entry& e) -> result<void> {
        back[e.target.text()] = e.source.text();
        return {};
    }).value();
    CHECK(back.size() == 60);
    for (std::int64_t w = 1; w <= 30; ++w) CHECK(back[a.new_name(w).text()] == a.old_name(w).text());
}

TEST_CASE("remove: without a ledger nothing is deleted") {
    copied_archive a(5, true);
    hooked_store full;
    full.hook().before = [](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "put") return make_error(errc::no_space, "disk full");
        return std::nullopt;
    };
    any_store state{std::move(full)};
    const auto before = a.everything();
    const migration_job job{a.store, a.from, a.to, state, a.scratch, a.heard, a.options};
    CHECK(remove_sources(job, a.c).error().code == errc::no_space);
    CHECK(a.everything() == before);
}

TEST_CASE("remove: a first wave can be bounded, and a dry run deletes nothing") {
    copied_archive a(5);
    const auto before = a.everything();
    const remove_summary bounded = remove_sources(a.job(), a.c, {.max_delete = 9}).value();
    REQUIRE(bounded.refused.size() == 1);
    CHECK(bounded.refused[0].code == "max_delete");
    CHECK(bounded.refused[0].objects == 10);
    a.options.dry_run = true;
    const remove_summary dry = remove_sources(a.job(), a.c).value();
    CHECK_FALSE(dry.complete);
    CHECK(dry.outcomes.objects(outcome::present) == 10);
    CHECK(a.everything() == before);
    CHECK(a.ledger_size() == 0);
    a.options.dry_run = false;
    CHECK(remove_sources(a.job(), a.c, {.max_delete = 10})->complete);
}

TEST_CASE("remove: blobs that are held, and failures of single removals, do not stop the rest") {
    copied_archive a(10, true);
    a.store.hook().infos = [&](blob_info& info) {
        if (info.name == a.old_name(1)) info.obstacles.has_snapshots = true;
    };
    a.store.hook().before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "remove" && name == a.old_name(2).text()) return make_error(errc::blocked, "leased");
        if (verb == "remove" && name == a.old_name(3).text()) return make_error(errc::io_error, "bad sector");
        return std::nullopt;
    };
    CHECK(remove_sources(a.job(), a.c)->refused.at(0).code == "snapshots");
    const remove_summary done = remove_sources(a.job(), a.c, {.partial = true}).value();
    CHECK(done.outcomes.objects(outcome::removed) == 17);
    CHECK(done.outcomes.objects(outcome::blocked) == 2);
    CHECK(done.outcomes.objects(outcome::failed) == 1);
    for (std::int64_t w = 1; w <= 3; ++w) CHECK(a.text_of(a.old_name(w)) == archive::content(w));
}

TEST_CASE("remove: a removal whose answer was lost is done, and another run agrees") {
    copied_archive a(5, true);
    a.store.hook().before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
        if (verb == "remove" && name == a.old_name(2).text()) {
            a.store.inner().remove(a.c, a.old_name(2), {}).value();
            error lost = make_error(errc::unavailable, "connection reset");
            lost.done = effect::indeterminate;
            return lost;
        }
        return std::nullopt;
    };
    const remove_summary first = remove_sources(a.job(), a.c).value();
    CHECK_FALSE(first.complete);
    CHECK(first.outcomes.objects(outcome::failed) == 1);
    a.store.hook().before = {};
    CHECK(remove_sources(a.job(), a.c)->complete);
    CHECK(a.text_of(a.new_name(2)) == archive::content(2));
}

TEST_CASE("remove: a stop keeps every object whole, and another run finishes") {
    copied_archive a(40, true);
    a.options.batch_size = 10;
    a.options.concurrency = 1;
    std::stop_source stop;
    a.store.hook().after = [&](std::string_view verb, std::string_view) {
        if (verb == "remove" && a.store.hook().calls["remove"] == 15) stop.request_stop();
    };
    context c = a.c;
    c.stop = stop.get_token();
    const remove_summary stopped = remove_sources(a.job(), c).value();
    CHECK(stopped.interrupted);
    CHECK(stopped.outcomes.objects(outcome::removed) == 15);
    for (std::int64_t w = 1; w <= 40; ++w) CHECK(a.text_of(a.new_name(w)) == archive::content(w));
    CHECK(remove_sources(a.job(), a.c)->complete);
    CHECK(a.everything().size() == 80);
}

TEST_CASE("remove: instances that are removed while the names are listed have no missing copies") {
    for (const auto& way : {std::pair{true, true}, std::pair{true, false}, std::pair{false, true}}) {
        const bool is_removed = way.first;
        const bool scans = way.second;
        CAPTURE(is_removed);
        CAPTURE(scans);
        copied_archive a(5);
        a.store.hook().scans = scans;  // else their order would be the one that they are kept in
        REQUIRE(verify_copies(a.job(), a.c)->complete);
        bool listed = false;
        a.store.hook().before = [&](std::string_view verb, std::string_view name) -> std::optional<error> {
            // The listing comes between the removal's two steps: it meets the old name, and the new one no more.
            const bool is_first = verb == "list" && !std::exchange(listed, true);
            for (const std::int64_t w : {2, 3, 4, 5}) {
                if (is_first) a.store.inner().remove(a.c, a.new_name(w), {}).value();
                if (verb == "head" && name == a.old_name(w).text() && is_removed) {
                    a.store.inner().remove(a.c, a.old_name(w), {}).value();
                }
            }
            return std::nullopt;
        };
        SUBCASE("plan") {
            const migration_plan found = plan_migration(a.job(), a.c).value();
            CHECK(found.copy_is_complete() == is_removed);
            CHECK(found.outcomes.objects(is_removed ? outcome::absent : outcome::missing) == 4);
            CHECK(obstacles_to_delete(found).empty() == is_removed);
        }
        SUBCASE("remove") {
            const remove_summary done = remove_sources(a.job(), a.c).value();
            CHECK(done.complete == is_removed);
            CHECK(done.refused.empty() == is_removed);
            CHECK(done.outcomes.objects(outcome::absent) == (is_removed ? 4 : 0));
            CHECK(done.outcomes.objects(outcome::removed) == (is_removed ? 6 : 0));
        }
    }
}

TEST_CASE("plan: where many copies are missing, none of the old names is asked for") {
    archive a;
    for (std::int64_t w = 1; w <= 300; ++w) a.put(a.old_name(w), archive::content(w));
    CHECK(plan_migration(a.job(), a.c)->outcomes.objects(outcome::missing) == 300);
    CHECK(a.store.hook().calls["head"] == 0);
}

TEST_CASE("remove: a new file that cannot be read any more keeps its old name, however well it was proved") {
    testing::temporary_folder folder;
    const auto open = [&](const char* below, copy_method copying) {
        return file_store::open(folder.path() + below,
                                {.durable = durability::none, .copying = copying, .create = true})
            .value();
    };
    for (const copy_method copying : {copy_method::byte_copy, copy_method::hard_link}) {
        const bool shares = copying == copy_method::hard_link;
        CAPTURE(shares);
        const std::string below = shares ? "/linked" : "/copied";
        file_store store = open(below.c_str(), copying);
        any_store state(open((below + "-state").c_str(), copying));
        any_store scratch(open((below + "-scratch").c_str(), copying));
        const uid_names from;
        const prefix_names to;
        migration_observer observer;
        const migration_job job{store, from, to, state, scratch, observer, job_options{.concurrency = 2}};
        const instance_id id{"1.2", "1.3", "1.4", 1};
        const blob_name old_name = from.name_of(id, blob_kind::instance).value();
        const std::string new_path = folder.path() + below + "/" + to.name_of(id, blob_kind::instance).value().text();
        REQUIRE(store.put({}, old_name, as_bytes("content"), {.content_type = "application/dicom"}, {}));
        REQUIRE(copy_blobs(job, {})->complete);
        REQUIRE(verify_copies(job, {})->complete);
        const char damaged[] = "not what this store writes";
        REQUIRE(::setxattr(new_path.c_str(), detail::file_attribute_name, damaged, sizeof damaged, 0) == 0);
        const remove_summary done = remove_sources(job, {}).value();
        // Of a file with two names nothing is lost with one of them.
        CHECK(done.complete == shares);
        CHECK(done.outcomes.objects(outcome::removed) == (shares ? 1 : 0));
        CHECK(store.etag_of({}, old_name).has_value() == !shares);
    }
}

TEST_CASE("remove: looks at the new names again only when asked, by one more listing") {
    copied_archive a(20, true);
    a.store.hook().calls.clear();
    CHECK(remove_sources(a.job(), a.c, {.look_again = false})->complete);
    CHECK(a.store.hook().calls["list"] == 1);
    copied_archive b(20, true);
    b.store.hook().calls.clear();
    CHECK(remove_sources(b.job(), b.c)->complete);
    CHECK(b.store.hook().calls["list"] == 2);
    CHECK(a.store.hook().calls["head"] + b.store.hook().calls["head"] == 0);
}
