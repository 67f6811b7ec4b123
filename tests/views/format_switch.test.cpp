// SPDX-License-Identifier: MIT
#include <blobshift/views/format_switch.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace {

using namespace blobshift;

}  // namespace

TEST_CASE("format_switch: a call keeps the format it began with, and is counted under it to its end") {
    format_switch mode(format::old_names);
    CHECK(mode.current() == format::old_names);
    CHECK(mode.in_flight(format::old_names) == 0);
    {
        const auto first = mode.begin();
        mode.set_format(format::dual);
        const auto second = mode.begin();
        CHECK(first.which() == format::old_names);
        CHECK(second.which() == format::dual);
        CHECK(mode.current() == format::dual);
        CHECK(mode.in_flight(format::old_names) == 1);
        CHECK(mode.in_flight(format::dual) == 1);
        CHECK(mode.in_flight(format::new_names) == 0);
    }
    CHECK(mode.in_flight(format::old_names) == 0);
    CHECK(mode.in_flight(format::dual) == 0);
}

TEST_CASE("format_switch: sealed means something in New only, and is kept when the format changes") {
    format_switch mode(format::new_names, true);
    CHECK(mode.begin().sealed());
    mode.set_format(format::dual);
    CHECK(mode.sealed());
    CHECK_FALSE(mode.begin().sealed());
    mode.set_format(format::new_names);
    CHECK(mode.begin().sealed());
    const auto began = mode.begin();
    mode.set_sealed(false);
    CHECK(began.sealed());
    CHECK_FALSE(mode.begin().sealed());
    CHECK(mode.current() == format::new_names);
}

TEST_CASE("format_switch: once a format is left and drained, no call runs in it") {
    format_switch mode(format::old_names);
    constexpr int none = -1;
    std::atomic<int> left = none;  // the format that was drained
    std::atomic<int> late = 0;
    std::atomic<int> calls = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 3; ++t) {
            threads.emplace_back([&](const std::stop_token& stop) {
                while (!stop.stop_requested()) {
                    const auto call = mode.begin();
                    if (static_cast<int>(call.which()) == left) ++late;
                    ++calls;
                }
            });
        }
        const auto wait_for = [&](int more) {
            for (const int then = calls; calls < then + more;) std::this_thread::yield();
        };
        wait_for(1000);
        // A call that is counted late is a matter of luck: so there and back, again and again.
        for (int round = 0; round < 100; ++round) {
            const format before = round % 2 == 0 ? format::old_names : format::dual;
            mode.set_format(round % 2 == 0 ? format::dual : format::old_names);
            while (mode.in_flight(before) != 0) std::this_thread::yield();
            left = static_cast<int>(before);
            wait_for(50);
            left = none;
        }
    }
    CHECK(late == 0);
}

TEST_CASE("format_switch: a call from before the seal is told as an older one, to its end") {
    format_switch mode(format::new_names);
    {
        const auto unsealed = mode.begin();
        CHECK(mode.older_calls() == 0);
        mode.set_sealed(true);
        const auto sealed = mode.begin();
        CHECK_FALSE(unsealed.sealed());
        CHECK(sealed.sealed());
        CHECK(mode.in_flight(format::new_names) == 2);
        CHECK(mode.older_calls() == 1);
        mode.set_format(format::dual);
        CHECK(mode.older_calls() == 2);
        mode.set_format(format::new_names);
    }
    CHECK(mode.older_calls() == 0);
    CHECK(mode.in_flight(format::new_names) == 0);
}

TEST_CASE("format_switch: it goes one step at a time, and the next when no call is two steps behind") {
    format_switch mode(format::old_names);
    CHECK(mode.step_towards(format::old_names) == format::old_names);
    CHECK(mode.step_towards(format::dual) == format::dual);
    CHECK(mode.step_towards(format::new_names) == format::dual);
    {
        const auto slow = mode.begin();
        mode.set_format(format::dual);
        CHECK(mode.step_towards(format::new_names) == format::dual);
        CHECK(mode.step_towards(format::old_names) == format::old_names);
    }
    CHECK(mode.step_towards(format::new_names) == format::new_names);
    mode.set_format(format::new_names);
    CHECK(mode.step_towards(format::new_names) == format::new_names);
    CHECK(mode.step_towards(format::old_names) == format::dual);
}
