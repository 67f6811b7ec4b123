// SPDX-License-Identifier: MIT
//
// Runs the migration under its services, deleters and faults, once for each seed, in an order that the seed decides,
// and looks after every step whether a promise was broken.
//
//     simulation --seeds 1-2000                       all of them; ends with what was done; exit code 1 if one failed
//     simulation --seed 17 --trace                    one of them, with every call
//     simulation --seed 17 --without crash,node2      the same with parts taken out

#include <algorithm> // find, min
#include <cerrno>    // EBUSY
#include <charconv>  // from_chars
#include <chrono>    // steady_clock
#include <cstdint>   // uint64_t
#include <cstdio>    // printf
#include <cstdlib>   // abort, getenv
#include <cstring>   // memcpy
#include <set>       // set
#include <string>    // string
#include <string_view>
#include <vector>    // vector

#include <pthread.h> // pthread_mutex_lock, pthread_mutex_trylock

#include "floor.hpp"

using namespace blobshift;
using namespace blobshift::simulation;

namespace {

std::uint64_t entropy = 0;

}  // namespace

/// The system's chance, in this program: the seed's. Names of runs and nonces are the same each time.
extern "C" int getentropy(void* room, std::size_t size) {
    auto* at = static_cast<unsigned char*>(room);
    for (std::size_t i = 0; i < size; ++i) at[i] = static_cast<unsigned char>((entropy = detail::mixed(entropy)) >> 40);
    return 0;
}

/// A lock, in this program: who finds it held gives the others their turn, since all run on one thread.
extern "C" int pthread_mutex_lock(pthread_mutex_t* lock) noexcept {
    int refused = pthread_mutex_trylock(lock);
    if (refused != EBUSY) return refused;
    if (!fiber::inside()) std::abort();  // nobody is left who could let it go
    fiber::pause_until([&] {  // whoever asks first after it was let go takes it for this fiber
        if (refused == EBUSY) refused = pthread_mutex_trylock(lock);
        return refused != EBUSY;
    });
    return refused;
}

namespace {

struct options {
    std::uint64_t first = 1;
    std::uint64_t last = 2000;
    bool trace = false;
    bool repeat = false;  ///< Play each seed twice, and compare.
    bool shrinks = true;
    std::size_t tail = 40;  ///< Lines of a failing run's trace.
    std::set<std::string> without = {};
};

run_report play(std::uint64_t seed, const std::set<std::string>& without, bool tracing = false) {
    entropy = seed;
    return one_run(run_plan(seed, without), tracing).play();
}

std::string joined(const std::set<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
    return text;
}

/// The same seed is the same run in the same commit only, so that is told, too, by who knows it: BLOBSHIFT_COMMIT.
void say_how_to_repeat(const std::string& words, const std::set<std::string>& without) {
    const char* const commit = std::getenv("BLOBSHIFT_COMMIT");
    std::printf("repeat: simulation %s%s%s%s%s\n", words.c_str(), without.empty() ? "" : " --without ",
                joined(without).c_str(), commit == nullptr ? "" : "    at commit ", commit == nullptr ? "" : commit);
}

/// Takes parts out as long as the run still breaks the same rule.
std::set<std::string> shrunk(std::uint64_t seed, std::set<std::string> without, const std::string& rule) {
    for (const std::string& part : run_plan::parts()) {
        if (!without.insert(part).second) continue;
        const run_report smaller = play(seed, without);
        if (!smaller.broken || smaller.broken->rule != rule) without.erase(part);
    }
    return without;
}

void show(const run_report& r, std::size_t tail) {
    const std::size_t from = r.trace.size() > tail ? r.trace.size() - tail : 0;
    for (std::size_t i = from; i < r.trace.size(); ++i) std::printf("%s\n", r.trace[i].c_str());
}

void tell(std::uint64_t seed, const run_report& found, const options& o) {
    const std::set<std::string> without = o.shrinks ? shrunk(seed, o.without, found.broken->rule) : o.without;
    const run_report r = play(seed, without, true);
    std::printf("seed %llu breaks %s: %s (step %llu; the last calls:)\n", static_cast<unsigned long long>(seed),
                r.broken->rule.c_str(), r.broken->what.c_str(), static_cast<unsigned long long>(r.broken->step));
    show(r, o.tail);
    say_how_to_repeat("--seed " + std::to_string(seed) + " --trace", without);
}

bool read_number(std::string_view text, std::uint64_t& to) {
    return !text.empty() && std::from_chars(text.data(), text.data() + text.size(), to).ptr == text.data() + text.size();
}

bool parse(int count, char** words, options& o) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const std::string_view value = i + 1 < count ? words[i + 1] : "";
        if (word == "--trace") {
            o.trace = true;
        } else if (word == "--repeat") {
            o.repeat = true;
        } else if (word == "--no-shrink") {
            o.shrinks = false;
        } else if (word == "--seed" && read_number(value, o.first)) {
            o.last = o.first;
            ++i;
        } else if (word == "--seeds" && value.find('-') != std::string_view::npos &&
                   read_number(value.substr(0, value.find('-')), o.first) &&
                   read_number(value.substr(value.find('-') + 1), o.last) && o.first <= o.last) {
            ++i;
        } else if (word == "--without") {
            const auto known = run_plan::parts();
            for (std::size_t at = 0; at <= value.size();) {
                const std::size_t end = (std::min)(value.find(',', at), value.size());
                const std::string part(value.substr(at, end - at));
                if (std::find(known.begin(), known.end(), part) == known.end()) {
                    std::fprintf(stderr, "no part of a run is called '%s'\n", part.c_str());
                    return false;
                }
                o.without.insert(part);
                at = end + 1;
            }
            ++i;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

int main(int count, char** words) {
    options o;
    if (!parse(count, words, o)) {
        std::fprintf(stderr, "usage: simulation [--seeds A-B | --seed N] [--trace] [--repeat] [--no-shrink] [--without PART,...]\n");
        return 2;
    }
    const auto began = std::chrono::steady_clock::now();
    sums s;
    for (std::uint64_t seed = o.first; seed <= o.last; ++seed) {
        const run_report r = play(seed, o.without, o.trace || o.repeat);
        if (o.trace) show(r, r.trace.size());
        if (o.repeat && play(seed, o.without, true).trace != r.trace) {
            std::printf("seed %llu is not the same run twice\n", static_cast<unsigned long long>(seed));
            say_how_to_repeat("--repeat --seed " + std::to_string(seed), o.without);
            return 1;
        }
        if (r.broken) {
            tell(seed, r, o);
            return 1;
        }
        s.add(r);
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    std::printf("%llu seeds, no rule broken; %.0f seeds/s; %llu steps, %llu instances, %llu crashes\n", number(s.runs),
                static_cast<double>(s.runs) / seconds, number(s.all.steps), number(s.all.instances),
                number(s.all.crashes));
    std::printf("under faults %llu runs ended their copy, %llu their delete, %llu their rollback, %llu their seal\n",
                number(s.copied), number(s.deleted), number(s.reversed), number(s.sealed));
    std::printf("besides:\n");
    for (const auto& [what, times] : s.all.did) std::printf("  %-40s %llu\n", what.c_str(), number(times));
    std::printf("faults that fired:\n");
    for (std::size_t i = 0; i < fault_kind_count; ++i) {
        std::printf("  %-14s %llu\n", std::string(to_string(static_cast<fault_kind>(i))).c_str(),
                    number(s.all.fired[i]));
    }
    const std::vector<std::string> missing = o.without.empty() ? what_is_missing(s) : std::vector<std::string>();
    if (missing.empty()) return 0;
    std::printf("too little was done:\n");
    for (const std::string& each : missing) std::printf("  %s\n", each.c_str());
    say_how_to_repeat("--seeds " + std::to_string(o.first) + "-" + std::to_string(o.last), o.without);
    return 1;
}
