// SPDX-License-Identifier: MIT
//
// The rules that a run may break: all that is promised of a migration, and where the simulation looks for it.

#ifndef BLOBSHIFT_TESTS_SIMULATION_RULES_HPP
#define BLOBSHIFT_TESTS_SIMULATION_RULES_HPP

#include <string_view>  // string_view

namespace blobshift::simulation {

struct rule {
    std::string_view name;
    std::string_view promise;
    std::string_view looked_for;  ///< Empty: not here, and `promise` says why.
};

inline constexpr rule rules[] = {
    {"I1", "an acknowledged instance is whole under one of its names", "after every change"},
    {"I2", "a node of any format, sealed or not, finds every acknowledged instance", "after every change, at each read"},
    {"I3", "no name and no read ever gives anything but what was put", "after every change, at each read"},
    {"I4", "no name of a removed instance is there, nor comes back", "after every change, and at the end"},
    {"I5", "no blob is there but those of live instances, each in its own container", "at the end"},
    {"I6", "a copy that says it is complete is right; so is a check with nothing against a delete", "when it is said"},
    {"I7", "a delete that says it is complete has left no old name", "when it is said, and from then on"},
    {"I8", "what was once read is found until its removal begins, acknowledged or not", "after every change, at each read"},
    {"I9", "an old name goes only when the new one is whole and no node may still write old names", "at each removal"},
    {"I10", "no two nodes may write that are more than one step apart", "when a node is permitted to write, at its writes"},
    {"I11", "all that was done, done again, changes neither a blob nor a record", "at the end"},
    {"I12", "plan and report of copy and delete count what was there, and what became of it", "at reports, at the end"},
    {"I13", "no message holds a UID, and after the seal no record does", "at each message; after the seal"},
    {"I14", "a job with a rate keeps to it in every window of five seconds", "at each call of a job"},
    {"I15", "memory does not grow with the names: a run has too few; see migrate/spill_sort.test.cpp", ""},
    {"I16", "a rollback gives all names back and says what it could not", "at the end"},
    {"service", "what a node is asked for fails only for a fault, or a reason that the design gives", "at each call"},
    {"dual", "a put in Dual is acknowledged when both names are whole", "at each acknowledgement"},
    {"ledger", "an old name is in the undo ledger before it goes", "at each removal"},
    {"seal", "it is sealed when no old name is left, no record of one, and no node that writes any", "at the seal"},
    {"line", "when the line of the cleanup is said, what was on record before it is gone", "when it is said"},
    {"stranger", "what somebody else put under a name stays", "after every change"},
    {"foreign", "names of neither policy are not touched", "after every change"},
    {"end", "at the end each instance stands where it belongs", "at the end"},
    {"progress", "without faults everything comes to its end", "always"},
};

[[nodiscard]] constexpr bool is_rule(std::string_view name) noexcept {
    for (const rule& each : rules) {
        if (each.name == name && !each.looked_for.empty()) return true;
    }
    return false;
}

}  // namespace blobshift::simulation

#endif
