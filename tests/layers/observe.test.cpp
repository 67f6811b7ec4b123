// SPDX-License-Identifier: MIT
#include <blobshift/layers/observe.hpp>

#include <memory>     // make_shared
#include <stdexcept>  // runtime_error
#include <string>     // string
#include <vector>     // vector

#include <blobshift/layers/retry.hpp>

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/virtual_clock.hpp>

using namespace std::chrono_literals;
using namespace blobshift;
using namespace blobshift::testing;

namespace {

std::string line(const operation_event& e) {
    std::string text(to_string(e.verb));
    text += " bytes=" + std::to_string(e.bytes) + " items=" + std::to_string(e.items);
    text += " " + std::string(e.failed ? to_string(*e.failed) : "ok") + "/" + std::string(to_string(e.done));
    if (e.http_status != 0) text += " " + std::to_string(e.http_status);
    if (!e.service_code.empty()) text += " " + std::string(e.service_code);
    return text;
}

}  // namespace

TEST_CASE("observe: each call is told once, with its size, its outcome and its evidence") {
    const auto script = std::make_shared<fault_script>();
    std::vector<std::string> told;
    observe store{flaky_store(script), [&](const operation_event& e) { told.push_back(line(e)); }};
    const context c;
    bytes room(10);
    CHECK(store.put(c, name("a/1"), as_bytes("123"), {}, {}));
    CHECK(store.put(c, name("b"), as_bytes("4"), {}, {}));
    CHECK(store.read(c, name("a/1"), read_range::all(), room, {}));
    CHECK_FALSE(store.read(c, name("x"), read_range::all(), room, {}));
    CHECK(store.list(c, {.delimiter = "/"}));
    CHECK(store.scan(c, {}, [](blob_info&&) -> result<void> { return {}; }));
    error refused = lost_answer();
    refused.http_status = 503;
    refused.service_code = "ServerBusy";
    script->fail_before(operation::put, refused);
    CHECK_FALSE(store.put(c, name("c"), as_bytes("5"), {}, {}));
    const std::vector<remove_request> removals = {{name("b"), {}}, {name("a/1"), condition::if_match(etag("\"0\""))}};
    store.remove_many(c, removals, {}, [](std::size_t, result<bool>&&) {});

    CHECK(told == std::vector<std::string>{
                      "put bytes=3 items=1 ok/applied",
                      "put bytes=1 items=1 ok/applied",
                      "read bytes=3 items=1 ok/none",
                      "read bytes=0 items=0 not_found/none",
                      "list bytes=0 items=2 ok/none",
                      "scan bytes=0 items=2 ok/none",
                      "put bytes=0 items=0 unavailable/indeterminate 503 ServerBusy",
                      "remove_many bytes=0 items=1 ok/applied",
                      "remove_many bytes=0 items=0 condition_failed/none",
                  });
}

TEST_CASE("observe: durations are those of the context's clock") {
    virtual_clock clock;
    const auto script = std::make_shared<fault_script>();
    script->fail_before(operation::head, busy());
    std::vector<std::chrono::nanoseconds> told;
    const auto note = [&](const operation_event& e) { told.push_back(e.duration); };
    observe store{retry(flaky_store(script), {.jitter = 0}), note};

    CHECK_FALSE(store.head(context_of(clock), name("a")));
    CHECK(told == std::vector<std::chrono::nanoseconds>{100ms});
}

TEST_CASE("observe: an observer that throws changes nothing") {
    observe store{memory_store{}, [](const operation_event&) { throw std::runtime_error("full"); }};
    CHECK(store.put({}, name("a"), {}, {}, {}));
    CHECK(store.head({}, name("a")));
}

TEST_CASE("observe: a scan that fails midway tells the names it gave") {
    std::size_t told = 0;
    observe store{memory_store{}, [&](const operation_event& e) { told = e.items; }};
    for (const char* n : {"a", "b", "c"}) REQUIRE(store.put({}, name(n), {}, {}, {}));
    int given = 0;
    const auto two = [&](blob_info&&) -> result<void> {
        if (++given == 2) return fail(errc::no_space, "enough");
        return {};
    };
    CHECK(store.scan({}, {}, two).error().code == errc::no_space);
    CHECK(told == 2);
}
