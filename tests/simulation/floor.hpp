// SPDX-License-Identifier: MIT
//
// How much is to be done by many runs together: runs in which little happens break no rule, and prove nothing.

#ifndef BLOBSHIFT_TESTS_SIMULATION_FLOOR_HPP
#define BLOBSHIFT_TESTS_SIMULATION_FLOOR_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string, to_string
#include <string_view>  // string_view
#include <vector>       // vector

#include "run.hpp"

namespace blobshift::simulation {

/// The sums of all runs.
struct sums {
    std::uint64_t runs = 0;
    std::uint64_t copied = 0;
    std::uint64_t deleted = 0;
    std::uint64_t reversed = 0;
    std::uint64_t sealed = 0;
    run_report all = {};

    void add(const run_report& r) {
        ++runs;
        copied += r.copied ? 1U : 0U;
        deleted += r.deleted ? 1U : 0U;
        reversed += r.reversed ? 1U : 0U;
        sealed += r.sealed ? 1U : 0U;
        all.steps += r.steps;
        all.crashes += r.crashes;
        all.instances += r.instances;
        for (std::size_t i = 0; i < fault_kind_count; ++i) all.fired[i] += r.fired[i];
        for (const auto& [what, times] : r.did) all.did[what] += times;
    }
};

/// What is to happen so often in a thousand runs: about a third of what does.
struct floor_of {
    std::string_view what;
    std::uint64_t in_a_thousand;
};
inline constexpr floor_of floors[] = {
    {"puts acknowledged in Old", 500},
    {"puts acknowledged in Dual", 300},
    {"puts acknowledged in New", 100},
    {"puts acknowledged in New, sealed", 40},
    {"gets answered in Old", 700},
    {"gets answered in Dual", 300},
    {"gets answered in New", 90},
    {"gets answered in New, sealed", 35},
    {"ranged reads answered", 400},
    {"heads answered", 400},
    {"removals acknowledged in Old", 250},
    {"removals acknowledged in Dual", 180},
    {"removals acknowledged in New", 60},
    {"removals acknowledged in New, sealed", 25},
    {"reads of what was not acknowledged", 400},
    {"formats changed under a call", 400},
    {"writes refused at the barrier", 1000},
    {"writes that outlived their lease", 60},
    {"calls that stood still", 350},
    {"deletes that stood still", 150},
    {"rollbacks beside a delete", 15},
    {"strangers that acted", 30},
    {"removals that only a feed tells of", 140},
    {"feeds read", 300},
    {"names removed by a feed", 90},
    {"versions that a feed spared", 60},
    {"guided runs refused", 1000},
    {"lines said", 300},
    {"rollbacks that outran a delete", 12},
    {"crashes of the operator", 20},
    {"checks without an obstacle", 220},
    {"reasons heard", 3000},
    {"failures heard", 1500},
    {"obstacles heard", 15000},
    {"errors heard", 15000},
    {"runs with clocks that differ", clocks_differ ? 200 : 0},
    {"reports held against the truth", 1300},
    {"reports held against the stores", 500},
    {"nodes that learned of the seal", 110},
    {"nodes that learned of it under a call", 50},
    {"seals decided", 110},
    {"seals done", 110},
};
/// What may happen no more often: operators who wait in vain prove nothing, either.
inline constexpr floor_of ceilings[] = {
    {"operators that gave up at the barrier", 50},
};

/// What is missing, a line for each. Of a few runs, or without some parts, little can be asked.
[[nodiscard]] inline std::vector<std::string> what_is_missing(const sums& s) {
    std::vector<std::string> missing;
    const auto at_least = [&](std::string_view what, std::uint64_t times, std::uint64_t least) {
        if (times >= least) return;
        missing.push_back(std::string(what) + ": " + std::to_string(times) + ", and " + std::to_string(least) +
                          " are the least");
    };
    at_least("runs that ended their copy", s.copied, s.runs / 20);
    at_least("runs that ended their delete", s.deleted, s.runs / 20);
    at_least("runs that ended their rollback", s.reversed, s.runs / 20);
    at_least("runs that ended their seal", s.sealed, s.runs / 20);
    if (s.runs < 1000) return missing;
    for (std::size_t i = 0; i < fault_kind_count; ++i) {
        at_least("fault " + std::string(to_string(static_cast<fault_kind>(i))), s.all.fired[i], 1);
    }
    const auto done = [&](std::string_view what) {
        const auto found = s.all.did.find(std::string(what));
        return found == s.all.did.end() ? 0 : found->second;
    };
    for (const floor_of& each : floors) at_least(each.what, done(each.what), s.runs * each.in_a_thousand / 1000);
    for (const floor_of& each : ceilings) {
        const std::uint64_t most = s.runs * each.in_a_thousand / 1000;
        if (done(each.what) <= most) continue;
        missing.push_back(std::string(each.what) + ": " + std::to_string(done(each.what)) + ", and " +
                          std::to_string(most) + " are the most");
    }
    return missing;
}

}  // namespace blobshift::simulation

#endif
