// SPDX-License-Identifier: MIT
#include "migration_text.hpp"

#include <algorithm>

#include "console.hpp"
#include "outcome_kinds.hpp"

namespace blobshift::cli {

void table::add(std::string_view text, std::uint64_t objects, std::optional<std::uint64_t> bytes) {
    if (objects == 0) return;
    rows_.push_back({std::string(text), std::to_string(objects), bytes ? human_bytes(*bytes) : std::string()});
}

std::string table::text() const {
    std::size_t widest_text = 0;
    std::size_t widest_number = 0;
    for (const row& r : rows_) {
        widest_text = std::max(widest_text, r.text.size());
        widest_number = std::max(widest_number, r.objects.size());
    }
    std::string text;
    for (const row& r : rows_) {
        text += r.text + std::string(widest_text - r.text.size() + 2, ' ');
        text += std::string(widest_number - r.objects.size(), ' ') + r.objects;
        if (!r.bytes.empty()) text += "  " + r.bytes;
        text += "\n";
    }
    return text;
}

// ---------------------------------------------------------------------------------------------------------------------

std::string plan_text(const migration_plan& plan) {
    table t;
    const auto add = [&](std::string_view text, outcome what) {
        t.add(text, plan.outcomes.objects(what), plan.outcomes.bytes(what));
    };
    t.add("old names", plan.found.sources, plan.found.source_bytes);
    add("  without a copy", outcome::missing);
    t.add("    in place of an empty or failed one", plan.repairs);
    add("  with a whole copy", outcome::present);
    t.add("    proved equal", plan.proved(verify_level::computed_hash));
    add("  still being copied by the store", outcome::pending);
    add("  different from their copy", outcome::different);
    add("  with a new name that others have, too", outcome::collision);
    add("  that cannot be copied yet", outcome::blocked);
    t.add("  that cannot be deleted yet", plan.obstructed);
    t.add("new names", plan.found.targets, plan.found.target_bytes);
    t.add("  without an old one", plan.only_new);
    t.add("new names in another spelling", plan.found.dialects);
    t.add("names without a new one (left alone)", plan.found.unnameable);
    t.add("names of neither scheme (left alone)", plan.found.foreign);
    const std::string text = t.text();
    return text.empty() ? "the store is empty\n" : text;
}

json plan_json(const migration_plan& plan) {
    const request_estimate requests = estimate_requests(plan);
    json proved;
    for (const verify_level level : {verify_level::exists, verify_level::size, verify_level::stored_hash,
                                     verify_level::computed_hash, verify_level::read_bytes}) {
        proved[std::string(to_string(level))] = plan.proved(level);
    }
    return {{"old_names", plan.found.sources},
            {"old_bytes", plan.found.source_bytes},
            {"new_names", plan.found.targets},
            {"new_bytes", plan.found.target_bytes},
            {"only_new", plan.only_new},
            {"outcomes", outcomes_json(plan.outcomes)},
            {"repairs", plan.repairs},
            {"obstructed", plan.obstructed},
            {"proved_at_least", proved},
            {"dialects", plan.found.dialects},
            {"unnameable", plan.found.unnameable},
            {"foreign", plan.found.foreign},
            {"copy_is_complete", plan.copy_is_complete()},
            {"requests", {{"lists", requests.lists}, {"copies", requests.copies}, {"batches", requests.batches}}}};
}

namespace {

/// In the order in which outcomes are shown.
template <class Visit>
void for_each_outcome(Visit visit) {
    for (const outcome_kind& kind : outcome_kinds()) {
        for (std::size_t i = 0; i < outcome_count; ++i) {
            const auto what = static_cast<outcome>(i);
            if (to_string(what) == kind.name) visit(what, kind);
        }
    }
}

}  // namespace

std::string outcomes_text(const outcome_counts& counts) {
    table t;
    for_each_outcome(
        [&](outcome what, const outcome_kind& kind) { t.add(kind.label, counts.objects(what), counts.bytes(what)); });
    return t.text();
}

json outcomes_json(const outcome_counts& counts) {
    json j = json::object();
    for_each_outcome([&](outcome what, const outcome_kind& kind) {
        if (counts.objects(what) == 0) return;
        j[kind.name] = {{"objects", counts.objects(what)}, {"bytes", counts.bytes(what)}};
    });
    return j;
}

json obstacles_json(const std::vector<obstacle>& obstacles) {
    json j = json::array();
    for (const obstacle& o : obstacles) {
        j.push_back({{"code", o.code}, {"objects", o.objects}, {"text", o.text}});
        if (!o.node.empty()) j.back()["node"] = o.node;
    }
    return j;
}

}  // namespace blobshift::cli
