// SPDX-License-Identifier: MIT
//
// Conformance: head and read. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_READ_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_READ_HPP

#include <conformance/subject.hpp>

namespace blobshift::conformance {

CONFORMANCE_CASE("a read gives exactly the bytes that put stored") {
    for (const std::string& content : {std::string(), std::string("a"), std::string("\0\r\n\xFF", 4),
                                       std::string("\xEF\xBB\xBF{}"), std::string(1, '\0'), pattern(70'001)}) {
        CAPTURE(content.size());
        put(the, "dir/blob", content);
        const auto whole = read(the, "dir/blob", {}, {}, content.size() + 1);
        REQUIRE(whole);
        CHECK(whole->text == content);
        CHECK(whole->offset == 0);
        CHECK(whole->info.size_bytes == content.size());
        CHECK(whole->info.name == name("dir/blob"));
    }
}

CONFORMANCE_CASE("a read honours offset, length, suffix and the room of the buffer") {
    put(the, "ten", "0123456789");
    constexpr std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)();
    struct row {
        read_range range;
        std::size_t room;
        std::string_view text;
        std::uint64_t offset;
    };
    const row rows[] = {
        {read_range::all(), 20, "0123456789", 0},
        {read_range::all(), 10, "0123456789", 0},
        {read_range::all(), 3, "012", 0},
        {read_range::all(), 0, "", 0},
        {read_range::from(9), 20, "9", 9},
        {read_range::from(4), 20, "456789", 4},
        {read_range::from(4), 2, "45", 4},
        {read_range::part(0, 1), 20, "0", 0},
        {read_range::part(3, 4), 20, "3456", 3},
        {read_range::part(3, 4), 2, "34", 3},
        {read_range::part(3, 0), 20, "", 3},
        {read_range::part(0, 0), 20, "", 0},
        {read_range::part(8, 100), 20, "89", 8},
        {read_range::part(8, most), 20, "89", 8},
        {read_range::last(3), 20, "789", 7},
        {read_range::last(3), 2, "78", 7},
        {read_range::last(10), 20, "0123456789", 0},
        {read_range::last(11), 20, "0123456789", 0},
        {read_range::last(most), 20, "0123456789", 0},
        {read_range::last(0), 20, "", 10},
    };
    for (const row& t : rows) {
        CAPTURE(t.range.offset);
        CAPTURE(t.range.length);
        CAPTURE(t.range.from_end);
        CAPTURE(t.room);
        const auto part = read(the, "ten", t.range, {}, t.room);
        REQUIRE(part);
        CHECK(part->text == t.text);
        CHECK(part->offset == t.offset);
        CHECK(part->info.size_bytes == 10);
    }
}

CONFORMANCE_CASE("a read touches no byte of the buffer behind what it reports") {
    put(the, "three", "abc");
    bytes buffer(8, std::byte{'.'});
    REQUIRE(the.store.read(the.c, name("three"), read_range::all(), buffer, {}));
    CHECK(as_text(buffer) == "abc.....");
}

CONFORMANCE_CASE("a range that starts at or behind the end is out_of_range") {
    put(the, "ten", "0123456789");
    constexpr std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)();
    for (const read_range& range : {read_range::from(10), read_range::from(11), read_range::part(10, 1),
                                    read_range::part(10, 0), read_range::from(most), read_range::part(most, most)}) {
        CAPTURE(range.offset);
        CHECK(refusal(read(the, "ten", range), "ten") == errc::out_of_range);
    }
    CHECK(refusal(read(the, "ten", read_range::from(10), {}, 0), "ten") == errc::out_of_range);
}

CONFORMANCE_CASE("an empty blob gives no bytes from its start and from its end, and has nothing behind") {
    put(the, "empty", "");
    for (const read_range& range : {read_range::all(), read_range::part(0, 5), read_range::part(0, 0),
                                    read_range::last(5), read_range::last(0)}) {
        CAPTURE(range.length);
        CAPTURE(range.from_end);
        const auto nothing = read(the, "empty", range);
        REQUIRE(nothing);
        CHECK(nothing->text.empty());
        CHECK(nothing->offset == 0);
        CHECK(nothing->info.size_bytes == 0);
    }
    CHECK(refusal(read(the, "empty", read_range::from(1)), "empty") == errc::out_of_range);
    CHECK(head(the, "empty").value().size_bytes == 0);
}

CONFORMANCE_CASE("head and read of a blob that is not there are not_found") {
    put(the, "there/blob");
    for (const std::string_view n :
         {"absent", "there", "there/blo", "there/blob2", "ther", "there/other", "THERE/BLOB"}) {
        CAPTURE(n);
        CHECK(refusal(head(the, n), n) == errc::not_found);
        CHECK(refusal(read(the, n), n) == errc::not_found);
        CHECK(refusal(read(the, n, {}, {}, 0), n) == errc::not_found);
        CHECK(refusal(read(the, n, read_range::last(1)), n) == errc::not_found);
    }
}

CONFORMANCE_CASE("put, head, read and list tell the same of a blob") {
    attributes a;
    if (the.is.keeps_attributes) a.content_type = "text/plain";
    const blob_info made = put(the, "some/blob", "content", a);
    const blob_info seen = head(the, "some/blob").value();
    const blob_info from_read = read(the, "some/blob").value().info;
    const list_page page = the.store.list(the.c, {.prefix = "some/", .with_attributes = true}).value();
    REQUIRE(page.blobs.size() == 1);
    for (const blob_info& info : {made, from_read, page.blobs.front()}) {
        CHECK(info.name == seen.name);
        CHECK(info.size_bytes == seen.size_bytes);
        CHECK(info.tag == seen.tag);
        CHECK(info.last_modified == seen.last_modified);
        CHECK(info.attrs == seen.attrs);
    }
    CHECK(seen.size_bytes == 7);
    CHECK(seen.attrs == a);
    CHECK_FALSE(seen.tag.empty());
    CHECK(seen.copy == copy_state::none);
    CHECK_FALSE(seen.obstacles.any());
}

CONFORMANCE_CASE("a read is pinned to a version by if_match") {
    const etag first = put(the, "blob", "first").tag;
    CHECK(read(the, "blob", {}, condition::if_match(first)).value().text == "first");
    CHECK(read(the, "blob", read_range::last(2), condition::if_match(first)).value().text == "st");

    const etag second = put(the, "blob", "other").tag;
    CHECK(refusal(read(the, "blob", {}, condition::if_match(first)), "blob") == errc::condition_failed);
    CHECK(refusal(read(the, "blob", read_range::part(1, 2), condition::if_match(first)), "blob") ==
          errc::condition_failed);
    CHECK(read(the, "blob", {}, condition::if_match(second)).value().text == "other");

    remove(the, "blob").value();
    CHECK(refusal(read(the, "blob", {}, condition::if_match(second)), "blob") == errc::not_found);
}

CONFORMANCE_CASE("a read under if_absent makes no sense and is refused") {
    put(the, "blob");
    CHECK(refusal(read(the, "blob", {}, condition::if_absent())) == errc::invalid_argument);
    CHECK(refusal(read(the, "absent", {}, condition::if_absent())) == errc::invalid_argument);
}

}  // namespace blobshift::conformance

#endif
