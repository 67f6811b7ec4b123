// SPDX-License-Identifier: MIT
//
// Something that stands between a store and its next step, for programs and for people.
//
// Row: migrate (core).   Tests: tests/migrate/plan.test.cpp, tests/migrate/stage.test.cpp

#ifndef BLOBSHIFT_MIGRATE_OBSTACLE_HPP
#define BLOBSHIFT_MIGRATE_OBSTACLE_HPP

#include <cstdint>      // uint64_t
#include <iterator>     // make_move_iterator
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

namespace blobshift::inline v1 {

/// A reason why a step is refused.
struct obstacle {
    std::string_view code = {};  ///< For programs: "missing_copies", "node_behind" ... Lives as long as the program.
    std::uint64_t objects = 0;   ///< How many blobs, nodes, calls or records it is about.
    std::string text = {};       ///< For people: what it is and what to do. Names nodes, never blobs.
    std::string node = {};       ///< The node that it is about; empty when it is about none.
};

namespace detail {

inline void append(std::vector<obstacle>& to, std::vector<obstacle>&& more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// All texts, for an error's message.
[[nodiscard]] inline std::string joined(const std::vector<obstacle>& all) {
    std::string text;
    for (const obstacle& each : all) text += (text.empty() ? "" : "; ") + each.text;
    return text;
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
