// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_reader.hpp>

#include <doctest/doctest.h>

#include <string>

#include <backends/scripted_store.hpp>

using namespace blobshift;
using namespace blobshift::testing;

TEST_CASE("a read that fails at any call is an error and no content") {
    for (std::size_t n = 0;; ++n) {
        scripted s({.durable = durability::none});
        fill(s);
        s.script->clear();
        s.script->fail_nth(n, -EIO);
        const auto got = content_of(s.store, "a/old");
        const std::string call = n < s.script->log.size() ? s.script->log[n] : "none";
        s.script->clear();
        CAPTURE(call);
        if (call == "none") {
            CHECK(got.value() == "old");
            break;
        }
        if (call == "close") continue;
        REQUIRE_FALSE(got);
        CHECK(got.error().code == errc::io_error);
        CHECK(got.error().system_code == EIO);
    }
}

TEST_CASE("a look for the etag that fails at any call is an error, and never says that the blob is not there") {
    for (std::size_t n = 0;; ++n) {
        scripted s({.durable = durability::none});
        fill(s);
        const etag tag = s.store.head({}, name("a/old")).value().tag;
        s.script->clear();
        s.script->fail_nth(n, -EIO);
        const auto got = s.store.etag_of({}, name("a/old"));
        const std::string call = n < s.script->log.size() ? s.script->log[n] : "none";
        s.script->clear();
        CAPTURE(call);
        if (call == "none") {
            CHECK(got.value() == tag);
            break;
        }
        if (call == "close") continue;
        REQUIRE_FALSE(got);
        CHECK(got.error().code == errc::io_error);
        CHECK(got.error().subject == "a/old");
    }
}

TEST_CASE("a file that is cut short while it is read is corrupt, not a shorter blob") {
    scripted s({.durable = durability::none});
    fill(s);
    s.script->before = [&](std::string_view call) {
        if (call == "read_at") std::filesystem::resize_file(s.on.path("a/old"), 1);
        return 0;
    };
    s.script->most_bytes = 2;
    CHECK(content_of(s.store, "a/old").error().code == errc::corrupt);
}

TEST_CASE("a file that is replaced while it is read is read as it was") {
    scripted s({.durable = durability::none});
    fill(s);
    s.script->most_bytes = 1;
    s.script->before = [&](std::string_view call) {
        if (call == "read_at")
            s.on.write("next", "NEW"), std::filesystem::rename(s.on.path("next"), s.on.path("a/old"));
        return 0;
    };
    CHECK(content_of(s.store, "a/old").value() == "old");
}
