// SPDX-License-Identifier: MIT
//
// How a command ends: the exit codes, and the one line that says why a command could not go on.

#ifndef BLOBSHIFT_CLI_EXIT_CODE_HPP
#define BLOBSHIFT_CLI_EXIT_CODE_HPP

#include <exception>    // exception
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/result.hpp>

#include "state_record.hpp"

namespace blobshift::cli {

enum class exit_code : int {
    done = 0,
    wrong_use = 2,     ///< An address, option, name, file, credential or record of the state that cannot be right.
                       ///< Nothing was changed, but for what a run did before its credential ended, or before it met
                       ///< that record.
    some_failed = 3,   ///< Finished, but not for every object.
    refused = 4,       ///< Not safe, or not confirmed. Nothing was changed.
    interrupted = 75,  ///< Stopped, or the store could not be reached: run it again.
};

/// Ends the command: thrown anywhere, printed by main as one line.
class failure : public std::exception {
public:
    failure(exit_code code, std::string line) : code_(code), line_(std::move(line)) {}

    [[nodiscard]] exit_code code() const noexcept { return code_; }
    [[nodiscard]] const char* what() const noexcept override { return line_.c_str(); }

private:
    exit_code code_;
    std::string line_;
};

[[nodiscard]] inline failure wrong_use(std::string line) { return {exit_code::wrong_use, std::move(line)}; }

/// What a store's error means for the command as a whole.
[[nodiscard]] inline exit_code exit_code_of(const error& e) noexcept {
    if (e.code == errc::cancelled || e.code == errc::deadline_exceeded || e.is_transient())
        return exit_code::interrupted;
    if (is_about_state(e)) return exit_code::wrong_use;
    switch (e.code) {
        case errc::invalid_argument:
        case errc::unsupported:
        case errc::unauthenticated:
        case errc::permission_denied: return exit_code::wrong_use;
        default: return exit_code::some_failed;
    }
}

/// The value, or a `failure` that says what could not be done. It names no blob, but for a record of the state.
template <class T>
T or_fail(result<T>&& outcome, std::string_view doing) {
    if (!outcome) {
        const error& e = outcome.error();
        throw failure(exit_code_of(e), std::string(doing) + ": " + describe(e) + about_state(e));
    }
    if constexpr (!std::is_void_v<T>) return *std::move(outcome);
}

}  // namespace blobshift::cli

#endif
