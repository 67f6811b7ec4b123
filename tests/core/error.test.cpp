// SPDX-License-Identifier: MIT

#include <blobshift/core/error.hpp>

#include <set>  // set

#include <doctest/doctest.h>

#include <support/print.hpp>

using blobshift::effect;
using blobshift::errc;
using blobshift::error;

TEST_CASE("every errc has a spelling of its own") {
    std::set<std::string_view> spellings;
    for (int i = 0; i <= static_cast<int>(errc::io_error); ++i) {
        const std::string_view text = to_string(static_cast<errc>(i));
        CAPTURE(i);
        CHECK(text != "unknown");
        CHECK(spellings.insert(text).second);
    }
    CHECK(to_string(errc::not_found) == "not_found");
    CHECK(to_string(errc::io_error) == "io_error");
    CHECK(to_string(static_cast<errc>(200)) == "unknown");
}

TEST_CASE("every effect has a spelling of its own") {
    CHECK(to_string(effect::none) == "none");
    CHECK(to_string(effect::applied) == "applied");
    CHECK(to_string(effect::indeterminate) == "indeterminate");
    CHECK(to_string(static_cast<effect>(9)) == "unknown");
}

TEST_CASE("the usual error changed nothing and is not to be repeated") {
    const error e = blobshift::make_error(errc::not_found, "no blob has this name", "a/b");
    CHECK(e.code == errc::not_found);
    CHECK(e.message == "no blob has this name");
    CHECK(e.subject == "a/b");
    CHECK(e.done == effect::none);
    CHECK_FALSE(e.is_transient());
    CHECK_FALSE(e.retry_after.has_value());
}

TEST_CASE("an error is transient when waiting may help") {
    error e = blobshift::make_error(errc::throttled, "slow down");
    e.again = blobshift::retry_hint::wait;
    CHECK(e.is_transient());
}

TEST_CASE("describe tells kind, message and what the service said, as far as there is any") {
    error e = blobshift::make_error(errc::throttled, "the service asks for less load");
    CHECK(describe(e) == "throttled: the service asks for less load");
    e.http_status = 503;
    CHECK(describe(e) == "throttled: the service asks for less load (HTTP 503)");
    e.service_code = "ServerBusy";
    CHECK(describe(e) == "throttled: the service asks for less load (HTTP 503 ServerBusy)");
    e.request_id = "17";
    CHECK(describe(e) == "throttled: the service asks for less load (HTTP 503 ServerBusy, request id 17)");
    e.http_status = 0;
    CHECK(describe(e) == "throttled: the service asks for less load (ServerBusy, request id 17)");
    e.message.clear();
    CHECK(describe(e) == "throttled (ServerBusy, request id 17)");
    e.service_code.clear();
    CHECK(describe(e) == "throttled (request id 17)");
}

TEST_CASE("describe never shows the subject or the service's detail") {
    error e = blobshift::make_error(errc::permission_denied, "the store says no", "1.2.840.1/2/3.dcm");
    e.service_detail = "string to sign: sig=SECRET";
    e.http_status = 403;
    CHECK(describe(e) == "permission_denied: the store says no (HTTP 403)");
}
