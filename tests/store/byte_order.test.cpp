// SPDX-License-Identifier: MIT

#include <blobshift/store/byte_order.hpp>

#include <doctest/doctest.h>

using namespace blobshift;

TEST_CASE("just behind a name nothing else fits") {
    const std::string next = detail::just_behind("a");
    CHECK(next > std::string("a"));
    CHECK(next == std::string("a\0", 2));
    CHECK(next < std::string("a\x01"));
    CHECK(detail::just_behind("") == std::string(1, '\0'));
}

TEST_CASE("behind all texts with one beginning comes the next that has another") {
    CHECK(detail::behind_all("a/") == "a0");
    CHECK(detail::behind_all(reserved_prefix) == ".blobshift0");
    CHECK(detail::behind_all("\xF4\x8F\xBF\xBF") == "\xF4\x8F\xBF\xC0");
    CHECK(detail::behind_all("a/") > std::string("a/\xF4\x8F\xBF\xBF"));
}

TEST_CASE("a listing starts behind its cursor, behind start_after and not before its prefix") {
    struct row {
        list_query q;
        std::string first;
    };
    const auto behind = [](std::string_view text) { return detail::just_behind(text); };
    const row rows[] = {
        {{}, ""},
        {{.prefix = "b"}, "b"},
        {{.start_after = "b"}, behind("b")},
        {{.prefix = "b", .start_after = "a"}, "b"},
        {{.prefix = "b", .start_after = "b/x"}, behind("b/x")},
        {{.prefix = "b", .start_after = "c"}, behind("c")},
        {{.cursor = "b"}, behind("b")},
        {{.cursor = "b/"}, "b0"},
        {{.start_after = "c", .cursor = "b"}, behind("c")},
        {{.start_after = "b", .cursor = "c"}, behind("c")},
        {{.prefix = "b/", .delimiter = "/", .cursor = "b/x/"}, "b/x0"},
        {{.start_after = "b/"}, behind("b/")},
    };
    for (const row& t : rows) {
        CAPTURE(t.q.prefix);
        CAPTURE(t.q.start_after);
        CAPTURE(t.q.cursor);
        CHECK(detail::first_candidate(t.q) == t.first);
    }
}

TEST_CASE("a name belongs to the group that ends at the first delimiter behind the prefix") {
    const auto group = [](std::string_view prefix, std::string_view delimiter, std::string_view name) {
        return std::string(
            detail::group_of({.prefix = std::string(prefix), .delimiter = std::string(delimiter)}, name));
    };
    CHECK(group("", "", "a/b").empty());
    CHECK(group("", "/", "a").empty());
    CHECK(group("", "/", "a/b") == "a/");
    CHECK(group("", "/", "a/b/c") == "a/");
    CHECK(group("a", "/", "a/b") == "a/");
    CHECK(group("a/", "/", "a/b").empty());
    CHECK(group("a/", "/", "a/b/c") == "a/b/");
    CHECK(group("a/b", "/", "a/bc/d") == "a/bc/");
}
