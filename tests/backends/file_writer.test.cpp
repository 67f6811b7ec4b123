// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_writer.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <backends/scripted_store.hpp>

using namespace blobshift;
using namespace blobshift::testing;
using strings = std::vector<std::string>;

TEST_CASE("where nothing can be renamed to a free name only, links do it, and without links it is an error") {
    for (const int refusal : {-EINVAL, -ENOSYS, -EOPNOTSUPP}) {
        scripted s({.durable = durability::none});
        fill(s);
        s.script->clear();
        s.script->fail("rename_new", refusal);
        CHECK(put(s.store, "n", "x", condition::if_absent()));
        CHECK(put(s.store, "n", "y", condition::if_absent()).error().code == errc::already_exists);
        CHECK(s.on.read("n") == "x");
        CHECK(s.on.temps().empty());
        s.script->before = [&](std::string_view call) {
            return call == "rename_new" ? refusal : call == "link" ? -EPERM : 0;
        };
        const auto none = put(s.store, "m", "x");
        REQUIRE_FALSE(none);
        CHECK(none.error().done == effect::none);
        CHECK_FALSE(s.on.has("m"));
    }
}

TEST_CASE("a name that another program takes at the last moment is not taken away from it") {
    for (const bool by_rename : {true, false}) {
        scripted s({.durable = durability::none});
        fill(s);
        s.script->clear();
        s.script->before = [&](std::string_view call) {
            if (call == "rename_new" && !by_rename) return -EINVAL;
            if (call == (by_rename ? "rename_new" : "link")) s.on.write("n", "theirs");
            return 0;
        };
        CHECK(put(s.store, "n", "mine", condition::if_absent()).error().code == errc::already_exists);
        CHECK(s.on.read("n") == "theirs");
    }
}

TEST_CASE("where two names cannot be linked, bytes are copied, unless only a link would do") {
    for (const int refusal : {-EXDEV, -EPERM, -EOPNOTSUPP, -EMLINK}) {
        CAPTURE(refusal);
        for (const condition& target : {condition::if_absent(), condition::always()}) {
            scripted s({.durable = durability::none});
            fill(s);
            s.script->clear();
            s.script->fail("link", refusal);
            const auto copied = copy(s.store, "a/source", "n/x", target);
            REQUIRE(copied);
            CHECK(copied->proof == copy_proof::none);
            CHECK(s.on.read("n/x") == "source");
            scripted_store links = s.open({.durable = durability::none, .copying = copy_method::hard_link});
            const auto none = copy(links, "a/source", "m/x", target);
            REQUIRE_FALSE(none);
            CHECK(none.error().code == errc::unsupported);
            CHECK_FALSE(s.on.has("m"));
        }
    }
}

TEST_CASE("the versions that are told apart do not depend on the clock going forward") {
    scripted s({.durable = durability::none});
    strings stamps;  // what is between the inode, which is another one each time, and the size
    for (const std::int64_t clock :
         std::vector<std::int64_t>{2'000'000'000, 1'000'000'000, 1'000'000'000, 3'000'000'000}) {
        s.script->clock_ns = clock;
        const std::string tag = put(s.store, "a", "x").value().tag.text();
        const std::size_t stamp = tag.find('-') + 1;
        stamps.push_back(tag.substr(stamp, tag.rfind('-') - stamp));
    }
    std::sort(stamps.begin(), stamps.end());
    CHECK(std::adjacent_find(stamps.begin(), stamps.end()) == stamps.end());
}

TEST_CASE("a source that is replaced while its bytes are copied is copied again, or not at all") {
    scripted s({.durable = durability::none, .copying = copy_method::byte_copy});
    fill(s);
    file_store other = file_store::open(s.on.path(), {.durable = durability::none}).value();
    const etag tag = s.store.head({}, name("a/source")).value().tag;
    int left = 0;
    s.script->before = [&](std::string_view call) {
        if (call == "copy_range" && left-- > 0) REQUIRE(put(other, "a/source", "newer" + std::to_string(left)));
        return 0;
    };
    left = 3;
    CHECK(copy(s.store, "a/source", "n"));
    CHECK(s.on.read("n") == "newer0");
    left = 1;
    const auto refused = s.store.copy({}, name("a/source"), name("m"),
                                      condition::if_match(s.store.head({}, name("a/source")).value().tag), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::condition_failed);
    left = 1'000;
    const auto never = copy(s.store, "a/source", "m");
    REQUIRE_FALSE(never);
    CHECK(never.error().code == errc::conflict);
    CHECK(never.error().is_transient());
    CHECK_FALSE(s.on.has("m"));
    CHECK(s.on.temps().empty());
    CHECK(tag != s.store.head({}, name("a/source")).value().tag);
}

TEST_CASE("a source that other programs swap while it is linked is not promised to be the one that was tested") {
    for (const condition& target : {condition::if_absent(), condition::always()}) {
        scripted s({.durable = durability::none});
        fill(s);
        s.script->clear();
        bool swapped = false;
        s.script->before = [&](std::string_view call) {
            if (call == "link" && !std::exchange(swapped, true)) {
                s.on.write("a/other", "other");
                std::filesystem::rename(s.on.path("a/other"), s.on.path("a/source"));
            }
            return 0;
        };
        const auto linked = copy(s.store, "a/source", "n", target);
        if (linked) {
            CHECK(linked->info.tag == linked->source_tag);
            CHECK(s.on.read("n") == "other");
        } else {
            CHECK(linked.error().code == errc::conflict);
            CHECK(linked.error().done != effect::none);
        }
    }
}

TEST_CASE("a blob is not replaced by another version than the one that was asked for, swapped at whichever moment") {
    for (const char* moment : {"facts_in", "link", "rename"}) {
        CAPTURE(moment);
        scripted s({.durable = durability::none});
        fill(s);
        REQUIRE(put(s.store, "n", "precious"));
        const etag tag = s.store.head({}, name("a/source")).value().tag;
        s.script->clear();
        bool swapped = false;
        s.script->before = [&](std::string_view call) {
            if (call == moment && !std::exchange(swapped, true)) {
                s.on.write("a/other", "other");
                std::filesystem::rename(s.on.path("a/other"), s.on.path("a/source"));
            }
            return 0;
        };
        const auto copied =
            s.store.copy({}, name("a/source"), name("n"), condition::if_match(tag), condition::always());
        REQUIRE(swapped);
        if (copied) {  // the second name was made of the right one, before
            CHECK(s.on.read("n") == "source");
        } else {
            CHECK(copied.error().code == errc::condition_failed);
            CHECK(copied.error().done == effect::none);
            CHECK(s.on.read("n") == "precious");
        }
        CHECK(s.on.temps().empty());
    }
}

TEST_CASE("a directory that is pruned under a put, a copy or a removal is made again or not missed") {
    for (const operation& op : operations()) {
        CAPTURE(std::string(op.what));
        scripted s({.durable = durability::none, .copying = op.copying});
        fill(s);
        s.script->clear();
        int left = 2;
        s.script->before = [&](std::string_view call) {
            if ((call == "rename_new" || call == "link") && left-- > 0) {
                std::filesystem::remove(s.on.path("new/deep"));
                std::filesystem::remove(s.on.path("new"));
            }
            return 0;
        };
        CHECK_FALSE(op.run(s.store));
    }
}
