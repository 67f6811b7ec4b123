// SPDX-License-Identifier: MIT
#include <blobshift/views/instance_record.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <support/print.hpp>

namespace {

using namespace blobshift;

}  // namespace

TEST_CASE("instance_record: an id is written and parsed again, to the letter") {
    const instance_id ids[] = {
        {"1.2.004", "1..2", "3", 1},
        {"", "", "2.25.1", (std::numeric_limits<std::int64_t>::max)()},
        {"any text of another policy", " ", "\xC3\xA9", 7},
    };
    for (const instance_id& id : ids) {
        std::string line;
        REQUIRE(detail::append_id(line, id));
        CHECK(detail::parse_id(line).value() == id);
    }
}

TEST_CASE("instance_record: an id that a line cannot hold is refused, and the message does not tell it") {
    const instance_id ids[] = {
        {"1\t2", "3", "4", 1}, {"1", "3\n", "4", 1}, {"1", "3", std::string("4\0", 2), 1},
        {"1", "3", "4", 0},    {"1", "3", "4", -5},
    };
    for (const instance_id& id : ids) {
        std::string line;
        const auto refused = detail::append_id(line, id);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == errc::invalid_argument);
        CHECK(refused.error().message.find('4') == std::string::npos);
    }
}

TEST_CASE("instance_record: a line that is none is corrupt") {
    for (const char* line : {"", "1", "1\t2", "1\t2\t3", "1\t2\t3\t", "1\t2\t3\t0", "1\t2\t3\t-1", "1\t2\t3\t4x",
                             "1\t2\t3\t4\t5", "1\t2\t3\t99999999999999999999", "1\t2\t3\t+4"}) {
        CAPTURE(line);
        CHECK(detail::parse_id(line).error().code == errc::corrupt);
    }
}

TEST_CASE("instance_record: an instance and a work item share no kind of blob") {
    const auto of_instance = kinds_of({"1", "2", "3", 4});
    const auto of_work_item = kinds_of({"", "", "3", 4});
    CHECK(std::vector(of_instance.begin(), of_instance.end()) ==
          std::vector{blob_kind::instance, blob_kind::metadata, blob_kind::frame_ranges});
    CHECK(std::vector(of_work_item.begin(), of_work_item.end()) == std::vector{blob_kind::work_item});
    CHECK(of_instance.size() + of_work_item.size() == all_blob_kinds.size());
}
