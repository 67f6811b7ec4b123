// SPDX-License-Identifier: MIT
//
// What the simulation needs luck for: guards whose loss another one hides there, and what it has found, each looked at
// alone.
#include <blobshift/migrate/compare.hpp>
#include <blobshift/migrate/rollback.hpp>

#include <cstdint>  // uint64_t
#include <vector>   // vector

#include <doctest/doctest.h>

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/layers/fault.hpp>
#include <blobshift/naming/dicom_names.hpp>

#include <support/flaky_store.hpp>
#include <support/print.hpp>

using blobshift::as_bytes;
using blobshift::blob_facts;
using blobshift::bytes;
using blobshift::errc;
using blobshift::fault_kind;
using blobshift::fault_plan;
using blobshift::memory_store;
using blobshift::testing::name;

TEST_CASE("two reads that were cut short in the same way do not agree") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        blobshift::fault store(memory_store{}, fault_plan{.seed = seed}.with(fault_kind::short_read, 1));
        const auto put = [&](const char* n, const char* text) {
            const auto info = store.inner().put({}, name(n), as_bytes(text), {}, {}).value();
            return blob_facts{.name = n, .size_bytes = info.size_bytes, .tag = info.tag};
        };
        const blob_facts source = put("a", "same, then this");
        const blob_facts target = put("b", "same, then that");
        bytes buffer(64);
        const auto compared = blobshift::compare_contents(store, {}, source, target, buffer);
        REQUIRE_FALSE(compared);
        CHECK(compared.error().code == errc::corrupt);
    }
}

TEST_CASE("a rollback ends although a copy that failed left an empty new name, which goes with the others") {
    for (const bool remove_new : {false, true}) {
        CAPTURE(remove_new);
        memory_store store;
        blobshift::any_store state(memory_store{});
        blobshift::any_store scratch(memory_store{});
        const blobshift::uid_names older;
        const blobshift::prefix_names newer;
        const blobshift::instance_id id{"1", "2", "3", 7};
        const auto old_name = older.name_of(id, blobshift::blob_kind::instance).value();
        const auto new_name = newer.name_of(id, blobshift::blob_kind::instance).value();
        store.put({}, old_name, as_bytes("content"), {}, {}).value();
        store.put({}, new_name, {}, {}, {}).value();
        blobshift::migration_observer quiet;
        const blobshift::migration_job job{store, older, newer, state, scratch, quiet};
        const blobshift::migration all{std::vector{job}, state};
        const auto back = blobshift::roll_back(all, {}, {.remove_new = remove_new}).value();
        CHECK(back.complete);
        CHECK(store.head({}, old_name).value().size_bytes == 7);
        CHECK(bool(store.head({}, new_name)) == !remove_new);
    }
}
