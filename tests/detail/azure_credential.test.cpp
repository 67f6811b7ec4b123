// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_credential.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace blobshift;
using namespace blobshift::detail;

namespace {

const utc_time now =
    std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + std::chrono::seconds(3 * 3600 + 4 * 60 + 5);

http_request head(std::string url = "https://account1.blob.core.windows.net/c/b") {
    return {.method = "HEAD", .url = std::move(url), .headers = {{"x-ms-version", std::string(azure_version)}}};
}

std::string header(const http_request& r, std::string_view name) {
    std::string found;
    for (const http_header& h : r.headers) {
        if (h.name == name) found += found.empty() ? h.value : "|" + h.value;
    }
    return found;
}

}  // namespace

TEST_CASE("every request gets its date and the caller's id, whoever asks") {
    for (const azure_credential& c : {azure_credential(anonymous{}), azure_credential(sas_token{secret("sig=x")}),
                                      azure_credential(bearer_token{secret("t")}),
                                      azure_credential(shared_key::create("account1", secret("Zm9v")).value())}) {
        const auto r = authorize(head(), c, {now, "job-7"}).value();
        CHECK(header(r, "x-ms-date") == "Fri, 02 Jan 2026 03:04:05 GMT");
        CHECK(header(r, "x-ms-client-request-id") == "job-7");
        CHECK(header(r, "x-ms-version") == azure_version);
    }
}

TEST_CASE("an id that no header can carry is left out") {
    for (const std::string& id :
         {std::string(), std::string("a\nb"), std::string("\xC3\xA9"), std::string(1025, 'x')}) {
        CHECK(header(authorize(head(), anonymous{}, {now, id}).value(), "x-ms-client-request-id") == "");
    }
    const std::string longest(1024, 'x');
    CHECK(header(authorize(head(), anonymous{}, {now, longest}).value(), "x-ms-client-request-id") == longest);
}

TEST_CASE("a shared key signs all that is sent, the id too") {
    const auto key = shared_key::create("account1", secret("Zm9v")).value();
    const auto r = authorize(head(), key, {now, "job-7"}).value();
    CHECK(header(r, "Authorization") ==
          "SharedKey account1:" +
              key.sign("HEAD\n\n\n\n\n\n\n\n\n\n\n\nx-ms-client-request-id:job-7\n"
                       "x-ms-date:Fri, 02 Jan 2026 03:04:05 GMT\nx-ms-version:2025-11-05\n/account1/c/b"));
    CHECK(r.url == head().url);
}

TEST_CASE("a SAS goes behind the URL to the letter, and nothing else is added") {
    const azure_credential sas = sas_token{secret("sv=1&sig=a%2Bb")};
    const auto plain = authorize(head(), sas, {now}).value();
    CHECK(plain.url == head().url + "?sv=1&sig=a%2Bb");
    CHECK(header(plain, "Authorization") == "");
    CHECK(authorize(head("https://h/c?comp=list"), sas, {now}).value().url == "https://h/c?comp=list&sv=1&sig=a%2Bb");
}

TEST_CASE("a bearer token is sent over https, and refused over http") {
    const azure_credential bearer = bearer_token{secret("canary")};
    CHECK(header(authorize(head(), bearer, {now}).value(), "Authorization") == "Bearer canary");
    const auto refused = authorize(head("http://127.0.0.1:10000/devstoreaccount1/c/b"), bearer, {now});
    REQUIRE(!refused);
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(describe(refused.error()).find("canary") == std::string::npos);
}

TEST_CASE("nobody signs nothing") {
    const auto r = authorize(head(), anonymous{}, {now}).value();
    CHECK(header(r, "Authorization") == "");
    CHECK(r.url == head().url);
}
