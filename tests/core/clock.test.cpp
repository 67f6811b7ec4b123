// SPDX-License-Identifier: MIT
#include <blobshift/core/clock.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

using namespace blobshift;
using namespace std::chrono_literals;

TEST_CASE("system_time: neither clock stands still and the steady one never goes back") {
    const system_time& clock = system_time::instance();
    const steady_time before = clock.now();
    const utc_time stamp = clock.utc_now();
    clock.sleep(2ms, {});
    CHECK(clock.now() - before >= 2ms);
    CHECK(clock.utc_now() >= stamp);
    CHECK(stamp > utc_time{} + std::chrono::years(50));
}

TEST_CASE("system_time: a sleep ends early when it is stopped, and at once when it was stopped before") {
    const system_time& clock = system_time::instance();
    std::stop_source stop;
    const steady_time before = clock.now();
    {
        std::jthread other([&] { stop.request_stop(); });
        clock.sleep(1h, stop.get_token());
    }
    clock.sleep(1h, stop.get_token());
    clock.sleep(0s, {});
    clock.sleep(-1s, {});
    CHECK(clock.now() - before < 10min);
}
