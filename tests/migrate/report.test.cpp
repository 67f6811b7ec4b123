// SPDX-License-Identifier: MIT
#include <blobshift/migrate/report.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace blobshift;

namespace {

object_event event() {
    return {.what = outcome::different,
            .source = "1.2.840/1.3/1.4_1.dcm",
            .target = "132_1.dcm",
            .size_bytes = 4096,
            .reason = "the bytes differ"};
}

}  // namespace

TEST_CASE("report: a line names nobody unless asked to") {
    report_lines plain(false, pseudonymizer(1, 2));
    const std::string line(plain.line(event()));
    CHECK(line.find("1.2.840") == std::string::npos);
    CHECK(line.find("132_1") == std::string::npos);
    CHECK(line == "{\"outcome\":\"different\",\"object\":\"" + pseudonymizer(1, 2)("132_1.dcm") +
                      "\",\"bytes\":4096,\"reason\":\"the bytes differ\"}\n");
    report_lines named(true, pseudonymizer(1, 2));
    const std::string with_names(named.line(event()));
    CHECK(with_names.find("\"source\":\"1.2.840/1.3/1.4_1.dcm\"") != std::string::npos);
    CHECK(with_names.find("\"target\":\"132_1.dcm\"") != std::string::npos);
}

TEST_CASE("report: a pseudonym is the same within a report and another in the next") {
    report_lines first;
    const std::string a(first.line(event()));
    const std::string b(first.line(event()));
    report_lines second;
    CHECK(a == b);
    CHECK(a != second.line(event()));
}

TEST_CASE("report: an object without a target is known by its source") {
    object_event e = event();
    e.target = {};
    report_lines plain(false, pseudonymizer(1, 2));
    CHECK(plain.line(e).find(pseudonymizer(1, 2)("1.2.840/1.3/1.4_1.dcm")) != std::string_view::npos);
}

TEST_CASE("report: a failure gives kind, message, code and request id, and never its subject or detail") {
    error e = make_error(errc::throttled, "too fast", "1.2.840/secret");
    e.service_code = "ServerBusy";
    e.request_id = "42";
    e.service_detail = "string to sign: 1.2.840/secret";
    object_event failed = event();
    failed.reason = {};
    failed.failure = &e;
    report_lines plain;
    const std::string line(plain.line(failed));
    for (const char* part : {"\"error\":\"throttled\"", "\"reason\":\"too fast\"", "\"service_code\":\"ServerBusy\"",
                             "\"request_id\":\"42\""}) {
        CHECK(line.find(part) != std::string::npos);
    }
    CHECK(line.find("secret") == std::string::npos);
}

TEST_CASE("report: text is JSON whatever a name holds") {
    struct row {
        std::string_view text;
        std::string_view json;
    };
    for (const row& t : {row{"a\"b", "\"a\\\"b\""}, row{"back\\slash", "\"back\\\\slash\""},
                         row{std::string_view("\n\t\x1b\x7f\0", 5), "\"\\u000a\\u0009\\u001b\\u007f\\u0000\""},
                         row{"\xE6\x97\xA5", "\"\xE6\x97\xA5\""}, row{"=cmd()", "\"=cmd()\""}}) {
        std::string out;
        detail::append_json(out, t.text);
        CHECK(out == t.json);
    }
}
