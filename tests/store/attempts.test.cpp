// SPDX-License-Identifier: MIT
#include <blobshift/store/attempts.hpp>

#include <chrono>    // milliseconds
#include <optional>  // optional
#include <vector>    // vector

#include <doctest/doctest.h>

#include <support/print.hpp>
#include <support/virtual_clock.hpp>

using namespace std::chrono_literals;
using blobshift::context;
using blobshift::effect;
using blobshift::errc;
using blobshift::error;
using blobshift::retry_budget;
using blobshift::retry_hint;
using blobshift::retry_options;
using blobshift::detail::attempts;
using blobshift::testing::context_of;
using blobshift::testing::virtual_clock;
using std::chrono::nanoseconds;

namespace {

error transient(std::optional<std::chrono::milliseconds> wish = {}) {
    error e = blobshift::make_error(errc::throttled, "busy");
    e.again = retry_hint::wait;
    e.retry_after = wish;
    return e;
}

std::vector<nanoseconds> waits(const retry_options& options, std::uint64_t chance, int failures) {
    const context c;
    attempts tries(c, options, chance);
    std::vector<nanoseconds> all;
    for (int i = 0; i < failures; ++i) {
        error e = transient();
        if (const auto wait = tries.next_wait(e)) all.push_back(*wait);
    }
    return all;
}

}  // namespace

TEST_CASE("attempts: each wait is twice the one before, up to the longest") {
    const retry_options options{.max_attempts = 7, .first_wait = 100ms, .longest_wait = 1s, .jitter = 0};
    CHECK(waits(options, 0, 9) == std::vector<nanoseconds>{100ms, 200ms, 400ms, 800ms, 1s, 1s});
}

TEST_CASE("attempts: hostile options give no attempt, no wait or a short one, and never a negative one") {
    CHECK(waits({.max_attempts = 0}, 0, 3).empty());
    CHECK(waits({.max_attempts = -5}, 0, 3).empty());
    CHECK(waits({.max_attempts = 2, .first_wait = -1s, .jitter = 0}, 0, 3) == std::vector<nanoseconds>{0s});
    CHECK(waits({.max_attempts = 2, .first_wait = 1s, .longest_wait = -1s}, 0, 3) == std::vector<nanoseconds>{0s});
    CHECK(waits({.max_attempts = 2, .first_wait = 1s, .jitter = 99}, 0, 3).at(0) < 1s);
    CHECK(waits({.max_attempts = 2, .first_wait = 1s, .jitter = -99}, 0, 3) == std::vector<nanoseconds>{1s});
}

TEST_CASE("attempts: jitter takes at most its part off a wait, differs between calls and repeats with its seed") {
    const retry_options options{.max_attempts = 2, .first_wait = 1000ms, .jitter = 0.3};
    std::vector<nanoseconds> seen;
    for (std::uint64_t chance = 0; chance < 100; ++chance) {
        const nanoseconds wait = waits(options, blobshift::detail::mixed(chance), 1).at(0);
        CHECK(wait == waits(options, blobshift::detail::mixed(chance), 1).at(0));
        CHECK(wait <= 1000ms);
        CHECK(wait >= 700ms);
        seen.push_back(wait);
    }
    std::sort(seen.begin(), seen.end());
    CHECK(seen.front() < 730ms);
    CHECK(seen.back() > 970ms);
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("attempts: the store's own wish is obeyed, up to the longest wait, and never shortens one") {
    struct row {
        std::chrono::milliseconds wish;
        nanoseconds wait;
    };
    for (const row& t : {row{3s, 3s}, row{0s, 100ms}, row{-5s, 100ms}, row{50ms, 100ms}, row{15s, 15s},
                         row{std::chrono::seconds(1'000'000'000), 15s}}) {
        CAPTURE(t.wish.count());
        const retry_options options{.jitter = 0};
        const context c;
        attempts tries(c, options, 0);
        error e = transient(t.wish);
        CHECK(tries.next_wait(e) == t.wait);
    }
}

TEST_CASE("attempts: what is not transient is never repeated") {
    const context c;
    const retry_options options;
    attempts tries(c, options, 0);
    error e = blobshift::make_error(errc::not_found, "no");
    CHECK_FALSE(tries.next_wait(e));
}

TEST_CASE("attempts: a repetition costs one retry of each budget, and none is made when either is empty") {
    const retry_options options{.max_attempts = 100};
    retry_budget shared(100, 3);
    retry_budget own(100, 5);
    context c;
    c.budget = &own;
    const auto repetitions = [&](retry_budget* budget) {
        attempts tries(c, options, 0, budget);
        int count = 0;
        for (error e = transient(); tries.next_wait(e); e = transient()) ++count;
        return count;
    };
    CHECK(repetitions(&shared) == 3);  // its own 5 would have gone further
    CHECK(repetitions(nullptr) == 2);  // what is left of the context's
    for (int i = 0; i < 8; ++i) attempts(c, options, 0, &shared);
    CHECK(repetitions(&shared) == 0);  // nine calls have not earned one
    CHECK(repetitions(&shared) == 1);  // ten have
}

TEST_CASE("attempts: the error in the end tells what all attempts together may have done") {
    const context c;
    const retry_options options;
    attempts tries(c, options, 0);
    CHECK_FALSE(tries.lost());

    error nothing = transient();
    CHECK(tries.next_wait(nothing));
    CHECK(nothing.done == effect::none);
    CHECK_FALSE(tries.lost());

    error lost = transient();
    lost.done = effect::indeterminate;
    CHECK(tries.next_wait(lost));
    CHECK(tries.lost());

    error refused = blobshift::make_error(errc::already_exists, "there");
    CHECK_FALSE(tries.next_wait(refused));
    CHECK(refused.done == effect::indeterminate);

    error applied = transient();
    applied.done = effect::applied;
    CHECK(tries.next_wait(applied));
    error unknown = transient();
    unknown.done = effect::indeterminate;
    CHECK(tries.next_wait(unknown));
    CHECK(unknown.done == effect::applied);
}

TEST_CASE("attempts: a deadline that would pass while waiting ends the call at once, with the last evidence") {
    virtual_clock clock;
    const context c = context_of(clock).with_timeout(1s);
    const retry_options options{.first_wait = 1s, .jitter = 0};
    attempts tries(c, options, 0);
    error e = transient(5s);
    e.http_status = 503;
    e.service_code = "ServerBusy";
    e.done = effect::indeterminate;

    CHECK_FALSE(tries.again(e));
    CHECK(clock.pauses().empty());
    CHECK(e.code == errc::deadline_exceeded);
    CHECK(e.message == "the deadline would pass while waiting; the last attempt: throttled");
    CHECK(e.done == effect::indeterminate);
    CHECK_FALSE(e.is_transient());
    CHECK_FALSE(e.retry_after);
    CHECK(e.http_status == 503);
    CHECK(e.service_code == "ServerBusy");
}

TEST_CASE("attempts: a stop ends the wait") {
    virtual_clock clock;
    std::stop_source stop;
    clock.on_sleep = [&](nanoseconds) { stop.request_stop(); };
    context c = context_of(clock);
    c.stop = stop.get_token();
    const retry_options options;
    attempts tries(c, options, 0);
    error e = transient();

    CHECK_FALSE(tries.again(e));
    CHECK(e.code == errc::cancelled);
}
