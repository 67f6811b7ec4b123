// SPDX-License-Identifier: MIT
#include <blobshift/migrate/second_look.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <migrate/archive.hpp>

namespace {

using namespace blobshift;
using blobshift_tests::hooked_store;

constexpr int listed = 100;

std::string numbered(int i) { return "n" + std::to_string(1000 + i); }

etag stored(hooked_store& store, std::string_view name, std::string_view content = "x") {
    return store.put({}, blob_name::parse(name).value(), as_bytes(content), {}, condition::always()).value().tag;
}

/// A store that lists by pages of ten, with names around those that are asked for.
struct paged {
    hooked_store store{memory_store_options{.page_size = 10}};
    std::vector<std::string> names = {};
    std::vector<etag> tags = {};

    paged() {
        for (int i = 0; i < listed; ++i) {
            names.push_back(numbered(i));
            tags.push_back(stored(store, names.back()));
        }
        stored(store, "1.2/3");
        stored(store, "zzz");
        store.hook().calls.clear();
    }
    /// What is seen of names `first` to `last` - 1.
    auto look(detail::second_look<hooked_store>& at, int first, int last) {
        std::vector<detail::second_question> asked;
        for (int i = first; i < last; ++i) asked.push_back({names[static_cast<std::size_t>(i)]});
        return at.at({}, asked);
    }
};

TEST_CASE("a store that lists by pages is asked by one more listing, however many batches there are") {
    paged p;
    detail::second_look<hooked_store> at(p.store, 1);
    for (int first = 0; first < listed; first += 20) {
        const auto seen = p.look(at, first, first + 20).value();
        REQUIRE(seen.size() == 20);
        for (int i = 0; i < 20; ++i) CHECK(seen[static_cast<std::size_t>(i)].value() == p.tags[static_cast<std::size_t>(first + i)]);
    }
    CHECK(p.store.hook().calls["head"] == 0);
    CHECK(p.store.hook().calls["list"] <= listed / 10 + 1 + 5);  // its pages, and one anew for each batch
}

TEST_CASE("what changed or went between two batches is seen, although its page was listed before") {
    paged p;
    detail::second_look<hooked_store> at(p.store, 1);
    REQUIRE(p.look(at, 0, 5));
    const etag changed = stored(p.store, numbered(5), "y");
    REQUIRE(p.store.remove({}, blob_name::parse(numbered(6)).value(), condition::always()));
    const auto seen = p.look(at, 5, 8).value();
    CHECK(seen[0].value() == changed);
    REQUIRE(!seen[1]);
    CHECK(seen[1].error().code == errc::not_found);
    CHECK(seen[2].value() == p.tags[7]);
    CHECK(p.store.hook().calls["head"] == 1);  // the listing alone is not believed that it is gone
}

TEST_CASE("names out of order, beyond ASCII, or listed without a tag are looked at one by one") {
    paged p;
    const etag foreign = stored(p.store, "n\xc3\xa9");
    detail::second_look<hooked_store> at(p.store, 2);
    const auto seen = at.at({}, {{p.names[50]}, {p.names[3]}, {"n\xc3\xa9"}}).value();
    CHECK(seen[0].value() == p.tags[50]);
    CHECK(seen[1].value() == p.tags[3]);
    CHECK(seen[2].value() == foreign);
    CHECK(p.store.hook().calls["head"] == 2);

    p.store.hook().infos = [](blob_info& info) { info.tag = etag(); };
    detail::second_look<hooked_store> without(p.store, 1);
    CHECK(without.at({}, {{p.names[0]}}).value()[0].value().empty());
    CHECK(p.store.hook().calls["head"] == 3);
}

TEST_CASE("a listing that fails, or does not advance, is an error and no answer") {
    paged p;
    p.store.hook().before = [](std::string_view verb, std::string_view) {
        return verb == "list" ? std::optional(make_error(errc::unavailable, "no answer")) : std::nullopt;
    };
    detail::second_look<hooked_store> at(p.store, 1);
    CHECK(p.look(at, 0, 1).error().code == errc::unavailable);

    struct stuck {
        result<blob_info> head(const context&, const blob_name& n) { return blob_info(n); }
        result<read_result> read(const context&, const blob_name&, const read_range&, byte_span, const condition&) {
            return fail(errc::unsupported, "nothing to read");
        }
        result<list_page> list(const context&, const list_query&) { return list_page{.cursor = "again"}; }
    } store;
    detail::second_look<stuck> never(store, 1);
    CHECK(never.at({}, {{"a"}}).error().code == errc::corrupt);
}

TEST_CASE("a store that scans is asked for the tag alone where that suffices, else whether the blob can be opened") {
    struct teller : memory_store {
        std::vector<std::string> asked = {};

        result<blob_info> head(const context& c, const blob_name& n) {
            asked.push_back("head " + n.text());
            return memory_store::head(c, n);
        }
        result<etag> etag_of(const context& c, const blob_name& n) {
            asked.push_back("etag_of " + n.text());
            auto info = memory_store::head(c, n);
            if (!info) return unexpected(std::move(info).error());
            return info->tag;
        }
    } store;
    const etag tag = store.put({}, blob_name::parse("a").value(), {}, {}, condition::always()).value().tag;
    detail::second_look<teller> at(store, 1);
    const auto seen = at.at({}, {{"a", true}, {"a", false}, {"b", true}, {"b"}}).value();
    CHECK(seen[0].value() == tag);
    CHECK(seen[1].value() == tag);
    CHECK(seen[2].error().code == errc::not_found);
    CHECK(seen[3].error().code == errc::not_found);
    CHECK(store.asked == std::vector<std::string>{"etag_of a", "head a", "etag_of b", "head b"});
}

TEST_CASE("a head that fails is the answer for its name alone") {
    paged p;
    any_store own{memory_store()};  // scans by its own means: no listing
    REQUIRE(own.put({}, blob_name::parse("a").value(), {}, {}, condition::always()));
    detail::second_look<any_store> at(own, 1);
    const auto seen = at.at({}, {{"a"}, {"b"}, {"not//a name"}}).value();
    CHECK(seen[0].has_value());
    CHECK(seen[1].error().code == errc::not_found);
    CHECK(seen[2].error().code == errc::invalid_argument);
}

}  // namespace
