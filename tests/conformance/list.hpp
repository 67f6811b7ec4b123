// SPDX-License-Identifier: MIT
//
// Conformance: what a listing shows, held against a model of a few lines. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_LIST_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_LIST_HPP

#include <algorithm>  // sort, find
#include <set>        // set

#include <conformance/subject.hpp>

namespace blobshift::conformance {

/// The UTF-16 code units of well-formed UTF-8.
[[nodiscard]] inline std::u16string utf16(std::string_view text) {
    std::u16string units;
    while (!text.empty()) {
        const detail::code_point c = detail::decode_utf8(text);
        if (c.length == 0) return units;
        if (c.value >= 0x10000) units += static_cast<char16_t>(0xD7C0U + (c.value >> 10));
        units += static_cast<char16_t>(c.value >= 0x10000 ? 0xDC00U | (c.value & 0x3FFU) : c.value);
        text.remove_prefix(c.length);
    }
    return units;
}

[[nodiscard]] inline bool is_before(listing_order order, std::string_view a, std::string_view b) {
    return order == listing_order::utf8_bytes ? a < b : utf16(a) < utf16(b);
}

/// What a listing of `stored` must give, written down without any cleverness.
[[nodiscard]] inline listing expected(listing_order order, std::vector<std::string> stored, const list_query& q) {
    std::sort(stored.begin(), stored.end(),
              [&](const std::string& a, const std::string& b) { return is_before(order, a, b); });
    listing all;
    for (const std::string& n : stored) {
        if (!n.starts_with(q.prefix)) continue;
        if (!q.start_after.empty() && !is_before(order, q.start_after, n)) continue;
        if (is_reserved(n) && !is_reserved(q.prefix)) continue;
        const std::size_t cut = q.delimiter.empty() ? std::string::npos : n.find('/', q.prefix.size());
        if (cut == std::string::npos) {
            all.blobs.push_back(n);
        } else if (const std::string group = n.substr(0, cut + 1);
                   std::find(all.prefixes.begin(), all.prefixes.end(), group) == all.prefixes.end()) {
            all.prefixes.push_back(group);
        }
    }
    return all;
}

/// Names with the traps of listings in them, and none that a file tree must refuse.
[[nodiscard]] inline std::vector<std::string> tricky_names() {
    return {"a-b",   "a/b",         "a/b-c",    "a/c/d",  "a/c0",  "a/cc/d",  "a0",      "b/x/1",
            "b/x/2", "b/y",         "c",        "c.d/e",  "c0",    "foo/bar", "foo.bar/baz", "foobar",
            "Foo/x", "\xC3\xA9/1",  "\xC3\xA9", " a",     "%61",   "~",       "\xEF\xBD\x9E/x", "\xF0\x9F\x98\x80/x"};
}

/// Stores every name, all in all 24 (without é where é/1 forbids it).
inline std::vector<std::string> put_tricky_names(subject& the) {
    std::vector<std::string> stored = tricky_names();
    if (the.is.tree) std::erase(stored, "\xC3\xA9");
    for (const std::string& n : stored) put(the, n, n);
    return stored;
}

CONFORMANCE_CASE("an empty store lists nothing, under any query") {
    for (const list_query& q : {list_query{}, list_query{.prefix = "a"}, list_query{.prefix = "a/"},
                                list_query{.delimiter = "/"}, list_query{.start_after = "a"},
                                list_query{.prefix = ".blobshift/"}, list_query{.page_size = 1}}) {
        CAPTURE(q.prefix);
        const list_page page = the.store.list(the.c, q).value();
        CHECK(page.blobs.empty());
        CHECK(page.prefixes.empty());
        CHECK(list(the, q) == listing{});
    }
}

CONFORMANCE_CASE("prefix, delimiter and start_after choose what a listing shows") {
    const std::vector<std::string> stored = put_tricky_names(the);
    const std::vector<std::string> prefixes =
        the.is.slow ? std::vector<std::string>{"", "a", "a/", "b/x", "foo", "nothing"}
                    : std::vector<std::string>{"",        "a",   "a/",   "a/c", "a/c/", "a/c/d",    "a/c/d/",
                                               "b",       "b/x", "b/x/", "c",   "c.",   "foo",      "foo/",
                                               "nothing", "a//", "/",    "..",  "\xC3", "\xC3\xA9", "\xC3\xA9/",
                                               " ",       "%",   "z",    "a\\", "A",    "a/b\n"};
    const std::vector<std::string> starts =
        the.is.slow ? std::vector<std::string>{"", "a", "a/b", "c"}
                    : std::vector<std::string>{"",     "a",  "a-b", "a-a",   "a/",  "a/b", "a/c/d", "a/c/", "a0",
                                               "b/x/1", "b/x", "c",   "c.d/", "foo", "~",   "zz",    "\xC3\xA9",
                                               "\xEF\xBD\x9E"};
    for (const std::string& prefix : prefixes) {
        for (const std::string& start_after : starts) {
            for (const std::string delimiter : {"", "/"}) {
                const list_query q{.prefix = prefix, .delimiter = delimiter, .start_after = start_after};
                CAPTURE(prefix);
                CAPTURE(start_after);
                CAPTURE(delimiter);
                CHECK(list(the, q) == expected(the.is.order, stored, q));
            }
        }
    }
}

CONFORMANCE_CASE("start_after is exclusive and need not exist") {
    for (const std::string_view n : {"n1", "n2", "n3"}) put(the, n);
    using texts = std::vector<std::string>;
    CHECK(list(the, {.start_after = "n"}).blobs == texts{"n1", "n2", "n3"});
    CHECK(list(the, {.start_after = "n1"}).blobs == texts{"n2", "n3"});
    CHECK(list(the, {.start_after = "n1-not-there"}).blobs == texts{"n2", "n3"});
    CHECK(list(the, {.start_after = "n2"}).blobs == texts{"n3"});
    CHECK(list(the, {.start_after = "n3"}).blobs.empty());
    CHECK(list(the, {.prefix = "n2", .start_after = "n1"}).blobs == texts{"n2"});
    CHECK(list(the, {.prefix = "n1", .start_after = "n2"}).blobs.empty());
}

CONFORMANCE_CASE("characters around the delimiter keep their place in the order") {
    // '-' and '.' stand before '/', '0' behind it: a walk through directories that sorts by entry alone is wrong.
    std::vector<std::string> stored = {"a-b", "a.b", "a/b", "a/b-c/d", "a/b.c", "a/b0", "a0", "a/b/c"};
    if (the.is.tree) std::erase(stored, "a/b");
    else stored.push_back("a");
    for (const std::string& n : stored) put(the, n);
    CHECK(list(the) == expected(the.is.order, stored, {}));
    const list_query grouped{.delimiter = "/"};
    CHECK(list(the, grouped) == expected(the.is.order, stored, grouped));
    const list_query inside{.prefix = "a/", .delimiter = "/"};
    CHECK(list(the, inside) == expected(the.is.order, stored, inside));
}

CONFORMANCE_CASE("a blob beside a longer name that begins with it is listed on its own") {
    if (the.is.tree) return;
    put(the, "a");
    put(the, "a/b");
    put(the, "a/b/c");
    CHECK(names(the) == std::vector<std::string>{"a", "a/b", "a/b/c"});
    CHECK(list(the, {.delimiter = "/"}) == listing{{"a"}, {"a/"}});
    CHECK(list(the, {.prefix = "a", .delimiter = "/"}) == listing{{"a"}, {"a/"}});
    CHECK(list(the, {.prefix = "a/", .delimiter = "/"}) == listing{{"a/b"}, {"a/b/"}});
}

CONFORMANCE_CASE("a prefix is bytes, not segments, and matches case by case") {
    for (const std::string_view n : {"foo/1", "foo.bar/1", "foobar", "Foo/2"}) put(the, n);
    CHECK(names(the, "foo") == std::vector<std::string>{"foo.bar/1", "foo/1", "foobar"});
    CHECK(names(the, "foo/") == std::vector<std::string>{"foo/1"});
    CHECK(names(the, "F") == std::vector<std::string>{"Foo/2"});
    CHECK(names(the, "foo/1") == std::vector<std::string>{"foo/1"});
    CHECK(names(the, "foo/1/").empty());
}

CONFORMANCE_CASE("only '/' is a delimiter, any other is refused") {
    put(the, "a,b");
    for (const std::string delimiter : {",", "//", "abc", "\\", " "}) {
        CAPTURE(delimiter);
        CHECK(refusal(the.store.list(the.c, {.delimiter = delimiter})) == errc::invalid_argument);
    }
}

CONFORMANCE_CASE("when the last blob of a group is gone, so is the group") {
    put(the, "dir/sub/a");
    put(the, "dir/sub/b");
    put(the, "top");
    CHECK(list(the, {.delimiter = "/"}) == listing{{"top"}, {"dir/"}});
    remove(the, "dir/sub/a").value();
    CHECK(list(the, {.prefix = "dir/", .delimiter = "/"}) == listing{{}, {"dir/sub/"}});
    remove(the, "dir/sub/b").value();
    CHECK(list(the, {.delimiter = "/"}) == listing{{"top"}, {}});
    CHECK(list(the, {.prefix = "dir/", .delimiter = "/"}) == listing{});
    put(the, "dir");
    CHECK(list(the, {.delimiter = "/"}) == listing{{"dir", "top"}, {}});
}

CONFORMANCE_CASE("attributes come in a listing when they are asked for") {
    if (!the.is.keeps_attributes) return;
    attributes a;
    a.content_type = "text/plain";
    a.metadata = {{"k", "v"}};
    put(the, "typed", "x", a);
    put(the, "untyped", "x");
    const list_page page = the.store.list(the.c, {.with_attributes = true}).value();
    REQUIRE(page.blobs.size() == 2);
    CHECK(page.blobs[0].attrs == a);
    CHECK(page.blobs[1].attrs.empty());
}

CONFORMANCE_CASE("names under the reserved prefix are blobs that only a query for them lists") {
    put(the, ".blobshift/state/1", "one");
    put(the, ".blobshift/x", "two");
    put(the, ".blobshifted/y");
    put(the, ".a");
    put(the, "z");
    using texts = std::vector<std::string>;
    CHECK(text_of(the, ".blobshift/state/1") == "one");

    CHECK(names(the) == texts{".a", ".blobshifted/y", "z"});
    CHECK(names(the, ".") == texts{".a", ".blobshifted/y"});
    CHECK(names(the, ".blobshift") == texts{".blobshifted/y"});
    CHECK(names(the, ".blobshift/") == texts{".blobshift/state/1", ".blobshift/x"});
    CHECK(names(the, ".blobshift/st") == texts{".blobshift/state/1"});
    CHECK(list(the, {.start_after = ".a"}).blobs == texts{".blobshifted/y", "z"});
    CHECK(list(the, {.start_after = ".blobshift/state/1"}).blobs == texts{".blobshifted/y", "z"});

    CHECK(list(the, {.delimiter = "/"}) == listing{{".a", "z"}, {".blobshifted/"}});
    CHECK(list(the, {.delimiter = "/", .page_size = 1}) == listing{{".a", "z"}, {".blobshifted/"}});
    CHECK(list(the, {.prefix = ".blobshift/", .delimiter = "/"}) == listing{{".blobshift/x"}, {".blobshift/state/"}});

    std::vector<std::string> scanned;
    const auto note = [&](blob_info&& info) { return scanned.push_back(info.name.text()), result<void>(); };
    CHECK(the.store.scan(the.c, {}, note));
    std::sort(scanned.begin(), scanned.end());
    CHECK(scanned == texts{".a", ".blobshifted/y", "z"});
    scanned.clear();
    CHECK(the.store.scan(the.c, {.prefix = ".blobshift/"}, note));
    std::sort(scanned.begin(), scanned.end());
    CHECK(scanned == texts{".blobshift/state/1", ".blobshift/x"});
}

CONFORMANCE_CASE("a scan gives what a listing gives, in some order") {
    const std::vector<std::string> stored = put_tricky_names(the);
    for (const std::string_view prefix : {"", "a", "a/", "foo", "nothing"}) {
        for (const std::string_view start_after : {"", "a/b", "foo/bar"}) {
            CAPTURE(prefix);
            CAPTURE(start_after);
            const list_query q{.prefix = std::string(prefix), .start_after = std::string(start_after)};
            std::multiset<std::string> scanned;
            CHECK(the.store.scan(the.c, q, [&](blob_info&& info) -> result<void> {
                CHECK(info.size_bytes == info.name.text().size());
                CHECK_FALSE(info.tag.empty());
                scanned.insert(info.name.text());
                return {};
            }));
            const listing all = expected(the.is.order, stored, q);
            CHECK(scanned == std::multiset<std::string>(all.blobs.begin(), all.blobs.end()));
        }
    }
}

CONFORMANCE_CASE("a scan ends at the first error of its receiver and returns it") {
    for (int i = 0; i < 5; ++i) put(the, "n" + std::to_string(i));
    int calls = 0;
    const auto ended = the.store.scan(the.c, {}, [&](blob_info&&) -> result<void> {
        if (++calls == 2) return fail(errc::io_error, "the receiver had enough", "its own");
        return {};
    });
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == errc::io_error);
    CHECK(ended.error().subject == "its own");
    CHECK(calls == 2);
}

CONFORMANCE_CASE("a scan takes neither a delimiter nor a cursor") {
    put(the, "a/b");
    const auto never = [](blob_info&&) -> result<void> { return fail(errc::corrupt, "not to be called"); };
    CHECK(refusal(the.store.scan(the.c, {.delimiter = "/"}, never)) == errc::invalid_argument);
    CHECK(refusal(the.store.scan(the.c, {.cursor = "a"}, never)) == errc::invalid_argument);
}

CONFORMANCE_CASE("the receiver of a scan may use the store") {
    for (int i = 0; i < 5; ++i) put(the, "from/" + std::to_string(i));
    CHECK(the.store.scan(the.c, {.prefix = "from/"}, [&](blob_info&& info) -> result<void> {
        const std::string to = "to/" + info.name.text().substr(5);
        if (auto made = copy(the, info.name.text(), to); !made) return unexpected(std::move(made).error());
        if (auto gone = remove(the, info.name.text()); !gone) return unexpected(std::move(gone).error());
        return {};
    }));
    CHECK(names(the) == std::vector<std::string>{"to/0", "to/1", "to/2", "to/3", "to/4"});
}

}  // namespace blobshift::conformance

#endif
