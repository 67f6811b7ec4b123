// SPDX-License-Identifier: MIT
//
// The targets that this build has.

#ifndef BLOBSHIFT_TESTS_FUZZ_ALL_TARGETS_HPP
#define BLOBSHIFT_TESTS_FUZZ_ALL_TARGETS_HPP

#include <vector>  // vector

#include "targets.hpp"

namespace fuzz {

[[nodiscard]] inline std::vector<target> all_targets() {
    std::vector<target> all;
    const auto add = [&](std::span<const target> some) { all.insert(all.end(), some.begin(), some.end()); };
    add(name_targets());
    add(state_targets());
#ifdef BLOBSHIFT_FUZZ_AZURE
    add(wire_targets());
#endif
#ifdef BLOBSHIFT_FUZZ_CONFIG
    add(config_targets());
#endif
    return all;
}

}  // namespace fuzz

#endif
