// SPDX-License-Identifier: MIT
#include "kill_rounds.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>
#include <utility>

#include <blobshift/naming/dicom_names.hpp>

#include <doctest/doctest.h>

#include "migrating.hpp"

namespace cli_test {

namespace {

using std::chrono::microseconds;
using clock_type = std::chrono::steady_clock;

[[nodiscard]] unsigned long number_from(const char* variable, unsigned long otherwise) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoul(text, nullptr, 10);
}

/// Looks at every blob again and again, as any reader might, and counts those that it finds whole under neither name.
class onlooker {
public:
    onlooker(kill_place& place, const std::vector<kept_blob>& blobs)
        : thread_([this, &place, &blobs] {
              while (!stop_) {
                  for (const kept_blob& b : blobs) {
                      if (stop_) return;
                      // In this order: between the two looks a delete may take the old name; nothing takes the new one.
                      if (place.content(b.from) != b.content && place.content(b.to) != b.content) ++absent_;
                      ++looks_;
                  }
              }
          }) {}
    onlooker(const onlooker&) = delete;
    onlooker& operator=(const onlooker&) = delete;
    ~onlooker() { finish(); }

    void finish() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] long absent() const { return absent_; }
    [[nodiscard]] long looks() const { return looks_; }

private:
    std::atomic<bool> stop_ = false;
    std::atomic<long> absent_ = 0;
    std::atomic<long> looks_ = 0;
    std::thread thread_;
};

struct kill_census {
    std::size_t under_old = 0;
    std::size_t under_new = 0;
    std::size_t under_neither = 0;
    std::size_t wrong = 0;  ///< Under one of its names, with other content.
    std::size_t strangers = 0;
};

/// What a test case did, for its last line.
struct deeds {
    unsigned long killed[2] = {0, 0};  ///< copy, delete.
    unsigned long too_late = 0;
    unsigned long halfway = 0;                ///< Kills that left some blobs changed and some not.
    std::map<int, unsigned long> codes = {};  ///< Of the commands that nobody killed.
    long looks = 0;
    std::map<std::string, unsigned long> of_places = {};
};

class kill_round {
public:
    kill_round(const kill_lane& lane, const std::vector<kept_blob>& blobs, unsigned long seed, deeds& sum)
        : blobs_(blobs), random_(seed), place_(lane.make(work_ / "store", seed)), sum_(sum) {
        for (const kept_blob& b : blobs_) place_->put(b.from, b.content);
        eyes_.emplace(*place_, blobs_);
    }

    [[nodiscard]] std::vector<std::string> command(int which) const {
        std::vector<std::string> words = {which == 0 ? "copy" : "delete"};
        for (const std::string& each : place_->arguments()) words.push_back(each);
        if (which == 1) words.emplace_back("--yes");
        return words;
    }

    /// Runs it until it is done. \return how long the last run took.
    microseconds finish(int which) {
        // Where answers are lost, a run may end without having done all (3), or without the store (75).
        const int most = place_->loses_answers() ? 30 : 1;
        ended last;
        microseconds took{0};
        for (int run_number = 0; run_number < most && last.code != 0; ++run_number) {
            const auto began = clock_type::now();
            last = run(command(which));
            took = std::chrono::duration_cast<microseconds>(clock_type::now() - began);
            ++sum_.codes[last.code];
            if (last.code != 0 && last.code != 3 && last.code != 75) break;
        }
        CAPTURE(last.err);
        CHECK(last.code == 0);
        nothing_is_lost();
        const kill_census now = count();
        CHECK(now.under_new == blobs_.size());
        CHECK(now.under_old == (which == 0 ? blobs_.size() : 0));
        return took;
    }

    /// Kills it, runs nothing else. \param at_progress  When: see `wait_for_a_moment`.
    void kill(int which, microseconds usual, bool at_progress) {
        child victim(command(which));
        wait_for_a_moment(which, usual, at_progress, victim);
        end(victim, which, true);
        nothing_is_lost();
        note_halfway(which);
    }

    /// Two at once, of which `killed` are killed, both at almost the same time.
    void run_two(int which, microseconds usual, bool at_progress, int killed) {
        child first(command(which));
        child second(command(which));
        if (killed > 0) wait_for_a_moment(which, usual, at_progress, first);
        if (killed > 1) end(second, which, true);
        end(first, which, killed > 0);
        if (killed < 2) end(second, which, false);
        nothing_is_lost();
        note_halfway(which);
    }

    void finish_watching() {
        eyes_->finish();
        CHECK(eyes_->absent() == 0);
        CHECK(eyes_->looks() > 0);
        sum_.looks += eyes_->looks();
        for (const auto& [deed, times] : place_->deeds()) sum_.of_places[deed] += times;
        CHECK(std::filesystem::is_empty(work_ / "tmp"));
    }

private:
    [[nodiscard]] std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

    /// Waits for a random moment of the time that the command takes, or until the name of a random blob has changed.
    void wait_for_a_moment(int which, microseconds usual, bool at_progress, child& victim) {
        const kept_blob& goal = blobs_[below(blobs_.size())];
        const auto moment =
            clock_type::now() +
            microseconds(static_cast<microseconds::rep>(below(static_cast<std::size_t>(usual.count()) + 1)));
        const auto has_come = [&] {
            if (!at_progress) return clock_type::now() >= moment;
            return which == 0 ? place_->content(goal.to).has_value() : !place_->content(goal.from).has_value();
        };
        while (victim.is_running() && !has_come()) std::this_thread::sleep_for(microseconds(50));
    }

    void end(child& one, int which, bool by_force) {
        if (by_force && one.is_running()) one.send(SIGKILL);
        const ended r = one.wait();
        if (r.code == 1000 + SIGKILL) {
            ++sum_.killed[which];
            return;
        }
        if (by_force) ++sum_.too_late;
        ++sum_.codes[r.code];
        CAPTURE(r.err);
        // Two at once may be in each other's way (3, 4): they are run again.
        CHECK((r.code == 0 || r.code == 3 || r.code == 4 || (r.code == 75 && place_->loses_answers())));
    }

    [[nodiscard]] std::size_t changed(int which) {
        const auto names = place_->names();
        std::size_t n = 0;
        for (const kept_blob& b : blobs_) n += names.contains(which == 0 ? b.to : b.from) == (which == 0) ? 1 : 0;
        return n;
    }
    void note_halfway(int which) {
        const std::size_t n = changed(which);
        if (n > 0 && n < blobs_.size()) ++sum_.halfway;
    }

    [[nodiscard]] kill_census count() {
        kill_census c;
        auto names = place_->names();
        for (const kept_blob& b : blobs_) {
            bool found = false;
            for (const auto& [name, counter] : {std::pair(&b.from, &c.under_old), std::pair(&b.to, &c.under_new)}) {
                if (names.erase(*name) == 0) continue;
                found = true;
                ++*counter;
                if (place_->content(*name) != b.content) ++c.wrong;
            }
            if (!found) ++c.under_neither;
        }
        for (const std::string& name : names) c.strangers += name.starts_with(".blobshift/") ? 0 : 1;
        return c;
    }
    void nothing_is_lost() {
        const kill_census now = count();
        CHECK(now.under_neither == 0);
        CHECK(now.wrong == 0);
        CHECK(now.strangers == 0);
    }

    const work_folder work_;
    const std::vector<kept_blob>& blobs_;
    std::mt19937_64 random_;
    const std::unique_ptr<kill_place> place_;
    std::optional<onlooker> eyes_;
    deeds& sum_;
};

/// Runs `round` until it is done, or so often that something is wrong.
///
/// \param round  Given the round, its number, and what copy and delete took without any injury.
template <class Round, class Done>
void run_rounds(const kill_lane& lane, Round round, Done done) {
    const unsigned long wanted = number_from("BLOBSHIFT_KILLS", lane.kills);
    const unsigned long seed = number_from("BLOBSHIFT_SEED", std::random_device()());
    MESSAGE("BLOBSHIFT_SEED=" << seed);
    const auto blobs = kept_blobs(lane.instances);
    deeds sum;
    microseconds usual[2];
    {
        kill_round unhurt(lane, blobs, seed, sum);
        for (const int which : {0, 1}) usual[which] = unhurt.finish(which);
        unhurt.finish_watching();
        sum = {};
    }
    unsigned long rounds = 0;
    for (; rounds < 4 * wanted && !done(sum, wanted, rounds); ++rounds) {
        std::ostringstream again;
        again << "again: BLOBSHIFT_SEED=" << seed + rounds
              << " BLOBSHIFT_KILLS=1 BLOBSHIFT_PROGRAM=" << std::getenv("BLOBSHIFT_PROGRAM") << ' ' << lane.before
              << std::filesystem::read_symlink("/proc/self/exe").string() << " '--test-case=" << lane.title << "'";
        const std::string line = again.str();
        INFO(line);
        kill_round one(lane, blobs, seed + rounds, sum);
        round(one, seed + rounds, usual);
        one.finish_watching();
    }
    std::ostringstream codes;
    for (const auto& [code, times] : sum.codes) codes << ' ' << code << " (" << times << " times)";
    for (const auto& [deed, times] : sum.of_places) {
        codes << "; " << times << ' ' << deed;
        CHECK(times > 0);
    }
    MESSAGE(rounds << " rounds with " << blobs.size() << " blobs; killed: copy " << sum.killed[0] << ", delete "
                   << sum.killed[1] << ", too late " << sum.too_late << "; left halfway through " << sum.halfway
                   << "; exit codes of the others:" << codes.str() << "; " << sum.looks
                   << " looks at a blob meanwhile");
    CHECK(done(sum, wanted, rounds));
}

}  // namespace

std::vector<kept_blob> kept_blobs(int instances) {
    const blobshift::uid_names older;
    const blobshift::prefix_names newer;
    std::vector<kept_blob> all;
    for (int w = 1; w <= instances; ++w) {
        const auto id = instance_of(w);
        using blobshift::blob_kind;
        for (const auto kind : {blob_kind::instance, blob_kind::metadata}) {
            all.push_back({older.name_of(id, kind).value().text(), newer.name_of(id, kind).value().text(),
                           kind == blob_kind::instance ? content_of(w) : "{\"w\":" + std::to_string(w) + "}"});
        }
    }
    return all;
}

void kill_one_at_a_time(const kill_lane& lane) {
    run_rounds(
        lane,
        [](kill_round& r, unsigned long seed, const microseconds* usual) {
            for (const int which : {0, 1}) {
                r.kill(which, usual[which], seed % 2 == 0);
                r.finish(which);
            }
        },
        [](const deeds& d, unsigned long wanted, unsigned long) {
            return d.killed[0] >= wanted && d.killed[1] >= wanted;
        });
}

void run_two_at_once(const kill_lane& lane) {
    run_rounds(
        lane,
        [](kill_round& r, unsigned long seed, const microseconds* usual) {
            for (const int which : {0, 1}) {
                r.run_two(which, usual[which], seed / 3 % 2 == 0, static_cast<int>(seed % 3));
                r.finish(which);
            }
        },
        [](const deeds&, unsigned long wanted, unsigned long rounds) { return rounds >= wanted; });
}

}  // namespace cli_test
