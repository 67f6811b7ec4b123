// SPDX-License-Identifier: MIT

#include <blobshift/core/blob_name.hpp>

#include <unordered_set>  // unordered_set

#include <doctest/doctest.h>

#include <support/print.hpp>

using blobshift::blob_name;
using blobshift::errc;
using std::string;
using std::string_view;

namespace {

string repeated(string_view text, std::size_t count) {
    string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

/// `count` segments "s".
string segments(std::size_t count) { return "s" + repeated("/s", count - 1); }

const string emoji = "\xF0\x9F\x98\x80";

}  // namespace

TEST_CASE("a blob name is refused with the rule that it breaks and the byte where it broke") {
    struct row {
        string text;
        string message;
    };
    const string empty_segment = "no segment of a blob name is empty (byte ";
    const string dots = "no segment of a blob name is '.' or '..' (byte ";
    const string last_dot = "no segment of a blob name ends in a dot (byte ";
    const string utf8 = "a blob name is well-formed UTF-8 (byte ";
    const string control = "a blob name has no control character (byte ";
    const string backslash = "a blob name has no backslash (byte ";
    const string noncharacter = "a blob name has neither U+FFFE nor U+FFFF (byte ";
    const string too_long = "a blob name has at most 1024 UTF-16 code units (byte ";
    const string too_deep = "a blob name has at most 254 segments (byte ";
    const row rows[] = {
        {"", "a blob name is not empty (byte 0)"},
        {"/", empty_segment + "0)"},
        {"/a", empty_segment + "0)"},
        {"a/", empty_segment + "2)"},
        {"a//b", empty_segment + "2)"},
        {"a/b//", empty_segment + "4)"},
        {"//", empty_segment + "0)"},
        {".", dots + "0)"},
        {"..", dots + "0)"},
        {"./a", dots + "0)"},
        {"a/.", dots + "2)"},
        {"a/../b", dots + "2)"},
        {"a/b/..", dots + "4)"},
        {"a.", last_dot + "1)"},
        {"a./b", last_dot + "1)"},
        {"a/b.", last_dot + "3)"},
        {"...", last_dot + "2)"},
        {"a/b.../c", last_dot + "5)"},
        {string("\0", 1), control + "0)"},
        {string("a\0b", 3), control + "1)"},
        {"a\nb", control + "1)"},
        {"a\r", control + "1)"},
        {"\t", control + "0)"},
        {"a\x1B[31m", control + "1)"},
        {"a\x1F", control + "1)"},
        {"a\x7F", control + "1)"},
        {"a\xC2\x80", control + "1)"},
        {"a\xC2\x9F", control + "1)"},
        {"a\\b", backslash + "1)"},
        {"\\", backslash + "0)"},
        {"a/\\..\\b", backslash + "2)"},
        {"a\xEF\xBF\xBE", noncharacter + "1)"},
        {"\xEF\xBF\xBF", noncharacter + "0)"},
        {repeated("n", 1025), too_long + "1024)"},
        {repeated(emoji, 513), too_long + "2048)"},
        {repeated("n", 1023) + emoji, too_long + "1023)"},
        {repeated("\xC3\xA9", 1025), too_long + "2048)"},
        {segments(255), too_deep + "507)"},
        // malformed UTF-8: a lone continuation, cut off at each place, overlong, a surrogate, too large, never used
        {"a\x80", utf8 + "1)"},
        {"a\xBF", utf8 + "1)"},
        {"a\xC3", utf8 + "1)"},
        {"a\xC3/", utf8 + "1)"},
        {"a\xC3\xC3\xA9", utf8 + "1)"},
        {"a\xE2\x80", utf8 + "1)"},
        {"a\xE2", utf8 + "1)"},
        {"a\xE2\x28\xA1", utf8 + "1)"},
        {"a\xE2\x82\x28", utf8 + "1)"},
        {"a\xF0\x9F\x98", utf8 + "1)"},
        {"a\xF0\x9F", utf8 + "1)"},
        {"a\xF0", utf8 + "1)"},
        {"a\xF0\x28\x8C\xBC", utf8 + "1)"},
        {"a\xF0\x90\x28\xBC", utf8 + "1)"},
        {"a\xF0\x90\x8C\x28", utf8 + "1)"},
        {"a\xC0\xAF", utf8 + "1)"},          // '/' in two bytes
        {"a\xC0\x80", utf8 + "1)"},          // NUL in two bytes
        {"a\xC1\xBF", utf8 + "1)"},
        {"a\xE0\x80\xAF", utf8 + "1)"},      // '/' in three
        {"a\xE0\x9F\xBF", utf8 + "1)"},
        {"a\xF0\x80\x80\xAF", utf8 + "1)"},  // '/' in four
        {"a\xF0\x8F\xBF\xBF", utf8 + "1)"},
        {"a\xED\xA0\x80", utf8 + "1)"},      // U+D800
        {"a\xED\xBF\xBF", utf8 + "1)"},      // U+DFFF
        {"a\xED\xA0\xBD\xED\xB8\x80", utf8 + "1)"},  // a pair of surrogates, each encoded by itself
        {"a\xF4\x90\x80\x80", utf8 + "1)"},  // U+110000
        {"a\xF5\x80\x80\x80", utf8 + "1)"},
        {"a\xF8\x88\x80\x80\x80", utf8 + "1)"},
        {"a\xFE", utf8 + "1)"},
        {"a\xFF", utf8 + "1)"},
        {"\xFF\xFE" "a", utf8 + "0)"},
        {"caf\xE9", utf8 + "3)"},            // Latin-1
        // the first of two
        {"a\\b/..", backslash + "1)"},
        {"../a\\b", dots + "0)"},
        {"a//\n", empty_segment + "2)"},
    };
    for (const row& t : rows) {
        CAPTURE(t.text);
        const auto refused = blob_name::parse(t.text);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == errc::invalid_argument);
        CHECK(refused.error().message == t.message);
        CHECK(refused.error().subject == t.text);
        CHECK(refused.error().done == blobshift::effect::none);
    }
}

TEST_CASE("a blob name at each limit is taken") {
    const string taken[] = {
        "a",
        " ",
        ".a",
        "..a",
        "...a",
        "a.b",
        "a/.b/..c",
        "\xC2\xA0",          // U+00A0, the first behind the control characters
        "a\x7E",
        "\xEF\xBF\xBD",      // U+FFFD
        "\xED\x9F\xBF",      // U+D7FF
        "\xEE\x80\x80",      // U+E000
        "\xE0\xA0\x80",      // U+0800
        "\xF0\x90\x80\x80",  // U+10000
        "\xF4\x8F\xBF\xBF",  // U+10FFFF: a noncharacter, but not one of the two that stores refuse
        "\xEF\xB7\x90",      // U+FDD0
        "\xEF\xBB\xBF",      // a byte order mark, as a name
        "\xE2\x80\xA8",      // U+2028
        repeated("n", 1024),
        repeated(emoji, 512),
        repeated("n", 1022) + emoji,
        repeated("\xEF\xBF\xBD", 1024),
        segments(254),
        ".blobshift/x",
        "C:",
        "%2F",
        "1.2.840.113619.2/1.3.6.1/2.25.1_17.dcm",
    };
    for (const string& text : taken) {
        CAPTURE(text);
        const auto name = blob_name::parse(text);
        REQUIRE(name);
        CHECK(name->text() == text);
    }
}

TEST_CASE("every single byte is a name, a refusal, and never anything else") {
    for (int byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        const string text(1, static_cast<char>(byte));
        const bool fine = byte >= 0x20 && byte < 0x7F && byte != '/' && byte != '\\' && byte != '.';
        CHECK(blob_name::parse(text).has_value() == fine);
        CHECK(blob_name::parse("a" + text + "b").has_value() == (fine || byte == '/' || byte == '.'));
    }
}

TEST_CASE("every scalar value is decoded to itself, and surrogates and what lies above U+10FFFF to nothing") {
    int wrong = 0;
    for (std::uint32_t value = 0; value <= 0x110000; ++value) {
        const bool scalar = value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
        string text;
        const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
        if (value < 0x80) {
            add(value);
        } else if (value < 0x800) {
            add(0xC0U | (value >> 6)), add(0x80U | (value & 0x3FU));
        } else if (value < 0x10000) {
            add(0xE0U | (value >> 12)), add(0x80U | ((value >> 6) & 0x3FU)), add(0x80U | (value & 0x3FU));
        } else {
            add(0xF0U | (value >> 18)), add(0x80U | ((value >> 12) & 0x3FU)), add(0x80U | ((value >> 6) & 0x3FU)),
                add(0x80U | (value & 0x3FU));
        }
        const blobshift::detail::code_point c = blobshift::detail::decode_utf8(text);
        const bool right = scalar ? c.length == text.size() && c.value == value : c.length == 0;
        wrong += right ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a refusal never tells the name to people") {
    const string text = "1.2.840.113619/PATIENT^NAME/x\\y";
    const auto refused = blob_name::parse(text);
    REQUIRE_FALSE(refused);
    CHECK(describe(refused.error()) == "invalid_argument: a blob name has no backslash (byte 29)");
    CHECK(refused.error().subject == text);
}

TEST_CASE("names compare by their bytes") {
    const auto name = [](string_view text) { return blob_name::parse(text).value(); };
    CHECK(name("a") == name("a"));
    CHECK(name("a") != name("A"));
    CHECK(name("A") < name("a"));
    CHECK(name("a-b") < name("a/b"));
    CHECK(name("a/b") < name("a0"));
    CHECK(name("a") < name("aa"));
    CHECK(name("z") < name("\xC3\xA9"));
    CHECK(name("\xEF\xBD\x9E") < name(emoji));                // by UTF-16 units it would be the other way round
    CHECK(name("caf\xC3\xA9") != name("cafe\xCC\x81"));      // nothing is normalised
    CHECK(std::unordered_set<blob_name>{name("a"), name("b"), name("a")}.size() == 2);
}

TEST_CASE("what begins with the reserved prefix is reserved") {
    CHECK(blobshift::is_reserved(".blobshift/"));
    CHECK(blobshift::is_reserved(".blobshift/x"));
    CHECK_FALSE(blobshift::is_reserved(".blobshift"));
    CHECK_FALSE(blobshift::is_reserved(".blobshifted/x"));
    CHECK_FALSE(blobshift::is_reserved("a/.blobshift/x"));
    CHECK_FALSE(blobshift::is_reserved(".Blobshift/x"));
    CHECK_FALSE(blobshift::is_reserved(""));
}
