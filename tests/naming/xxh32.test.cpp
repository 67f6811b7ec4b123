// SPDX-License-Identifier: MIT
#include <blobshift/naming/xxh32.hpp>

#include <random>
#include <string>

#include <xxhash.h>

#include <doctest/doctest.h>

using blobshift::detail::xxh32_of;

static_assert(xxh32_of("") == 0x02CC5D05U);

TEST_CASE("xxh32 agrees with libxxhash on texts of every length up to 200") {
    std::mt19937 bits(32);
    for (std::size_t size = 0; size <= 200; ++size) {
        std::string text(size, '\0');
        for (char& c : text) c = static_cast<char>(bits());
        CAPTURE(size);
        CHECK(xxh32_of(text) == XXH32(text.data(), text.size(), 0));
    }
}
