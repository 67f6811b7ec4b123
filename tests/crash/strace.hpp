// SPDX-License-Identifier: MIT
//
// The worker under strace: which system calls it makes, and how it fares when one of them is met by an injury.

#ifndef BLOBSHIFT_TESTS_CRASH_STRACE_HPP
#define BLOBSHIFT_TESTS_CRASH_STRACE_HPP

#include <string>  // string
#include <vector>  // vector

namespace crash_test {

/// One system call of a traced run.
struct call {
    std::string name;
    int nth = 0;       ///< Among those of its name, from 1: what strace counts by.
    std::string text;  ///< The whole line, paths beside descriptors.
};

/// How a run ended.
struct ending {
    int exit_code = -1;  ///< Of the worker; 1000 + the signal that killed it.
    std::string said;    ///< What it printed.
    std::vector<call> calls;
};

/// Why strace cannot be used here, or "".
[[nodiscard]] std::string why_no_strace();

/// Runs `command` and notes all its system calls; with `injury`, only those of `traced`.
///
/// \param injury   For `strace -e inject=`, "fsync:error=EIO:when=2" say. "" = none.
/// \param scratch  A folder for the files of the run.
[[nodiscard]] ending trace(const std::vector<std::string>& command, const std::string& scratch,
                           const std::string& injury = {}, const std::string& traced = {});

}  // namespace crash_test

#endif
