// SPDX-License-Identifier: MIT
//
// What one run of the simulation is made of: how many actors, which faults, how far the migration goes. All of it
// follows from the seed; what is taken out by name leaves the rest as it was.

#ifndef BLOBSHIFT_TESTS_SIMULATION_RUN_PLAN_HPP
#define BLOBSHIFT_TESTS_SIMULATION_RUN_PLAN_HPP

#include <chrono>       // milliseconds
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <set>          // set
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <blobshift/layers/fault.hpp>

namespace blobshift::simulation {

/// A stream of chance of its own for each purpose, so that one purpose taken out does not move another.
class chance {
public:
    chance(std::uint64_t seed, std::string_view purpose) : state_(seed) {
        for (const char c : purpose) state_ = detail::mixed(state_ ^ static_cast<unsigned char>(c));
    }
    std::uint64_t next() noexcept { return state_ = detail::mixed(state_); }
    /// 0 when `bound` is 0.
    std::size_t below(std::size_t bound) noexcept { return bound == 0 ? 0 : static_cast<std::size_t>(next() % bound); }
    std::size_t between(std::size_t least, std::size_t most) noexcept { return least + below(most - least + 1); }
    bool once_in(std::size_t n) noexcept { return below(n) == 0; }

private:
    std::uint64_t state_;
};

/// Whether the machines of some runs have clocks that differ, by up to twice as much as each is off.
inline constexpr bool clocks_differ = true;
inline constexpr std::chrono::milliseconds largest_skew{30'000};

/// Where a run turns round.
enum class turning_point : unsigned char { never, after_copy, after_switch, in_delete };

struct run_plan {
    explicit run_plan(std::uint64_t s, std::set<std::string> taken_out = {}) : seed(s), without(std::move(taken_out)) {
        chance draw(seed, "plan");
        nodes = draw.between(1, 3);
        migrators = draw.between(1, 2);
        deleters = draw.between(1, 2);
        first_rows = draw.between(1, 5);
        operations = draw.between(2, 14);
        page_size = draw.between(1, 7);
        batch_size = draw.between(1, 6);
        max_attempts = static_cast<int>(draw.between(1, 4));
        concurrency_of_turns = draw.between(1, 6);
        one_object = draw.once_in(6);
        proves_copies = draw.once_in(3);
        one_store = draw.once_in(2);
        copies_tell = !draw.once_in(3);
        back = static_cast<turning_point>(draw.once_in(3) ? draw.between(1, 3) : 0);
        stranger = draw.once_in(6) ? draw.between(1, 2) : 0;
        one_operation = draw.once_in(2);
        keeps_origins = draw.once_in(2);
        guards_waves = draw.once_in(2);
        two_containers = draw.once_in(2);
        seals = draw.once_in(2);
        guided = draw.once_in(3);
        metadata_first = draw.once_in(2);
        elder = draw.once_in(4);
        eager = draw.once_in(3);
        requests_per_second = draw.once_in(4) ? draw.between(3, 50) : 0;
        constexpr std::size_t paces[] = {0, 0, 20, 200, 1500};
        milliseconds_per_call = paces[draw.below(5)];
        crash_within = draw.once_in(2) ? draw.between(4, 120) : 0;
        const bool calm = draw.once_in(5);
        for (std::size_t i = 0; i < fault_kind_count; ++i) {
            const double rate = draw.once_in(3) ? static_cast<double>(draw.between(1, 60)) / 1000.0 : 0;
            chances[i] = calm ? 0 : rate;
        }
        calls_at_once = draw.between(1, 3);
        hasty = draw.once_in(3);
        stalls = draw.once_in(2);
        impatient = back == turning_point::in_delete && draw.once_in(2);
        skewed = draw.once_in(3) && clocks_differ;
        scans = draw.once_in(2);
        // A listing that hides a bad copy, and a store that hides that it is bad: nobody can survive both lies. And on
        // the way back old names are read first as soon as they are there, as new ones are by who is in New before any
        // copy was verified: the store must tell the truth of them.
        const bool is_cut = chances[static_cast<std::size_t>(fault_kind::cut_listing)] > 0;
        if (is_cut || back != turning_point::never || hasty) {
            copies_tell = true;
            chances[static_cast<std::size_t>(fault_kind::torn_copy)] = 0;
        }
        // Whoever seals, or goes back, while deletes run that look at nothing has nobody to blame.
        if (seals || impatient) guards_waves = true;
        if (has("node2")) nodes = 1;
        if (has("node3") && nodes > 2) nodes = 2;
        if (has("migrator2")) migrators = 1;
        if (has("deleter2")) deleters = 1;
        if (has("rollback")) back = turning_point::never;
        if (has("rollback") || has("impatience")) impatient = false;
        if (has("stranger")) stranger = 0;
        if (has("cleaner")) cleaner = false;
        if (has("time")) milliseconds_per_call = 0;
        if (has("crash")) crash_within = 0;
        if (has("traffic")) operations = 0;
        if (has("retry")) max_attempts = 1;
        if (has("seal")) seals = false;
        if (has("elder")) elder = false;
        if (has("guide")) guided = false;
        if (has("calls")) calls_at_once = 1;
        if (has("stalls")) stalls = false;
        if (has("haste")) hasty = false;
        if (has("rate")) requests_per_second = 0;
        if (has("skew")) skewed = false;
        if (has("container2")) two_containers = false;
        if (has("one_store")) one_store = false;
        if (has("rows") && first_rows > 1) first_rows = 1;
        for (std::size_t i = 0; i < fault_kind_count; ++i) {
            if (has(to_string(static_cast<fault_kind>(i)))) chances[i] = 0;
        }
    }

    /// Whether nothing breaks and nobody crashes.
    [[nodiscard]] bool is_calm() const {
        for (const double each : chances) {
            if (each > 0) return false;
        }
        return crash_within == 0;
    }

    [[nodiscard]] bool has(std::string_view part) const { return without.count(std::string(part)) != 0; }

    /// What can be taken out of a run, the largest parts first.
    [[nodiscard]] static std::vector<std::string> parts() {
        std::vector<std::string> all = {"traffic",   "removals", "rollback", "stranger", "cleaner", "time",
                                        "container2", "deleter2", "migrator2", "node2",   "node3",   "crash",
                                        "retry",     "rows",     "extras",   "one_store", "seal",   "guide",
                                        "rate",      "elder",    "calls",    "haste",    "stalls",   "skew",
                                        "impatience"};
        for (std::size_t i = 0; i + 1 < fault_kind_count; ++i) all.emplace_back(to_string(static_cast<fault_kind>(i)));
        return all;
    }

    std::uint64_t seed;
    std::set<std::string> without;
    std::size_t nodes = 1;
    std::size_t migrators = 1;
    std::size_t deleters = 1;
    std::size_t first_rows = 1;           ///< Instances that were there before the migration began.
    std::size_t operations = 1;           ///< Of each node.
    std::size_t calls_at_once = 1;        ///< Of each node: so many of its operations may be under way.
    bool skewed = false;                  ///< Each process has a clock of its own; the stores have the world's.
    bool stalls = false;                  ///< Some calls of the nodes take most of a lease.
    bool hasty = false;                   ///< The setting is New for a while before all nodes run Dual.
    std::size_t page_size = 1;
    std::size_t batch_size = 1;
    int max_attempts = 1;                 ///< Of the retry layer of each process.
    std::size_t concurrency_of_turns = 1; ///< An actor keeps its turn, on average, for so many calls.
    bool one_object = false;              ///< Copies share their source's bytes.
    bool proves_copies = false;           ///< The store says that it computed a hash while it copied.
    bool scans = false;                   ///< The stores say that they scan by their own means.
    bool two_containers = false;          ///< Metadata and frame ranges in a store of their own.
    bool one_store = false;               ///< The state is in the stores of the blobs.
    bool copies_tell = true;
    turning_point back = turning_point::never;
    bool impatient = false;               ///< ... and does not wait for the deletes to end.
    std::size_t stranger = 0;             ///< 1: somebody else puts something under a new name; 2: under an old one.
    bool one_operation = false;           ///< Both copiers, and both deleters, run under one operation id.
    bool keeps_origins = false;           ///< The service records the old names of what it stores in New.
    bool guards_waves = false;            ///< The deletes look at the service before each wave.
    std::size_t milliseconds_per_call = 0;///< So slow are the stores: leases may end while a job is at work.
    bool seals = false;                   ///< At the end, in runs that do not turn back.
    bool metadata_first = false;          ///< The order of the containers.
    bool elder = false;                   ///< Another service removes, and only its change feed tells of it.
    bool guided = false;                  ///< Copy and delete are done by the guide's settings.
    bool eager = false;                   ///< ... and StartDelete is set as soon as a copy is complete, too early.
    std::size_t requests_per_second = 0;  ///< Of each job at each store; 0 = as many as it can.
    bool cleaner = true;                  ///< Somebody cleans up while the others are still at work.
    std::size_t crash_within = 0;         ///< A process dies within so many calls, half of the time; 0 = never.
    std::array<double, fault_kind_count> chances = {};
};

}  // namespace blobshift::simulation

#endif
