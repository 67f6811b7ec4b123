// SPDX-License-Identifier: MIT
#include <blobshift/layers/prefix.hpp>

#include <map>     // map
#include <string>  // string
#include <vector>  // vector

#include <blobshift/backends/memory_store.hpp>

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>

using namespace blobshift;
using namespace blobshift::testing;

namespace {

prefix<any_store> view(std::string_view text = "p/q/") {
    return prefix<any_store>::make(any_store(memory_store{}), text).value();
}

std::vector<std::string> listed(auto& store, list_query q) {
    std::vector<std::string> all;
    do {
        auto page = store.list({}, q).value();
        for (const blob_info& info : page.blobs) all.push_back(info.name.text());
        for (const std::string& group : page.prefixes) all.push_back(group);
        q.cursor = page.cursor;
    } while (!q.cursor.empty());
    return all;
}

}  // namespace

TEST_CASE("prefix: is one or more whole segments, each followed by a slash") {
    for (const char* good : {"a/", "a/b/", ".blobshift/", "a b/"}) {
        CAPTURE(good);
        CHECK(prefix<memory_store>::make(memory_store{}, good));
    }
    for (const char* bad : {"", "/", "a", "a//", "/a/", "../", "a/./", "a./", "a\\/", "a/b"}) {
        CAPTURE(bad);
        const auto made = prefix<memory_store>::make(memory_store{}, bad);
        REQUIRE_FALSE(made);
        CHECK(made.error().code == errc::invalid_argument);
    }
}

TEST_CASE("prefix: every verb speaks the view's names, and the store inside has the full ones") {
    auto store = view();
    const context c;
    bytes room(10);
    CHECK(store.put(c, name("a"), as_bytes("123"), {}, {})->name == name("a"));
    CHECK(store.inner().head(c, name("p/q/a"))->size_bytes == 3);
    CHECK(store.head(c, name("a"))->name == name("a"));
    CHECK(store.read(c, name("a"), read_range::all(), room, {})->info.name == name("a"));
    CHECK(store.copy(c, name("a"), name("b"), {}, {})->info.name == name("b"));
    const auto u = store.begin_upload(c, name("u")).value();
    CHECK(u.name == name("u"));
    CHECK(store.stage_block(c, u, 0, 0, as_bytes("1")));
    CHECK(store.commit_upload(c, u, 1, 1, {}, {})->name == name("u"));
    const auto v = store.begin_upload(c, name("v")).value();
    CHECK(store.abandon_upload(c, v));
    CHECK(listed(store.inner(), {}) == std::vector<std::string>{"p/q/a", "p/q/b", "p/q/u"});
    CHECK(*store.remove(c, name("a"), {}));
    CHECK(listed(store, {}) == std::vector<std::string>{"b", "u"});
}

TEST_CASE("prefix: an error's subject is a name of the view") {
    auto store = view();
    CHECK(store.head({}, name("a")).error().subject == "a");
    CHECK(store.put({}, name("a"), {}, {}, condition::if_match(etag("\"0\""))).error().subject == "a");
}

TEST_CASE("prefix: nothing beside it is listed, reached or removed") {
    auto store = view("p/");
    for (const char* n : {"o", "p", "p.x", "p0", "q/a", "P/a"}) {
        REQUIRE(store.inner().put({}, name(n), as_bytes("x"), {}, {}));
    }
    CHECK(listed(store, {}).empty());
    CHECK_FALSE(store.head({}, name("o")));
    CHECK(listed(store, {.prefix = "p"}).empty());
    int scanned = 0;
    CHECK(store.scan({}, {}, [&](blob_info&&) -> result<void> { return ++scanned, result<void>{}; }));
    CHECK(scanned == 0);
}

TEST_CASE("prefix: listings are mapped both ways, page by page") {
    auto store = view();
    for (const char* n : {"a", "b/1", "b/2", "c", "d"}) REQUIRE(store.put({}, name(n), {}, {}, {}));
    CHECK(listed(store, {.page_size = 1}) == std::vector<std::string>{"a", "b/1", "b/2", "c", "d"});
    CHECK(listed(store, {.start_after = "b/2", .page_size = 1}) == std::vector<std::string>{"c", "d"});
    CHECK(listed(store, {.prefix = "b/"}) == std::vector<std::string>{"b/1", "b/2"});
    CHECK(listed(store, {.delimiter = "/", .page_size = 1}) == std::vector<std::string>{"a", "b/", "c", "d"});
    CHECK_FALSE(store.list({}, {.delimiter = "x"}));
}

TEST_CASE("prefix: reserved names are those below the prefix, and hidden as in any store") {
    auto store = view("p/");
    REQUIRE(store.put({}, name(".blobshift/x"), {}, {}, {}));
    REQUIRE(store.put({}, name("a"), {}, {}, {}));
    REQUIRE(store.put({}, name("b"), {}, {}, {}));
    CHECK(store.inner().head({}, name("p/.blobshift/x")));
    CHECK(listed(store, {}) == std::vector<std::string>{"a", "b"});
    CHECK(listed(store, {.page_size = 1}) == std::vector<std::string>{"a", "b"});
    CHECK(listed(store, {.delimiter = "/"}) == std::vector<std::string>{"a", "b"});
    CHECK(listed(store, {.prefix = ".blobshift/"}) == std::vector<std::string>{".blobshift/x"});
    std::vector<std::string> scanned;
    const auto note = [&](blob_info&& info) -> result<void> {
        scanned.push_back(info.name.text());
        return {};
    };
    CHECK(store.scan({}, {}, note));
    CHECK(scanned.size() == 2);

    auto inside_reserved = view(".blobshift/state/");
    REQUIRE(inside_reserved.put({}, name("a"), {}, {}, {}));
    CHECK(listed(inside_reserved, {}) == std::vector<std::string>{"a"});
}

TEST_CASE("prefix: a name too long behind it is refused, alone among many") {
    auto store = view("p/");
    const blob_name longest = name(std::string(1022, 'x'));
    const blob_name longer = name(std::string(1023, 'x'));
    REQUIRE(store.put({}, longest, {}, {}, {}));
    const auto refused = [&](const auto& outcome) {
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().code == errc::invalid_argument);
        CHECK(outcome.error().done == effect::none);
    };
    bytes room(1);
    refused(store.head({}, longer));
    refused(store.read({}, longer, {}, room, {}));
    refused(store.put({}, longer, {}, {}, {}));
    refused(store.remove({}, longer, {}));
    refused(store.copy({}, longer, longest, {}, {}));
    refused(store.copy({}, longest, longer, {}, {}));
    refused(store.begin_upload({}, longer));
    refused(store.stage_block({}, {longer, "1"}, 0, 0, {}));
    refused(store.commit_upload({}, {longer, "1"}, 0, 0, {}, {}));
    refused(store.abandon_upload({}, {longer, "1"}));

    const std::vector<copy_request> copies = {
        {longest, name("a")}, {longest, longer}, {longer, name("b")}, {longest, name("c")}};
    std::map<std::size_t, std::string> answers;
    store.copy_many({}, copies, {}, [&](std::size_t i, result<copy_result>&& outcome) {
        answers[i] = outcome ? outcome->info.name.text() : std::string(to_string(outcome.error().code));
    });
    CHECK(answers == std::map<std::size_t, std::string>{
                         {0, "a"}, {1, "invalid_argument"}, {2, "invalid_argument"}, {3, "c"}});

    const std::vector<remove_request> removals = {{longer, {}}, {name("a"), {}}, {name("zzz"), {}}};
    std::map<std::size_t, bool> removed;
    store.remove_many({}, removals, {},
                      [&](std::size_t i, result<bool>&& outcome) { removed[i] = outcome && *outcome; });
    CHECK(removed == std::map<std::size_t, bool>{{0, false}, {1, true}, {2, false}});
}

TEST_CASE("prefix: a store that answers with a name outside of it is corrupt") {
    struct stray : bare_store {
        result<blob_info> head(const context&, const blob_name&) { return blob_info(name("elsewhere")); }
        result<list_page> list(const context&, const list_query& q) {
            list_page page;
            if (q.delimiter.empty()) page.blobs.emplace_back(name("elsewhere"));
            else page.prefixes.emplace_back("elsewhere/");
            return page;
        }
    };
    auto store = prefix<stray>::make(stray{}, "p/").value();
    CHECK(store.head({}, name("a")).error().code == errc::corrupt);
    CHECK(store.list({}, {}).error().code == errc::corrupt);
    CHECK(store.list({}, {.delimiter = "/"}).error().code == errc::corrupt);
}
