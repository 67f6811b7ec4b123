// SPDX-License-Identifier: MIT
#include <blobshift/backends/azure_identity.hpp>

#include <doctest/doctest.h>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;

[[nodiscard]] http_response answer(int status, std::string_view body) {
    http_response a;
    a.status = status;
    a.body = to_bytes(body);
    return a;
}

const utc_time noon = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + 12h;

TEST_CASE("requests for tokens say what each identity is") {
    entra_client_secret application{"my-tenant", "id", secret("a&b=c")};
    auto r = detail::request_token(application).value();
    CHECK(r.request.method == "POST");
    CHECK(r.request.url == "https://login.microsoftonline.com/my-tenant/oauth2/v2.0/token");
    CHECK(r.form ==
          "grant_type=client_credentials&client_id=id&client_secret=a%26b%3Dc&scope=https%3A%2F%2Fstorage.azure.com%2F."
          "default");
    CHECK_FALSE(r.local);
    application.authority = "https://login.chinacloudapi.cn/";
    CHECK(detail::request_token(application).value().request.url ==
          "https://login.chinacloudapi.cn/my-tenant/oauth2/v2.0/token");

    r = detail::request_token(entra_workload_identity{"t", "id", "file"}, secret("jwt")).value();
    CHECK(r.form.find("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_"
                      "assertion=jwt&") != std::string::npos);

    r = detail::request_token(entra_managed_identity{.client_id = "a b"}).value();
    CHECK(r.request.method == "GET");
    CHECK(r.local);
    CHECK(r.request.url ==
          "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
          "&resource=https%3A%2F%2Fstorage.azure.com&client_id=a%20b");
    REQUIRE(r.request.headers.size() == 1);
    CHECK(r.request.headers[0].name == "Metadata");

    r = detail::request_token(entra_managed_identity{.resource_id = "/r",
                                                     .endpoint = "http://10.0.0.1/msi",
                                                     .endpoint_header = secret("h")})
            .value();
    CHECK(r.request.url ==
          "http://10.0.0.1/msi?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com&mi_res_id=%2Fr");
    CHECK(r.request.headers[0].name == "X-IDENTITY-HEADER");
    CHECK(r.request.headers[0].value == "h");
}

TEST_CASE("a secret is not sent in the clear, nor to a path that a tenant makes up") {
    CHECK(detail::request_token(entra_client_secret{"t", "id", secret("s"), "http://login.example.org"}).error().code ==
          errc::invalid_argument);
    for (const char* tenant : {"", "a/b", "..?x", "a b"}) {
        CAPTURE(tenant);
        CHECK(detail::request_token(entra_client_secret{tenant, "id", secret("s")}).error().code ==
              errc::invalid_argument);
    }
}

TEST_CASE("a token is read with its lifetime, however the numbers are written") {
    struct row {
        const char* body;
        std::chrono::seconds expires_in;
        std::chrono::seconds refresh_in;
    };
    for (const row& t :
         {row{R"({"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"abc"})", 3599s, 3299s},
          row{R"({"access_token":"abc","expires_in":"86399","resource":"x"})", 86399s, 43199s},
          row{R"({"access_token":"abc","expires_in":"86399","refresh_in":"1000"})", 86399s, 1000s},
          row{R"({"access_token":"abc","expires_in":"300","refresh_in":"1000"})", 300s, 150s},
          row{R"({"access_token":"abc","expires_on":"1767355230"})", 30s, 15s}}) {
        CAPTURE(t.body);
        const auto token = detail::read_token(answer(200, t.body), false, noon);
        REQUIRE(token);
        CHECK(token->token.reveal() == "abc");
        CHECK(token->expires_in == t.expires_in);
        CHECK(token->refresh_in == t.refresh_in);
    }
}

TEST_CASE("a token whose lifetime no clock can count is good for thirty days, and then to be fetched again") {
    constexpr std::chrono::seconds month = std::chrono::days(30);
    for (const char* count : {"9223372036854775807", "9223372036854775", "251699999999", "253402300799", "2592001"}) {
        for (const char* quote : {"", "\""}) {
            for (const char* member : {"expires_in", "expires_on"}) {
                const std::string number = quote + std::string(count) + quote;
                const bool passed = std::string(member) == "expires_on" && std::string(count) == "2592001";
                for (const std::string& more : {std::string(), ",\"refresh_in\":" + number}) {
                    const std::string body =
                        R"({"access_token":"abc",")" + std::string(member) + "\":" + number + more + "}";
                    CAPTURE(body);
                    const auto token = detail::read_token(answer(200, body), false, noon);
                    REQUIRE(token.has_value() != passed);
                    if (passed) continue;
                    CHECK(token->expires_in == month);
                    CHECK(token->refresh_in == month / 2);
                }
            }
        }
    }
    const auto just = detail::read_token(answer(200, R"({"access_token":"abc","expires_in":2592000})"), false, noon);
    CHECK(just.value().expires_in == month);
}

TEST_CASE("a token that ended before any clock began is refused") {
    for (const char* count : {"-1", "-253402300799", "-9223372036854775807", "-9223372036854775808"}) {
        for (const char* member : {"expires_in", "expires_on"}) {
            const std::string body = R"({"access_token":"abc",")" + std::string(member) + "\":" + count + "}";
            CAPTURE(body);
            const auto token = detail::read_token(answer(200, body), false, noon);
            REQUIRE_FALSE(token);
            CHECK(token.error().code == errc::corrupt);
        }
        const std::string body = R"({"access_token":"abc","expires_in":3600,"refresh_in":)" + std::string(count) + "}";
        CAPTURE(body);
        CHECK(detail::read_token(answer(200, body), false, noon).value().refresh_in == 55min);
    }
}

TEST_CASE("what is no token is none") {
    for (const char* body :
         {"", "{}", "[]", "<html></html>", R"({"access_token":"abc"})", R"({"access_token":"","expires_in":10})",
          R"({"access_token":"a b","expires_in":10})", R"({"access_token":"a\nb","expires_in":10})",
          R"({"access_token":"abc","expires_in":0})", R"({"access_token":"abc","expires_in":-5})",
          R"({"access_token":"abc","expires_on":"1"})", R"({"access_token":["abc"],"expires_in":10})",
          R"({"access_token":"abc","access_token":"def","expires_in":10})"}) {
        CAPTURE(body);
        CHECK(detail::read_token(answer(200, body), false, noon).error().code == errc::corrupt);
    }
}

TEST_CASE("refusals are final or pass, and never repeat what was said in words") {
    struct row {
        int status;
        bool local;
        errc code;
        bool transient;
    };
    for (const row& t : {row{400, false, errc::unauthenticated, false}, row{401, false, errc::unauthenticated, false},
                         row{403, true, errc::unauthenticated, false}, row{404, false, errc::unauthenticated, false},
                         row{404, true, errc::unavailable, true}, row{410, true, errc::unavailable, true},
                         row{429, false, errc::throttled, true}, row{500, false, errc::unavailable, true},
                         row{503, true, errc::unavailable, true}}) {
        CAPTURE(t.status);
        const auto refused = detail::read_token(
            answer(t.status, R"({"error":"invalid_client","error_description":"AADSTS7000215: SECRET"})"), t.local,
            noon);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == t.code);
        CHECK(refused.error().is_transient() == t.transient);
        CHECK(refused.error().service_code == "invalid_client");
        CHECK(refused.error().service_detail.find("AADSTS") == 0);
        CHECK(describe(refused.error()).find("SECRET") == std::string::npos);
    }
    CHECK(detail::read_token(answer(400, R"({"error":"a secret, with spaces"})"), false, noon)
              .error()
              .service_code.empty());
}

}  // namespace
