// SPDX-License-Identifier: MIT

#include <blobshift/core/base64.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace blobshift;

TEST_CASE("base64 agrees with the vectors of RFC 4648 in both directions") {
    struct row {
        std::string_view plain;
        std::string_view text;
    };
    for (const row& t : {row{"", ""}, row{"f", "Zg=="}, row{"fo", "Zm8="}, row{"foo", "Zm9v"}, row{"foob", "Zm9vYg=="},
                         row{"fooba", "Zm9vYmE="}, row{"foobar", "Zm9vYmFy"},
                         row{std::string_view("\x00\xFF\xFE\x3F", 4), "AP/+Pw=="}}) {
        CAPTURE(t.text);
        CHECK(to_base64(as_bytes(t.plain)) == t.text);
        const auto back = from_base64(t.text);
        REQUIRE(back);
        CHECK(as_text(*back) == t.plain);
    }
}

TEST_CASE("base64 of every byte at every position comes back") {
    for (std::size_t size = 1; size <= 4; ++size) {
        for (int b = 0; b < 256; ++b) {
            for (std::size_t at = 0; at < size; ++at) {
                bytes content(size);
                content[at] = static_cast<std::byte>(b);
                CHECK(from_base64(to_base64(content)) == content);
            }
        }
    }
}

TEST_CASE("text that is not canonical base64 is refused") {
    for (const std::string_view text : {"Z", "Zg", "Zg=", "Zg==Zg==", "Zg=a", "=Zg=", "====", "=",
                                        "Zh==", "Zm9=", "Zm9v\n", "Zm 9v", "Zm-v", "Zm_v", "Zm9\xC3"}) {
        CAPTURE(text);
        CHECK(!from_base64(text));
    }
}
