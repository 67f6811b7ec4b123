// SPDX-License-Identifier: MIT
//
// A file store whose system calls fail: each of them once, at each place, in each way that it can.

#include <blobshift/backends/file_store.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <backends/scripted_store.hpp>

using namespace blobshift;
using namespace blobshift::testing;
using strings = std::vector<std::string>;

TEST_CASE("a system call that fails, any of them, in any way, changes nothing or says what it changed") {
    for (const operation& op : operations()) {
        CAPTURE(std::string(op.what));
        for (const int answer : {-EIO, -ENOSPC}) {
            CAPTURE(answer);
            for (std::size_t n = 0;; ++n) {
                CAPTURE(n);
                scripted s({.durable = durability::full, .copying = op.copying});
                fill(s);
                const auto before = s.snapshot();
                s.script->clear();
                s.script->fail_nth(n, answer);
                const outcome failed = op.run(s.store);
                const std::size_t calls = s.script->log.size();
                const std::string call = n < calls ? s.script->log[n] : "";
                CAPTURE(call);
                s.script->clear();
                if (n >= calls) {
                    CHECK_FALSE(failed);
                    break;
                }
                const auto after = s.snapshot();
                // What was not needed for the effect may fail unseen, as removing a directory that is empty now.
                if (failed) {
                    CHECK(failed->system_code == -answer);
                    CHECK(failed->message.find("a/") == std::string::npos);
                    if (failed->done == effect::none) CHECK(after == before);
                    if (failed->done == effect::applied) CHECK(after != before);
                    CHECK((failed->done != effect::indeterminate || answer == -EIO));
                } else {
                    CHECK(after != before);
                }
                if (call != "remove_file") CHECK(s.on.temps().empty());
                // The store is not spoilt: what was refused once can be done now.
                if (failed && failed->done == effect::none) {
                    CHECK_FALSE(op.run(s.store));
                    CHECK(s.snapshot() != before);
                }
            }
        }
    }
}

TEST_CASE("the first write of a store may fail at every call, and be repeated") {
    for (std::size_t n = 0;; ++n) {
        CAPTURE(n);
        scripted s({.durable = durability::none});
        s.script->clear();
        s.script->fail_nth(n, -ENOSPC);
        const auto first = put(s.store, "a/b", "x");
        const std::size_t calls = s.script->log.size();
        s.script->clear();
        if (n >= calls) {
            CHECK(first);
            break;
        }
        if (!first) CHECK(s.on.all().empty());
        CHECK(put(s.store, "a/b", "x"));
        CHECK(content_of(s.store, "a/b").value() == "x");
    }
}

TEST_CASE("a file that cannot be synced is not published, and the sync is not tried again") {
    scripted s({.durable = durability::data});
    fill(s);
    s.script->clear();
    s.script->fail("sync", -EIO);
    const auto failed = put(s.store, "a/old", "new");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().done == effect::none);
    CHECK(s.script->count("sync") == 1);
    s.script->clear();
    CHECK(s.on.read("a/old") == "old");
    CHECK(s.on.temps().empty());
}

TEST_CASE("a directory that cannot be synced leaves the effect, and says so") {
    for (const char* what : {"put", "copy", "remove"}) {
        CAPTURE(std::string(what));
        scripted s({.durable = durability::full});
        fill(s);
        s.script->clear();
        int syncs = 0;
        const bool is_put = what == std::string("put");
        s.script->before = [&](std::string_view call) {
            return call == "sync" && syncs++ >= (is_put ? 1 : 0) ? -EIO : 0;
        };
        const outcome failed = is_put                        ? outcome_of(put(s.store, "a/old", "new"))
                               : what == std::string("copy") ? outcome_of(copy(s.store, "a/old", "a/new"))
                                                             : outcome_of(remove(s.store, "a/old"));
        REQUIRE(failed);
        CHECK(failed->done == effect::applied);
        CHECK(failed->code == errc::io_error);
        CHECK(syncs == (is_put ? 2 : 1));
        s.script->clear();
        CHECK(s.on.has("a/new") == (what == std::string("copy")));
        CHECK(s.on.has("a/old") == (what != std::string("remove")));
    }
}

TEST_CASE("nothing of a group is removed before all that could be seen is durable") {
    for (const durability durable : {durability::none, durability::data, durability::full}) {
        scripted s({.durable = durable});
        fill(s);
        const auto remove_two = [&] {
            const std::vector<remove_request> requests = {{name("a/old"), {}}, {name("only/one/here"), {}}};
            std::vector<outcome> outcomes(requests.size());
            s.store.remove_many({}, requests, {}, [&](std::size_t i, auto&& r) { outcomes[i] = outcome_of(r); });
            return outcomes;
        };
        s.script->clear();
        s.script->fail("sync_all", -EIO);
        const auto refused = remove_two();
        s.script->before = {};
        if (durable != durability::full) {
            CHECK(s.script->count("sync_all") == 0);
            CHECK_FALSE(refused[0]);
            continue;
        }
        CHECK(s.script->log == strings{"sync_all"});
        for (const outcome& each : refused) {
            REQUIRE(each);
            CHECK(each->code == errc::io_error);
            CHECK(each->done == effect::none);
        }
        CHECK(s.on.has("a/old"));
        s.script->clear();
        for (const outcome& each : remove_two()) CHECK_FALSE(each);
        CHECK(s.script->log.front() == "sync_all");
        CHECK(s.script->count("sync_all") == 1);
        CHECK_FALSE(s.on.has("a/old"));
    }
}

TEST_CASE("each durability syncs what it promises, in the order that keeps the promise") {
    struct row {
        durability durable;
        std::size_t put_syncs;
        std::size_t remove_syncs;
    };
    for (const row& t : {row{durability::none, 0, 0}, row{durability::data, 1, 0}, row{durability::full, 4, 1}}) {
        scripted s({.durable = t.durable});
        fill(s);
        s.script->clear();
        CHECK(put(s.store, "x/y/z", "content"));
        CHECK(s.script->count("sync") == t.put_syncs);  // the file; y, x and the root
        if (t.put_syncs > 0) {
            const auto& log = s.script->log;
            const auto at = [&](std::string_view call) {
                return std::find(log.begin(), log.end(), call) - log.begin();
            };
            CHECK(at("write_at") < at("sync"));
            CHECK(at("set_mtime") < at("sync"));
            CHECK(at("sync") < at("rename_new"));
            if (t.durable == durability::full) {
                CHECK(std::find(log.rbegin(), log.rend(), "sync") < std::find(log.rbegin(), log.rend(), "rename_new"));
            }
        }
        s.script->clear();
        CHECK(remove(s.store, "x/y/z").value());
        CHECK(s.script->count("sync") == t.remove_syncs);  // the root, which is all that is left
    }
}

TEST_CASE("a removal is durable although another remover takes the directory away before it is synced") {
    struct row {
        const char* beside;  ///< Stays: what is above it is still there.
        bool blob;           ///< The name of the directory becomes a blob's.
        std::size_t syncs;
    };
    for (const row& t : {row{"z", false, 1}, row{"a/z", false, 2}, row{"z", true, 2}, row{"a/b/z", false, 1}}) {
        for (const bool fails : {false, true}) {
            CAPTURE(std::string(t.beside));
            CAPTURE(t.blob);
            CAPTURE(fails);
            scripted s({.durable = durability::full});
            for (const char* n : {"a/b/x", "a/b/y", t.beside}) REQUIRE(put(s.store, n, "x"));
            s.script->clear();
            bool pruned = false;
            bool taken = false;
            std::size_t syncs = 0;
            s.script->before = [&](std::string_view call) {
                pruned = pruned || call == "remove_folder";  // refused: the other blob is still there
                if (pruned && !taken && call == "open_beneath") {
                    taken = true;
                    std::filesystem::remove(s.on.path("a/b/y"));
                    for (const char* folder : {"a/b", "a"}) {
                        std::error_code not_empty;
                        std::filesystem::remove(s.on.path(folder), not_empty);
                    }
                    if (t.blob) s.on.write("a/b", "");
                }
                return call == "sync" && ++syncs == t.syncs && fails ? -EIO : 0;
            };
            const auto gone = remove(s.store, "a/b/x");
            CHECK(taken);
            CHECK(syncs == t.syncs);
            CHECK_FALSE(s.on.has("a/b/x"));
            if (!fails) {
                CHECK(gone.value());
                continue;
            }
            REQUIRE_FALSE(gone);
            CHECK(gone.error().code == errc::io_error);
            CHECK(gone.error().done == effect::applied);
        }
    }
}

TEST_CASE("short reads and writes of every kind go on to the end") {
    for (const copy_method method : {copy_method::automatic, copy_method::byte_copy}) {
        scripted s({.durable = durability::none, .copying = method});
        s.script->most_bytes = 1;
        CHECK(put(s.store, "a", "0123456789"));
        CHECK(content_of(s.store, "a").value() == "0123456789");
        s.script->before = [](std::string_view call) { return call == "copy_range" ? -EXDEV : 0; };
        CHECK(copy(s.store, "a", "b"));
        CHECK(s.on.read("b") == "0123456789");
    }
}

TEST_CASE("a kernel without openat2 has a store that is as good") {
    for (const int refusal : {-ENOSYS, -EPERM}) {
        auto script = std::make_shared<file_script>();
        const disk on;
        script->fail("open_beneath", refusal);
        scripted_store s =
            scripted_store::open(on.path(), {.durable = durability::full}, scripted_files(script)).value();
        CHECK(put(s, "a/b/c", "x"));
        CHECK(copy(s, "a/b/c", "d/e"));
        CHECK(remove(s, "a/b/c").value());
        std::filesystem::create_symlink("d", on.path("link"));
        CHECK(s.head({}, name("link/e")).error().code == errc::conflict);
        CHECK(put(s, "link/x", "").error().code == errc::conflict);
        CHECK(names(s) == strings{"d/e"});
        CHECK(script->count("open_beneath") == 1);
    }
}

TEST_CASE("nothing that an operation opened stays open") {
    for (const operation& op : operations()) {
        CAPTURE(std::string(op.what));
        scripted s({.durable = durability::full, .copying = op.copying});
        fill(s);
        const auto open = [] {
            const std::filesystem::directory_iterator all("/proc/self/fd");
            return std::distance(begin(all), end(all));
        };
        const auto before = open();
        CHECK_FALSE(op.run(s.store));
        CHECK(open() == before);
    }
}
