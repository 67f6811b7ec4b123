// SPDX-License-Identifier: MIT

#include <blobshift/core/context.hpp>

#include <atomic>  // atomic
#include <thread>  // jthread
#include <vector>  // vector

#include <doctest/doctest.h>

#include <support/print.hpp>
#include <support/virtual_clock.hpp>

using blobshift::context;
using blobshift::effect;
using blobshift::errc;
using blobshift::retry_budget;
using blobshift::testing::context_of;
using blobshift::testing::virtual_clock;
using namespace std::chrono_literals;

TEST_CASE("a default context never ends and lives by the machine's clocks") {
    const context c;
    CHECK(c.proceed());
    CHECK_FALSE(c.remaining().has_value());
    CHECK(c.clock == &blobshift::system_time::instance());
}

TEST_CASE("a context ends at its deadline, not before") {
    virtual_clock clock;
    const context c = context_of(clock).with_timeout(10s);
    CHECK(c.proceed());
    CHECK(c.remaining() == 10s);
    clock.advance(10s - 1ns);
    CHECK(c.proceed());
    CHECK(c.remaining() == 1ns);
    clock.advance(1ns);
    const auto ended = c.proceed();
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == errc::deadline_exceeded);
    CHECK(ended.error().done == effect::none);
    CHECK_FALSE(ended.error().is_transient());
    CHECK(c.remaining() == 0ns);
    clock.advance(1h);
    CHECK(c.remaining() == 0ns);
}

TEST_CASE("a time-out shortens a deadline and never prolongs it") {
    virtual_clock clock;
    const context ten = context_of(clock).with_timeout(10s);
    CHECK(ten.with_timeout(3s).remaining() == 3s);
    CHECK(ten.with_timeout(30s).remaining() == 10s);
    CHECK(ten.remaining() == 10s);
    CHECK_FALSE(ten.with_timeout(0s).proceed());
    CHECK_FALSE(ten.with_timeout(-1h).proceed());
}

TEST_CASE("the longest time-out of all is a deadline that is never reached") {
    const context c = context().with_timeout((std::chrono::nanoseconds::max)());
    CHECK(c.proceed());
    CHECK(c.remaining() > std::chrono::hours(24 * 365 * 100));
}

TEST_CASE("a context ends when it is stopped, and stopping counts more than the deadline") {
    virtual_clock clock;
    std::stop_source stop;
    context c = context_of(clock).with_timeout(1s);
    c.stop = stop.get_token();
    CHECK(c.proceed());
    stop.request_stop();
    CHECK(c.proceed().error().code == errc::cancelled);
    clock.advance(2s);
    CHECK(c.proceed().error().code == errc::cancelled);
    CHECK(c.proceed().error().done == effect::none);
}

TEST_CASE("a pause is slept on the context's clock") {
    virtual_clock clock;
    const context c = context_of(clock).with_timeout(10s);
    CHECK(c.pause(3s));
    CHECK(c.remaining() == 7s);
    CHECK(clock.pauses() == std::vector<std::chrono::nanoseconds>{3s});
}

TEST_CASE("a pause that would reach the deadline is not begun") {
    virtual_clock clock;
    const context c = context_of(clock).with_timeout(10s);
    CHECK(c.pause(10s).error().code == errc::deadline_exceeded);
    CHECK(c.pause(11s).error().code == errc::deadline_exceeded);
    CHECK(clock.pauses().empty());
    CHECK(c.remaining() == 10s);
    CHECK(c.pause(10s - 1ns));
}

TEST_CASE("a pause ends with cancelled when the context is stopped before or within it") {
    virtual_clock clock;
    std::stop_source stop;
    context c = context_of(clock);
    c.stop = stop.get_token();
    clock.on_sleep = [&](auto) { stop.request_stop(); };
    CHECK(c.pause(3s).error().code == errc::cancelled);
    CHECK(c.pause(3s).error().code == errc::cancelled);
    CHECK(clock.pauses().empty());
}

TEST_CASE("a retry budget starts full, is spent by retries and earned by first attempts") {
    retry_budget budget(250, 2);
    CHECK(budget.withdraw());
    CHECK(budget.withdraw());
    CHECK_FALSE(budget.withdraw());
    for (int i = 0; i < 3; ++i) budget.deposit();
    CHECK_FALSE(budget.withdraw());
    budget.deposit();
    CHECK(budget.withdraw());
    CHECK_FALSE(budget.withdraw());
}

TEST_CASE("a retry budget never saves more than its limit") {
    retry_budget budget(600, 2);
    for (int i = 0; i < 100; ++i) budget.deposit();
    CHECK(budget.withdraw());
    CHECK(budget.withdraw());
    CHECK_FALSE(budget.withdraw());
}

TEST_CASE("a retry budget of nothing allows nothing") {
    retry_budget budget(0, 0);
    budget.deposit();
    CHECK_FALSE(budget.withdraw());
}

TEST_CASE("threads that share a retry budget together spend no more than there is") {
    retry_budget budget(0, 100);
    std::atomic<int> spent = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int k = 0; k < 100; ++k) {
                    budget.deposit();
                    spent += budget.withdraw() ? 1 : 0;
                }
            });
        }
    }
    CHECK(spent == 100);
}
