// SPDX-License-Identifier: MIT
//
// Against libxxhash, the reference implementation.

#include <blobshift/core/xxh64.hpp>

#include <algorithm>  // min
#include <random>     // mt19937_64

#include <doctest/doctest.h>
#include <xxhash.h>

using blobshift::xxh64;
using blobshift::xxh64_of;

static_assert(xxh64_of("") == 0xEF46DB3751D8E999U);
static_assert(xxh64_of("a") == 0xD24EC4F1A98C6E5BU);
static_assert(xxh64_of("abc") == 0x44BC2CF5AD770999U);
static_assert(xxh64_of("1") == 0xB7B41276360564D4U);

namespace {

blobshift::bytes random_bytes(std::size_t count) {
    std::mt19937_64 random(count);
    blobshift::bytes content(count);
    for (std::byte& b : content) b = static_cast<std::byte>(random());
    return content;
}

}  // namespace

TEST_CASE("xxh64 agrees with libxxhash on every length from 0 to 300, for several seeds") {
    for (std::size_t length = 0; length <= 300; ++length) {
        const blobshift::bytes content = random_bytes(length);
        for (const std::uint64_t seed :
             {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
            CAPTURE(length);
            CAPTURE(seed);
            CHECK(xxh64_of(content, seed) == XXH64(content.data(), length, seed));
        }
    }
}

TEST_CASE("xxh64 does not mind how its message is cut into pieces") {
    const blobshift::bytes content = random_bytes(300);
    const std::uint64_t whole = XXH64(content.data(), content.size(), 7);
    const blobshift::byte_view view = content;
    for (std::size_t first = 0; first <= content.size(); ++first) {
        xxh64 h(7);
        h.update(view.first(first));
        h.update(view.subspan(first));
        CAPTURE(first);
        CHECK(h.value() == whole);
    }
    for (std::size_t piece = 1; piece <= 70; ++piece) {
        xxh64 h(7);
        for (std::size_t at = 0; at < content.size(); at += piece) {
            h.update(view.subspan(at, (std::min)(piece, content.size() - at)));
        }
        CAPTURE(piece);
        CHECK(h.value() == whole);
    }
}

TEST_CASE("xxh64 tells its value at any time and goes on") {
    const blobshift::bytes content = random_bytes(100);
    xxh64 h;
    for (std::size_t i = 0; i < content.size(); ++i) {
        CHECK(h.value() == XXH64(content.data(), i, 0));
        h.update(blobshift::byte_view(content).subspan(i, 1));
    }
    CHECK(h.value() == XXH64(content.data(), content.size(), 0));
}

TEST_CASE("xxh64 of text is that of its bytes") {
    CHECK(xxh64_of("watermark 17") == xxh64_of(blobshift::as_bytes("watermark 17")));
    CHECK(xxh64_of(std::string_view("\x80\xFF\0", 3)) == XXH64("\x80\xFF\0", 3, 0));
}

TEST_CASE("xxh64 of many large pieces agrees with libxxhash") {
    const blobshift::bytes piece = random_bytes(65'537);
    blobshift::bytes whole;
    xxh64 h;
    for (int i = 0; i < 16; ++i) {
        h.update(piece);
        whole.insert(whole.end(), piece.begin(), piece.end());
    }
    CHECK(h.value() == XXH64(whole.data(), whole.size(), 0));
}
