// SPDX-License-Identifier: MIT

#include <blobshift/core/bytes.hpp>

#include <doctest/doctest.h>

using blobshift::as_bytes;
using blobshift::as_text;
using blobshift::to_bytes;

TEST_CASE("text and bytes are two views of one memory") {
    const std::string text("a\0\xFF", 3);
    const blobshift::byte_view view = as_bytes(text);
    CHECK(static_cast<const void*>(view.data()) == text.data());
    REQUIRE(view.size() == 3);
    CHECK(view[0] == std::byte{'a'});
    CHECK(view[1] == std::byte{0});
    CHECK(view[2] == std::byte{0xFF});
    CHECK(as_text(view) == text);
    CHECK(static_cast<const void*>(as_text(view).data()) == text.data());
}

TEST_CASE("to_bytes makes a copy of its own") {
    std::string text = "before";
    const blobshift::bytes copy = to_bytes(text);
    const blobshift::bytes again = to_bytes(as_bytes(text));
    text = "AFTER!";
    CHECK(as_text(copy) == "before");
    CHECK(again == copy);
}

TEST_CASE("nothing is nothing in every form") {
    CHECK(as_bytes("").empty());
    CHECK(as_bytes(std::string_view()).empty());
    CHECK(as_text({}).empty());
    CHECK(to_bytes(std::string_view()).empty());
}
