// SPDX-License-Identifier: MIT

#include <blobshift/store/any_store.hpp>

#include <blobshift/backends/memory_store.hpp>

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>

using namespace blobshift;

namespace {

using testing::name;

/// Counts, for the test, how often its own bulk verbs are asked.
struct with_bulk : testing::bare_store {
    int* asked;

    void copy_many(const context&, std::span<const copy_request> requests, const bulk_options&, on_copied f) {
        ++*asked;
        for (std::size_t i = 0; i < requests.size(); ++i) f(i, fail(errc::unsupported, "its own copy_many"));
    }
    void remove_many(const context&, std::span<const remove_request> requests, const bulk_options&, on_removed f) {
        ++*asked;
        for (std::size_t i = 0; i < requests.size(); ++i) f(i, true);
    }
    result<void> scan(const context&, const list_query&, on_blob) {
        ++*asked;
        return fail(errc::unsupported, "its own scan");
    }
};

}  // namespace

static_assert(BlobStore<any_store>);
static_assert(std::is_nothrow_move_constructible_v<any_store> && std::is_nothrow_move_assignable_v<any_store>);
static_assert(!std::is_copy_constructible_v<any_store> && !std::is_default_constructible_v<any_store>);
static_assert(!std::is_convertible_v<memory_store, any_store>, "erasure is asked for, never an accident");
static_assert(!std::is_constructible_v<any_store, int>);

TEST_CASE("an any_store says what the store inside can do by itself") {
    CHECK(any_store(memory_store()).native() == capabilities_of<memory_store>);
    CHECK(any_store(testing::bare_store()).native() == capabilities{});
    int asked = 0;
    CHECK(any_store(with_bulk{{}, &asked}).native() ==
          capabilities{.scan = true, .bulk_copy = true, .bulk_remove = true});
}

TEST_CASE("an any_store uses the store's own bulk verbs and scan where it has them") {
    int asked = 0;
    any_store store(with_bulk{{}, &asked});
    const copy_request copies[] = {{name("a"), name("b")}};
    const remove_request removals[] = {{name("a")}};
    std::string said;
    store.copy_many({}, copies, {}, [&](std::size_t, result<copy_result>&& r) { said = r.error().message; });
    CHECK(said == "its own copy_many");
    bool removed = false;
    store.remove_many({}, removals, {}, [&](std::size_t, result<bool>&& r) { removed = r.value(); });
    CHECK(removed);
    CHECK(store.scan({}, {}, [](blob_info&&) { return result<void>(); }).error().message == "its own scan");
    CHECK(asked == 3);
}

TEST_CASE("an any_store makes up bulk verbs and scans that the store lacks, but no blocks") {
    any_store store{testing::bare_store()};
    for (const char* n : {"from/a", "from/b"}) store.put({}, name(n), as_bytes(n), {}, {}).value();
    std::vector<std::string> scanned;
    CHECK(store.scan({}, {.prefix = "from/"}, [&](blob_info&& info) {
        scanned.push_back(info.name.text());
        return result<void>();
    }));
    CHECK(scanned == std::vector<std::string>{"from/a", "from/b"});

    const copy_request copies[] = {{name("from/a"), name("to/a")}, {name("from/b"), name("to/b")}};
    int copied = 0;
    store.copy_many({}, copies, {}, [&](std::size_t, result<copy_result>&& r) { copied += r ? 1 : 0; });
    CHECK(copied == 2);
    const remove_request removals[] = {{name("from/a")}, {name("absent")}};
    std::vector<int> removed(2, -1);
    store.remove_many({}, removals, {}, [&](std::size_t i, result<bool>&& r) { removed[i] = r.value() ? 1 : 0; });
    CHECK(removed == std::vector<int>{1, 0});

    const upload_session u{name("up")};
    CHECK(store.begin_upload({}, u.name).error().code == errc::unsupported);
    CHECK(store.stage_block({}, u, 0, 0, {}).error().code == errc::unsupported);
    CHECK(store.commit_upload({}, u, 0, 0, {}, {}).error().code == errc::unsupported);
    CHECK(store.abandon_upload({}, u).error().code == errc::unsupported);
}

TEST_CASE("an any_store can be given another store") {
    any_store store{memory_store()};
    store.put({}, name("a"), as_bytes("x"), {}, {}).value();
    any_store other = std::move(store);
    CHECK(other.head({}, name("a")));
    other = any_store(testing::bare_store());
    CHECK(other.head({}, name("a")).error().code == errc::not_found);
    CHECK(other.native() == capabilities{});
}
