// SPDX-License-Identifier: MIT
//
// copy and delete killed with SIGKILL at random moments, each time run again to the end.
//
// BLOBSHIFT_KILLS: how many times each of the two is killed (10). BLOBSHIFT_SEED: of the moments.
#include "program.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/stat.h>
#include <csignal>

#include <blobshift/naming/dicom_names.hpp>

namespace {

using namespace cli_test;
using std::chrono::microseconds;
using clock_type = std::chrono::steady_clock;

constexpr int instances = 1000;  // two blobs each

/// One blob: where it was, where it is to be, and what it holds.
struct blob {
    std::string from;
    std::string to;
    std::string content;
};

[[nodiscard]] std::vector<blob> blobs_of(const std::string& store) {
    std::vector<blob> all;
    const blobshift::uid_names older;
    const blobshift::prefix_names newer;
    for (auto& [path, content] : files_below(store)) {
        const auto name = blobshift::blob_name::parse(path);
        const auto known = name ? older.parse(*name) : older.parse(blobshift::blob_name::parse("x").value());
        if (known) all.push_back({path, newer.name_of(known->id, known->kind).value().text(), content});
    }
    return all;
}

/// Looks at every blob again and again, as any reader might, and counts those that it finds under neither name.
class watcher {
public:
    watcher(std::string store, const std::vector<blob>& blobs)
        : thread_([this, store = std::move(store), &blobs] {
              while (!stop_) {
                  for (const blob& b : blobs) {
                      if (!is_whole(store + "/" + b.from, b) && !is_whole(store + "/" + b.to, b)) ++absent_;
                      ++looks_;
                  }
              }
          }) {}
    watcher(const watcher&) = delete;
    watcher& operator=(const watcher&) = delete;
    ~watcher() { finish(); }

    void finish() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] long absent() const { return absent_; }
    [[nodiscard]] long looks() const { return looks_; }

private:
    [[nodiscard]] static bool is_whole(const std::string& path, const blob& b) {
        struct ::stat s {};
        return ::stat(path.c_str(), &s) == 0 && static_cast<std::size_t>(s.st_size) == b.content.size();
    }

    std::atomic<bool> stop_ = false;
    std::atomic<long> absent_ = 0;
    std::atomic<long> looks_ = 0;
    std::thread thread_;
};

/// A store with the same blobs, at a tenth of the price.
void link_into(const std::string& store, const std::string& model, const std::vector<blob>& blobs) {
    for (const blob& b : blobs) {
        std::filesystem::create_directories(std::filesystem::path(store + "/" + b.from).parent_path());
        std::filesystem::create_hard_link(model + "/" + b.from, store + "/" + b.from);
    }
}

struct census {
    int under_old = 0;
    int under_new = 0;
    int under_neither = 0;
    int wrong = 0;  ///< Under one of its names, with other content.
    int strangers = 0;
};

[[nodiscard]] census count(const std::string& store, const std::vector<blob>& blobs) {
    census c;
    auto files = files_below(store);
    for (const blob& b : blobs) {
        bool found = false;
        for (const auto& [name, counter] : {std::pair(&b.from, &c.under_old), std::pair(&b.to, &c.under_new)}) {
            const auto file = files.find(*name);
            if (file == files.end()) continue;
            found = true;
            ++*counter;
            if (file->second != b.content) ++c.wrong;
            files.erase(file);
        }
        if (!found) ++c.under_neither;
    }
    for (const auto& [name, content] : files) {
        if (!name.starts_with(".blobshift/") && !name.ends_with('/')) ++c.strangers;
    }
    return c;
}

[[nodiscard]] unsigned long number_from(const char* variable, unsigned long otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoul(text, nullptr, 10);
}

/// When a command is killed: a random moment of the time that it takes, or of that after its first change to the store.
enum class killing { anywhere, once_it_writes };

/// Kills a command, then runs it to the end.
///
/// \param first_change  A path that is there once the command has begun to change names.
/// \param usual         What the command takes; learned. \return whether it was killed before it had ended.
template <class Check>
bool kill_and_finish(const std::vector<std::string>& command, killing when, const std::string& first_change,
                     std::mt19937_64& random, microseconds& usual, Check check) {
    const microseconds::rep longest = usual.count() / (when == killing::anywhere ? 1 : 10);
    const microseconds moment(std::uniform_int_distribution<microseconds::rep>(0, longest)(random));
    bool killed = false;
    {
        child victim(command);
        while (when == killing::once_it_writes && victim.is_running() && !std::filesystem::exists(first_change)) {
            std::this_thread::sleep_for(microseconds(200));
        }
        std::this_thread::sleep_for(moment);
        killed = victim.is_running();
        victim.send(SIGKILL);
        if (killed) killed = victim.wait().code == 1000 + SIGKILL;
    }
    check();
    const auto began = clock_type::now();
    const ended last = run(command);
    CAPTURE(last.err);
    CHECK(last.code == 0);
    const auto took = std::chrono::duration_cast<microseconds>(clock_type::now() - began);
    usual = (usual + took) / 2;
    return killed;
}

TEST_CASE("copy and delete may be killed at any moment: run again, every blob is there once, under its new name") {
    const unsigned long wanted = number_from("BLOBSHIFT_KILLS", 10);
    const unsigned long seed = number_from("BLOBSHIFT_SEED", std::random_device()());
    MESSAGE("BLOBSHIFT_SEED=", seed);
    const std::string again = "again: BLOBSHIFT_SEED=" + std::to_string(seed) +
                              " BLOBSHIFT_KILLS=" + std::to_string(wanted) +
                              " BLOBSHIFT_PROGRAM=" + std::getenv("BLOBSHIFT_PROGRAM") + ' ' +
                              std::filesystem::read_symlink("/proc/self/exe").string() + " '--source-file=*/kill9.cpp'";
    INFO(again);
    std::mt19937_64 random(seed);
    const work_folder model;
    make_old_store(model / "store", instances);
    const std::vector<blob> blobs = blobs_of(model / "store");
    REQUIRE(blobs.size() == 2 * instances);
    const auto before = [](const blob& a, const blob& b) { return a.to < b.to; };
    const std::string first_target = std::min_element(blobs.begin(), blobs.end(), before)->to;  // copied in this order
    microseconds copy_takes(300'000);
    microseconds delete_takes(300'000);
    unsigned long copies_killed = 0;
    unsigned long deletes_killed = 0;
    unsigned long halfway = 0;  // kills that left blobs under both kinds of names
    long looks = 0;
    for (unsigned long round = 0; round < 4 * wanted && (copies_killed < wanted || deletes_killed < wanted); ++round) {
        CAPTURE(round);
        const killing when = round % 2 == 0 ? killing::anywhere : killing::once_it_writes;
        const work_folder w;
        const std::string path = w / "store";
        link_into(path, model / "store", blobs);
        watcher eyes(path, blobs);

        const auto nothing_is_lost = [&] {
            const census now = count(path, blobs);
            CHECK(now.under_neither == 0);
            CHECK(now.wrong == 0);
            CHECK(now.strangers == 0);
            if (now.under_old > 0 && now.under_old < 2 * instances) ++halfway;
            if (now.under_new > 0 && now.under_new < 2 * instances) ++halfway;
        };
        const std::vector<std::string> copy = {"copy", w.store(), "--durability", "none"};
        const std::vector<std::string> remove = {"delete", w.store(), "--yes", "--durability", "none"};
        if (kill_and_finish(copy, when, path + "/" + first_target, random, copy_takes, nothing_is_lost))
            ++copies_killed;
        CHECK(count(path, blobs).under_new == 2 * instances);
        if (kill_and_finish(remove, when, path + "/.blobshift/ledger", random, delete_takes, nothing_is_lost))
            ++deletes_killed;
        nothing_is_lost();
        const census end = count(path, blobs);
        CHECK(end.under_new == 2 * instances);
        CHECK(end.under_old == 0);
        eyes.finish();
        CHECK(eyes.absent() == 0);
        looks += eyes.looks();
    }
    MESSAGE("killed: copy ", copies_killed, ", delete ", deletes_killed, ", of both ", halfway, " halfway through; ",
            looks, " looks at a blob meanwhile");
    CHECK(copies_killed >= wanted);
    CHECK(deletes_killed >= wanted);
}

}  // namespace
