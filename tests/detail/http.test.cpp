// SPDX-License-Identifier: MIT

#include <blobshift/detail/http.hpp>

#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

using namespace blobshift;

http_request request(std::string method, std::string url) {
    http_request r;
    r.method = std::move(method);
    r.url = std::move(url);
    return r;
}

/// The smallest model; when it stops compiling, the contract has changed.
struct archetype {
    result<http_response> send(const context&, const http_request&, const response_options&) { return http_response{}; }
};
struct many_archetype : archetype {
    result<void> send_many(const context&, call_source&) { return {}; }
};
struct without_options {
    result<http_response> send(const context&, const http_request&) { return http_response{}; }
};
static_assert(HttpTransport<archetype> && !PipelinedTransport<archetype>);
static_assert(PipelinedTransport<many_archetype>);
static_assert(!HttpTransport<without_options> && !HttpTransport<int>);

TEST_CASE("http: a request that could be taken for another one is refused before it is sent") {
    struct row {
        std::string_view method, url, header, value, message;
    };
    const row table[] = {
        {"", "https://h/", "", "", "the HTTP method is not a token"},
        {"GET /x", "https://h/", "", "", "the HTTP method is not a token"},
        {"GET\r\n", "https://h/", "", "", "the HTTP method is not a token"},
        {"GET", "ftp://h/", "", "", "the URL is neither https nor http"},
        {"GET", "h/path", "", "", "the URL is neither https nor http"},
        {"GET", "https://h/a b", "", "", "the URL holds a character that must be percent-encoded"},
        {"GET", "https://h/a\r\nX: y", "", "", "the URL holds a character that must be percent-encoded"},
        {"GET", "https://h/\xC3\xA9", "", "", "the URL holds a character that must be percent-encoded"},
        {"GET", "https://h/a#b", "", "", "the URL holds a character that must be percent-encoded"},
        {"GET", "https://h/", "", "v", "the name of a header is not a token"},
        {"GET", "https://h/", "x y", "v", "the name of a header is not a token"},
        {"GET", "https://h/", "x:", "v", "the name of a header is not a token"},
        {"GET", "https://h/", "x-ms-meta-a", "v\r\nx-ms-b: c", "the value of a header holds a control character"},
        {"GET", "https://h/", "x-ms-meta-a", std::string_view("v\0w", 3),
         "the value of a header holds a control character"},
        {"GET", "https://h/", "x-ms-meta-a", "v\x7F", "the value of a header holds a control character"},
        {"GET", "https://h/", "Host", "other", "the transport itself sends the header host"},
        {"PUT", "https://h/", "content-length", "5", "the transport itself sends the header content-length"},
        {"PUT", "https://h/", "Transfer-Encoding", "x", "the transport itself sends the header transfer-encoding"},
        {"PUT", "https://h/", "Expect", "", "the transport itself sends the header expect"},
        {"PUT", "https://h/", "CONNECTION", "close", "the transport itself sends the header connection"},
    };
    for (const row& t : table) {
        CAPTURE(t.message);
        http_request r = request(std::string(t.method), std::string(t.url));
        if (!t.header.empty() || !t.value.empty()) r.headers.push_back({std::string(t.header), std::string(t.value)});
        const auto refused = detail::validate(r);
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::invalid_argument);
        CHECK(refused.error().message == t.message);
    }
}

TEST_CASE("http: a body is for the methods that have one") {
    http_request r = request("PUT", "http://h/");
    r.body = as_bytes("body");
    CHECK(detail::validate(r));
    for (const char* safe : {"GET", "HEAD"}) {
        r.method = safe;
        REQUIRE(!detail::validate(r));
        CHECK(detail::validate(r).error().message == "a GET or HEAD with a body");
    }
}

TEST_CASE("http: encoded paths, queries, empty values and bytes above ASCII in values can be sent") {
    http_request r = request("PUT", "https://account.blob.core.windows.net/c/%F0%9F%A9%BA/./a?comp=metadata&x=%2B");
    r.headers = {{"x-ms-meta-a", ""}, {"x-ms-meta-b", "a\tb"}, {"x-ms-meta-c", "\xC3\xA9"}};
    CHECK(detail::validate(r));
}

TEST_CASE("http: a header of an answer is found by its lower-case name, the first where there are two") {
    http_response answer;
    answer.headers = {{"etag", "\"1\""}, {"etag", "\"2\""}, {"date", ""}};
    REQUIRE(answer.header("etag") != nullptr);
    CHECK(*answer.header("etag") == "\"1\"");
    REQUIRE(answer.header("date") != nullptr);
    CHECK(answer.header("date")->empty());
    CHECK(answer.header("content-length") == nullptr);
}

TEST_CASE("http: only 200 to 299 is success") {
    for (const int status : {199, 300, 404, 500}) CHECK(!http_response{.status = status}.is_success());
    for (const int status : {200, 201, 206, 299}) CHECK(http_response{.status = status}.is_success());
}

TEST_CASE("http: names are compared and texts trimmed as HTTP does") {
    CHECK(detail::equals_ignoring_case("Content-MD5", "content-md5"));
    CHECK(!detail::equals_ignoring_case("etag", "etags"));
    CHECK(detail::trimmed(" \t a b\t ") == "a b");
    CHECK(detail::trimmed(" \t ").empty());
    CHECK(detail::trimmed("").empty());
}

}  // namespace
