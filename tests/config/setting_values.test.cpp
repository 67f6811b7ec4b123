// SPDX-License-Identifier: MIT
#include <blobshift/config/setting_values.hpp>

#include <doctest/doctest.h>

#include <support/print.hpp>

using namespace blobshift::detail;

TEST_CASE("a flag is true or false, whatever its letters") {
    CHECK(parse_flag("true") == true);
    CHECK(parse_flag("FALSE") == false);
    for (const char* text : {"", "yes", "1", "0", "tru", "true "}) CHECK(!parse_flag(text).has_value());
}

TEST_CASE("a GUID is read in four forms, and equal ones are equal strings") {
    const std::string guid = "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1";
    for (const char* text : {"1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1", "1D4689DA-CA3B-4659-B0C7-7BF6C9FF25E1",
                             "1d4689daca3b4659b0c77bf6c9ff25e1", "{1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1}",
                             "(1D4689da-ca3b-4659-b0c7-7bf6c9ff25e1)"}) {
        CAPTURE(text);
        CHECK(parse_guid(text) == guid);
    }
    for (const char* text : {"", "1", "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e", "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e11",
                             "1d4689da-ca3b-4659-b0c77bf6c9ff25e1-", "1d4689daca3b-4659-b0c7-7bf6c9ff25e1-",
                             "1d4689da-ca3b-4659-b0c7-7bf6c9ff25eg", "{1d4689daca3b4659b0c77bf6c9ff25e1}",
                             "{1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1)", "{1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1",
                             "1d4689da+ca3b+4659+b0c7+7bf6c9ff25e1", "00000000-0000-0000-0000-000000000000",
                             "00000000000000000000000000000000"}) {
        CAPTURE(text);
        CHECK(!parse_guid(text).has_value());
    }
}

TEST_CASE("numbers have their limits") {
    CHECK(parse_count("1", 1, 10) == 1U);
    CHECK(parse_count("10", 1, 10) == 10U);
    for (const char* text : {"", "0", "11", "-1", "+1", "1.0", "1e0", " 1", "0x1", "4294967297"}) {
        CAPTURE(text);
        CHECK(!parse_count(text, 1, 10).has_value());
    }
    CHECK(parse_concurrency("Auto") == 0U);
    CHECK(parse_concurrency("1024") == 1024U);
    CHECK(!parse_concurrency("0").has_value());
    CHECK(!parse_concurrency("1025").has_value());
    CHECK(parse_rate("0") == 0.0);
    CHECK(parse_rate("2.5") == 2.5);
    CHECK(parse_rate("1000000") == 1e6);
    for (const char* text : {"", "-1", "1000001", "nan", "inf", "1e3", "two", "1,5"}) {
        CAPTURE(text);
        CHECK(!parse_rate(text).has_value());
    }
}

TEST_CASE("a container's name follows the service's rules, and so is one folder anywhere") {
    for (const char* text : {"abc", "dicomwebcontainer", "a-b-1", "0ab"}) CHECK(parse_container(text) == text);
    CHECK(parse_container(std::string(63, 'a')).has_value());
    CHECK(!parse_container(std::string(64, 'a')).has_value());
    for (const char* text :
         {"", "ab", "-abc", "abc-", "a--b", "Abc", "a/b", "..", "../x", "a.b", "a_b", "a b", "$root"}) {
        CAPTURE(text);
        CHECK(!parse_container(text).has_value());
    }
}

TEST_CASE("blanks around a value do not count, those in it do") {
    CHECK(without_blanks(" \t\r\na b\n") == "a b");
    CHECK(without_blanks(" \n").empty());
    CHECK(equal_ignoring_case("StartCopy", "STARTCOPY"));
    CHECK(!equal_ignoring_case("StartCopy", "StartCop"));
    CHECK(!equal_ignoring_case("\xC3\xA4", "\xC3\x84"));  // letters beyond ASCII are bytes
}
