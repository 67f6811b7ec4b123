// SPDX-License-Identifier: MIT

#include <blobshift/detail/curl_http.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <detail/wire.hpp>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace blobshift_test;

reply echo(const received_request& r) {
    return {.bytes = http_bytes(200, "x-target: " + r.target + "\r\n", r.body)};
}

TEST_CASE("curl transport: sends the headers it was given, Host, and a Content-Length where there can be a body") {
    scripted_server server(echo);
    auto transport = open_transport();
    for (const char* method : {"PUT", "GET", "DELETE", "HEAD", "POST", "GET"}) {
        http_request r = make_request(method, server.url("/c/a"));
        r.headers = {{"x-ms-Date", "now"}, {"Authorization", "SharedKey a:b"}, {"x-ms-meta-empty", ""}, {"x-last", "1"}};
        REQUIRE(send(transport, r));
    }
    for (const received_request& r : server.requests()) {
        CAPTURE(r.method);
        std::string sent;
        for (const auto& [name, value] : r.headers) sent += name + "=" + value + ";";
        std::string expected = "Host=127.0.0.1:" + std::to_string(server.port()) +
                               ";x-ms-Date=now;Authorization=SharedKey a:b;x-ms-meta-empty=;x-last=1;";
        if (r.method != "GET" && r.method != "HEAD") expected += "Content-Length=0;";
        CHECK(sent == expected);
    }
}

TEST_CASE("curl transport: sends a content type and a wish for one when it is given them, once") {
    scripted_server server(echo);
    auto transport = open_transport();
    http_request r = make_request("PUT", server.url("/c/a"), "<a/>");
    r.headers = {{"content-type", "application/xml"}, {"Accept", "application/json"}};
    REQUIRE(send(transport, r));
    const received_request sent = server.requests().at(0);
    CHECK(sent.header("content-type") == "application/xml");
    CHECK(sent.count("content-type") == 1);
    CHECK(sent.header("accept") == "application/json");
    CHECK(sent.count("accept") == 1);
}

TEST_CASE("curl transport: sends the path and the query byte for byte") {
    scripted_server server(echo);
    auto transport = open_transport();
    for (const std::string target : {"/", "/c/./y", "/c/a/../y", "/c/%2E%2E/y", "//c", "/c/%f0%9F?a=b?c",
                                     "/c?x=%2B+%20&&=", "/c/;a,b'()*!", "/c/http://other/", "/?comp=list"}) {
        CAPTURE(target);
        REQUIRE(get(transport, server.url(target)));
        CHECK(server.requests().back().target == target);
    }
    for (const std::string bare : {"", "?comp=list/a"}) {
        REQUIRE(get(transport, server.url(bare)));
        CHECK(server.requests().back().target == "/" + bare);
    }
}

TEST_CASE("curl transport: bodies of any size and content arrive whole, and come back whole") {
    scripted_server server(echo);
    auto transport = open_transport();
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'537}, std::size_t{3} << 20}) {
        CAPTURE(size);
        std::string body(size, '\0');
        for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 % 256);
        const auto answer = send(transport, make_request("PUT", server.url("/c/a"), body));
        REQUIRE(answer);
        CHECK(as_text(answer->body) == body);
        CHECK(server.requests().back().count("expect") == 0);
    }
}

TEST_CASE("curl transport: a request without a body sends none after one with a body") {
    scripted_server server(echo);
    auto transport = open_transport();
    REQUIRE(send(transport, make_request("PUT", server.url("/c/a"), "the body of before")));
    REQUIRE(get(transport, server.url("/c/a")));
    REQUIRE(send(transport, make_request("PUT", server.url("/c/a"))));
    CHECK(server.requests().at(1).count("content-length") == 0);
    CHECK(server.requests().at(2).header("content-length") == "0");
    CHECK(server.connection_count() == 1);
}

TEST_CASE("curl transport: a download goes into the caller's bytes") {
    const std::string content(100'000, 'x');
    scripted_server server(
        std::vector<reply>{{.bytes = http_bytes(206, {}, content)}, {.bytes = http_bytes(404, {}, "gone")}});
    auto transport = open_transport();
    bytes buffer(content.size() + 1);
    const auto whole = get(transport, server.url("/c/a"), {.into = byte_span(buffer)});
    REQUIRE(whole);
    CHECK(whole->body_bytes == content.size());
    CHECK(as_text(byte_view(buffer).first(content.size())) == content);
    const auto missing = get(transport, server.url("/c/a"), {.into = byte_span(buffer)});
    REQUIRE(missing);
    CHECK(as_text(missing->body) == "gone");
}

TEST_CASE("curl transport: stored bytes come back as stored, whatever coding they claim") {
    const std::string gzip("\x1f\x8b\x08\x00not really", 14);
    scripted_server server(std::vector<reply>{{.bytes = http_bytes(200, "Content-Encoding: gzip\r\n", gzip)}});
    auto transport = open_transport();
    const auto answer = get(transport, server.url("/c/a"));
    REQUIRE(answer);
    CHECK(as_text(answer->body) == gzip);
    CHECK(*answer->header("content-encoding") == "gzip");
}

TEST_CASE("curl transport: a redirect is an answer, and nobody is asked at its target") {
    scripted_server other(echo);
    auto transport = open_transport();
    for (const int status : {300, 301, 302, 303, 307, 308}) {
        for (const std::string& target : {other.url("/c/b"), std::string("/c/b"), std::string("file:///etc/passwd")}) {
            const std::string moved = http_bytes(status, "Location: " + target + "\r\n", "moved");
            scripted_server server(std::vector<reply>{{.bytes = moved}});
            const auto answer = send(transport, make_request("PUT", server.url("/c/a"), "body"));
            REQUIRE(answer);
            CHECK(answer->status == status);
            CHECK(*answer->header("location") == target);
            CHECK(server.request_count() == 1);
        }
    }
    CHECK(other.connection_count() == 0);
}

TEST_CASE("curl transport: a cookie is not sent back") {
    scripted_server server(std::vector<reply>{{.bytes = http_bytes(200, "Set-Cookie: a=b; Path=/\r\n")}});
    auto transport = open_transport();
    REQUIRE(get(transport, server.url("/c/a")));
    REQUIRE(get(transport, server.url("/c/a")));
    CHECK(server.requests().at(1).count("cookie") == 0);
}

TEST_CASE("curl transport: one connection serves calls that follow each other, on any thread") {
    scripted_server server(echo);
    auto transport = open_transport();
    for (int i = 0; i < 5; ++i) {
        std::thread([&] { CHECK(send(transport, make_request("PUT", server.url("/c/a"), "body"))); }).join();
    }
    CHECK(server.request_count() == 5);
    CHECK(server.connection_count() == 1);
}

TEST_CASE("curl transport: threads that call at once get each their own answer, over as many connections") {
    scripted_server server(echo);
    auto transport = open_transport();
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 50; ++i) {
                const std::string target = "/c/" + std::to_string(thread) + "/" + std::to_string(i);
                http_request r = make_request("PUT", server.url(target), target);
                const auto answer = send(transport, r);
                if (answer && *answer->header("x-target") == target && as_text(answer->body) == target) ++right;
            }
        });
    }
    for (std::thread& t : threads) t.join();
    CHECK(right == 200);
    CHECK(server.connection_count() <= 4);
}

TEST_CASE("curl transport: no more lanes are kept than it was told to") {
    scripted_server server(echo);
    auto transport = open_transport({.idle_lanes = 0});
    for (int i = 0; i < 3; ++i) REQUIRE(get(transport, server.url("/c/a")));
    CHECK(server.connection_count() == 3);
}

TEST_CASE("curl transport: it may be moved") {
    scripted_server server(echo);
    auto first = open_transport();
    REQUIRE(get(first, server.url("/c/a")));
    curl_transport second = std::move(first);
    REQUIRE(get(second, server.url("/c/a")));
    CHECK(server.connection_count() == 1);
}

TEST_CASE("curl transport: nobody listens: nothing was done, and it may be repeated") {
    auto transport = open_transport();
    const std::string url = "http://127.0.0.1:" + std::to_string(closed_port()) + std::string(secret_path);
    for (const char* method : {"GET", "PUT"}) {
        const auto refused = send(transport, make_request(method, url));
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::unavailable);
        CHECK(refused.error().is_transient());
        CHECK(refused.error().done == effect::none);
        CHECK(refused.error().system_code == ECONNREFUSED);
    }
    // It is not said of a later failure, which has another cause.
    const auto unknown = send(transport, make_request("GET", "http://no-such-host.invalid/"));
    REQUIRE(!unknown);
    CHECK(unknown.error().system_code == 0);
}

TEST_CASE("curl transport: a host without an address: nothing was done, and it may be repeated") {
    auto transport = open_transport();
    const auto unknown = send(transport, make_request("PUT", "http://no-such-host.invalid/c/SECRET"));
    REQUIRE(!unknown);
    CHECK(unknown.error().code == errc::unavailable);
    CHECK(unknown.error().is_transient());
    CHECK(unknown.error().done == effect::none);
}

TEST_CASE("curl transport: what cannot be sent is refused, and nothing is sent") {
    scripted_server server(echo);
    auto transport = open_transport();
    const std::string authority = "127.0.0.1:" + std::to_string(server.port());
    http_request injected = make_request("PUT", server.url("/c/a"));
    injected.headers = {{"x-ms-meta-a", "b\r\nx-ms-lease-id: c"}};
    for (const http_request& r : {injected, make_request("GET", "http://user:SECRET@" + authority + "/c/a"),
                                  make_request("GET", "http://" + authority + ":x/c/a"),
                                  make_request("GET", server.url("/" + std::string(9 << 20, 'a')))}) {
        const auto refused = send(transport, r);
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::invalid_argument);
        CHECK(!refused.error().is_transient());
        CHECK(refused.error().done == effect::none);
    }
    CHECK(server.request_count() == 0);
    REQUIRE(get(transport, server.url("/c/a")));
    CHECK(server.request_count() == 1);
}

TEST_CASE("curl transport: a call that is stopped, or late, before it begins sends nothing") {
    scripted_server server(echo);
    auto transport = open_transport();
    std::stop_source stop;
    stop.request_stop();
    const auto stopped = send(transport, make_request("PUT", server.url("/c/a")), {}, {.stop = stop.get_token()});
    REQUIRE(!stopped);
    CHECK(stopped.error().code == errc::cancelled);
    CHECK(stopped.error().done == effect::none);
    const auto late = send(transport, make_request("PUT", server.url("/c/a")), {}, context{}.with_timeout(0s));
    REQUIRE(!late);
    CHECK(late.error().code == errc::deadline_exceeded);
    CHECK(late.error().done == effect::none);
    CHECK(server.connection_count() == 0);
}

TEST_CASE("curl transport: stop ends a call that waits for its answer, and says what is not known") {
    std::stop_source stop;
    scripted_server server([&](const received_request&) {
        stop.request_stop();
        return reply{.then = ending::hang};
    });
    auto transport = open_transport();
    for (const char* method : {"PUT", "GET"}) {
        stop = {};
        const auto begun = std::chrono::steady_clock::now();
        const auto stopped =
            send(transport, make_request(method, server.url(secret_path)), {}, {.stop = stop.get_token()});
        CHECK(std::chrono::steady_clock::now() - begun < 800ms);
        REQUIRE(!stopped);
        CHECK(stopped.error().code == errc::cancelled);
        CHECK(stopped.error().done == (*method == 'P' ? effect::indeterminate : effect::none));
    }
}

TEST_CASE("curl transport: the deadline ends a call that waits for its answer") {
    scripted_server server(std::vector<reply>{{.bytes = http_bytes(201)}, {.then = ending::hang}});
    // On a connection that is in use, and without a time-out for slow ones, nothing but the deadline can end it.
    auto transport = open_transport({.stall_timeout = 0s});
    REQUIRE(send(transport, make_request("PUT", server.url(secret_path))));
    const auto begun = std::chrono::steady_clock::now();
    const auto late =
        send(transport, make_request("PUT", server.url(secret_path)), {}, context{}.with_timeout(150ms));
    const auto took = std::chrono::steady_clock::now() - begun;
    REQUIRE(!late);
    CHECK(late.error().code == errc::deadline_exceeded);
    CHECK(late.error().done == effect::indeterminate);
    CHECK(took >= 150ms);
    CHECK(took < 800ms);
}

TEST_CASE("curl transport: options out of range are refused") {
    for (const curl_transport_options& options :
         {curl_transport_options{.connect_timeout = 0ms}, curl_transport_options{.stall_bytes_per_second = -1},
          curl_transport_options{.stall_timeout = -1s}}) {
        const auto refused = curl_transport::open(options);
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::invalid_argument);
    }
}

TEST_CASE("curl transport: a child of a fork is refused, and does its parent's connections no harm") {
    test_authority authority;
    scripted_server server(std::vector<reply>{{.bytes = http_bytes(200)}}, {.tls = authority.issue()});
    auto transport = std::make_unique<curl_transport>(open_transport({.ca_file = authority.ca_file()}));
    REQUIRE(get(*transport, server.url("/c/a")));
    const pid_t child = ::fork();
    if (child == 0) {
        const auto refused = transport->send({}, make_request("GET", server.url("/c/a")), {});
        transport.reset();
        ::_exit(!refused && refused.error().code == errc::invalid_argument ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    REQUIRE(get(*transport, server.url("/c/a")));
    CHECK(server.connection_count() == 1);
}

}  // namespace
