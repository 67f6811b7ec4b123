// SPDX-License-Identifier: MIT

#include <blobshift/core/etag.hpp>

#include <doctest/doctest.h>

using blobshift::etag;
using blobshift::strongly_equal;

TEST_CASE("a tag is kept to the letter") {
    for (const char* text : {"\"0x8D\"", "W/\"1\"", "unquoted", "\"a\\\"b\"", " \"x\" ", "*"}) {
        CAPTURE(text);
        CHECK(etag(text).text() == text);
    }
}

TEST_CASE("no tag is empty and not weak") {
    CHECK(etag().empty());
    CHECK_FALSE(etag().is_weak());
    CHECK_FALSE(etag("\"\"").empty());
}

TEST_CASE("a tag is weak when it begins with W/") {
    CHECK(etag("W/\"1\"").is_weak());
    CHECK_FALSE(etag("\"W/1\"").is_weak());
    CHECK_FALSE(etag("w/\"1\"").is_weak());
}

TEST_CASE("strong comparison takes only equal, strong and real tags for equal") {
    CHECK(strongly_equal(etag("\"1\""), etag("\"1\"")));
    CHECK_FALSE(strongly_equal(etag("\"1\""), etag("\"2\"")));
    CHECK_FALSE(strongly_equal(etag("\"1\""), etag("1")));
    CHECK_FALSE(strongly_equal(etag("W/\"1\""), etag("W/\"1\"")));
    CHECK_FALSE(strongly_equal(etag("W/\"1\""), etag("\"1\"")));
    CHECK_FALSE(strongly_equal(etag(), etag()));
    CHECK_FALSE(strongly_equal(etag("*"), etag("\"1\"")));
    CHECK(etag("W/\"1\"") == etag("W/\"1\""));
}
