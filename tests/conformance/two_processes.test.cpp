// SPDX-License-Identifier: MIT
//
// The conditions of a file store hold between processes, not only between threads.

#include <blobshift/backends/file_store.hpp>

#include <string>  // string
#include <vector>  // vector

#include <doctest/doctest.h>

#include <support/in_processes.hpp>
#include <support/print.hpp>
#include <support/temporary_folder.hpp>

using namespace blobshift;

namespace {

blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

file_store open(const std::string& path) { return file_store::open(path, {.durable = durability::none}).value(); }

/// As `testing::in_processes`, on one folder.
template <class Work>
std::vector<std::string> in_processes(int count, const std::string& path, Work work) {
    return testing::in_processes(count, [&] { return open(path); }, work);
}

}  // namespace

TEST_CASE("two processes and more: exactly one creates each name") {
    const testing::temporary_folder folder;
    constexpr std::size_t rounds = 200;
    const auto said = in_processes(4, folder.path(), [](file_store& store, int i) {
        std::string outcomes;
        const std::string mine = std::to_string(i);
        for (std::size_t r = 0; r < rounds; ++r) {
            const auto made =
                store.put({}, name("dir/" + std::to_string(r)), as_bytes(mine), {}, condition::if_absent());
            outcomes += made ? 'w' : made.error().code == errc::already_exists ? '-' : '?';
        }
        return outcomes;
    });
    file_store store = open(folder.path());
    for (std::size_t r = 0; r < rounds; ++r) {
        CAPTURE(r);
        const std::size_t winner = testing::only_winner(said, r);
        bytes content(2);
        REQUIRE(store.read({}, name("dir/" + std::to_string(r)), {}, content, {}).value().count == 1);
        CHECK(content[0] == static_cast<std::byte>('0' + winner));
    }
}

TEST_CASE("two processes and more: a counter that all increment by if_match loses no increment") {
    const testing::temporary_folder folder;
    constexpr int each = 100;
    file_store store = open(folder.path());
    store.put({}, name("counter"), as_bytes("0"), {}, {}).value();
    const auto said = in_processes(4, folder.path(), [](file_store& own, int) -> std::string {
        for (int done = 0; done < each;) {
            bytes buffer(16);
            const auto seen = own.read({}, name("counter"), {}, buffer, {});
            if (!seen) return describe(seen.error());
            const int next = std::stoi(std::string(as_text(buffer).substr(0, seen->count))) + 1;
            const auto stored =
                own.put({}, name("counter"), as_bytes(std::to_string(next)), {}, condition::if_match(seen->info.tag));
            if (stored) ++done;
            else if (stored.error().code != errc::condition_failed) return describe(stored.error());
        }
        return "done";
    });
    CHECK(said == std::vector<std::string>(4, "done"));
    bytes buffer(16);
    const auto total = store.read({}, name("counter"), {}, buffer, {}).value();
    CHECK(as_text(buffer).substr(0, total.count) == std::to_string(4 * each));
}

TEST_CASE("two processes and more: exactly one removes each version, and a put of that version loses") {
    const testing::temporary_folder folder;
    constexpr std::size_t rounds = 200;
    std::vector<etag> tags;
    file_store store = open(folder.path());
    for (std::size_t r = 0; r < rounds; ++r) {
        tags.push_back(store.put({}, name("dir/" + std::to_string(r)), as_bytes("before"), {}, {}).value().tag);
    }
    const auto said = in_processes(4, folder.path(), [&](file_store& own, int i) {
        std::string outcomes;
        for (std::size_t r = 0; r < rounds; ++r) {
            const blob_name n = name("dir/" + std::to_string(r));
            const condition when = condition::if_match(tags[r]);
            if (i % 2 == 0) {
                const auto gone = own.remove({}, n, when);
                outcomes += gone ? (*gone ? 'w' : '-') : gone.error().code == errc::condition_failed ? '-' : '?';
            } else {
                const auto put = own.put({}, n, as_bytes("after"), {}, when);
                outcomes += put ? 'w' : put.error().code == errc::condition_failed ? '-' : '?';
            }
        }
        return outcomes;
    });
    for (std::size_t r = 0; r < rounds; ++r) {
        CAPTURE(r);
        const std::size_t winner = testing::only_winner(said, r);
        CHECK(store.head({}, name("dir/" + std::to_string(r))).has_value() == (winner % 2 == 1));
    }
}
