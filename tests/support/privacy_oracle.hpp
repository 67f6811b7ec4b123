// SPDX-License-Identifier: MIT
//
// Finds what must never be printed: canaries that tests put into names, keys and signatures, however they are written.

#ifndef BLOBSHIFT_TESTS_SUPPORT_PRIVACY_ORACLE_HPP
#define BLOBSHIFT_TESTS_SUPPORT_PRIVACY_ORACLE_HPP

#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

namespace blobshift::testing {

/// A text that means one thing only, and stands nowhere by chance.
struct canary {
    const char* what;
    const char* text;
};
inline constexpr canary uid_canary = {"a UID", "1.2.826.0.1.3680043.10.99999"};
/// What the older tests of the command line begin their UIDs with.
inline constexpr canary uid_mark_canary = {"a UID", "1.2.826.0.77777"};
/// What those of the simulation begin theirs with (tests/simulation/model.hpp).
inline constexpr canary simulation_canary = {"a UID", "2.25.4711"};
/// 64 bytes in base64, as an account has them.
inline constexpr canary key_canary = {
    "an account key", "Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYQ=="};
/// Already percent-encoded, as it stands in a query.
inline constexpr canary sas_canary = {"a SAS signature", "CaNaRySiGnAtUrE0123456789%2Fabcdefghijk%3D"};

inline constexpr canary canaries[] = {uid_canary, uid_mark_canary, simulation_canary, key_canary, sas_canary};

struct spelling {
    std::string how;   ///< "base64, third byte first"
    std::string text;  ///< What to look for.
};

/// Every way to write `text` in which a log has been seen to give one away.
[[nodiscard]] std::vector<spelling> spellings_of(std::string_view text);

/// What `output` gives away, for people: "a UID, plain". Empty: nothing.
[[nodiscard]] std::vector<std::string> find_leaks(std::string_view output);

}  // namespace blobshift::testing

#endif
