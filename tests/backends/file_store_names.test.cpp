// SPDX-License-Identifier: MIT
//
// Names that a file system cannot hold, and what stands in the way of a name.

#include <blobshift/backends/file_store.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <sys/stat.h>

#include <backends/files_on_disk.hpp>

using namespace blobshift;
using namespace blobshift::testing;
using strings = std::vector<std::string>;

TEST_CASE_FIXTURE(stored, "a blob and a blob below its name cannot both be, in either order, and nothing changes") {
    CHECK(put(store, "a", "file"));
    CHECK(put(store, "d/e", "file"));
    CHECK(put(store, "source", "s"));
    const strings before = on.all();
    for (const copy_method method : {copy_method::automatic, copy_method::byte_copy}) {
        file_store s = open({.durable = durability::none, .copying = method});
        for (const condition& when : {condition::always(), condition::if_absent()}) {
            for (const char* n : {"a/b", "a/b/c", "d"}) {
                CAPTURE(std::string(n));
                CHECK(code_of(put(s, n, "x", when)) == errc::conflict);
                CHECK(code_of(copy(s, "source", n, when)) == errc::conflict);
            }
        }
    }
    CHECK(store.head({}, name("a/b")).error().code == errc::not_found);
    CHECK(store.head({}, name("d")).error().code == errc::not_found);
    CHECK_FALSE(remove(store, "a/b").value());
    CHECK_FALSE(remove(store, "d").value());
    CHECK(code_of(copy(store, "d", "z")) == errc::not_found);
    CHECK(code_of(put(store, "d", "x", condition::if_match(etag("\"t\"")))) == errc::condition_failed);
    CHECK(on.all() == before);
    CHECK(on.temps().empty());
}

TEST_CASE_FIXTURE(stored, "an empty directory is not in a blob's way") {
    for (const char* n : {"a", "b"}) std::filesystem::create_directory(on.path(n));
    CHECK(put(store, "a", "x", condition::if_absent()));
    CHECK(copy(store, "a", "b"));
    CHECK(on.all() == strings{"a", "b"});
}

TEST_CASE_FIXTURE(stored,
                  "a part of a name over 255 bytes is refused before anything changes, and is no blob to a reader") {
    const std::string longest(255, 'x');
    const std::string longer(256, 'x');
    CHECK(put(store, longest + "/" + longest, "x"));
    CHECK(put(store, "source", "x"));
    const strings before = on.all();
    for (const std::string& n : {longer, "a/" + longer, longer + "/a", "a/" + longer + "/b"}) {
        CHECK(code_of(put(store, n, "x")) == errc::invalid_argument);
        CHECK(code_of(copy(store, "source", n)) == errc::invalid_argument);
        CHECK(code_of(store.begin_upload({}, name(n))) == errc::invalid_argument);
        CHECK(code_of(store.head({}, name(n))) == errc::not_found);
        CHECK(code_of(content_of(store, n)) == errc::not_found);
        CHECK(code_of(copy(store, n, "z")) == errc::not_found);
        CHECK_FALSE(remove(store, n).value());
    }
    CHECK(on.all() == before);
}

TEST_CASE_FIXTURE(stored, "names of the greatest length and depth are stored, listed and removed") {
    std::string deepest = "d";
    for (int i = 1; i < 254; ++i) deepest += "/d";
    std::string widest;
    for (int i = 0; i < 4; ++i) widest += (i > 0 ? "/" : "") + std::string(255, 'w');
    std::string four_bytes;
    for (int i = 0; i < 8; ++i) {
        for (int k = 0; k < 63; ++k) four_bytes += "\xF0\x9F\x98\x80";
        four_bytes += i < 7 ? "/" : "";
    }
    for (const std::string& n : {deepest, widest, four_bytes}) {
        CHECK(put(store, n, "x"));
        CHECK(content_of(store, n).value() == "x");
        CHECK(names(store) == strings{n});
        CHECK(remove(store, n).value());
    }
    CHECK(on.all().empty());
}

TEST_CASE_FIXTURE(stored, "nothing is reached through a symbolic link, and no link is touched") {
    const disk outside;
    outside.write("secret", "out");
    outside.write("b/c", "out");
    CHECK(put(store, "real/x", "in"));
    std::filesystem::create_symlink(outside.path("secret"), on.path("file"));
    std::filesystem::create_symlink(outside.path(), on.path("folder"));
    std::filesystem::create_symlink("real", on.path("inner"));
    std::filesystem::create_symlink("nowhere", on.path("dangling"));
    const strings before = on.all();
    for (const char* n : {"file", "folder/secret", "folder/b/c", "inner/x", "dangling", "folder/new", "dangling/new"}) {
        CAPTURE(std::string(n));
        CHECK(code_of(store.head({}, name(n))) == errc::conflict);
        CHECK(code_of(store.etag_of({}, name(n))) == errc::conflict);
        CHECK(code_of(content_of(store, n)) == errc::conflict);
        CHECK(code_of(put(store, n, "evil")) == errc::conflict);
        CHECK(code_of(put(store, n, "evil", condition::if_absent())) == errc::conflict);
        CHECK(code_of(remove(store, n)) == errc::conflict);
        CHECK(code_of(copy(store, "real/x", n)) == errc::conflict);
        CHECK(code_of(copy(store, "real/x", n, condition::always())) == errc::conflict);
        CHECK(code_of(copy(store, n, "z")) == errc::conflict);
    }
    CHECK(names(store) == strings{"real/x"});
    CHECK(names(store, {.prefix = "folder/"}).empty());
    CHECK(names(store, {.delimiter = "/"}) == strings{"real/"});
    CHECK(store.count_foreign({}).value() == 4);
    CHECK(on.all() == before);
    CHECK(outside.all() == strings{"b/", "b/c", "secret"});
    CHECK(outside.read("secret") == "out");
}

TEST_CASE_FIXTURE(stored, "a FIFO or a device is neither read nor replaced, and blocks nobody") {
    REQUIRE(::mkfifo(on.path("fifo").c_str(), 0600) == 0);
    CHECK(put(store, "a", "x"));
    CHECK(code_of(store.head({}, name("fifo"))) == errc::conflict);
    CHECK(code_of(store.etag_of({}, name("fifo"))) == errc::conflict);
    CHECK(code_of(content_of(store, "fifo")) == errc::conflict);
    CHECK(code_of(put(store, "fifo", "x")) == errc::conflict);
    CHECK(code_of(remove(store, "fifo")) == errc::conflict);
    CHECK(code_of(copy(store, "a", "fifo")) == errc::conflict);
    CHECK(code_of(copy(store, "fifo", "b")) == errc::conflict);
    CHECK(names(store) == strings{"a"});
}

TEST_CASE_FIXTURE(stored, "the store's own folder cannot be named") {
    CHECK(put(store, "a", ""));
    CHECK_FALSE(blob_name::parse(".blobshift-store./locks").has_value());
    CHECK(names(store, {.prefix = ".blobshift-store."}).empty());
    CHECK(names(store, {.prefix = ".blobshift-store./"}).empty());
    CHECK(store.count_foreign({}).value() == 0);
}

TEST_CASE_FIXTURE(stored, "a private folder that is a link is refused") {
    const disk outside;
    std::filesystem::create_symlink(outside.path(), on.path(".blobshift-store."));
    CHECK_FALSE(put(store, "a", "x").has_value());
    CHECK(outside.all().empty());
}
