// SPDX-License-Identifier: MIT
#include <blobshift/layers/throttle.hpp>

#include <algorithm>  // max
#include <memory>     // make_shared
#include <thread>     // jthread
#include <vector>     // vector

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/virtual_clock.hpp>

using namespace std::chrono_literals;
using namespace blobshift;
using namespace blobshift::testing;
using std::chrono::nanoseconds;

namespace {

nanoseconds elapsed(const virtual_clock& clock) { return clock.now() - steady_time{}; }

}  // namespace

TEST_CASE("throttle: without limits nothing waits") {
    virtual_clock clock;
    throttle store{memory_store{}};
    for (int i = 0; i < 1000; ++i) REQUIRE(store.put(context_of(clock), name("a"), as_bytes("123"), {}, {}));
    CHECK(clock.pauses().empty());
}

TEST_CASE("throttle: requests keep their rate, after what was saved up") {
    virtual_clock clock;
    throttle store{memory_store{}, {.requests_per_second = 10, .burst = 1s}};
    const context c = context_of(clock);
    for (int i = 0; i < 11; ++i) (void)store.head(c, name("a"));
    CHECK(clock.pauses().empty());  // ten saved up, and the first of the rate
    for (int i = 0; i < 20; ++i) (void)store.head(c, name("a"));
    CHECK(elapsed(clock) == 2s);

    clock.advance(1h);  // idle time is saved up, but no more than a burst of it
    const nanoseconds idle = elapsed(clock);
    for (int i = 0; i < 31; ++i) (void)store.head(c, name("a"));
    CHECK(elapsed(clock) - idle == 2s);
}

TEST_CASE("throttle: without a burst, requests are evenly spaced") {
    virtual_clock clock;
    throttle store{memory_store{}, {.requests_per_second = 4, .burst = 0s}};
    for (int i = 0; i < 4; ++i) (void)store.list(context_of(clock), {});
    CHECK(clock.pauses() == std::vector<nanoseconds>{250ms, 250ms, 250ms});
}

TEST_CASE("throttle: bytes keep their rate; a call larger than the bucket goes and lets the next one wait") {
    virtual_clock clock;
    throttle store{memory_store{}, {.bytes_per_second = 1000, .burst = 0s}};
    const context c = context_of(clock);
    const bytes content(5000);
    CHECK(store.put(c, name("a"), content, {}, {}));
    CHECK(elapsed(clock) == 0s);
    CHECK(store.head(c, name("a")));  // moves no content, so it does not wait for any
    CHECK(elapsed(clock) == 0s);
    CHECK(store.put(c, name("b"), as_bytes("1"), {}, {}));
    CHECK(elapsed(clock) == 5s);
}

TEST_CASE("throttle: a read counts what it brought, not the room it was given") {
    virtual_clock clock;
    memory_store inside;
    REQUIRE(inside.put({}, name("a"), as_bytes("1234567890"), {}, {}));
    throttle store{std::move(inside), {.bytes_per_second = 10, .burst = 0s}};
    const context c = context_of(clock);
    bytes room(1'000'000);
    CHECK(store.read(c, name("a"), read_range::all(), room, {}));
    CHECK_FALSE(store.read(c, name("missing"), read_range::all(), room, {}));
    CHECK(store.read(c, name("a"), read_range::part(0, 5), room, {}));
    CHECK(elapsed(clock) == 1s);
    CHECK(store.read(c, name("a"), read_range::all(), room, {}));
    CHECK(elapsed(clock) == 1500ms);
}

TEST_CASE("throttle: a turn behind the deadline is refused at once and not used up") {
    virtual_clock clock;
    throttle store{memory_store{}, {.requests_per_second = 1, .burst = 0s}};
    const context c = context_of(clock);
    (void)store.list(c, {});
    for (int i = 0; i < 100; ++i) {
        const auto late = store.list(c.with_timeout(500ms), {});
        REQUIRE_FALSE(late);
        CHECK(late.error().code == errc::deadline_exceeded);
        CHECK(late.error().done == effect::none);
    }
    CHECK(clock.pauses().empty());
    CHECK(store.list(c, {}));
    CHECK(elapsed(clock) == 1s);
}

TEST_CASE("throttle: a stop ends the wait, and nothing is sent") {
    virtual_clock clock;
    std::stop_source stop;
    clock.on_sleep = [&](nanoseconds) { stop.request_stop(); };
    context c = context_of(clock);
    c.stop = stop.get_token();
    const auto script = std::make_shared<fault_script>();
    throttle store{flaky_store(script), {.requests_per_second = 1, .burst = 0s}};
    CHECK(store.list(c, {}));
    CHECK(store.list(c, {}).error().code == errc::cancelled);
    CHECK(script->calls(operation::list) == 1);
}

TEST_CASE("throttle: each request of a bulk verb counts, and they are handed over in parts of one burst") {
    virtual_clock clock;
    const auto script = std::make_shared<fault_script>();
    throttle store{flaky_store(script), {.requests_per_second = 10, .burst = 500ms}};
    std::vector<remove_request> requests(100, remove_request{name("a")});
    std::vector<int> answered(100);
    std::vector<nanoseconds> when;
    store.remove_many(context_of(clock), requests, {}, [&](std::size_t i, result<bool>&& outcome) {
        CHECK(outcome);
        ++answered[i];
        when.push_back(elapsed(clock));
    });
    CHECK(answered == std::vector<int>(100, 1));
    for (std::size_t i = 0; i < when.size(); ++i) {  // never more than the rate allows, two bursts ahead
        CHECK(static_cast<double>(i + 1) <= 10 * std::chrono::duration<double>(when[i]).count() + 10);
    }
    CHECK(elapsed(clock) == 9s);
}

TEST_CASE("throttle: a bulk verb that meets the deadline answers the rest with it") {
    virtual_clock clock;
    throttle store{any_store(memory_store{}), {.requests_per_second = 10, .burst = 100ms}};
    REQUIRE(store.inner().put({}, name("a"), {}, {}, {}));
    std::vector<copy_request> requests;
    for (int i = 0; i < 50; ++i) requests.push_back({name("a"), name(std::to_string(i))});
    int copied = 0;
    int late = 0;
    store.copy_many(context_of(clock).with_timeout(1s), requests, {}, [&](std::size_t, result<copy_result>&& outcome) {
        if (outcome) ++copied;
        else if (outcome.error().code == errc::deadline_exceeded) ++late;
    });
    CHECK(copied + late == 50);
    CHECK(copied == 11);
}

TEST_CASE("throttle: a scan counts one request, and one for each 5,000 names") {
    virtual_clock clock;
    memory_store inside;
    for (int i = 0; i < 12'000; ++i) REQUIRE(inside.put({}, name(std::to_string(i)), {}, {}, {}));
    throttle store{std::move(inside), {.requests_per_second = 1, .burst = 0s}};
    const auto take = [](blob_info&&) -> result<void> { return {}; };
    CHECK(store.scan(context_of(clock), {}, take));
    CHECK(elapsed(clock) == 2s);
    CHECK(store.scan(context_of(clock).with_timeout(500ms), {}, take).error().code == errc::deadline_exceeded);
}

TEST_CASE("throttle: amounts beyond all measure make nothing overflow") {
    virtual_clock clock;
    throttle store{memory_store{}, {.requests_per_second = 1e-300, .bytes_per_second = 1e-300, .burst = 0s}};
    CHECK(store.put(context_of(clock), name("a"), as_bytes("1"), {}, {}));
    CHECK(store.head(context_of(clock).with_timeout(24h), name("a")).error().code == errc::deadline_exceeded);
}

TEST_CASE("throttle: threads share one rate") {
    virtual_clock clock;
    throttle store{memory_store{}, {.requests_per_second = 100, .burst = 0s}};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 100; ++i) (void)store.head(context_of(clock), name("a"));
            });
        }
    }
    CHECK(elapsed(clock) >= 3990ms);  // sleeps of different threads add up on this clock: only too fast is wrong
}
