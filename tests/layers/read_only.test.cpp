// SPDX-License-Identifier: MIT
#include <blobshift/layers/read_only.hpp>

#include <memory>  // make_shared
#include <vector>  // vector

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>

using namespace blobshift;
using namespace blobshift::testing;

TEST_CASE("read_only: what reads, works") {
    memory_store inside;
    const context c;
    REQUIRE(inside.put(c, name("a"), as_bytes("1"), {}, {}));
    read_only store{std::move(inside)};
    bytes room(1);

    CHECK(store.head(c, name("a"))->size_bytes == 1);
    CHECK(store.read(c, name("a"), read_range::all(), room, {})->count == 1);
    CHECK(store.list(c, {})->blobs.size() == 1);
    CHECK(store.scan(c, {}, [](blob_info&&) -> result<void> { return {}; }));
}

TEST_CASE("read_only: every verb that writes is refused, and nothing is sent") {
    const auto script = std::make_shared<fault_script>();
    read_only store{flaky_store(script)};
    const context c;
    const upload_session u{name("u"), "1"};
    std::vector<error> refusals;
    const auto note = [&](auto&& outcome) {
        REQUIRE_FALSE(outcome);
        refusals.push_back(outcome.error());
    };
    note(store.put(c, name("a"), {}, {}, {}));
    note(store.remove(c, name("a"), {}));
    note(store.copy(c, name("a"), name("b"), {}, {}));
    note(store.begin_upload(c, name("u")));
    note(store.stage_block(c, u, 0, 0, {}));
    note(store.commit_upload(c, u, 0, 0, {}, {}));
    note(store.abandon_upload(c, u));
    const std::vector<copy_request> copies(3, copy_request{name("a"), name("b")});
    store.copy_many(c, copies, {}, [&](std::size_t, result<copy_result>&& outcome) { note(outcome); });
    const std::vector<remove_request> removals(2, remove_request{name("a")});
    store.remove_many(c, removals, {}, [&](std::size_t, result<bool>&& outcome) { note(outcome); });

    CHECK(refusals.size() == 7 + 3 + 2);
    for (const error& e : refusals) {
        CHECK(e.code == errc::permission_denied);
        CHECK(e.done == effect::none);
        CHECK_FALSE(e.is_transient());
    }
    for (int i = 0; i <= static_cast<int>(operation::abandon_upload); ++i) {
        CHECK(script->calls(static_cast<operation>(i)) == 0);
    }
}
