// SPDX-License-Identifier: MIT
//
// Deletes old names, each only with proof, held now, that its new name has the same content.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/remove.test.cpp

#ifndef BLOBSHIFT_MIGRATE_REMOVE_HPP
#define BLOBSHIFT_MIGRATE_REMOVE_HPP

#include <algorithm>    // binary_search, max, min
#include <chrono>       // milliseconds
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <limits>       // numeric_limits
#include <optional>     // optional
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // exchange, move
#include <vector>       // vector

#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/migrate/plan.hpp>
#include <blobshift/migrate/second_look.hpp>
#include <blobshift/migrate/wave_guard.hpp>

namespace blobshift::inline v1 {

struct remove_options {
    /// What must be known of a pair before its source goes. Below `computed_hash` a lost blob could go unseen.
    verify_level level = verify_level::computed_hash;
    bool afresh = false;   ///< Trust no proof of an earlier run (one object under two names needs none): read again.
    bool partial = false;  ///< Delete what can be proved although other names stand in the way of a whole delete.
    /// Look at each target once more just before its source goes: with a head where names are scanned, else by one more
    /// listing (see second_look.hpp). false relies on the listing of this run, whose etags the proofs were held
    /// against.
    bool look_again = true;
    /// Refuse to begin when more than so many would go: for a first, small wave.
    std::uint64_t max_delete = (std::numeric_limits<std::uint64_t>::max)();
    /// Looks at the service before the delete and before each wave, which begins only if every node is at New and none
    /// has needed an old name, and keeps a rollback away. One for all containers; must outlive the delete. Null: there
    /// is no service, or it stands still, and nobody rolls back.
    wave_guard* guard = nullptr;
    std::size_t wave_size = 8192;  ///< Old names that go between two looks at the service. At least 1.
    /// Before a further wave, so that nodes can tell what they met: half of their lease will do.
    std::chrono::milliseconds wave_pause{0};
    /// Called once, before anything goes and when nothing speaks against it; an error ends the delete. The place for
    /// `bind_home`. May be null.
    const function_ref<result<void>()>* before_change = nullptr;
};

struct remove_summary {
    outcome_counts outcomes = {};
    std::vector<obstacle> refused = {};  ///< Not empty: nothing was deleted, and these are the reasons.
    std::vector<obstacle> stopped = {};  ///< Not empty: it ended before a further wave, and these are the reasons.
    std::uint64_t read_objects = 0;      ///< Pairs that were read to be sure.
    bool complete = false;               ///< No old name is left of those that this job works on.
    bool interrupted = false;
};

namespace detail {

template <BlobStore S, NamingPolicy From, NamingPolicy To>
class remove_run {
public:
    remove_run(const migration_job<S, From, To>& job, const context& c, const remove_options& options)
        : job_(job), c_(c), options_(options), tally_(job.observer), evidence_(job.state), ledger_(job.state),
          second_look_(job.store, job.options.concurrency) {}

    result<remove_summary> run() {
        auto passed = pass();
        if (auto kept = evidence_.flush(to_the_end(c_)); !kept && passed) passed = std::move(kept);
        summary_.outcomes = tally_.counts();
        if (!passed) {
            if (!ends_the_run(passed.error())) return unexpected(std::move(passed).error());
            summary_.interrupted = true;
            return summary_;
        }
        summary_.complete = summary_.refused.empty() && summary_.stopped.empty() && !job_.options.dry_run &&
                            tally_.objects(outcome::removed) + tally_.objects(outcome::absent) == tally_.sources();
        return summary_;
    }

private:
    result<void> pass() {
        inventory all(job_.scratch, c_, job_.listing());
        if (!options_.afresh) {
            if (auto read = all.collect_evidence(job_.state, job_.to); !read) return read;
        }
        if (auto listed = all.collect(job_.store, job_.from, job_.to, job_.observer); !listed) return listed;
        migration_observer quiet;
        auto found = survey(all, job_.store, c_, quiet);
        if (!found) return unexpected(std::move(found).error());
        gone_ = std::move(found->gone);
        if (options_.guard != nullptr) {
            auto against = options_.guard->before_wave(c_, job_.options.dry_run);
            if (!against) return unexpected(std::move(against).error());
            summary_.refused = *std::move(against);
        }
        if (refuses(found->plan)) return {};
        if (auto again = all.rewind(); !again) return again;
        tally_.begin("delete", 1, all);
        for (;;) {
            if (auto go = c_.proceed(); !go) return go;
            auto pair = all.next();
            if (!pair) return unexpected(std::move(pair).error());
            if (!*pair) break;
            if ((*pair)->sources.empty()) continue;
            if (auto taken = take(std::move(**pair)); !taken) return taken;
            if (!summary_.stopped.empty()) return {};
        }
        if (auto read = prove_batch(); !read) return read;
        return remove_batch();
    }

    [[nodiscard]] std::size_t wave_size() const noexcept {
        return (std::max)((std::min)(job_.batch_size(), options_.wave_size), std::size_t{1});
    }

    /// Whether nothing stands against the next wave.
    result<bool> may_go_on() {
        const bool is_first = std::exchange(first_wave_, false);
        if (options_.guard != nullptr && !is_first && options_.wave_pause > options_.wave_pause.zero()) {
            if (auto waited = c_.pause(options_.wave_pause); !waited) return unexpected(std::move(waited).error());
        }
        if (options_.guard != nullptr) {
            auto against = options_.guard->before_wave(c_);
            if (!against) return unexpected(std::move(against).error());
            summary_.stopped = *std::move(against);
        }
        if (is_first && summary_.stopped.empty() && options_.before_change != nullptr) {
            if (auto ready = (*options_.before_change)(); !ready) return unexpected(std::move(ready).error());
        }
        return summary_.stopped.empty();
    }

    /// The guard before the first delete: all of the copy must be there.
    [[nodiscard]] bool refuses(const migration_plan& plan) {
        if (!options_.partial) append(summary_.refused, obstacles_to_delete(plan));
        append(summary_.refused, obstacles_to_count(plan, options_.max_delete));
        return !summary_.refused.empty();
    }

    result<void> take(name_pair&& pair) {
        const verdict v = judge(pair);
        if (v.what == outcome::missing && std::binary_search(gone_.begin(), gone_.end(), pair.target)) {
            tally_.tell(pair, outcome::absent, "it was removed while the names were listed");
            return {};
        }
        // A name that is its own target has nothing to gain and everything to lose.
        if (v.what != outcome::present || pair.sources.front().name == pair.target) {
            tally_.tell(pair, v.what, v.reason);
        } else if (pair.sources.front().obstacles.any()) {
            tally_.tell(pair, outcome::blocked, "leased, immutable or with snapshots: release it first");
        } else if (job_.options.dry_run) {
            tally_.tell(pair, outcome::present, "would be deleted");
        } else if (v.known.level < options_.level) {
            unproved_.push_back(std::move(pair));
            if (unproved_.size() >= job_.batch_size()) return prove_batch();
        } else {
            proved_.push_back(std::move(pair));
            if (proved_.size() >= wave_size()) return remove_batch();
        }
        return {};
    }

    /// Makes the proofs that are missing, by reading.
    result<void> prove_batch() {
        const auto results = compare_many(job_.store, c_, unproved_, job_.options.concurrency,
                                          [&] { tally_.tell_again(); });
        std::vector<name_pair> read;
        read.swap(unproved_);
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (!results[i]) {
                const error& e = results[i].error();
                if (ends_the_run(e)) return unexpected(e);
                tally_.tell(read[i], outcome_of_reading(e), {}, &e);
                continue;
            }
            ++summary_.read_objects;
            if (!results[i]->equal) {
                tally_.tell(read[i], outcome::different, results[i]->reason);
                continue;
            }
            const blob_facts& source = read[i].sources.front();
            auto kept = evidence_.add(c_, evidence_of(source, read[i].present->tag, read[i].target, *results[i]));
            if (!kept) return kept;
            proved_.push_back(std::move(read[i]));
            if (proved_.size() >= wave_size()) {
                if (auto removed = remove_batch(); !removed) return removed;
                if (!summary_.stopped.empty()) return {};
            }
        }
        return {};
    }

    /// Removes the sources of proved pairs: looks at the targets again, records what is about to go, and only
    /// then removes, each pinned to the version that was proved.
    result<void> remove_batch() {
        if (proved_.empty() || !summary_.stopped.empty()) return {};
        auto go = may_go_on();
        if (!go) return unexpected(std::move(go).error());
        if (!*go) return {};
        if (options_.look_again) {
            if (auto looked = look_again(); !looked) return looked;
        }
        if (proved_.empty()) return {};
        sort_by_source(proved_);
        std::vector<remove_request> requests;
        requests.reserve(proved_.size());
        for (const name_pair& pair : proved_) {
            const blob_facts& source = pair.sources.front();
            auto name = blob_name::parse(source.name);
            if (!name) return unexpected(std::move(name).error());
            requests.push_back({*std::move(name), condition::if_match(source.tag)});
            ledger_.add(source.name, pair.target, source.size_bytes, pair.present->stored_hash, pair.present->tag);
        }
        const context c = options_.guard == nullptr ? c_ : options_.guard->until_over(c_);
        if (auto recorded = ledger_.flush(c); !recorded) return recorded;
        result<void> going;
        remove_many(job_.store, c, std::span<const remove_request>(requests),
                    bulk_options{.concurrency = job_.options.concurrency}, [&](std::size_t i, result<bool>&& gone) {
                        if (!gone && gone.error().done != effect::none && options_.guard != nullptr) {
                            options_.guard->doubt();
                        }
                        if (gone) {
                            tally_.tell(proved_[i], *gone ? outcome::removed : outcome::absent);
                        } else if (!ends_the_run(gone.error())) {
                            tally_.tell(proved_[i], outcome_of(gone.error()), {}, &gone.error());
                        } else if (going) {
                            going = unexpected(std::move(gone).error());
                        }
                    });
        proved_.clear();
        return going;
    }

    /// Keeps in `proved_` only the pairs whose target is still the version that was proved.
    result<void> look_again() {
        std::vector<second_question> targets;
        targets.reserve(proved_.size());
        for (const name_pair& pair : proved_) {
            // Where both names lead to one object, what the new one holds cannot be worse than what the old one does.
            targets.push_back({pair.target, are_one_object(pair.sources.front(), *pair.present)});
        }
        auto looked = second_look_.at(c_, targets);
        if (!looked) return unexpected(std::move(looked).error());
        const std::vector<result<etag>>& seen = *looked;
        std::vector<name_pair> kept;
        kept.reserve(proved_.size());
        for (std::size_t i = 0; i < seen.size(); ++i) {
            if (!seen[i]) {
                if (ends_the_run(seen[i].error())) return unexpected(seen[i].error());
                tally_.tell(proved_[i], outcome_of_reading(seen[i].error()), "the new name could not be seen again",
                            &seen[i].error());
            } else if (!strongly_equal(*seen[i], proved_[i].present->tag)) {
                tally_.tell(proved_[i], outcome::changed, "the new name has changed since it was compared");
            } else {
                kept.push_back(std::move(proved_[i]));
            }
        }
        proved_ = std::move(kept);
        return {};
    }

    const migration_job<S, From, To>& job_;
    const context& c_;
    const remove_options& options_;
    tally tally_;
    evidence_writer evidence_;
    ledger_writer ledger_;
    second_look<S> second_look_;
    bool first_wave_ = true;
    std::vector<std::string> gone_ = {};  ///< See `surveyed`.
    remove_summary summary_ = {};
    std::vector<name_pair> unproved_ = {};
    std::vector<name_pair> proved_ = {};
};

}  // namespace detail

/// Deletes every old name whose new name is proved to hold the same content.
///
/// Refuses, deleting nothing, while any old name lacks an equal copy (unless `partial`), while a node of the service is
/// not at New, and while another operation runs. Then, wave by wave: it stops when a node is no longer at New, or has
/// needed an old name since; a pair without a proof of the required level for exactly these two versions is read; each
/// new name is looked at again; the old and new names go into the undo ledger, durably; only then the old names are
/// removed, each with if_match on the etag that was compared. A blob that changed in between is kept and counted.
///
/// \return the summary; an error only when the store could not be listed or the state not be kept.
/// \par Complexity  One listing, with `look_again` another one (or a head for each object, where names are
///                  scanned), one removal for each object, reads for pairs without a proof, one put and one
///                  `read_stage` for each wave. Memory as the options say.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<remove_summary> remove_sources(const migration_job<S, From, To>& job, const context& c,
                                      remove_options options = {}) {
    return detail::remove_run<S, From, To>(job, c, options).run();
}

}  // namespace blobshift::inline v1

#endif
