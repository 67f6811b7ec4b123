// SPDX-License-Identifier: MIT
//
// What file_store promises beyond the contract, which tests/conformance holds it to.

#include <blobshift/backends/file_store.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <sys/stat.h>
#include <sys/xattr.h>

#include <backends/files_on_disk.hpp>

using namespace blobshift;
using namespace blobshift::testing;
using strings = std::vector<std::string>;

namespace {

struct ::stat facts(const std::string& path) {
    struct ::stat s;
    REQUIRE(::lstat(path.c_str(), &s) == 0);
    return s;
}

}  // namespace

static_assert(capabilities_of<file_store> ==
              capabilities{.scan = true, .bulk_copy = true, .bulk_remove = true, .blocks = true, .etags = true});
static_assert(!std::is_copy_constructible_v<file_store> && std::is_nothrow_move_constructible_v<file_store>);

TEST_CASE("a store is opened on a directory, and on nothing else") {
    const disk on;
    on.write("file", "");
    on.write("folder/file", "");
    std::filesystem::create_symlink("folder", on.path("link"));
    CHECK(code_of(file_store::open("")) == errc::invalid_argument);
    CHECK(code_of(file_store::open(std::string("a\0b", 3))) == errc::invalid_argument);
    CHECK(code_of(file_store::open(on.path("none"))) == errc::not_found);
    CHECK(code_of(file_store::open(on.path("file"))) == errc::invalid_argument);
    CHECK(code_of(file_store::open(on.path("file"), {.create = true})) == errc::invalid_argument);
    CHECK(code_of(file_store::open(on.path("none/deeper"), {.create = true})) == errc::not_found);
    CHECK(code_of(file_store::open(on.path(), {.page_size = 0})) == errc::invalid_argument);
    CHECK(code_of(file_store::open(on.path(), {.file_mode = 01600})) == errc::invalid_argument);
    CHECK(code_of(file_store::open(on.path(), {.folder_mode = 02700})) == errc::invalid_argument);
    CHECK(file_store::open(on.path("link")).has_value());
    CHECK(file_store::open(on.path("new"), {.create = true}).has_value());
    CHECK(file_store::open(on.path("new"), {.create = true}).has_value());
    CHECK((facts(on.path("new")).st_mode & 07777U) == 0700);
}

TEST_CASE_FIXTURE(stored, "a store that is only read writes nothing at all") {
    on.write("a/b", "x");
    CHECK(names(store) == strings{"a/b"});
    CHECK(content_of(store, "a/b").value() == "x");
    CHECK(store.head({}, name("c")).error().code == errc::not_found);
    CHECK_FALSE(on.has(".blobshift-store."));
}

TEST_CASE_FIXTURE(stored, "a blob is a plain file under its own name, with modes that no umask changes") {
    for (const mode_t mask : {mode_t{0}, mode_t{077}, mode_t{0777}}) {
        const mode_t before = ::umask(mask);
        CHECK(put(store, "a" + std::to_string(mask) + "/b/c", "content"));
        CHECK(copy(store, "a" + std::to_string(mask) + "/b/c", "x" + std::to_string(mask) + "/y"));
        file_store copying = open({.durable = durability::none, .copying = copy_method::byte_copy});
        CHECK(copy(copying, "a" + std::to_string(mask) + "/b/c", "z" + std::to_string(mask)));
        ::umask(before);
    }
    CHECK(on.read("a0/b/c") == "content");
    for (const std::string& each : on.all()) {
        CAPTURE(each);
        CHECK((facts(on.path(each)).st_mode & 07777U) == (each.back() == '/' ? 0700U : 0600U));
    }
    for (const char* each : {".blobshift-store.", ".blobshift-store./tmp", ".blobshift-store./locks"}) {
        CHECK((facts(on.path(each)).st_mode & 077U) == 0);
    }
}

TEST_CASE_FIXTURE(stored, "modes are the ones that were chosen") {
    file_store shared = open({.durable = durability::none, .file_mode = 0664, .folder_mode = 0775});
    CHECK(put(shared, "a/b", ""));
    CHECK((facts(on.path("a/b")).st_mode & 07777U) == 0664);
    CHECK((facts(on.path("a")).st_mode & 07777U) == 0775);
}

TEST_CASE_FIXTURE(stored,
                  "who may write into the directories of a store may use its locks, whatever mode its blobs have") {
    struct row {
        unsigned file_mode;
        unsigned folder_mode;
        unsigned locks;
    };
    const mode_t before = ::umask(022);
    // The second store of a root takes nothing away from what the first has given.
    for (const row& t : {row{0444, 0700, 0600}, row{0600, 0770, 0660}, row{0660, 0700, 0660}, row{0644, 0777, 0666}}) {
        CAPTURE(t.file_mode);
        CAPTURE(t.folder_mode);
        const file_store_options options{
            .durable = durability::none, .file_mode = t.file_mode, .folder_mode = t.folder_mode};
        for (const char* n : {"a", "b"}) {
            file_store one = open(options);  // the second of them finds the file
            CHECK(put(one, n, ""));
            CHECK((facts(on.path(".blobshift-store./locks")).st_mode & 07777U) == t.locks);
            CHECK((facts(on.path(n)).st_mode & 07777U) == t.file_mode);
        }
    }
    ::umask(before);
}

TEST_CASE_FIXTURE(stored, "a file that another program put there is a blob without attributes") {
    on.write("study/file.dcm", "DICM");
    const blob_info info = store.head({}, name("study/file.dcm")).value();
    CHECK(info.size_bytes == 4);
    CHECK(info.attrs.empty());
    CHECK_FALSE(info.tag.empty());
    CHECK(copy(store, "study/file.dcm", "132_1.dcm"));
    CHECK(remove(store, "study/file.dcm").value());
    CHECK(on.all() == strings{"132_1.dcm"});
}

TEST_CASE_FIXTURE(stored, "a put without attributes writes none, and one with them is read by another store object") {
    attributes a{.content_type = "application/dicom"};
    a.metadata["k"] = "v";
    CHECK(put(store, "plain", "x"));
    CHECK(store.put({}, name("rich"), as_bytes("x"), a, {}));
    CHECK(::getxattr(on.path("plain").c_str(), "user.blobshift", nullptr, 0) == -1);
    file_store other = open();
    CHECK(other.head({}, name("rich")).value().attrs == a);
    CHECK(copy(other, "rich", "linked"));
    file_store bytes_only = open({.durable = durability::none, .copying = copy_method::byte_copy});
    CHECK(copy(bytes_only, "rich", "copied"));
    for (const char* n : {"linked", "copied"}) CHECK(store.head({}, name(n)).value().attrs == a);
    CHECK(put(store, "rich", "y"));
    CHECK(store.head({}, name("rich")).value().attrs.empty());
    CHECK(store.head({}, name("linked")).value().attrs == a);
}

TEST_CASE_FIXTURE(stored, "attributes that somebody spoilt are corrupt for everyone who asks for them") {
    CHECK(put(store, "a", "x"));
    REQUIRE(::setxattr(on.path("a").c_str(), "user.blobshift", "nonsense", 8, 0) == 0);
    CHECK(code_of(store.head({}, name("a"))) == errc::corrupt);
    CHECK(code_of(content_of(store, "a")) == errc::corrupt);
    CHECK(code_of(store.list({}, {.with_attributes = true})) == errc::corrupt);
    CHECK(names(store) == strings{"a"});
}

TEST_CASE_FIXTURE(stored, "a link to the same file says so, and a copy of the bytes does not") {
    const etag tag = put(store, "a", "x").value().tag;
    const copy_result linked = copy(store, "a", "b").value();
    CHECK(linked.proof == copy_proof::same_object);
    CHECK(linked.source_tag == tag);
    CHECK(linked.info.object_id == store.head({}, name("a")).value().object_id);
    CHECK(facts(on.path("a")).st_ino == facts(on.path("b")).st_ino);
    file_store bytes_only = open({.durable = durability::none, .copying = copy_method::byte_copy});
    const copy_result copied = copy(bytes_only, "a", "c").value();
    CHECK(copied.proof == copy_proof::none);
    CHECK(copied.info.object_id != linked.info.object_id);
    CHECK(facts(on.path("c")).st_nlink == 1);
    CHECK(store.head({}, name("a")).value().tag == tag);
}

TEST_CASE_FIXTURE(stored, "a write to one of two links leaves the other alone") {
    CHECK(put(store, "a", "one"));
    CHECK(copy(store, "a", "b"));
    CHECK(put(store, "a", "two"));
    CHECK(content_of(store, "b").value() == "one");
}

TEST_CASE_FIXTURE(stored, "a copy over a link to the same file changes nothing and leaves nothing") {
    const etag tag = put(store, "a", "x").value().tag;
    CHECK(copy(store, "a", "b"));
    for (int i = 0; i < 3; ++i) {
        const copy_result again = copy(store, "a", "b", condition::always()).value();
        CHECK(again.info.tag == tag);
        CHECK(again.proof == copy_proof::same_object);
    }
    CHECK(copy(store, "a", "b", condition::if_match(tag)));
    CHECK(on.temps().empty());
    CHECK(on.all() == strings{"a", "b"});
}

TEST_CASE_FIXTURE(stored, "a copy over another blob replaces it, by link and by bytes") {
    for (const copy_method method : {copy_method::automatic, copy_method::hard_link, copy_method::byte_copy}) {
        file_store s = open({.durable = durability::none, .copying = method});
        CHECK(put(s, "a", "new"));
        const etag old = put(s, "b", "old").value().tag;
        CHECK(code_of(copy(s, "a", "b")) == errc::already_exists);
        CHECK(code_of(copy(s, "a", "b", condition::if_match(etag("\"other\"")))) == errc::condition_failed);
        CHECK(content_of(s, "b").value() == "old");
        CHECK(copy(s, "a", "b", condition::if_match(old)));
        CHECK(content_of(s, "b").value() == "new");
        CHECK(on.temps().empty());
    }
}

TEST_CASE_FIXTURE(stored, "versions of equal size in quick succession all differ, though inodes come back") {
    strings tags;
    for (int i = 0; i < 300; ++i) tags.push_back(put(store, "a", std::to_string(100 + i)).value().tag.text());
    for (int i = 0; i < 300; ++i) {
        tags.push_back(put(store, "a", "x").value().tag.text());
        CHECK(remove(store, "a").value());
    }
    std::sort(tags.begin(), tags.end());
    CHECK(std::adjacent_find(tags.begin(), tags.end()) == tags.end());
}

TEST_CASE_FIXTURE(stored, "a removed root is an error and never an empty store") {
    std::filesystem::create_directory(on.path("root"));
    file_store gone = file_store::open(on.path("root"), {.durable = durability::none}).value();
    CHECK(put(gone, "a", "x"));
    std::filesystem::remove_all(on.path("root"));
    CHECK(code_of(gone.list({}, {})) == errc::io_error);
    CHECK(code_of(gone.scan({}, {}, [](blob_info&&) { return result<void>(); })) == errc::io_error);
    CHECK(code_of(gone.head({}, name("a"))) == errc::io_error);
    CHECK(code_of(remove(gone, "a")) == errc::io_error);
    CHECK(code_of(copy(gone, "a", "b")) == errc::io_error);
    CHECK_FALSE(put(gone, "b", "x").has_value());
    CHECK_FALSE(on.has("root"));
}

TEST_CASE_FIXTURE(stored, "what a crash left is swept when the store is opened, and what lives is not") {
    const upload_session living = store.begin_upload({}, name("a")).value();
    CHECK(store.stage_block({}, living, 0, 0, as_bytes("living")));
    on.write(".blobshift-store./tmp/3123456789abcdef/0", "dead");
    CHECK(on.temps().size() == 2);
    file_store other = open();
    CHECK(on.temps().size() == 1);
    CHECK(store.commit_upload({}, living, 1, 6, {}, {}));
    CHECK(content_of(other, "a").value() == "living");
    CHECK(on.temps().empty());
}

TEST_CASE_FIXTURE(stored, "an upload is known to the store object that began it, and to no other") {
    const upload_session mine = store.begin_upload({}, name("a")).value();
    file_store other = open();
    CHECK(code_of(other.stage_block({}, mine, 0, 0, as_bytes("x"))) == errc::not_found);
    CHECK(code_of(other.commit_upload({}, mine, 0, 0, {}, {})) == errc::not_found);
    CHECK(code_of(other.abandon_upload({}, mine)) == errc::not_found);
    CHECK(store.abandon_upload({}, mine));
    CHECK(code_of(store.abandon_upload({}, mine)) == errc::not_found);
    CHECK(on.temps().empty());
}

TEST_CASE_FIXTURE(stored, "an upload whose condition is not met can be committed under another one") {
    CHECK(put(store, "a", "old"));
    const upload_session u = store.begin_upload({}, name("a")).value();
    CHECK(store.stage_block({}, u, 0, 0, as_bytes("longer than it will be")));
    CHECK(store.stage_block({}, u, 0, 0, as_bytes("new")));
    CHECK(code_of(store.commit_upload({}, u, 1, 3, {}, condition::if_absent())) == errc::already_exists);
    CHECK(code_of(store.commit_upload({}, u, 2, 3, {}, {})) == errc::invalid_argument);
    CHECK(store.commit_upload({}, u, 1, 3, {}, {}));
    CHECK(content_of(store, "a").value() == "new");
    CHECK(code_of(store.commit_upload({}, u, 1, 3, {}, {})) == errc::not_found);
}

TEST_CASE_FIXTURE(stored, "attributes beyond what the file system holds are refused and change nothing") {
    attributes large;
    large.metadata["k"] = std::string(8000, 'v');
    CHECK(put(store, "a", "old"));
    const auto stored_large = store.put({}, name("a"), as_bytes("new"), large, {});
    if (stored_large) {
        MESSAGE("skipped: this file system holds attributes of 8 KiB");
        return;
    }
    CHECK(code_of(stored_large) == errc::no_space);
    CHECK(content_of(store, "a").value() == "old");
    CHECK(on.temps().empty());
}

TEST_CASE_FIXTURE(stored, "listings of foreign trees go on in another process's store object") {
    for (const char* n : {"a", "b/c", "d"}) on.write(n, "");
    list_query q{.page_size = 1};
    strings all;
    do {
        file_store fresh = open();
        const list_page page = fresh.list({}, q).value();
        for (const blob_info& each : page.blobs) all.push_back(each.name.text());
        q.cursor = page.cursor;
    } while (!q.cursor.empty());
    CHECK(all == strings{"a", "b/c", "d"});
}
