// SPDX-License-Identifier: MIT
//
// Whether the state that was named is the one of the stores, for every program that names one.

#ifndef BLOBSHIFT_CLI_STATE_HOME_HPP
#define BLOBSHIFT_CLI_STATE_HOME_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <blobshift/migrate/home.hpp>

#include "exit_code.hpp"

namespace blobshift::cli {

/// Refuses a state that is not the one of the stores. \throws failure
inline void refuse_another_home(const named_stores& named, const context& c, bool rebind, std::string_view doing) {
    auto against = or_fail(obstacles_of_home(named, c), doing);
    if (rebind) std::erase_if(against, detail::may_be_rebound);
    if (against.empty()) return;
    throw failure(exit_code::refused, std::string(doing) + ": " + detail::joined(against));
}

/// Binds the stores to the state, for one who is about to store in them. \throws failure
inline void bind_or_refuse(const named_stores& named, const context& c, bool rebind, std::string_view doing) {
    refuse_another_home(named, c, rebind, doing);
    auto bound = bind_home(named, c, rebind);
    if (!bound && bound.error().code == errc::blocked) {
        throw failure(exit_code::refused, std::string(doing) + ": " + bound.error().message);
    }
    or_fail(std::move(bound), doing);
}

}  // namespace blobshift::cli

#endif
