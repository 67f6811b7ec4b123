// SPDX-License-Identifier: MIT
//
// Several processes, and several threads, on one file store.

#include <blobshift/backends/file_store.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <charconv>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>

#include <backends/files_on_disk.hpp>
#include <support/print.hpp>

using namespace blobshift;
using namespace blobshift::testing;

namespace {

/// Memory that a process and its children share.
struct shared {
    std::atomic<int> ready = 0;
    std::atomic<int> wins = 0;
    std::atomic<int> losses = 0;
    std::atomic<int> faults = 0;
};

struct shared_memory {
    shared* at =
        new (::mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) shared;
    ~shared_memory() { ::munmap(at, sizeof(shared)); }
};

/// Runs `work(number)` in `count` processes at once; true if each came to its end.
bool in_processes(int count, const std::function<void(int)>& work) {
    std::vector<::pid_t> children;
    for (int i = 0; i < count; ++i) {
        const ::pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            int code = 0;
            try {
                work(i);
            } catch (...) {
                code = 1;
            }
            ::_exit(code);
        }
        children.push_back(child);
    }
    bool all = true;
    for (const ::pid_t child : children) {
        int status = 0;
        all = ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 && all;
    }
    return all;
}

void wait_for_all(shared& s, int count) {
    for (++s.ready; s.ready < count;) std::this_thread::yield();
}

file_store open(const disk& on, copy_method copying = copy_method::automatic) {
    return file_store::open(on.path(), {.durable = durability::none, .copying = copying}).value();
}

std::uint64_t number_in(std::string_view text) {
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

}  // namespace

TEST_CASE("of many processes that create one blob exactly one succeeds, each time, by put, copy and upload") {
    constexpr int processes = 4;
    constexpr int rounds = 100;
    const disk on;
    const shared_memory memory;
    shared& s = *memory.at;
    {
        file_store store = open(on);
        REQUIRE(put(store, "source", "by copy"));
    }
    CHECK(in_processes(processes, [&](int p) {
        file_store store = open(on, p == 3 ? copy_method::byte_copy : copy_method::automatic);
        wait_for_all(s, processes);
        for (int r = 0; r < rounds; ++r) {
            const std::string n = "new/" + std::to_string(r) + "/blob";
            const auto made = [&]() -> result<void> {
                if (p == 0) {
                    const auto u = store.begin_upload({}, name(n)).value();
                    store.stage_block({}, u, 0, 0, as_bytes("by upload")).value();
                    if (auto done = store.commit_upload({}, u, 1, 9, {}, condition::if_absent()); !done) {
                        return unexpected(done.error());
                    }
                } else if (p == 1) {
                    if (auto done = put(store, n, "by put", condition::if_absent()); !done)
                        return unexpected(done.error());
                } else if (auto done = copy(store, "source", n); !done) {
                    return unexpected(done.error());
                }
                return {};
            }();
            if (made)
                ++s.wins;
            else if (made.error().code == errc::already_exists)
                ++s.losses;
            else
                ++s.faults;
        }
    }));
    CHECK(s.wins == rounds);
    CHECK(s.losses == rounds * (processes - 1));
    CHECK(s.faults == 0);
    file_store store = open(on);
    CHECK(names(store, {.prefix = "new/"}).size() == rounds);
    CHECK(on.temps().empty());
}

TEST_CASE("no increment is lost between processes and threads that put under if_match") {
    constexpr int processes = 3;
    constexpr int threads = 2;
    constexpr int rounds = 100;
    const disk on;
    const shared_memory memory;
    shared& s = *memory.at;
    {
        file_store store = open(on);
        REQUIRE(put(store, "counter", "0"));
    }
    CHECK(in_processes(processes, [&](int) {
        file_store store = open(on);
        wait_for_all(s, processes);
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t) {
            all.emplace_back([&] {
                for (int done = 0; done < rounds;) {
                    bytes buffer(32);
                    const auto got = store.read({}, name("counter"), read_range::all(), buffer, {});
                    if (!got) {
                        ++s.faults;
                        return;
                    }
                    const std::uint64_t n = number_in(as_text(byte_view(buffer).first(got->count)));
                    const auto put_back =
                        put(store, "counter", std::to_string(n + 1), condition::if_match(got->info.tag));
                    if (put_back)
                        ++done;
                    else if (put_back.error().code != errc::condition_failed)
                        ++s.faults;
                }
            });
        }
    }));
    CHECK(s.faults == 0);
    file_store store = open(on);
    CHECK(content_of(store, "counter").value() == std::to_string(processes * threads * rounds));
}

TEST_CASE("a version is removed by one process only, and never after it was replaced") {
    constexpr int processes = 2;
    constexpr int rounds = 200;
    const disk on;
    const shared_memory memory;
    shared& s = *memory.at;
    // Each process replaces and removes exactly the version that it has seen. What it put must go by its own hand or by
    // one that saw it.
    CHECK(in_processes(processes, [&](int) {
        file_store store = open(on);
        wait_for_all(s, processes);
        for (int r = 0; r < rounds; ++r) {
            if (put(store, "a/b", "x", condition::if_absent())) ++s.wins;
            const auto info = store.head({}, name("a/b"));
            if (!info) continue;
            const auto gone = store.remove({}, name("a/b"), condition::if_match(info->tag));
            if (gone && *gone)
                ++s.losses;
            else if (!gone && gone.error().code != errc::condition_failed)
                ++s.faults;
        }
    }));
    file_store store = open(on);
    const int left = store.head({}, name("a/b")).has_value() ? 1 : 0;
    CHECK(s.faults == 0);
    CHECK(s.wins == s.losses + left);
}

TEST_CASE("a process that is killed while it writes leaves nothing that a listing shows or that stays") {
    for (int round = 0; round < 20; ++round) {
        const disk on;
        const shared_memory memory;
        shared& s = *memory.at;
        const ::pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            file_store store = open(on);
            const std::string large(100'000, 'x');
            for (int i = 0;; ++i) {
                const auto u = store.begin_upload({}, name("u"));
                if (u) (void)store.stage_block({}, *u, 0, 0, as_bytes(large));
                (void)put(store, "a/" + std::to_string(i) + "/b", large);
                s.wins = i + 1;
            }
        }
        while (s.wins < 1 + round % 4) std::this_thread::yield();
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK_FALSE(on.temps().empty());
        file_store store = open(on);
        CHECK(on.temps().empty());
        const auto all = names(store);
        CHECK(all.size() >= static_cast<std::size_t>(s.wins.load()));
        for (const std::string& n : all) CHECK(store.head({}, name(n)).value().size_bytes == 100'000);
    }
}

TEST_CASE("a reader meets one whole version of a blob that others replace, and never none") {
    const disk on;
    file_store store = open(on);
    REQUIRE(put(store, "a", std::string(50'000, '0')));
    std::atomic<bool> over = false;
    std::jthread writer([&] {
        file_store other = open(on);
        for (int i = 0; !over; ++i) {
            CHECK(put(other, "a",
                      std::string(50'000 + static_cast<std::size_t>(i % 7), static_cast<char>('0' + i % 10))));
        }
    });
    for (int i = 0; i < 300; ++i) {
        const std::string got = content_of(store, "a").value();
        CHECK(got.find_first_not_of(got.front()) == std::string::npos);
    }
    over = true;
}

TEST_CASE("puts and copies into directories that others empty all succeed") {
    const disk on;
    file_store store = open(on);
    REQUIRE(put(store, "source", "x"));
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            file_store own = open(on);
            file_store& mine = t % 2 == 0 ? store : own;
            const std::string n = "p/q/" + std::to_string(t);
            for (int i = 0; i < 300; ++i) {
                if (t < 2)
                    CHECK(put(mine, n, "x", condition::if_absent()));
                else
                    CHECK(copy(mine, "source", n));
                CHECK(mine.head({}, name(n)));
                CHECK(remove(mine, n).value());
            }
        });
    }
    threads.clear();
    CHECK(on.all() == std::vector<std::string>{"source"});
}

TEST_CASE("writes under a directory that is swapped for a link never land outside") {
    const disk outside;
    const disk on;
    file_store store = open(on);
    REQUIRE(put(store, "d/x", "in"));
    std::filesystem::create_symlink(outside.path(), on.path("link"));
    std::atomic<bool> over = false;
    std::jthread racer([&] {
        const std::string one = on.path("d");
        const std::string other = on.path("link");
        while (!over) (void)::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
    });
    int stored = 0;
    for (int i = 0; i < 2000; ++i) {
        stored += put(store, "d/" + std::to_string(i), "in").has_value() ? 1 : 0;
        stored += copy(store, "d/x", "d/c" + std::to_string(i)).has_value() ? 1 : 0;
        (void)remove(store, "d/" + std::to_string(i / 2));
    }
    over = true;
    racer.join();
    CHECK(stored > 0);
    CHECK(outside.all().empty());
}
