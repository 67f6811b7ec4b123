// SPDX-License-Identifier: MIT
//
// What the tests of the transport share: calls that cannot hang, and a look at every error for what it must not say.

#ifndef BLOBSHIFT_TESTS_DETAIL_WIRE_HPP
#define BLOBSHIFT_TESTS_DETAIL_WIRE_HPP

#include <blobshift/detail/curl_http.hpp>

#include <chrono>
#include <string>
#include <string_view>

#include <azure/scripted_server.hpp>
#include <doctest/doctest.h>

namespace blobshift_test {

using namespace blobshift;
using namespace std::chrono_literals;

/// A path that must not appear in any text.
inline constexpr std::string_view secret_path = "/c/SECRET-NAME?sig=SECRET-SIGNATURE";

inline curl_transport open_transport(curl_transport_options options = {}) {
    return curl_transport::open(std::move(options)).value();
}

inline http_request make_request(std::string method, std::string url, std::string_view body = {}) {
    http_request r;
    r.method = std::move(method);
    r.url = std::move(url);
    r.body = as_bytes(body);
    return r;
}

/// Fails the test when an error names what it must not name, or claims something that cannot be.
inline void look_at(const error& e, std::string_view method) {
    const std::string text = describe(e) + e.subject + e.service_detail;
    CAPTURE(text);
    for (const char* forbidden : {"SECRET", "127.0.0.1", "localhost", "http:", "https:"}) {
        CHECK(text.find(forbidden) == std::string::npos);
    }
    CHECK(!e.message.empty());
    CHECK(e.done != effect::applied);
    if (detail::is_safe_method(method)) CHECK(e.done == effect::none);
}

/// Sends; an answer takes at most so long, and an error is looked at.
inline result<http_response> send(curl_transport& t, const http_request& r, const response_options& options = {},
                                  context c = {}) {
    if (!c.deadline) c = c.with_timeout(10s);
    auto answer = t.send(c, r, options);
    if (!answer) look_at(answer.error(), r.method);
    return answer;
}

inline result<http_response> get(curl_transport& t, std::string url, const response_options& options = {}) {
    return send(t, make_request("GET", std::move(url)), options);
}

/// A port on which nobody listens.
inline std::uint16_t closed_port() { return scripted_server(std::vector<reply>{{}}).port(); }

}  // namespace blobshift_test

#endif
