// SPDX-License-Identifier: MIT
#include <blobshift/store/upload.hpp>

#include <stdexcept>   // runtime_error
#include <stop_token>  // stop_source
#include <string>      // string
#include <utility>     // move

#include <blobshift/layers/retry.hpp>
#include <blobshift/store/any_store.hpp>
#include <blobshift/store/ops.hpp>

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/transfers.hpp>

using namespace blobshift;
using namespace blobshift::testing;
using bench = transfer_bench;

TEST_CASE("upload: any content goes up and comes down unchanged, whatever its size, the blocks and the threads") {
    for (const std::size_t size : {0U, 1U, 9U, 10U, 11U, 20U, 95U, 1000U}) {
        for (const unsigned parallelism : {0U, 1U, 4U, 50U}) {
            for (const bool declared : {true, false}) {
                CAPTURE(size);
                CAPTURE(parallelism);
                CAPTURE(declared);
                bench b;
                const bytes content = pattern(size);
                const attributes attrs{.content_type = "application/dicom", .metadata = {{"k", "v"}}};
                const upload_options up{.block_size = 10, .parallelism = parallelism, .read_back = true};
                const auto sent = declared ? upload(b.store, b.c, name("x"), memory_source(content), attrs, {}, up)
                                           : upload(b.store, b.c, name("x"), trickle(content, 3), attrs, {}, up);
                REQUIRE(sent);
                CHECK(sent->size_bytes == size);
                CHECK(sent->content == xxh64_digest(content));
                CHECK(sent->info.tag == b.truth().head({}, name("x"))->tag);
                CHECK(b.truth().head({}, name("x"))->attrs == attrs);
                CHECK(b.script->calls(operation::put) == (size < 10 ? 1 : 0));
                CHECK(b.script->calls(operation::abandon_upload) == 0);
                CHECK(b.staged() == (size < 10 ? 0 : static_cast<int>((size + 9) / 10)));

                memory_sink sink;
                const download_options down{.block_size = 7, .parallelism = parallelism};
                const auto got = download(b.store, b.c, name("x"), sink, down);
                REQUIRE(got);
                CHECK(sink.content() == content);
                CHECK(got->size_bytes == size);
                CHECK(got->content == sent->content);
                CHECK(got->info.tag == sent->info.tag);
            }
        }
    }
}

TEST_CASE("upload: an upload is conditional on every path") {
    for (const std::size_t size : {5U, 50U}) {
        CAPTURE(size);
        bench b;
        const bytes content = pattern(size);
        const auto put = [&](const condition& when) {
            return upload(b.store, b.c, name("x"), memory_source(content), {}, when, small_up);
        };
        CHECK(put(condition::if_match(etag("\"0\""))).error().code == errc::condition_failed);
        CHECK(put(condition::if_absent()));
        CHECK(put(condition::if_absent()).error().code == errc::already_exists);
        CHECK(put(condition::if_match(b.truth().head({}, name("x"))->tag)));
    }
}

TEST_CASE("upload: content too long for one put, in a store without blocks, is refused with what to do") {
    const bytes content = pattern(50);
    bare_store bare;
    any_store any{bare_store{}};
    retry layered{any_store{bare_store{}}};
    const auto refused = [&](auto& store) {
        const auto sent = upload(store, {}, name("x"), memory_source(content), {}, {}, small_up);
        REQUIRE_FALSE(sent);
        CHECK(sent.error().code == errc::unsupported);
        CHECK(sent.error().message.find("choose a block size") != std::string::npos);
        CHECK_FALSE(*exists(store, {}, name("x")));
        CHECK(upload(store, {}, name("x"), memory_source(content), {}, {}, {.block_size = 51}));
    };
    refused(bare);
    refused(any);
    refused(layered);
}

TEST_CASE("upload: a source that breaks its word about its length stores nothing") {
    struct liar : memory_source {
        liar(byte_view content, std::uint64_t claimed) : memory_source(content), claimed_(claimed) {}
        [[nodiscard]] std::uint64_t size_bytes() const noexcept { return claimed_; }
        std::uint64_t claimed_;
    };
    struct row {
        std::size_t size;
        std::uint64_t claimed;
    };
    for (const row& t : {row{5, 4}, row{5, 6}, row{5, 0}, row{0, 5}, row{50, 49}, row{50, 51}, row{50, 5}, row{5, 50},
                         row{50, 10}, row{10, 50}}) {
        CAPTURE(t.size);
        CAPTURE(t.claimed);
        bench b;
        const bytes content = pattern(t.size);
        const auto sent = upload(b.store, b.c, name("x"), liar(content, t.claimed), {}, {}, small_up);
        REQUIRE_FALSE(sent);
        CHECK(sent.error().code == errc::corrupt);
        CHECK(sent.error().done == effect::none);
        CHECK_FALSE(b.stored("x"));
        CHECK(b.script->calls(operation::begin_upload) == b.script->calls(operation::abandon_upload));
    }
}

TEST_CASE("upload: a source that gives more than there is room for is refused before anything is read out of it") {
    bench b;
    const auto sent = upload(b.store, b.c, name("x"),
                             callable_source([](byte_span out) -> result<std::size_t> { return out.size() + 1; }));
    CHECK(sent.error().code == errc::invalid_argument);
    CHECK_FALSE(b.stored("x"));
}

TEST_CASE("upload: a source that fails or throws ends the upload, and what was staged is given up") {
    for (const bool throws : {false, true}) {
        for (const int good : {0, 1, 7}) {
            CAPTURE(throws);
            CAPTURE(good);
            bench b;
            const auto broken = [&] {
                return callable_source([throws, left = good](byte_span out) mutable -> result<std::size_t> {
                    if (left-- > 0) return out.size();
                    if (throws) throw std::runtime_error("broken");
                    return fail(errc::io_error, "broken");
                });
            };
            const auto run = [&] { return upload(b.store, b.c, name("x"), broken(), {}, {}, small_up); };
            if (throws) CHECK_THROWS_AS((void)run(), std::runtime_error);
            else CHECK(run().error().code == errc::io_error);
            CHECK_FALSE(b.stored("x"));
            CHECK(b.script->calls(operation::begin_upload) == (good == 0 ? 0 : 1));
            CHECK(b.script->calls(operation::abandon_upload) == (good == 0 ? 0 : 1));
        }
    }
}

TEST_CASE("upload: a failed block is sent again, alone; one that keeps failing ends the upload") {
    bench b;
    const bytes content = pattern(100);
    upload_options o = small_up;
    SUBCASE("in passing") {
        for (int i = 0; i < 2; ++i) b.script->fail_before(operation::stage_block, lost_answer());
        CHECK(upload(b.store, b.c, name("x"), memory_source(content), {}, {}, o));
        CHECK(b.staged() == 12);
        CHECK(read_all(b.store, b.c, name("x"), 100)->content == content);
    }
    SUBCASE("for good") {
        b.script->fail_before(operation::stage_block, make_error(errc::no_space, "full"));
        CHECK(upload(b.store, b.c, name("x"), memory_source(content), {}, {}, o).error().code == errc::no_space);
        CHECK_FALSE(b.stored("x"));
        CHECK(b.staged() < 10);
        CHECK(b.script->calls(operation::abandon_upload) == 1);
    }
    SUBCASE("too often") {
        o.parallelism = 1;
        for (int i = 0; i < 3; ++i) b.script->fail_before(operation::stage_block, busy());
        CHECK(upload(b.store, b.c, name("x"), memory_source(content), {}, {}, o).error().code == errc::throttled);
        CHECK(b.staged() == 3);
    }
}

TEST_CASE("upload: an upload that is stopped midway gives up what was staged, though no call is allowed any more") {
    bench b;
    std::stop_source stop;
    b.c.stop = stop.get_token();
    int blocks = 0;
    const auto endless = callable_source([&](byte_span out) -> result<std::size_t> {
        if (++blocks == 5) stop.request_stop();
        return out.size();
    });
    CHECK(upload(b.store, b.c, name("x"), endless, {}, {}, small_up).error().code == errc::cancelled);
    CHECK_FALSE(b.stored("x"));
    const auto u = upload_session{name("x"), "1"};
    CHECK(b.truth().abandon_upload({}, u).error().code == errc::not_found);  // it is abandoned already
}

TEST_CASE("upload: an upload whose last answer was lost is looked for, and is a success when it is there") {
    for (const std::size_t size : {5U, 50U}) {
        for (const condition& when : {condition::always(), condition::if_absent()}) {
            CAPTURE(size);
            CAPTURE(when.is_if_absent());
            const bytes content = pattern(size);
            const operation last = size < 10 ? operation::put : operation::commit_upload;
            const attributes attrs{.content_type = "t"};
            {
                bench b;
                b.script->fail_after(last, lost_answer());
                const auto sent = upload(b.store, b.c, name("x"), memory_source(content), attrs, when, small_up);
                REQUIRE(sent);
                CHECK(sent->info.tag == b.truth().head({}, name("x"))->tag);
                CHECK(sent->content == xxh64_digest(content));
            }
            struct row {
                const char* why;
                std::size_t size;
                attributes attrs;
            };
            for (const row& t : {row{"other bytes", size, attrs}, row{"another length", size + 1, attrs},
                                 row{"other attributes", size, {}}}) {
                CAPTURE(t.why);
                bench b;
                bytes other = pattern(t.size);
                if (t.attrs == attrs) other[0] ^= std::byte{1};
                REQUIRE(b.truth().put({}, name("x"), other, t.attrs, {}));
                b.script->fail_before(last, lost_answer());
                const auto sent = upload(b.store, b.c, name("x"), memory_source(content), attrs, when, small_up);
                REQUIRE_FALSE(sent);
                CHECK(sent.error().code == errc::unavailable);
                CHECK(sent.error().done == effect::indeterminate);
            }
            bench b;
            b.script->fail_before(last, lost_answer());
            const auto sent = upload(b.store, b.c, name("x"), memory_source(content), attrs, when, small_up);
            CHECK(sent.error().done == effect::indeterminate);
            CHECK_FALSE(b.stored("x"));
        }
    }
}

TEST_CASE("upload: through retry, an upload in blocks whose commit was lost is a success") {
    bench b;
    retry store{std::move(b.store)};
    const bytes content = pattern(50);
    b.script->fail_after(operation::commit_upload, lost_answer());
    CHECK(upload(store, b.c, name("x"), memory_source(content), {}, condition::if_absent(), small_up));
    CHECK(read_all(store, b.c, name("x"), 50)->content == content);
}

TEST_CASE("upload: content is held to an expected digest before it is stored") {
    for (const std::size_t size : {5U, 50U}) {
        CAPTURE(size);
        bench b;
        const bytes content = pattern(size);
        upload_options o = small_up;
        o.expected = xxh64_digest(content);
        CHECK(upload(b.store, b.c, name("x"), memory_source(content), {}, {}, o));
        o.expected = make_digest(hash_algorithm::crc64_nvme, crc64_nvme_of(content));
        CHECK(upload(b.store, b.c, name("x"), memory_source(content), {}, {}, o)->content == *o.expected);

        const bytes other = pattern(size + 1);
        const auto sent = upload(b.store, b.c, name("y"), memory_source(other), {}, {}, o);
        CHECK(sent.error().code == errc::corrupt);
        CHECK(sent.error().done == effect::none);
        CHECK_FALSE(b.stored("y"));

        o.expected = digest{hash_algorithm::md5, bytes(16)};
        CHECK(upload(b.store, b.c, name("y"), memory_source(content), {}, {}, o).error().code == errc::unsupported);
        const auto got = download(b.store, b.c, name("x"), memory_sink{}, {.expected = o.expected});
        CHECK(got.error().code == errc::unsupported);
    }
}

TEST_CASE("upload: a blob that reads back differently is corrupt, though it was stored") {
    for (const std::size_t size : {5U, 50U}) {
        CAPTURE(size);
        rotten store(0);
        upload_options o = small_up;
        CHECK(upload(store, {}, name("x"), memory_source(pattern(size)), {}, {}, o));
        o.read_back = true;
        const auto sent = upload(store, {}, name("x"), memory_source(pattern(size)), {}, {}, o);
        CHECK(sent.error().code == errc::corrupt);
        CHECK(sent.error().done == effect::applied);
    }
}
