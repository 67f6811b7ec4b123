// SPDX-License-Identifier: MIT
//
// Copies every blob from its old name to its new one, inside the store, until nothing is missing. Deletes nothing but
// what is on record as removed.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/copy.test.cpp

#ifndef BLOBSHIFT_MIGRATE_COPY_HPP
#define BLOBSHIFT_MIGRATE_COPY_HPP

#include <algorithm>  // max, min
#include <chrono>     // milliseconds
#include <cstddef>    // size_t
#include <cstdint>    // uint64_t
#include <utility>    // move
#include <vector>     // vector

#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/pair_copier.hpp>
#include <blobshift/migrate/sweep.hpp>

namespace blobshift::inline v1 {

struct copy_options {
    /// How surely a target that was there before must be known to be equal. Less is made up for by reading both.
    verify_level compare_existing = verify_level::computed_hash;
    unsigned max_passes = 10;  ///< Passes over the listing; the last one must find nothing to do. At least 1.
    std::chrono::milliseconds pending_pause{1000};  ///< Before the next pass, when the store is still copying.
    /// The state that holds the service's deletion log. At the end both names of each removed instance are removed
    /// again: a copy may have brought the new one back while the service removed it. Null: there is no such log.
    any_store* deletions = nullptr;
    /// The states of the archive's other containers. Their undo ledgers tell, too, when a removal on record gives the
    /// watermark of another instance, of which then nothing is removed.
    std::vector<any_store*> other_ledgers = {};
};

/// How a copy ended.
struct copy_summary {
    outcome_counts made = {};      ///< Over all passes: copied, repaired and cleaned.
    outcome_counts last = {};      ///< What the last pass found.
    unsigned passes = 0;
    bool complete = false;     ///< The last pass compared every old name with an equal new one, and changed nothing.
    bool interrupted = false;  ///< Stopped, or the deadline passed: run it again.
};

/// What became of each object, over all passes; what a pass had copied and a later one found is told once, as copied.
[[nodiscard]] inline outcome_counts outcomes_of(const copy_summary& run) {
    outcome_counts counts = run.made;
    std::uint64_t made = 0;
    std::uint64_t made_bytes = 0;
    for (const outcome what : {outcome::copied, outcome::repaired}) {
        made += run.made.objects(what) - run.last.objects(what);
        made_bytes += run.made.bytes(what) - run.last.bytes(what);
    }
    for (std::size_t i = 0; i < outcome_count; ++i) {
        const auto what = static_cast<outcome>(i);
        if (what == outcome::copied || what == outcome::repaired) continue;
        const bool again = what == outcome::present;
        counts.add(what, run.last.bytes(what) - (again ? (std::min)(made_bytes, run.last.bytes(what)) : 0),
                   run.last.objects(what) - (again ? (std::min)(made, run.last.objects(what)) : 0));
    }
    return counts;
}

namespace detail {

/// Whether a pass met nothing that stands against its end.
[[nodiscard]] inline bool all_is_well(const outcome_counts& found) noexcept {
    for (const outcome bad : {outcome::missing, outcome::pending, outcome::different, outcome::collision,
                              outcome::blocked, outcome::changed, outcome::failed}) {
        if (found.objects(bad) > 0) return false;
    }
    return true;
}

/// Makes passes until one finds nothing to do, and counts what they did. An error only when a pass is one.
template <class Pass>
result<void> run_passes(const context& c, const copy_options& options, bool dry_run, const tally& counted,
                        copy_summary& summary, Pass pass) {
    const auto found = [&](outcome what) { return summary.last.objects(what); };
    const auto interrupted = [&](error&& e) -> result<void> {
        if (!ends_the_run(e)) return unexpected(std::move(e));
        summary.interrupted = true;
        return {};
    };
    for (;;) {
        ++summary.passes;
        auto passed = pass();
        summary.last = counted.counts();
        for (const outcome made : {outcome::copied, outcome::repaired}) {
            summary.made.add(made, summary.last.bytes(made), found(made));
        }
        if (!passed) return interrupted(std::move(passed).error());
        if (dry_run) return {};
        const bool unsettled = found(outcome::pending) + found(outcome::changed) > 0;
        const bool did_something = found(outcome::copied) + found(outcome::repaired) > 0;
        if (!did_something && !unsettled) break;
        if (summary.passes >= (std::max)(options.max_passes, 1U)) return {};
        if (found(outcome::pending) > 0) {
            if (auto waited = c.pause(options.pending_pause); !waited) return interrupted(std::move(waited).error());
        }
    }
    summary.complete = all_is_well(summary.last);
    return {};
}

/// Removes what is on record as removed from the container of one job, and adds to `summary` what that came to.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<void> sweep_behind(const migration_job<S, From, To>& job, const context& c, any_store& deletions,
                          const std::vector<any_store*>& other_ledgers, copy_summary& summary) {
    const migration<S, From, To> one{std::vector{job}, deletions, other_ledgers};
    auto swept = sweep_deletions(one, c);
    if (!swept) {
        summary.complete = false;
        if (!ends_the_run(swept.error())) return unexpected(std::move(swept).error());
        summary.interrupted = true;
        return {};
    }
    summary.made += swept->outcomes;
    summary.complete = summary.complete && swept->complete;
    return {};
}

/// One run of a copy.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
class copy_run {
public:
    copy_run(const migration_job<S, From, To>& job, const context& c, const copy_options& options)
        : job_(job),
          c_(c),
          options_(options),
          tally_(job.observer),
          copier_(job, c, tally_, options.compare_existing) {}

    result<copy_summary> run() {
        auto ran = run_passes(c_, options_, job_.options.dry_run, tally_, summary_, [&] {
            auto passed = pass();
            if (auto kept = copier_.keep(to_the_end(c_)); !kept && passed) passed = std::move(kept);
            return passed;
        });
        if (!ran) return unexpected(std::move(ran).error());
        if (options_.deletions != nullptr && !job_.options.dry_run && !summary_.interrupted) {
            auto swept = sweep_behind(job_, c_, *options_.deletions, options_.other_ledgers, summary_);
            if (!swept) return unexpected(std::move(swept).error());
        }
        return summary_;
    }

private:
    result<void> pass() {
        tally_.begin("copy", summary_.passes, 0, 0);  // a pass that ends before it began has counted nothing
        inventory all(job_.scratch, c_, job_.listing());
        if (auto read = all.collect_evidence(job_.state, job_.to); !read) return read;
        if (auto listed = all.collect(job_.store, job_.from, job_.to, job_.observer); !listed) return listed;
        tally_.begin("copy", summary_.passes, all);
        for (;;) {
            if (auto go = c_.proceed(); !go) return go;
            auto pair = all.next();
            if (!pair) return unexpected(std::move(pair).error());
            if (!*pair) return copier_.finish();
            if ((*pair)->sources.empty()) continue;
            if (auto taken = copier_.take(std::move(**pair)); !taken) return taken;
        }
    }

    const migration_job<S, From, To>& job_;
    const context& c_;
    const copy_options& options_;
    tally tally_;
    pair_copier<S, From, To> copier_;
    copy_summary summary_ = {};
};

}  // namespace detail

/// Copies every source to its target until a further pass finds nothing to do.
///
/// Idempotent: what is left to do is found by comparing names, so a copy that was killed, or runs twice at once, is
/// answered by running it again. Overwrites nothing but a target that holds no byte: an empty one, or one whose copy
/// failed. Deletes nothing but the names of instances whose removal is on record (see `copy_options::deletions`). One
/// bad object never stops the rest: it is told to the observer and counted.
///
/// \return the summary; an error only when the store could not be listed or the state not be kept.
/// \par Complexity  For each pass one listing and one copy for each missing target; two reads for each target that was
///                  there before and has no proof; the requests of `sweep_deletions`. Memory as the options say.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<copy_summary> copy_blobs(const migration_job<S, From, To>& job, const context& c, copy_options options = {}) {
    return detail::copy_run<S, From, To>(job, c, options).run();
}

}  // namespace blobshift::inline v1

#endif
