// SPDX-License-Identifier: MIT
#include <blobshift/store/download.hpp>

#include <atomic>     // atomic
#include <memory>     // make_shared, shared_ptr
#include <stdexcept>  // runtime_error
#include <thread>     // yield
#include <utility>    // exchange, move

#include <blobshift/backends/memory_store.hpp>

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/transfers.hpp>

using namespace blobshift;
using namespace blobshift::testing;
using bench = transfer_bench;

TEST_CASE("download: a flipped bit in any block is found by the expected digest, and the sink is told") {
    for (const std::uint64_t at : {0U, 40U, 90U}) {
        CAPTURE(at);
        rotten store(at);
        const bytes content = pattern(100);
        REQUIRE(store.put({}, name("x"), content, {}, {}));
        download_options o = small_down;
        o.expected = xxh64_digest(content);
        noting_sink sink;
        const auto got = download(store, {}, name("x"), sink, o);
        CHECK(got.error().code == errc::corrupt);
        CHECK(sink.abandoned == 1);
        CHECK(sink.content().empty());
    }
}

TEST_CASE("download: a download that succeeds does not tell its sink to abandon") {
    bench b;
    REQUIRE(b.truth().put({}, name("x"), pattern(95), {}, {}));
    noting_sink sink;
    CHECK(download(b.store, b.c, name("x"), sink, small_down));
    CHECK(sink.abandoned == 0);
    CHECK(std::move(sink).content() == pattern(95));
    CHECK(download(b.store, b.c, name("missing"), sink, small_down).error().code == errc::not_found);
    CHECK(sink.abandoned == 1);
}

TEST_CASE("download: a download never mixes two versions") {
    bench b;
    REQUIRE(b.truth().put({}, name("x"), pattern(100), {}, {}));
    const etag first = b.truth().head({}, name("x"))->tag;
    noting_sink sink;
    bool changed = false;
    const auto changing = callable_sink([&](byte_view part) -> result<void> {
        if (!std::exchange(changed, true)) (void)b.truth().put({}, name("x"), pattern(100), {}, {});
        return sink.write(part);
    });
    CHECK(download(b.store, b.c, name("x"), changing, small_down).error().code == errc::condition_failed);

    download_options pinned = small_down;
    pinned.when = condition::if_match(first);
    CHECK(download(b.store, b.c, name("x"), sink, pinned).error().code == errc::condition_failed);
    pinned.when = condition::if_absent();
    CHECK(download(b.store, b.c, name("x"), sink, pinned).error().code == errc::invalid_argument);
}

TEST_CASE("download: a failed block is read again, alone; one that keeps failing ends the download") {
    bench b;
    REQUIRE(b.truth().put({}, name("x"), pattern(100), {}, {}));
    noting_sink sink;
    SUBCASE("in passing") {
        for (int i = 0; i < 2; ++i) b.script->fail_before(operation::read, busy());
        CHECK(download(b.store, b.c, name("x"), sink, small_down));
        CHECK(b.script->calls(operation::read) == 12);
        CHECK(sink.content() == pattern(100));
    }
    SUBCASE("midway, for good") {
        int reads = 0;
        b.script->by_rule = [&](operation verb) -> std::optional<fault> {
            if (verb != operation::read || ++reads < 4) return std::nullopt;
            return fault{verb, make_error(errc::io_error, "bad sector")};
        };
        CHECK(download(b.store, b.c, name("x"), sink, small_down).error().code == errc::io_error);
        CHECK(sink.abandoned == 1);
        CHECK(reads < 10);
    }
}

TEST_CASE("download: a block that fails for good lets those go that wait for their turn behind it") {
    struct broken_in_the_middle : memory_store {
        result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                                 const condition& when) {
            if (range.offset == 30) *next_began = true;
            if (range.offset != 20) return memory_store::read(c, n, range, out, when);
            while (!*next_began) std::this_thread::yield();
            return fail(errc::io_error, "bad sector");
        }
        std::shared_ptr<std::atomic<bool>> next_began = std::make_shared<std::atomic<bool>>(false);
    } store;
    REQUIRE(store.put({}, name("x"), pattern(100), {}, {}));
    noting_sink sink;
    CHECK(download(store, {}, name("x"), sink, small_down).error().code == errc::io_error);
    CHECK(sink.abandoned == 1);
}

TEST_CASE("download: a sink that fails or throws ends the download, at any block and with any threads") {
    for (const bool throws : {false, true}) {
        for (const int good : {0, 1, 5}) {
            CAPTURE(throws);
            CAPTURE(good);
            bench b;
            REQUIRE(b.truth().put({}, name("x"), pattern(200), {}, {}));
            int left = good;
            const auto full = callable_sink([&](byte_view) -> result<void> {
                if (left-- > 0) return {};
                // The other two threads are to be waiting for their turn when it fails.
                while (good > 0 && b.script->calls(operation::read) < good + 3) std::this_thread::yield();
                if (throws) throw std::runtime_error("full");
                return fail(errc::no_space, "full");
            });
            const auto run = [&] { return download(b.store, b.c, name("x"), full, small_down); };
            if (throws) CHECK_THROWS_AS((void)run(), std::runtime_error);
            else CHECK(run().error().code == errc::no_space);
            CHECK(b.script->calls(operation::read) <= good + 4);
        }
    }
}

TEST_CASE("download: a store that gives other bytes than were asked for is corrupt") {
    struct row {
        const char* why;
        std::uint64_t offset;
        std::size_t count;
        std::uint64_t size;
    };
    for (const row& t :
         {row{"short of the end", 0, 4, 100}, row{"elsewhere", 5, 10, 100}, row{"more than it has", 0, 10, 7}}) {
        CAPTURE(t.why);
        struct odd : bare_store {
            explicit odd(const row& r) : given(&r) {}
            result<read_result> read(const context&, const blob_name& n, const read_range&, byte_span,
                                     const condition&) {
                blob_info info(n);
                info.size_bytes = given->size;
                return read_result{std::move(info), given->offset, given->count};
            }
            const row* given;
        } store(t);
        CHECK(download(store, {}, name("x"), memory_sink{}, small_down).error().code == errc::corrupt);
    }
}

TEST_CASE("download: no more than parallelism blocks are ever held") {
    struct counting : memory_store {
        result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                                 const condition& when) {
            const int held = ++*now;
            int seen = *most;
            while (seen < held && !most->compare_exchange_weak(seen, held)) {
            }
            std::this_thread::yield();
            auto got = memory_store::read(c, n, range, out, when);
            --*now;
            return got;
        }
        std::shared_ptr<std::atomic<int>> now = std::make_shared<std::atomic<int>>(0);
        std::shared_ptr<std::atomic<int>> most = std::make_shared<std::atomic<int>>(0);
    } store;
    REQUIRE(store.put({}, name("x"), pattern(1000), {}, {}));
    memory_sink sink;
    CHECK(download(store, {}, name("x"), sink, small_down));
    CHECK(sink.content() == pattern(1000));
    CHECK(*store.most <= 3);
}
