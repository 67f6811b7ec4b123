// SPDX-License-Identifier: MIT

#include <blobshift/store/bulk.hpp>

#include <atomic>      // atomic
#include <functional>  // function
#include <latch>       // latch
#include <optional>    // optional
#include <set>         // set
#include <stdexcept>   // runtime_error

#include <doctest/doctest.h>

#include <support/print.hpp>
#include <support/virtual_clock.hpp>

using namespace blobshift;

namespace {

blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

/// A store without refinements whose verbs do what the test says.
struct scripted {
    std::function<result<bool>(const blob_name&)> on_remove = [](const blob_name&) { return true; };
    std::function<result<list_page>(const list_query&)> on_list = [](const list_query&) { return list_page{}; };

    result<blob_info> head(const context&, const blob_name& n) { return blob_info(n); }
    result<read_result> read(const context&, const blob_name& n, const read_range&, byte_span, const condition&) {
        return read_result{blob_info(n)};
    }
    result<list_page> list(const context&, const list_query& q) { return on_list(q); }
    result<blob_info> put(const context&, const blob_name& n, byte_view, const attributes&, const condition&) {
        return blob_info(n);
    }
    result<bool> remove(const context&, const blob_name& n, const condition&) { return on_remove(n); }
    result<copy_result> copy(const context&, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        copy_result made{blob_info(to)};
        made.source_tag =
            etag(from.text() + (source.is_if_match() ? " pinned" : "") + (target.is_always() ? " over" : ""));
        return made;
    }
};
static_assert(BlobStore<scripted> && capabilities_of<scripted> == capabilities{});

std::vector<remove_request> removals(std::size_t count) {
    std::vector<remove_request> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back({name(std::to_string(i))});
    return all;
}

list_page page_of(std::initializer_list<const char*> names, std::string cursor) {
    list_page page;
    for (const char* n : names) page.blobs.emplace_back(name(n));
    page.cursor = std::move(cursor);
    return page;
}

}  // namespace

TEST_CASE("every request gets one result, one call at a time, whatever the number of threads") {
    for (const unsigned concurrency : {0U, 1U, 2U, 7U, 64U}) {
        for (const std::size_t count : {0U, 1U, 3U, 500U}) {
            CAPTURE(concurrency);
            CAPTURE(count);
            scripted store;
            store.on_remove = [](const blob_name& n) -> result<bool> {
                if (n.text().ends_with('7')) return fail(errc::io_error, "scripted", n.text());
                return n.text().size() % 2 == 0;
            };
            const auto requests = removals(count);
            std::vector<int> results(count, 0);
            int wrong = 0;
            std::atomic<int> inside = 0;
            remove_many(store, {}, requests, {.concurrency = concurrency}, [&](std::size_t i, result<bool>&& r) {
                if (++inside != 1) ++wrong;
                const std::string& n = requests.at(i).name.text();
                ++results.at(i);
                const bool fits = n.ends_with('7') ? !r && r.error().subject == n : r && *r == (n.size() % 2 == 0);
                wrong += fits ? 0 : 1;
                --inside;
            });
            CHECK(results == std::vector<int>(count, 1));
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("a bulk copy hands names and conditions of each request to the store") {
    scripted store;
    const copy_request requests[] = {
        {name("a"), name("b")},
        {name("c"), name("d"), condition::if_match(etag("\"1\"")), condition::always()},
    };
    std::vector<std::string> seen(2);
    copy_many(store, {}, requests, {}, [&](std::size_t i, result<copy_result>&& r) {
        seen[i] = r.value().source_tag.text() + " to " + r.value().info.name.text();
    });
    CHECK(seen == std::vector<std::string>{"a to b", "c pinned over to d"});
}

TEST_CASE("as many calls are under way at once as the options say, and no more") {
    constexpr unsigned concurrency = 3;
    scripted store;
    std::latch all_there(concurrency);
    std::atomic<int> under_way = 0;
    std::atomic<int> most = 0;
    store.on_remove = [&](const blob_name& n) -> result<bool> {
        const int now = ++under_way;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        if (std::stoi(n.text()) < static_cast<int>(concurrency)) all_there.arrive_and_wait();  // the first three meet
        --under_way;
        return true;
    };
    int results = 0;
    remove_many(store, {}, removals(100), {.concurrency = concurrency},
                [&](std::size_t, result<bool>&&) { ++results; });
    CHECK(results == 100);
    CHECK(most == static_cast<int>(concurrency));
}

TEST_CASE("concurrency of one is the caller's own thread, in order") {
    scripted store;
    std::set<std::thread::id> threads;
    store.on_remove = [&](const blob_name&) -> result<bool> {
        return threads.insert(std::this_thread::get_id()), true;
    };
    std::vector<std::size_t> order;
    remove_many(store, {}, removals(5), {.concurrency = 1}, [&](std::size_t i, result<bool>&&) { order.push_back(i); });
    CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4});
    CHECK(threads == std::set{std::this_thread::get_id()});
}

TEST_CASE("after a stop the rest gets cancelled without being started") {
    for (const unsigned concurrency : {1U, 4U}) {
        scripted store;
        std::stop_source stop;
        std::atomic<int> started = 0;
        store.on_remove = [&](const blob_name&) -> result<bool> {
            if (++started == 10) stop.request_stop();
            return true;
        };
        context c;
        c.stop = stop.get_token();
        int done = 0;
        int cancelled = 0;
        remove_many(store, c, removals(200), {.concurrency = concurrency}, [&](std::size_t, result<bool>&& r) {
            if (r) ++done;
            else if (r.error().code == errc::cancelled && r.error().done == effect::none) ++cancelled;
        });
        CHECK(done == started);
        CHECK(done + cancelled == 200);
        CHECK(done < 10 + static_cast<int>(concurrency));
    }
}

TEST_CASE("after the deadline the rest gets deadline_exceeded without being started") {
    testing::virtual_clock clock;
    scripted store;
    int started = 0;
    store.on_remove = [&](const blob_name&) -> result<bool> {
        ++started;
        clock.advance(std::chrono::seconds(1));
        return true;
    };
    std::vector<std::optional<errc>> said(5);
    remove_many(store, testing::context_of(clock).with_timeout(std::chrono::seconds(2)), removals(5),
                {.concurrency = 1}, [&](std::size_t i, result<bool>&& r) {
                    if (!r) said[i] = r.error().code;
                });
    const std::optional late = errc::deadline_exceeded;
    CHECK(said == std::vector<std::optional<errc>>{{}, {}, late, late, late});
    CHECK(started == 2);
}

TEST_CASE("an exception of the store or of the receiver ends the run and is thrown on") {
    for (const unsigned concurrency : {1U, 4U}) {
        scripted store;
        std::atomic<int> started = 0;
        store.on_remove = [&](const blob_name&) -> result<bool> {
            if (++started == 5) throw std::runtime_error("from the store");
            return true;
        };
        CHECK_THROWS_WITH(
            remove_many(store, {}, removals(1'000), {.concurrency = concurrency}, [](std::size_t, result<bool>&&) {}),
            "from the store");
        CHECK(started < 1'000);

        scripted fine;
        int results = 0;
        CHECK_THROWS_WITH(remove_many(fine, {}, removals(1'000), {.concurrency = concurrency},
                                      [&](std::size_t, result<bool>&&) {
                                          if (++results == 5) throw std::runtime_error("from the receiver");
                                      }),
                          "from the receiver");
        CHECK(results >= 5);
        CHECK(results < 1'000);
    }
}

TEST_CASE("a scan of a store without one follows the pages to the last, empty ones included") {
    scripted store;
    std::vector<std::string> cursors;
    store.on_list = [&](const list_query& q) -> result<list_page> {
        CHECK(q.prefix == "p");
        CHECK(q.with_attributes);
        cursors.push_back(q.cursor);
        if (q.cursor.empty()) return page_of({"p1", "p2"}, "one");
        if (q.cursor == "one") return page_of({}, "two");
        if (q.cursor == "two") return page_of({"p3"}, "three");
        return page_of({}, "");
    };
    std::vector<std::string> seen;
    CHECK(scan(store, {}, {.prefix = "p", .with_attributes = true}, [&](blob_info&& info) {
        seen.push_back(info.name.text());
        return result<void>();
    }));
    CHECK(seen == std::vector<std::string>{"p1", "p2", "p3"});
    CHECK(cursors == std::vector<std::string>{"", "one", "two", "three"});
}

TEST_CASE("a listing that fails is never taken for one that ended") {
    scripted store;
    store.on_list = [](const list_query& q) -> result<list_page> {
        if (q.cursor.empty()) return page_of({"a"}, "one");
        return fail(errc::unavailable, "scripted");
    };
    int seen = 0;
    const auto ended = scan(store, {}, {}, [&](blob_info&&) { return ++seen, result<void>(); });
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == errc::unavailable);
    CHECK(seen == 1);
}

TEST_CASE("a listing that repeats its cursor is corrupt, not endless") {
    scripted store;
    int pages = 0;
    store.on_list = [&](const list_query&) -> result<list_page> { return ++pages, page_of({"a"}, "same"); };
    const auto ended = scan(store, {}, {}, [](blob_info&&) { return result<void>(); });
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == errc::corrupt);
    CHECK(pages == 2);
}

TEST_CASE("a scan ends at the first error of its receiver and asks for no further page") {
    scripted store;
    int pages = 0;
    store.on_list = [&](const list_query&) -> result<list_page> {
        return page_of({"a", "b"}, std::to_string(++pages));
    };
    int seen = 0;
    const auto ended = scan(store, {}, {}, [&](blob_info&&) -> result<void> {
        if (++seen == 3) return fail(errc::no_space, "full");
        return {};
    });
    CHECK(ended.error().code == errc::no_space);
    CHECK(seen == 3);
    CHECK(pages == 2);
}

TEST_CASE("a scan refuses a delimiter and a cursor before it asks the store") {
    scripted store;
    store.on_list = [](const list_query&) -> result<list_page> { return fail(errc::corrupt, "asked"); };
    const auto never = [](blob_info&&) { return result<void>(); };
    CHECK(scan(store, {}, {.delimiter = "/"}, never).error().code == errc::invalid_argument);
    CHECK(scan(store, {}, {.cursor = "x"}, never).error().code == errc::invalid_argument);
}
