// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_listing.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <backends/files_on_disk.hpp>
#include <backends/scripted_files.hpp>
#include <support/print.hpp>

using namespace blobshift;
using testing::scripted_files;

namespace {

struct scanned {
    testing::disk disk;
    std::shared_ptr<testing::file_script> script = std::make_shared<testing::file_script>();
    scripted_files files{script};
    detail::file_tree<scripted_files> tree{files, files.open_root(disk.path().c_str()), 0700};

    ~scanned() { script->clear(); }  // it may refer to what was the test's own
    std::uint64_t foreign = 0;

    result<std::vector<std::string>> scan(const list_query& q = {}) {
        std::vector<std::string> names;
        const context c;
        detail::file_scan<scripted_files> all(tree, c, q);
        auto seen = all.run([&](blob_info&& info) -> result<void> {
            names.push_back(info.name.text());
            return {};
        });
        if (!seen) return unexpected(std::move(seen).error());
        foreign = all.foreign();
        std::sort(names.begin(), names.end());
        return names;
    }
};

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(scanned, "what is no blob is skipped and counted") {
    disk.write("blob", "");
    disk.write("folder/blob", "");
    disk.write("ends in a dot.", "");
    disk.write("folder.../blob", "");
    disk.write("back\\slash", "");
    disk.write("not utf-8 \xFF", "");
    std::filesystem::create_directory(disk.path("empty"));
    std::filesystem::create_symlink("blob", disk.path("link"));
    std::filesystem::create_symlink("folder", disk.path("link to folder"));
    std::filesystem::create_symlink("nowhere", disk.path("dangling"));
    REQUIRE(::mkfifo(disk.path("fifo").c_str(), 0600) == 0);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(disk.path("socket").copy(address.sun_path, sizeof address.sun_path - 1) == disk.path("socket").size());
    REQUIRE(::bind(socket, reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0);
    ::close(socket);

    CHECK(scan().value() == strings{"blob", "folder/blob"});
    CHECK(foreign == 9);
    CHECK(scan({.with_attributes = true}).value() == strings{"blob", "folder/blob"});
}

TEST_CASE_FIXTURE(scanned,
                  "the store's own folder is neither listed nor counted, but one of that name deeper down is foreign") {
    disk.write(".blobshift-store./tmp/1/2", "");
    disk.write("a/.blobshift-store./x", "");
    disk.write("a/x", "");
    CHECK(scan().value() == strings{"a/x"});
    CHECK(foreign == 1);
}

TEST_CASE_FIXTURE(scanned, "a prefix is text, and narrows the scan to the directory where it ends") {
    for (const char* n : {"a", "ab/c", "ab/d/e", "abc", "b/a", "b/ab"}) disk.write(n, "");
    struct row {
        std::string prefix;
        strings names;
        std::size_t directories;
    };
    for (const row& t :
         {row{"", {"a", "ab/c", "ab/d/e", "abc", "b/a", "b/ab"}, 4}, row{"a", {"a", "ab/c", "ab/d/e", "abc"}, 3},
          row{"ab", {"ab/c", "ab/d/e", "abc"}, 3}, row{"ab/", {"ab/c", "ab/d/e"}, 2}, row{"ab/d/", {"ab/d/e"}, 1},
          row{"b/a", {"b/a", "b/ab"}, 1}, row{"z/", {}, 0}, row{"a/", {}, 0}, row{"/", {}, 0}, row{"../", {}, 0},
          row{"ab//", {}, 0}, row{"ab/../", {}, 0}, row{"a\\b/c", {}, 0}, row{std::string(300, 'x') + "/", {}, 0}}) {
        CAPTURE(t.prefix);
        script->clear();
        CHECK(scan({.prefix = t.prefix}).value() == t.names);
        std::size_t reads = script->count("read_entries");
        CHECK(reads == 2 * t.directories);  // the second one says: no more
    }
}

TEST_CASE_FIXTURE(scanned, "start_after leaves out names and whole directories before it") {
    for (const char* n : {"a/1", "a/2", "b", "c/1"}) disk.write(n, "");
    CHECK(scan({.start_after = "a/1"}).value() == strings{"a/2", "b", "c/1"});
    script->clear();
    CHECK(scan({.start_after = "b"}).value() == strings{"c/1"});
    CHECK(script->count("read_entries") == 4);
}

TEST_CASE_FIXTURE(scanned, "a directory that cannot be read is an error, not an empty one") {
    disk.write("a/1", "");
    for (const char* call : {"read_entries", "open_in", "facts_in"}) {
        CAPTURE(std::string(call));
        script->fail(call, -EACCES);
        const auto seen = scan();
        REQUIRE_FALSE(seen);
        CHECK(seen.error().code == errc::permission_denied);
    }
}

TEST_CASE_FIXTURE(scanned, "what vanishes while it is listed is left out") {
    disk.write("a/1", "");
    disk.write("b", "");
    for (const char* call : {"open_in", "facts_in"}) {
        bool vanished = false;
        script->before = [&](std::string_view each) {
            return each == call && !std::exchange(vanished, true) ? -ENOENT : 0;
        };
        CHECK(scan().value().size() <= 1);
        script->clear();
    }
}

TEST_CASE_FIXTURE(scanned, "a file system that does not say what an entry is, is asked about each") {
    disk.write("a/1", "");
    std::filesystem::create_symlink("a", disk.path("link"));
    const int dir = files.open_in(tree.root(), ".", open_for::passage);
    list_query q;
    struct row {
        const char* name;
        detail::listed_as as;
    };
    for (const row& t : {row{"a", detail::listed_as::folder}, row{"link", detail::listed_as::foreign},
                         row{"gone", detail::listed_as::nothing}}) {
        const folder_entry e{.name = t.name, .kind_known = false};
        CHECK(detail::classify(files, dir, e, q, t.name) == t.as);
    }
    files.close(dir);
}

TEST_CASE_FIXTURE(scanned, "each level of directories has one open descriptor and no more") {
    std::string path;
    for (int i = 0; i < 100; ++i) path += "d/";
    disk.write(path + "f", "");
    int open = 0;
    int most = 0;
    script->before = [&](std::string_view call) {
        if (call == "open_in" || call == "open_beneath") most = (std::max)(most, ++open);
        if (call == "close") --open;
        return 0;
    };
    CHECK(scan().value() == strings{path + "f"});
    CHECK(open == 0);
    CHECK(most == 101);
}
