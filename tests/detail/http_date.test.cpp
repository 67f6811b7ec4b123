// SPDX-License-Identifier: MIT

#include <blobshift/detail/http_date.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace blobshift;
using namespace blobshift::detail;
using namespace std::chrono_literals;
using std::chrono::days, std::chrono::sys_days, std::chrono::year;

TEST_CASE("moments are written in both spellings, and read again") {
    struct row {
        utc_time when;
        const char* header;
        const char* iso;
    };
    for (const row& t : {
             row{sys_days{year{1970} / 1 / 1}, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"},
             row{sys_days{year{2015} / 6 / 26} + 23h + 39min + 12s, "Fri, 26 Jun 2015 23:39:12 GMT",
                 "2015-06-26T23:39:12Z"},
             row{sys_days{year{2024} / 2 / 29} + 9h + 8min + 7s, "Thu, 29 Feb 2024 09:08:07 GMT",
                 "2024-02-29T09:08:07Z"},
             row{sys_days{year{1969} / 12 / 31} + 23h + 59min + 59s, "Wed, 31 Dec 1969 23:59:59 GMT",
                 "1969-12-31T23:59:59Z"},
             row{sys_days{year{9999} / 12 / 31}, "Fri, 31 Dec 9999 00:00:00 GMT", "9999-12-31T00:00:00Z"},
         }) {
        CHECK(to_rfc1123(t.when) == t.header);
        CHECK(to_iso8601(t.when) == t.iso);
        CHECK(from_rfc1123(t.header) == t.when);
    }
    const utc_time before = sys_days{year{2026} / 1 / 2} + 999ms;
    CHECK(to_rfc1123(before) == "Fri, 02 Jan 2026 00:00:00 GMT");
    CHECK(to_iso8601(before) == "2026-01-02T00:00:00Z");
    CHECK(to_iso8601(utc_time(-1ms)) == "1969-12-31T23:59:59Z");
}

TEST_CASE("every day of two centuries is read as it was written") {
    for (sys_days d = year{1900} / 1 / 1; d < sys_days{year{2100} / 1 / 1}; d += days(1)) {
        if (from_rfc1123(to_rfc1123(d)) != utc_time(d)) FAIL(to_rfc1123(d));
    }
}

TEST_CASE("a date in any other form is not read") {
    for (const char* text :
         {"", "Fri, 26 Jun 2015 23:39:12 UTC", "Fri, 26 Jun 2015 23:39:12 GMT ", "Friday, 26-Jun-15 23:39:12 GMT",
          "Fri Jun 26 23:39:12 2015", "Fri, 26 jun 2015 23:39:12 GMT", "Fri, 26 unJ 2015 23:39:12 GMT",
          "Fri, 32 Jan 2015 23:39:12 GMT", "Sun, 29 Feb 2015 23:39:12 GMT", "Fri, 26 Jun 2015 24:00:00 GMT",
          "Fri, 26 Jun 2015 23:60:00 GMT", "Fri, 26 Jun 2015 23:39:61 GMT", "Fri, +6 Jun 2015 23:39:12 GMT",
          "Fri, 26 Jun 20-5 23:39:12 GMT", "Fri, 26-Jun-2015 23:39:12 GMT", "Fri, 00 Jun 2015 23:39:12 GMT"}) {
        CAPTURE(text);
        CHECK(!from_rfc1123(text));
    }
    CHECK(from_rfc1123("Sat, 31 Dec 2016 23:59:60 GMT"));  // a leap second is the next second
}
