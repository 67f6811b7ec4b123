// SPDX-License-Identifier: MIT
//
// Conformance: if_absent and if_match on every path that writes. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_CONDITIONS_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_CONDITIONS_HPP

#include <array>  // array

#include <conformance/subject.hpp>

namespace blobshift::conformance {

/// The ways to write `content` to `n`, all under one condition.
enum class way { by_put, by_copy, by_commit };
inline constexpr std::array all_ways = {way::by_put, way::by_copy, way::by_commit};

inline result<blob_info> write(subject& the, way w, std::string_view n, std::string_view content,
                               const condition& when) {
    switch (w) {
        case way::by_put: return the.store.put(the.c, name(n), as_bytes(content), {}, when);
        case way::by_copy:
            put(the, "source/of/write", content);
            return copy(the, "source/of/write", n, {}, when).transform([](copy_result&& made) { return made.info; });
        case way::by_commit: break;
    }
    if (!the.store.native().blocks) return the.store.put(the.c, name(n), as_bytes(content), {}, when);
    const upload_session u = the.store.begin_upload(the.c, name(n)).value();
    the.store.stage_block(the.c, u, 0, 0, as_bytes(content)).value();
    return the.store.commit_upload(the.c, u, 1, content.size(), {}, when);
}

CONFORMANCE_CASE("if_absent makes a blob once, by put, copy and commit") {
    for (const way w : all_ways) {
        CAPTURE(static_cast<int>(w));
        const std::string n = "made/by/" + std::to_string(static_cast<int>(w));
        const auto made = write(the, w, n, "first", condition::if_absent());
        REQUIRE(made);
        CHECK(made->tag == head(the, n).value().tag);

        CHECK(refusal(write(the, w, n, "second", condition::if_absent()), n) == errc::already_exists);
        CHECK(text_of(the, n) == "first");
        CHECK(head(the, n).value().tag == made->tag);

        remove(the, n).value();
        CHECK(write(the, w, n, "third", condition::if_absent()));
        CHECK(text_of(the, n) == "third");
    }
}

CONFORMANCE_CASE("if_absent minds an empty blob, too") {
    put(the, "empty", "");
    for (const way w : all_ways) {
        CHECK(refusal(write(the, w, "empty", "more", condition::if_absent()), "empty") == errc::already_exists);
    }
    CHECK(text_of(the, "empty").empty());
}

CONFORMANCE_CASE("if_match replaces the version it names and no other, by put, copy and commit") {
    for (const way w : all_ways) {
        CAPTURE(static_cast<int>(w));
        const std::string n = "matched/by/" + std::to_string(static_cast<int>(w));
        const etag first = put(the, n, "first").tag;
        const auto second = write(the, w, n, "second", condition::if_match(first));
        REQUIRE(second);
        CHECK(second->tag != first);
        CHECK(text_of(the, n) == "second");

        CHECK(refusal(write(the, w, n, "third", condition::if_match(first)), n) == errc::condition_failed);
        CHECK(text_of(the, n) == "second");
        CHECK(head(the, n).value().tag == second->tag);

        remove(the, n).value();
        CHECK(refusal(write(the, w, n, "fourth", condition::if_match(second->tag)), n) == errc::condition_failed);
        CHECK(refusal(head(the, n), n) == errc::not_found);
    }
}

CONFORMANCE_CASE("if_match holds the tag to the letter and takes nothing for a wild card or a list") {
    const etag tag = put(the, "blob", "before").tag;
    const std::string& text = tag.text();
    std::vector<std::string> wrong = {"",         "*",         "\"*\"",      "W/" + text,      text + " ",
                                      " " + text, text + "\"", "\"" + text,  "\"x\", " + text, text + ", \"x\"",
                                      text + '\0', text + "\r\nIf-Match: *"};
    if (text.size() > 2 && text.front() == '"') wrong.push_back(text.substr(1, text.size() - 2));
    for (const std::string& t : wrong) {
        CAPTURE(t);
        const condition when = condition::if_match(etag(t));
        for (const way w : all_ways) {
            CHECK(refusal(write(the, w, "blob", "after", when), "blob") == errc::condition_failed);
        }
        CHECK(refusal(read(the, "blob", {}, when), "blob") == errc::condition_failed);
        CHECK(refusal(copy(the, "blob", "target", when), "blob") == errc::condition_failed);
        CHECK(refusal(remove(the, "blob", when), "blob") == errc::condition_failed);
    }
    CHECK(text_of(the, "blob") == "before");
    CHECK(head(the, "blob").value().tag == tag);
    CHECK(refusal(head(the, "target"), "target") == errc::not_found);
}

CONFORMANCE_CASE("the tag of one blob is no key to another") {
    const etag of_a = put(the, "a", "content A").tag;
    put(the, "b", "content B");
    const auto mixed_up = the.store.put(the.c, name("b"), as_bytes("after"), {}, condition::if_match(of_a));
    if (head(the, "b").value().tag != of_a) CHECK(refusal(mixed_up, "b") == errc::condition_failed);
    CHECK(text_of(the, "a") == "content A");
}

CONFORMANCE_CASE("a removal under if_match takes the version it names and no other") {
    const etag first = put(the, "blob", "first").tag;
    const etag second = put(the, "blob", "other").tag;
    CHECK(refusal(remove(the, "blob", condition::if_match(first)), "blob") == errc::condition_failed);
    CHECK(text_of(the, "blob") == "other");
    CHECK(remove(the, "blob", condition::if_match(second)).value());
    CHECK(refusal(head(the, "blob"), "blob") == errc::not_found);
}

CONFORMANCE_CASE("removing what is not there is false under if_match, too") {
    const etag tag = put(the, "blob").tag;
    remove(the, "blob").value();
    CHECK_FALSE(remove(the, "blob", condition::if_match(tag)).value());
    CHECK_FALSE(remove(the, "never", condition::if_match(tag)).value());
}

CONFORMANCE_CASE("a removal under if_absent makes no sense and is refused") {
    put(the, "blob");
    CHECK(refusal(remove(the, "blob", condition::if_absent())) == errc::invalid_argument);
    CHECK(refusal(remove(the, "absent", condition::if_absent())) == errc::invalid_argument);
    CHECK(text_of(the, "blob") == "content");
}

CONFORMANCE_CASE("an unconditional write passes over what a condition would have minded") {
    put(the, "blob", "first");
    for (const way w : all_ways) {
        CHECK(write(the, w, "blob", "second", condition::always()));
        CHECK(text_of(the, "blob") == "second");
    }
}

CONFORMANCE_CASE("a tag from a listing works as a condition") {
    put(the, "blob", "first");
    const list_page page = the.store.list(the.c, {}).value();
    REQUIRE(page.blobs.size() == 1);
    const condition when = condition::if_match(page.blobs.front().tag);
    CHECK(the.store.put(the.c, name("blob"), as_bytes("second"), {}, when));
    CHECK(refusal(the.store.put(the.c, name("blob"), as_bytes("third"), {}, when), "blob") == errc::condition_failed);
    CHECK(text_of(the, "blob") == "second");
}

}  // namespace blobshift::conformance

#endif
