// SPDX-License-Identifier: MIT
//
// Several processes on one container of Azurite: conditions hold between them on every way to write.

#include <azure/emulator.hpp>

#include <string>  // string
#include <vector>  // vector

#include <doctest/doctest.h>

#include <support/in_processes.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;

constexpr int processes = 4;
constexpr std::size_t rounds = 25;  // the emulator gets slower with each blob

[[nodiscard]] blob_name name(std::string_view beginning, std::size_t number) {
    return blob_name::parse(std::string(beginning) + std::to_string(number)).value();
}

template <class Work>
std::vector<std::string> in_processes(const testing::emulator_container& container, Work work) {
    return testing::in_processes(
        processes, [&] { return container.open(); }, work);
}

/// 'w' for a write that was done, '-' for one that came too late, else what went wrong.
template <class T>
[[nodiscard]] std::string letter(const result<T>& written, errc too_late) {
    if (written) return "w";
    return written.error().code == too_late ? "-" : describe(written.error());
}

[[nodiscard]] std::string content_of(azure_store& store, const blob_name& n) {
    bytes room(1000);
    const auto got = store.read({}, n, {}, room, {});
    return got ? std::string(as_text(room).substr(0, got->count)) : describe(got.error());
}

TEST_CASE("races on the emulator: exactly one process creates each name by a put") {
    const testing::emulator_container container;
    const auto said = in_processes(container, [](azure_store& store, int i) {
        std::string all;
        for (std::size_t r = 0; r < rounds; ++r) {
            all += letter(store.put({}, name("new/", r), as_bytes(std::to_string(i)), {}, condition::if_absent()),
                          errc::already_exists);
        }
        return all;
    });
    azure_store store = container.open();
    for (std::size_t r = 0; r < rounds; ++r) {
        CHECK(content_of(store, name("new/", r)) == std::to_string(testing::only_winner(said, r)));
    }
}

TEST_CASE("races on the emulator: exactly one process creates each name by a commit, and all blocks are its own") {
    const testing::emulator_container container;
    const auto said = in_processes(container, [](azure_store& store, int i) {
        std::string all;
        for (std::size_t r = 0; r < rounds; ++r) {
            const std::string half(10, static_cast<char>('a' + i));
            const upload_session u = store.begin_upload({}, name("new/", r)).value();
            for (const std::uint32_t index : {0U, 1U}) {
                store.stage_block({}, u, index, index * half.size(), as_bytes(half)).value();
            }
            all += letter(store.commit_upload({}, u, 2, 20, {}, condition::if_absent()), errc::already_exists);
        }
        return all;
    });
    azure_store store = container.open();
    for (std::size_t r = 0; r < rounds; ++r) {
        const char letter = static_cast<char>('a' + testing::only_winner(said, r));
        CHECK(content_of(store, name("new/", r)) == std::string(20, letter));
    }
}

TEST_CASE("races on the emulator: exactly one process creates each name by a copy") {
    const testing::emulator_container container;
    azure_store store = container.open();
    for (std::size_t i = 0; i < processes; ++i) {
        store.put({}, name("from/", i), as_bytes(std::to_string(i)), {}, {}).value();
    }
    const auto said = in_processes(container, [](azure_store& own, int i) {
        std::string all;
        for (std::size_t r = 0; r < rounds; ++r) {
            all += letter(
                own.copy({}, name("from/", static_cast<std::size_t>(i)), name("new/", r), {}, condition::if_absent()),
                errc::already_exists);
        }
        return all;
    });
    for (std::size_t r = 0; r < rounds; ++r) {
        CHECK(content_of(store, name("new/", r)) == std::to_string(testing::only_winner(said, r)));
    }
}

TEST_CASE("races on the emulator: of put, commit, copy and removal, one alone finds the version that it wants") {
    const testing::emulator_container container;
    azure_store store = container.open();
    store.put({}, name("from/", 0), as_bytes("copied"), {}, {}).value();
    std::vector<etag> tags;
    for (std::size_t r = 0; r < rounds; ++r) {
        tags.push_back(store.put({}, name("old/", r), as_bytes("old"), {}, {}).value().tag);
    }
    const auto said = in_processes(container, [&](azure_store& own, int i) {
        std::string all;
        for (std::size_t r = 0; r < rounds; ++r) {
            const blob_name n = name("old/", r);
            const condition when = condition::if_match(tags[r]);
            if (i == 0) {
                all += letter(own.put({}, n, as_bytes("put"), {}, when), errc::condition_failed);
            } else if (i == 1) {
                const upload_session u = own.begin_upload({}, n).value();
                own.stage_block({}, u, 0, 0, as_bytes("committed")).value();
                all += letter(own.commit_upload({}, u, 1, 9, {}, when), errc::condition_failed);
            } else if (i == 2) {
                all += letter(own.copy({}, name("from/", 0), n, {}, when), errc::condition_failed);
            } else {
                const auto gone = own.remove({}, n, when);
                all += gone && !*gone ? "-" : letter(gone, errc::condition_failed);
            }
        }
        return all;
    });
    for (std::size_t r = 0; r < rounds; ++r) {
        const std::vector<std::string> outcomes = {"put", "committed", "copied", ""};
        const std::string& expected = outcomes.at(testing::only_winner(said, r));
        if (!expected.empty())
            CHECK(content_of(store, name("old/", r)) == expected);
        else
            CHECK(store.head({}, name("old/", r)).error().code == errc::not_found);
    }
}

TEST_CASE("races on the emulator: a counter that all increment by if_match loses no increment") {
    const testing::emulator_container container;
    azure_store store = container.open();
    const blob_name n = name("counter", 0);
    store.put({}, n, as_bytes("0"), {}, {}).value();
    constexpr int each = 15;
    const auto said = in_processes(container, [&](azure_store& own, int) -> std::string {
        for (int done = 0; done < each;) {
            bytes room(16);
            const auto seen = own.read({}, n, {}, room, {});
            if (!seen) return describe(seen.error());
            const int next = std::stoi(std::string(as_text(room).substr(0, seen->count))) + 1;
            const auto stored = own.put({}, n, as_bytes(std::to_string(next)), {}, condition::if_match(seen->info.tag));
            if (stored)
                ++done;
            else if (stored.error().code != errc::condition_failed)
                return describe(stored.error());
        }
        return "done";
    });
    CHECK(said == std::vector<std::string>(processes, "done"));
    CHECK(content_of(store, n) == std::to_string(processes * each));
}

}  // namespace
