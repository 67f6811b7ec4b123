// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_groups.hpp>

#include <doctest/doctest.h>

#include <mutex>
#include <string>
#include <vector>

#include <backends/scripted_store.hpp>

using namespace blobshift;
using namespace blobshift::testing;
using strings = std::vector<std::string>;

TEST_CASE_FIXTURE(stored, "directories that a removal empties are removed, and no others") {
    for (const char* n : {"a/b/c/1", "a/b/c/2", "a/x"}) CHECK(put(store, n, ""));
    CHECK(remove(store, "a/b/c/1").value());
    CHECK(on.all() == strings{"a/", "a/b/", "a/b/c/", "a/b/c/2", "a/x"});
    CHECK(remove(store, "a/b/c/2").value());
    CHECK(on.all() == strings{"a/", "a/x"});
    CHECK(remove(store, "a/x").value());
    CHECK(on.all().empty());
    std::filesystem::create_directories(on.path("left/by/a/crash"));
    CHECK_FALSE(remove(store, "left/by/a/crash/blob").value());
    CHECK(on.all().empty());
}

TEST_CASE_FIXTURE(stored, "removals in groups prune what they emptied, and copies make what they need") {
    std::vector<copy_request> copies;
    std::vector<remove_request> removals;
    for (int i = 0; i < 3000; ++i) {
        const std::string from = "s" + std::to_string(i / 100) + "/" + std::to_string(i);
        const etag tag = put(store, from, std::to_string(i)).value().tag;
        copies.push_back(
            {name(from), name("t" + std::to_string(i % 40) + "/" + std::to_string(i)), condition::if_match(tag)});
        removals.push_back({name(from), condition::if_match(tag)});
    }
    std::vector<int> results(3000);
    store.copy_many({}, copies, {.concurrency = 4}, [&](std::size_t i, result<copy_result>&& r) {
        results[i] += r.has_value() && r->proof == copy_proof::same_object ? 1 : 100;
    });
    CHECK(results == std::vector<int>(3000, 1));
    store.copy_many({}, copies, {.concurrency = 4}, [&](std::size_t i, result<copy_result>&& r) {
        results[i] += !r.has_value() && r.error().code == errc::already_exists ? 1 : 100;
    });
    CHECK(results == std::vector<int>(3000, 2));
    store.remove_many({}, removals, {.concurrency = 4},
                      [&](std::size_t i, result<bool>&& r) { results[i] += r.value() ? 1 : 100; });
    CHECK(results == std::vector<int>(3000, 3));
    store.remove_many({}, removals, {.concurrency = 0},
                      [&](std::size_t i, result<bool>&& r) { results[i] += r.value() ? 100 : 1; });
    CHECK(results == std::vector<int>(3000, 4));
    CHECK(on.all().size() == 3040);
    CHECK(on.read("t7/2007") == "2007");
}

TEST_CASE_FIXTURE(stored, "a group whose time is over says so of each request that it did not start") {
    CHECK(put(store, "a", ""));
    std::stop_source stop;
    context c;
    c.stop = stop.get_token();
    std::vector<copy_request> copies;
    for (int i = 0; i < 10; ++i) copies.push_back({name("a"), name("b" + std::to_string(i))});
    int copied = 0;
    int cancelled = 0;
    stop.request_stop();
    store.copy_many(c, copies, {}, [&](std::size_t, result<copy_result>&& r) {
        if (r)
            ++copied;
        else
            cancelled += r.error().code == errc::cancelled && r.error().done == effect::none ? 1 : 0;
    });
    CHECK(copied == 0);
    CHECK(cancelled == 10);
}

TEST_CASE("a group that cannot be synced says so of each change in it, and of no refusal") {
    scripted s({.durable = durability::full});
    fill(s);
    s.script->clear();
    s.script->fail("sync", -EIO);
    const std::vector<copy_request> requests = {
        {name("a/old"), name("n1")}, {name("none"), name("n2")}, {name("a/old"), name("n3")}};
    std::vector<effect> done(3, effect::indeterminate);
    s.store.copy_many({}, requests, {.concurrency = 1}, [&](std::size_t i, result<copy_result>&& r) {
        done[i] = r.has_value() ? effect::none : r.error().done;
    });
    CHECK(done == std::vector<effect>{effect::applied, effect::none, effect::applied});
}

TEST_CASE("that a blob is gone is said only when it will stay so, whoever removed it") {
    scripted s({.durable = durability::full});
    fill(s);
    const std::vector<remove_request> requests = {{name("a/none")}, {name("a/old")}, {name("a/none/at/all")}};
    for (const bool fails : {true, false}) {
        CAPTURE(fails);
        s.script->clear();
        if (fails) s.script->fail("sync", -EIO);
        s.store.remove_many({}, requests, {.concurrency = 1}, [&](std::size_t, result<bool>&& r) {
            CHECK(r.has_value() == !fails);
            if (!r) CHECK(r.error().done == effect::applied);
        });
        CHECK(s.store.remove({}, name("a/none"), {}).has_value() == !fails);
    }
}

TEST_CASE("many copies share the syncs of their directories") {
    scripted s({.durable = durability::full});
    fill(s);
    std::vector<copy_request> requests;
    for (int i = 0; i < 500; ++i) requests.push_back({name("a/old"), name("t/" + std::to_string(i))});
    s.script->clear();
    s.store.copy_many({}, requests, {.concurrency = 1}, [](std::size_t, result<copy_result>&& r) { CHECK(r); });
    CHECK(s.script->count("sync") == 2);
}

TEST_CASE("names that are to be linked are looked up by all threads before the first of them is") {
    struct way {
        copy_method method;
        unsigned concurrency;
        bool looks;
    };
    for (const way& w : {way{copy_method::automatic, 2, true}, way{copy_method::hard_link, 4, true},
                         way{copy_method::hard_link, 1, false}, way{copy_method::byte_copy, 2, false}}) {
        CAPTURE(w.concurrency);
        scripted s({.durable = durability::none, .copying = w.method});
        fill(s);
        REQUIRE(put(s.store, "t/old", ""));  // only where the directory is there is there anything to look up
        std::vector<copy_request> requests;
        for (int i = 0; i < 200; ++i) {
            requests.push_back({name("a/old"), name((i % 2 == 0 ? "t/" : "not/yet/") + std::to_string(i))});
        }
        s.script->clear();
        std::size_t looks = 0;
        bool is_linked = false;
        std::mutex one_at_a_time;
        s.script->before = [&](std::string_view call) {
            const std::scoped_lock lock(one_at_a_time);
            is_linked = is_linked || call == "link" || call == "create_in" || call == "make_folder";
            if (call != "facts_in" || is_linked) return 0;
            return ++looks <= 100 && w.looks ? -EACCES : 0;  // that such a look fails changes nothing
        };
        s.store.copy_many({}, requests, {.concurrency = w.concurrency},
                          [](std::size_t, result<copy_result>&& r) { CHECK(r); });
        CHECK(looks >= (w.looks ? 100U : 0U));
        CHECK((looks < 100) == !w.looks);
    }
}
