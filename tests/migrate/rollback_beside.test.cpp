// SPDX-License-Identifier: MIT
//
// What comes between while a rollback is on its way: removals, a node at New, a delete, a seal.
#include <blobshift/migrate/rollback.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <blobshift/migrate/announcer.hpp>
#include <blobshift/migrate/cleanup.hpp>
#include <blobshift/migrate/seal.hpp>

#include "migrated.hpp"

namespace {

using namespace blobshift_tests;
using namespace std::chrono_literals;
using enum format;
using enum blob_kind;

using strings = std::vector<std::string>;

/// Old names are deleted; `happens` is called once, before a listing of the files when `when` holds.
struct on_its_way_back : migrated {
    on_its_way_back() : migrated(4) {
        options.concurrency = 1;
        copy();
        remove_old();
    }
    template <class When, class Happens>
    void before_listing(When when, Happens happens) {
        files_hook->before = [when, happens, over = false](std::string_view verb, std::string_view name) mutable {
            if (verb == "list" && name.empty() && !over && when()) {
                over = true;
                happens();
            }
            return std::optional<error>();
        };
    }
};

}  // namespace

TEST_CASE("rollback: an instance that is removed while new names go is not brought back from its new one") {
    for (const bool service_lives : {true, false}) {
        CAPTURE(service_lives);
        on_its_way_back t;
        bool recorded = false;
        // All old names are back; the service has removed one, and is slow with the new one, or dies.
        t.before_listing([&, listings = 0]() mutable { return t.has(old_names, 1) && ++listings == 2; },
                         [&] {
                             recorded = true;
                             t.record_removal(2);
                             for (const blob_kind k : {instance, metadata}) t.remove(old_names, 2, k);
                         });
        t.files_hook->after = [&, went = false](std::string_view verb, std::string_view) mutable {
            if (!service_lives || !recorded || verb != "remove" || std::exchange(went, true)) return;
            for (const blob_kind k : {instance, metadata, frame_ranges}) t.remove(new_names, 2, k);
        };
        const rollback_summary done = roll_back(t.all(), t.c, {.remove_new = true}).value();
        REQUIRE(recorded);
        CHECK(done.complete);
        for (const blob_kind k : {instance, metadata}) {
            CHECK_FALSE(t.has(old_names, 2, k));
            CHECK_FALSE(t.has(new_names, 2, k));
            CHECK(t.has(old_names, 1, k));
        }
    }
}

TEST_CASE("rollback: a node that comes to New meanwhile ends it, with the reason") {
    on_its_way_back t;
    t.announce("a", dual);
    node_announcer late(t.state, node_name::parse("late").value(), {});
    t.before_listing([listings = 0]() mutable { return ++listings == 2; },
                     [&] {
                         REQUIRE(late.announce(t.c, {.runs = new_names})->may_write);
                         t.store(new_names, 7);
                     });
    const rollback_summary done = roll_back(t.all(), t.c).value();
    CHECK_FALSE(done.complete);
    CHECK_FALSE(done.refused.empty());
    CHECK(t.has(new_names, 7));
}

TEST_CASE("rollback: a delete between the containers is refused, or the rollback does not say that all is back") {
    for (const std::chrono::seconds silent : {5s, 361s}) {
        CAPTURE(silent.count());
        on_its_way_back t;
        std::optional<remove_summary> other;
        t.metadata_hook->before = [&](std::string_view verb, std::string_view name) {
            if (verb == "list" && name.empty() && !other) {
                other.emplace();
                t.clock.advance(silent);
                wave_guard guard(t.state);
                const auto m = t.all();
                other = remove_sources(m.jobs[0], t.c, {.guard = &guard}).value();
            }
            return std::optional<error>();
        };
        const rollback_summary done = roll_back(t.all(), t.c).value();
        REQUIRE(other);
        CHECK(done.complete == t.is_back());
        CHECK(other->complete != done.complete);
        CHECK(codes_of(silent == 5s ? other->refused : done.refused) ==
              strings{silent == 5s ? "operation_running" : "was_silent"});
    }
}

TEST_CASE("rollback: a seal beside it is refused, or ends it") {
    for (const std::chrono::seconds silent : {5s, 361s}) {
        CAPTURE(silent.count());
        on_its_way_back t;
        std::optional<seal_summary> sealed;
        t.before_listing([] { return true; },
                         [&] {
                             t.clock.advance(silent);
                             sealed = seal(t.all(), t.c).value();
                         });
        const rollback_summary done = roll_back(t.all(), t.c).value();
        REQUIRE(sealed);
        CHECK(codes_of(silent == 5s ? sealed->refused : done.refused).at(0) ==
              (silent == 5s ? "operation_running" : "sealed"));
        CHECK(done.complete != sealed->complete);
    }
}

TEST_CASE("rollback: gives signs of life through listings, records and copies") {
    on_its_way_back t;
    int beats = 0;
    hooked_store state;
    state.hook().before = [&](std::string_view verb, std::string_view name) {
        if (verb == "put" && name.find("/claims/") != std::string_view::npos) ++beats;
        return std::optional<error>();
    };
    t.state = any_store(std::move(state));
    t.files_hook->after = [&](std::string_view verb, std::string_view) {
        if (verb == "copy") t.clock.advance(20s);
    };
    CHECK(roll_back(t.all(), t.c)->complete);
    CHECK(beats >= 4);
}

TEST_CASE("seal: its word comes before its look: a rollback that begins between them is refused, or it is") {
    for (int at = 1; at < 40; ++at) {
        CAPTURE(at);
        on_its_way_back t;
        std::optional<rollback_summary> back;
        hooked_store state;
        state.hook().before = [&, requests = 0](std::string_view, std::string_view) mutable {
            if (++requests == at && !back) {
                back.emplace();
                back = roll_back(t.all(), t.c).value();
            }
            return std::optional<error>();
        };
        t.state = any_store(std::move(state));
        const seal_summary sealed = seal(t.all(), t.c).value();
        if (back) CHECK_FALSE((sealed.complete && back->complete));
        CHECK_FALSE((sealed.complete && t.has(old_names, 1)));
    }
}

TEST_CASE("the sweeps of copy and rollback heed the ledgers of all containers") {
    for (const bool back : {false, true}) {
        CAPTURE(back);
        migrated t(2);
        t.copy();
        const auto m = t.all();
        REQUIRE(remove_sources(m.jobs[0], t.c)->complete);  // the metadata has its old names still, and no ledger
        instance_id twin = two_containers::id(1);
        twin.sop = "9.9.9";
        deletion_log(t.state).record(t.c, std::vector{twin}).value();
        if (back) {
            CHECK_FALSE(roll_back(m, t.c)->complete);
        } else {
            for (std::size_t i = 0; i < m.jobs.size(); ++i) {
                CHECK_FALSE(copy_blobs(m.jobs[i], t.c, {.deletions = &t.state, .other_ledgers = ledgers_beside(m, i)})
                                ->complete);
            }
        }
        CHECK(t.has(new_names, 1, metadata));
        CHECK(t.has(new_names, 1, frame_ranges));
    }
}
