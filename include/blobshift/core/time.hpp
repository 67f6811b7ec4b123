// SPDX-License-Identifier: MIT
//
// The two kinds of moments: one that people read, and one that deadlines count by.
//
// Row: core (standard library only).   Tests: tests/core/clock.test.cpp

#ifndef BLOBSHIFT_CORE_TIME_HPP
#define BLOBSHIFT_CORE_TIME_HPP

#include <chrono>  // sys_time, steady_clock, milliseconds

namespace blobshift::inline v1 {

/// A moment, UTC. Never compared to decide what is newer: clocks differ and jump.
using utc_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// A moment on a clock that never jumps: for deadlines and rates.
using steady_time = std::chrono::steady_clock::time_point;

}  // namespace blobshift::inline v1

#endif
