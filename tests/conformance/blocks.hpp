// SPDX-License-Identifier: MIT
//
// Conformance: uploads in blocks. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_BLOCKS_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_BLOCKS_HPP

#include <numeric>  // accumulate
#include <thread>   // jthread

#include <conformance/copy.hpp>
#include <conformance/subject.hpp>

namespace blobshift::conformance {

/// Whether the store takes blocks; if not, that it says so.
[[nodiscard]] inline bool takes_blocks(subject& the) {
    if (the.store.native().blocks) return true;
    const upload_session none{name("blob")};
    CHECK(refusal(the.store.begin_upload(the.c, name("blob"))) == errc::unsupported);
    CHECK(refusal(the.store.stage_block(the.c, none, 0, 0, as_bytes("x"))) == errc::unsupported);
    CHECK(refusal(the.store.commit_upload(the.c, none, 1, 1, {}, {})) == errc::unsupported);
    CHECK(refusal(the.store.abandon_upload(the.c, none)) == errc::unsupported);
    return false;
}

[[nodiscard]] inline upload_session begin(subject& the, std::string_view n) {
    return the.store.begin_upload(the.c, name(n)).value();
}

inline void stage(subject& the, const upload_session& u, std::uint32_t index, std::uint64_t offset,
                  std::string_view text) {
    the.store.stage_block(the.c, u, index, offset, as_bytes(text)).value();
}

[[nodiscard]] inline result<blob_info> commit(subject& the, const upload_session& u, std::uint32_t count,
                                              std::uint64_t size, const attributes& a = {},
                                              const condition& when = {}) {
    return the.store.commit_upload(the.c, u, count, size, a, when);
}

CONFORMANCE_CASE("blocks become the blob in the order of their index, however they came") {
    if (!takes_blocks(the)) return;
    const std::string content = "the first block, the second, and the last";
    const std::size_t at[] = {0, 17, 29, content.size()};
    for (const auto& order : {std::vector<std::uint32_t>{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}}) {
        const upload_session u = begin(the, "up/loaded");
        for (const std::uint32_t i : order) stage(the, u, i, at[i], content.substr(at[i], at[i + 1] - at[i]));
        const auto made = commit(the, u, 3, content.size());
        REQUIRE(made);
        CHECK(made->name == name("up/loaded"));
        CHECK(made->size_bytes == content.size());
        CHECK(made->tag == head(the, "up/loaded").value().tag);
        CHECK(text_of(the, "up/loaded") == content);
    }
}

CONFORMANCE_CASE("an upload is not visible before its commit and never after it was abandoned") {
    if (!takes_blocks(the)) return;
    put(the, "old", "before");
    for (const std::string_view n : {"new/blob", "old"}) {
        const upload_session u = begin(the, n);
        stage(the, u, 0, 0, "half of it");
        CHECK(text_of(the, "old") == "before");
        CHECK(refusal(head(the, "new/blob"), "new/blob") == errc::not_found);
        CHECK(names(the) == std::vector<std::string>{"old"});
        CHECK(list(the, {.delimiter = "/"}) == listing{{"old"}, {}});
        if (!the.is.staged_blocks_show) CHECK_FALSE(remove(the, "new/blob").value());
        CHECK(the.store.put(the.c, name("other"), as_bytes("x"), {}, condition::if_absent()));
        CHECK(the.store.abandon_upload(the.c, u));
        CHECK(text_of(the, "old") == "before");
        remove(the, "other").value();
        CHECK(names(the) == std::vector<std::string>{"old"});
    }
}

CONFORMANCE_CASE("the name of an abandoned upload is free") {
    if (!takes_blocks(the)) return;
    const upload_session u = begin(the, "blob");
    stage(the, u, 0, 0, "abandoned");
    CHECK(the.store.abandon_upload(the.c, u));
    const condition when = the.is.staged_blocks_show ? condition::always() : condition::if_absent();
    CHECK(the.store.put(the.c, name("blob"), as_bytes("made"), {}, when));
    CHECK(text_of(the, "blob") == "made");
}

CONFORMANCE_CASE("a block that is staged again replaces the first") {
    if (!takes_blocks(the)) return;
    const upload_session u = begin(the, "blob");
    stage(the, u, 0, 0, "wrong");
    stage(the, u, 1, 5, "BBBBB");
    stage(the, u, 0, 0, "right");
    REQUIRE(commit(the, u, 2, 10));
    CHECK(text_of(the, "blob") == "rightBBBBB");
}

CONFORMANCE_CASE("the last block may be shorter, one block is enough, and none makes an empty blob") {
    if (!takes_blocks(the)) return;
    const upload_session one = begin(the, "one");
    stage(the, one, 0, 0, "x");
    CHECK(commit(the, one, 1, 1));
    CHECK(text_of(the, "one") == "x");
    const upload_session none = begin(the, "none");
    CHECK(commit(the, none, 0, 0));
    CHECK(text_of(the, "none").empty());
    CHECK(head(the, "none").value().size_bytes == 0);
}

CONFORMANCE_CASE("a commit takes the blocks that it counts and leaves out the rest") {
    if (!takes_blocks(the)) return;
    const upload_session u = begin(the, "blob");
    stage(the, u, 0, 0, "AAA");
    stage(the, u, 1, 3, "BBB");
    stage(the, u, 2, 6, "not wanted");
    REQUIRE(commit(the, u, 2, 6));
    CHECK(text_of(the, "blob") == "AAABBB");
}

CONFORMANCE_CASE("a missing block or a wrong size refuses the commit and leaves what was there") {
    if (!takes_blocks(the)) return;
    const etag before = put(the, "blob", "before").tag;
    const auto refused = [&](std::initializer_list<std::uint32_t> staged, std::uint32_t count, std::uint64_t size) {
        const upload_session u = begin(the, "blob");
        for (const std::uint32_t i : staged) stage(the, u, i, 3 * i, "xyz");
        const auto outcome = commit(the, u, count, size);
        CHECK(the.store.abandon_upload(the.c, u));
        return refusal(outcome, "blob");
    };
    CHECK(refused({0, 2}, 3, 9) == errc::invalid_argument);
    CHECK(refused({1}, 2, 6) == errc::invalid_argument);
    CHECK(refused({}, 1, 3) == errc::invalid_argument);
    CHECK(refused({0, 1}, 2, 5) == errc::invalid_argument);
    CHECK(refused({0, 1}, 2, 7) == errc::invalid_argument);
    CHECK(refused({0, 1}, 1, 6) == errc::invalid_argument);
    CHECK(refused({0}, 0, 3) == errc::invalid_argument);
    CHECK(text_of(the, "blob") == "before");
    CHECK(head(the, "blob").value().tag == before);
}

CONFORMANCE_CASE("a commit carries attributes and replaces those that were there") {
    if (!takes_blocks(the) || !the.is.keeps_attributes) return;
    attributes old;
    old.metadata = {{"old", "1"}};
    put(the, "blob", "before", old);
    const upload_session u = begin(the, "blob");
    stage(the, u, 0, 0, "after");
    REQUIRE(commit(the, u, 1, 5, some_attributes(the.is)));
    CHECK(head(the, "blob").value().attrs == some_attributes(the.is));

    const upload_session bare = begin(the, "blob");
    stage(the, bare, 0, 0, "bare");
    REQUIRE(commit(the, bare, 1, 4));
    CHECK(head(the, "blob").value().attrs.empty());

    attributes bad;
    bad.metadata = {{"Not a name", "v"}};
    const upload_session refused = begin(the, "blob");
    stage(the, refused, 0, 0, "never");
    CHECK(refusal(commit(the, refused, 1, 5, bad)) == errc::invalid_argument);
    CHECK(the.store.abandon_upload(the.c, refused));
    CHECK(text_of(the, "blob") == "bare");
}

CONFORMANCE_CASE("of two uploads to one name each commits its own blocks or is refused, never a mixture") {
    if (!takes_blocks(the)) return;
    const upload_session a = begin(the, "blob");
    const upload_session b = begin(the, "blob");
    CHECK(a.id != b.id);
    stage(the, a, 0, 0, "AAAA");
    stage(the, b, 0, 0, "bbbb");
    stage(the, b, 1, 4, "bb");
    stage(the, a, 1, 4, "AA");
    REQUIRE(commit(the, a, 2, 6));
    CHECK(text_of(the, "blob") == "AAAAAA");
    const auto second = commit(the, b, 2, 6);  // a service may drop all other blocks of a name with a commit
    if (!second) CHECK(refusal(second, "blob").has_value());
    CHECK(text_of(the, "blob") == (second ? "bbbbbb" : "AAAAAA"));
}

CONFORMANCE_CASE("uploads to two names do not touch each other") {
    if (!takes_blocks(the)) return;
    const upload_session a = begin(the, "a");
    const upload_session b = begin(the, "b");
    stage(the, a, 0, 0, "of a");
    stage(the, b, 0, 0, "of b, longer");
    REQUIRE(commit(the, b, 1, 12));
    REQUIRE(commit(the, a, 1, 4));
    CHECK(text_of(the, "a") == "of a");
    CHECK(text_of(the, "b") == "of b, longer");
}

CONFORMANCE_CASE("blocks may be staged by several threads") {
    if (!takes_blocks(the)) return;
    constexpr std::uint32_t count = 8;
    const std::size_t size = the.is.slow ? 1'000 : 100'000;
    const std::string content = pattern(count * size);
    const upload_session u = begin(the, "blob");
    std::vector<int> staged(count, 0);
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t i = 0; i < count; ++i) {
            threads.emplace_back([&, i] {
                staged[i] = the.store.stage_block(the.c, u, i, i * size,
                                                  as_bytes(std::string_view(content).substr(i * size, size)))
                                ? 1
                                : 0;
            });
        }
    }
    CHECK(std::accumulate(staged.begin(), staged.end(), 0) == static_cast<int>(count));
    REQUIRE(commit(the, u, count, content.size()));
    CHECK(text_of(the, "blob") == content);
}

}  // namespace blobshift::conformance

#endif
