// SPDX-License-Identifier: MIT
#include "migration_text.hpp"

#include <algorithm>
#include <array>

#include "console.hpp"

namespace blobshift::cli {

namespace {

constexpr std::array all_outcomes = {outcome::copied,  outcome::repaired,  outcome::verified,  outcome::removed,
                                     outcome::present, outcome::absent,    outcome::missing,   outcome::pending,
                                     outcome::changed, outcome::different, outcome::collision, outcome::blocked,
                                     outcome::failed,  outcome::foreign,   outcome::unnameable};
static_assert(all_outcomes.size() == outcome_count);

[[nodiscard]] std::string_view in_words(outcome what) {
    switch (what) {
        case outcome::copied: return "copied";
        case outcome::repaired: return "copied over an empty or failed copy";
        case outcome::present: return "equal to their copy";
        case outcome::verified: return "verified";
        case outcome::removed: return "deleted";
        case outcome::absent: return "gone by themselves";
        case outcome::missing: return "without a copy";
        case outcome::pending: return "still being copied by the store";
        case outcome::different: return "different from their copy";
        case outcome::collision: return "with a new name that others have, too";
        case outcome::blocked: return "blocked";
        case outcome::changed: return "changed meanwhile";
        case outcome::foreign: return "of neither scheme (left alone)";
        case outcome::unnameable: return "without a new name (left alone)";
        case outcome::failed: return "failed";
    }
    return "unknown";
}

}  // namespace

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

void add_plan(migration_plan& sum, const migration_plan& other) {
    sum.found.sources += other.found.sources;
    sum.found.source_bytes += other.found.source_bytes;
    sum.found.targets += other.found.targets;
    sum.found.target_bytes += other.found.target_bytes;
    sum.found.dialects += other.found.dialects;
    sum.found.foreign += other.found.foreign;
    sum.found.unnameable += other.found.unnameable;
    sum.outcomes += other.outcomes;
    sum.repairs += other.repairs;
    sum.only_new += other.only_new;
    sum.obstructed += other.obstructed;
    for (std::size_t i = 0; i < sum.by_level.size(); ++i) sum.by_level[i] += other.by_level[i];
}

std::string plan_text(const migration_plan& plan) {
    table t;
    const auto add = [&](std::string_view text, outcome what) {
        t.add(text, plan.outcomes.objects(what), plan.outcomes.bytes(what));
    };
    t.add("old names", plan.found.sources, plan.found.source_bytes);
    add("  without a copy", outcome::missing);
    t.add("    in place of an empty or failed one", plan.repairs);
    add("  equal to their copy", outcome::present);
    t.add("    proved by their bytes", plan.proved(verify_level::computed_hash));
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

std::string outcomes_text(const outcome_counts& counts) {
    table t;
    for (const outcome what : all_outcomes) t.add(in_words(what), counts.objects(what), counts.bytes(what));
    return t.text();
}

json outcomes_json(const outcome_counts& counts) {
    json j = json::object();
    for (const outcome what : all_outcomes) {
        if (counts.objects(what) == 0) continue;
        j[std::string(to_string(what))] = {{"objects", counts.objects(what)}, {"bytes", counts.bytes(what)}};
    }
    return j;
}

json obstacles_json(const std::vector<obstacle>& obstacles) {
    json j = json::array();
    for (const obstacle& o : obstacles) j.push_back({{"code", o.code}, {"objects", o.objects}, {"text", o.text}});
    return j;
}

}  // namespace blobshift::cli
