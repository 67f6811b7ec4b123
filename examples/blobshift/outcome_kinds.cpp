// SPDX-License-Identifier: MIT
#include "outcome_kinds.hpp"

#include <string_view>

namespace blobshift::cli {

namespace {

constexpr std::array<outcome_kind, outcome_kind_count> kinds = {{
    {"copied", "copied", tone::good, false, false},
    {"repaired", "copied over an empty or failed copy", tone::good, false, false},
    {"verified", "verified", tone::good, false, false},
    {"removed", "deleted", tone::good, false, false},
    {"cleaned", "cleaned up", tone::good, false, false},
    {"imported", "imported", tone::good, false, false},
    {"present", "equal to their copy", tone::neutral, false, false},
    {"absent", "gone by themselves", tone::neutral, false, false},
    {"missing", "without a copy", tone::attention, false, false},
    {"pending", "still being copied by the store", tone::attention, true, false},
    {"changed", "changed meanwhile", tone::attention, true, false},
    {"orphan", "new names that nothing explains (left alone)", tone::attention, true, false},
    {"foreign", "of neither scheme (left alone)", tone::attention, true, true},
    {"unnameable", "without a name of the other scheme (left alone)", tone::attention, true, true},
    {"skipped", "skipped", tone::attention, true, true},
    {"different", "different from their copy", tone::bad, true, false},
    {"collision", "with a new name that others have, too", tone::bad, true, false},
    {"blocked", "blocked", tone::bad, true, false},
    {"failed", "failed", tone::bad, true, false},
}};

[[nodiscard]] constexpr std::size_t index_of(outcome what) {
    std::size_t i = 0;
    while (i < kinds.size() && std::string_view(kinds[i].name) != to_string(what)) ++i;
    return i;
}

static_assert([] {
    for (std::size_t i = 0; i < outcome_count; ++i) {
        if (index_of(static_cast<outcome>(i)) == kinds.size()) return false;
    }
    return true;
}());

}  // namespace

const std::array<outcome_kind, outcome_kind_count>& outcome_kinds() { return kinds; }

const outcome_kind& kind_of(outcome what) { return kinds[index_of(what)]; }

}  // namespace blobshift::cli
