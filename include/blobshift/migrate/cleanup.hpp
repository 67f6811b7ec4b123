// SPDX-License-Identifier: MIT
//
// After removals: both names of each removed instance are gone, half-made pairs are whole, and only then the records
// go.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/cleanup.test.cpp

#ifndef BLOBSHIFT_MIGRATE_CLEANUP_HPP
#define BLOBSHIFT_MIGRATE_CLEANUP_HPP

#include <cstdint>      // uint64_t
#include <set>          // set
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/mend.hpp>
#include <blobshift/migrate/operation.hpp>
#include <blobshift/migrate/scope.hpp>
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

namespace detail {

/// Forgets the removals up to and including `last`, all of which are done. What outlives them, as withdrawals in the
/// undo ledger, until that is sealed: that a rollback need not miss their new names, and the highest watermark, so that
/// an import gives it to nobody else.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<void> forget_removals(const migration<S, From, To>& all, const context& c, std::uint64_t last) {
    std::set<instance_id> ids;
    instance_id highest;
    const auto withdraw = [&]() -> result<void> {
        auto withdrawn = withdraw_promises(all, c, ids);
        ids.clear();
        return withdrawn;
    };
    const auto take = [&](const deletion& each) -> result<void> {
        if (each.sequence > last) return {};
        if (each.id.watermark > highest.watermark && !each.id.study.empty()) highest = each.id;
        ids.insert(each.id);
        return ids.size() >= most_removals_at_once ? withdraw() : result<void>();
    };
    auto read = read_deletions(all.state, c, 0, take, all.concurrency());
    if (read) read = withdraw();
    if (!read) return read;
    stage_view view;
    if (auto seen = read_stage_record(all.state, c, view); !seen) return seen;
    const auto& job = all.jobs.front();
    if (auto name = job.to.name_of(highest, blob_kind::instance); name && !view.is_sealed()) {
        ledger_writer ledger(job.state);
        ledger.withdraw(name->text());
        if (auto kept = ledger.flush(c); !kept) return kept;
    }
    auto erased = erase_deletions(all.state, c, last, all.concurrency());
    if (!erased) return unexpected(std::move(erased).error());
    return {};
}

}  // namespace detail

/// Carries out what is on record in `all.state`: makes the pairs of the repair list right, then removes both names of
/// every removed instance from all containers.
///
/// Idempotent. The records are forgotten only when all of it was done, and nobody could bring a blob back any more:
/// every container was there; every node is at New with no older call under way (or no service announces itself, and so
/// none runs), so nobody writes two names; and no other operation runs, so nobody copies. Until then they stay, and the
/// next cleanup makes sure again. With `dry_run` in the jobs' options nothing is changed.
///
/// \return the summary; or the error of the records, of the state, or of a stop: run it again.
/// \par Complexity  Those of `mend_pairs` and `sweep_deletions`, a `read_stage`, and a put for each segment that is
///                  emptied; when removals are forgotten, one more reading of their log, and of the ledgers for each
///                  65,536.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<cleanup_summary> clean_up(const migration<S, From, To>& all, const context& c, cleanup_options options = {}) {
    cleanup_summary summary;
    const bool dry_run = all.jobs.front().options.dry_run;
    // Repairs first: should one bring back the copy of an instance that is removed meanwhile, it goes with the
    // removals.
    auto mended = mend_pairs(all, c);
    if (!mended) return unexpected(std::move(mended).error());
    summary.repairs = *std::move(mended);
    auto swept = dry_run ? count_pending_deletions(all, c) : sweep_deletions(all, c);
    if (!swept) return unexpected(std::move(swept).error());
    summary.removals = *std::move(swept);
    summary.complete = summary.repairs.complete && summary.removals.complete;
    if (dry_run || !options.erase || summary.repairs.entries + summary.removals.removals == 0) return summary;

    auto unseen = obstacles_of_scope(all.state, c, all.jobs.size());
    if (!unseen) return unexpected(std::move(unseen).error());
    summary.kept = *std::move(unseen);
    auto view = read_stage(all.state, c);
    if (!view) return unexpected(std::move(view).error());
    detail::append(summary.kept, obstacles_to(*view, stage_for_delete));
    auto running = obstacles_of_operations(all.state, c, operation_kind::cleanup);
    if (!running) return unexpected(std::move(running).error());
    detail::append(summary.kept, *std::move(running));
    if (!summary.kept.empty()) return summary;
    if (summary.repairs.complete && summary.repairs.entries > 0) {
        auto erased = erase_repairs(all.state, c, summary.repairs.last, all.concurrency());
        if (!erased) return unexpected(std::move(erased).error());
    }
    if (summary.removals.complete && summary.removals.removals > 0) {
        auto forgotten = detail::forget_removals(all, c, summary.removals.last_sequence);
        if (!forgotten) return unexpected(std::move(forgotten).error());
    }
    return summary;
}

namespace detail {

/// Gives each new name that has no old one although its kind should, and of which the ledger does not say where it came
/// from, to `f`, as a pair. \return the error of the ledger, a listing or a stop.
template <BlobStore S, NamingPolicy From, NamingPolicy To, class F>
result<void> each_orphan(const migration_job<S, From, To>& job, const context& c, const inventory_options& options,
                         migration_observer& heard, F f) {
    inventory all(job.scratch, c, options);
    if (auto read = all.collect_ledger(job.state, job.to); !read) return read;
    if (auto listed = all.collect(job.store, job.from, job.to, heard); !listed) return listed;
    for (;;) {
        if (auto go = c.proceed(); !go) return go;
        auto pair = all.next();
        if (!pair) return unexpected(std::move(pair).error());
        if (!*pair) return {};
        if (!(*pair)->sources.empty() || !(*pair)->origins.empty()) continue;
        if (has_old_counterpart(job.from, job.to, (*pair)->target)) f(**pair);
    }
}

}  // namespace detail

/// Counts the new names that have no old one although their kind should, and of which no record says where they came
/// from: what is left of a put that failed in format Dual, or of a removal that no log tells of. Tells the observer of
/// each, and touches none. Only before the delete: after it, and in format New, such names are as they should be.
///
/// \return how many; or the error of a listing. \par Complexity  One listing, and one of the ledger.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<std::uint64_t> count_orphans(const migration_job<S, From, To>& job, const context& c) {
    std::uint64_t orphans = 0;
    auto found = detail::each_orphan(job, c, job.listing(), job.observer, [&](const name_pair& pair) {
        ++orphans;
        detail::tell(job.observer, pair, outcome::orphan, "no old name, and nothing on record explains it");
    });
    if (!found) return unexpected(std::move(found).error());
    return orphans;
}

}  // namespace blobshift::inline v1

#endif
