// SPDX-License-Identifier: MIT
//
// Conformance: a store that moves, and blobs that outlive the store's object. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_LIFETIME_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_LIFETIME_HPP

#include <conformance/blocks.hpp>
#include <conformance/concurrency.hpp>
#include <conformance/copy.hpp>
#include <conformance/pages.hpp>
#include <conformance/subject.hpp>

namespace blobshift::conformance {

CONFORMANCE_CASE("a store that was moved goes on, uploads included") {
    const etag tag = put(the, "blob").tag;
    const bool blocks = the.store.native().blocks;
    upload_session u{name("up")};
    if (blocks) {
        u = begin(the, "up");
        stage(the, u, 0, 0, "half");
    }
    any_store elsewhere = std::move(the.store);
    the.store = std::move(elsewhere);
    CHECK(text_of(the, "blob") == "content");
    CHECK(head(the, "blob").value().tag == tag);
    if (blocks) {
        stage(the, u, 1, 4, "more");
        CHECK(commit(the, u, 2, 8));
        CHECK(text_of(the, "up") == "halfmore");
    }
    CHECK(the.store.put(the.c, name("blob"), as_bytes("after"), {}, condition::if_match(tag)));
}

CONFORMANCE_CASE("blobs, attributes and tags survive a restart") {
    if (!the.reopen) return;
    const attributes a = some_attributes(the.is);
    const std::string large = pattern(200'000);
    const etag tag = put(the, "dir/blob", large, a).tag;
    put(the, "empty", "");
    copy(the, "dir/blob", "copy").value();
    put(the, ".blobshift/state", "kept");
    const blob_info before = head(the, "copy").value();
    the.store = the.reopen();
    CHECK(text_of(the, "dir/blob") == large);
    CHECK(head(the, "dir/blob").value().attrs == a);
    CHECK(head(the, "dir/blob").value().tag == tag);
    CHECK(text_of(the, "empty").empty());
    CHECK(text_of(the, ".blobshift/state") == "kept");
    const blob_info after = head(the, "copy").value();
    CHECK(after.tag == before.tag);
    CHECK(after.last_modified == before.last_modified);
    CHECK(after.object_id == before.object_id);
    CHECK(names(the) == std::vector<std::string>{"copy", "dir/blob", "empty"});
    CHECK(the.store.put(the.c, name("dir/blob"), as_bytes("after"), {}, condition::if_match(tag)));
}

CONFORMANCE_CASE("a cursor survives a restart") {
    if (!the.reopen) return;
    const std::vector<std::string> stored = put_tricky_names(the);
    for (const char* delimiter : {"", "/"}) {
        const list_query q{.delimiter = delimiter, .page_size = 2};
        CHECK(list_with_breaks(the, q, [&](int) { the.store = the.reopen(); }) == expected(the.is.order, stored, q));
    }
}

CONFORMANCE_CASE("an upload that was not committed before a restart is not visible after it") {
    if (!the.reopen || !the.store.native().blocks) return;
    const upload_session u = begin(the, "blob");
    stage(the, u, 0, 0, "half of it");
    the.store = the.reopen();
    CHECK(refusal(head(the, "blob"), "blob") == errc::not_found);
    CHECK(names(the).empty());
    CHECK(names(the, ".blobshift/").empty());
    const condition when = the.is.staged_blocks_show ? condition::always() : condition::if_absent();
    CHECK(the.store.put(the.c, name("blob"), as_bytes("whole"), {}, when));
}

CONFORMANCE_CASE("two handles on one place see each other's writes at once") {
    if (!the.reopen) return;
    any_store first = std::move(the.store);
    the.store = the.reopen();
    const blob_name n = name("dir/blob");
    for (std::size_t i = 0, rounds = the.times(30, 3); i < rounds; ++i) {
        const std::string content = "round " + std::to_string(i);
        const etag tag = first.put(the.c, n, as_bytes(content), {}, condition::if_absent()).value().tag;
        CHECK(text_of(the, "dir/blob") == content);
        CHECK(names(the) == std::vector<std::string>{"dir/blob"});
        CHECK(refusal(the.store.put(the.c, n, as_bytes("x"), {}, condition::if_absent())) == errc::already_exists);
        CHECK(remove(the, "dir/blob", condition::if_match(tag)).value());
        CHECK(refusal(first.head(the.c, n), "dir/blob") == errc::not_found);
    }
}

CONFORMANCE_CASE("compare-and-swap and if_absent hold between two handles on one place") {
    if (!the.reopen) return;
    any_store second = the.reopen();
    const auto handle = [&](std::size_t i) -> any_store& { return i % 2 == 0 ? the.store : second; };
    put(the, "counter", "0");
    const std::size_t each = the.times(50, 5);
    std::atomic<std::size_t> failed = 0;
    together(4, [&](std::size_t i) {
        for (std::size_t k = 0; k < each; ++k) failed += increment(handle(i), the.c, name("counter")) ? 0 : 1;
    });
    CHECK(failed == 0);
    CHECK(text_of(the, "counter") == std::to_string(4 * each));

    for (std::size_t round = 0, rounds = the.times(30, 3); round < rounds; ++round) {
        const blob_name n = name("raced/" + std::to_string(round));
        std::atomic<std::size_t> made = 0;
        std::atomic<std::size_t> refused = 0;
        together(4, [&](std::size_t i) {
            const auto stored = handle(i).put(the.c, n, as_bytes("x"), {}, condition::if_absent());
            if (stored) ++made;
            else if (stored.error().code == errc::already_exists || stored.error().code == errc::conflict) ++refused;
        });
        CHECK(made == 1);
        CHECK(refused == 3);
    }
}

}  // namespace blobshift::conformance

#endif
