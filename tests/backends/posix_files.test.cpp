// SPDX-License-Identifier: MIT

#include <blobshift/backends/posix_files.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include <backends/files_on_disk.hpp>

using namespace blobshift;

namespace {

struct opened {
    testing::disk disk;
    posix_files files;
    int root = files.open_root(disk.path().c_str());

    ~opened() { files.close(root); }
};

}  // namespace

TEST_CASE_FIXTURE(opened, "a failed call answers with a negative errno") {
    file_facts facts;
    CHECK(files.open_root("/nowhere/at/all") == -ENOENT);
    CHECK(files.open_in(root, "none", open_for::content) == -ENOENT);
    CHECK(files.facts_in(root, "none", facts) == -ENOENT);
    CHECK(files.facts_of(-1, facts) == -EBADF);
    CHECK(files.remove_file(root, "none") == -ENOENT);
    CHECK(files.remove_folder(root, "none") == -ENOENT);
    CHECK(files.rename(root, "none", root, "other") == -ENOENT);
    CHECK(files.rename_new(root, "none", root, "other") == -ENOENT);
    CHECK(files.link(root, "none", root, "other") == -ENOENT);
    CHECK(files.close(-1) == -EBADF);
    CHECK(files.sync(-1) == -EBADF);
    std::byte room[64];
    CHECK(files.read_entries(-1, room) == -EBADF);
}

TEST_CASE_FIXTURE(opened, "a path below the root leads through directories only, and never out") {
    disk.write("a/b/file", "x");
    std::filesystem::create_symlink("a", disk.path("inside"));
    std::filesystem::create_symlink("/etc", disk.path("outside"));
    std::filesystem::create_symlink("file", disk.path("a/b/last"));
    struct row {
        const char* path;
        int answer;
    };
    for (const row& t : {row{"inside/b/file", -ELOOP}, row{"outside/passwd", -ELOOP}, row{"a/b/last", -ELOOP},
                         row{"../x", -EXDEV}, row{"/etc/passwd", -EXDEV}, row{"a/b/file/c", -ENOTDIR}}) {
        CAPTURE(t.path);
        CHECK(files.open_beneath(root, t.path, open_for::content) == t.answer);
    }
    const int fd = files.open_beneath(root, "a/b/file", open_for::content);
    REQUIRE(fd >= 0);
    CHECK(files.close(fd) == 0);
}

TEST_CASE_FIXTURE(opened, "no call that opens waits for the other end of a FIFO") {
    REQUIRE(::mkfifo(disk.path("fifo").c_str(), 0600) == 0);
    const int fd = files.open_in(root, "fifo", open_for::content);
    REQUIRE(fd >= 0);
    file_facts facts;
    CHECK(files.facts_of(fd, facts) == 0);
    CHECK(facts.kind == file_kind::other);
    files.close(fd);
}

TEST_CASE_FIXTURE(opened, "nothing that is opened survives exec") {
    const int file = files.create_in(root, "f", 0600);
    const int lock = files.open_lock_in(root, "l", 0600);
    const int passage = files.open_in(root, ".", open_for::passage);
    const int content = files.open_in(root, "f", open_for::content);
    const int below = files.open_beneath(root, "f", open_for::content);
    for (const int fd : {root, file, lock, passage, content, below}) {
        REQUIRE(fd >= 0);
        CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    for (const int fd : {file, lock, passage, content, below}) files.close(fd);
}

TEST_CASE_FIXTURE(opened, "a name that is taken is not taken away by rename_new and link") {
    disk.write("a", "1");
    disk.write("b", "2");
    CHECK(files.rename_new(root, "a", root, "b") == -EEXIST);
    CHECK(files.link(root, "a", root, "b") == -EEXIST);
    CHECK(disk.read("b") == "2");
    CHECK(files.create_in(root, "a", 0600) == -EEXIST);
}

TEST_CASE_FIXTURE(opened, "times are kept to the nanosecond") {
    const int fd = files.create_in(root, "f", 0600);
    file_facts facts;
    for (const std::int64_t ns : {std::int64_t{1}, std::int64_t{1'600'000'000'123'456'789}}) {
        CHECK(files.set_mtime(fd, ns) == 0);
        CHECK(files.facts_of(fd, facts) == 0);
        CHECK(facts.mtime_ns == ns);
    }
    files.close(fd);
}

TEST_CASE_FIXTURE(opened, "a lock excludes other open files of the same one, and ends with its own") {
    const int first = files.open_lock_in(root, "l", 0600);
    const int second = files.open_lock_in(root, "l", 0600);
    CHECK(files.try_lock(first, 7) == 0);
    CHECK(files.try_lock(second, 7) == -EAGAIN);
    CHECK(files.try_lock(second, 8) == 0);
    CHECK(files.try_lock(first, 7) == 0);
    CHECK(files.unlock(first, 7) == 0);
    CHECK(files.try_lock(second, 7) == 0);
    files.close(second);
    CHECK(files.try_lock(first, 7) == 0);
    CHECK(files.try_lock(first, (std::uint64_t{1} << 62) - 1) == 0);
    files.close(first);
}

TEST_CASE_FIXTURE(opened, "the entries of a directory are all but itself and its parent, with a hint of their kind") {
    for (int i = 0; i < 500; ++i) disk.write(std::string(60, 'n') + std::to_string(i), "");
    std::filesystem::create_directory(disk.path("folder"));
    std::filesystem::create_symlink("x", disk.path("link"));
    std::vector<std::string> seen;
    alignas(8) std::byte buffer[4096];
    const int dir = files.open_in(root, ".", open_for::entries);
    while (const std::int64_t filled = files.read_entries(dir, buffer)) {
        REQUIRE(filled > 0);
        CHECK(detail::unpack_entries(std::span(buffer).first(static_cast<std::size_t>(filled)),
                                     [&](const folder_entry& e) {
                                         seen.emplace_back(e.name);
                                         if (e.kind_known) {
                                             CHECK((e.kind == file_kind::directory) == (seen.back() == "folder"));
                                             CHECK((e.kind == file_kind::link) == (seen.back() == "link"));
                                         }
                                         return true;
                                     }));
    }
    files.close(dir);
    CHECK(seen.size() == 502);
}

TEST_CASE_FIXTURE(opened, "an attribute is read whole, or its length alone") {
    const int fd = files.create_in(root, "f", 0600);
    char room[3];
    CHECK(files.get_attribute(fd, "user.x", room) == -ENODATA);
    REQUIRE(files.set_attribute(fd, "user.x", "four") == 0);
    CHECK(files.get_attribute(fd, "user.x", {}) == 4);
    CHECK(files.get_attribute(fd, "user.x", room) == -ERANGE);
    files.close(fd);
}
