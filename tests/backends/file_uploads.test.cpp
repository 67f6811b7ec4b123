// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_uploads.hpp>

#include <doctest/doctest.h>

#include <vector>

#include <support/print.hpp>

using namespace blobshift;

namespace {

struct staged {
    std::uint32_t index;
    std::uint64_t offset;
    std::uint64_t length;
};

bool is_complete(const std::vector<staged>& blocks, std::uint32_t count, std::uint64_t size) {
    detail::block_map map;
    for (const staged& b : blocks) {
        map.make_room(b.index, b.offset, b.length);
        map.add(b.index, b.offset, b.length);
    }
    return map.complete(count, size).has_value();
}

}  // namespace

TEST_CASE("an upload is complete when its blocks follow each other without a gap") {
    struct row {
        const char* why;
        std::vector<staged> blocks;
        std::uint32_t count;
        std::uint64_t size;
        bool complete;
    };
    for (const row& t :
         {row{"nothing is a whole", {}, 0, 0, true}, row{"nothing is not something", {}, 0, 1, false},
          row{"in order", {{0, 0, 4}, {1, 4, 3}}, 2, 7, true}, row{"in any order", {{1, 4, 3}, {0, 0, 4}}, 2, 7, true},
          row{"more than is wanted", {{0, 0, 4}, {1, 4, 3}}, 1, 4, true},
          row{"one is missing", {{0, 0, 4}, {2, 4, 3}}, 2, 7, false}, row{"a gap", {{0, 0, 4}, {1, 5, 3}}, 2, 8, false},
          row{"another size", {{0, 0, 4}}, 1, 5, false},
          row{"the same again", {{0, 0, 4}, {0, 0, 4}, {1, 4, 1}}, 2, 5, true},
          row{"the same again, shorter", {{0, 0, 4}, {0, 0, 2}, {1, 2, 1}}, 2, 3, true},
          row{"moved", {{0, 0, 4}, {1, 4, 3}, {1, 2, 3}, {0, 0, 2}}, 2, 5, true},
          row{"over the end of another", {{0, 0, 4}, {1, 2, 4}}, 2, 6, false},
          row{"over the start of another", {{1, 2, 4}, {0, 0, 3}}, 2, 6, false},
          row{"over several", {{0, 0, 2}, {1, 2, 2}, {2, 4, 2}, {7, 1, 4}}, 3, 6, false},
          row{"over several, which then come again",
              {{0, 0, 2}, {1, 2, 2}, {2, 4, 2}, {7, 1, 4}, {2, 4, 2}, {0, 0, 2}, {1, 2, 2}},
              3,
              6,
              true},
          row{"beside each other", {{0, 0, 4}, {2, 8, 4}, {1, 4, 4}}, 3, 12, true},
          row{"empty blocks", {{1, 4, 0}, {0, 0, 4}, {2, 4, 1}}, 3, 5, true},
          row{"an empty block inside another", {{0, 0, 4}, {1, 2, 0}}, 1, 4, true},
          row{"one became empty", {{0, 0, 4}, {0, 0, 0}, {1, 0, 2}}, 2, 2, true}}) {
        CAPTURE(t.why);
        CHECK(is_complete(t.blocks, t.count, t.size) == t.complete);
    }
}

TEST_CASE("a block that is missing is named") {
    detail::block_map map;
    map.add(0, 0, 4);
    const auto whole = map.complete(2, 8);
    REQUIRE_FALSE(whole);
    CHECK(whole.error().code == errc::invalid_argument);
    CHECK(whole.error().message == "the upload misses block 1");
}
