// SPDX-License-Identifier: MIT
//
// Whether the state that was named is the one of the stores, for every program that names one.

#ifndef BLOBSHIFT_CLI_STATE_HOME_HPP
#define BLOBSHIFT_CLI_STATE_HOME_HPP

#include <string>
#include <string_view>
#include <vector>

#include <blobshift/migrate/home.hpp>

#include "exit_code.hpp"

namespace blobshift::cli {

[[nodiscard]] inline failure state_is_a_container() {
    return wrong_use("--state names a store that is migrated; leave it out, and each store keeps its own");
}

/// What speaks against this state; a state that is lost is no reason if it is adopted. \throws failure
[[nodiscard]] inline std::vector<obstacle> obstacles_at_home(const named_stores& named, const context& c, bool adopt,
                                                             std::string_view doing) {
    auto against = or_fail(obstacles_of_home(named, c), doing);
    if (adopt) std::erase_if(against, [](const obstacle& each) { return each.code == "another_state"; });
    return against;
}

/// Binds the stores to the state, for one who is about to store in them. \throws failure
inline void bind_or_refuse(const named_stores& named, const context& c, std::string_view doing) {
    const auto against = obstacles_at_home(named, c, false, doing);
    if (!against.empty()) {
        throw failure(exit_code::refused, std::string(doing) + ": " + detail::joined(against));
    }
    or_fail(bind_home(named, c), doing);
}

}  // namespace blobshift::cli

#endif
