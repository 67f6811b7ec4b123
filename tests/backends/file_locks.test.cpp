// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_locks.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <thread>
#include <vector>

#include <sys/stat.h>

#include <backends/files_on_disk.hpp>
#include <backends/scripted_files.hpp>
#include <support/print.hpp>
#include <support/virtual_clock.hpp>

using namespace blobshift;
using name_locks = detail::file_locks<posix_files>;

namespace {

/// A system that fails to release a lock, now and then.
struct clinging_files : posix_files {
    int failures = 0;
    mutable int asked = 0;
    int unlock(int fd, std::uint64_t at) const noexcept {
        return asked++ < failures ? -EIO : posix_files::unlock(fd, at);
    }
};

struct lock_folder {
    testing::disk disk;
    posix_files files;
    int root = files.open_root(disk.path().c_str());

    ~lock_folder() { files.close(root); }

    /// What another process would have: the same file, opened anew.
    [[nodiscard]] std::unique_ptr<name_locks> opened() const {
        return std::make_unique<name_locks>(
            files, detail::file_handle<posix_files>(files, files.open_lock_in(root, "l", 0600)));
    }
};

}  // namespace

TEST_CASE_FIXTURE(lock_folder, "a name that is held elsewhere is waited for until the deadline") {
    const auto mine = opened();
    const auto theirs = opened();
    testing::virtual_clock clock;
    context c;
    c.clock = &clock;
    auto held = theirs->hold(c, "name");
    REQUIRE(held);
    const auto waited = mine->hold(c.with_timeout(std::chrono::seconds(1)), "name");
    REQUIRE_FALSE(waited);
    CHECK(waited.error().code == errc::deadline_exceeded);
    CHECK(waited.error().done == effect::none);
    held->release();
    CHECK(mine->hold(c.with_timeout(std::chrono::seconds(1)), "name"));
}

TEST_CASE_FIXTURE(lock_folder, "a stop ends the wait for a name") {
    const auto mine = opened();
    const auto theirs = opened();
    testing::virtual_clock clock;
    std::stop_source stop;
    context c;
    c.clock = &clock;
    c.stop = stop.get_token();
    const auto held = theirs->hold({}, "name");
    clock.on_sleep = [&](auto) { stop.request_stop(); };
    const auto waited = mine->hold(c, "name");
    REQUIRE_FALSE(waited);
    CHECK(waited.error().code == errc::cancelled);
}

TEST_CASE_FIXTURE(lock_folder, "a name that is set free while it is waited for is got") {
    const auto mine = opened();
    const auto theirs = opened();
    testing::virtual_clock clock;
    context c;
    c.clock = &clock;
    auto held = theirs->hold(c, "name");
    int sleeps = 0;
    clock.on_sleep = [&](auto) {
        if (++sleeps == 3) held->release();
    };
    CHECK(mine->hold(c, "name"));
    CHECK(sleeps == 3);
}

TEST_CASE_FIXTURE(lock_folder, "one name is held by one thread at a time") {
    const auto all = opened();
    int inside = 0;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) {
                const auto held = all->hold({}, "name");
                CHECK(++inside == 1);
                --inside;
            }
        });
    }
}

TEST_CASE_FIXTURE(lock_folder, "pairs of names in either order never wait for each other") {
    const auto one = opened();
    const auto other = opened();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            name_locks& mine = t < 2 ? *one : *other;
            for (int i = 0; i < 500; ++i) CHECK((t % 2 == 0 ? mine.hold({}, "a", "b") : mine.hold({}, "b", "a")));
        });
    }
}

TEST_CASE_FIXTURE(lock_folder, "a pair of the same name is one lock") {
    const auto all = opened();
    CHECK(all->hold({}, "a", "a"));
    CHECK(all->hold({}, "a", "a"));
}

TEST_CASE_FIXTURE(lock_folder, "a pair that cannot be had whole holds nothing") {
    const auto mine = opened();
    const auto theirs = opened();
    testing::virtual_clock clock;
    context c;
    c.clock = &clock;
    const auto held = theirs->hold(c, "b");
    CHECK_FALSE(mine->hold(c.with_timeout(std::chrono::seconds(1)), "a", "b"));
    CHECK(theirs->hold(c.with_timeout(std::chrono::seconds(1)), "a"));
}

TEST_CASE_FIXTURE(lock_folder, "a system without locks is an error, not a lock") {
    const name_locks none(files, detail::file_handle<posix_files>(files, -1));
    name_locks& all = const_cast<name_locks&>(none);
    const auto held = all.hold({}, "name");
    REQUIRE_FALSE(held);
    CHECK(held.error().system_code == EBADF);
}

TEST_CASE_FIXTURE(lock_folder, "a name whose release fails is released all the same") {
    clinging_files clinging;
    clinging.failures = 2;
    detail::file_locks<clinging_files> mine(
        clinging, detail::file_handle<clinging_files>(clinging, files.open_lock_in(root, "l", 0600)));
    mine.hold({}, "name").value().release();
    CHECK(clinging.asked == 3);
    testing::virtual_clock clock;
    context c;
    c.clock = &clock;
    CHECK(opened()->hold(c.with_timeout(std::chrono::seconds(1)), "name"));
}

TEST_CASE_FIXTURE(lock_folder, "a name that cannot be released is free once its store is closed") {
    testing::virtual_clock clock;
    context c;
    c.clock = &clock;
    const auto theirs = opened();
    {
        clinging_files clinging;
        clinging.failures = 1'000'000;
        detail::file_locks<clinging_files> mine(
            clinging, detail::file_handle<clinging_files>(clinging, files.open_lock_in(root, "l", 0600)));
        mine.hold({}, "name").value().release();
        CHECK(mine.hold({}, "name"));
        CHECK_FALSE(theirs->hold(c.with_timeout(std::chrono::seconds(1)), "name"));
    }
    CHECK(theirs->hold(c.with_timeout(std::chrono::seconds(1)), "name"));
}

TEST_CASE_FIXTURE(lock_folder, "the lock file is for whoever may write into the directories, whatever the umask") {
    struct row {
        unsigned folder_mode;
        unsigned mode;
    };
    for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}, mode_t{0777}}) {
        for (const row& t : {row{0700, 0600}, row{0750, 0640}, row{0770, 0660}, row{0755, 0644}, row{0777, 0666},
                             row{0711, 0600}, row{0500, 0600}}) {
            CAPTURE(mask);
            CAPTURE(t.folder_mode);
            const mode_t before = ::umask(mask);
            const auto file = detail::open_lock_file(files, root, t.folder_mode);
            ::umask(before);
            REQUIRE(file);
            file_facts facts;
            REQUIRE(files.facts_in(root, "locks", facts) == 0);
            CHECK(facts.mode == t.mode);
            std::filesystem::remove(disk.path("locks"));
        }
    }
}

TEST_CASE_FIXTURE(lock_folder, "a lock file that is there is given more rights, but none are taken from it") {
    unsigned mode = 0;
    const auto open_as = [&](unsigned folder_mode) {
        const auto file = detail::open_lock_file(files, root, folder_mode);
        file_facts facts;
        REQUIRE(file);
        REQUIRE(files.facts_of(file.fd(), facts) == 0);
        mode = facts.mode;
    };
    open_as(0700);
    CHECK(mode == 0600);
    open_as(0770);
    CHECK(mode == 0660);
    open_as(0700);
    CHECK(mode == 0660);
    open_as(0755);
    CHECK(mode == 0664);
    open_as(0770);
    CHECK(mode == 0664);
}

TEST_CASE_FIXTURE(lock_folder, "a lock file whose mode cannot be set, or seen, is used as it is") {
    for (const char* call : {"set_mode", "facts_of"}) {
        CAPTURE(std::string(call));
        const auto script = std::make_shared<testing::file_script>();
        const testing::scripted_files scripted(script);
        script->fail(call, -EPERM);  // as for a file of another user
        const mode_t before = ::umask(022);
        const auto file = detail::open_lock_file(scripted, root, 0770);
        ::umask(before);
        CHECK(file);
        CHECK(script->count(call) == 1);
        file_facts facts;
        REQUIRE(files.facts_in(root, "locks", facts) == 0);
        CHECK(facts.mode == 0640);
        std::filesystem::remove(disk.path("locks"));
    }
    // What has all the rights that it needs is left alone: only its owner could set them.
    CHECK(detail::open_lock_file(files, root, 0700));
    const auto script = std::make_shared<testing::file_script>();
    CHECK(detail::open_lock_file(testing::scripted_files(script), root, 0700));
    CHECK(script->count("set_mode") == 0);
}
