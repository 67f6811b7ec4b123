// SPDX-License-Identifier: MIT
#include <blobshift/views/write_once.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <migrate/archive.hpp>
#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/transfers.hpp>
#include <support/virtual_clock.hpp>

namespace {

using namespace blobshift;
using namespace blobshift::testing;
using blobshift_tests::hooked_store;

static_assert(RewindableSource<rewindable_memory> && !RewindableSource<memory_source>);

/// Gives `first` until it is rewound for the `turns`-th time, then `later`.
struct forgetful_source {
    std::string first;
    std::string later;
    int turns = 2;
    rewindable_memory inner{as_bytes(first)};

    result<void> rewind() {
        if (--turns <= 0) inner = rewindable_memory(as_bytes(later));
        return inner.rewind();
    }
    result<std::size_t> read(byte_span out) { return inner.read(out); }
};

struct once_bench {
    virtual_clock clock = {};
    context c = context_of(clock);
    hooked_store store;
    blob_name n = name("a/b");
    attributes attrs = {.content_type = "application/dicom"};
    upload_options options = {.block_size = 1 << 20};

    result<transfer_report> write(std::string_view text) {
        rewindable_memory source(as_bytes(text));
        return write_once(store, c, n, source, attrs, options);
    }
    void plant(std::string_view text, const attributes& a) { store.inner().put({}, n, as_bytes(text), a, {}).value(); }
    [[nodiscard]] std::string text() {
        return std::string(as_text(read_all(store.inner(), {}, n, 1 << 20).value().content));
    }
    [[nodiscard]] int calls(const char* verb) { return store.hook().calls[verb]; }
};

}  // namespace

TEST_CASE("write_once: a new blob costs one put") {
    once_bench b;
    const auto stored = b.write("content");
    REQUIRE(stored);
    CHECK(stored->info.name == b.n);
    CHECK(stored->content == xxh64_digest(as_bytes("content")));
    CHECK(b.text() == "content");
    CHECK(b.calls("put") == 1);
    CHECK(b.calls("head") == 0);
}

TEST_CASE("write_once: the same content again is a success, in one block or in many, and empty content is content") {
    for (const std::string& text : {std::string(), std::string("x"), std::string(200'000, 'y')}) {
        CAPTURE(text.size());
        once_bench b;
        const auto first = b.write(text);
        REQUIRE(first);
        for (const std::size_t block_size : {std::size_t{1} << 20, text.size() + 1}) {
            b.options.block_size = block_size;
            const auto again = b.write(text);
            REQUIRE(again);
            CHECK(again->info.tag == first->info.tag);
            CHECK(again->size_bytes == text.size());
            CHECK(again->content == first->content);
        }
    }
}

TEST_CASE("write_once: other bytes, a shorter or longer blob, or other attributes are already_exists and stay") {
    struct row {
        const char* there;
        const char* type;
    };
    for (const row& t : {row{"contenT", "application/dicom"}, row{"conten", "application/dicom"},
                         row{"content!", "application/dicom"}, row{"", "application/dicom"},
                         row{"content", "text/plain"}}) {
        CAPTURE(t.there);
        once_bench b;
        b.plant(t.there, {.content_type = t.type});
        const auto refused = b.write("content");
        CHECK(refused.error().code == errc::already_exists);
        CHECK(refused.error().done == effect::none);
        CHECK(b.text() == t.there);
    }
}

TEST_CASE("write_once: a put whose answer was lost is looked for") {
    once_bench b;
    b.store.hook().after = {};
    int puts = 0;
    b.store.hook().before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb != "put" || ++puts > 1) return std::nullopt;
        b.plant("content", b.attrs);  // it arrives, the answer does not
        return lost_answer();
    };
    CHECK(b.write("content"));
    CHECK(puts == 1);
}

TEST_CASE("write_once: a pending copy is waited for, a failed one is replaced") {
    once_bench b;
    b.plant("", b.attrs);
    int looks = 0;
    copy_state state = copy_state::pending;
    b.store.hook().infos = [&](blob_info& info) { info.copy = state; };
    SUBCASE("the copy succeeds while we wait") {
        b.store.hook().before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
            if (verb == "head" && ++looks == 3) {
                state = copy_state::succeeded;
                b.plant("content", b.attrs);
            }
            return std::nullopt;
        };
        REQUIRE(b.write("content"));
        CHECK(b.clock.pauses().size() == 2);
    }
    SUBCASE("it never ends: an error that may be repeated") {
        const auto waited = b.write("content");
        CHECK(waited.error().code == errc::conflict);
        CHECK(waited.error().is_transient());
        CHECK(b.text().empty());
        CHECK(b.clock.pauses().size() == 5);
    }
    SUBCASE("it never ends, and there is no time to wait") {
        b.c = b.c.with_timeout(std::chrono::milliseconds(150));
        CHECK(b.write("content").error().code == errc::deadline_exceeded);
    }
    SUBCASE("it fails: there is nothing to lose") {
        state = copy_state::failed;
        REQUIRE(b.write("content"));
        CHECK(b.text() == "content");
        CHECK(b.clock.pauses().empty());
    }
    SUBCASE("it fails, and somebody else repairs it first") {
        state = copy_state::aborted;
        b.store.hook().before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
            if (verb == "put" && ++looks == 2) {
                state = copy_state::none;
                b.plant("content", b.attrs);
            }
            return std::nullopt;
        };
        REQUIRE(b.write("content"));
    }
}

TEST_CASE("write_once: a blob that goes away while it is looked at is written") {
    for (const char* moment : {"head", "read"}) {
        CAPTURE(moment);
        once_bench b;
        b.plant("content", b.attrs);
        bool gone = false;
        b.store.hook().before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
            if (verb == moment && !std::exchange(gone, true)) b.store.inner().remove({}, b.n, {}).value();
            return std::nullopt;
        };
        CHECK(b.write("content"));
        CHECK(b.text() == "content");
    }
}

TEST_CASE("write_once: the bytes that are compared are those of the blob whose attributes were") {
    once_bench b;
    b.plant("content", b.attrs);
    bool replaced = false;
    b.store.hook().before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "read" && !std::exchange(replaced, true)) b.plant("content", {.content_type = "text/plain"});
        return std::nullopt;
    };
    CHECK(b.write("content").error().code == errc::condition_failed);
    CHECK(b.write("content").error().code == errc::already_exists);
}

TEST_CASE("write_once: the errors of every step are the caller's") {
    for (const char* verb : {"put", "head", "read"}) {
        CAPTURE(verb);
        once_bench b;
        b.plant("content", b.attrs);
        b.store.hook().before = [&](std::string_view asked, std::string_view) -> std::optional<error> {
            if (asked != verb) return std::nullopt;
            return make_error(errc::permission_denied, "no");
        };
        CHECK(b.write("content").error().code == errc::permission_denied);
    }
}

TEST_CASE("write_once: a source that fails, or that gives other bytes when it is rewound, is found out") {
    once_bench b;
    SUBCASE("it does not rewind") {
        struct once_only : rewindable_memory {
            using rewindable_memory::rewindable_memory;
            int left = 1;
            result<void> rewind() {
                if (left-- > 0) return {};
                return fail(errc::io_error, "cannot rewind");
            }
        };
        once_only fresh(as_bytes("content"));
        CHECK(write_once(b.store, b.c, b.n, fresh, b.attrs, b.options));
        once_only worn(as_bytes("content"));
        worn.left = 0;
        CHECK(write_once(b.store, b.c, b.n, worn, b.attrs, b.options).error().code == errc::io_error);
        once_only second(as_bytes("content"));
        CHECK(write_once(b.store, b.c, b.n, second, b.attrs, b.options).error().code == errc::io_error);
    }
    SUBCASE("other bytes than it gave for the other name, where the blob is new") {
        b.options.expected = xxh64_digest(as_bytes("content"));
        CHECK(b.write("CONTENT").error().code == errc::corrupt);
        CHECK_FALSE(*exists(b.store.inner(), {}, b.n));
    }
    SUBCASE("where the blob is there, and holds just these") {
        b.plant("CONTENT", b.attrs);
        forgetful_source source{"content", "CONTENT"};
        b.options.expected = xxh64_digest(as_bytes("content"));
        CHECK(write_once(b.store, b.c, b.n, source, b.attrs, b.options).error().code == errc::corrupt);
    }
    SUBCASE("a digest that no transfer computes") {
        b.options.expected = digest{hash_algorithm::md5, {}};
        CHECK(b.write("content").error().code == errc::unsupported);
    }
    SUBCASE("it fails while it is compared") {
        b.plant("content", b.attrs);
        struct failing : rewindable_memory {
            using rewindable_memory::rewindable_memory;
            int rewinds = 0;
            result<void> rewind() {
                ++rewinds;
                return rewindable_memory::rewind();
            }
            result<std::size_t> read(byte_span out) {
                if (rewinds > 1) return fail(errc::io_error, "unreadable");
                return rewindable_memory::read(out);
            }
        };
        failing source(as_bytes("content"));
        CHECK(write_once(b.store, b.c, b.n, source, b.attrs, b.options).error().code == errc::io_error);
    }
}
