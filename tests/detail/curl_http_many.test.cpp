// SPDX-License-Identifier: MIT

#include <blobshift/detail/curl_http.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <detail/wire.hpp>
#include <doctest/doctest.h>

namespace {

using namespace blobshift_test;

/// A source over a queue of numbers; the target of call N ends in "/N".
class numbers : public call_source {
public:
    numbers(std::string base_url, std::uint64_t count) : base_url_(std::move(base_url)) {
        for (std::uint64_t i = 0; i < count; ++i) waiting.push_back(i);
    }

    pulled next(http_call& call) override {
        CHECK(in_flight < std::max(concurrency(), 1U));
        if (waiting.empty()) return pulled::end;
        if (--calls_before_pause == 0) return pulled::pause;
        call.id = waiting.front();
        waiting.pop_front();
        call.request = make_request(method, base_url_ + "/" + std::to_string(call.id));
        call.options = {};
        most_in_flight = std::max(most_in_flight, ++in_flight);
        return pulled::call;
    }
    std::chrono::nanoseconds pause() const override { return pause_length; }
    unsigned concurrency() const override { return limit; }
    void finished(http_call& call, result<http_response> answer) override {
        --in_flight;
        if (!answer) look_at(answer.error(), method);
        if (on_finished) on_finished(call, answer);
        answers.emplace(call.id, std::move(answer));
    }

    std::deque<std::uint64_t> waiting;
    std::multimap<std::uint64_t, result<http_response>> answers;
    std::function<void(http_call&, result<http_response>&)> on_finished;
    std::string method = "PUT";
    unsigned limit = 64;
    unsigned in_flight = 0;
    unsigned most_in_flight = 0;
    int calls_before_pause = -1;
    std::chrono::nanoseconds pause_length = 1ms;

private:
    std::string base_url_;
};

reply echo(const received_request& r) { return {.bytes = http_bytes(201, "x-target: " + r.target + "\r\n")}; }

TEST_CASE("send_many: every call gets its own answer, once, over as many connections as there are calls in flight") {
    const test_authority authority;
    for (const bool tls : {false, true}) {
        server_options options;
        if (tls) options.tls = authority.issue();
        scripted_server server(echo, options);
        auto transport = open_transport({.ca_file = tls ? authority.ca_file() : ""});
        for (std::size_t run = 1; run <= 2; ++run) {
            numbers source(server.url("/c"), 1000);
            REQUIRE(transport.send_many(context{}.with_timeout(30s), source));
            REQUIRE(source.answers.size() == 1000);
            for (const auto& [id, answer] : source.answers) {
                REQUIRE(answer);
                CHECK(*answer->header("x-target") == "/c/" + std::to_string(id));
            }
            CHECK(source.most_in_flight == 64);
            CHECK(server.request_count() == run * 1000);
            CHECK(server.connection_count() == 64);  // the second run uses those of the first
        }
    }
}

TEST_CASE("send_many: the number in flight follows the source's wish, down and up") {
    scripted_server server(echo);
    auto transport = open_transport();
    numbers source(server.url("/c"), 300);
    source.limit = 32;
    unsigned most_while_low = 0;
    source.on_finished = [&](http_call&, result<http_response>&) {
        if (source.answers.size() == 100) source.limit = 0;
        if (source.answers.size() == 200) source.limit = 16;
        if (source.answers.size() > 140 && source.answers.size() < 200) {
            most_while_low = std::max(most_while_low, source.in_flight + 1);
        }
    };
    REQUIRE(transport.send_many(context{}.with_timeout(30s), source));
    CHECK(source.answers.size() == 300);
    CHECK(source.most_in_flight == 32);
    CHECK(most_while_low == 1);
}

TEST_CASE("send_many: what the source puts back is sent again, after its pause") {
    std::atomic<int> refusals = 20;
    scripted_server server([&](const received_request& r) {
        if (refusals-- > 0) return reply{.bytes = http_bytes(503, "Retry-After: 0\r\n")};
        return echo(r);
    });
    auto transport = open_transport();
    numbers source(server.url("/c"), 10);
    source.limit = 4;
    source.on_finished = [&](http_call& call, result<http_response>& answer) {
        if (answer && answer->status == 503) {
            source.waiting.push_back(call.id);
            source.calls_before_pause = 2;
        }
    };
    REQUIRE(transport.send_many(context{}.with_timeout(30s), source));
    CHECK(server.request_count() == 30);
    CHECK(source.answers.size() == 30);
    for (std::uint64_t id = 0; id < 10; ++id) {
        CHECK(std::prev(source.answers.upper_bound(id))->second->status == 201);
    }
}

TEST_CASE("send_many: a source at its end may have more to say when an answer has come") {
    scripted_server server(echo);
    auto transport = open_transport();
    numbers source(server.url("/c"), 1);
    source.on_finished = [&](http_call& call, result<http_response>&) {
        if (call.id < 9) source.waiting.push_back(call.id + 1);
    };
    REQUIRE(transport.send_many(context{}.with_timeout(30s), source));
    CHECK(source.answers.size() == 10);
    CHECK(server.connection_count() == 1);
}

TEST_CASE("send_many: stop ends it at once; each call in flight is finished, and what it did is not known") {
    std::stop_source stop;
    std::atomic<int> arrived = 0;
    scripted_server server([&](const received_request&) {
        if (++arrived == 64) stop.request_stop();
        return reply{.then = ending::hang};
    });
    auto transport = open_transport();
    numbers source(server.url("/c"), 1000);
    const auto begun = std::chrono::steady_clock::now();
    const auto stopped = transport.send_many({.stop = stop.get_token()}, source);
    CHECK(std::chrono::steady_clock::now() - begun < 3s);
    REQUIRE(!stopped);
    CHECK(stopped.error().code == errc::cancelled);
    CHECK(source.in_flight == 0);
    REQUIRE(source.answers.size() == 64);
    for (const auto& [id, answer] : source.answers) {
        REQUIRE(!answer);
        CHECK(answer.error().code == errc::cancelled);
        CHECK(answer.error().done == effect::indeterminate);
    }
    CHECK(source.waiting.size() == 936);
}

TEST_CASE("send_many: the deadline ends it, also while it only waits") {
    scripted_server server(std::vector<reply>{{.then = ending::hang}});
    auto transport = open_transport();
    SUBCASE("for answers") {
        numbers source(server.url("/c"), 8);
        const auto late = transport.send_many(context{}.with_timeout(100ms), source);
        REQUIRE(!late);
        CHECK(late.error().code == errc::deadline_exceeded);
        CHECK(source.answers.size() == 8);
    }
    SUBCASE("for the source") {
        numbers source(server.url("/c"), 8);
        source.calls_before_pause = 1;
        source.pause_length = 1h;
        const auto late = transport.send_many(context{}.with_timeout(100ms), source);
        REQUIRE(!late);
        CHECK(late.error().code == errc::deadline_exceeded);
        CHECK(source.answers.empty());
    }
}

/// Sleeps by moving its hands.
class virtual_time final : public time_source {
public:
    steady_time now() const override { return now_; }
    utc_time utc_now() const override { return {}; }
    void sleep(std::chrono::nanoseconds pause, const std::stop_token&) const override {
        now_ += std::chrono::duration_cast<steady_time::duration>(pause);
        ++sleeps;
    }
    mutable int sleeps = 0;

private:
    mutable steady_time now_{};
};

TEST_CASE("send_many: with nothing in flight it waits on the context's clock") {
    scripted_server server(echo);
    auto transport = open_transport();
    virtual_time clock;
    numbers source(server.url("/c"), 3);
    source.limit = 1;
    source.calls_before_pause = 2;
    source.pause_length = 1h;
    REQUIRE(transport.send_many({.clock = &clock}, source));
    CHECK(clock.sleeps == 1);
    CHECK(source.answers.size() == 3);
}

TEST_CASE("send_many: a call that cannot be sent is finished, and the others are sent") {
    scripted_server server(echo);
    auto transport = open_transport();

    struct with_a_bad_one : numbers {
        using numbers::numbers;
        pulled next(http_call& call) override {
            const pulled said = numbers::next(call);
            if (call.id == 5) call.request.headers = {{"x-ms-meta-a", "b\r\nc: d"}};
            return said;
        }
    } source(server.url("/c"), 10);
    REQUIRE(transport.send_many(context{}.with_timeout(30s), source));
    REQUIRE(source.answers.size() == 10);
    CHECK(server.request_count() == 9);
    const auto& refused = source.answers.find(5)->second;
    REQUIRE(!refused);
    CHECK(refused.error().code == errc::invalid_argument);
}

TEST_CASE("send_many: what the source throws is thrown on, and the transport goes on working") {
    scripted_server server(echo);
    auto transport = open_transport();
    numbers source(server.url("/c"), 100);
    source.on_finished = [&](http_call&, result<http_response>&) {
        if (source.answers.size() == 10) throw std::runtime_error("enough");
    };
    CHECK_THROWS_WITH(static_cast<void>(transport.send_many(context{}.with_timeout(30s), source)), "enough");
    numbers rest(server.url("/c"), 100);
    REQUIRE(transport.send_many(context{}.with_timeout(30s), rest));
    CHECK(rest.answers.size() == 100);
}

TEST_CASE("send_many: faults of single calls are theirs alone") {
    scripted_server server([](const received_request& r) {
        reply out = echo(r);
        if (r.target.ends_with('3')) out.then = ending::rst, out.cut_at = 20;
        if (r.target.ends_with('7')) out.then = ending::fin, out.cut_at = 40;
        return out;
    });
    auto transport = open_transport();
    numbers source(server.url("/c"), 200);
    REQUIRE(transport.send_many(context{}.with_timeout(30s), source));
    REQUIRE(source.answers.size() == 200);
    for (const auto& [id, answer] : source.answers) {
        const std::uint64_t number = id;  // clang 14 captures no structured binding
        CAPTURE(number);
        CHECK(answer.has_value() == (id % 10 != 3 && id % 10 != 7));
        if (!answer) CHECK(answer.error().done == effect::indeterminate);
    }
}

TEST_CASE("send_many: runs beside other calls of the same transport") {
    scripted_server server(echo);
    auto transport = open_transport();
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            numbers source(server.url("/many"), 200);
            source.limit = 16;
            if (transport.send_many(context{}.with_timeout(30s), source) && source.answers.size() == 200) ++right;
        });
        threads.emplace_back([&] {
            for (int n = 0; n < 50; ++n) {
                const auto answer = send(transport, make_request("PUT", server.url("/one")));
                if (answer && *answer->header("x-target") == "/one") ++right;
            }
        });
    }
    for (std::thread& t : threads) t.join();
    CHECK(right == 102);
}

}  // namespace
