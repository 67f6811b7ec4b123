// SPDX-License-Identifier: MIT
#include <blobshift/layers/retry.hpp>

#include <chrono>      // milliseconds
#include <functional>  // function
#include <map>         // map
#include <optional>    // optional
#include <string>      // string, to_string
#include <vector>      // vector

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/retry_bench.hpp>

using namespace std::chrono_literals;
using namespace blobshift;
using namespace blobshift::testing;
using bench = retry_bench;

static_assert(preserves<retry<flaky_store>, flaky_store>);
static_assert(preserves<retry<any_store>, any_store>);
static_assert(preserves<retry<memory_store>, memory_store>);
static_assert(capabilities_of<retry<bare_store>> == capabilities{});

TEST_CASE("retry: repeats with doubled waits until there is an answer") {
    bench b;
    for (int i = 0; i < 3; ++i) b.script->fail_before(operation::head, busy());

    CHECK(b.store.head(b.c, name("x")).error().code == errc::not_found);
    CHECK(b.clock.pauses() == std::vector<std::chrono::nanoseconds>{100ms, 200ms, 400ms});
    CHECK(b.script->calls(operation::head) == 4);
}

TEST_CASE("retry: gives the last failure back after the last attempt") {
    bench b({.max_attempts = 3});
    for (int i = 0; i < 9; ++i) b.script->fail_before(operation::list, busy());

    CHECK(b.store.list(b.c, {}).error().code == errc::throttled);
    CHECK(b.script->calls(operation::list) == 3);
}

TEST_CASE("retry: an error that does not pass is not repeated") {
    bench b;
    b.script->fail_before(operation::put, make_error(errc::permission_denied, "no"));

    CHECK(b.store.put(b.c, name("x"), as_bytes("1"), {}, {}).error().code == errc::permission_denied);
    CHECK(b.script->calls(operation::put) == 1);
    CHECK(b.clock.pauses().empty());
}

TEST_CASE("retry: the deadline wins over the store's wish") {
    bench b;
    error e = busy();
    e.retry_after = 10s;
    b.script->fail_before(operation::head, e);

    CHECK(b.store.head(b.c.with_timeout(9s), name("x")).error().code == errc::deadline_exceeded);
    CHECK(b.clock.pauses().empty());
}

TEST_CASE("retry: each verb is repeated") {
    bench b;
    const upload_session u{name("u"), "none"};
    struct row {
        operation verb;
        std::function<errc()> call;
    };
    const auto code = [](const auto& outcome) { return outcome ? errc::unavailable : outcome.error().code; };
    const auto take = [](blob_info&&) -> result<void> { return {}; };
    bytes room(1);
    const std::vector<row> rows = {
        {operation::head, [&] { return code(b.store.head(b.c, name("x"))); }},
        {operation::read, [&] { return code(b.store.read(b.c, name("x"), {}, room, {})); }},
        {operation::list, [&] { return code(b.store.list(b.c, {.delimiter = "x"})); }},
        {operation::scan, [&] { return code(b.store.scan(b.c, {.delimiter = "x"}, take)); }},
        {operation::put, [&] { return code(b.store.put(b.c, name("x"), {}, {}, condition::if_match(etag("\"0\"")))); }},
        {operation::remove, [&] { return code(b.store.remove(b.c, name("x"), condition::if_absent())); }},
        {operation::copy, [&] { return code(b.store.copy(b.c, name("x"), name("y"), {}, {})); }},
        {operation::stage_block, [&] { return code(b.store.stage_block(b.c, u, 0, 0, room)); }},
        {operation::commit_upload, [&] { return code(b.store.commit_upload(b.c, u, 0, 0, {}, {})); }},
        {operation::abandon_upload, [&] { return code(b.store.abandon_upload(b.c, u)); }},
    };
    for (const row& t : rows) {
        CAPTURE(to_string(t.verb));
        b.script->fail_before(t.verb, busy());
        CHECK(t.call() != errc::unavailable);  // what the store says of it, not what the fault said
        CHECK(b.script->calls(t.verb) == 2);
    }
    b.script->fail_before(operation::begin_upload, busy());
    CHECK(b.store.begin_upload(b.c, name("u")));
}

TEST_CASE("retry: a scan is repeated as long as it gave nothing, and never after that") {
    bench b;
    for (const char* n : {"a", "b", "c"}) REQUIRE(b.truth().put({}, name(n), {}, {}, {}));
    int given = 0;
    const auto count = [&](blob_info&&) -> result<void> {
        ++given;
        return {};
    };
    b.script->fail_before(operation::scan, busy());
    CHECK(b.store.scan(b.c, {}, count));
    CHECK(given == 3);

    given = 0;
    b.script->fail_after(operation::scan, busy());
    CHECK(b.store.scan(b.c, {}, count).error().code == errc::throttled);
    CHECK(given == 3);
}

TEST_CASE("retry: in a bulk verb only what failed in passing is repeated, and each request is answered once") {
    bench b;
    std::vector<remove_request> requests;
    for (int i = 0; i < 5; ++i) requests.push_back({name(std::to_string(i)), {}});
    for (const int i : {0, 1, 2, 3}) REQUIRE(b.truth().put({}, name(std::to_string(i)), {}, {}, {}));
    error slow = busy();
    slow.retry_after = 3s;
    b.script->fail_before(operation::remove_many, slow);           // 0: repeated, and the round waits for it
    b.script->fail_after(operation::remove_many, lost_answer());   // 1: repeated, finds nothing, was there
    b.script->fail_before(operation::remove_many, make_error(errc::blocked, "leased"));  // 2: final
    b.script->fail_before(operation::remove_many, busy());         // 3: repeated
                                                                   // 4: was not there
    std::map<std::size_t, std::string> answers;
    b.store.remove_many(b.c, requests, {}, [&](std::size_t i, result<bool>&& outcome) {
        REQUIRE_FALSE(answers.contains(i));
        answers[i] = outcome ? (*outcome ? "removed" : "not there") : std::string(to_string(outcome.error().code));
    });
    CHECK(answers == std::map<std::size_t, std::string>{
                         {0, "removed"}, {1, "removed"}, {2, "blocked"}, {3, "removed"}, {4, "not there"}});
    CHECK(b.script->calls(operation::remove_many) == 5 + 3);
    CHECK(b.clock.pauses() == std::vector<std::chrono::nanoseconds>{3s});
}

TEST_CASE("retry: a bulk verb ends at the deadline, the last attempt or the budget, with every request answered") {
    std::vector<remove_request> requests;
    for (int i = 0; i < 10; ++i) requests.push_back({name(std::to_string(i)), {}});
    const auto always = [](operation verb) { return std::optional(fault{verb, busy()}); };
    const auto run = [&](bench& b, const context& c) {
        b.script->by_rule = always;
        std::map<errc, int> answers;
        b.store.remove_many(c, requests, {},
                            [&](std::size_t, result<bool>&& outcome) { ++answers[outcome.error().code]; });
        return answers;
    };
    {
        bench b;
        CHECK(run(b, b.c.with_timeout(250ms)) == std::map<errc, int>{{errc::deadline_exceeded, 10}});
        CHECK(b.script->calls(operation::remove_many) == 20);
    }
    {
        bench b({.max_attempts = 3});
        CHECK(run(b, b.c) == std::map<errc, int>{{errc::throttled, 10}});
        CHECK(b.script->calls(operation::remove_many) == 30);
    }
    {
        bench b({.max_attempts = 1000, .saved_at_most = 15});
        CHECK(run(b, b.c) == std::map<errc, int>{{errc::throttled, 10}});
        CHECK(b.script->calls(operation::remove_many) == 25);
    }
}

TEST_CASE("retry: a store that fails for ever is asked no more than calls and saved retries allow") {
    bench b({.max_attempts = 10, .earned_per_call = 100, .saved_at_most = 20});
    b.script->by_rule = [](operation verb) { return std::optional(fault{verb, lost_answer()}); };
    constexpr int objects = 1000;
    for (int i = 0; i < objects; ++i) CHECK_FALSE(b.store.put(b.c, name("x"), {}, {}, {}));

    CHECK(b.script->calls(operation::put) <= objects + 20 + objects / 10);
    CHECK(b.content("x") == "(nothing)");
}

TEST_CASE("retry: with every tenth call failing, all succeed with few more calls than objects") {
    bench b({.seed = 7});
    b.script->by_rule = [random = std::uint64_t{1}](operation verb) mutable -> std::optional<fault> {
        random = detail::mixed(random);
        if (random % 10 != 0) return std::nullopt;
        const auto when = random % 20 == 0 ? fault::moment::before_effect : fault::moment::after_effect;
        return fault{verb, lost_answer(), when};
    };
    constexpr int objects = 2000;
    for (int i = 0; i < objects; ++i) {
        CHECK(b.store.put(b.c, name(std::to_string(i)), as_bytes("x"), {}, condition::if_absent()));
    }
    int calls = 0;
    for (const operation verb : {operation::put, operation::head, operation::read}) calls += b.script->calls(verb);
    CHECK(calls < objects * 13 / 10);
}
