// SPDX-License-Identifier: MIT
//
// Conformance: every name that blob_name admits means one blob. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_NAMES_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_NAMES_HPP

#include <algorithm>  // find

#include <conformance/list.hpp>
#include <conformance/subject.hpp>

namespace blobshift::conformance {

/// Names that some encoder, decoder, parser, normaliser or file system confuses with one another or cannot carry. None
/// runs through another one as through a directory.
[[nodiscard]] inline std::vector<std::string> hostile_names() {
    std::vector<std::string> all = {
        // escapes and what they stand for
        "%", "%%", "%2F", "%252F", "b%2Fc", "b/c", "%48%45%4C%4C%4F", "HELLO", "%00", "%zz", "%Q.parquet", "%2e%2e",
        "%C3%A9", "plus+sign", "plus sign", "plus%2Bsign", "plus%20sign",
        // what URLs, headers, XML, JSON, CSV and shells take for themselves
        "?x", "x?comp=list&restype=container", "#fragment", "x#y", "&amp;", "&", "a&b", "a&amp;b", "<b>", "&lt;b&gt;",
        "]]>", "'", "\"", "''", "`id`", "$(id)", "$HOME", ";", "a;b=c", ":", "C:", "C:x", "|", "*", "file*?", "[a]",
        "{a}", "a,b", "=cmd", "@x", "-rf", "--", "!", "^", "~", "~root", "I'm a < & weird name", "a=b", "a@b",
        "!@#$%^&()_+-=;',",
        // spaces
        " ", "  ", " leading", "trailing ", "in the middle", "two  spaces", "y/ /x", "   /y", "a /b", "a/ b",
        // dots that are not dot segments
        ".hidden", "..x", "...x", "x.y", "x/.y/z", ".x/..y",
        // case, and names of devices elsewhere
        "case", "Case", "CASE", "CON", "nul", "com1.txt", "aux/prn",
        // numbers that are equal as numbers
        "0", "00", "1", "01", "1.0", "1e0",
        // composed and decomposed, wide and narrow, similar and invisible
        "caf\xC3\xA9", "cafe\xCC\x81", "\xE2\x84\xAB", "\xC3\x85", "A\xCC\x8A", "\xEF\xBD\x81", "\xD0\xB0",
        "a\xE2\x80\x8B", "a\xE2\x80\x8D", "\xEF\xBB\xBF" "bom", "bom", "\xE2\x80\xA8line", "\xE2\x80\xA9para",
        "\xC2\xA0", "\xE2\x80\xAE" "fdp.exe", "\xC3\x9F", "ss", "\xC4\xB0", "\xC4\xB1", "\xEA\xB0\x80",
        "\xE1\x84\x80\xE1\x85\xA1",
        // other planes
        "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x82/\xF0\x9F\x98\x81", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA9",
        "\xE6\x97\xA5\xE6\x9C\xAC/\xE8\xAA\x9E",
        "\xF0\xA0\x80\x8B", "\xEF\xBF\xBD", "\xEF\xB7\xBA", "\xF4\x8F\xBF\xBD", "\xEE\x80\x80",
        // words that stores and web servers know
        "index.html", "$root", "$web/x", "favicon.ico", "tmp", "lost+found", ".git/config", "comp", "null", "undefined",
    };
    for (char c = 0x21; c < 0x7F; ++c) {
        if (c != '/' && c != '\\' && c != '.') all.push_back("ascii/" + std::string(1, c));
    }
    return all;
}

/// The same, as few as a slow store can bear.
[[nodiscard]] inline std::vector<std::string> hostile_names_for(const subject& the) {
    std::vector<std::string> all = hostile_names();
    if (!the.is.slow) return all;
    std::vector<std::string> some;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!all[i].starts_with("ascii/") || i % 4 == 0) some.push_back(all[i]);
    }
    return some;
}

CONFORMANCE_CASE("hostile names are distinct blobs that come back by name and in listings") {
    std::vector<std::string> stored = hostile_names_for(the);
    for (const std::string& n : stored) put(the, n, "content of " + n);
    for (const std::string& n : stored) {
        CAPTURE(n);
        CHECK(text_of(the, n) == "content of " + n);
    }
    CHECK(list(the) == expected(the.is.order, stored, {}));
    const list_query by_two{.page_size = 17};
    CHECK(list(the, by_two) == expected(the.is.order, stored, by_two));
    const list_query grouped{.delimiter = "/", .page_size = 7};
    CHECK(list(the, grouped) == expected(the.is.order, stored, grouped));
}

CONFORMANCE_CASE("hostile names work as prefix, as start_after and in copies and removals") {
    const std::vector<std::string> stored = hostile_names_for(the);
    const std::size_t step = the.times(1, 9);
    for (std::size_t i = 0; i < stored.size(); i += step) put(the, stored[i], stored[i]);
    for (std::size_t i = 0; i < stored.size(); i += step) {
        const std::string& n = stored[i];
        CAPTURE(n);
        const listing under = list(the, {.prefix = n});
        CHECK(std::find(under.blobs.begin(), under.blobs.end(), n) != under.blobs.end());
        for (const std::string& found : under.blobs) CHECK(found.starts_with(n));
        const listing behind = list(the, {.start_after = n, .page_size = 1'000});
        if (!behind.blobs.empty()) CHECK(is_before(the.is.order, n, behind.blobs.front()));

        const std::string moved = "moved/" + n + "/x";
        CHECK(copy(the, n, moved, {}, condition::if_absent()));
        CHECK(remove(the, n).value());
        CHECK(refusal(head(the, n), n) == errc::not_found);
        CHECK(text_of(the, moved) == n);
    }
    CHECK(list(the).blobs.size() == (stored.size() + step - 1) / step);
}

CONFORMANCE_CASE("names of the largest size work, and what a store cannot hold is refused before anything is written") {
    std::string most_segments = "s";
    for (int i = 1; i < 254; ++i) most_segments += "/s";
    std::string wide;  // 1,024 UTF-16 code units, 2,048 bytes, in segments of at most 200 bytes
    for (int i = 0; i < 512; ++i) wide += i % 50 == 49 ? "/x" : "\xF0\x9F\x98\x80";
    const std::string one_long_segment(1024, 'n');
    std::string long_segments;
    while (long_segments.size() < 1'000) long_segments += std::string(250, 'n') + "/";
    long_segments += "end";

    for (const std::string& n : {most_segments, wide, one_long_segment, long_segments}) {
        CAPTURE(n.size());
        std::size_t longest = 0;
        std::size_t segments = 0;
        for (std::size_t at = 0, end = 0; end != std::string::npos; at = end + 1) {
            end = n.find('/', at);
            ++segments;
            longest = (std::max)(longest, (end == std::string::npos ? n.size() : end) - at);
        }
        const auto made = the.store.put(the.c, name(n), as_bytes("content"), {}, {});
        if (longest <= the.is.longest_segment_bytes && utf16(n).size() <= the.is.longest_name_units &&
            segments <= the.is.most_segments) {
            REQUIRE(made);
            CHECK(text_of(the, n) == "content");
            CHECK(list(the, {.prefix = n}).blobs == std::vector<std::string>{n});
            CHECK(remove(the, n).value());
        } else {
            CHECK(refusal(made, n) == errc::invalid_argument);
            put(the, "source");
            CHECK(refusal(copy(the, "source", n), n) == errc::invalid_argument);
            remove(the, "source").value();
        }
        CHECK(names(the).empty());
    }
}

CONFORMANCE_CASE("a blob whose name runs through another blob is a conflict in a tree and fine elsewhere") {
    put(the, "a", "the file");
    put(the, "d/e/f", "deep");
    for (const std::string n : {"a/b", "a/b/c", "d", "d/e"}) {
        CAPTURE(n);
        if (!the.is.tree) {
            put(the, n, n);
            CHECK(text_of(the, n) == n);
            continue;
        }
        for (const condition& when : {condition::always(), condition::if_absent()}) {
            CHECK(refusal(the.store.put(the.c, name(n), as_bytes("x"), {}, when), n) == errc::conflict);
            CHECK(refusal(copy(the, "a", n, {}, when), n) == errc::conflict);
        }
        CHECK(refusal(head(the, n), n) == errc::not_found);
        CHECK(refusal(read(the, n), n) == errc::not_found);
        CHECK_FALSE(remove(the, n).value());
    }
    CHECK(text_of(the, "a") == "the file");
    CHECK(text_of(the, "d/e/f") == "deep");
    CHECK(names(the).size() == (the.is.tree ? 2 : 6));
}

CONFORMANCE_CASE("a name that is free again may become a group, and a group a name") {
    put(the, "x", "blob");
    CHECK(remove(the, "x").value());
    put(the, "x/y/z", "deep");
    CHECK(text_of(the, "x/y/z") == "deep");
    CHECK(remove(the, "x/y/z").value());
    put(the, "x", "blob again");
    CHECK(text_of(the, "x") == "blob again");
    CHECK(names(the) == std::vector<std::string>{"x"});
}

}  // namespace blobshift::conformance

#endif
