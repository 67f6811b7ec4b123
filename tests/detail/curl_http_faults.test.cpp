// SPDX-License-Identifier: MIT
//
// Servers that are broken, slow or hostile, and answers that nobody asked for.

#include <blobshift/detail/curl_http.hpp>

#include <atomic>
#include <csignal>
#include <latch>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

#include <detail/wire.hpp>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace blobshift_test;

std::string with_headers(std::string_view headers, std::string_view rest) {
    return "HTTP/1.1 200 OK\r\n" + std::string(headers) + "\r\n" + std::string(rest);
}

TEST_CASE("faults: an answer that is framed wrongly is refused; what a write did is then not known") {
    const std::string huge_extension(1 << 20, 'x');
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    const std::string chunks = "4\r\nbody\r\n0\r\n\r\n";
    struct row {
        const char* what;
        std::string bytes;
    };
    const row table[] = {
        {"no length, closed", with_headers("x-a: b\r\n", "body")},
        {"HTTP/1.0, no length, closed", "HTTP/1.0 200 OK\r\n\r\nbody"},
        {"HTTP/0.9", "just a body"},
        {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n"},
        {"length too long", with_headers("Content-Length: 9\r\n", "body")},
        {"length negative", with_headers("Content-Length: -4\r\n", "body")},
        {"length 2^63", with_headers("Content-Length: 9223372036854775808\r\n", "body")},
        {"length twice, equal", with_headers("Content-Length: 4\r\nContent-Length: 4\r\n", "body")},
        {"length twice, different", with_headers("Content-Length: 4\r\nContent-Length: 2\r\n", "body")},
        {"length in a list", with_headers("Content-Length: 4, 4\r\n", "body")},
        {"length and chunked", with_headers("Content-Length: 4\r\n" + chunked, chunks)},
        {"gzip as transfer coding", with_headers("Transfer-Encoding: gzip, chunked\r\n", chunks)},
        {"chunk size no number", with_headers(chunked, "zz\r\nbody\r\n0\r\n\r\n")},
        {"chunk size negative", with_headers(chunked, "-4\r\nbody\r\n0\r\n\r\n")},
        {"chunk size huge", with_headers(chunked, "ffffffffffffffffff\r\nbody\r\n0\r\n\r\n")},
        {"chunk longer than its size", with_headers(chunked, "3\r\nbody\r\n0\r\n\r\n")},
        {"no last chunk", with_headers(chunked, "4\r\nbody\r\n")},
        {"a folded header", with_headers("x-a: b\r\n c\r\nContent-Length: 4\r\n", "body")},
        {"a NUL in a header", with_headers(std::string_view("x-a: b\0c\r\nContent-Length: 4\r\n", 29), "body")},
        {"a header without a name", with_headers(": b\r\nContent-Length: 4\r\n", "body")},
        {"another protocol follows", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nbody"},
    };
    auto transport = open_transport();
    for (const row& t : table) {
        for (const char* method : {"GET", "PUT"}) {
            CAPTURE(std::string(t.what));
            scripted_server server(std::vector<reply>{{.bytes = t.bytes, .then = ending::fin}});
            const auto refused = send(transport, make_request(method, server.url(secret_path)));
            REQUIRE(!refused);
            CHECK((refused.error().code == errc::corrupt || refused.error().code == errc::unavailable));
            CHECK(refused.error().is_transient());
            CHECK(refused.error().done == (*method == 'P' ? effect::indeterminate : effect::none));
            CHECK(server.request_count() == 1);
            if (!t.bytes.starts_with("HTTP/")) {
                CHECK(refused.error().message == "what answers does not speak HTTP/1.1");
            }
        }
    }
    // A chunk extension of a megabyte is odd, and harmless; and so is a trailer.
    scripted_server server(std::vector<reply>{
        {.bytes = with_headers(chunked, "4;" + huge_extension + "\r\nbody\r\n0\r\nx-late: 1\r\n\r\n")}});
    const auto answer = get(transport, server.url(secret_path));
    REQUIRE(answer);
    CHECK(as_text(answer->body) == "body");
    CHECK(answer->header("x-late") == nullptr);
}

TEST_CASE("faults: statuses that are rare are answers like others") {
    struct row {
        const char* method;
        std::string bytes;
        int status;
    };
    const row table[] = {
        {"GET", http_bytes(416, {}, "<Error/>"), 416},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304},
        {"HEAD", "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\n", 206},
        {"DELETE", "HTTP/1.1 204 No Content\r\n\r\n", 204},
        {"PUT", "HTTP/1.1 100 Continue\r\n\r\n" + http_bytes(201), 201},
        {"PUT", "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http_bytes(201), 201},
        {"PUT", http_bytes(417), 417},
        {"GET", http_bytes(300), 300},
    };
    auto transport = open_transport();
    for (const row& t : table) {
        CAPTURE(t.status);
        scripted_server server(std::vector<reply>{{.bytes = t.bytes}});
        for (int i = 0; i < 2; ++i) {
            const auto answer = send(transport, make_request(t.method, server.url(secret_path)));
            REQUIRE(answer);
            CHECK(answer->status == t.status);
            CHECK(answer->body_bytes == (t.status == 416 ? 8 : 0));
        }
        CHECK(server.connection_count() == 1);
    }
}

TEST_CASE("faults: no server can keep a call beyond its deadline") {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    const std::string upload(16 << 20, 'u');
    struct row {
        const char* what;
        reply behaviour;
        bool reads_bodies = true;
        const char* method = "GET";
    };
    const row table[] = {
        {"silence", {.then = ending::hang}},
        {"silence within the status line", {.bytes = "HTTP/1.", .then = ending::hang}},
        {"silence within the headers", {.bytes = "HTTP/1.1 200 OK\r\nx-a:", .then = ending::hang}},
        {"silence behind the headers", {.bytes = head, .then = ending::hang}},
        {"silence within the body", {.bytes = head + "part", .then = ending::hang}},
        {"silence before the last chunk", {.bytes = with_headers("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n"),
                                           .then = ending::hang}},
        {"headers, byte by byte", {.bytes = head, .piece = 1, .pause = 20ms}},
        {"a body, byte by byte", {.bytes = head + std::string(100'000, 'x'), .piece = 200, .pause = 10ms}},
        {"an upload that is never read", {.then = ending::hang}, false, "PUT"},
        {"an upload that is never read, but has its answer", {.bytes = http_bytes(201)}, false, "PUT"},
    };
    auto transport = open_transport();
    for (const row& t : table) {
        CAPTURE(std::string(t.what));
        scripted_server server(std::vector<reply>{t.behaviour}, {.reads_bodies = t.reads_bodies});
        const std::string_view body = *t.method == 'P' ? std::string_view(upload) : std::string_view();
        const http_request r = make_request(t.method, server.url(secret_path), body);
        const auto begun = std::chrono::steady_clock::now();
        const auto late = send(transport, r, {}, context{}.with_timeout(150ms));
        CHECK(std::chrono::steady_clock::now() - begun < 1150ms);
        REQUIRE(!late);
        CHECK(late.error().code == errc::deadline_exceeded);
        CHECK(server.request_count() == 1);
    }
}

TEST_CASE("faults: what has no end is cut off long before the deadline") {
    struct row {
        const char* what;
        std::string begin, again;
        std::string_view message;
    };
    const std::string status = "HTTP/1.1 200 OK\r\n";
    const row table[] = {
        {"headers", status, "x-a: b\r\n", "the headers of the answer are too long"},
        {"a header", status + "x-a: ", "xxxxxxxxxxxxxxxx", "out of memory, or a header of the answer is too long"},
        {"interim answers", "", "HTTP/1.1 100 Continue\r\n\r\n", "the headers of the answer are too long"},
        {"chunks", with_headers("Transfer-Encoding: chunked\r\n", ""), "4\r\nbody\r\n",
         "the body of the answer is longer than it may be"},
    };
    auto transport = open_transport();
    for (const row& t : table) {
        CAPTURE(std::string(t.what));
        std::string bytes = t.begin;
        while (bytes.size() < (1 << 20)) bytes += t.again;
        scripted_server server(std::vector<reply>{{.bytes = bytes, .endless = true}});
        const auto refused = get(transport, server.url(secret_path), {.max_body_bytes = 100'000});
        REQUIRE(!refused);
        CHECK(refused.error().message == t.message);
    }
}

TEST_CASE("faults: an error of 100 MB is known by its status, and its end is not waited for") {
    scripted_server server(std::vector<reply>{
        {.bytes = "HTTP/1.1 503 X\r\nContent-Length: 100000000\r\n\r\n" + std::string(1 << 20, 'e'), .endless = true}});
    auto transport = open_transport();
    const auto answer = get(transport, server.url(secret_path), {.max_error_body_bytes = 1000});
    REQUIRE(answer);
    CHECK(answer->status == 503);
    CHECK(answer->body_cut);
    CHECK(answer->body.size() == 1000);
}

TEST_CASE("faults: a server that is too slow is given up without a deadline, too") {
    scripted_server server(std::vector<reply>{{.then = ending::hang}});
    auto transport = open_transport({.stall_timeout = 1s});
    const auto begun = std::chrono::steady_clock::now();
    const auto slow = transport.send({}, make_request("PUT", server.url(secret_path)), {});
    CHECK(std::chrono::steady_clock::now() - begun < 4s);
    REQUIRE(!slow);
    look_at(slow.error(), "PUT");
    CHECK(slow.error().code == errc::unavailable);
    CHECK(slow.error().is_transient());
    CHECK(slow.error().done == effect::indeterminate);
}

TEST_CASE("faults: a connection that is never accepted is given up after the connect time-out, and nothing was done") {
    // A listener whose queue is full: the system leaves further connections unanswered.
    const int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(full, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(full, 0) == 0);
    REQUIRE(::getsockname(full, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    std::vector<int> waiting;
    for (int i = 0; i < 4; ++i) {
        waiting.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        ::connect(waiting.back(), reinterpret_cast<sockaddr*>(&address), size);
    }
    auto transport = open_transport({.connect_timeout = 200ms});
    const auto begun = std::chrono::steady_clock::now();
    const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + std::string(secret_path);
    const auto slow = send(transport, make_request("PUT", url));
    CHECK(std::chrono::steady_clock::now() - begun < 2s);
    REQUIRE(!slow);
    CHECK(slow.error().code == errc::unavailable);
    CHECK(slow.error().is_transient());
    CHECK(slow.error().done == effect::none);
    for (const int fd : waiting) ::close(fd);
    ::close(full);
}

TEST_CASE("faults: an error that comes before the upload was read is an answer, and its connection is not used again") {
    const std::string upload(4 << 20, 'u');
    scripted_server server(std::vector<reply>{{.bytes = http_bytes(403, {}, "<Error/>")}}, {.reads_bodies = false});
    auto transport = open_transport();
    for (std::size_t i = 1; i <= 2; ++i) {
        const auto answer = send(transport, make_request("PUT", server.url(secret_path), upload));
        REQUIRE(answer);
        CHECK(answer->status == 403);
        CHECK(as_text(answer->body) == "<Error/>");
        CHECK(server.connection_count() == i);
    }
}

TEST_CASE("faults: a success that comes before the upload was sent is none") {
    const std::string upload(16 << 20, 'u');
    scripted_server server(std::vector<reply>{{.bytes = http_bytes(201, "Connection: close\r\n")}},
                           {.reads_bodies = false});
    auto transport = open_transport();
    const auto refused = send(transport, make_request("PUT", server.url(secret_path), upload));
    REQUIRE(!refused);
    CHECK(refused.error().code == errc::corrupt);
    CHECK(refused.error().message == "the server accepted a request before all of it was sent");
    CHECK(refused.error().done == effect::indeterminate);
}

TEST_CASE("faults: bytes that nobody asked for are never taken for the next answer") {
    const test_authority authority;
    const std::string evil = http_bytes(200, "x-n: evil\r\n", "evil");
    struct row {
        const char* method;
        std::size_t body_bytes;  ///< 20,000 is more than libcurl reads at once, and than a record of TLS holds.
    };
    for (const row& t : {row{"GET", 4}, row{"GET", 20'000}, row{"HEAD", 0}, row{"PUT", 0}}) {
        const std::string good = http_bytes(200, "x-n: good\r\n", std::string(t.body_bytes, 'g'));
        // Where the bytes part on their way: nowhere, behind the headers, behind the answer; and for how long.
        for (const std::size_t piece : {everything, good.size() - t.body_bytes, good.size()}) {
            for (const auto pause : {0ms, 15ms}) {
                for (const bool tls : {false, true}) {
                    CAPTURE(std::string(t.method));
                    CAPTURE(t.body_bytes);
                    CAPTURE(piece);
                    CAPTURE(pause.count());
                    CAPTURE(tls);
                    std::atomic<int> asked = 0;
                    std::latch sent(1);
                    server_options options;
                    if (tls) options.tls = authority.issue();
                    scripted_server server(
                        [&](const received_request&) {
                            if (++asked > 1) return reply{.bytes = http_bytes(200, "x-n: next\r\n")};
                            return reply{.bytes = good + evil,
                                         .piece = piece,
                                         .pause = pause,
                                         .after = [&] { sent.count_down(); }};
                        },
                        options);
                    auto transport = open_transport({.ca_file = tls ? authority.ca_file() : ""});
                    const auto first = send(transport, make_request(t.method, server.url(secret_path)));
                    REQUIRE(first);
                    CHECK(*first->header("x-n") == "good");
                    sent.wait();
                    const auto second = send(transport, make_request(t.method, server.url(secret_path)));
                    REQUIRE(second);
                    CHECK(*second->header("x-n") == "next");
                    const std::size_t connections = server.connection_count();
                    REQUIRE(send(transport, make_request(t.method, server.url(secret_path))));
                    CHECK(server.connection_count() == connections);
                }
            }
        }
    }
}

TEST_CASE("faults: a connection that the server has closed in between is not used, and the caller does not notice") {
    const test_authority authority;
    for (const bool tls : {false, true}) {
        server_options options;
        if (tls) options.tls = authority.issue();
        std::counting_semaphore closed(0);
        const reply last{.bytes = http_bytes(201), .then = ending::fin, .after = [&] { closed.release(); }};
        scripted_server server(std::vector<reply>{last}, options);
        auto transport = open_transport({.ca_file = tls ? authority.ca_file() : ""});
        for (int i = 0; i < 3; ++i) {
            REQUIRE(send(transport, make_request("PUT", server.url(secret_path), "body")));
            closed.acquire();
        }
        CHECK(server.request_count() == 3);
    }
}

TEST_CASE("faults: a used connection that closes instead of answering: a read is repeated, a write is not") {
    for (const char* method : {"GET", "HEAD", "PUT", "DELETE"}) {
        CAPTURE(std::string(method));
        const bool safe = detail::is_safe_method(method);
        const reply fine{.bytes = http_bytes(200)};
        scripted_server server(std::vector<reply>{fine, {.then = ending::fin}, fine});
        auto transport = open_transport();
        REQUIRE(send(transport, make_request(method, server.url(secret_path))));
        const auto second = send(transport, make_request(method, server.url(secret_path)));
        CHECK(bool(second) == safe);
        CHECK(server.request_count() == (safe ? 3 : 2));
        if (!second) {
            CHECK(second.error().code == errc::unavailable);
            CHECK(second.error().is_transient());
            CHECK(second.error().done == effect::indeterminate);
        }
    }
}

TEST_CASE("faults: a connection that is reset while it is written to does not end the program") {
    struct sigaction now {};
    REQUIRE(::sigaction(SIGPIPE, nullptr, &now) == 0);
    REQUIRE((now.sa_handler == SIG_DFL));
    const test_authority authority;
    const std::string upload(8 << 20, 'u');
    for (const bool tls : {false, true}) {
        server_options options;
        options.reads_bodies = false;
        if (tls) options.tls = authority.issue();
        scripted_server server(std::vector<reply>{{.then = ending::rst}}, options);
        auto transport = open_transport({.ca_file = tls ? authority.ca_file() : ""});
        for (int i = 0; i < 10; ++i) {
            const auto broken = send(transport, make_request("PUT", server.url(secret_path), upload));
            REQUIRE(!broken);
            CHECK(broken.error().code == errc::unavailable);
            CHECK(broken.error().done == effect::indeterminate);
        }
    }
}

TEST_CASE("faults: a program that is started inherits no connection") {
    scripted_server server([](const received_request&) { return reply{.bytes = http_bytes(200)}; });
    auto transport = open_transport();
    REQUIRE(get(transport, server.url("/c/a")));
    int connections = 0;
    for (int fd = 0; fd < 256; ++fd) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        const bool connected = ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
        if (!connected || ntohs(peer.sin_port) != server.port()) continue;
        ++connections;
        CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(connections == 1);
}

}  // namespace
