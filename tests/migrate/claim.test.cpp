// SPDX-License-Identifier: MIT
#include <blobshift/migrate/claim.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/rollback.hpp>

#include "two_containers.hpp"

namespace {

using namespace blobshift_tests;
using namespace std::chrono_literals;
using enum blob_kind;

using claim_codes = std::vector<std::string>;

[[nodiscard]] std::size_t records(two_containers& t) {
    return list_operations(t.state, t.c, claim_folder)->size();
}

/// An archive whose files are copied, and nothing is deleted yet.
struct copied_files : two_containers {
    static constexpr std::int64_t count = 10;

    copied_files() {
        for (std::int64_t w = 1; w <= count; ++w) put(format::old_names, w, instance);
        const auto m = all();
        REQUIRE(copy_blobs(m.jobs[0], c)->complete);
    }
    /// How many instances have neither name.
    [[nodiscard]] std::size_t lost() {
        std::size_t there = 0;
        const auto names = everything();
        for (std::int64_t w = 1; w <= count; ++w) {
            bool has = false;
            const std::string end = "_" + std::to_string(w) + ".dcm";
            for (const auto& [name, content] : names) has = has || name.ends_with(end);
            there += has ? 1 : 0;
        }
        return static_cast<std::size_t>(count) - there;
    }
};

/// The clocks of a machine whose time of day is another one's and so much more.
struct shifted_clock final : time_source {
    shifted_clock(const time_source& of, std::chrono::seconds ahead_of_it) : other(of), ahead(ahead_of_it) {}
    [[nodiscard]] steady_time now() const override { return other.now(); }
    [[nodiscard]] utc_time utc_now() const override { return other.utc_now() + ahead; }
    void sleep(std::chrono::nanoseconds pause, const std::stop_token& stop) const override { other.sleep(pause, stop); }
    const time_source& other;
    std::chrono::seconds ahead;
};

}  // namespace

TEST_CASE("claim: of two kinds only one may remove; two of one kind may") {
    two_containers t;
    removal_claim forward(t.state, operation_kind::remove);
    removal_claim beside(t.state, operation_kind::remove);
    removal_claim back(t.state, operation_kind::rollback);
    CHECK(forward.hold(t.c)->empty());
    CHECK(beside.hold(t.c)->empty());
    const auto against = back.hold(t.c).value();
    CHECK(codes_of(against) == claim_codes{"operation_running", "operation_running"});
    CHECK(against[0].text.ends_with("if it was killed, it counts for another 360 s"));
    CHECK(forward.hold(t.c)->size() == 1);  // it said its word, although it must not go on
}

TEST_CASE("claim: its record goes with it, and counts no longer than its lease when it stays") {
    two_containers t;
    {
        removal_claim mine(t.state, operation_kind::remove);
        CHECK(mine.hold(t.c)->empty());
        CHECK(records(t) == 1);
    }
    CHECK(records(t) == 0);
    REQUIRE(running_operation::start(t.state, t.c, operation_id::make(), operation_kind::remove,
                                     {.folder = claim_folder}));  // and is killed
    {
        removal_claim back(t.state, operation_kind::rollback);
        CHECK(back.hold(t.c)->size() == 1);
        CHECK(records(t) == 2);
        t.clock.advance(60001ms);
        CHECK(back.hold(t.c)->empty());
    }
    CHECK(records(t) == 1);
    removal_claim next(t.state, operation_kind::rollback);
    CHECK(next.hold(t.c)->empty());
    CHECK(records(t) == 1);  // the dead one's is gone
}

TEST_CASE("claim: a batch ends with its last sign of life") {
    two_containers t;
    removal_claim mine(t.state, operation_kind::remove);
    CHECK_FALSE(mine.until_over(t.c).deadline);
    REQUIRE(mine.hold(t.c));
    const auto begun = t.clock.now();
    CHECK(mine.until_over(t.c).deadline == begun + 60s);
    CHECK(mine.until_over(t.c.with_timeout(5s)).deadline == begun + 5s);
    t.clock.advance(30s);
    REQUIRE(mine.hold(t.c));
    CHECK(mine.until_over(t.c).deadline == begun + 90s);
}

TEST_CASE("claim: it counts for its owner no longer than for others, however long it took to write") {
    two_containers t;
    hooked_store state;
    bool slow = false;
    state.hook().after = [&](std::string_view verb, std::string_view) {
        if (verb == "put" && slow) t.clock.advance(40s);
    };
    t.state = any_store(std::move(state));
    removal_claim mine(t.state, operation_kind::remove);
    REQUIRE(mine.hold(t.c)->empty());
    t.clock.advance(10s);
    slow = true;
    const auto begun = t.clock.now();
    REQUIRE(mine.hold(t.c)->empty());
    slow = false;
    CHECK(mine.until_over(t.c).deadline == begun + 60s);
    t.clock.advance(21s);
    CHECK(mine.until_over(t.c).proceed().error().code == errc::deadline_exceeded);
    CHECK(removal_claim(t.state, operation_kind::rollback).hold(t.c)->size() == 1);
    t.clock.advance(claim_margin);
    CHECK(removal_claim(t.state, operation_kind::rollback).hold(t.c)->empty());
}

TEST_CASE("claim: it ends by the time of day, too, when the steady clock has stood still") {
    two_containers t;
    removal_claim mine(t.state, operation_kind::remove);
    REQUIRE(mine.hold(t.c)->empty());
    const shifted_clock slept(t.clock, 1h);  // it slept for an hour, in which the steady one stood still
    t.c.clock = &slept;
    CHECK(mine.until_over(t.c).proceed().error().code == errc::deadline_exceeded);
    mine.beat(t.c);
    CHECK(mine.has_lapsed());
}

TEST_CASE("claim: one that was silent for too long puts its record back, and sees who came meanwhile") {
    two_containers t;
    removal_claim silent(t.state, operation_kind::remove);
    REQUIRE(silent.hold(t.c));
    t.clock.advance(61s + claim_margin);
    removal_claim back(t.state, operation_kind::rollback);
    CHECK(back.hold(t.c)->empty());
    CHECK(records(t) == 1);
    CHECK(silent.hold(t.c)->size() == 1);
    CHECK(records(t) == 2);
    CHECK(back.hold(t.c)->size() == 1);
}

TEST_CASE("claim: a state that cannot be written or read refuses") {
    two_containers t;
    t.state.put(t.c, name_of(".blobshift/operations/x"), as_bytes(std::string_view("x")), {}, {}).value();
    removal_claim mine(t.state, operation_kind::remove);
    CHECK(mine.hold(t.c).error().code == errc::corrupt);
}

TEST_CASE("a rollback that begins while a delete removes ends without removing, and the other way round") {
    copied_files t;
    t.options.concurrency = 1;
    std::optional<rollback_summary> inner;
    t.files_hook->after = [&](std::string_view verb, std::string_view) {
        if (verb != "remove" || inner || t.files_hook->calls["remove"] != 4) return;
        inner.emplace();
        inner = roll_back(t.all(), t.c, {.remove_new = true}).value();
    };
    SUBCASE("in a delete") {
        wave_guard guard(t.state);
        const auto m = t.all();
        const auto done = remove_sources(m.jobs[0], t.c, {.guard = &guard, .wave_size = 3}).value();
        REQUIRE(inner);
        CHECK(codes_of(inner->refused) == claim_codes{"operation_running"});
        CHECK(done.complete);  // the other one gave up, and took its word back
    }
    SUBCASE("in a rollback") {
        std::optional<remove_summary> refused;
        t.files_hook->after = [&](std::string_view verb, std::string_view) {
            if (verb != "remove" || refused || t.files_hook->calls["remove"] != 4) return;
            refused.emplace();
            wave_guard guard(t.state);
            const auto m = t.all();
            refused = remove_sources(m.jobs[0], t.c, {.guard = &guard, .wave_size = 3}).value();
        };
        CHECK(roll_back(t.all(), t.c, {.remove_new = true})->complete);
        REQUIRE(refused);
        CHECK(codes_of(refused->refused) == claim_codes{"operation_running", "missing_copies"});
    }
    CHECK(t.lost() == 0);
    CHECK(records(t) == 0);
}

TEST_CASE("a delete stops before the wave in which a rollback has begun, and a rollback before the batch") {
    copied_files t;
    t.options.concurrency = 1;
    t.options.batch_size = 3;
    std::optional<removal_claim> other;
    operation_kind kind = operation_kind::rollback;
    t.files_hook->after = [&](std::string_view verb, std::string_view) {
        if (verb != "remove" || other) return;
        other.emplace(t.state, kind);
        CHECK_FALSE(other->hold(t.c)->empty());
    };
    SUBCASE("delete") {
        wave_guard guard(t.state);
        const auto m = t.all();
        const auto done = remove_sources(m.jobs[0], t.c, {.guard = &guard, .wave_size = 3}).value();
        CHECK(codes_of(done.stopped) == claim_codes{"operation_running"});
        CHECK(done.outcomes.objects(outcome::removed) == 3);
        CHECK_FALSE(done.complete);
    }
    SUBCASE("rollback") {
        kind = operation_kind::remove;
        const auto done = roll_back(t.all(), t.c, {.remove_new = true}).value();
        CHECK(codes_of(done.refused) == claim_codes{"operation_running"});
        CHECK(done.removed_new == 3);
        CHECK_FALSE(done.complete);
    }
    CHECK(t.lost() == 0);
}

TEST_CASE("a delete is not taken for dead by a clock that is ahead, nor while its last removal may be on its way") {
    struct row {
        std::chrono::seconds still;  ///< So long the first removal stands still, on its way to the store,
        std::chrono::seconds ahead;  ///< and so far the clock of the rollback is ahead.
    };
    for (const row& r : {row{57s, 5s}, {0s, 61s}, {61s, 0s}, {200s, 150s}, {0s, -61s}}) {
        CAPTURE(r.still.count());
        CAPTURE(r.ahead.count());
        copied_files t;
        t.options.concurrency = 1;  // of a job within a call
        const shifted_clock other(t.clock, r.ahead);
        std::optional<rollback_summary> back;
        t.files_hook->before = [&](std::string_view verb, std::string_view) {
            if (verb == "remove" && !back) {
                back.emplace();
                t.clock.advance(r.still);
                context theirs = t.c;
                theirs.clock = &other;
                back = roll_back(t.all(), theirs, {.remove_new = true}).value();
            }
            return std::optional<error>();
        };
        wave_guard guard(t.state);
        const auto m = t.all();
        static_cast<void>(remove_sources(m.jobs[0], t.c, {.guard = &guard}).value());
        REQUIRE(back);
        CHECK(codes_of(back->refused) == claim_codes{"operation_running"});
        CHECK(t.lost() == 0);
    }
}

TEST_CASE("a removal of which nobody knows what became of it keeps the other direction away when its program has ended") {
    for (const bool back_first : {false, true}) {
        copied_files t;
        bool was_lost = false;
        t.files_hook->before = [&](std::string_view verb, std::string_view) {
            if (verb != "remove" || std::exchange(was_lost, true)) return std::optional<error>();
            error e = make_error(errc::unavailable, "no answer");
            e.done = effect::indeterminate;
            return std::optional<error>(e);
        };
        const auto forward = [&] {
            wave_guard guard(t.state);
            const auto m = t.all();
            return codes_of(remove_sources(m.jobs[0], t.c, {.partial = true, .guard = &guard})->refused);
        };
        const auto back = [&] { return codes_of(roll_back(t.all(), t.c, {.remove_new = true})->refused); };
        CHECK((back_first ? back() : forward()).empty());
        REQUIRE(was_lost);
        CHECK(records(t) == 1);
        CHECK((back_first ? forward() : back()) == claim_codes{"operation_running"});
        CHECK((back_first ? back() : forward()).empty());  // who goes on in the same direction need not wait
        t.clock.advance(61s + claim_margin);
        CHECK((back_first ? forward() : back()).empty());
        CHECK(t.lost() == 0);
    }
}

TEST_CASE("a delete that stands still past its claim removes nothing, and neither does a rollback") {
    copied_files t;
    t.options.concurrency = 1;
    SUBCASE("a delete, just before it removes") {
        hooked_store state;
        hooked_store::hooks& hook = state.hook();
        t.files_state = any_store(std::move(state));
        std::optional<rollback_summary> other;
        hook.after = [&](std::string_view verb, std::string_view name) {
            if (verb != "put" || name.find("/ledger/") == std::string_view::npos || other) return;
            other.emplace();
            t.clock.advance(61s + claim_margin);
            other = roll_back(t.all(), t.c, {.remove_new = true}).value();
        };
        wave_guard guard(t.state);
        const auto m = t.all();
        const auto done = remove_sources(m.jobs[0], t.c, {.guard = &guard}).value();
        CHECK(done.interrupted);
        CHECK(done.outcomes.objects(outcome::removed) == 0);
        REQUIRE(other);
        CHECK(other->removed_new == copied_files::count);  // the other one took it for dead, and was free to go on
    }
    SUBCASE("a rollback, after its last look at the old names") {
        std::optional<remove_summary> other;
        std::int64_t looks = 0;
        t.files_hook->after = [&](std::string_view verb, std::string_view) {
            if (verb != "head" || other || ++looks < copied_files::count) return;
            other.emplace();
            t.clock.advance(61s + claim_margin);
            wave_guard guard(t.state);
            const auto m = t.all();
            other = remove_sources(m.jobs[0], t.c, {.guard = &guard}).value();
        };
        const auto done = roll_back(t.all(), t.c, {.remove_new = true}).value();
        CHECK(done.interrupted);
        CHECK(done.removed_new == 0);
        REQUIRE(other);
        CHECK(other->outcomes.objects(outcome::removed) == copied_files::count);
    }
    CHECK(t.lost() == 0);
}

namespace {

/// A state in which something happens just before the request `at`, counted from 1.
[[nodiscard]] any_store state_met_at(int at, std::function<void()> happens) {
    hooked_store state;
    state.hook().before = [at, happens = std::move(happens), requests = 0](std::string_view, std::string_view) mutable {
        if (++requests == at) happens();
        return std::optional<error>();
    };
    return any_store(std::move(state));
}

}  // namespace

TEST_CASE("claim: of two that begin at once at least one is refused, between whichever requests of the other") {
    int at = 1;
    for (bool between = true; between; ++at) {
        CAPTURE(at);
        two_containers t;
        std::optional<removal_claim> back;
        std::size_t against = 0;
        t.state = state_met_at(at, [&] {
            back.emplace(t.state, operation_kind::rollback);
            against += back->hold(t.c)->size();
        });
        removal_claim forward(t.state, operation_kind::remove);
        against += forward.hold(t.c)->size();
        between = back.has_value();
        if (between) CHECK(against > 0);
    }
    CHECK(at > 4);
}

TEST_CASE("claim: a rollback begins with its word: a delete between any two of its requests is seen, or sees it") {
    int at = 1;
    for (bool between = true; between; ++at) {
        CAPTURE(at);
        copied_files t;
        std::optional<removal_claim> forward;
        bool delete_may_go_on = false;
        t.state = state_met_at(at, [&] {
            forward.emplace(t.state, operation_kind::remove);
            delete_may_go_on = forward->hold(t.c)->empty();
        });
        const auto done = roll_back(t.all(), t.c).value();
        between = forward.has_value();
        CHECK_FALSE((delete_may_go_on && done.refused.empty()));
    }
    CHECK(at > 8);
}
