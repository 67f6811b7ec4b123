// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_version.hpp>

#include <doctest/doctest.h>

#include <support/print.hpp>

using namespace blobshift;

namespace {

const file_facts example{.device = 0xfe00,
                       .inode = 0x1234,
                       .size = 5,
                       .mtime_ns = 1'500'000'000'999'999'999,
                       .links = 1,
                       .mode = 0600,
                       .kind = file_kind::regular};

}  // namespace

TEST_CASE("a version is the inode, the time of the content and the size, and nothing else") {
    const etag tag = detail::version_of(example);
    CHECK(tag.text() == "\"1234-14d1120db6b0c9ff-5\"");
    for (int i = 0; i < 6; ++i) {
        file_facts other = example;
        if (i == 0) other.inode += 1;
        if (i == 1) other.mtime_ns += 1;
        if (i == 2) other.size += 1;
        if (i == 3) other.links += 1;
        if (i == 4) other.mode = 0640;
        if (i == 5) other.device += 1;
        CAPTURE(i);
        CHECK((detail::version_of(other) == tag) == (i >= 3));
    }
}

TEST_CASE("the largest numbers have their place in a version") {
    file_facts largest = example;
    largest.inode = ~std::uint64_t{0};
    largest.mtime_ns = -1;
    largest.size = ~std::uint64_t{0};
    CHECK(detail::version_of(largest).text() == "\"ffffffffffffffff-ffffffffffffffff-ffffffffffffffff\"");
}

TEST_CASE("an info tells what the file system says, with the time floored to milliseconds") {
    const blob_info info = detail::info_of(blob_name::parse("n").value(), example);
    CHECK(info.size_bytes == 5);
    CHECK(info.tag == detail::version_of(example));
    CHECK(info.last_modified.time_since_epoch().count() == 1'500'000'000'999);
    CHECK(info.object_id == "fe00" + info.tag.text());
    file_facts early = example;
    early.mtime_ns = -1;
    CHECK(detail::info_of(blob_name::parse("n").value(), early).last_modified.time_since_epoch().count() == -1);
}
