// SPDX-License-Identifier: MIT
//
// Binds stores and the state that was named for them, for programs that store without a migration's session.

#ifndef BLOBSHIFT_CLI_STATE_HOME_HPP
#define BLOBSHIFT_CLI_STATE_HOME_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <blobshift/migrate/home.hpp>

#include "exit_code.hpp"

namespace blobshift::cli {

/// Binds the stores to the state, for one who is about to store in them. \throws failure
inline void bind_or_refuse(const named_stores& named, const context& c, std::string_view doing) {
    auto against = or_fail(obstacles_of_home(named, c), doing);
    auto bound = against.empty() ? bind_home(named, c) : fail(errc::blocked, detail::joined(against));
    if (!bound && bound.error().code == errc::blocked) {
        throw failure(exit_code::refused, std::string(doing) + ": " + bound.error().message);
    }
    or_fail(std::move(bound), doing);
}

}  // namespace blobshift::cli

#endif
