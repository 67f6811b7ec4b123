// SPDX-License-Identifier: MIT
#include <blobshift/naming/naming_policy.hpp>

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace blobshift;

namespace {

struct archetype {
    result<blob_name> name_of(const instance_id& id, blob_kind) const { return blob_name::parse(id.sop); }
    result<parsed_name> parse(const blob_name& n) const {
        return parsed_name{{{}, {}, n.text(), 1}, blob_kind::instance};
    }
    naming_traits traits() const { return {}; }
};
struct static_members {
    static result<blob_name> name_of(const instance_id& id, blob_kind) { return blob_name::parse(id.sop); }
    static result<parsed_name> parse(const blob_name& n) {
        return parsed_name{{{}, {}, n.text(), 1}, blob_kind::instance};
    }
    static constexpr naming_traits traits() { return {}; }
};
struct not_const : archetype {
    result<blob_name> name_of(const instance_id& id, blob_kind) { return blob_name::parse(id.sop); }
};
struct unchecked_name : archetype {
    std::string name_of(const instance_id& id, blob_kind) const { return id.sop; }
};
struct parses_to_id : archetype {
    result<instance_id> parse(const blob_name&) const { return instance_id{}; }
};
struct traits_as_data : static_members {
    static constexpr naming_traits traits = {};
};

static_assert(NamingPolicy<archetype> && NamingPolicy<static_members>);
static_assert(!NamingPolicy<not_const>);
static_assert(!NamingPolicy<unchecked_name>);
static_assert(!NamingPolicy<parses_to_id>);
static_assert(!NamingPolicy<traits_as_data>);
static_assert(!NamingPolicy<int>);

}  // namespace

TEST_CASE("each kind has its own value for ever, and its own word") {
    std::set<std::string_view> words;
    for (const blob_kind kind : all_blob_kinds) words.insert(to_string(kind));

    CHECK(words == std::set<std::string_view>{"instance", "metadata", "frame_ranges", "work_item"});
    CHECK(static_cast<int>(blob_kind::instance) == 0);
    CHECK(static_cast<int>(blob_kind::metadata) == 1);
    CHECK(static_cast<int>(blob_kind::frame_ranges) == 2);
    CHECK(static_cast<int>(blob_kind::work_item) == 3);
    CHECK(to_string(static_cast<blob_kind>(99)) == "unknown");
}

TEST_CASE("ids are equal only to the letter, and ordered by study, series, SOP and watermark") {
    const instance_id id{"1.2", "1.3", "1.4", 2};

    CHECK(id == instance_id{"1.2", "1.3", "1.4", 2});
    CHECK(id != instance_id{"1.2", "1.3", "1.04", 2});
    CHECK(id < instance_id{"1.2", "1.3", "1.4", 3});
    CHECK(id < instance_id{"1.2", "1.3", "1.5", 1});
    CHECK(id < instance_id{"1.2", "1.4", "1.4", 1});
    CHECK(id < instance_id{"1.3", "1.3", "1.4", 1});
}
