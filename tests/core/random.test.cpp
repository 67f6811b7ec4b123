// SPDX-License-Identifier: MIT

#include <blobshift/core/random.hpp>

#include <set>  // set

#include <doctest/doctest.h>

TEST_CASE("random numbers do not repeat and use all of their bits") {
    std::set<std::uint64_t> seen;
    std::uint64_t ever_one = 0;
    std::uint64_t ever_zero = 0;
    for (int i = 0; i < 1'000; ++i) {
        const std::uint64_t bits = blobshift::random_u64();
        CHECK(seen.insert(bits).second);  // by chance once in 10^13 runs
        ever_one |= bits;
        ever_zero |= ~bits;
    }
    CHECK(ever_one == ~std::uint64_t{0});
    CHECK(ever_zero == ~std::uint64_t{0});
}
