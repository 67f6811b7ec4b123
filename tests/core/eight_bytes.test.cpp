// SPDX-License-Identifier: MIT
#include <blobshift/core/eight_bytes.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace blobshift::detail;

TEST_CASE("of eight bytes, each one of each kind is found, and nothing where there is none") {
    for (int c = 0; c < 256; ++c) {
        for (std::size_t at = 0; at < 8; ++at) {
            std::string text = "abcdefgh";
            text[at] = static_cast<char>(c);
            CAPTURE(c);
            CAPTURE(at);
            const std::uint64_t w = eight_bytes::load(text.data());
            CHECK((eight_bytes::unprintable(w) != 0) == (c < 0x20 || c >= 0x80));
            CHECK((eight_bytes::holds(w, '/') != 0) == (c == '/'));
            CHECK(eight_bytes::holds(w, static_cast<char>(c)) != 0);
        }
    }
}

TEST_CASE("a byte is found where it stands first, in texts of any length") {
    for (std::size_t size = 0; size < 40; ++size) {
        const std::string none(size, 'x');
        CHECK(find_byte(none, '<') == size);
        for (std::size_t at = 0; at < size; ++at) {
            std::string text = none;
            text[at] = '<';
            text.back() = '<';
            CHECK(find_byte(text, '<') == at);
            text[at] = '=';  // one more than '<', which a careless subtraction takes for it
            CHECK(find_byte(std::string_view(text).substr(0, at + 1), '<') == at + 1);
        }
    }
}

TEST_CASE("whether a text begins with another is a matter of each byte") {
    const std::string text = "<Etag>0x8DE49A1B1000000</Etag><Content-Length>";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const std::string start = text.substr(0, size);
        CHECK(begins_with(text, start));
        CHECK(!begins_with(text, start + "?"));
        for (std::size_t at = 0; at < size; ++at) {
            std::string other = start;
            other[at] = '?';
            CHECK(!begins_with(text, other));
        }
    }
    CHECK(!begins_with("ab", "abc"));
}
