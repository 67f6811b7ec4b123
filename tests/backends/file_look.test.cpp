// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_look.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <backends/files_on_disk.hpp>
#include <backends/scripted_files.hpp>
#include <blobshift/backends/file_listing.hpp>
#include <blobshift/backends/file_store.hpp>
#include <support/print.hpp>

using namespace blobshift;
using testing::scripted_files;

namespace {

/// 3,000 blobs in one directory, and 40 directories of 30.
struct looked {
    testing::disk disk;
    std::shared_ptr<testing::file_script> script = std::make_shared<testing::file_script>();
    scripted_files files{script};
    detail::file_tree<scripted_files> tree{files, files.open_root(disk.path().c_str()), 0700};
    std::vector<std::string> all = {};

    looked() {
        for (int i = 0; i < 3000; ++i) all.push_back("flat/" + std::to_string(i));
        for (int i = 0; i < 1200; ++i) all.push_back("deep/" + std::to_string(i / 30) + '/' + std::to_string(i));
        for (const std::string& name : all) disk.write(name, name);
        std::sort(all.begin(), all.end());
        script->clear();
    }
    ~looked() { script->clear(); }

    result<void> scan(unsigned concurrency, on_blob f, const list_query& like = {}) {
        list_query q = like;
        q.concurrency = concurrency;
        const context c;
        return detail::file_scan<scripted_files>(tree, c, q).run(f);
    }
    result<std::vector<std::string>> names(unsigned concurrency) {
        std::vector<std::string> seen;
        auto done = scan(concurrency, [&](blob_info&& info) -> result<void> {
            CHECK(info.size_bytes == info.name.text().size());
            seen.push_back(info.name.text());
            return {};
        });
        if (!done) return unexpected(std::move(done).error());
        std::sort(seen.begin(), seen.end());
        return seen;
    }
    /// The threads that looked.
    std::set<std::thread::id> threads_of(unsigned concurrency, on_blob f) {
        std::mutex mutex;
        std::set<std::thread::id> seen;
        script->before = [&](std::string_view call) {
            const std::scoped_lock lock(mutex);
            if (call == "facts_in") seen.insert(std::this_thread::get_id());
            return 0;
        };
        REQUIRE(scan(concurrency, f).has_value());
        script->clear();
        return seen;
    }
};

}  // namespace

TEST_CASE_FIXTURE(looked, "several threads find what one finds, each blob once") {
    for (const unsigned concurrency : {0U, 1U, 2U, 3U, 8U}) {
        CAPTURE(concurrency);
        CHECK(names(concurrency).value() == all);
    }
}

TEST_CASE_FIXTURE(looked, "no more threads look than were allowed, and only the caller's hears of it") {
    const auto here = std::this_thread::get_id();
    const auto hear = [&](blob_info&&) -> result<void> {
        CHECK(std::this_thread::get_id() == here);
        return {};
    };
    CHECK(threads_of(1, hear) == std::set{here});
    bool others = false;  // which thread gets what is up to the system
    for (int tries = 0; tries < 50 && !others; ++tries) {
        auto seen = threads_of(2, hear);
        CHECK(seen.size() <= 2);
        seen.erase(here);
        others = !seen.empty();
    }
    CHECK(others);
    CHECK(threads_of(1000, hear).size() <= detail::look_ahead<scripted_files>::most_threads);
}

TEST_CASE_FIXTURE(looked, "what is looked at before anybody hears of it is bounded") {
    std::atomic<std::size_t> looks = 0;
    std::size_t before = 0;
    script->before = [&](std::string_view call) { return looks += call == "facts_in", 0; };
    CHECK(scan(2, [&](blob_info&&) { return before = before == 0 ? looks.load() : before, result<void>(); }));
    CHECK(before <= 2 * 4 * detail::look_ahead<scripted_files>::piece_size);
}

TEST_CASE_FIXTURE(looked, "attributes are read by several threads as by one") {
    auto store = file_store::open(disk.path(), {.durable = durability::none}).value();
    const blob_name typed = blob_name::parse("deep/7/222").value();
    REQUIRE(store.put({}, typed, as_bytes(typed.text()), {.content_type = "text/x"}, {}));
    for (const unsigned concurrency : {1U, 3U}) {
        std::set<std::string> types;
        CHECK(scan(concurrency, [&](blob_info&& info) { return types.insert(info.attrs.content_type), result<void>(); },
                   {.prefix = "deep/", .with_attributes = true}));
        CHECK(types == std::set<std::string>{"", "text/x"});
    }
}

TEST_CASE_FIXTURE(looked, "a stop or a deadline ends it, wherever it is") {
    for (const std::size_t most : {std::size_t{1}, std::size_t{700}, all.size() - 1}) {
        CAPTURE(most);
        std::stop_source stop;
        context c;
        c.stop = stop.get_token();
        std::size_t heard = 0;
        const list_query q{.concurrency = 3};
        detail::file_scan<scripted_files> scan(tree, c, q);
        const auto ended = scan.run([&](blob_info&&) {
            if (++heard == most) stop.request_stop();
            return result<void>();
        });
        REQUIRE_FALSE(ended);
        CHECK(ended.error().code == errc::cancelled);
        CHECK(heard == most);
    }
}

TEST_CASE("one small directory starts no thread") {
    testing::disk disk;
    auto script = std::make_shared<testing::file_script>();
    scripted_files files{script};
    detail::file_tree<scripted_files> tree{files, files.open_root(disk.path().c_str()), 0700};
    for (int i = 0; i < 200; ++i) disk.write(std::to_string(i), "");
    const auto here = std::this_thread::get_id();
    script->before = [&](std::string_view) {
        CHECK(std::this_thread::get_id() == here);
        return 0;
    };
    const context c;
    const list_query q{.concurrency = 8};
    std::size_t seen = 0;
    detail::file_scan<scripted_files> everything(tree, c, q);
    CHECK(everything.run([&](blob_info&&) { return ++seen, result<void>(); }).has_value());
    CHECK(seen == 200);
    script->clear();
}

TEST_CASE_FIXTURE(looked, "a look that fails ends the scan, and is never taken for its end") {
    std::atomic<int> left = 2000;
    script->before = [&](std::string_view call) { return call == "facts_in" && left-- == 0 ? -EIO : 0; };
    std::size_t heard = 0;
    const auto seen = scan(3, [&](blob_info&&) { return ++heard, result<void>(); });
    REQUIRE_FALSE(seen);
    CHECK(seen.error().system_code == EIO);
    CHECK(heard < all.size());
}

TEST_CASE_FIXTURE(looked, "who hears may end the scan, at any blob") {
    for (const std::size_t most : {std::size_t{0}, std::size_t{1}, std::size_t{700}, all.size() - 1}) {
        CAPTURE(most);
        std::size_t heard = 0;
        const auto seen = scan(4, [&](blob_info&&) -> result<void> {
            if (heard++ == most) return fail(errc::cancelled, "enough");
            return {};
        });
        REQUIRE_FALSE(seen);
        CHECK(seen.error().code == errc::cancelled);
        CHECK(heard == most + 1);
    }
}

TEST_CASE_FIXTURE(looked, "an exception reaches the caller, whoever threw it") {
    CHECK_THROWS_AS((void)scan(3, [](blob_info&&) -> result<void> { throw std::runtime_error("heard"); }),
                    std::runtime_error);
    std::atomic<int> left = 1000;
    script->before = [&](std::string_view call) -> int {
        if (call == "facts_in" && left-- == 0) throw std::bad_alloc();
        return 0;
    };
    CHECK_THROWS_AS((void)scan(3, [](blob_info&&) { return result<void>(); }), std::bad_alloc);
}

TEST_CASE_FIXTURE(looked, "what vanishes between its entry and the look is left out") {
    std::atomic<int> count = 0;
    script->before = [&](std::string_view call) { return call == "facts_in" && ++count % 3 == 0 ? -ENOENT : 0; };
    CHECK(names(3).value().size() == all.size() - all.size() / 3);
}

TEST_CASE_FIXTURE(looked, "directories are open only while pieces of them are under way") {
    std::atomic<int> open = 0;
    std::atomic<int> most = 0;
    script->before = [&](std::string_view call) {
        if (call == "open_in" || call == "open_beneath") {
            const int now = ++open;
            for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {}
        }
        if (call == "close") --open;
        return 0;
    };
    CHECK(names(2).value() == all);
    CHECK(open == 0);
    CHECK(most <= 3 + 4 * 2 + 2);  // levels, pieces, and the one that is being gathered
}
