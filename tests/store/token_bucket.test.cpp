// SPDX-License-Identifier: MIT
#include <blobshift/store/token_bucket.hpp>

#include <thread>  // jthread
#include <vector>

#include <doctest/doctest.h>

#include <support/print.hpp>
#include <support/virtual_clock.hpp>

using namespace std::chrono_literals;
using namespace blobshift;
using blobshift::detail::shared_rate;
using blobshift::detail::token_bucket;
using blobshift::testing::context_of;
using blobshift::testing::virtual_clock;
using std::chrono::nanoseconds;

TEST_CASE("a bucket without a rate never makes anybody wait") {
    token_bucket bucket(0, 1s);
    CHECK(!bucket.is_limited());
    for (int i = 0; i < 1000; ++i) bucket.take(steady_time{}, 1e12);
    bucket.give_back(1e15);
    CHECK(bucket.wait(steady_time{}) == 0ns);
}

TEST_CASE("a bucket gives what was saved up, then keeps its rate, and takes back what was not used") {
    const steady_time start{};
    token_bucket bucket(10, 1s);
    for (int i = 0; i < 11; ++i) {
        CHECK(bucket.wait(start) == 0ns);
        bucket.take(start, 1);
    }
    CHECK(bucket.wait(start) == 100ms);
    CHECK(bucket.wait(start + 40ms) == 60ms);
    CHECK(bucket.wait(start + 1s) == 0ns);
    bucket.take(start + 100ms, 50);  // more than there is: the next one pays
    CHECK(bucket.wait(start + 100ms) == 5s);
    bucket.give_back(49);
    CHECK(bucket.wait(start + 100ms) == 100ms);
    bucket.take(start + 1h, 1);  // an hour of rest saves up no more than the burst
    for (int i = 0; i < 10; ++i) bucket.take(start + 1h, 1);
    CHECK(bucket.wait(start + 1h) == 100ms);
}

TEST_CASE("an absurd amount does not overflow the time at which it is paid for") {
    token_bucket bucket(1e-9, 0s);
    bucket.take(steady_time{}, 1e300);
    CHECK(bucket.wait(steady_time{}) == std::chrono::seconds(31'536'000));
}

TEST_CASE("turns come in the order in which they are asked for, and those that are given back come sooner") {
    shared_rate rate(4, 0s);
    const steady_time now{};
    CHECK(rate.is_limited());
    CHECK(rate.reserve(now, 1) == 0ms);
    CHECK(rate.reserve(now, 2) == 250ms);
    CHECK(rate.reserve(now, 1) == 750ms);
    rate.give_back(1);
    CHECK(rate.reserve(now, 1) == 750ms);
    CHECK(shared_rate(0, 0s).reserve(now, 1000) == 0ns);
}

TEST_CASE("who takes a turn waits for it on the clock of the call, unless the deadline comes first") {
    virtual_clock clock;
    shared_rate rate(4, 0s);
    const context c = context_of(clock);
    CHECK(rate.take(c));
    CHECK(rate.take(c));
    CHECK(clock.pauses() == std::vector<nanoseconds>{250ms});
    const auto late = rate.take(c.with_timeout(200ms));
    REQUIRE(!late);
    CHECK(late.error().code == errc::deadline_exceeded);
    CHECK(rate.take(c));  // that one took no turn
    CHECK(clock.pauses() == std::vector<nanoseconds>{250ms, 250ms});

    std::stop_source stop;
    context stopped = c;
    stopped.stop = stop.get_token();
    stop.request_stop();
    CHECK(rate.take(stopped).error().code == errc::cancelled);
    shared_rate unlimited(0, 0s);
    CHECK(unlimited.take(stopped));  // it is not for this to say
}

TEST_CASE("threads that share a rate take its turns one by one") {
    virtual_clock clock;
    shared_rate rate(1000, 0s);
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 25; ++i) (void)rate.reserve(clock.now(), 1);
            });
        }
    }
    CHECK(rate.reserve(clock.now(), 1) == 100ms);
}
