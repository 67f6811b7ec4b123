// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_pages.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <backends/files_on_disk.hpp>
#include <backends/scripted_files.hpp>
#include <support/print.hpp>

using namespace blobshift;
using testing::scripted_files;
using strings = std::vector<std::string>;

namespace {

struct paged {
    testing::disk disk;
    std::shared_ptr<testing::file_script> script = std::make_shared<testing::file_script>();
    scripted_files files{script};
    detail::file_tree<scripted_files> tree{files, files.open_root(disk.path().c_str()), 0700};

    ~paged() { script->clear(); }  // it may refer to what was the test's own

    using lister = detail::file_pages<scripted_files>;

    /// All pages of a listing. `between` is called after each.
    template <class F>
    strings all(lister& pages, list_query q, std::size_t most, F between) {
        strings names;
        do {
            const list_page page = pages.list({}, q, most).value();
            REQUIRE(page.blobs.size() + page.prefixes.size() <= most);
            for (const blob_info& each : page.blobs) names.push_back(each.name.text());
            for (const std::string& each : page.prefixes) names.push_back(each);
            q.cursor = page.cursor;
            between();
        } while (!q.cursor.empty());
        return names;
    }
    strings all(lister& pages, const list_query& q = {}, std::size_t most = 1000) {
        return all(pages, q, most, [] {});
    }
    /// As if nothing had changed for a while.
    void settle() const {
        const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
        std::filesystem::last_write_time(disk.path(), long_ago);
        for (const std::string& each : disk.all()) {
            if (each.back() == '/') std::filesystem::last_write_time(disk.path(each), long_ago);
        }
    }
};

}  // namespace

TEST_CASE_FIXTURE(paged, "a directory stands in the order where its names stand") {
    const strings sorted = {"a!b", "a-b", "a/b", "a/b-", "a0", "a\xC3\xA9", "b-/x", "b/-/x", "b/x", "b0/x"};
    strings mixed = sorted;
    std::shuffle(mixed.begin(), mixed.end(), std::mt19937(7));
    for (const std::string& n : mixed) disk.write(n, "");
    for (const std::size_t most : {1U, 2U, 3U, 100U}) {
        lister pages(tree);
        CHECK(all(pages, {}, most) == sorted);
    }
}

TEST_CASE_FIXTURE(paged, "any few names kept at a time give the same listing") {
    std::mt19937 random(11);
    strings sorted;
    for (int i = 0; i < 300; ++i) {
        std::string n;
        for (std::size_t depth = random() % 4; depth > 0; --depth) n += std::string(1, "abc"[random() % 3]) + "/";
        n += "f" + std::to_string(random() % 1000);
        disk.write(n, "");
        sorted.push_back(n);
    }
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    for (const std::size_t keep : {1U, 2U, 7U, 64U, 1000U}) {
        for (const std::size_t most : {1U, 5U, 1000U}) {
            CAPTURE(keep);
            CAPTURE(most);
            lister pages(tree, keep);
            CHECK(all(pages, {}, most) == sorted);
        }
    }
    strings groups;
    for (const std::string& n : sorted) {
        const std::string group = n.substr(0, n.find('/') == std::string::npos ? n.size() : n.find('/') + 1);
        if (groups.empty() || groups.back() != group) groups.push_back(group);
    }
    lister pages(tree, 2);
    strings got = all(pages, {.delimiter = "/"}, 1);
    CHECK(got == groups);
}

TEST_CASE_FIXTURE(paged, "a directory is read once for the names that are kept, not once for each page") {
    for (int i = 0; i < 500; ++i) disk.write("f" + std::to_string(1000 + i), "");
    const auto reads = [&](std::size_t keep) {
        lister pages(tree, keep);
        settle();
        script->clear();
        std::size_t opened = 0;
        script->before = [&](std::string_view call) {
            opened += call == "open_in" ? 1U : 0U;
            return 0;
        };
        CHECK(all(pages, {}, 10).size() == 500);
        return script->count("read_entries");
    };
    const std::size_t once = reads(1000);
    CHECK(reads(100) == 5 * once);
    CHECK(reads(500) == once);
}

TEST_CASE_FIXTURE(paged, "a page shows what was written after the page before") {
    for (const bool settled : {true, false}) {
        CAPTURE(settled);
        for (const char* n : {"a/1", "b", "c/1", "c/2"}) disk.write(n, "");
        if (settled) settle();
        lister pages(tree);
        int page = 0;
        const strings names = all(pages, {}, 1, [&] {
            switch (page++) {
                case 0: disk.write("a/0", ""), disk.write("a/2", ""); break;
                case 1: disk.write("b2", ""), std::filesystem::remove(disk.path("b")); break;
                case 3: std::filesystem::remove_all(disk.path("c")), disk.write("d/1", ""); break;
                default: break;
            }
        });
        CHECK(names == strings{"a/1", "a/2", "b2", "c/1", "d/1"});
        for (const char* n : {"a", "b2", "d"}) std::filesystem::remove_all(disk.path(n));
    }
}

TEST_CASE_FIXTURE(paged, "a cursor goes on in another object, and where its blob is gone") {
    for (const char* n : {"a", "b/1", "b/2", "c"}) disk.write(n, "");
    list_query q;
    strings names;
    do {
        lister pages(tree);
        const list_page page = pages.list({}, q, 1).value();
        for (const blob_info& each : page.blobs) {
            names.push_back(each.name.text());
            std::filesystem::remove(disk.path(each.name.text()));
        }
        q.cursor = page.cursor;
    } while (!q.cursor.empty());
    CHECK(names == strings{"a", "b/1", "b/2", "c"});
}

TEST_CASE_FIXTURE(paged, "what is kept for one listing does not serve another") {
    for (const char* n : {"a/1", "a/2", "b/1", "b/2"}) disk.write(n, "");
    settle();
    lister pages(tree);
    const std::string cursor = pages.list({}, {}, 1).value().cursor;
    CHECK(cursor == "a/1");
    struct row {
        list_query q;
        strings names;
    };
    for (const row& t :
         {row{{.prefix = "b", .cursor = cursor}, {"b/1", "b/2"}},
          row{{.delimiter = "/", .cursor = cursor}, {"a/", "b/"}},
          row{{.start_after = "b/1", .cursor = cursor}, {"b/2"}}, row{{.cursor = cursor}, {"a/2", "b/1", "b/2"}},
          row{{.cursor = cursor}, {"a/2", "b/1", "b/2"}}}) {
        CHECK(all(pages, t.q) == t.names);
    }
}

TEST_CASE_FIXTURE(paged, "many listings at once each come to their end") {
    for (int i = 0; i < 50; ++i) disk.write("f" + std::to_string(100 + i), "");
    settle();
    lister pages(tree);
    std::vector<std::string> cursors(10);
    std::vector<std::size_t> seen(10);
    for (int page = 0; page < 50; ++page) {
        for (std::size_t i = 0; i < cursors.size(); ++i) {
            const list_page next =
                pages.list({}, {.start_after = std::string(i, 'e'), .cursor = cursors[i]}, 1).value();
            seen[i] += next.blobs.size();
            cursors[i] = next.cursor;
        }
    }
    CHECK(std::all_of(seen.begin(), seen.end(), [](std::size_t n) { return n == 50; }));
}

TEST_CASE_FIXTURE(paged, "a group is shown only if there is a blob in it") {
    std::filesystem::create_directories(disk.path("empty/deep"));
    disk.write("foreign/dot.", "");
    disk.write("full/deep/blob", "");
    lister pages(tree);
    CHECK(all(pages, {.delimiter = "/"}) == strings{"full/"});
}

TEST_CASE_FIXTURE(paged, "a listing ends at a full page only if nothing follows") {
    for (const char* n : {"a", "b"}) disk.write(n, "");
    std::filesystem::create_directories(disk.path("c/empty"));
    std::filesystem::create_symlink("a", disk.path("d"));
    lister pages(tree);
    CHECK(pages.list({}, {}, 1).value().cursor == "a");
    CHECK(pages.list({}, {}, 2).value().cursor.empty());
}

TEST_CASE_FIXTURE(paged, "a listing that fails is an error and no page") {
    disk.write("a/1", "");
    disk.write("b", "");
    for (const char* call : {"open_in", "read_entries", "facts_of", "facts_in", "open_beneath"}) {
        CAPTURE(std::string(call));
        lister pages(tree);
        script->fail(call, -EIO);
        const auto page = pages.list({}, {}, 10);
        script->clear();
        REQUIRE_FALSE(page);
        CHECK(page.error().code == errc::io_error);
    }
}

TEST_CASE_FIXTURE(paged, "a stop ends a listing") {
    disk.write("a", "");
    std::stop_source stop;
    stop.request_stop();
    context c;
    c.stop = stop.get_token();
    lister pages(tree);
    const auto page = pages.list(c, {}, 10);
    REQUIRE_FALSE(page);
    CHECK(page.error().code == errc::cancelled);
}

TEST_CASE_FIXTURE(paged, "attributes are read only when they are asked for") {
    disk.write("a", "");
    lister pages(tree);
    script->clear();
    (void)all(pages);
    CHECK(script->count("get_attribute") == 0);
    (void)all(pages, {.with_attributes = true});
    CHECK(script->count("get_attribute") == 1);
}
