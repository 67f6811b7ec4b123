// SPDX-License-Identifier: MIT
#include <blobshift/layers/fault.hpp>

#include <algorithm>  // max
#include <map>        // map
#include <string>     // string
#include <vector>     // vector

#include <doctest/doctest.h>

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/layers/retry.hpp>
#include <blobshift/store/any_store.hpp>
#include <blobshift/store/bulk.hpp>

#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/virtual_clock.hpp>

using namespace std::chrono_literals;
using blobshift::any_store;
using blobshift::as_bytes;
using blobshift::as_text;
using blobshift::blob_info;
using blobshift::bytes;
using blobshift::condition;
using blobshift::context;
using blobshift::copy_request;
using blobshift::copy_result;
using blobshift::copy_state;
using blobshift::effect;
using blobshift::errc;
using blobshift::fault_kind;
using blobshift::fault_kind_count;
using blobshift::fault_plan;
using blobshift::list_query;
using blobshift::memory_store;
using blobshift::read_range;
using blobshift::remove_request;
using blobshift::result;
using blobshift::retry_hint;
using blobshift::testing::bare_store;
using blobshift::testing::context_of;
using blobshift::testing::name;
using blobshift::testing::virtual_clock;

namespace {

using faulty = blobshift::fault<memory_store>;

static_assert(blobshift::preserves<faulty, memory_store>);
static_assert(blobshift::capabilities_of<blobshift::fault<any_store>> == blobshift::capabilities_of<any_store>);
static_assert(blobshift::capabilities_of<blobshift::fault<bare_store>> == blobshift::capabilities{});

fault_plan only(fault_kind kind, double chance = 1) { return fault_plan{.seed = 7}.with(kind, chance); }

/// What stands in the store inside, whatever the layer says.
std::string truth(faulty& store, const char* n) {
    bytes room(100);
    const auto got = store.inner().read({}, name(n), read_range::all(), room, {});
    return got ? std::string(as_text(blobshift::byte_view(room).first(got->count))) : "(nothing)";
}

void fill(faulty& store, int count) {
    for (int i = 0; i < count; ++i) {
        store.inner().put({}, name("n" + std::to_string(100 + i)), as_bytes("x"), {}, {}).value();
    }
}

/// Names as a listing gives them, page by page; at most 1,000 pages.
std::vector<std::string> listed(faulty& store, list_query q = {}) {
    std::vector<std::string> names;
    for (int pages = 0; pages < 1000; ++pages) {
        const auto page = store.list({}, q).value();
        for (const blob_info& info : page.blobs) names.push_back(info.name.text());
        if (page.cursor.empty()) break;
        q.cursor = page.cursor;
    }
    return names;
}

}  // namespace

TEST_CASE("fault: each kind has a spelling of its own") {
    std::map<std::string_view, int> spelled;
    for (std::size_t i = 0; i < fault_kind_count; ++i) ++spelled[to_string(static_cast<fault_kind>(i))];
    CHECK(spelled.size() == fault_kind_count);
    CHECK(spelled.count("unknown") == 0);
    CHECK(to_string(static_cast<fault_kind>(99)) == "unknown");
}

TEST_CASE("fault: without a probability nothing breaks") {
    faulty store{memory_store{}};
    fill(store, 20);
    CHECK(listed(store).size() == 20);
    CHECK(listed(store, {.page_size = 3}).size() == 20);
    CHECK(store.copy({}, name("n100"), name("c"), {}, {}).value().info.size_bytes == 1);
    CHECK(store.remove({}, name("c"), {}).value());
    for (std::size_t i = 0; i < fault_kind_count; ++i) CHECK(store.log()->fired(static_cast<fault_kind>(i)) == 0);
    CHECK(store.log()->calls() == 10);  // one page, then seven, a copy and a remove
}

TEST_CASE("fault: a failure does nothing and says so; it passes, or it stays") {
    faulty store(memory_store{}, only(fault_kind::failure));
    const auto put = store.put({}, name("a"), as_bytes("1"), {}, {});
    CHECK(put.error().code == errc::unavailable);
    CHECK(put.error().again == retry_hint::wait);
    CHECK(put.error().done == effect::none);
    CHECK(truth(store, "a") == "(nothing)");
    CHECK(store.log()->fired(fault_kind::failure) == 1);

    fault_plan stays = only(fault_kind::failure);
    stays.failures_pass = false;
    faulty broken(memory_store{}, stays);
    const auto head = broken.head({}, name("a"));
    CHECK(head.error().code == errc::io_error);
    CHECK(head.error().again == retry_hint::never);
}

TEST_CASE("fault: when an answer is lost the call was made, and only a write's effect is unknown") {
    faulty store(memory_store{}, only(fault_kind::lost_answer));
    const auto put = store.put({}, name("a"), as_bytes("1"), {}, condition::if_absent());
    CHECK(put.error().code == errc::unavailable);
    CHECK(put.error().done == effect::indeterminate);
    CHECK(truth(store, "a") == "1");
    CHECK(store.head({}, name("a")).error().done == effect::none);
    CHECK(store.copy({}, name("a"), name("b"), {}, {}).error().done == effect::indeterminate);
    CHECK(truth(store, "b") == "1");
    CHECK(store.remove({}, name("a"), {}).error().done == effect::indeterminate);
    CHECK(truth(store, "a") == "(nothing)");
}

TEST_CASE("fault: when a request is lost the call was not made, and the answer looks the same") {
    faulty store(memory_store{}, only(fault_kind::lost_request));
    CHECK(store.put({}, name("a"), as_bytes("1"), {}, {}).error().done == effect::indeterminate);
    CHECK(truth(store, "a") == "(nothing)");
    CHECK(store.head({}, name("a")).error().code == errc::unavailable);
    CHECK(store.head({}, name("a")).error().done == effect::none);
}

TEST_CASE("fault: a throttled store refuses several calls in a row and names a wait") {
    fault_plan plan = only(fault_kind::throttled, 0.02);
    plan.longest_burst = 4;
    plan.throttle_wish = 70ms;
    faulty store(memory_store{}, plan);
    int refused = 0;
    int in_a_row = 0;
    int longest = 0;
    for (int i = 0; i < 2000; ++i) {
        const auto head = store.head({}, name("a"));
        const bool busy = head.error().code == errc::throttled;
        if (busy) {
            CHECK(head.error().retry_after == 70ms);
            CHECK(head.error().done == effect::none);
        }
        refused += busy ? 1 : 0;
        in_a_row = busy ? in_a_row + 1 : 0;
        longest = (std::max)(longest, in_a_row);
    }
    CHECK(longest >= 4);
    CHECK(static_cast<std::uint64_t>(refused) > store.log()->fired(fault_kind::throttled));
}

TEST_CASE("fault: a delay passes on the context's clock and keeps its deadline") {
    virtual_clock clock;
    fault_plan plan = only(fault_kind::delay);
    plan.longest_delay = 10s;
    faulty store(memory_store{}, plan);
    const context c = context_of(clock);
    for (int i = 0; i < 10; ++i) CHECK(store.put(c, name("a"), as_bytes("1"), {}, {}));
    CHECK(clock.pauses().size() == 10);
    const auto late = store.put(c.with_timeout(1ns), name("b"), as_bytes("1"), {}, {});
    CHECK(late.error().code == errc::deadline_exceeded);
    CHECK(truth(store, "b") == "(nothing)");
}

TEST_CASE("fault: a short read gives fewer bytes as if that were right, a broken one gives none") {
    faulty store(memory_store{}, only(fault_kind::short_read));
    store.inner().put({}, name("a"), as_bytes("0123456789"), {}, {}).value();
    bytes room(10);
    const auto got = store.read({}, name("a"), read_range::all(), room, {}).value();
    CHECK(got.count < 10);
    CHECK(got.info.size_bytes == 10);

    faulty broken(memory_store{}, only(fault_kind::broken_read));
    broken.inner().put({}, name("a"), as_bytes("0123456789"), {}, {}).value();
    broken.inner().put({}, name("empty"), {}, {}, {}).value();
    CHECK(broken.read({}, name("a"), read_range::all(), room, {}).error().code == errc::unavailable);
    CHECK(broken.read({}, name("empty"), read_range::all(), room, {}).value().count == 0);
    CHECK(broken.log()->fired(fault_kind::broken_read) == 1);
}

TEST_CASE("fault: a failed copy is an error and leaves a target without a byte, which says so if it can") {
    for (const bool tells : {true, false}) {
        CAPTURE(tells);
        fault_plan plan = only(fault_kind::failed_copy);
        plan.copies_tell = tells;
        faulty store(memory_store{}, plan);
        store.inner().put({}, name("a"), as_bytes("1"), {}, {}).value();
        const auto made = store.copy({}, name("a"), name("b"), {}, condition::if_absent());
        CHECK(made.error().done == effect::indeterminate);
        const blob_info left = store.head({}, name("b")).value();
        CHECK(left.size_bytes == 0);
        CHECK(left.copy == (tells ? copy_state::failed : copy_state::none));
        CHECK(store.list({}, {}).value().blobs.back().copy == left.copy);

        CHECK(store.copy({}, name("a"), name("b"), {}, condition::if_absent()).error().code == errc::already_exists);
        CHECK(store.copy({}, name("a"), name("b"), condition::if_match(left.tag), {}).error().code ==
              errc::condition_failed);
        CHECK(store.copy({}, name("gone"), name("b"), {}, {}).error().code == errc::not_found);
        CHECK(store.copy({}, name("a"), name("a"), {}, {}).error().code == errc::invalid_argument);

        store.inner().put({}, name("b"), as_bytes("1"), {}, {}).value();  // another blob than the one that failed
        CHECK(store.head({}, name("b")).value().copy == copy_state::none);
    }
}

TEST_CASE("fault: a pending copy is finished some calls later, from the source that it began with") {
    fault_plan plan = only(fault_kind::pending_copy);
    plan.longest_copy = 8;
    faulty store(memory_store{}, plan);
    store.inner().put({}, name("a"), as_bytes("123"), {.content_type = "x/y", .metadata = {}, .tags = {}}, {}).value();
    const copy_result made = store.copy({}, name("a"), name("b"), {}, condition::if_absent()).value();
    CHECK(made.info.copy == copy_state::pending);
    CHECK(made.info.size_bytes == 0);
    CHECK(truth(store, "b").empty());
    for (int i = 0; i < 10; ++i) (void)store.head({}, name("a"));
    CHECK(truth(store, "b") == "123");
    const blob_info done = store.head({}, name("b")).value();
    CHECK(done.copy == copy_state::none);
    CHECK(done.attrs.content_type == "x/y");
    CHECK(done.tag != made.info.tag);
}

TEST_CASE("fault: a pending copy fails when its source is gone or another, and never writes over a new target") {
    for (const char* change : {"gone", "other source", "other target", "target gone"}) {
        CAPTURE(change);
        faulty store(memory_store{}, only(fault_kind::pending_copy));
        store.inner().put({}, name("a"), as_bytes("123"), {}, {}).value();
        store.copy({}, name("a"), name("b"), {}, condition::if_absent()).value();
        const std::string what = change;
        if (what == "gone") store.inner().remove({}, name("a"), {}).value();
        if (what == "other source") store.inner().put({}, name("a"), as_bytes("456"), {}, {}).value();
        if (what == "other target") store.inner().put({}, name("b"), as_bytes("789"), {}, {}).value();
        if (what == "target gone") store.inner().remove({}, name("b"), {}).value();
        for (int i = 0; i < 30; ++i) (void)store.head({}, name("z"));
        if (what == "other target") {
            CHECK(truth(store, "b") == "789");
        } else if (what == "target gone") {
            CHECK(truth(store, "b") == "(nothing)");
        } else {
            CHECK(truth(store, "b").empty());
            CHECK(store.head({}, name("b")).value().copy == copy_state::failed);
        }
    }
}

TEST_CASE("fault: a torn copy looks whole and is not") {
    faulty store(memory_store{}, only(fault_kind::torn_copy));
    store.inner().put({}, name("a"), as_bytes("123"), {.content_type = "x/y", .metadata = {}, .tags = {}}, {}).value();
    const copy_result made = store.copy({}, name("a"), name("b"), {}, condition::if_absent()).value();
    CHECK(made.info.size_bytes == 3);
    CHECK(made.info.attrs.content_type == "x/y");
    CHECK(made.proof == blobshift::copy_proof::none);
    CHECK(truth(store, "b") == std::string(3, '\0'));
    CHECK(store.copy({}, name("a"), name("b"), {}, condition::if_absent()).error().code == errc::already_exists);
}

TEST_CASE("fault: short and empty pages lose nothing, repeated ones repeat, a cut listing ends too early") {
    const auto run = [](fault_kind kind, double chance) {
        faulty store(memory_store{}, only(kind, chance));
        fill(store, 40);
        auto names = listed(store, {.page_size = 7});
        CHECK(store.log()->fired(kind) > 0);
        return names;
    };
    CHECK(run(fault_kind::short_page, 1).size() == 40);
    CHECK(run(fault_kind::empty_page, 0.5).size() == 40);
    CHECK(run(fault_kind::repeated_page, 0.5).size() > 40);
    CHECK(run(fault_kind::cut_listing, 0.5).size() < 40);
}

TEST_CASE("fault: a page that is all there is can be cut, one that holds a single name cannot") {
    faulty store(memory_store{}, only(fault_kind::cut_listing));
    fill(store, 1);
    CHECK(listed(store).size() == 1);
    fill(store, 2);
    CHECK(listed(store).size() < 2);
}

TEST_CASE("fault: a cursor that is not of this layer is refused") {
    faulty store{memory_store{}};
    CHECK(store.list({}, {.cursor = "n1"}).error().code == errc::invalid_argument);
}

TEST_CASE("fault: a scan is cut in silence or breaks in its middle") {
    for (const fault_kind kind : {fault_kind::cut_listing, fault_kind::broken_read}) {
        CAPTURE(to_string(kind));
        faulty store(memory_store{}, only(kind));
        fill(store, 40);
        int seen = 0;
        const auto outcome = store.scan({}, {}, [&](blob_info&&) -> result<void> {
            ++seen;
            return {};
        });
        CHECK(seen < 40);
        CHECK(bool(outcome) == (kind == fault_kind::cut_listing));
        CHECK(store.log()->fired(kind) == 1);
    }
}

TEST_CASE("fault: after a crash every call fails and nothing is done; the call itself was done or not, as asked") {
    for (const bool after : {false, true}) {
        CAPTURE(after);
        faulty store(memory_store{}, {.crash_at_call = 2, .crash_after_effect = after});
        CHECK(store.put({}, name("a"), as_bytes("1"), {}, {}));
        CHECK_FALSE(store.log()->crashed());
        CHECK(store.put({}, name("b"), as_bytes("2"), {}, {}).error().again == retry_hint::never);
        CHECK(store.log()->crashed());
        CHECK(truth(store, "b") == (after ? "2" : "(nothing)"));
        CHECK(store.put({}, name("c"), as_bytes("3"), {}, {}).error().done == effect::none);
        CHECK(truth(store, "c") == "(nothing)");
        CHECK_FALSE(store.head({}, name("a")));
        CHECK_FALSE(store.list({}, {}));
    }
}

TEST_CASE("fault: a store that is calmed breaks nothing more, and finishes what was pending") {
    fault_plan plan = only(fault_kind::pending_copy).with(fault_kind::delay, 0);
    plan.crash_at_call = 3;
    faulty store(memory_store{}, plan);
    store.inner().put({}, name("a"), as_bytes("123"), {}, {}).value();
    store.copy({}, name("a"), name("b"), {}, {}).value();
    store.calm();
    for (int i = 0; i < 30; ++i) (void)store.head({}, name("a"));
    CHECK(truth(store, "b") == "123");
    CHECK(store.copy({}, name("a"), name("c"), {}, {}).value().info.size_bytes == 3);
    CHECK_FALSE(store.log()->crashed());
}

TEST_CASE("fault: each request of a bulk verb is a call of its own") {
    fault_plan plan{.seed = 3};
    plan.with(fault_kind::failure, 0.3).with(fault_kind::failed_copy, 0.3);
    blobshift::fault<any_store> store(any_store(memory_store{}), plan);
    std::vector<copy_request> copies;
    std::vector<remove_request> removals;
    for (int i = 0; i < 50; ++i) {
        const auto from = name("n" + std::to_string(i));
        store.inner().put({}, from, as_bytes("x"), {}, {}).value();
        copies.push_back({from, name("to/" + std::to_string(i))});
        removals.push_back({from});
    }
    int copied = 0;
    store.copy_many({}, copies, {}, [&](std::size_t, result<copy_result>&& made) { copied += made ? 1 : 0; });
    CHECK(store.log()->fired(fault_kind::failed_copy) > 0);
    CHECK(static_cast<std::uint64_t>(copied) ==
          50 - store.log()->fired(fault_kind::failed_copy) - store.log()->fired(fault_kind::failure));
    int removed = 0;
    store.remove_many({}, removals, {}, [&](std::size_t, result<bool>&& gone) { removed += gone ? 1 : 0; });
    CHECK(removed > 0);
    CHECK(removed < 50);
    CHECK(store.log()->calls() == 100);
}

TEST_CASE("fault: the same seed is the same run, and a kind that is taken out leaves the others where they were") {
    const auto failures = [](std::uint64_t seed, bool others) {
        fault_plan plan = fault_plan{.seed = seed}.with(fault_kind::failure, 0.2);
        if (others) plan.with(fault_kind::lost_answer, 0.2);
        faulty store(memory_store{}, plan);
        std::string run;
        for (int i = 0; i < 200; ++i) {
            const std::uint64_t before = store.log()->fired(fault_kind::failure);
            (void)store.put({}, name("a"), as_bytes("x"), {}, {});
            run += store.log()->fired(fault_kind::failure) > before ? '!' : '.';
        }
        return run;
    };
    CHECK(failures(1, true) == failures(1, true));
    CHECK(failures(1, true) == failures(1, false));
    CHECK(failures(1, true) != failures(2, true));
}

TEST_CASE("fault: a retry above it reaches its end, and nothing is done twice") {
    virtual_clock clock;
    fault_plan plan{.seed = 11};
    plan.with(fault_kind::failure, 0.2).with(fault_kind::lost_answer, 0.2).with(fault_kind::throttled, 0.05);
    blobshift::retry store(faulty(memory_store{}, plan), {.max_attempts = 40, .seed = 1, .saved_at_most = 100'000});
    const context c = context_of(clock);
    for (int i = 0; i < 100; ++i) {
        const auto n = name("n" + std::to_string(i));
        CHECK(store.put(c, n, as_bytes(n.text()), {}, condition::if_absent()));
        CHECK(store.remove(c, n, {}).value());
    }
    CHECK(listed(store.inner()).empty());
}
