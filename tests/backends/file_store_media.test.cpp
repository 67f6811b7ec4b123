// SPDX-License-Identifier: MIT
//
// A file store on media that are full, read-only or not ours: the real ones, where the test may make them.

#include <blobshift/backends/file_store.hpp>

#include <doctest/doctest.h>

#include <string>

#include <grp.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <backends/files_on_disk.hpp>
#include <support/print.hpp>

using namespace blobshift;
using namespace blobshift::testing;

namespace {

/// A file system in memory at a folder, for one scope. `ok` is false where the test may not mount.
struct mounted {
    explicit mounted(const char* options) : ok(::mount("tmpfs", on.path().c_str(), "tmpfs", 0, options) == 0) {
        if (!ok) MESSAGE("skipped: mounting needs the rights of root");
    }
    ~mounted() {
        if (ok) ::umount2(on.path().c_str(), MNT_DETACH);
    }
    [[nodiscard]] file_store open() const { return file_store::open(on.path(), {.durable = durability::none}).value(); }

    disk on;
    bool ok;
};

}  // namespace

TEST_CASE("a full disk refuses what is too much, keeps what is there, and lets it be removed") {
    const mounted small("size=64k");
    if (!small.ok) return;
    file_store store = small.open();
    REQUIRE(put(store, "a/old", std::string(20'000, 'o')));
    const auto too_much = put(store, "a/old", std::string(100'000, 'n'));
    REQUIRE_FALSE(too_much);
    CHECK(too_much.error().code == errc::no_space);
    CHECK(too_much.error().done == effect::none);
    CHECK(put(store, "b/new", std::string(100'000, 'n')).error().code == errc::no_space);
    CHECK(content_of(store, "a/old").value() == std::string(20'000, 'o'));
    CHECK(small.on.all() == std::vector<std::string>{"a/", "a/old"});
    CHECK(small.on.temps().empty());
    CHECK(remove(store, "a/old").value());
    CHECK(put(store, "a/old", std::string(40'000, 'n')));
}

TEST_CASE("a disk without room for another file refuses it and keeps the directories as they were") {
    const mounted small("nr_inodes=9");
    if (!small.ok) return;
    file_store store = small.open();
    REQUIRE(put(store, "a", "x"));
    const auto too_deep = put(store, "b/c/d/e/f", "x");
    REQUIRE_FALSE(too_deep);
    CHECK(too_deep.error().code == errc::no_space);
    CHECK(small.on.all() == std::vector<std::string>{"a"});
    CHECK(small.on.temps().empty());
    CHECK(put(store, "b", "x"));
}

TEST_CASE("a read-only root is read and listed, and every write is refused") {
    const mounted media("size=1m");
    if (!media.ok) return;
    media.on.write("a/b", "x");
    REQUIRE(::mount("tmpfs", media.on.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    file_store store = media.open();
    CHECK(content_of(store, "a/b").value() == "x");
    CHECK(names(store) == std::vector<std::string>{"a/b"});
    CHECK(put(store, "c", "x").error().code == errc::permission_denied);
    CHECK(remove(store, "a/b").error().code == errc::permission_denied);
    CHECK(copy(store, "a/b", "c").error().code == errc::permission_denied);
    CHECK(store.begin_upload({}, name("c")).error().code == errc::permission_denied);
    CHECK(media.on.all() == std::vector<std::string>{"a/", "a/b"});
}

TEST_CASE("another file system mounted below the root is read, and takes no blobs") {
    const mounted media("size=1m");
    if (!media.ok) return;
    const disk on;
    on.write("a/b", "content");
    std::filesystem::create_directory(on.path("m"));
    REQUIRE(::mount("tmpfs", on.path("m").c_str(), "tmpfs", 0, "size=1m") == 0);
    {
        file_store store = file_store::open(on.path(), {.durable = durability::none}).value();
        on.write("m/there", "x");
        CHECK(content_of(store, "m/there").value() == "x");
        CHECK(put(store, "m/c", "x").error().code == errc::unsupported);
        CHECK(copy(store, "a/b", "m/c").error().code == errc::unsupported);
        CHECK(names(store) == std::vector<std::string>{"a/b", "m/there"});
    }
    ::umount2(on.path("m").c_str(), MNT_DETACH);
}

TEST_CASE("what belongs to somebody else is refused, not skipped") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: only root can make a file that its test may not read");
        return;
    }
    const disk on;
    on.write("open/a", "x");
    on.write("shut/b", "x");
    on.write("secret", "x");
    REQUIRE(::chmod(on.path().c_str(), 0755) == 0);
    REQUIRE(::chmod(on.path("shut").c_str(), 0700) == 0);
    REQUIRE(::chmod(on.path("secret").c_str(), 0600) == 0);
    const ::pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const bool left = ::setgid(65534) == 0 && ::setuid(65534) == 0;
        auto opened = file_store::open(on.path(), {.durable = durability::none});
        const auto denied = [](const auto& r) { return !r.has_value() && r.error().code == errc::permission_denied; };
        const bool fine = left && opened.has_value() && content_of(*opened, "open/a").has_value() &&
                          denied(content_of(*opened, "secret")) && denied(opened->head({}, name("shut/b"))) &&
                          denied(opened->list({}, {})) && denied(put(*opened, "new", "x")) &&
                          denied(remove(*opened, "open/a"));
        ::_exit(fine ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

namespace {

/// Whether `work` is true in a process of its own: for root, as that user of group 65534 and without its rights.
template <class Work>
bool holds_as(::uid_t user, Work work) {
    const ::pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const bool left =
            ::geteuid() != 0 || (::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(user) == 0);
        ::umask(022);
        bool fine = false;
        try {
            fine = left && work();
        } catch (...) {
            fine = false;
        }
        ::_exit(fine ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status == 0;
}

}  // namespace

TEST_CASE("a store whose blobs nobody may write to is written to by its owner, and opened and written to again") {
    const disk on;
    REQUIRE(::chmod(on.path().c_str(), 0777) == 0);
    const attributes attrs{.content_type = "image/png"};
    for (const char* n : {"a/first", "a/second"}) {
        CAPTURE(std::string(n));
        CHECK(holds_as(65534, [&] {
            file_store store =
                file_store::open(on.path(),
                                 {.durable = durability::none, .copying = copy_method::byte_copy, .file_mode = 0444})
                    .value();
            const std::string copied = std::string(n) + ".copy";
            return store.put({}, name(n), as_bytes("x"), attrs, {}).has_value() && put(store, n, "y").has_value() &&
                   store.put({}, name(n), as_bytes("z"), attrs, {}).has_value() && copy(store, n, copied).has_value() &&
                   content_of(store, copied).value() == "z" && remove(store, copied).value();
        }));
        struct ::stat facts {};
        REQUIRE(::stat(on.path(n).c_str(), &facts) == 0);
        CHECK((facts.st_mode & 07777U) == 0444);
        CHECK(on.temps().empty());
    }
}

TEST_CASE("the users of a group write to one store, where its directories are the group's") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: only root can become two other users");
        return;
    }
    for (const unsigned file_mode : {0600U, 0640U, 0660U}) {
        CAPTURE(file_mode);
        const disk on;
        REQUIRE(::chmod(on.path().c_str(), 0777) == 0);
        const auto writes = [&](const char* own) {
            file_store store =
                file_store::open(on.path(), {.durable = durability::none, .file_mode = file_mode, .folder_mode = 0770})
                    .value();
            return put(store, own, "x").has_value() && put(store, "a/shared", own).has_value() &&
                   remove(store, own).value();
        };
        CHECK(holds_as(65533, [&] { return writes("a/one"); }));
        CHECK(holds_as(65532, [&] { return writes("a/two"); }));
        CHECK(holds_as(65533, [&] { return writes("a/three"); }));
        CHECK(on.read("a/shared") == "a/three");
    }
}
