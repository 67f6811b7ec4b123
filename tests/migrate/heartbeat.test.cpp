// SPDX-License-Identifier: MIT
#include <blobshift/migrate/heartbeat.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/layers/retry.hpp>

#include "../support/flaky_store.hpp"
#include "../support/virtual_clock.hpp"

namespace {

using namespace blobshift;
using namespace std::chrono_literals;

struct counting_observer final : migration_observer {
    int objects = 0;
    int progresses = 0;
    void on_object(const object_event&) override { ++objects; }
    void on_progress(const progress_event&) override { ++progresses; }
};

struct heartbeat_bench {
    blobshift::testing::virtual_clock clock;
    std::stop_source stop;
    context c = blobshift::testing::context_of(clock);
    std::shared_ptr<blobshift::testing::fault_script> script = std::make_shared<blobshift::testing::fault_script>();
    any_store state{blobshift::testing::flaky_store(script)};
    operation_id id = operation_id::make();
    counting_observer heard;
    started_operation started;

    heartbeat_bench() {
        c.stop = stop.get_token();
        started = running_operation::start(state, c, id, operation_kind::copy).value();
    }
    operation_record record() { return read_operation(state, {}, id).value().value(); }
};

}  // namespace

TEST_CASE("heartbeat: passes on what the job tells, and records it now and then") {
    heartbeat_bench b;
    heartbeat beats(*b.started.mine, b.c, b.heard);
    const int puts = b.script->calls(operation::put);
    for (std::uint64_t i = 1; i <= 100; ++i) {
        b.clock.advance(1s);
        beats.on_object({});
        beats.on_progress({.phase = "copy", .objects = i, .objects_total = 100, .bytes = 2 * i, .bytes_total = 200});
    }
    CHECK(b.heard.objects == 100);
    CHECK(b.heard.progresses == 100);
    CHECK(b.script->calls(operation::put) - puts == 10);
    CHECK(b.record().counts == operation_counts{100, 100, 200, 200});
    REQUIRE(beats.finish(operation_status::succeeded));
    CHECK(b.record().status == operation_status::succeeded);
    CHECK(b.record().counts == operation_counts{100, 100, 200, 200});
}

TEST_CASE("heartbeat: the job stops when its own stop asks for it, and the end is recorded all the same") {
    heartbeat_bench b;
    heartbeat beats(*b.started.mine, b.c, b.heard);
    CHECK(beats.run_context().proceed());
    b.stop.request_stop();
    CHECK(beats.run_context().proceed().error().code == errc::cancelled);
    beats.on_progress({.objects = 3, .objects_total = 5});
    REQUIRE(beats.finish(operation_status::cancelled));
    CHECK(b.record().status == operation_status::cancelled);
    CHECK(b.record().counts.objects == 3);
}

TEST_CASE("heartbeat: who stops a job does not wait long for a store that does nothing any more") {
    heartbeat_bench b;
    bool silent = false;
    b.script->by_rule = [&](operation verb) -> std::optional<blobshift::testing::fault> {
        b.clock.advance(silent ? 1s : 0s);
        if (!silent) return std::nullopt;
        return blobshift::testing::fault{verb, blobshift::testing::busy()};
    };
    b.state = any_store(retry(std::move(b.state), {.max_attempts = 1000}));
    heartbeat beats(*b.started.mine, b.c, b.heard);
    silent = true;
    b.stop.request_stop();
    const auto begun = b.clock.now();
    beats.on_progress({.objects = 3, .objects_total = 5});
    CHECK_FALSE(beats.finish(operation_status::cancelled));
    CHECK(b.clock.now() - begun <= 30s);
}

TEST_CASE("heartbeat: a second container has its own observer, and adds to what was counted") {
    heartbeat_bench b;
    counting_observer second;
    heartbeat beats(*b.started.mine, b.c, b.heard);
    beats.on_progress({.objects = 3, .objects_total = 3, .bytes = 30, .bytes_total = 30});
    beats.begin_part(second);
    beats.on_object({});
    beats.on_progress({.objects = 1, .objects_total = 2, .bytes = 5, .bytes_total = 7});
    CHECK(beats.counts() == operation_counts{4, 5, 35, 37});
    CHECK(b.heard.objects == 0);
    CHECK(b.heard.progresses == 1);
    CHECK(second.objects == 1);
    CHECK(second.progresses == 1);
}

TEST_CASE("heartbeat: the job stops when the operation was taken over, and says so at its end") {
    heartbeat_bench b;
    heartbeat beats(*b.started.mine, b.c, b.heard);
    b.clock.advance(61s);
    auto other = running_operation::start(b.state, b.c, b.id, operation_kind::copy);
    REQUIRE(other);
    beats.on_progress({});
    CHECK(beats.run_context().proceed().error().code == errc::cancelled);
    CHECK_FALSE(b.stop.stop_requested());
    beats.on_progress({});
    CHECK(b.heard.progresses == 2);
    CHECK(beats.finish(operation_status::cancelled).error().code == errc::conflict);
    CHECK(b.record().owner == other->mine->record().owner);
    CHECK(b.record().status == operation_status::running);
}

TEST_CASE("heartbeat: a store that fails for a while does not end the job") {
    heartbeat_bench b;
    heartbeat beats(*b.started.mine, b.c, b.heard);
    b.clock.advance(10s);
    b.script->fail_before(operation::put, make_error(errc::unavailable, "down"));
    beats.on_progress({.objects = 1});
    CHECK(beats.run_context().proceed());
    CHECK(b.record().counts.objects == 0);
    beats.on_progress({.objects = 2});  // not ten seconds later: the last one failed
    CHECK(b.record().counts.objects == 2);
    b.script->fail_before(operation::put, make_error(errc::no_space, "full"));
    CHECK(beats.finish(operation_status::succeeded).error().code == errc::no_space);
}
