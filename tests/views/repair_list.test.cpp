// SPDX-License-Identifier: MIT
#include <blobshift/views/repair_list.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include <support/flaky_store.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;
using namespace blobshift::testing;

instance_id repaired(std::int64_t watermark) { return {"2.25.90001", "2.25.90002", "2.25.90003", watermark}; }

struct list_bench {
    any_store state{memory_store{}};
    context c = {};
    repair_list list{state};
    std::vector<repair> entries = {};

    result<std::uint64_t> read() {
        entries.clear();
        return read_repairs(state, c, [&](const repair& r) -> result<void> {
            entries.push_back(r);
            return {};
        });
    }
};

}  // namespace

TEST_CASE("repair_list: entries are read in their order, and forgotten up to where they were read") {
    list_bench b;
    CHECK(b.read().value() == 0);
    std::vector<repair> all;
    for (const blob_kind kind : all_blob_kinds) {
        all.push_back({repaired(static_cast<std::int64_t>(all.size()) + 1), kind});
        REQUIRE(b.list.add(b.c, all.back()));
    }
    const std::uint64_t last = b.read().value();
    CHECK(b.entries == all);
    REQUIRE(b.list.add(b.c, {repaired(9), blob_kind::instance}));
    CHECK(erase_repairs(b.state, b.c, last).value() == 4);
    CHECK(b.read().value() == last + 1);
    CHECK(b.entries == std::vector<repair>{{repaired(9), blob_kind::instance}});
}

TEST_CASE("repair_list: an id that cannot be recorded is refused") {
    list_bench b;
    CHECK(b.list.add(b.c, {repaired(0), blob_kind::instance}).error().code == errc::invalid_argument);
    CHECK(b.read().value() == 0);
}

TEST_CASE("repair_list: the store's failure is the caller's") {
    auto script = std::make_shared<fault_script>();
    any_store state{flaky_store{script}};
    repair_list list(state);
    script->fail_before(operation::put, make_error(errc::no_space, "full"));
    CHECK(list.add({}, {repaired(1), blob_kind::instance}).error().code == errc::no_space);
}

TEST_CASE("repair_list: a record that is no entry is corrupt") {
    for (const char* record : {"", "instance", "picture\t1\t2\t3\t4", "instance\t1\t2\t3", "\t1\t2\t3\t4"}) {
        CAPTURE(record);
        list_bench b;
        journal_lines lines(repair_journal);
        lines.append(record);
        b.state.put(b.c, name(".blobshift/repairs/00000000000000000001"), as_bytes(lines.text()), {}, {}).value();
        CHECK(b.read().error().code == errc::corrupt);
    }
}
