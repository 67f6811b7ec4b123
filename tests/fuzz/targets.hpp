// SPDX-License-Identifier: MIT
//
// What is fuzzed: every parser that reads what others wrote, each with something that must be true of what it accepts.

#ifndef BLOBSHIFT_TESTS_FUZZ_TARGETS_HPP
#define BLOBSHIFT_TESTS_FUZZ_TARGETS_HPP

#include <cstdio>       // fprintf
#include <cstdlib>      // abort
#include <span>         // span
#include <string_view>  // string_view

namespace fuzz {

struct target {
    const char* name;  ///< Its corpus is tests/data/fuzz/NAME.
    void (*run)(std::string_view input);
};

/// Those that need the standard library only, blobshift::azure, and blobshift::config.
[[nodiscard]] std::span<const target> name_targets();
[[nodiscard]] std::span<const target> state_targets();
[[nodiscard]] std::span<const target> wire_targets();
[[nodiscard]] std::span<const target> config_targets();

/// What must be true. Dies otherwise, as a crash does: that is what a fuzzer looks for.
inline void require(bool fine, const char* what) {
    if (fine) return;
    std::fprintf(stderr, "untrue: %s\n", what);
    std::abort();
}

}  // namespace fuzz

#endif
