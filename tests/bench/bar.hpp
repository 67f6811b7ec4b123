// SPDX-License-Identifier: MIT
//
// What a benchmark measures with, and how it says whether that is within its bar.

#ifndef BLOBSHIFT_TESTS_BENCH_BAR_HPP
#define BLOBSHIFT_TESTS_BENCH_BAR_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include <sys/resource.h>

namespace blobshift::testing {

inline void must(bool fine, const char* what) {
    if (!fine) throw std::runtime_error(what);
}

/// Of this process, in user and kernel, all threads, no children.
[[nodiscard]] inline double cpu_seconds() {
    rusage used{};
    must(::getrusage(RUSAGE_SELF, &used) == 0, "getrusage");
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

[[nodiscard]] inline double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// What `clock` counts while `work` runs.
template <class Work>
[[nodiscard]] double measured(double (*clock)(), Work work) {
    const double start = clock();
    work();
    return clock() - start;
}

/// A line of /proc/self/status in MiB, such as VmRSS and VmHWM, the most there was of it.
[[nodiscard]] inline double status_mib(const std::string& key) {
    std::ifstream status("/proc/self/status");
    double kib = 0;
    for (std::string word; status >> word;) {
        if (word == key + ":" && status >> kib) return kib / 1024;
    }
    throw std::runtime_error("no " + key + " in /proc/self/status");
}

/// Prints the verdict. \return the exit status.
inline int verdict(bool within) {
    std::puts(within ? "within the bar" : "OVER THE BAR");
    return within ? 0 : 1;
}

}  // namespace blobshift::testing

#endif
