// SPDX-License-Identifier: MIT
//
// What a migration would have to do, and whether the next step is safe. Changes nothing.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/plan.test.cpp

#ifndef BLOBSHIFT_MIGRATE_PLAN_HPP
#define BLOBSHIFT_MIGRATE_PLAN_HPP

#include <algorithm>    // sort
#include <array>        // array
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/obstacle.hpp>

namespace blobshift::inline v1 {

/// Where a store stands on its way from one naming to another.
struct migration_plan {
    inventory_counts found = {};
    /// Of names with a source: missing, present, pending, different, collision, blocked; absent: removed meanwhile.
    outcome_counts outcomes = {};
    std::uint64_t repairs = 0;         ///< Of the missing ones: those where an empty or failed target is replaced.
    std::uint64_t only_new = 0;        ///< New names without an old one: moved already, or never had one.
    std::uint64_t obstructed = 0;      ///< Sources that delete will not touch as they are.
    std::uint64_t archived = 0;        ///< Here and below: of the obstructed ones. One may be several of these.
    std::uint64_t leased = 0;
    std::uint64_t immutable = 0;
    std::uint64_t with_snapshots = 0;
    std::array<std::uint64_t, 5> by_level = {};  ///< The present ones, by how surely they are equal today.

    /// Old names that are left.
    [[nodiscard]] std::uint64_t remaining() const noexcept { return found.sources; }
    /// Names that have a copy which is equal at `level` or above.
    [[nodiscard]] std::uint64_t proved(verify_level level) const noexcept {
        std::uint64_t sum = 0;
        for (auto i = static_cast<std::size_t>(level); i < by_level.size(); ++i) sum += by_level[i];
        return sum;
    }
    /// Whether every old name has an equal new one, by comparison. Those that were removed meanwhile need none.
    [[nodiscard]] bool copy_is_complete() const noexcept {
        return outcomes.objects(outcome::present) + outcomes.objects(outcome::absent) == found.sources;
    }

    /// Adds the plan of another container.
    migration_plan& operator+=(const migration_plan& other) noexcept {
        found += other.found;
        outcomes += other.outcomes;
        repairs += other.repairs;
        only_new += other.only_new;
        obstructed += other.obstructed;
        archived += other.archived;
        leased += other.leased;
        immutable += other.immutable;
        with_snapshots += other.with_snapshots;
        for (std::size_t i = 0; i < by_level.size(); ++i) by_level[i] += other.by_level[i];
        return *this;
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
    return {.lists = pages(names) + 3 * pages(names + copies),
            .copies = copies,
            .batches = (plan.found.sources + 255) / 256};
}

namespace detail {

/// Old names without a copy, while they are few.
///
/// A removal that came between a listing's two looks leaves an old name that seems to lack its copy. So a few of them
/// are looked at; where a copy is not done, they are many, and there is nothing to find out.
class uncopied_names {
public:
    static constexpr std::size_t most = 256;

    void add(const name_pair& pair) {
        if (pair.sources.size() != 1 || pair.present) return;
        if (pairs_.size() <= most)
            pairs_.push_back({pair.target, pair.sources.front().name, pair.sources.front().size_bytes});
    }

    /// Moves in `outcomes` those that are gone by now from missing to absent.
    ///
    /// \return their targets, sorted; or why the run is over. \par Complexity  One head for each, `most` at the most.
    template <BlobReader S>
    result<std::vector<std::string>> settle(S& store, const context& c, outcome_counts& outcomes) const {
        std::vector<std::string> gone;
        if (pairs_.size() > most) return gone;
        for (const uncopied& pair : pairs_) {
            auto name = blob_name::parse(pair.source);
            if (!name) continue;
            auto seen = store.head(c, *name);
            if (!seen && ends_the_run(seen.error())) return unexpected(std::move(seen).error());
            if (seen || seen.error().code != errc::not_found) continue;
            outcomes.move(outcome::missing, outcome::absent, pair.size_bytes);
            gone.push_back(pair.target);
        }
        std::sort(gone.begin(), gone.end());
        return gone;
    }

private:
    struct uncopied {
        std::string target;
        std::string source;
        std::uint64_t size_bytes = 0;
    };

    std::vector<uncopied> pairs_ = {};
};

/// What a survey came to.
struct surveyed {
    migration_plan plan = {};
    std::vector<std::string> gone = {};  ///< The targets of old names that were removed meanwhile, sorted.
};

/// Counts what `all`, already collected from `store`, holds; tells `observer` of each object that is not simply missing
/// or present.
template <BlobReader S>
result<surveyed> survey(inventory& all, S& store, const context& c, migration_observer& observer) {
    surveyed s;
    migration_plan& plan = s.plan;
    plan.found = all.counts();
    uncopied_names uncopied;
    for (;;) {
        if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
        auto pair = all.next();
        if (!pair) return unexpected(std::move(pair).error());
        if (!*pair) break;
        if ((*pair)->sources.empty()) {
            ++plan.only_new;
            continue;
        }
        const verdict v = judge(**pair);
        for (const blob_facts& source : (*pair)->sources) {
            plan.outcomes.add(v.what, source.size_bytes);
            const blob_obstacles& held = source.obstacles;
            plan.obstructed += held.any() ? 1 : 0;
            plan.archived += held.archived ? 1 : 0;
            plan.leased += held.leased ? 1 : 0;
            plan.immutable += held.immutable ? 1 : 0;
            plan.with_snapshots += held.has_snapshots ? 1 : 0;
        }
        if (v.repair) ++plan.repairs;
        if (v.what == outcome::present) ++plan.by_level[static_cast<std::size_t>(v.known.level)];
        if (v.what == outcome::missing) {
            uncopied.add(**pair);
        } else if (v.what != outcome::present) {
            tell(observer, **pair, v.what, v.reason);
        }
    }
    auto gone = uncopied.settle(store, c, plan.outcomes);
    if (!gone) return unexpected(std::move(gone).error());
    s.gone = *std::move(gone);
    return s;
}

}  // namespace detail

/// Lists the store once and says what there is to do. Changes nothing.
///
/// \return the plan; or the error of the listing, which is never taken for an empty one.
/// \par Complexity  One listing of the store and one of the state's evidence, and where at most 256 old names lack a
///                  copy, a head for each of them; memory as the options say.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<migration_plan> plan_migration(const migration_job<S, From, To>& job, const context& c) {
    inventory all(job.scratch, c, job.listing());
    if (auto read = all.collect_evidence(job.state, job.to); !read) return unexpected(std::move(read).error());
    if (auto listed = all.collect(job.store, job.from, job.to, job.observer); !listed) {
        return unexpected(std::move(listed).error());
    }
    auto found = detail::survey(all, job.store, c, job.observer);
    if (!found) return unexpected(std::move(found).error());
    return std::move(found->plan);
}

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
    add("archived", plan.archived, "old names are archived: rehydrate them");
    add("leased", plan.leased, "old names are leased: release them");
    add("immutable", plan.immutable, "old names are held by a policy: wait for its end, or lift it");
    add("snapshots", plan.with_snapshots,
        "old names have snapshots, which would be lost: remove or keep them elsewhere");
    return found;
}

/// Why a delete that may take at most `most` must not begin: code "max_delete". Empty: it would not take more.
[[nodiscard]] inline std::vector<obstacle> obstacles_to_count(const migration_plan& plan, std::uint64_t most) {
    const std::uint64_t removable = plan.outcomes.objects(outcome::present);
    if (removable <= most) return {};
    return {{"max_delete", removable,
             std::to_string(removable) + " old names would be deleted, more than the " + std::to_string(most) +
                 " that are allowed"}};
}

}  // namespace blobshift::inline v1

#endif
