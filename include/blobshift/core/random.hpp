// SPDX-License-Identifier: MIT
//
// Unpredictable numbers from the system: for keys of pseudonyms, nonces of uploads, names of temporary files.
//
// Row: core (standard library, and getentropy of POSIX.1-2024: std::random_device would cost each includer 14,000
// preprocessed lines).   Tests: tests/core/random.test.cpp

#ifndef BLOBSHIFT_CORE_RANDOM_HPP
#define BLOBSHIFT_CORE_RANDOM_HPP

#include <cstdint>    // uint64_t
#include <exception>  // terminate

#include <unistd.h>  // getentropy

namespace blobshift::inline v1 {

/// 64 random bits from the system's cryptographic source. Blocks only at boot. \par Thread-safety  Any thread.
///
/// Ends the program if the system has no such source: no nonce or key can be made without one.
[[nodiscard]] inline std::uint64_t random_u64() noexcept {
    std::uint64_t bits = 0;
    if (::getentropy(&bits, sizeof bits) != 0) std::terminate();
    return bits;
}

}  // namespace blobshift::inline v1

#endif
