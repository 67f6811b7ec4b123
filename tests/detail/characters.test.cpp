// SPDX-License-Identifier: MIT

#include <blobshift/detail/characters.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace blobshift::detail;

TEST_CASE("the classes of characters hold what their names say, out of all bytes") {
    std::string digits;
    std::string lower;
    std::string letters;
    std::string hex;
    int visible = 0;
    for (int i = -128; i < 128; ++i) {
        const char c = static_cast<char>(i);
        if (is_decimal(c)) digits += c;
        if (is_lower_or_digit(c)) lower += c;
        if (is_letter_or_digit(c)) letters += c;
        if (hex_value(c) < 16) hex += c;
        if (is_visible(c)) ++visible;
    }
    CHECK(digits == "0123456789");
    CHECK(lower == "0123456789abcdefghijklmnopqrstuvwxyz");
    CHECK(letters == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    CHECK(hex == "0123456789ABCDEFabcdef");
    CHECK(visible == 94);
    CHECK(hex_value('0') == 0);
    CHECK(hex_value('a') == 10);
    CHECK(hex_value('F') == 15);
}

TEST_CASE("a rule holds for every character or it does not hold") {
    CHECK(every("", is_decimal));
    CHECK(every("0123", is_decimal));
    CHECK(!every("012x", is_decimal));
    CHECK(!every("x012", is_decimal));
}

TEST_CASE("a text is cut at the first separator, if there is one") {
    struct row {
        const char* text;
        const char* before;
        const char* behind;
        bool was_cut;
    };
    for (const row& t : {row{"a=b=c", "a", "b=c", true}, row{"=b", "", "b", true}, row{"a=", "a", "", true},
                         row{"a", "a", "", false}, row{"", "", "", false}}) {
        CAPTURE(t.text);
        const cut_text c = cut(t.text, "=");
        CHECK(c.before == t.before);
        CHECK(c.behind == t.behind);
        CHECK(c.was_cut == t.was_cut);
    }
    CHECK(cut("https://h", "://").behind == "h");
}
