// SPDX-License-Identifier: MIT
//
// After removals: both names of each removed instance are gone, half-made pairs are whole, and only then the records go.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/cleanup.test.cpp

#ifndef BLOBSHIFT_MIGRATE_CLEANUP_HPP
#define BLOBSHIFT_MIGRATE_CLEANUP_HPP

#include <algorithm>    // mismatch
#include <chrono>       // milliseconds
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <set>          // set
#include <string>       // string
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/mend.hpp>
#include <blobshift/migrate/operation.hpp>
#include <blobshift/migrate/stage.hpp>
#include <blobshift/migrate/sweep.hpp>

namespace blobshift::inline v1 {

struct cleanup_options {
    bool erase = true;  ///< Forget records that are done, if nothing could undo it; see `clean_up`.
};

struct cleanup_summary {
    sweep_summary removals = {};
    mend_summary repairs = {};
    std::vector<obstacle> kept = {};  ///< Why the records were not forgotten. Empty: they were, or erase was false.
    bool complete = false;            ///< No name of a removed instance is left, and every pair is right.
};

/// Carries out what is on record in `all.state`: makes the pairs of the repair list right, then removes both names of
/// every removed instance from all containers.
///
/// Idempotent. The records are forgotten only when all of it was done, and nobody could bring a blob back any more: every
/// node is at New with no older call under way (or no service announces itself, and so none runs), so nobody writes two
/// names; and no other operation runs, so nobody copies. Until then they stay, and the next cleanup makes sure again.
/// With `dry_run` in the jobs' options nothing is changed.
///
/// \return the summary; or the error of the records, of the state, or of a stop: run it again.
/// \par Complexity  Those of `mend_pairs` and `sweep_deletions`, a `read_stage`, and a put for each segment that is emptied.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<cleanup_summary> clean_up(const migration<S, From, To>& all, const context& c, cleanup_options options = {}) {
    cleanup_summary summary;
    const bool dry_run = all.jobs.front().options.dry_run;
    // Repairs first: should one bring back the copy of an instance that is removed meanwhile, it goes with the removals.
    auto mended = mend_pairs(all, c);
    if (!mended) return unexpected(std::move(mended).error());
    summary.repairs = *std::move(mended);
    auto swept = dry_run ? count_pending_deletions(all, c) : sweep_deletions(all, c);
    if (!swept) return unexpected(std::move(swept).error());
    summary.removals = *std::move(swept);
    summary.complete = summary.repairs.complete && summary.removals.complete;
    if (dry_run || !options.erase || summary.repairs.entries + summary.removals.removals == 0) return summary;

    auto view = read_stage(all.state, c);
    if (!view) return unexpected(std::move(view).error());
    summary.kept = obstacles_to(*view, stage_for_delete);
    auto running = obstacles_of_operations(all.state, c, operation_kind::cleanup);
    if (!running) return unexpected(std::move(running).error());
    detail::append(summary.kept, *std::move(running));
    if (!summary.kept.empty()) return summary;
    if (summary.repairs.complete && summary.repairs.entries > 0) {
        auto erased = erase_repairs(all.state, c, summary.repairs.last);
        if (!erased) return unexpected(std::move(erased).error());
    }
    if (summary.removals.complete && summary.removals.removals > 0) {
        auto erased = erase_deletions(all.state, c, summary.removals.last_sequence);
        if (!erased) return unexpected(std::move(erased).error());
    }
    return summary;
}

/// A removal that somebody else tells of, such as a change feed. Personal data.
struct told_removal {
    instance_id id = {};                  ///< Watermark 0: it is not known which version was removed.
    std::optional<utc_time> when = {};    ///< By the clock of who tells; nothing: not known.
    bool replaced = false;                ///< The same UIDs were stored again later.
};

struct told_summary {
    sweep_summary removals = {};
    std::uint64_t told = 0;        ///< Removals that were told.
    std::uint64_t alive = 0;       ///< Versions found by their UIDs that may have been stored after the removal: they stay.
    bool complete = false;         ///< No name of a removed version is left, and none was left because it may be alive.
};

namespace detail {

/// What the old names of all versions of an instance begin with, and no UID that is longer: what two of them share.
template <NamingPolicy From>
[[nodiscard]] result<std::string> version_prefix(const From& from, instance_id id, blob_kind kind) {
    std::vector<std::string> names;
    for (const std::int64_t watermark : {1, 2}) {
        id.watermark = watermark;
        auto name = from.name_of(id, kind);
        if (!name) return unexpected(std::move(name).error());
        names.push_back(name->text());
    }
    const auto end = std::mismatch(names[0].begin(), names[0].end(), names[1].begin(), names[1].end());
    return std::string(names[0].begin(), end.first);
}

/// Finds the versions of an instance that the store still has under old names, in all containers.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<void> find_versions(const migration<S, From, To>& all, const context& c, const told_removal& removal,
                           std::chrono::milliseconds margin, std::set<std::int64_t>& dead,
                           std::set<std::int64_t>& alive) {
    for (const auto& job : all.jobs) {
        for (const blob_kind kind : kinds_of(removal.id)) {
            auto prefix = version_prefix(job.from, removal.id, kind);
            if (!prefix) continue;  // the old scheme has no such name
            auto listed = scan(job.store, c, {.prefix = *std::move(prefix)}, [&](blob_info&& info) -> result<void> {
                auto name = job.from.parse(info.name);
                if (!name) return {};
                instance_id found = std::move(name->id);
                const std::int64_t watermark = std::exchange(found.watermark, removal.id.watermark);
                if (found != removal.id) return {};
                const bool older = !removal.replaced && removal.when && info.last_modified < *removal.when - margin;
                (older ? dead : alive).insert(watermark);
                return {};
            });
            if (!listed) return listed;
        }
    }
    for (const std::int64_t watermark : alive) dead.erase(watermark);
    return {};
}

}  // namespace detail

/// Gives each removal to the function that it is called with; ends with the first error, which it returns.
using removal_source = function_ref<result<void>(function_ref<result<void>(const told_removal&)>)>;

struct told_options {
    /// A version that was stored less than this before its removal may have been stored after it: clocks differ.
    std::chrono::milliseconds clock_margin{300'000};
};

/// Removes both names of every instance that `source` tells of, from all containers.
///
/// Where a removal does not say which version it was, the versions that still have an old name are found by listing what
/// begins with the UIDs; those that were stored after the removal, or may have been, are left alone and counted: the
/// instance was stored again. A version that has lost its old name cannot be found by its UIDs.
///
/// \return the summary; or the first error of `source`, of a listing, or of a stop.
/// \par Complexity  As `sweep_deletions`; for a removal without a watermark one listing for each kind and container more.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<told_summary> clean_up_told(const migration<S, From, To>& all, const context& c, removal_source source,
                                   told_options options = {}) {
    told_summary summary;
    detail::name_sweeper<S, From, To> sweeper(all, c, all.jobs.front().options.dry_run);
    auto told = source([&](const told_removal& removal) -> result<void> {
        if (auto go = c.proceed(); !go) return go;
        ++summary.told;
        if (removal.id.watermark > 0) return sweeper.add(removal.id);
        std::set<std::int64_t> dead;
        std::set<std::int64_t> alive;
        auto found = detail::find_versions(all, c, removal, options.clock_margin, dead, alive);
        if (!found) return found;
        summary.alive += alive.size();
        instance_id id = removal.id;
        for (const std::int64_t watermark : dead) {
            id.watermark = watermark;
            if (auto added = sweeper.add(id); !added) return added;
        }
        return {};
    });
    if (!told) return unexpected(std::move(told).error());
    if (auto rest = sweeper.finish(); !rest) return unexpected(std::move(rest).error());
    summary.removals = sweeper.summary();
    summary.complete = summary.removals.complete && summary.alive == 0;
    return summary;
}

/// Counts the new names that have no old one although their kind should, and of which no record says where they came
/// from: what is left of a put that failed in format Dual, or of a removal that no log tells of. Tells the observer of
/// each, and touches none. Only before the delete: after it, and in format New, such names are as they should be.
///
/// \return how many; or the error of a listing. \par Complexity  One listing, and one of the ledger.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<std::uint64_t> count_orphans(const migration_job<S, From, To>& job, const context& c) {
    inventory all(job.scratch, c, job.listing());
    if (auto read = all.collect_ledger(job.state); !read) return unexpected(std::move(read).error());
    if (auto listed = all.collect(job.store, job.from, job.to, job.observer); !listed) {
        return unexpected(std::move(listed).error());
    }
    std::uint64_t orphans = 0;
    for (;;) {
        if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
        auto pair = all.next();
        if (!pair) return unexpected(std::move(pair).error());
        if (!*pair) return orphans;
        if (!(*pair)->sources.empty() || !(*pair)->origins.empty()) continue;
        if (!detail::has_old_counterpart(job.from, job.to, (*pair)->target)) continue;
        ++orphans;
        detail::tell(job.observer, **pair, outcome::orphan, "no old name, and nothing on record explains it");
    }
}

}  // namespace blobshift::inline v1

#endif
