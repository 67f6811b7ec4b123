// SPDX-License-Identifier: MIT
//
// The outcomes of objects as people read them: in words, and how good or bad they are.

#ifndef BLOBSHIFT_CLI_OUTCOME_KINDS_HPP
#define BLOBSHIFT_CLI_OUTCOME_KINDS_HPP

#include <array>    // array
#include <cstddef>  // size_t

#include <blobshift/migrate/observer.hpp>

namespace blobshift::cli {

/// What an outcome means to who reads of it.
enum class tone : unsigned char { good, neutral, attention, bad };

struct outcome_kind {
    const char* name;   ///< In reports and JSON.
    const char* label;  ///< Behind a number of objects.
    tone mood;
    bool left_behind;  ///< Somebody must do something about such an object.
    bool untouched;    ///< A further look at the store reports it no second time.
};

/// Those of jobs, and the two of an import.
inline constexpr std::size_t outcome_kind_count = outcome_count + 2;

/// All of them, in the order in which they are shown.
[[nodiscard]] const std::array<outcome_kind, outcome_kind_count>& outcome_kinds();

[[nodiscard]] const outcome_kind& kind_of(outcome what);

}  // namespace blobshift::cli

#endif
