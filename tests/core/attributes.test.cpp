// SPDX-License-Identifier: MIT

#include <blobshift/core/attributes.hpp>

#include <doctest/doctest.h>

#include <support/print.hpp>

using blobshift::attributes;
using blobshift::errc;
using blobshift::validate;

namespace {

attributes with_metadata(std::string name, std::string value) {
    attributes a;
    a.metadata.emplace(std::move(name), std::move(value));
    return a;
}

attributes with_tag(std::string name, std::string value) {
    attributes a;
    a.tags.emplace(std::move(name), std::move(value));
    return a;
}

/// What is said of refused attributes, or nothing.
std::string refusal(const attributes& a) {
    const auto fine = validate(a);
    if (fine) return {};
    CHECK(fine.error().code == errc::invalid_argument);
    CHECK(fine.error().done == blobshift::effect::none);
    return fine.error().message;
}

const std::string header_rule = "a content header is printable ASCII without outer or doubled spaces";
const std::string name_rule = "a metadata name matches [a-z][a-z0-9_]*";
const std::string value_rule = "a metadata value is printable ASCII without outer or doubled spaces";
const std::string size_rule = "metadata names and values are at most 8192 bytes together";
const std::string count_rule = "a blob has at most 10 tags";
const std::string tag_rule =
    "a tag has a name of 1..128 and a value of 0..256 letters, digits, spaces or + - . / : = _";

}  // namespace

TEST_CASE("attributes are empty until one of them is set") {
    CHECK(attributes().empty());
    attributes a;
    for (std::string attributes::*member :
         {&attributes::content_type, &attributes::content_encoding, &attributes::content_language,
          &attributes::content_disposition, &attributes::cache_control}) {
        a.*member = "x";
        CHECK_FALSE(a.empty());
        CHECK(a != attributes());
        (a.*member).clear();
        CHECK(a.empty());
    }
    CHECK_FALSE(with_metadata("k", "").empty());
    CHECK_FALSE(with_tag("k", "").empty());
}

TEST_CASE("every content header obeys the rule for headers") {
    struct row {
        std::string text;
        bool fine;
    };
    const row rows[] = {
        {"application/dicom", true}, {"a b c", true},      {"~!@#$%^&*()\"\\", true}, {"", true},
        {" a", false},               {"a ", false},        {"a  b", false},           {"a\tb", false},
        {"a\r\nX-Evil: 1", false},   {"a\x7F", false},     {"\xC3\xA4", false},       {std::string("a\0b", 3), false},
    };
    for (std::string attributes::*member :
         {&attributes::content_type, &attributes::content_encoding, &attributes::content_language,
          &attributes::content_disposition, &attributes::cache_control}) {
        for (const row& t : rows) {
            CAPTURE(t.text);
            attributes a;
            a.*member = t.text;
            CHECK(refusal(a) == (t.fine ? "" : header_rule));
        }
    }
}

TEST_CASE("metadata names are identifiers in lower case") {
    for (const char* name : {"a", "z", "a1", "a_b", "x__9", "watermark"}) {
        CAPTURE(name);
        CHECK(refusal(with_metadata(name, "v")).empty());
    }
    for (const char* name : {"", "A", "aB", "1a", "_a", "a-b", "a b", "a.b", "\xC3\xA4", "a\n"}) {
        CAPTURE(name);
        CHECK(refusal(with_metadata(name, "v")) == name_rule);
    }
}

TEST_CASE("metadata values obey the rule for headers") {
    for (const char* value : {"", "v", "a b", "1,2;3=\"4\""}) {
        CAPTURE(value);
        CHECK(refusal(with_metadata("k", value)).empty());
    }
    for (const char* value : {" v", "v ", "a  b", "a\nb", "\xC3\xA4", "\x1F"}) {
        CAPTURE(value);
        CHECK(refusal(with_metadata("k", value)) == value_rule);
    }
    CHECK(validate(with_metadata("k", " v")).error().subject == "k");
}

TEST_CASE("metadata is at most 8192 bytes, names included") {
    CHECK(refusal(with_metadata("k", std::string(8191, 'v'))).empty());
    CHECK(refusal(with_metadata("k", std::string(8192, 'v'))) == size_rule);
    attributes a = with_metadata("k", std::string(8000, 'v'));
    a.metadata["l"] = std::string(190, 'v');
    CHECK(refusal(a).empty());
    a.metadata["l"] += 'v';
    CHECK(refusal(a) == size_rule);
}

TEST_CASE("tags have a number, lengths and characters that they must keep to") {
    CHECK(refusal(with_tag(std::string(128, 'n'), std::string(256, 'v'))).empty());
    CHECK(refusal(with_tag("Az 09+-./:=_", "Az 09+-./:=_")).empty());
    CHECK(refusal(with_tag("n", "")).empty());
    CHECK(refusal(with_tag("", "v")) == tag_rule);
    CHECK(refusal(with_tag(std::string(129, 'n'), "v")) == tag_rule);
    CHECK(refusal(with_tag("n", std::string(257, 'v'))) == tag_rule);
    for (const char* text : {"a&b", "a,b", "a\"b", "\xC3\xA4", "a\nb", "a@b", "a%b"}) {
        CAPTURE(text);
        CHECK(refusal(with_tag(text, "v")) == tag_rule);
        CHECK(refusal(with_tag("n", text)) == tag_rule);
    }
    attributes many;
    for (int i = 0; i < 10; ++i) many.tags["n" + std::to_string(i)] = "v";
    CHECK(refusal(many).empty());
    many.tags["one more"] = "v";
    CHECK(refusal(many) == count_rule);
}
