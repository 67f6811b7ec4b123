// SPDX-License-Identifier: MIT
//
// Conformance: pages and cursors of listings, at rest and while the store changes.
// Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_PAGES_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_PAGES_HPP

#include <set>  // set

#include <conformance/list.hpp>
#include <conformance/subject.hpp>

namespace blobshift::conformance {

/// Pages through `q` and calls `between(page number)` after each page but the last.
template <class Between>
[[nodiscard]] listing list_with_breaks(subject& the, list_query q, Between between) {
    listing all;
    for (int number = 0;; ++number) {
        REQUIRE(number < 10'000);
        const list_page page = the.store.list(the.c, q).value();
        append(all, q, page);
        if (page.cursor.empty()) return all;
        q.cursor = page.cursor;
        between(number);
    }
}

CONFORMANCE_CASE("pages of one, two and three entries are together the listing without pages") {
    const std::vector<std::string> stored = put_tricky_names(the);
    const std::vector<std::string> prefixes = the.is.slow
                                                  ? std::vector<std::string>{"", "a/"}
                                                  : std::vector<std::string>{"", "a", "a/", "a/c", "b/x/", "f", "\xC3"};
    const std::vector<std::string> starts =
        the.is.slow ? std::vector<std::string>{""} : std::vector<std::string>{"", "a/b", "a/c/", "foo.bar/"};
    for (const std::string& prefix : prefixes) {
        for (const std::string& start_after : starts) {
            for (const std::string delimiter : {"", "/"}) {
                for (const std::size_t page_size : {1U, 2U, 3U}) {
                    const list_query q{.prefix = prefix,
                                       .delimiter = delimiter,
                                       .start_after = start_after,
                                       .page_size = page_size};
                    CAPTURE(prefix);
                    CAPTURE(start_after);
                    CAPTURE(delimiter);
                    CAPTURE(page_size);
                    CHECK(list(the, q) == expected(the.is.order, stored, q));
                }
            }
        }
    }
}

CONFORMANCE_CASE("a page as large as the listing, or larger, ends it") {
    for (const std::string_view n : {"a/1", "b", "c"}) put(the, n);
    for (const std::size_t page_size : {std::size_t{3}, std::size_t{4}, (std::numeric_limits<std::size_t>::max)()}) {
        CAPTURE(page_size);
        CHECK(list(the, {.page_size = page_size}).blobs == std::vector<std::string>{"a/1", "b", "c"});
    }
}

CONFORMANCE_CASE("a long listing gives each blob exactly once, in order, whatever the page size") {
    std::vector<std::string> stored;
    const std::size_t count = the.times(700, 30);
    for (std::size_t i = 0; i < count; ++i) {
        stored.push_back("n" + std::to_string(i % 7) + "/" + std::to_string(i * 7919 % 1000) +
                         (i % 3 == 0 ? ".dcm" : "-x/y"));
        put(the, stored.back(), "");
    }
    const listing all = expected(the.is.order, stored, {});
    CHECK(all.blobs.size() == count);
    for (const std::size_t page_size : {std::size_t{0}, count / 3, std::size_t{10}, count - 1}) {
        CAPTURE(page_size);
        CHECK(list(the, {.page_size = page_size}) == all);
    }
    const list_query grouped{.delimiter = "/", .page_size = 2};
    CHECK(list(the, grouped) == expected(the.is.order, stored, grouped));
    const list_query inside{.prefix = "n3/", .delimiter = "/", .page_size = 5};
    CHECK(list(the, inside) == expected(the.is.order, stored, inside));
}

CONFORMANCE_CASE("a cursor outlives the blob it stands at") {
    std::vector<std::string> stored;
    for (int i = 0; i < 9; ++i) put(the, stored.emplace_back("n" + std::to_string(i)));
    listing all = list_with_breaks(the, {.page_size = 2}, [&](int page) {
        remove(the, stored[static_cast<std::size_t>(2 * page + 1)]).value();  // the last entry of the page before
    });
    CHECK(all.blobs == stored);
}

CONFORMANCE_CASE("a cursor outlives all blobs before and at it, and a group that it stands at") {
    for (const std::string_view n : {"a/1", "a/2", "b/1", "c", "d/1"}) put(the, n);
    const list_query first{.delimiter = "/", .page_size = 2};
    const list_page page = the.store.list(the.c, first).value();
    REQUIRE(page.prefixes == std::vector<std::string>{"a/", "b/"});
    REQUIRE_FALSE(page.cursor.empty());
    for (const std::string_view n : {"a/1", "a/2", "b/1"}) remove(the, n).value();
    list_query rest = first;
    rest.cursor = page.cursor;
    CHECK(list(the, rest) == listing{{"c"}, {"d/"}});

    for (const std::string_view n : {"c", "d/1"}) remove(the, n).value();
    CHECK(list(the, rest) == listing{});
}

CONFORMANCE_CASE("a group is not repeated when it grows behind the cursor that stands at it") {
    for (const std::string_view n : {"a/1", "b/1", "c"}) put(the, n);
    int breaks = 0;
    const listing all = list_with_breaks(the, {.delimiter = "/", .page_size = 1}, [&](int) {
        put(the, "a/" + std::string(1, static_cast<char>('2' + breaks)));
        put(the, "a/~" + std::to_string(breaks++));
    });
    CHECK(all == listing{{"c"}, {"a/", "b/"}});
}

CONFORMANCE_CASE("blobs that stay are listed exactly once while others come and go between the pages") {
    std::vector<std::string> staying;
    const std::size_t count = the.times(40, 12);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string digits = std::to_string(100 + i);
        put(the, staying.emplace_back("n" + digits));
        put(the, "n" + digits + "-leaving");
    }
    std::set<std::string> others;
    listing all = list_with_breaks(the, {.page_size = 3}, [&](int page) {
        const std::string digits = std::to_string(100 + static_cast<std::size_t>(page) % count);
        remove(the, "n" + digits + "-leaving").value();
        put(the, "n" + digits + "+coming");
        put(the, "n" + std::to_string(100 + count - 1 - static_cast<std::size_t>(page) % count) + "~coming");
        put(the, staying[static_cast<std::size_t>(page) % count], "changed");
    });
    std::vector<std::string> seen;
    for (const std::string& n : all.blobs) {
        if (n.size() == 4) seen.push_back(n);
        else CHECK(others.insert(n).second);
    }
    CHECK(seen == staying);
    for (std::size_t i = 1; i < all.blobs.size(); ++i) CHECK(is_before(the.is.order, all.blobs[i - 1], all.blobs[i]));
}

CONFORMANCE_CASE("a cursor may be used twice, and by another thread's copy of the query") {
    for (int i = 0; i < 5; ++i) put(the, "n" + std::to_string(i));
    const list_page page = the.store.list(the.c, {.page_size = 2}).value();
    const list_query rest{.cursor = page.cursor, .page_size = 2};
    const listing once = list(the, rest);
    CHECK(once.blobs == std::vector<std::string>{"n2", "n3", "n4"});
    CHECK(list(the, rest) == once);
}

CONFORMANCE_CASE("a cursor carries names of every kind") {
    const std::vector<std::string> stored = put_tricky_names(the);
    for (const std::string delimiter : {"", "/"}) {
        list_query q{.delimiter = delimiter, .page_size = 1};
        CHECK(list(the, q) == expected(the.is.order, stored, q));
    }
}

CONFORMANCE_CASE("start_after and pages work together") {
    for (int i = 0; i < 7; ++i) put(the, "n" + std::to_string(i));
    CHECK(list(the, {.prefix = "n", .start_after = "n2", .page_size = 2}).blobs ==
          std::vector<std::string>{"n3", "n4", "n5", "n6"});
}

}  // namespace blobshift::conformance

#endif
