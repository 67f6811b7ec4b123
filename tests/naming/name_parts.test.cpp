// SPDX-License-Identifier: MIT
#include <blobshift/naming/name_parts.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace blobshift;

TEST_CASE("a UID is 1 to 64 digits and dots, the last one a digit") {
    const std::string longest(64, '7');
    for (const std::string& uid : {std::string("1"), std::string("0"), std::string("1.2.840.10008"),
                                   std::string("1.2.004"), std::string("..1"), std::string("1..2"), longest}) {
        CAPTURE(uid);
        CHECK(detail::is_uid(uid));
        CHECK(detail::validate_uid("sop", uid));
    }
    for (const std::string& uid :
         {std::string(), std::string("."), std::string("1."), longest + "7", std::string("1/2"), std::string("1_2"),
          std::string("1 "), std::string("1\n"), std::string("1\0", 2), std::string("1a2"), std::string("-1"),
          std::string("\xD9\xA1")}) {
        CAPTURE(uid);
        CHECK_FALSE(detail::is_uid(uid));
        CHECK_FALSE(detail::validate_uid("sop", uid));
    }
}

TEST_CASE("the message of a refused UID says whose it is, and the UID is in the subject only") {
    const auto refused = detail::validate_uid("series", "1.2.3.");

    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(refused.error().message == "a series UID is 1 to 64 digits and dots, the last one a digit");
    CHECK(refused.error().subject == "1.2.3.");
}

TEST_CASE("a watermark is at least 1") {
    CHECK(detail::validate_watermark(1));
    CHECK(detail::validate_watermark((std::numeric_limits<std::int64_t>::max)()));
    CHECK_FALSE(detail::validate_watermark(0));
    CHECK_FALSE(detail::validate_watermark(-1));
    CHECK_FALSE(detail::validate_watermark((std::numeric_limits<std::int64_t>::min)()));
}

TEST_CASE("numbers are printed without padding, in base 10 and 16") {
    CHECK(detail::number_text(std::uint64_t{0}).view() == "0");
    CHECK(detail::number_text((std::numeric_limits<std::uint64_t>::max)()).view() == "18446744073709551615");
    CHECK(detail::number_text((std::numeric_limits<std::int64_t>::max)()).view() == "9223372036854775807");
    CHECK(detail::number_text((std::numeric_limits<std::uint64_t>::max)(), 16).view() == "ffffffffffffffff");
}

TEST_CASE("a number is taken from the front only as it would be printed") {
    struct row {
        std::string_view text;
        std::int64_t number;
        std::string_view rest;
    };
    for (const row& t :
         {row{"1", 1, ""}, row{"10_x", 10, "_x"}, row{"9223372036854775807.", 9223372036854775807, "."},
          row{"9223372036854775808", 0, "9223372036854775808"}, row{"", 0, ""}, row{"0", 0, "0"}, row{"01", 0, "01"},
          row{"+1", 0, "+1"}, row{"-1", 0, "-1"}, row{" 1", 0, " 1"}, row{"x1", 0, "x1"}}) {
        CAPTURE(t.text);
        std::string_view rest = t.text;
        CHECK(detail::take_number(rest) == t.number);
        CHECK(rest == t.rest);
    }
}

TEST_CASE("each kind has its ending, and each ending its kind") {
    for (const blob_kind kind : all_blob_kinds) CHECK(detail::kind_with_ending(detail::ending_of(kind)) == kind);
    CHECK_FALSE(detail::kind_with_ending(""));
    CHECK_FALSE(detail::kind_with_ending(".DCM"));
    CHECK(detail::ending_of(static_cast<blob_kind>(99)).empty());
}
