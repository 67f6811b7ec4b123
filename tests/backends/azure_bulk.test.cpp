// SPDX-License-Identifier: MIT
#include <blobshift/backends/azure_bulk.hpp>

#include <doctest/doctest.h>

#include <azure/fake_azure.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using testing::fake_place;
using testing::fake_store;
using testing::azure_fault;

[[nodiscard]] blob_name name(const std::string& text) { return blob_name::parse(text).value(); }

/// Puts `count` blobs into the service, past the protocol.
void fill(const fake_place& at, std::size_t count) {
    const digest md5 = testing::md5_of("content");
    for (std::size_t i = 0; i < count; ++i) {
        testing::fake_blob& b = at.service->containers.at("box").blobs["old/" + std::to_string(i)];
        b.content = "content";
        b.md5 = md5;
        at.service->touch(b);
    }
}

/// A copy to "new/..." for each blob that a listing gives.
[[nodiscard]] std::vector<copy_request> copies_of_all(fake_store& store, const context& c) {
    std::vector<copy_request> all;
    scan(store, c, {.prefix = "old/"}, [&](blob_info&& info) -> result<void> {
        copy_request& r = all.emplace_back(copy_request{info.name, name("new" + info.name.text().substr(3))});
        r.source = condition::if_match(info.tag);
        r.known = source_facts{info.size_bytes, info.stored_hash, info.tier};
        return {};
    }).value();
    return all;
}

struct outcome_counts {
    std::size_t good = 0;
    std::vector<error> bad = {};
};

outcome_counts copy_all(fake_store& store, const context& c, std::span<const copy_request> requests,
                        unsigned concurrency = 64) {
    outcome_counts seen;
    store.copy_many(c, requests, {.concurrency = concurrency}, [&](std::size_t, result<copy_result>&& made) {
        if (made && made->proof == copy_proof::computed_hash)
            ++seen.good;
        else if (!made)
            seen.bad.push_back(made.error());
    });
    return seen;
}

outcome_counts remove_all(fake_store& store, const context& c, std::span<const remove_request> requests) {
    outcome_counts seen;
    store.remove_many(c, requests, {.concurrency = 64}, [&](std::size_t, result<bool>&& gone) {
        if (gone && *gone)
            ++seen.good;
        else if (!gone)
            seen.bad.push_back(gone.error());
    });
    return seen;
}

TEST_CASE("moving 12,800 blobs costs one request each to copy, one for 256 to remove, and the pages of the listings") {
    constexpr std::size_t count = 12'800;
    const fake_place at;
    fill(at, count);
    fake_store store = at.open();
    const auto copies = copies_of_all(store, at.c());
    REQUIRE(copies.size() == count);
    CHECK(copy_all(store, at.c(), copies).good == count);
    CHECK(at.service->count("copy") == count);

    // To see that nothing is missing is to list again: old and new names, with their versions.
    std::vector<remove_request> removals;
    scan(store, at.c(), {}, [&](blob_info&& info) -> result<void> {
        if (info.name.text().starts_with("old/")) removals.push_back({info.name, condition::if_match(info.tag)});
        return {};
    }).value();
    CHECK(remove_all(store, at.c(), removals).good == count);

    CHECK(at.service->count("batch") == (count + 255) / 256);
    CHECK(at.service->count("list") == 3 + 6);
    CHECK(at.service->total() == count + 50 + 9);
    CHECK(at.service->total() <= count + count / 50);  // 1.02 requests for each
    CHECK(at.service->containers.at("box").blobs.size() == count);
    CHECK(at.service->most_in_flight == 64);
}

TEST_CASE("what one request does not settle is settled for that blob alone") {
    const fake_place at;
    fill(at, 6);
    fake_store store = at.open({.most_copied_at_once = 100});
    at.blob("old/1").content = std::string(200, 'x');
    at.blob("old/1").md5 = testing::md5_of(at.blob("old/1").content);
    at.blob("old/5").lease = "held";
    auto requests = copies_of_all(store, at.c());
    at.service->touch(at.blob("old/2"));
    at.service->containers.at("box").blobs.erase("old/3");
    requests[4].known.reset();
    std::vector<std::optional<errc>> codes(6);
    store.copy_many(at.c(), requests, {}, [&](std::size_t i, result<copy_result>&& made) {
        if (!made) codes[i] = made.error().code;
    });
    CHECK(codes == std::vector<std::optional<errc>>{std::nullopt, std::nullopt, errc::condition_failed, errc::not_found,
                                                    std::nullopt, std::nullopt});
    CHECK(at.blob("new/1").content.size() == 200);
    CHECK(at.blob("new/4").content == "content");
}

TEST_CASE("throttled copies slow down, wait as they are told, and are all done in the end") {
    const fake_place at;
    fill(at, 500);
    fake_store store = at.open({.retry = {.max_attempts = 50, .jitter = 0, .saved_at_most = 1000}});
    const auto requests = copies_of_all(store, at.c());
    int busy = 100;
    at.service->faults = [&](const http_request&, std::string_view label) {
        return label == "copy" && busy-- > 0 ? azure_fault::answer(503, "ServerBusy", {{"retry-after", "2"}}) : azure_fault{};
    };
    const auto seen = copy_all(store, at.c(), requests);
    CHECK(seen.good == 500);
    CHECK(at.service->count("copy") == 600);
    const auto pauses = at.clock.pauses();
    // Nothing at all is sent while the service wants to be left alone.
    CHECK(std::all_of(pauses.begin(), pauses.end(), [](auto p) { return p >= 2s; }));
    CHECK_FALSE(at.clock.pauses().empty());
}

TEST_CASE("one refused wave halves the requests in flight, and successes bring all of them back") {
    constexpr std::size_t count = 3000;
    const fake_place at;
    fill(at, count);
    fake_store store = at.open();
    const auto requests = copies_of_all(store, at.c());
    std::size_t n = 0;
    std::size_t after_the_wave = 0;
    std::size_t at_the_end = 0;
    at.service->faults = [&](const http_request&, std::string_view label) {
        if (label != "copy") return azure_fault{};
        ++n;
        if (n == 130 || n == 2700) at.service->most_in_flight = 0;  // from here on
        if (n == 160) after_the_wave = at.service->most_in_flight;
        if (n == 2900) at_the_end = at.service->most_in_flight;
        return n <= 64 ? azure_fault::answer(n % 2 == 0 ? 503 : 429, "ServerBusy") : azure_fault{};
    };
    CHECK(copy_all(store, at.c(), requests).good == count);
    CHECK(n == count + 64);
    CHECK(after_the_wave >= 32);
    CHECK(after_the_wave <= 36);
    CHECK(at_the_end == 64);
}

TEST_CASE("copies keep the rate of the store, whatever may be in flight, and those in flight go on meanwhile") {
    const fake_place at;
    fill(at, 50);
    fake_store store = at.open({.requests_per_second = 10, .request_burst = 0ms});
    const auto requests = copies_of_all(store, at.c());
    std::vector<steady_time> sent;
    std::size_t in_flight = 0;
    at.service->faults = [&](const http_request&, std::string_view label) {
        if (label == "copy") sent.push_back(at.clock.now());
        in_flight = (std::max)(in_flight, at.service->most_in_flight);
        return azure_fault{};
    };
    const steady_time start = at.clock.now();
    CHECK(copy_all(store, at.c(), requests).good == 50);
    REQUIRE(sent.size() == 50);
    // The listing took the first turn. A transport that has something in flight never sleeps for the rate.
    CHECK(at.clock.now() - start == 5s);
    CHECK(sent.back() - sent.front() == 4900ms);
    CHECK(in_flight == 1);
}

TEST_CASE("each part of a batch takes a turn of the rate, and so does each repetition") {
    const fake_place at;
    fill(at, 512);
    fake_store store = at.open({.retry = {.first_wait = 0ms, .jitter = 0}, .requests_per_second = 256, .request_burst = 0ms});
    std::vector<remove_request> requests;
    for (int i = 0; i < 512; ++i) requests.push_back({name("old/" + std::to_string(i))});
    int batches = 0;
    at.service->faults = [&](const http_request&, std::string_view label) {
        return label == "batch" && ++batches == 1 ? azure_fault::answer(500, "InternalError") : azure_fault{};
    };
    CHECK(remove_all(store, at.c(), requests).good == 512);
    CHECK(batches == 3);
    CHECK(at.clock.now() - steady_time{} == 2s);  // the third batch begins when the first two are paid for
}

TEST_CASE("a rate that the deadline does not allow ends the rest with that error, and nothing is sent for it") {
    const fake_place at;
    fill(at, 20);
    fake_store store = at.open({.requests_per_second = 10, .request_burst = 0ms});
    const auto requests = copies_of_all(store, at.c());
    const auto seen = copy_all(store, at.c().with_timeout(1s), requests);
    CHECK(seen.good + seen.bad.size() == 20);
    CHECK(seen.good == at.service->count("copy"));
    CHECK(seen.good >= 8);
    CHECK(seen.good <= 10);
    for (const error& e : seen.bad) {
        CHECK(e.code == errc::deadline_exceeded);
        CHECK(e.done == effect::none);
    }
    // The turn that was reserved for the next one was given back.
    const steady_time start = at.clock.now();
    CHECK(store.head(at.c(), name("old/1")));
    CHECK(at.clock.now() - start <= 100ms);
}

TEST_CASE("single requests and many share the rate of their store") {
    const fake_place at;
    fill(at, 10);
    fake_store store = at.open({.requests_per_second = 2, .request_burst = 1s});
    const auto requests = copies_of_all(store, at.c());  // 1 turn
    for (int i = 0; i < 4; ++i) CHECK(store.head(at.c(), name("old/1")));
    const steady_time start = at.clock.now();
    CHECK(start - steady_time{} == 1s);  // two saved up, the first of the rate, and two waits of half a second
    CHECK(copy_all(store, at.c(), requests).good == 10);
    CHECK(at.clock.now() - start == 5s);
    const auto late = store.head(at.c().with_timeout(100ms), name("old/1"));
    REQUIRE_FALSE(late);
    CHECK(late.error().code == errc::deadline_exceeded);
}

TEST_CASE("the limit of requests in flight is halved once for each wave, and grows back") {
    detail::in_flight_limit limit(64);
    CHECK(limit.now() == 64);
    for (std::size_t others = 64; others-- > 0;) limit.throttled(others);
    CHECK(limit.now() == 32);
    limit.throttled(31);
    CHECK(limit.now() == 16);
    for (int i = 0; i < 31; ++i) limit.succeeded();  // of before the cut, like those that are refused
    const unsigned raised = limit.now();
    limit.throttled(0);
    CHECK(limit.now() == raised / 2);
    for (int i = 0; i < 10; ++i) limit.throttled(0);
    CHECK(limit.now() == 1);
    for (int i = 0; i < 3000; ++i) limit.succeeded();
    CHECK(limit.now() == 64);
    CHECK(detail::in_flight_limit(0).now() == 1);
}

TEST_CASE("lost answers among many copies are resolved before anything is told") {
    const fake_place at;
    fill(at, 20);
    fake_store store = at.open();
    const auto requests = copies_of_all(store, at.c());
    int n = 0;
    at.service->faults = [&](const http_request&, std::string_view label) {
        if (label != "copy" || ++n % 3 != 0 || n > 20) return azure_fault{};
        return n % 2 == 0 ? azure_fault::lost_before() : azure_fault::lost_after();
    };
    std::size_t made = 0;
    store.copy_many(at.c(), requests, {}, [&](std::size_t, result<copy_result>&& r) { made += r ? 1 : 0; });
    CHECK(made == 20);
}

TEST_CASE("each part of a batch has its own condition and its own answer") {
    const fake_place at;
    fill(at, 5);
    fake_store store = at.open();
    const auto tag = [&](const char* n) { return condition::if_match(etag("\"" + at.blob(n).etag + "\"")); };
    at.blob("old/2").snapshots = {"s"};
    const std::vector<remove_request> requests = {
        {name("old/0"), tag("old/0")},  {name("old/1"), tag("old/0")},           {name("old/2")},
        {name("absent"), tag("old/0")}, {name("old/3"), condition::if_absent()}, {name("old/4")}};
    std::vector<std::string> seen(requests.size());
    store.remove_many(at.c(), requests, {}, [&](std::size_t i, result<bool>&& gone) {
        seen[i] = gone ? (*gone ? "gone" : "absent") : std::string(to_string(gone.error().code));
        if (!gone) CHECK(gone.error().subject == requests[i].name.text());
    });
    CHECK(seen ==
          std::vector<std::string>{"gone", "condition_failed", "blocked", "absent", "invalid_argument", "gone"});
    CHECK(at.service->count("batch") == 1);
}

TEST_CASE("of a batch only the parts that failed in passing are sent again, and a lost one counts as removed") {
    const fake_place at;
    fill(at, 300);
    fake_store store = at.open();
    std::vector<remove_request> requests;
    for (int i = 0; i < 300; ++i) requests.push_back({name("old/" + std::to_string(i))});
    int parts = 0;
    at.service->faults = [&](const http_request&, std::string_view label) {
        if (label != "part of batch") return azure_fault{};
        ++parts;
        if (parts == 7) return azure_fault::answer(503, "ServerBusy");
        if (parts == 8) return azure_fault::answer(500, "InternalError");
        return parts == 9 ? azure_fault::lost_after() : azure_fault{};
    };
    CHECK(remove_all(store, at.c(), requests).good == 300);
    CHECK(at.service->count("batch") == 3);
    CHECK(parts == 303);
}

TEST_CASE("a batch that is lost, or refused as a whole inside its own success, is sent again or taken apart") {
    const fake_place at;
    fill(at, 4);
    fake_store store = at.open();
    std::vector<remove_request> requests;
    for (int i = 0; i < 4; ++i) requests.push_back({name("old/" + std::to_string(i))});
    int batches = 0;
    at.service->faults = [&](const http_request&, std::string_view label) {
        return label == "batch" && ++batches == 1 ? azure_fault::lost_after() : azure_fault{};
    };
    CHECK(remove_all(store, at.c(), requests).good == 4);
    CHECK(batches == 2);

    // Who may not send batches may still remove.
    fill(at, 4);
    at.service->faults = [&](const http_request&, std::string_view label) {
        return label == "batch" ? azure_fault::answer(403, "AuthorizationPermissionMismatch") : azure_fault{};
    };
    CHECK(remove_all(store, at.c(), requests).good == 4);
    CHECK(at.service->count("delete") == 4);
}

TEST_CASE("a batch that is throttled to the end leaves each of its requests with that error") {
    const fake_place at;
    fill(at, 3);
    fake_store store = at.open({.retry = {.max_attempts = 2}});
    at.service->faults = [](const http_request&, std::string_view) { return azure_fault::answer(503, "ServerBusy"); };
    const std::vector<remove_request> requests = {{name("old/0")}, {name("old/1")}, {name("old/2")}};
    const auto seen = remove_all(store, at.c(), requests);
    REQUIRE(seen.bad.size() == 3);
    for (const error& e : seen.bad) CHECK(e.code == errc::throttled);
    CHECK(at.service->count("batch") == 2);
}

TEST_CASE("a stop ends what is in flight, what waits, and what has not begun, each with a result") {
    const fake_place at;
    fill(at, 100);
    fake_store store = at.open();
    const auto requests = copies_of_all(store, at.c());
    std::stop_source stop;
    context c = at.c();
    c.stop = stop.get_token();
    int n = 0;
    at.service->faults = [&](const http_request&, std::string_view) {
        if (++n == 30) stop.request_stop();
        return n % 5 == 0 ? azure_fault::answer(503, "ServerBusy") : azure_fault{};
    };
    std::vector<int> told(requests.size());
    std::size_t cancelled = 0;
    store.copy_many(c, requests, {.concurrency = 8}, [&](std::size_t i, result<copy_result>&& made) {
        ++told[i];
        if (!made && made.error().code == errc::cancelled) ++cancelled;
    });
    CHECK(told == std::vector<int>(requests.size(), 1));
    CHECK(cancelled == 100 - 24);
}

}  // namespace
