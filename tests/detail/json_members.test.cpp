// SPDX-License-Identifier: MIT
#include <blobshift/detail/json_members.hpp>

#include <doctest/doctest.h>

namespace {

using blobshift::detail::json_members;
using members = std::map<std::string, std::string>;

TEST_CASE("the members of an object are texts, whatever they were") {
    CHECK(json_members::parse("{}") == members{});
    CHECK(json_members::parse(" { } ") == members{});
    CHECK(json_members::parse(R"( {"a":"b" , "n": -12.5e3,"t":true,"f" :false,"z":null} )") ==
          members{{"a", "b"}, {"n", "-12.5e3"}, {"t", "true"}, {"f", "false"}, {"z", "null"}});
    CHECK(json_members::parse(R"({"e":"\"\\\/\b\f\n\r\t\u0041\u00e9"})") == members{{"e", "\"\\/\b\f\n\r\tA?"}});
    CHECK(json_members::parse("{\"u\":\"\xC3\xA9\"}") == members{{"u", "\xC3\xA9"}});
}

TEST_CASE("members that are objects or arrays are left out, and still have to be well formed") {
    CHECK(json_members::parse(R"({"a":"1","o":{"x":[1,{"y":"}"}],"z":{}},"l":[],"b":"2"})") == members{{"a", "1"}, {"b", "2"}});
    CHECK_FALSE(json_members::parse(R"({"o":{"x":}})"));
    CHECK_FALSE(json_members::parse(R"({"o":[1,]})"));
}

TEST_CASE("what is not one whole object is nothing") {
    for (const char* text : {"", " ", "null", "[]", "\"a\"", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}",
                             "{\"a\":1}x", "{\"a\":1}{}", "{\"a\":x}", "{\"a\":'b'}", "{\"a\":\"b}", "{\"a\":\"\\x\"}",
                             "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"line\nbreak\"}", "{\"a\":1,\"a\":2}", "{\"a\" 1}",
                             "{\"a\":1 \"b\":2}", "<html>", "{\"a\":\"\\"}) {
        CAPTURE(text);
        CHECK_FALSE(json_members::parse(text));
    }
}

TEST_CASE("nesting has an end") {
    std::string deep = "1";
    for (int i = 0; i < 32; ++i) deep = "[" + deep + "]";
    CHECK(json_members::parse("{\"a\":" + deep + "}"));
    CHECK_FALSE(json_members::parse("{\"a\":[" + deep + "]}"));
    CHECK_FALSE(json_members::parse("{\"a\":" + std::string(100'000, '[')));
}

}  // namespace
