// SPDX-License-Identifier: MIT
//
// The end: no old name is looked for any more, and everything that still tells of old names is destroyed.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/seal.test.cpp

#ifndef BLOBSHIFT_MIGRATE_SEAL_HPP
#define BLOBSHIFT_MIGRATE_SEAL_HPP

#include <cstddef>      // size_t
#include <deque>        // deque
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/check.hpp>
#include <blobshift/migrate/claim.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/views/deletion_log.hpp>

namespace blobshift::inline v1 {

/// How far the seal is.
struct seal_summary {
    std::vector<obstacle> refused = {};  ///< Not empty: no record was destroyed, and these are the reasons.
    std::vector<obstacle> waiting = {};  ///< Not empty: it is decided, but these must come first. Run it again then.
    std::size_t segments = 0;            ///< Records that were destroyed: ledger, evidence, deletion log, repair list.
    bool complete = false;
};

namespace detail {

/// Changes the stage from what `view` saw; errc::conflict when it has changed since.
inline result<void> set_seal(any_store& state, const context& c, const stage_view& view, seal_state seal) {
    stage_record next = view.stage.value_or(stage_record{});
    next.wanted = format::new_names;
    next.seal = seal;
    ++next.epoch;
    auto written = write_stage_record(state, c, view, next);
    if (!written && lost_a_race(written.error())) {
        return fail(errc::conflict, "the stage changed at the same moment: run it again");
    }
    return written;
}

/// The nodes that may still look for old names, or still write the records that are to be destroyed.
[[nodiscard]] inline std::vector<obstacle> nodes_not_sealed(const stage_view& view) {
    std::vector<obstacle> found;
    for (const node_record& n : view.nodes) {
        if (n.is_stale(view.seen)) {
            found.push_back(stale_node(n, view.seen));
        } else if (!n.status.sealed) {
            found.push_back(about_node(n, "node_not_sealed",
                                       "still looks for old names: it learns of the seal when it announces itself"));
        } else if (n.status.other_calls > 0) {
            found.push_back(undrained_node(n));
        }
    }
    return found;
}

}  // namespace detail

/// Seals the migration. There is no way back from here.
///
/// Refuses, changing nothing, while `obstacles_to_seal` has a reason; and later, too, where a container is missing, or
/// a removal that was recorded meanwhile is contradicted: no waiting helps there. Then the stage record says `sealing`:
/// from then on a rollback is refused; old names and operations are looked for once more, and nodes learn of the seal
/// when they announce themselves. When all of them have announced that they no longer look for old names (at once, if
/// there are none), the removals on record are made once more, the undo ledger, the evidence, the deletion log and the
/// repair list are destroyed, and the stage record says `sealed`. Stopped or killed at any point, it goes on from there
/// when it is run again.
///
/// \return the summary; errc::conflict when the stage changed meanwhile; or the error of a listing or of the state.
/// \par Complexity  That of `obstacles_to_seal`, of a further listing and of `sweep_deletions`, and a removal for each
///                  record that is destroyed.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<seal_summary> seal(const migration<S, From, To>& all, const context& c) {
    seal_summary summary;
    removal_claim claim(all.state, operation_kind::seal);
    if (!all.jobs.front().options.dry_run) {  // its own word first, then the look at the others'
        if (auto given = claim.give(c); !given) return unexpected(std::move(given).error());
    }
    auto view = read_stage(all.state, c);
    if (!view) return unexpected(std::move(view).error());
    if (!view->is_sealed()) {
        auto refused = obstacles_to_seal(all, c);
        if (!refused) return unexpected(std::move(refused).error());
        summary.refused = *std::move(refused);
        if (!summary.refused.empty()) return summary;
        if (all.jobs.front().options.dry_run) return summary;
        // Against the view from before the look around: a node that joined since has changed the stage.
        if (auto set = detail::set_seal(all.state, c, *view, seal_state::sealing); !set) {
            return unexpected(std::move(set).error());
        }
        view = read_stage(all.state, c);
        if (!view) return unexpected(std::move(view).error());
    }
    // No rollback begins from here on; one that began meanwhile, and is done, has left old names.
    auto refused = obstacles_to_seal_again(all, c);
    if (refused) {
        auto running = obstacles_of_operations(all.state, c, operation_kind::seal);
        if (!running) return unexpected(std::move(running).error());
        detail::append(*refused, *std::move(running));
    }
    if (!refused) return unexpected(std::move(refused).error());
    summary.refused = *std::move(refused);
    if (!summary.refused.empty()) return summary;
    summary.waiting = detail::nodes_not_sealed(*view);
    if (!summary.waiting.empty() || all.jobs.front().options.dry_run) return summary;

    std::deque<claim_keeper> keepers;
    migration<S, From, To> kept{{}, all.state, all.other_ledgers};
    for (const auto& job : all.jobs) kept.jobs.push_back(job.heard_by(keepers.emplace_back(claim, c, job.observer)));
    auto swept = sweep_deletions(kept, c);
    if (!swept) return unexpected(std::move(swept).error());
    summary.refused = obstacles_of_removals(*swept);
    if (!summary.refused.empty()) return summary;
    if (!swept->complete) {
        summary.waiting.push_back(
            {"pending_removals", 1, "blobs of removed instances could not be removed: release them, and run it again"});
        return summary;
    }
    const auto destroy = [&](any_store& state, std::string_view journal, unsigned concurrency) -> result<void> {
        auto erased = erase_journal(state, c, journal, concurrency);
        if (!erased) return unexpected(std::move(erased).error());
        summary.segments += *erased;
        return {};
    };
    for (const auto& job : all.jobs) {
        for (const std::string_view journal : {ledger_journal, evidence_journal}) {
            auto gone = destroy(job.state, journal, job.options.concurrency);
            if (!gone) return unexpected(std::move(gone).error());
        }
    }
    for (const std::string_view journal : {deletion_journal, repair_journal}) {
        auto gone = destroy(all.state, journal, all.concurrency());
        if (!gone) return unexpected(std::move(gone).error());
    }
    if (view->stage->seal != seal_state::sealed) {
        if (auto set = detail::set_seal(all.state, c, *view, seal_state::sealed); !set) {
            return unexpected(std::move(set).error());
        }
    }
    summary.complete = true;
    return summary;
}

}  // namespace blobshift::inline v1

#endif
