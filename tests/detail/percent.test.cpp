// SPDX-License-Identifier: MIT

#include <blobshift/detail/percent.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace blobshift::detail;

TEST_CASE("encoding keeps the unreserved characters and nothing else, and comes back") {
    std::string kept;
    for (int c = 0; c < 256; ++c) {
        const std::string one(1, static_cast<char>(c));
        const std::string encoded = encode_component(one);
        if (encoded == one) {
            kept += one;
        } else {
            CHECK(encoded.size() == 3);
        }
        CHECK(decode_percent(encoded) == one);
    }
    CHECK(kept == "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
    CHECK(encode_component("a/b \xC3\xA9") == "a%2Fb%20%C3%A9");
    CHECK(encode_path("a/b \xC3\xA9") == "a/b%20%C3%A9");
}

TEST_CASE("decoding takes both cases of digits and refuses a percent sign without two of them") {
    CHECK(decode_percent("%2f%2F+") == "//+");
    CHECK(decode_percent("%00") == std::string(1, '\0'));
    for (const char* text : {"%", "%2", "a%", "%g0", "%0g", "%%41", "%-1"}) {
        CAPTURE(text);
        CHECK(!decode_percent(text));
    }
}

TEST_CASE("a query is read as the service reads it") {
    CHECK(decode_query("a+b%2Bc%20d") == "a b+c d");
    CHECK(decode_query("100%") == "100%");
}
