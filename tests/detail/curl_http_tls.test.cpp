// SPDX-License-Identifier: MIT

#include <blobshift/detail/curl_http.hpp>

#include <string>
#include <vector>

#include <detail/wire.hpp>
#include <doctest/doctest.h>
#include <unistd.h>

namespace {

using namespace blobshift_test;

const std::vector<reply> fine{{.bytes = http_bytes(200)}};

TEST_CASE("tls: a server whose certificate is in order is asked, over one connection") {
    const test_authority authority;
    scripted_server server(fine, {.tls = authority.issue()});
    auto transport = open_transport({.ca_file = authority.ca_file()});
    for (int i = 0; i < 3; ++i) REQUIRE(send(transport, make_request("PUT", server.url(secret_path), "body")));
    CHECK(server.connection_count() == 1);
}

TEST_CASE("tls: a certificate that is not in order ends the call before anything was sent, for good") {
    const test_authority authority;
    const test_authority stranger;
    struct row {
        const char* what;
        certificate shown;
    };
    const row table[] = {
        {"another address", authority.issue({.host = "127.0.0.2"})},
        {"another name", authority.issue({.host = "account.blob.core.windows.net"})},
        {"expired", authority.issue({.valid_until = -60s})},
        {"not yet valid", authority.issue({.valid_from = 3600s})},
        {"self-signed", authority.issue({.self_signed = true})},
        {"of an unknown authority", stranger.issue()},
    };
    for (const row& t : table) {
        CAPTURE(std::string(t.what));
        scripted_server server(fine, {.tls = t.shown});
        auto transport = open_transport({.ca_file = authority.ca_file()});
        const auto refused = send(transport, make_request("PUT", server.url(secret_path), "body"));
        REQUIRE(!refused);
        CHECK(refused.error().code == errc::unavailable);
        CHECK(!refused.error().is_transient());
        CHECK(refused.error().done == effect::none);
        CHECK(refused.error().message.starts_with("the server's certificate is not trusted (X.509 code "));
        CHECK(server.request_count() == 0);
    }
}

TEST_CASE("tls: the file of trusted certificates is the only trust, and without one the distribution's is") {
    const test_authority authority;
    scripted_server server(fine, {.tls = authority.issue()});
    auto distribution = open_transport();
    const auto unknown = get(distribution, server.url(secret_path));
    REQUIRE(!unknown);
    CHECK(unknown.error().message == "the server's certificate is not trusted (X.509 code 20)");

    auto missing = open_transport({.ca_file = "/no/such/file.pem"});
    const auto unread = get(missing, server.url(secret_path));
    REQUIRE(!unread);
    CHECK(unread.error().code == errc::invalid_argument);
    CHECK(unread.error().message == "the file of trusted certificates cannot be read");
    CHECK(server.request_count() == 0);

    CHECK(detail::find_ca_file("/chosen.pem") == "/chosen.pem");
    CHECK(::access(detail::find_ca_file("").c_str(), R_OK) == 0);
}

TEST_CASE("tls: a server that offers nothing newer than TLS 1.1 is not asked") {
    const test_authority authority;
    scripted_server old(fine, {.tls = authority.issue(), .tls_max_version = 0x0302});
    auto transport = open_transport({.ca_file = authority.ca_file()});
    const auto refused = send(transport, make_request("PUT", old.url(secret_path), "body"));
    REQUIRE(!refused);
    CHECK(refused.error().code == errc::unavailable);
    CHECK(refused.error().done == effect::none);
    CHECK(old.request_count() == 0);

    scripted_server just_enough(fine, {.tls = authority.issue(), .tls_max_version = 0x0303});
    CHECK(get(transport, just_enough.url(secret_path)));
}

TEST_CASE("tls: a server that speaks without TLS where TLS is expected learns nothing") {
    scripted_server plain(std::vector<reply>{{.bytes = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"}});
    auto transport = open_transport();
    const std::string url = "https://127.0.0.1:" + std::to_string(plain.port()) + std::string(secret_path);
    const auto refused = send(transport, make_request("PUT", url, "body"), {}, context{}.with_timeout(100ms));
    REQUIRE(!refused);
    CHECK(refused.error().done == effect::none);
    CHECK(plain.request_count() == 0);
}

TEST_CASE("tls: two transports with different trust never share a connection") {
    const test_authority authority;
    const test_authority other;
    scripted_server server(fine, {.tls = authority.issue()});
    auto trusting = open_transport({.ca_file = authority.ca_file()});
    auto wary = open_transport({.ca_file = other.ca_file()});
    CHECK(get(trusting, server.url(secret_path)));
    CHECK(!get(wary, server.url(secret_path)));
    CHECK(get(trusting, server.url(secret_path)));
    CHECK(server.request_count() == 2);
}

}  // namespace
