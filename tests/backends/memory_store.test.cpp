// SPDX-License-Identifier: MIT
//
// What memory_store promises beyond the contract, which tests/conformance holds it to.

#include <blobshift/backends/memory_store.hpp>

#include <doctest/doctest.h>

#include <support/print.hpp>
#include <support/virtual_clock.hpp>

using namespace blobshift;

namespace {

blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

blob_info put(memory_store& store, std::string_view n, std::string_view content) {
    return store.put({}, name(n), as_bytes(content), {}, {}).value();
}

}  // namespace

static_assert(capabilities_of<memory_store> == capabilities{.scan = true, .blocks = true});
static_assert(!std::is_copy_constructible_v<memory_store> && std::is_nothrow_move_constructible_v<memory_store>);

TEST_CASE("a copy shares its source's bytes and says so") {
    memory_store store;
    const std::string id = put(store, "a", "content").object_id;
    CHECK_FALSE(id.empty());
    const copy_result made = store.copy({}, name("a"), name("b"), {}, {}).value();
    CHECK(made.proof == copy_proof::same_object);
    CHECK(made.info.object_id == id);
    CHECK(put(store, "a", "content").object_id != id);
    CHECK(store.head({}, name("b")).value().object_id == id);
}

TEST_CASE("with share_copies off a copy has bytes of its own and claims no proof") {
    memory_store store({.share_copies = false});
    const std::string id = put(store, "a", "content").object_id;
    const copy_result made = store.copy({}, name("a"), name("b"), {}, {}).value();
    CHECK(made.proof == copy_proof::none);
    CHECK_FALSE(made.info.object_id.empty());
    CHECK(made.info.object_id != id);
    CHECK(made.info.size_bytes == 7);
}

TEST_CASE("a page is no larger than the store's own size, whatever was asked for") {
    memory_store store({.page_size = 2});
    for (const char* n : {"a", "b", "c", "d/1", "d/2"}) put(store, n, "");
    for (const std::size_t asked : {std::size_t{0}, std::size_t{2}, std::size_t{100}}) {
        const list_page page = store.list({}, {.page_size = asked}).value();
        CHECK(page.blobs.size() == 2);
        CHECK_FALSE(page.cursor.empty());
    }
    CHECK(store.list({}, {.page_size = 1}).value().blobs.size() == 1);
}

TEST_CASE("a page that holds the end of the listing has no cursor") {
    memory_store store({.page_size = 3});
    for (const char* n : {"a", "b", "c"}) put(store, n, "");
    CHECK(store.list({}, {}).value().cursor.empty());
    CHECK(store.list({}, {.page_size = 3}).value().cursor.empty());
    put(store, ".blobshift/hidden", "");
    put(store, "\xF4\x8F\xBF\xBF", "");
    CHECK_FALSE(store.list({}, {.page_size = 3}).value().cursor.empty());
}

TEST_CASE("the time of a write is that of the context's clock") {
    testing::virtual_clock clock;
    memory_store store;
    const context c = testing::context_of(clock);
    const utc_time first = clock.utc_now();
    CHECK(store.put(c, name("a"), {}, {}, {}).value().last_modified == first);
    clock.advance(std::chrono::hours(1));
    CHECK(store.copy(c, name("a"), name("b"), {}, {}).value().info.last_modified == first + std::chrono::hours(1));
    CHECK(store.head(c, name("a")).value().last_modified == first);
}

TEST_CASE("an upload's id is good until it is committed or abandoned, and no other is") {
    memory_store store;
    const upload_session u = store.begin_upload({}, name("a")).value();
    CHECK(store.stage_block({}, u, 0, 0, as_bytes("x")));
    CHECK(store.commit_upload({}, u, 1, 1, {}, {}));
    CHECK(store.stage_block({}, u, 0, 0, {}).error().code == errc::not_found);
    CHECK(store.commit_upload({}, u, 1, 1, {}, {}).error().code == errc::not_found);
    CHECK(store.commit_upload({}, u, 1, 1, {}, {}).error().subject == "a");
    CHECK(store.abandon_upload({}, u).error().code == errc::not_found);

    const upload_session other = store.begin_upload({}, name("a")).value();
    CHECK(other.id != u.id);
    CHECK(store.abandon_upload({}, other));
    CHECK(store.stage_block({}, other, 0, 0, {}).error().code == errc::not_found);
    CHECK(store.stage_block({}, {name("a"), "../a"}, 0, 0, {}).error().code == errc::not_found);
}

TEST_CASE("an upload whose commit was refused can be committed again") {
    memory_store store;
    put(store, "a", "before");
    const upload_session u = store.begin_upload({}, name("a")).value();
    store.stage_block({}, u, 0, 0, as_bytes("after")).value();
    CHECK(store.commit_upload({}, u, 1, 5, {}, condition::if_absent()).error().code == errc::already_exists);
    CHECK(store.commit_upload({}, u, 1, 5, {}, {}));
    CHECK(store.head({}, name("a")).value().size_bytes == 5);
}

TEST_CASE("blocks whose offsets do not meet are refused") {
    memory_store store;
    const upload_session u = store.begin_upload({}, name("a")).value();
    store.stage_block({}, u, 0, 0, as_bytes("abc")).value();
    store.stage_block({}, u, 1, 4, as_bytes("def")).value();
    const auto refused = store.commit_upload({}, u, 2, 6, {}, {});
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(refused.error().message == "the upload misses block 1");
    CHECK(store.head({}, name("a")).error().code == errc::not_found);
}
