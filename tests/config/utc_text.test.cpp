// SPDX-License-Identifier: MIT
#include <blobshift/config/utc_text.hpp>

#include <doctest/doctest.h>

using namespace blobshift;
using namespace std::chrono_literals;

TEST_CASE("a moment is read from a date, or from a time with its zone") {
    constexpr utc_time day = std::chrono::sys_days{std::chrono::year{2022} / 8 / 1};
    struct row {
        std::string_view text;
        utc_time when;
    };
    for (const row& t :
         {row{"2022-08-01", day}, row{"2022-08-01T00:00Z", day}, row{"2022-08-01T00:00:00Z", day},
          row{"2022-08-01t09:30:05z", day + 9h + 30min + 5s},
          row{"2022-08-01 09:30:05.25Z", day + 9h + 30min + 5s + 250ms},
          row{"2022-08-01T09:30:05.123456789Z", day + 9h + 30min + 5s + 123ms},
          row{"2022-08-01T09:30:00+02:00", day + 7h + 30min}, row{"2022-08-01T00:00:00-05:30", day + 5h + 30min},
          row{"2024-02-29", std::chrono::sys_days{std::chrono::year{2024} / 2 / 29}},
          row{"2022-07-31T23:59:59+00:00", day - 1s}}) {
        CAPTURE(t.text);
        const auto read = parse_utc(t.text);
        REQUIRE(read.has_value());
        CHECK(*read == t.when);
    }
}

TEST_CASE("what is no moment, or could be several, is none") {
    for (const char* text : {"",
                             "2022",
                             "2022-08",
                             "2022-8-1",
                             "22-08-01",
                             "2022-13-01",
                             "2022-00-01",
                             "2022-02-30",
                             "2023-02-29",
                             "2022-08-32",
                             "0000-01-01",
                             "01.08.2022",
                             "08/01/2022",
                             "2022-08-01T",
                             "2022-08-01T09",
                             "2022-08-01T09:30",
                             "2022-08-01T09:30:00",
                             "2022-08-01T24:00Z",
                             "2022-08-01T09:60Z",
                             "2022-08-01T09:30:60Z",
                             "2022-08-01T09:30:00.Z",
                             "2022-08-01T09:30:00.1234567891Z",
                             "2022-08-01T09:30Z ",
                             " 2022-08-01",
                             "2022-08-01x",
                             "2022-08-01T09:30:00+2:00",
                             "2022-08-01T09:30:00+0200",
                             "2022-08-01T09:30:00+15:00",
                             "2022-08-01T09:30:00+02:60",
                             "2022-08-01T09:30:00Z+02:00",
                             "-022-08-01",
                             "2022-08-0\xB9"}) {
        CAPTURE(text);
        CHECK(!parse_utc(text).has_value());
    }
}

TEST_CASE("a moment is written so that it can be read again") {
    for (const char* text : {"2022-08-01T09:30:05.007Z", "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z",
                             "1969-12-31T23:59:59.999Z"}) {
        CAPTURE(text);
        CHECK(utc_text(parse_utc(text).value()) == text);
    }
}
