// SPDX-License-Identifier: MIT
#include <blobshift/migrate/home.hpp>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <blobshift/backends/memory_store.hpp>

using namespace blobshift;

namespace {

/// Two containers, and two states beside them.
struct stores {
    any_store files{memory_store()};
    any_store metadata{memory_store()};
    any_store state{memory_store()};
    any_store other{memory_store()};
    context c = {};

    /// The codes of what speaks against naming these together.
    [[nodiscard]] std::vector<std::string_view> against(const named_stores& named) const {
        std::vector<std::string_view> codes;
        const auto found = obstacles_of_home(named, c).value();
        for (const obstacle& each : found) {
            CHECK(each.objects == 1);
            CHECK(!each.text.empty());
            codes.push_back(each.code);
        }
        return codes;
    }
};

using codes = std::vector<std::string_view>;

/// A store by another address: what it is asked it asks of `store`, but only while `may_put` lets puts pass.
struct view {
    any_store* store;
    std::function<bool()> may_put = [] { return true; };

    result<blob_info> head(const context& c, const blob_name& n) { return store->head(c, n); }
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        return store->read(c, n, range, out, when);
    }
    result<list_page> list(const context& c, const list_query& q) { return store->list(c, q); }
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        if (!may_put()) return fail(errc::unavailable, "the program was killed");
        return store->put(c, n, content, attrs, when);
    }
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        return store->remove(c, n, when);
    }
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        return store->copy(c, from, to, source, target);
    }
};

/// As of a service that has announced itself.
void put_record(any_store& store) {
    store.put({}, blob_name::parse(".blobshift/stage").value(), as_bytes("x"), {}, {}).value();
}

std::size_t records_of(any_store& store) { return list_all(store, {}, {.prefix = ".blobshift/"})->blobs.size(); }

}  // namespace

TEST_CASE("home: a container that keeps its records itself is bound, too, and to nobody else") {
    stores t;
    CHECK(t.against({t.files, {&t.files}}).empty());
    CHECK(records_of(t.files) == 0);
    REQUIRE(bind_home({t.files, {&t.files}}, t.c));
    const std::size_t records = records_of(t.files);
    REQUIRE(bind_home({t.files, {&t.files}}, t.c));
    CHECK(records_of(t.files) == records);
    CHECK(t.against({t.files, {&t.files}}).empty());
    CHECK(t.against({t.state, {&t.files}}).empty());  // there is nothing in it yet that another state would not know
    put_record(t.files);
    CHECK(t.against({t.state, {&t.files}}) == codes{"own_records"});
    CHECK(t.against({t.other, {&t.other, &t.files}}) == codes{"another_place"});
    CHECK(t.against({t.files, {&t.other}}) == codes{"another_container"});
    CHECK(bind_home({t.state, {&t.files}}, t.c).error().code == errc::blocked);
    // Its metadata come later.
    REQUIRE(bind_home({t.files, {&t.files, &t.metadata}}, t.c));
    CHECK(t.against({t.files, {&t.files, &t.metadata}}).empty());
    CHECK(t.against({t.files, {&t.files}}) == codes{"container_missing"});
    CHECK(obstacles_of_scope(t.files, t.c, 1)->size() == 1);
}

TEST_CASE("home: who forgets the state of its own, or names another one, is told") {
    stores t;
    REQUIRE(bind_home({t.state, {&t.files}}, t.c));
    CHECK(records_of(t.files) == 1);
    CHECK(records_of(t.state) == 1);
    CHECK(t.against({t.state, {&t.files}}).empty());
    CHECK(t.against({t.files, {&t.files}}) == codes{"another_state"});
    CHECK(t.against({t.other, {&t.files}}) == codes{"another_state"});
    REQUIRE(bind_home({t.other, {&t.metadata}}, t.c));  // now it is somebody's state
    CHECK(t.against({t.other, {&t.files}}) == codes{"another_state"});
    CHECK(bind_home({t.other, {&t.files}}, t.c).error().code == errc::blocked);
    CHECK(t.against({t.state, {&t.files}}).empty());
}

TEST_CASE("home: a state has room for one service") {
    stores t;
    REQUIRE(bind_home({t.state, {&t.files, &t.metadata}}, t.c));
    any_store empty{memory_store()};
    CHECK(t.against({t.state, {&empty}}) == codes{"another_container", "container_missing"});
    CHECK(t.against({t.state, {&t.files, &empty}}) == codes{"another_container"});
    CHECK(t.against({t.state, {&empty, &t.metadata}}) == codes{"another_container"});
    CHECK(bind_home({t.state, {&t.files, &empty}}, t.c).error().code == errc::blocked);
    CHECK(records_of(empty) == 0);
    // The container was lost, and came back from elsewhere.
    REQUIRE(bind_home({t.state, {&t.files, &empty}}, t.c, true));
    CHECK(t.against({t.state, {&t.files, &empty}}).empty());
    CHECK(t.against({t.state, {&t.files, &t.metadata}}) == codes{"another_container"});
}

TEST_CASE("home: a state that is lost can be replaced, if one says so, and names all") {
    stores t;
    REQUIRE(bind_home({t.state, {&t.files, &t.metadata}}, t.c));
    CHECK(t.against({t.other, {&t.files, &t.metadata}}) == codes{"another_state", "another_state"});
    CHECK(bind_home({t.other, {&t.files}}, t.c).error().message.find("name it, too") != std::string::npos);
    CHECK(bind_home({t.other, {&t.metadata, &t.files}}, t.c).error().code == errc::blocked);
    CHECK(records_of(t.other) == 0);
    REQUIRE(bind_home({t.other, {&t.files, &t.metadata}}, t.c, true));
    CHECK(t.against({t.other, {&t.files, &t.metadata}}).empty());
    CHECK(t.against({t.state, {&t.files, &t.metadata}}).size() == 2);
    REQUIRE(bind_home({t.files, {&t.files, &t.metadata}}, t.c, true));  // and there is none of its own any more
    CHECK(t.against({t.files, {&t.files, &t.metadata}}).empty());
    put_record(t.files);
    CHECK(t.against({t.other, {&t.files, &t.metadata}}) == codes{"own_records"});
}

TEST_CASE("home: a service without records yet may get a state of its own, and then has no other") {
    stores t;
    REQUIRE(bind_home({t.files, {&t.files, &t.metadata}}, t.c));
    REQUIRE(bind_home({t.state, {&t.files, &t.metadata}}, t.c));
    CHECK(t.against({t.state, {&t.files, &t.metadata}}).empty());
    CHECK(t.against({t.files, {&t.files, &t.metadata}}) == codes{"another_state", "another_state"});
    CHECK(t.against({t.files, {&t.files}}) == codes{"another_state", "container_missing"});
}

TEST_CASE("home: one of two containers, or both in the other order, is not what was bound") {
    stores t;
    SUBCASE("the state is in the first") {
        REQUIRE(bind_home({t.files, {&t.files, &t.metadata}}, t.c));
        CHECK(t.against({t.metadata, {&t.metadata}}) == codes{"another_place", "container_missing"});
        CHECK(t.against({t.metadata, {&t.metadata, &t.files}}) == codes{"another_place", "another_place"});
        CHECK(t.against({t.state, {&t.files}}) == codes{"container_missing"});
        put_record(t.files);
        CHECK(t.against({t.state, {&t.files}}) == codes{"own_records", "container_missing"});
        CHECK(t.against({t.files, {&t.files}}) == codes{"container_missing"});
    }
    SUBCASE("the state is a store of its own") {
        REQUIRE(bind_home({t.state, {&t.files, &t.metadata}}, t.c));
        CHECK(t.against({t.state, {&t.metadata}}) == codes{"another_place", "container_missing"});
        CHECK(t.against({t.state, {&t.metadata, &t.files}}) == codes{"another_place", "another_place"});
        CHECK(t.against({t.files, {&t.files, &t.metadata}}) == codes{"another_state", "another_state"});
        CHECK(t.against({t.metadata, {&t.metadata}}) == codes{"another_place", "container_missing"});
        // In a mistake that was made once there is a way out.
        REQUIRE(bind_home({t.other, {&t.metadata, &t.files}}, t.c, true));
        REQUIRE(bind_home({t.state, {&t.files, &t.metadata}}, t.c, true));
        CHECK(t.against({t.state, {&t.files, &t.metadata}}).empty());
    }
}

TEST_CASE("home: a container that was named by mistake is let go, and both can be used alone") {
    stores t;
    any_store& mistaken = t.other;
    REQUIRE(bind_home({t.files, {&t.files, &mistaken}}, t.c));
    CHECK(t.against({t.files, {&t.files}}) == codes{"container_missing"});
    REQUIRE(bind_home({t.files, {&t.files}}, t.c, true));
    CHECK(t.against({t.files, {&t.files}}).empty());
    CHECK(obstacles_of_scope(t.files, t.c, 1)->empty());
    CHECK(t.against({mistaken, {&mistaken}}) == codes{"another_place", "container_missing"});
    REQUIRE(bind_home({mistaken, {&mistaken}}, t.c, true));
    CHECK(t.against({mistaken, {&mistaken}}).empty());
    CHECK(t.against({t.files, {&t.files}}).empty());
}

TEST_CASE("home: one container by two addresses is not taken for two, and can be used as one") {
    for (const bool apart : {false, true}) {
        stores t;
        any_store files(view{&t.files});
        any_store again(view{&t.files});
        any_store& state = apart ? t.state : files;
        CHECK(bind_home({state, {&files, &again}}, t.c).error().code == errc::blocked);
        CHECK(t.against({state, {&files}}).empty());
        REQUIRE(bind_home({state, {&files}}, t.c));
    }
}

TEST_CASE("home: records that stand in the container itself are not left behind for a state of its own") {
    stores t;
    put_record(t.files);
    CHECK(t.against({t.state, {&t.files}}) == codes{"own_records"});
    CHECK(bind_home({t.state, {&t.files}}, t.c).error().code == errc::blocked);
    CHECK(records_of(t.state) == 0);
    CHECK(t.against({t.files, {&t.files}}).empty());
    REQUIRE(bind_home({t.state, {&t.files}}, t.c, true));
    CHECK(t.against({t.state, {&t.files}}).empty());
}

TEST_CASE("home: whoever is killed while he binds is followed by one who binds the rest") {
    for (const bool rebind : {false, true}) {
        int at = 1;
        for (bool killed = true; killed; ++at) {
            CAPTURE(at);
            stores t;
            if (rebind) REQUIRE(bind_home({t.other, {&t.files, &t.metadata}}, t.c));
            int puts = 0;
            const auto lives = [&] { return ++puts < at; };
            any_store state(view{&t.state, lives});
            any_store files(view{&t.files, lives});
            any_store metadata(view{&t.metadata, lives});
            const auto first = bind_home({state, {&files, &metadata}}, t.c, rebind);
            killed = !first;
            REQUIRE(bind_home({t.state, {&t.files, &t.metadata}}, t.c, rebind));
            CHECK(t.against({t.state, {&t.files, &t.metadata}}).empty());
            CHECK(t.against({t.files, {&t.files, &t.metadata}}).size() == 2);
        }
        CHECK(at > 4);
    }
}

TEST_CASE("home: of several that bind at once each is told what the fastest has bound") {
    for (int round = 0; round < 20; ++round) {
        stores t;
        std::atomic<int> bound = 0;
        std::atomic<int> refused = 0;
        {
            std::vector<std::jthread> all;
            for (int i = 0; i < 8; ++i) {
                all.emplace_back([&, i] {
                    any_store state(view{i % 2 == 0 ? &t.state : &t.other});
                    any_store files(view{&t.files});
                    any_store metadata(view{&t.metadata});
                    const auto done = bind_home({state, {&files, &metadata}}, {});
                    CAPTURE(describe(done ? error() : done.error()));
                    CHECK((done || done.error().code == errc::blocked));
                    ++(done ? bound : refused);
                });
            }
        }
        CHECK(bound.load() == 4);
        CHECK(refused.load() == 4);
    }
}

TEST_CASE("home: a damaged record is an error that says which one it is, never none") {
    for (const char* content : {"", "x\t1\n", "blobshift home 1\nx\t1\n", "blobshift identity 1\nx\n"}) {
        for (const char* which : {".blobshift/home", ".blobshift/identity"}) {
            CAPTURE(content);
            CAPTURE(which);
            stores t;
            REQUIRE(bind_home({t.state, {&t.files}}, t.c));
            any_store& damaged = std::string_view(which) == ".blobshift/home" ? t.files : t.state;
            damaged.put(t.c, blob_name::parse(which).value(), as_bytes(std::string_view(content)), {}, {}).value();
            for (const auto& e : {obstacles_of_home({t.state, {&t.files}}, t.c).error(),
                                  bind_home({t.state, {&t.files}}, t.c).error()}) {
                CHECK(e.code == errc::corrupt);
                CHECK(e.subject == which);
            }
        }
    }
}

TEST_CASE("home: who it is cannot be empty, nor whose: it would be taken for a state that has no identity yet") {
    stores t;
    const auto put = [&](any_store& to, const blob_name& n, std::string_view kind, std::string_view text) {
        detail::write_record(to, t.c, n, kind, text, condition::always()).value();
    };
    for (const char* text : {"\tb\t1\t1", "a\t\t1\t1", "a\tb\t\t1"}) {
        CAPTURE(text);
        put(t.files, detail::home_blob().value(), detail::home_record_kind, text);
        CHECK(detail::read_home(t.files, t.c).error().code == errc::corrupt);
    }
    for (const char* text : {"\t1\tb", "a\t1\t", "a\t2\tb\t"}) {
        CAPTURE(text);
        put(t.state, detail::identity_blob().value(), detail::identity_record_kind, text);
        CHECK(detail::read_identity(t.state, t.c).error().code == errc::corrupt);
    }
    put(t.files, detail::home_blob().value(), detail::home_record_kind, "a\tb\t1\t1");
    CHECK(detail::read_home(t.files, t.c).value()->self == "b");
    put(t.state, detail::identity_blob().value(), detail::identity_record_kind, "a\t1\tb");
    CHECK(detail::read_identity(t.state, t.c)->containers == std::vector<std::string>{"b"});
}
