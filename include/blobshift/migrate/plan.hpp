// SPDX-License-Identifier: MIT
//
// What a migration would have to do, and whether the next step is safe. Changes nothing.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/plan.test.cpp

#ifndef BLOBSHIFT_MIGRATE_PLAN_HPP
#define BLOBSHIFT_MIGRATE_PLAN_HPP

#include <array>        // array
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/job.hpp>

namespace blobshift::inline v1 {

/// Where a store stands on its way from one naming to another.
struct migration_plan {
    inventory_counts found = {};
    outcome_counts outcomes = {};      ///< Of names with a source: missing, present, pending, different, collision, blocked.
    std::uint64_t repairs = 0;         ///< Of the missing ones: those where an empty or failed target is replaced.
    std::uint64_t only_new = 0;        ///< New names without an old one: moved already, or never had one.
    std::uint64_t obstructed = 0;      ///< Sources that are leased, immutable or have snapshots: delete will meet it.
    std::array<std::uint64_t, 5> by_level = {};  ///< The present ones, by how surely they are equal today.

    /// Old names that are left.
    [[nodiscard]] std::uint64_t remaining() const noexcept { return found.sources; }
    /// Names that have a copy which is equal at `level` or above.
    [[nodiscard]] std::uint64_t proved(verify_level level) const noexcept {
        std::uint64_t sum = 0;
        for (auto i = static_cast<std::size_t>(level); i < by_level.size(); ++i) sum += by_level[i];
        return sum;
    }
    /// Whether every old name has an equal new one, by comparison.
    [[nodiscard]] bool copy_is_complete() const noexcept {
        return outcomes.objects(outcome::present) == found.sources;
    }
};

/// Requests that a service with pages of 5,000 names and batches of 256 removals would be sent.
struct request_estimate {
    std::uint64_t lists = 0;
    std::uint64_t copies = 0;
    std::uint64_t batches = 0;
};

/// For the rest of the migration: copy (two listings), verify and delete (one each).
[[nodiscard]] inline request_estimate estimate_requests(const migration_plan& plan) noexcept {
    const std::uint64_t names = plan.found.sources + plan.found.targets + plan.found.foreign;
    const auto pages = [](std::uint64_t n) { return n / 5000 + 1; };
    const std::uint64_t copies = plan.outcomes.objects(outcome::missing);
    return {.lists = pages(names) + 3 * pages(names + copies), .copies = copies, .batches = (plan.found.sources + 255) / 256};
}

/// Counts what `all`, already collected, holds; tells `observer` of each object that is not simply missing or present.
inline result<migration_plan> survey(inventory& all, const context& c, migration_observer& observer) {
    migration_plan plan;
    plan.found = all.counts();
    for (;;) {
        if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
        auto pair = all.next();
        if (!pair) return unexpected(std::move(pair).error());
        if (!*pair) return plan;
        if ((*pair)->sources.empty()) {
            ++plan.only_new;
            continue;
        }
        const verdict v = judge(**pair);
        for (const blob_facts& source : (*pair)->sources) {
            plan.outcomes.add(v.what, source.size_bytes);
            if (source.obstacles.any()) ++plan.obstructed;
        }
        if (v.repair) ++plan.repairs;
        if (v.what == outcome::present) ++plan.by_level[static_cast<std::size_t>(v.known.level)];
        if (v.what != outcome::present && v.what != outcome::missing) {
            detail::tell(observer, **pair, v.what, v.reason);
        }
    }
}

/// Lists the store once and says what there is to do. Changes nothing.
///
/// \return the plan; or the error of the listing, which is never taken for an empty one.
/// \par Complexity  One listing of the store and one of the state's evidence; memory as the options say.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<migration_plan> plan_migration(const migration_job<S, From, To>& job, const context& c) {
    inventory all(job.scratch, c, job.listing());
    if (auto read = all.collect_evidence(job.state); !read) return unexpected(std::move(read).error());
    if (auto listed = all.collect(job.store, job.from, job.to, job.observer); !listed) {
        return unexpected(std::move(listed).error());
    }
    return survey(all, c, job.observer);
}

/// Something that stands between a store and its next step.
struct obstacle {
    std::string_view code = {};   ///< For programs: "missing_copies", "different" ...
    std::uint64_t objects = 0;
    std::string text = {};        ///< For people: what it is and what to do.
};

/// Why the old names must not be deleted yet. Empty: nothing stands against it.
///
/// Copies that are not proved to the level that the delete demands are no obstacle: the delete proves them, by reading,
/// before it touches their source.
[[nodiscard]] inline std::vector<obstacle> obstacles_to_delete(const migration_plan& plan) {
    std::vector<obstacle> found;
    const auto add = [&](std::string_view code, std::uint64_t objects, std::string text) {
        if (objects > 0) found.push_back({code, objects, std::to_string(objects) + " " + std::move(text)});
    };
    add("missing_copies", plan.outcomes.objects(outcome::missing), "old names have no whole copy: run copy");
    add("pending_copies", plan.outcomes.objects(outcome::pending), "copies are not finished: wait, then run copy");
    add("different", plan.outcomes.objects(outcome::different),
        "new names hold something else than their old ones: compare them and remove the wrong one by hand");
    add("collisions", plan.outcomes.objects(outcome::collision),
        "old names share a new name: give one of them another watermark");
    add("blocked", plan.outcomes.objects(outcome::blocked), "old names cannot be copied: rehydrate or release them");
    add("obstructed", plan.obstructed, "old names cannot be deleted: leased, immutable or with snapshots");
    return found;
}

}  // namespace blobshift::inline v1

#endif
