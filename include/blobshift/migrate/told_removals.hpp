// SPDX-License-Identifier: MIT
//
// Removals that somebody else tells of, such as a change feed: both names of what was removed go, and nothing else.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/told_removals.test.cpp

#ifndef BLOBSHIFT_MIGRATE_TOLD_REMOVALS_HPP
#define BLOBSHIFT_MIGRATE_TOLD_REMOVALS_HPP

#include <algorithm>  // max
#include <chrono>     // milliseconds
#include <cstddef>    // size_t
#include <cstdint>    // int64_t, uint64_t
#include <map>        // map, multimap
#include <optional>   // optional
#include <set>        // set
#include <utility>    // exchange, move
#include <vector>     // vector

#include <blobshift/migrate/cleanup.hpp>

namespace blobshift::inline v1 {

/// A removal that somebody else tells of. Personal data.
struct told_removal {
    instance_id id = {};                ///< Watermark 0: it is not known which version was removed.
    std::optional<utc_time> when = {};  ///< By the clock of who tells; nothing: not known.
    bool replaced = false;              ///< The same UIDs were stored again later.
};

struct told_summary {
    sweep_summary removals = {};
    std::uint64_t told = 0;     ///< Removals that were told.
    std::uint64_t alive = 0;    ///< Versions found by their UIDs that may have been stored after the removal: they stay.
    std::uint64_t unknown = 0;  ///< Removals of no known version, while there are new names that nobody knows.
    bool complete = false;      ///< No name of a removed version is left, and nothing was left because of a doubt.
};

/// Gives each removal to the function that it is called with; ends with the first error, which it returns.
using removal_source = function_ref<result<void>(function_ref<result<void>(const told_removal&)>)>;

struct told_options {
    /// A version that was stored less than this before its removal may have been stored after it: clocks differ.
    std::chrono::milliseconds clock_margin{300'000};
};

namespace detail {

template <BlobStore S, NamingPolicy From, NamingPolicy To>
class told_run {
public:
    told_run(const migration<S, From, To>& all, const context& c, const told_options& options)
        : all_(all), c_(c), options_(options), sweeper_(all, c, dry_run()) {}

    result<void> take(const told_removal& removal) {
        if (auto go = c_.proceed(); !go) return go;
        ++summary_.told;
        waiting_.push_back(removal);
        return waiting_.size() >= most_removals_at_once ? deal() : result<void>();
    }

    result<told_summary> finish() {
        if (auto rest = deal(); !rest) return unexpected(std::move(rest).error());
        if (lost_ > 0) {
            auto doubtful = any_nameless();
            if (!doubtful) return unexpected(std::move(doubtful).error());
            if (*doubtful) summary_.unknown = lost_;
        }
        summary_.removals = sweeper_.summary();
        summary_.complete = summary_.removals.complete && summary_.alive + summary_.unknown == 0;
        return summary_;
    }

private:
    /// A removal that does not say which version it was, and the watermarks of those with its UIDs.
    struct search {
        told_removal removal;
        std::set<std::int64_t> dead = {};      ///< They have an old name from before the removal.
        std::set<std::int64_t> alive = {};     ///< They may have been stored after it.
        /// They had an old name, by the undo ledger, or were to have one; and whether it promises their new names.
        std::map<std::int64_t, bool> recorded = {};
    };
    using searches = std::multimap<instance_id, search>;  ///< By UIDs, with watermark 0.

    [[nodiscard]] bool dry_run() const { return all_.jobs.front().options.dry_run; }
    [[nodiscard]] bool is_older(utc_time stored, const told_removal& removal) const {
        return !removal.replaced && removal.when && stored < *removal.when - options_.clock_margin;
    }

    /// Carries out what waits.
    result<void> deal() {
        if (waiting_.empty()) return {};
        watermark_owners owners;
        searches by_uids;
        for (told_removal& each : std::exchange(waiting_, {})) {
            if (each.id.watermark > 0) owners.ask(std::move(each.id));
            else by_uids.emplace(each.id, search{each});
        }
        auto known = each_known_instance(all_, c_, [&](std::size_t, const instance_id& owner, const ledger_entry& e) {
            owners.note(owner);
            each_search(by_uids, owner, [&](search& mine) {
                bool& promised = mine.recorded[owner.watermark];
                promised = promised || e.is_promise();
            });
            return result<void>();
        });
        if (known) known = note_listed(owners, by_uids);
        if (!known) return known;

        if (auto added = sweeper_.add(owners); !added) return added;
        std::set<instance_id> gone;
        for (const auto& each : owners.asked()) {
            if (each.whose == ownership::own) gone.insert(each.id);
        }
        for (auto& [uids, mine] : by_uids) {
            if (auto settled = settle(mine, gone); !settled) return settled;
        }
        if (auto swept = sweeper_.finish(); !swept || dry_run()) return swept;
        const outcome_counts so_far = sweeper_.summary().outcomes;
        if (so_far.objects(outcome::blocked) + so_far.objects(outcome::failed) > 0) return {};
        return withdraw_promises(all_, c_, gone);
    }

    template <class F>
    static void each_search(searches& by_uids, const instance_id& owner, F f) {
        if (by_uids.empty()) return;
        instance_id uids = owner;
        uids.watermark = 0;
        const auto [first, last] = by_uids.equal_range(uids);
        for (auto each = first; each != last; ++each) f(each->second);
    }

    /// Notes who has an old name today.
    result<void> note_listed(watermark_owners& owners, searches& by_uids) {
        for (const auto& job : all_.jobs) {
            const list_query everything{.concurrency = all_.concurrency()};
            auto listed = scan(job.store, c_, everything, [&](blob_info&& info) -> result<void> {
                if (job.to.parse(info.name)) return {};
                const auto known = job.from.parse(info.name);
                if (!known) return {};
                owners.note(known->id);
                each_search(by_uids, known->id, [&](search& mine) {
                    (is_older(info.last_modified, mine.removal) ? mine.dead : mine.alive).insert(known->id.watermark);
                });
                return {};
            });
            if (!listed) return listed;
        }
        return {};
    }

    /// Decides which versions a removal was about, and adds them to the sweep and to `gone`.
    result<void> settle(search& mine, std::set<instance_id>& gone) {
        if (mine.dead.size() + mine.alive.size() + mine.recorded.size() == 0) {
            ++lost_;
            knows_all_times_ = knows_all_times_ && mine.removal.when;
            if (mine.removal.when) latest_ = (std::max)(latest_, *mine.removal.when);
        }
        for (const std::int64_t watermark : mine.alive) mine.dead.erase(watermark);
        instance_id id = mine.removal.id;
        for (const auto& [watermark, promised] : mine.recorded) {
            if (mine.dead.contains(watermark) || mine.alive.contains(watermark)) continue;
            id.watermark = watermark;
            auto left = new_names_of(id, mine.removal);
            if (!left) return unexpected(std::move(left).error());
            // A service records what it stores in New before it does so: this one may be acknowledged any moment.
            if (*left == traces::none && !promised) continue;
            (*left == traces::younger ? mine.alive : mine.dead).insert(watermark);
        }
        summary_.alive += mine.alive.size();
        for (const std::int64_t watermark : mine.dead) {
            id.watermark = watermark;
            gone.insert(id);
            if (auto added = sweeper_.add(id); !added) return added;
        }
        return {};
    }

    /// What is left of a version that has lost its old names.
    enum class traces : unsigned char {
        none,
        older,    ///< New names, all from before the removal.
        younger,  ///< A new name that may be younger than the removal. A copy is never older than what it was made from.
    };
    result<traces> new_names_of(const instance_id& id, const told_removal& removal) {
        traces found = traces::none;
        for (const auto& job : all_.jobs) {
            for (const blob_kind kind : kinds_of(id)) {
                auto name = job.to.name_of(id, kind);
                if (!name) continue;
                auto info = job.store.head(c_, *name);
                if (!info && info.error().code != errc::not_found) return unexpected(std::move(info).error());
                if (info && !is_older(info->last_modified, removal)) return traces::younger;
                if (info) found = traces::older;
            }
        }
        return found;
    }

    /// Whether a version without a trace may have one of the new names of which nobody knows whose they are.
    result<bool> any_nameless() {
        migration_observer quiet;
        bool found = false;
        for (const auto& job : all_.jobs) {
            inventory_options listing = job.listing();
            if (knows_all_times_) listing.stored_before = latest_ + options_.clock_margin;
            auto looked = each_orphan(job, c_, listing, quiet, [&](const name_pair&) { found = true; });
            if (!looked) return unexpected(std::move(looked).error());
        }
        return found;
    }

    const migration<S, From, To>& all_;
    const context& c_;
    const told_options& options_;
    name_sweeper<S, From, To> sweeper_;
    told_summary summary_ = {};
    std::vector<told_removal> waiting_ = {};
    std::uint64_t lost_ = 0;  ///< Removals of which no version has, or had, an old name.
    utc_time latest_ = {};    ///< The last of their times,
    bool knows_all_times_ = true;  ///< if each has one.
};

}  // namespace detail

/// Removes both names of every instance that `source` tells of, from all containers.
///
/// Where a removal does not say which version it was, the versions with its UIDs are those that have an old name, and
/// those that had one by the undo ledger. What was stored after the removal, or may have been, is left alone and
/// counted: the instance was stored again. What the ledger knows only as about to be stored is left alone. If there is
/// none at all it is long gone; unless there are new names, old enough, that no record gives an old name: then it may
/// have one of those, and is counted as unknown. Where a removal says its version, but an old name or the ledger gives
/// that watermark to another instance, nothing is removed, and a collision is told.
///
/// \return the summary; or the first error of `source`, of a listing, of a ledger, or of a stop.
/// \par Complexity  As `sweep_deletions`, and for each 65,536 removals a listing of each container and one more reading
///                  of its ledger; heads for versions that only the ledger knows; at the end another listing, if some
///                  removal was of no version that is known.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<told_summary> clean_up_told(const migration<S, From, To>& all, const context& c, removal_source source,
                                   told_options options = {}) {
    detail::told_run<S, From, To> run(all, c, options);
    auto told = source([&](const told_removal& removal) { return run.take(removal); });
    if (!told) return unexpected(std::move(told).error());
    return run.finish();
}

}  // namespace blobshift::inline v1

#endif
