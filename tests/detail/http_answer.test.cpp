// SPDX-License-Identifier: MIT

#include <blobshift/detail/http_answer.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

using namespace blobshift;
using detail::http_answer;

constexpr std::size_t header_limit = 4096;

/// Gives the lines (without their CRLF) and the body to an answer, as far as it wants them.
result<http_response> read(std::string_view method, const std::vector<std::string>& lines, std::string_view body = {},
                           const response_options& options = {}) {
    http_answer answer(header_limit);
    answer.begin(method, options);
    for (const std::string& line : lines) {
        if (!answer.header_line(line + "\r\n")) return answer.finish();
    }
    if (!body.empty() && !answer.body_part(as_bytes(body))) return answer.finish();
    return answer.finish();
}

TEST_CASE("an answer: status, headers in lower case and trimmed, and the body") {
    const auto answer =
        read("GET", {"HTTP/1.1 200 OK", "ETag:  \"0x1\" ", "x-ms-meta-A:", "Content-Length: 4", ""}, "body");
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(*answer->header("etag") == "\"0x1\"");
    CHECK(answer->header("x-ms-meta-a")->empty());
    CHECK(as_text(answer->body) == "body");
    CHECK(answer->body_bytes == 4);
    CHECK(!answer->body_cut);
}

TEST_CASE("an answer: what is malformed is never an answer") {
    struct row {
        std::vector<std::string> lines;
        std::string_view message;
    };
    const std::string status = "HTTP/1.1 200 OK";
    const row table[] = {
        {{"ICY 200 OK"}, "the answer does not begin with a status line of HTTP/1.1"},
        {{"HTTP/2 200"}, "the answer does not begin with a status line of HTTP/1.1"},
        {{"HTTP/1.1 20"}, "the answer does not begin with a status line of HTTP/1.1"},
        {{"HTTP/1.1 2000 OK"}, "the answer does not begin with a status line of HTTP/1.1"},
        {{"HTTP/1.1 -20 OK"}, "the answer does not begin with a status line of HTTP/1.1"},
        {{"HTTP/1.1 099 OK"}, "the answer does not begin with a status line of HTTP/1.1"},
        {{"HTTP/1.1 600 OK"}, "the answer does not begin with a status line of HTTP/1.1"},
        {{""}, "the answer does not begin with a status line of HTTP/1.1"},
        {{"HTTP/1.1 101 Switching Protocols"}, "the server switches to another protocol"},
        {{status, "no colon"}, "the answer has a malformed header"},
        {{status, ": no name"}, "the answer has a malformed header"},
        {{status, "a b: c"}, "the answer has a malformed header"},
        {{status, "a : c"}, "the answer has a malformed header"},
        {{status, "a: b", " folded: c"}, "the answer has a malformed header"},
        {{status, std::string("a: b\0c", 6)}, "the answer has a control character in a header"},
        {{status, "a: b\rc"}, "the answer has a control character in a header"},
        {{status, "Content-Length: "}, "the answer has a malformed Content-Length"},
        {{status, "Content-Length: -1"}, "the answer has a malformed Content-Length"},
        {{status, "Content-Length: +1"}, "the answer has a malformed Content-Length"},
        {{status, "Content-Length: 1 2"}, "the answer has a malformed Content-Length"},
        {{status, "Content-Length: 5, 5"}, "the answer has a malformed Content-Length"},
        {{status, "Content-Length: 0x5"}, "the answer has a malformed Content-Length"},
        {{status, "Content-Length: 9223372036854775808"}, "the answer has a malformed Content-Length"},
        {{status, "Content-Length: 99999999999999999999"}, "the answer has a malformed Content-Length"},
        {{status, "Content-Length: 5", "Content-Length: 5", ""}, "the answer declares its length more than once"},
        {{status, "Content-Length: 5", "content-length: 6", ""}, "the answer declares its length more than once"},
        {{status, "Content-Length: 5", "Transfer-Encoding: chunked", ""},
         "the answer declares its length more than once"},
        {{status, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", ""},
         "the answer declares its length more than once"},
        {{status, "Transfer-Encoding: gzip"}, "the answer has an unknown transfer coding"},
        {{status, "Transfer-Encoding: gzip, chunked"}, "the answer has an unknown transfer coding"},
        {{status, "ETag: \"1\"", ""}, "the answer does not declare its length"},
        {{"HTTP/1.0 200 OK", ""}, "the answer does not declare its length"},
        {{"HTTP/1.0 200 OK", "Transfer-Encoding: chunked", ""}, "the answer is of HTTP/1.0 and chunked"},
        {{status, "a: " + std::string(header_limit, 'x')}, "the headers of the answer are too long"},
    };
    for (const row& t : table) {
        CAPTURE(t.lines.back());
        const auto refused = read("GET", t.lines);
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::corrupt);
        CHECK(refused.error().is_transient());
        CHECK(refused.error().message == t.message);
    }
}

TEST_CASE("an answer: a length declared twice is malformed for a HEAD, too") {
    CHECK(!read("HEAD", {"HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 5", ""}));
}

TEST_CASE("an answer: a line without its end is cut off") {
    const response_options options;
    http_answer answer(header_limit);
    answer.begin("GET", options);
    REQUIRE(answer.header_line("HTTP/1.1 200 OK\r\n"));
    CHECK(!answer.header_line("Content-Length: 1"));
    CHECK(answer.finish().error().message == "the headers of the answer are cut off");
}

TEST_CASE("an answer: what ends too early is unavailable, whatever came before") {
    const std::vector<std::string> head = {"HTTP/1.1 200 OK", "Content-Length: 5", ""};
    struct row {
        std::vector<std::string> lines;
        std::string_view body, message;
    };
    const row table[] = {
        {{}, "", "the answer ended before its headers did"},
        {{head[0]}, "", "the answer ended before its headers did"},
        {{head[0], head[1]}, "", "the answer ended before its headers did"},
        {{"HTTP/1.1 100 Continue", ""}, "", "the answer ended before its headers did"},
        {head, "", "the answer is shorter than it says"},
        {head, "abcd", "the answer is shorter than it says"},
    };
    for (const row& t : table) {
        CAPTURE(t.lines.size());
        const auto cut = read("GET", t.lines, t.body);
        REQUIRE(!cut);
        CHECK(cut.error().code == errc::unavailable);
        CHECK(cut.error().is_transient());
        CHECK(cut.error().message == t.message);
    }
    CHECK(read("GET", head, "abcde"));
}

TEST_CASE("an answer: HEAD, 204 and 304 have no body, whatever length they declare") {
    CHECK(read("HEAD", {"HTTP/1.1 200 OK", "Content-Length: 5", ""}));
    CHECK(read("HEAD", {"HTTP/1.1 200 OK", ""}));
    CHECK(read("DELETE", {"HTTP/1.1 204 No Content", ""}));
    CHECK(read("GET", {"HTTP/1.1 304 Not Modified", "Content-Length: 5", ""}));
}

TEST_CASE("an answer: a reason is not needed, and HTTP/1.0 will do when it declares a length") {
    CHECK(read("GET", {"HTTP/1.1 200", "Content-Length: 0", ""}));
    CHECK(read("GET", {"HTTP/1.1 200 ", "Content-Length: 0", ""}));
    CHECK(read("GET", {"HTTP/1.0 200 OK", "Content-Length: 2", ""}, "ok"));
}

TEST_CASE("an answer: interim answers leave nothing behind, and count as headers") {
    std::vector<std::string> lines = {"HTTP/1.1 100 Continue", "Content-Length: 7", "x-early: 1", "",
                                      "HTTP/1.1 200 OK",       "Content-Length: 0", ""};
    const auto answer = read("PUT", lines);
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->header("x-early") == nullptr);

    const std::size_t floods = header_limit / 20;
    for (std::size_t i = 0; i < floods; ++i) lines.insert(lines.begin(), {"HTTP/1.1 100 Continue", ""});
    const auto flood = read("PUT", lines);
    REQUIRE(!flood);
    CHECK(flood.error().message == "the headers of the answer are too long");
}

TEST_CASE("an answer: trailers change nothing, and count as headers") {
    const response_options options;
    http_answer answer(header_limit);
    answer.begin("GET", options);
    for (const char* line : {"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "\r\n"}) {
        REQUIRE(answer.header_line(line));
    }
    REQUIRE(answer.body_part(as_bytes("body")));
    CHECK(answer.header_line("etag: \"late\"\r\n"));
    CHECK(answer.header_line("HTTP/1.1 500 No\r\n"));
    SUBCASE("few") {
        const auto whole = answer.finish();
        REQUIRE(whole);
        CHECK(whole->status == 200);
        CHECK(whole->header("etag") == nullptr);
    }
    SUBCASE("too many") {
        CHECK(!answer.header_line(std::string(header_limit, 'x')));
        CHECK(answer.finish().error().message == "the headers of the answer are too long");
    }
}

TEST_CASE("an answer: the body of a result goes into the caller's bytes, that of an error does not") {
    std::array<std::byte, 4> buffer{};
    const response_options options{.into = buffer};
    const auto result = read("GET", {"HTTP/1.1 206 X", "Content-Length: 4", ""}, "body", options);
    REQUIRE(result);
    CHECK(as_text(buffer) == "body");
    CHECK(result->body.empty());
    CHECK(result->body_bytes == 4);

    buffer = {};
    const auto error = read("GET", {"HTTP/1.1 404 X", "Content-Length: 9", ""}, "<Error />", options);
    REQUIRE(error);
    CHECK(as_text(error->body) == "<Error />");
    CHECK(buffer == std::array<std::byte, 4>{});
}

TEST_CASE("an answer: the body of a result goes to the sink, which hears of each, and that of an error does not") {
    struct : body_sink {
        int bodies = 0;
        std::string text = {};
        void begin() override { ++bodies, text.clear(); }
        void take(byte_view part) override { text += as_text(part); }
    } sink;
    const response_options options{.sink = &sink, .max_body_bytes = 5};
    const auto result = read("GET", {"HTTP/1.1 200 X", "Transfer-Encoding: chunked", ""}, "body", options);
    REQUIRE(result);
    CHECK(sink.text == "body");
    CHECK(result->body.empty());
    CHECK(result->body_bytes == 4);
    REQUIRE(read("GET", {"HTTP/1.1 200 X", "Content-Length: 0", ""}, "", options));
    CHECK(sink.bodies == 2);
    CHECK(sink.text.empty());
    CHECK(!read("GET", {"HTTP/1.1 200 X", "Transfer-Encoding: chunked", ""}, "longer", options));

    const auto error = read("GET", {"HTTP/1.1 404 X", "Content-Length: 9", ""}, "<Error />", options);
    REQUIRE(error);
    CHECK(as_text(error->body) == "<Error />");
    CHECK(sink.bodies == 3);
}

TEST_CASE("an answer: a result that is longer than it may be is no result, declared or not") {
    std::array<std::byte, 3> buffer{};
    for (const response_options& options : {response_options{.into = buffer}, response_options{.max_body_bytes = 3}}) {
        for (const char* length : {"Content-Length: 4", "Transfer-Encoding: chunked"}) {
            CAPTURE(length);
            const auto refused = read("GET", {"HTTP/1.1 200 OK", length, ""}, "body", options);
            REQUIRE(!refused);
            CHECK(refused.error().code == errc::corrupt);
            CHECK(refused.error().again == retry_hint::never);
            CHECK(refused.error().message == "the body of the answer is longer than it may be");
        }
        CHECK(read("GET", {"HTTP/1.1 200 OK", "Content-Length: 3", ""}, "bod", options));
    }
}

TEST_CASE("an answer: an error keeps its status when its body is cut off") {
    const response_options options{.max_body_bytes = 1, .max_error_body_bytes = 3};
    for (const char* length : {"Content-Length: 100000000", "Transfer-Encoding: chunked"}) {
        const auto error = read("GET", {"HTTP/1.1 503 X", length, ""}, "body", options);
        REQUIRE(error);
        CHECK(error->status == 503);
        CHECK(as_text(error->body) == "bod");
        CHECK(error->body_cut);
    }
    const auto fits = read("GET", {"HTTP/1.1 503 X", "Content-Length: 3", ""}, "bod", options);
    REQUIRE(fits);
    CHECK(!fits->body_cut);
}

TEST_CASE("an answer: without the header that only the service sends, it is somebody else's") {
    const response_options options{.require_header = "x-ms-request-id"};
    CHECK(read("GET", {"HTTP/1.1 200 X", "X-Ms-Request-Id: 1", "Content-Length: 0", ""}, {}, options));
    for (const char* status : {"HTTP/1.1 200 X", "HTTP/1.1 404 X"}) {
        const auto refused = read("GET", {status, "Content-Length: 7", ""}, "<html/>", options);
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::corrupt);
        CHECK(refused.error().is_transient());
        CHECK(refused.error().message == "the answer does not come from the service");
    }
}

TEST_CASE("an answer: begin() forgets the one before") {
    const response_options options;
    http_answer answer(header_limit);
    answer.begin("HEAD", options);
    for (const char* line : {"HTTP/1.0 200 OK\r\n", "Content-Length: 5\r\n", "\r\n"}) REQUIRE(answer.header_line(line));
    REQUIRE(answer.finish());
    answer.begin("GET", options);
    CHECK(answer.status() == 0);
    CHECK(answer.finish().error().message == "the answer ended before its headers did");
    answer.begin("GET", options);
    for (const char* line : {"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "\r\n"}) {
        REQUIRE(answer.header_line(line));
    }
    REQUIRE(answer.body_part(as_bytes("x")));
    const auto second = answer.finish();
    REQUIRE(second);
    CHECK(second->header("content-length") == nullptr);
    CHECK(second->body.size() == 1);
}

}  // namespace
