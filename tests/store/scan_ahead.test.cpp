// SPDX-License-Identifier: MIT
#include <blobshift/store/scan_ahead.hpp>

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <blobshift/backends/memory_store.hpp>

namespace {

using namespace blobshift;

/// Blobs without a store: `count` names, then what `end` says.
struct endless_reader {
    std::size_t count = 0;
    result<void> end = {};
    bool throws = false;
    std::thread::id listed_on = {};

    result<blob_info> head(const context&, const blob_name& n) { return blob_info(n); }
    result<read_result> read(const context&, const blob_name&, const read_range&, byte_span, const condition&) {
        return fail(errc::unsupported, "nothing to read");
    }
    result<list_page> list(const context&, const list_query&) { return list_page{}; }
    result<void> scan(const context&, const list_query&, on_blob f) {
        listed_on = std::this_thread::get_id();
        for (std::size_t i = 0; i < count; ++i) {
            if (auto taken = f(blob_info(blob_name::parse("n" + std::to_string(i)).value())); !taken) return taken;
        }
        if (throws) throw std::bad_alloc();
        return end;
    }
};
static_assert(Scanner<endless_reader>);

std::vector<std::string> names(endless_reader& store, result<void>& outcome) {
    std::vector<std::string> seen;
    outcome = scan_ahead(store, {}, {}, [&](blob_info&& info) -> result<void> {
        seen.push_back(info.name.text());
        return {};
    });
    return seen;
}

TEST_CASE("a scan ahead gives every blob once, in the store's order, and is done by another thread") {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{256},
                                    std::size_t{257}, std::size_t{20'000}}) {
        CAPTURE(count);
        endless_reader store{count};
        result<void> outcome;
        const auto seen = names(store, outcome);
        CHECK(outcome.has_value());
        REQUIRE(seen.size() == count);
        for (std::size_t i = 0; i < count; ++i) {
            if (seen[i] != "n" + std::to_string(i)) FAIL("out of order at " << i);
        }
        CHECK(store.listed_on != std::this_thread::get_id());
    }
}

TEST_CASE("a scan ahead that fails gives what came before, and the failure: it is never taken for the end") {
    endless_reader store{300, fail(errc::unavailable, "the listing broke off")};
    result<void> outcome;
    CHECK(names(store, outcome).size() == 300);
    REQUIRE(!outcome.has_value());
    CHECK(outcome.error().code == errc::unavailable);
}

TEST_CASE("a caller that refuses a blob ends the scan, however far ahead the store is") {
    endless_reader store{1'000'000'000};
    std::size_t taken = 0;
    auto outcome = scan_ahead(store, {}, {}, [&](blob_info&&) -> result<void> {
        if (++taken == 1000) return fail(errc::no_space, "enough");
        return {};
    });
    REQUIRE(!outcome.has_value());
    CHECK(outcome.error().code == errc::no_space);
    CHECK(taken == 1000);
}

TEST_CASE("exceptions of the store and of the caller come out of a scan ahead") {
    endless_reader store{10};
    store.throws = true;
    CHECK_THROWS_AS((void)scan_ahead(store, {}, {}, [](blob_info&&) { return result<void>(); }), std::bad_alloc);

    endless_reader endless{1'000'000'000};
    CHECK_THROWS_AS((void)scan_ahead(endless, {}, {},
                                     [](blob_info&&) -> result<void> { throw std::runtime_error("mine"); }),
                    std::runtime_error);
}

TEST_CASE("a store without a scan of its own is listed ahead page by page") {
    memory_store store;
    for (const char* name : {"a", "b", "c"}) {
        REQUIRE(store.put({}, blob_name::parse(name).value(), {}, {}, condition::always()));
    }
    std::size_t seen = 0;
    CHECK(scan_ahead(store, {}, {.prefix = "b"}, [&](blob_info&&) { ++seen; return result<void>(); }));
    CHECK(seen == 1);
}

}  // namespace
