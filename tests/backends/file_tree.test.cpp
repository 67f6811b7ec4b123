// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_tree.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

#include <backends/files_on_disk.hpp>
#include <backends/scripted_files.hpp>

using namespace blobshift;
using detail::file_tree;
using testing::scripted_files;
using strings = std::vector<std::string>;

namespace {

/// A tree over a fresh folder, with the kernel's own walk (`atomic`) or with ours.
struct planted {
    explicit planted(bool atomic) {
        if (!atomic) script->fail("open_beneath", -ENOSYS);
    }
    testing::disk disk;
    std::shared_ptr<testing::file_script> script = std::make_shared<testing::file_script>();
    scripted_files files{script};

    [[nodiscard]] file_tree<scripted_files> tree() const {
        return file_tree<scripted_files>(files, files.open_root(disk.path().c_str()), 0700);
    }
};

unsigned mode_of(const std::string& path) {
    struct ::stat s;
    REQUIRE(::stat(path.c_str(), &s) == 0);
    return s.st_mode & 07777U;
}

/// The umask of the process, for one scope.
struct masked {
    explicit masked(mode_t mask) : before(::umask(mask)) {}
    ~masked() { ::umask(before); }
    mode_t before;
};

/// Notes which directories are synced, by their paths in the tree.
struct syncing_files : scripted_files {
    explicit syncing_files(const planted& p) : scripted_files(p.script), root(p.disk.path()) {}

    [[nodiscard]] int sync(int fd) const {
        std::string path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).string();
        path.erase(0, (std::min)(path.size(), std::filesystem::canonical(root).string().size() + 1));
        synced->push_back(path.empty() ? "(root)" : path);
        return scripted_files::sync(fd);
    }
    [[nodiscard]] file_tree<syncing_files> tree() const {
        return file_tree<syncing_files>(*this, open_root(root.c_str()), 0700);
    }

    std::string root;
    std::shared_ptr<std::vector<std::string>> synced = std::make_shared<std::vector<std::string>>();
};

}  // namespace

TEST_CASE("a tree opens what is in it, and nothing through a link, with the kernel's walk and with ours") {
    for (const bool atomic : {true, false}) {
        CAPTURE(atomic);
        const planted p(atomic);
        p.disk.write("a/b/file", "x");
        std::filesystem::create_symlink("a", p.disk.path("inside"));
        std::filesystem::create_symlink("/etc", p.disk.path("outside"));
        std::filesystem::create_symlink("nowhere", p.disk.path("a/dangling"));
        std::filesystem::create_symlink("loop", p.disk.path("loop"));
        const auto tree = p.tree();
        struct row {
            const char* path;
            open_for use;
            int code;
        };
        for (const row& t :
             {row{"", open_for::passage, 0}, row{"", open_for::entries, 0}, row{"a", open_for::passage, 0},
              row{"a/b", open_for::entries, 0}, row{"a/b/file", open_for::content, 0},
              row{"a/none", open_for::content, -ENOENT}, row{"none/b", open_for::content, -ENOENT},
              row{"a/b/file", open_for::entries, -ENOTDIR}, row{"a/b/file/c", open_for::content, -ENOTDIR},
              row{"inside", open_for::passage, -ELOOP}, row{"inside", open_for::entries, -ELOOP},
              row{"inside/b/file", open_for::content, -ELOOP}, row{"outside/passwd", open_for::content, -ELOOP},
              row{"a/dangling", open_for::content, -ELOOP}, row{"loop/x", open_for::content, -ELOOP}}) {
            CAPTURE(t.path);
            CHECK(tree.open(t.path, t.use).code() == t.code);
        }
    }
}

TEST_CASE("a directory is made with all above it, in exactly its mode whatever the umask") {
    for (const bool atomic : {true, false}) {
        for (const mode_t mask : {mode_t{0}, mode_t{077}, mode_t{0777}}) {
            CAPTURE(atomic);
            CAPTURE(mask);
            const planted p(atomic);
            p.disk.write("a/file", "");
            const auto tree = p.tree();
            const masked scope(mask);
            std::size_t kept = 99;
            CHECK(tree.open_or_make("a/b/c", open_for::passage, kept).code() == 0);
            CHECK(kept == 1);
            CHECK(mode_of(p.disk.path("a/b")) == 0700);
            CHECK(mode_of(p.disk.path("a/b/c")) == 0700);
            CHECK(tree.open_or_make("a/b/c", open_for::passage, kept).code() == 0);
            CHECK(kept == 5);
            CHECK(tree.open_or_make("d", open_for::passage, kept).code() == 0);
            CHECK(kept == 0);
        }
    }
}

TEST_CASE("a set-group-id bit is not passed on") {
    const planted p(true);
    REQUIRE(::chmod(p.disk.path().c_str(), 02755) == 0);
    std::size_t kept = 0;
    CHECK(p.tree().open_or_make("a", open_for::passage, kept).code() == 0);
    CHECK(mode_of(p.disk.path("a")) == 0700);
}

TEST_CASE("a directory cannot be made where a file or a link stands") {
    for (const bool atomic : {true, false}) {
        const planted p(atomic);
        p.disk.write("file", "");
        std::filesystem::create_symlink("/tmp", p.disk.path("link"));
        const auto tree = p.tree();
        std::size_t kept = 0;
        CHECK(tree.open_or_make("file/a", open_for::passage, kept).code() == -ENOTDIR);
        CHECK(tree.open_or_make("file", open_for::passage, kept).code() == -ENOTDIR);
        CHECK(tree.open_or_make("link/a", open_for::passage, kept).code() == -ELOOP);
        CHECK(p.disk.all() == std::vector<std::string>{"file", "link"});
    }
}

TEST_CASE("pruning removes empty directories upwards, up to the part that is kept") {
    struct row {
        const char* path;
        std::size_t kept;
        const char* left;
        std::vector<std::string> all;
    };
    for (const row& t :
         {row{"a/b/c", 0, "a", {"a/", "a/file"}}, row{"a/b/c", 3, "a/b", {"a/", "a/b/", "a/file"}},
          row{"a/b/c", 5, "a/b/c", {"a/", "a/b/", "a/b/c/", "a/file"}},
          row{"a", 0, "a", {"a/", "a/b/", "a/b/c/", "a/file"}}, row{"a/b/c/gone/long/ago", 0, "a", {"a/", "a/file"}},
          row{"", 0, "", {"a/", "a/b/", "a/b/c/", "a/file"}}}) {
        CAPTURE(t.path);
        const planted p(true);
        p.disk.write("a/file", "");
        std::filesystem::create_directories(p.disk.path("a/b/c"));
        CHECK(p.tree().prune(t.path, t.kept) == t.left);
        CHECK(p.disk.all() == t.all);
    }
}

TEST_CASE("a directory that is pruned while it is made is made again") {
    const planted p(true);
    const auto tree = p.tree();
    int left = 3;
    p.script->before = [&](std::string_view call) {
        if (call == "facts_in" && left-- > 0) std::filesystem::remove(p.disk.path("a"));
        return 0;
    };
    std::size_t kept = 0;
    CHECK(tree.open_or_make("a/b", open_for::passage, kept).code() == 0);
    CHECK(left < 0);
    CHECK(p.disk.all() == std::vector<std::string>{"a/", "a/b/"});
}

TEST_CASE("a directory that is gone each time is an error, not an endless loop") {
    const planted p(true);
    const auto tree = p.tree();
    p.script->fail("make_folder", -ENOENT);
    std::size_t kept = 0;
    CHECK(tree.open_or_make("a", open_for::passage, kept).code() == -ENOENT);
}

TEST_CASE("a mode that cannot be set leaves no directory behind") {
    const planted p(true);
    const auto tree = p.tree();
    const masked scope(0777);
    p.script->fail("set_mode_in", -EPERM);
    std::size_t kept = 0;
    CHECK(tree.open_or_make("a", open_for::passage, kept).code() == -EPERM);
    CHECK(p.disk.all().empty());
}

TEST_CASE("a directory is synced, or of one that is gone all that are left above it") {
    struct row {
        const char* folders;  ///< That are there.
        const char* file;     ///< Beside them; "" = none.
        const char* path;
        strings synced;
    };
    for (const bool atomic : {true, false}) {
        for (const row& t :
             {row{"a/b/c", "", "a/b/c", {"a/b/c"}}, row{"a/b/c", "", "a", {"a"}}, row{"a/b/c", "", "", {"(root)"}},
              row{"a/b", "", "a/b/c", {"a/b", "a", "(root)"}}, row{"a", "", "a/b/c", {"a", "(root)"}},
              row{"x", "", "a/b/c", {"(root)"}}, row{"x", "", "a", {"(root)"}},
              // A blob took the name of the directory, or of one above it.
              row{"a/b", "a/b/c", "a/b/c", {"a/b", "a", "(root)"}}, row{"a", "a/b", "a/b/c", {"a", "(root)"}},
              row{"x", "a", "a/b/c", {"(root)"}}, row{"x", "a", "a", {"(root)"}}}) {
            CAPTURE(atomic);
            CAPTURE(std::string(t.folders));
            CAPTURE(std::string(t.file));
            CAPTURE(std::string(t.path));
            const planted p(atomic);
            std::filesystem::create_directories(p.disk.path(t.folders));
            if (*t.file != '\0') p.disk.write(t.file, "");
            const syncing_files files(p);
            CHECK(files.tree().sync(t.path) == 0);
            CHECK(*files.synced == t.synced);
        }
    }
}

TEST_CASE("a directory that goes while those above it are synced keeps none of them from it") {
    const planted p(true);
    std::filesystem::create_directories(p.disk.path("a/b"));
    const syncing_files files(p);
    const auto tree = files.tree();
    p.script->before = [&](std::string_view call) {
        if (call == "sync") std::filesystem::remove_all(p.disk.path("a"));
        return 0;
    };
    CHECK(tree.sync("a/b/c/d") == 0);
    CHECK(*files.synced == std::vector<std::string>{"a/b", "(root)"});
}

TEST_CASE("a directory above one that is gone is an error when it cannot be synced or opened") {
    for (const bool atomic : {true, false}) {
        for (const int which : {0, 1, 2}) {
            CAPTURE(atomic);
            CAPTURE(which);
            const planted p(atomic);
            std::filesystem::create_directories(p.disk.path("a/b"));
            const syncing_files files(p);
            const auto tree = files.tree();
            int syncs = 0;
            p.script->before = [&](std::string_view call) { return call == "sync" && syncs++ == which ? -EIO : 0; };
            CHECK(tree.sync("a/b/c/d") == -EIO);
            CHECK(files.synced->size() == static_cast<std::size_t>(which) + 1);  // and it is not tried again
        }
    }
    for (const int answer : {-EACCES, -ELOOP, -EMFILE}) {
        CAPTURE(answer);
        const planted p(true);
        std::filesystem::create_directories(p.disk.path("a/b"));
        const syncing_files files(p);
        const auto tree = files.tree();
        int opened = 0;
        p.script->before = [&](std::string_view call) { return call == "open_beneath" && opened++ == 2 ? answer : 0; };
        CHECK(tree.sync("a/b/c") == answer);
        CHECK(*files.synced == std::vector<std::string>{"a/b"});
    }
    // Nothing is above the root.
    const planted p(true);
    const syncing_files files(p);
    const auto tree = files.tree();
    p.script->fail("open_in", -ENOENT);
    CHECK(tree.sync("a") == -ENOENT);
    CHECK(files.synced->empty());
}

TEST_CASE("a root that was removed is told from an empty one") {
    const planted p(true);
    std::filesystem::create_directory(p.disk.path("root"));
    const file_tree<scripted_files> tree(p.files, p.files.open_root(p.disk.path("root").c_str()), 0700);
    CHECK(tree.root_is_gone() == 0);
    std::filesystem::remove(p.disk.path("root"));
    CHECK(tree.root_is_gone() == -ESTALE);
}

TEST_CASE("a path that is swapped for a link again and again never leads out") {
    const testing::disk outside;
    for (const bool atomic : {true, false}) {
        const planted p(atomic);
        p.disk.write("a/b/file", "in");
        outside.write("b/file", "out");
        std::filesystem::create_symlink(outside.path(), p.disk.path("link"));
        const auto tree = p.tree();
        std::atomic<bool> over = false;
        std::jthread racer([&] {
            const std::string one = p.disk.path("a");
            const std::string other = p.disk.path("link");
            while (!over) (void)::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
        });
        for (int i = 0; i < 5000; ++i) {
            const auto file = tree.open("a/b/file", open_for::content);
            std::byte letter{};
            if (file && p.files.read_at(file.fd(), {&letter, 1}, 0) == 1) CHECK(letter == std::byte{'i'});
        }
        over = true;
    }
}

TEST_CASE("open folders are opened once, and again when they were forgotten or pushed out") {
    const planted p(true);
    for (int i = 0; i < 10; ++i) p.disk.write("d" + std::to_string(i) + "/f", "");
    const auto tree = p.tree();
    detail::open_folders<scripted_files> folders(tree);
    p.script->clear();
    const int first = folders.find("d0", false).fd;
    CHECK(folders.find("d0", false).fd == first);
    CHECK(p.script->count("open_beneath") == 1);
    for (int i = 1; i < 8; ++i) CHECK(folders.find("d" + std::to_string(i), false).fd >= 0);
    CHECK(folders.find("d0", false).fd == first);
    CHECK(p.script->count("open_beneath") == 8);
    CHECK(folders.find("d8", false).fd >= 0);
    CHECK(folders.find("d0", false).fd == first);
    CHECK(p.script->count("open_beneath") == 9);
    CHECK(folders.find("d1", false).fd >= 0);
    CHECK(p.script->count("open_beneath") == 10);
    folders.forget("d0");
    CHECK(folders.find("d0", false).fd >= 0);
    CHECK(p.script->count("open_beneath") == 11);
    CHECK(folders.find("none", false).fd == -ENOENT);
    const auto made = folders.find("d0/new", true);
    CHECK(made.fd >= 0);
    CHECK(made.kept == 2);
}

TEST_CASE("a handle closes what it owns, once, and leaves alone what it borrowed") {
    const planted p(true);
    const int fd = p.files.open_root(p.disk.path().c_str());
    {
        detail::file_handle<scripted_files> owner(p.files, fd);
        detail::file_handle<scripted_files> moved(std::move(owner));
        CHECK_FALSE(owner);
        CHECK(moved.fd() == fd);
        owner = std::move(moved);
        CHECK(owner.fd() == fd);
        CHECK(detail::file_handle<scripted_files>::borrowed(fd).close() == 0);
        file_facts facts;
        CHECK(p.files.facts_of(fd, facts) == 0);
    }
    CHECK(p.script->count("close") == 1);
}
