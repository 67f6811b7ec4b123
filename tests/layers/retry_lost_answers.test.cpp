// SPDX-License-Identifier: MIT
#include <blobshift/layers/retry.hpp>

#include <cstddef>  // byte, size_t
#include <map>      // map
#include <string>   // string
#include <vector>   // vector

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/retry_bench.hpp>

using namespace blobshift;
using namespace blobshift::testing;
using bench = retry_bench;

TEST_CASE("retry: a create-only put whose answer was lost succeeds when its content is there") {
    bench b;
    b.script->fail_after(operation::put, lost_answer());
    const attributes attrs{.content_type = "text/plain", .metadata = {{"k", "v"}}};

    const auto stored = b.store.put(b.c, name("x"), as_bytes("mine"), attrs, condition::if_absent());
    REQUIRE(stored);
    CHECK(stored->tag == b.truth().head({}, name("x"))->tag);
    CHECK(b.content("x") == "mine");
    CHECK(b.script->calls(operation::put) == 2);
}

TEST_CASE("retry: a create-only put whose request was lost is done by its repetition") {
    bench b;
    b.script->fail_before(operation::put, lost_answer());

    CHECK(b.store.put(b.c, name("x"), as_bytes("mine"), {}, condition::if_absent()));
    CHECK(b.content("x") == "mine");
    CHECK(b.script->calls(operation::head) == 0);
}

TEST_CASE("retry: a create-only put that was lost and meets something else says so, and that it may have been done") {
    struct row {
        const char* why;
        const char* content;
        attributes attrs;
    };
    for (const row& t : {row{"other bytes", "your", {}}, row{"another length", "mine!", {}},
                         row{"a beginning", "min", {}}, row{"other attributes", "mine", {.content_type = "t"}}}) {
        CAPTURE(t.why);
        bench b;
        REQUIRE(b.truth().put({}, name("x"), as_bytes(t.content), t.attrs, {}));
        b.script->fail_before(operation::put, lost_answer());

        const auto stored = b.store.put(b.c, name("x"), as_bytes("mine"), {}, condition::if_absent());
        REQUIRE_FALSE(stored);
        CHECK(stored.error().code == errc::already_exists);
        CHECK(stored.error().done == effect::indeterminate);
        CHECK(b.content("x") == t.content);
    }
}

TEST_CASE("retry: a create-only put that was never lost does not take an equal blob for its own") {
    bench b;
    REQUIRE(b.truth().put({}, name("x"), as_bytes("mine"), {}, {}));
    b.script->fail_before(operation::put, busy());

    const auto stored = b.store.put(b.c, name("x"), as_bytes("mine"), {}, condition::if_absent());
    REQUIRE_FALSE(stored);
    CHECK(stored.error().code == errc::already_exists);
    CHECK(stored.error().done == effect::none);
}

TEST_CASE("retry: a lost put with if_match succeeds when its content is there, and else keeps what another wrote") {
    bench b;
    const etag first = b.truth().put({}, name("x"), as_bytes("old"), {}, {})->tag;

    SUBCASE("done and lost") {
        b.script->fail_after(operation::put, lost_answer());
        CHECK(b.store.put(b.c, name("x"), as_bytes("new"), {}, condition::if_match(first)));
        CHECK(b.content("x") == "new");
    }
    SUBCASE("not done: the tag is unchanged") {
        b.script->fail_before(operation::put, lost_answer());
        CHECK(b.store.put(b.c, name("x"), as_bytes("new"), {}, condition::if_match(first)));
        CHECK(b.content("x") == "new");
    }
    SUBCASE("another was faster") {
        b.script->fail_before(operation::put, lost_answer());
        b.clock.on_sleep = [&](auto) { (void)b.truth().put({}, name("x"), as_bytes("theirs"), {}, {}); };
        const auto stored = b.store.put(b.c, name("x"), as_bytes("new"), {}, condition::if_match(first));
        REQUIRE_FALSE(stored);
        CHECK(stored.error().code == errc::condition_failed);
        CHECK(stored.error().done == effect::indeterminate);
        CHECK(b.content("x") == "theirs");
    }
}

TEST_CASE("retry: content that cannot be read back is never called one's own") {
    bench b;
    b.script->fail_after(operation::put, lost_answer());
    b.script->fail_before(operation::read, make_error(errc::permission_denied, "no"));

    const auto stored = b.store.put(b.c, name("x"), as_bytes("mine"), {}, condition::if_absent());
    REQUIRE_FALSE(stored);
    CHECK(stored.error().code == errc::already_exists);
    CHECK(stored.error().done == effect::indeterminate);
}

TEST_CASE("retry: content larger than what is held at once is compared to its end") {
    bench b;
    bytes large(std::size_t{5} << 19, std::byte{7});
    b.script->fail_after(operation::put, lost_answer());
    CHECK(b.store.put(b.c, name("x"), large, {}, condition::if_absent()));
    CHECK(b.script->calls(operation::read) == 3);

    bytes other = large;
    other.back() = std::byte{8};
    b.script->fail_before(operation::put, lost_answer());
    CHECK(b.store.put(b.c, name("x"), other, {}, condition::if_absent()).error().code == errc::already_exists);
}

TEST_CASE("retry: a remove that finds nothing after a lost answer says that the blob was there") {
    struct row {
        const char* why;
        bool there;
        bool applied;
        error first;
        bool removed;
    };
    for (const row& t : {row{"done and lost", true, true, lost_answer(), true},
                         row{"not sent, still there", true, false, busy(), true},
                         row{"not sent, gone by someone", false, false, busy(), false}}) {
        CAPTURE(t.why);
        bench b;
        if (t.there) REQUIRE(b.truth().put({}, name("x"), {}, {}, {}));
        if (t.applied) b.script->fail_after(operation::remove, t.first);
        else b.script->fail_before(operation::remove, t.first);

        const auto removed = b.store.remove(b.c, name("x"), {});
        REQUIRE(removed);
        CHECK(*removed == t.removed);
        CHECK_FALSE(b.truth().head({}, name("x")));
    }
}

TEST_CASE("retry: a remove with if_match after a lost answer leaves another version alone") {
    bench b;
    const etag first = b.truth().put({}, name("x"), as_bytes("1"), {}, {})->tag;
    b.script->fail_after(operation::remove, lost_answer());
    b.clock.on_sleep = [&](auto) { (void)b.truth().put({}, name("x"), as_bytes("2"), {}, {}); };

    const auto removed = b.store.remove(b.c, name("x"), condition::if_match(first));
    REQUIRE_FALSE(removed);
    CHECK(removed.error().code == errc::condition_failed);
    CHECK(removed.error().done == effect::indeterminate);
    CHECK(b.content("x") == "2");
}

TEST_CASE("retry: a create-only copy whose answer was lost succeeds when the target equals the source") {
    for (const bool shared : {true, false}) {
        CAPTURE(shared);
        bench b;
        b.truth() = any_store(memory_store({.share_copies = shared}));
        const etag source = b.truth().put({}, name("a"), as_bytes("1"), {.content_type = "t"}, {})->tag;
        b.script->fail_after(operation::copy, lost_answer());

        const auto copied =
            b.store.copy(b.c, name("a"), name("b"), condition::if_match(source), condition::if_absent());
        REQUIRE(copied);
        CHECK(copied->source_tag == source);
        CHECK(copied->info.tag == b.truth().head({}, name("b"))->tag);
        CHECK(copied->proof == (shared ? copy_proof::same_object : copy_proof::none));
        CHECK(b.script->calls(operation::read) == (shared ? 0 : 2));
    }
}

TEST_CASE("retry: a lost copy that meets another target, or a changed source, says so") {
    bench b;
    const etag source = b.truth().put({}, name("a"), as_bytes("1"), {}, {})->tag;
    b.script->fail_before(operation::copy, lost_answer());
    errc expected = errc::already_exists;
    SUBCASE("other bytes") { REQUIRE(b.truth().put({}, name("b"), as_bytes("2"), {}, {})); }
    SUBCASE("other attributes") { REQUIRE(b.truth().put({}, name("b"), as_bytes("1"), {.content_type = "t"}, {})); }
    SUBCASE("another length") { REQUIRE(b.truth().put({}, name("b"), as_bytes("12"), {}, {})); }
    SUBCASE("the source changed") {
        REQUIRE(b.truth().put({}, name("a"), as_bytes("2"), {}, {}));
        REQUIRE(b.truth().put({}, name("b"), as_bytes("2"), {}, {}));
        expected = errc::condition_failed;
    }
    SUBCASE("the source is gone") {
        REQUIRE(b.truth().remove({}, name("a"), {}));
        expected = errc::not_found;
    }

    const auto copied = b.store.copy(b.c, name("a"), name("b"), condition::if_match(source), condition::if_absent());
    REQUIRE_FALSE(copied);
    CHECK(copied.error().code == expected);
    CHECK(copied.error().done == effect::indeterminate);
}

TEST_CASE("retry: an upload whose abandoning was lost is abandoned; one whose commit was lost is unknown") {
    bench b;
    auto u = b.store.begin_upload(b.c, name("x")).value();
    b.script->fail_after(operation::abandon_upload, lost_answer());
    CHECK(b.store.abandon_upload(b.c, u));
    CHECK(b.store.abandon_upload(b.c, u).error().code == errc::not_found);

    u = b.store.begin_upload(b.c, name("x")).value();
    REQUIRE(b.store.stage_block(b.c, u, 0, 0, as_bytes("1")));
    b.script->fail_after(operation::commit_upload, lost_answer());
    const auto stored = b.store.commit_upload(b.c, u, 1, 1, {}, {});
    REQUIRE_FALSE(stored);
    CHECK(stored.error().done == effect::indeterminate);
}

TEST_CASE("retry: copies of a bulk verb whose answers were lost are looked into") {
    bench b;
    std::vector<copy_request> requests;
    for (const char* n : {"1", "2", "3"}) {
        REQUIRE(b.truth().put({}, name(std::string("a/") + n), as_bytes(n), {}, {}));
        requests.push_back({name(std::string("a/") + n), name(std::string("b/") + n)});
    }
    REQUIRE(b.truth().put({}, name("b/2"), as_bytes("other"), {}, {}));
    for (int i = 0; i < 2; ++i) b.script->fail_after(operation::copy_many, lost_answer());

    std::map<std::size_t, std::string> answers;
    b.store.copy_many(b.c, requests, {}, [&](std::size_t i, result<copy_result>&& outcome) {
        answers[i] = outcome ? "copied" : std::string(to_string(outcome.error().code));
    });
    CHECK(answers == std::map<std::size_t, std::string>{{0, "copied"}, {1, "already_exists"}, {2, "copied"}});
    CHECK(b.content("b/2") == "other");
}
