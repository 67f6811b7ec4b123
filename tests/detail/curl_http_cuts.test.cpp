// SPDX-License-Identifier: MIT
//
// Connections that break off at every byte: what is not whole is never an answer.

#include <blobshift/detail/curl_http.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <detail/wire.hpp>
#include <doctest/doctest.h>

namespace {

using namespace blobshift_test;

constexpr std::string_view service_headers =
    "Server: Windows-Azure-Blob/1.0\r\nx-ms-request-id: 5f1a0b1c-0001\r\nx-ms-version: 2025-11-05\r\n"
    "ETag: \"0x8DC1\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n";

struct exchange {
    const char* method;
    std::string answer;
    std::size_t whole;  ///< So many bytes of `answer` make it whole: without the last line feed, where it is chunked,
                        ///< for libcurl knows the end by what stands before it.
};

exchange framed(const char* method, int status, std::string_view body = {}) {
    const std::string answer = http_bytes(status, service_headers, body);
    return {method, answer, answer.size()};
}

std::vector<exchange> exchanges() {
    const std::string content(64, 'c');
    const std::string list = chunked_bytes(200, service_headers, {"<Blobs>", content, "</Blobs>"});
    const std::string head = "HTTP/1.1 200 OK\r\n" + std::string(service_headers) + "Content-Length: 64\r\n\r\n";
    const std::string bare = "HTTP/1.1 204 No Content\r\n" + std::string(service_headers) + "\r\n";
    return {framed("GET", 200, content),
            framed("GET", 206, content),
            {"GET", list, list.size() - 1},
            framed("GET", 404, "<Error><Code>BlobNotFound</Code></Error>"),
            {"HEAD", head, head.size()},
            framed("PUT", 201),
            framed("PUT", 503, "<Error><Code>ServerBusy</Code></Error>"),
            {"POST", list, list.size() - 1},
            {"DELETE", bare, bare.size()},
            framed("DELETE", 202)};
}

/// What an answer must be when the connection ended behind so many bytes of it.
void judge(const exchange& e, std::size_t cut, ending how, const result<http_response>& answer) {
    CAPTURE(e.whole);
    if (cut < e.whole) {
        REQUIRE(!answer);
        CHECK((answer.error().code == errc::unavailable || answer.error().code == errc::corrupt));
        CHECK(answer.error().is_transient());
        CHECK(answer.error().done == (detail::is_safe_method(e.method) ? effect::none : effect::indeterminate));
    } else if (how == ending::fin) {
        REQUIRE(answer);
    }
    if (answer) CHECK(std::to_string(answer->status) == e.answer.substr(9, 3));
}

TEST_CASE("cuts: an answer that ends at any of its bytes, in order or by a reset, is never taken for a whole one") {
    std::atomic<std::size_t> cut = 0;
    std::atomic<ending> how = ending::fin;
    exchange now = {};
    scripted_server server([&](const received_request&) {
        return reply{.bytes = now.answer, .cut_at = cut, .then = how};
    });
    auto transport = open_transport({.idle_lanes = 0});  // a new connection for each
    std::size_t points = 0;
    for (const exchange& e : exchanges()) {
        now = e;
        for (const ending end : {ending::fin, ending::rst}) {
            how = end;
            for (std::size_t at = 0; at <= e.answer.size(); ++at) {
                cut = at;
                CAPTURE(std::string(e.method));
                CAPTURE(at);
                judge(e, at, end, send(transport, make_request(e.method, server.url(secret_path))));
                ++points;
            }
        }
    }
    CHECK(server.request_count() == points);  // each cut was met once: nothing was sent twice, nothing was skipped
    MESSAGE("cut points, plain: " << points);
}

TEST_CASE("cuts: a TLS connection that ends at any byte, handshake included, never gives an answer that is not whole") {
    const test_authority authority;
    exchange now = {};
    scripted_server server([&](const received_request&) { return reply{.bytes = now.answer}; },
                           {.tls = authority.issue()});
    std::size_t points = 0;
    for (const exchange& e : {exchanges()[0], exchanges()[2], exchanges()[5]}) {
        now = e;
        cutting_relay counting(server.port(), everything, ending::fin);
        const auto url = [](const cutting_relay& r) {
            return "https://127.0.0.1:" + std::to_string(r.port()) + std::string(secret_path);
        };
        {
            auto transport = open_transport({.ca_file = authority.ca_file()});
            REQUIRE(send(transport, make_request(e.method, url(counting))));
        }
        const std::size_t all = counting.bytes_seen();
        REQUIRE(all > e.answer.size());
        cutting_relay relay(server.port(), 0, ending::fin);
        for (const ending end : {ending::fin, ending::rst}) {
            for (std::size_t at = points % 3; at < all; at += 7) {
                relay.cut(at, end);
                CAPTURE(std::string(e.method));
                CAPTURE(at);
                auto transport = open_transport({.ca_file = authority.ca_file()});
                const auto answer = send(transport, make_request(e.method, url(relay)));
                if (!answer) CHECK(answer.error().is_transient());
                // Signatures and tickets differ by some bytes in length; the record with the answer is longer.
                if (answer) CHECK(at + 64 > all);
                ++points;
            }
        }
    }
    MESSAGE("cut points, TLS: " << points);
}

TEST_CASE("cuts: a server that dies while it reads the request leaves the effect unknown") {
    std::mutex setting;
    connection_fault fault;
    scripted_server server(std::vector<reply>{{.bytes = http_bytes(201)}}, {.on_accept = [&](std::size_t) {
                               const std::scoped_lock lock(setting);
                               return fault;
                           }});
    auto transport = open_transport();
    http_request r = make_request("PUT", server.url(secret_path), "the body, which may come to its end or not");
    r.headers = {{"x-ms-blob-type", "BlockBlob"}, {"If-None-Match", "*"}};
    REQUIRE(send(transport, r));
    std::size_t size = 0;
    {
        const received_request seen = server.requests().at(0);
        size = seen.method.size() + seen.target.size() + sizeof "  HTTP/1.1\r\n\r\n" - 1 + seen.body.size();
        for (const auto& [name, value] : seen.headers) size += name.size() + value.size() + 4;
    }
    std::size_t points = 0;
    for (const ending end : {ending::fin, ending::rst}) {
        for (std::size_t at = 0; at <= size; ++at) {
            {
                const std::scoped_lock lock(setting);
                fault = {.read_at_most = at, .then = end};
            }
            CAPTURE(at);
            auto fresh = open_transport();
            const auto answer = send(fresh, r);
            REQUIRE(!answer);
            CHECK(answer.error().code == errc::unavailable);
            CHECK(answer.error().is_transient());
            if (at > 0) CHECK(answer.error().done == effect::indeterminate);
            ++points;
        }
    }
    CHECK(server.request_count() == 1);
    CHECK(server.connection_count() == points + 1);
    MESSAGE("cut points, request: " << points);
}

}  // namespace
