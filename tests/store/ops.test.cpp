// SPDX-License-Identifier: MIT
#include <blobshift/store/ops.hpp>

#include <string>   // string
#include <utility>  // move
#include <vector>   // vector

#include <blobshift/backends/memory_store.hpp>

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/transfers.hpp>

using namespace blobshift;
using namespace blobshift::testing;
using bench = transfer_bench;

TEST_CASE("ops: exists takes nothing but not found for no") {
    bench b;
    REQUIRE(b.truth().put({}, name("x"), {}, {}, {}));
    CHECK(*exists(b.store, b.c, name("x")));
    CHECK_FALSE(*exists(b.store, b.c, name("y")));
    b.script->fail_before(operation::head, busy());
    CHECK(exists(b.store, b.c, name("x")).error().code == errc::throttled);
}

TEST_CASE("ops: read_all gives a whole blob, of one version, up to the size that the caller allows") {
    bench b;
    for (const std::size_t size : {0U, 1U, 65535U, 65536U, 65537U, 200000U}) {
        CAPTURE(size);
        const bytes content = pattern(size);
        REQUIRE(b.truth().put({}, name("x"), content, {}, {}));
        const int before = b.script->calls(operation::read);
        const auto got = read_all(b.store, b.c, name("x"), size);
        REQUIRE(got);
        CHECK(got->content == content);
        CHECK(got->info.size_bytes == size);
        CHECK(b.script->calls(operation::read) - before == (size > 65536 ? 2 : 1));
        if (size > 0) CHECK(read_all(b.store, b.c, name("x"), size - 1).error().code == errc::invalid_argument);
    }
    CHECK(read_all(b.store, b.c, name("missing"), 1).error().code == errc::not_found);
    const etag other("\"0\"");
    CHECK(read_all(b.store, b.c, name("x"), 1, condition::if_match(other)).error().code == errc::condition_failed);

    REQUIRE(b.truth().put({}, name("y"), pattern(70000), {}, {}));
    int reads = 0;
    b.script->by_rule = [&](operation verb) -> std::optional<fault> {
        if (verb == operation::read && ++reads == 2) (void)b.truth().put({}, name("y"), pattern(70000), {}, {});
        return std::nullopt;
    };
    CHECK(read_all(b.store, b.c, name("y"), 70000).error().code == errc::condition_failed);
}

TEST_CASE("ops: list_all gives every page as one, and does not go round in circles") {
    memory_store store({.page_size = 2});
    for (const char* n : {"a", "b/1", "b/2", "c", "d"}) REQUIRE(store.put({}, name(n), {}, {}, {}));
    const auto all = list_all(store, {}, {});
    REQUIRE(all);
    CHECK(all->blobs.size() == 5);
    CHECK(all->cursor.empty());
    const auto grouped = list_all(store, {}, {.delimiter = "/"});
    CHECK(grouped->blobs.size() == 3);
    CHECK(grouped->prefixes == std::vector<std::string>{"b/"});
    CHECK(list_all(store, {}, {}, 5));
    CHECK(list_all(store, {}, {}, 4).error().code == errc::invalid_argument);
    CHECK(list_all(store, {}, {.delimiter = "x"}).error().code == errc::invalid_argument);

    struct circling : bare_store {
        result<list_page> list(const context&, const list_query&) {
            list_page page;
            page.cursor = "again";
            return page;
        }
    } circle;
    CHECK(list_all(circle, {}, {}).error().code == errc::corrupt);

    bench b;
    b.script->fail_before(operation::list, busy());
    CHECK(list_all(b.store, b.c, {}).error().code == errc::throttled);
}

TEST_CASE("ops: a blob goes from one store to another with its attributes, and is read back") {
    for (const std::size_t size : {0U, 5U, 95U}) {
        CAPTURE(size);
        bench from;
        bench to;
        const attributes attrs{.content_type = "t", .metadata = {{"k", "v"}}, .tags = {{"a", "b"}}};
        REQUIRE(from.truth().put({}, name("x"), pattern(size), attrs, {}));
        const auto copy = [&] {
            return copy_between(from.store, name("x"), to.store, name("y"), from.c, condition::if_absent(), small_up);
        };
        const auto copied = copy();
        REQUIRE(copied);
        CHECK(copied->content == xxh64_digest(pattern(size)));
        CHECK(read_all(to.store, to.c, name("y"), size)->content == pattern(size));
        CHECK(to.truth().head({}, name("y"))->attrs == attrs);
        CHECK(copy().error().code == errc::already_exists);
    }
}

TEST_CASE("ops: a copy between stores fails when its source changes or is missing, or its target is bad") {
    bench from;
    memory_store to;
    const context& c = from.c;
    CHECK(copy_between(from.store, name("x"), to, name("y"), c).error().code == errc::not_found);

    REQUIRE(from.truth().put({}, name("x"), pattern(95), {}, {}));
    int reads = 0;
    from.script->by_rule = [&](operation verb) -> std::optional<fault> {
        if (verb == operation::read && ++reads == 3) (void)from.truth().put({}, name("x"), pattern(96), {}, {});
        return std::nullopt;
    };
    CHECK(copy_between(from.store, name("x"), to, name("y"), c, {}, small_up).error().code == errc::condition_failed);
    CHECK_FALSE(*exists(to, {}, name("y")));

    rotten bad(0);
    CHECK(copy_between(from.store, name("x"), bad, name("y"), c).error().code == errc::corrupt);
}
