// SPDX-License-Identifier: MIT
//
// Both names of every kind of a removed instance, gone: whichever came back from the dead.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/sweep.test.cpp

#ifndef BLOBSHIFT_MIGRATE_SWEEP_HPP
#define BLOBSHIFT_MIGRATE_SWEEP_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <span>         // span
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/watermark_owners.hpp>
#include <blobshift/views/deletion_log.hpp>

namespace blobshift::inline v1 {

/// What a sweep came to.
struct sweep_summary {
    std::uint64_t removals = 0;       ///< Records that were looked at.
    std::uint64_t last_sequence = 0;  ///< Of the last of them.
    std::uint64_t names = 0;          ///< Blobs that were still there.
    /// cleaned; blocked and failed, which are still there; collision: the watermark is another instance's, so nothing
    /// goes.
    outcome_counts outcomes = {};
    bool complete = false;  ///< No name of a removed instance is left.
};

namespace detail {

/// Removes the names of instances, in batches, from all containers: the old names first, and each new name only when
/// its old one is gone, which the answer to the removal tells. So nothing is left from which a copier could make it
/// again.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
class name_sweeper {
public:
    /// \param look_only  Remove nothing: `names` counts what is there.
    name_sweeper(const migration<S, From, To>& all, const context& c, bool look_only)
        : all_(all), c_(c), look_only_(look_only) {}

    result<void> add(const instance_id& id) {
        const auto& job = all_.jobs.front();
        for (const blob_kind kind : kinds_of(id)) {
            name_couple couple = couple_of(id, kind);
            if (couple.old_name || couple.new_name) couples_.push_back(std::move(couple));
        }
        ++summary_.removals;
        return couples_.size() >= job.batch_size() ? finish() : result<void>();
    }

    /// Adds what `owners` was asked about, but for removals whose watermark is another instance's: those are told.
    result<void> add(const watermark_owners& owners) {
        for (const auto& each : owners.asked()) {
            if (each.whose != ownership::another) {
                if (auto added = add(each.id); !added) return added;
                continue;
            }
            ++summary_.removals;
            tell(all_.jobs.front(), couple_of(each.id, kinds_of(each.id).front()), outcome::collision, nullptr,
                 claimed_reason);
        }
        return {};
    }

    result<void> finish() {
        for (const auto& job : all_.jobs) {
            if (auto go = c_.proceed(); !go) return go;
            for (name_couple& each : couples_) each.found = each.stays = false;
            for (const bool old_turn : {true, false}) {
                if (auto done = look_only_ ? look(job, old_turn) : remove(job, old_turn); !done) return done;
            }
            for (const name_couple& each : couples_) {
                if (each.found && !each.stays) tell(job, each, outcome::cleaned);
            }
        }
        couples_.clear();
        return {};
    }

    [[nodiscard]] sweep_summary summary() const {
        sweep_summary s = summary_;
        std::uint64_t left = look_only_ ? s.names : 0;
        for (const outcome bad : {outcome::blocked, outcome::failed, outcome::collision})
            left += s.outcomes.objects(bad);
        s.complete = left == 0;
        return s;
    }

private:
    using job_type = migration_job<S, From, To>;

    struct name_couple {
        std::optional<blob_name> old_name = {};
        std::optional<blob_name> new_name = {};
        bool found = false;  ///< One of them was there.
        bool stays = false;  ///< One of them could not be removed, or may stay.

        [[nodiscard]] const std::optional<blob_name>& of(bool old_turn) const { return old_turn ? old_name : new_name; }
    };

    /// A policy that cannot name the id never did.
    [[nodiscard]] name_couple couple_of(const instance_id& id, blob_kind kind) const {
        const job_type& job = all_.jobs.front();
        name_couple couple;
        if (auto old_name = job.from.name_of(id, kind)) couple.old_name = *std::move(old_name);
        if (auto new_name = job.to.name_of(id, kind)) couple.new_name = *std::move(new_name);
        return couple;
    }

    result<void> remove(const job_type& job, bool old_turn) {
        std::vector<remove_request> requests;
        std::vector<std::size_t> whose;
        for (std::size_t i = 0; i < couples_.size(); ++i) {
            if (!couples_[i].of(old_turn) || couples_[i].stays) continue;
            requests.push_back({*couples_[i].of(old_turn), condition::always()});
            whose.push_back(i);
        }
        result<void> going;
        remove_many(job.store, c_, std::span<const remove_request>(requests),
                    bulk_options{.concurrency = job.options.concurrency}, [&](std::size_t i, result<bool>&& gone) {
                        name_couple& couple = couples_[whose[i]];
                        job.observer.on_progress({.phase = "cleanup", .objects = summary_.removals});
                        if (gone) {
                            couple.found = couple.found || *gone;
                            summary_.names += *gone ? 1 : 0;
                            return;
                        }
                        couple.stays = true;
                        if (!ends_the_run(gone.error())) {
                            tell(job, couple, outcome_of_removal(gone.error()), &gone.error());
                        } else if (going) {
                            going = unexpected(std::move(gone).error());
                        }
                    });
        return going;
    }

    result<void> look(const job_type& job, bool old_turn) {
        std::vector<result<bool>> there(couples_.size(), false);
        for_each_index(couples_.size(), job.options.concurrency, [&](std::size_t i) {
            const auto& name = couples_[i].of(old_turn);
            if (!name) return;
            auto info = job.store.head(c_, *name);
            there[i] = info.has_value();
            if (!info && info.error().code != errc::not_found) there[i] = unexpected(std::move(info).error());
        });
        for (std::size_t i = 0; i < there.size(); ++i) {
            if (!there[i]) return unexpected(std::move(there[i]).error());
            summary_.names += *there[i] ? 1 : 0;
            couples_[i].stays = true;
        }
        return {};
    }

    [[nodiscard]] static outcome outcome_of_removal(const error& e) noexcept {
        return e.code == errc::blocked ? outcome::blocked : outcome::failed;
    }
    void tell(const job_type& job, const name_couple& couple, outcome what, const error* failure = nullptr,
              std::string_view reason = {}) {
        summary_.outcomes.add(what, 0);
        object_event event{.what = what, .reason = reason, .failure = failure};
        if (couple.old_name) event.source = couple.old_name->text();
        if (couple.new_name) event.target = couple.new_name->text();
        job.observer.on_object(event);
        job.observer.on_progress({.phase = "cleanup", .objects = summary_.removals});
    }

    const migration<S, From, To>& all_;
    const context& c_;
    bool look_only_;
    sweep_summary summary_ = {};
    std::vector<name_couple> couples_ = {};
};

template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<sweep_summary> sweep_log(const migration<S, From, To>& all, const context& c, bool look_only) {
    name_sweeper<S, From, To> sweeper(all, c, look_only);
    watermark_owners owners;
    std::uint64_t last = 0;
    std::uint64_t seen = 0;
    const auto deal = [&]() -> result<void> {
        if (auto known = owners.note_ledgers(all, c); !known) return known;
        if (auto added = sweeper.add(owners); !added) return added;
        owners.clear();
        return {};
    };
    const auto take = [&](const deletion& each) -> result<void> {
        if (auto go = c.proceed(); !go) return go;
        last = each.sequence;
        owners.ask(each.id);
        all.jobs.front().observer.on_progress({.phase = "cleanup", .objects = ++seen});
        return owners.asked().size() >= most_removals_at_once ? deal() : result<void>();
    };
    auto read = read_deletions(all.state, c, 0, take, all.concurrency());
    if (read) read = deal();
    if (!read) return unexpected(std::move(read).error());
    if (auto rest = sweeper.finish(); !rest) return unexpected(std::move(rest).error());
    sweep_summary summary = sweeper.summary();
    summary.last_sequence = last;
    return summary;
}

}  // namespace detail

/// Removes, from all containers, every name of every instance whose removal is on record in `all.state`.
///
/// Idempotent, and right beside a service that removes the same instances: what is on record was decided. The record
/// stays. An instance's kinds only are removed: a work item with the same watermark is another's. Where the undo ledger
/// knows another instance by that watermark, nothing is removed.
///
/// \return the summary, in which blobs that are held or that the store would not remove are counted; or the error of
///         the log, of the state or of a stop.
/// \par Complexity  One read for each segment of the log; for each 65,536 records one reading of the ledgers; for each
///                  record five removals in each container, in bulk.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<sweep_summary> sweep_deletions(const migration<S, From, To>& all, const context& c) {
    return detail::sweep_log(all, c, false);
}

/// Counts, in `names`, the blobs of instances whose removal is on record, but for those that the ledger contradicts.
/// Changes nothing.
///
/// \par Complexity  As above, with a head in the place of each removal.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<sweep_summary> count_pending_deletions(const migration<S, From, To>& all, const context& c) {
    return detail::sweep_log(all, c, true);
}

}  // namespace blobshift::inline v1

#endif
