// SPDX-License-Identifier: MIT
//
// The way back: every new name gets its old one again, as the undo ledger says it, from any point before the seal.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/rollback.test.cpp, rollback_ledger.test.cpp

#ifndef BLOBSHIFT_MIGRATE_ROLLBACK_HPP
#define BLOBSHIFT_MIGRATE_ROLLBACK_HPP

#include <algorithm>  // binary_search, max, sort
#include <chrono>     // milliseconds
#include <cstddef>    // size_t
#include <cstdint>    // uint64_t
#include <span>       // span
#include <string>     // string
#include <utility>    // exchange, move
#include <vector>     // vector

#include <blobshift/core/xxh64.hpp>
#include <blobshift/migrate/check.hpp>
#include <blobshift/migrate/claim.hpp>
#include <blobshift/migrate/copy.hpp>

namespace blobshift::inline v1 {

struct rollback_options {
    /// How surely both names must be known to be equal, and a new name that is left to be what had the old one. Of the
    /// first, less than `computed_hash` is taken as that when `remove_new`.
    verify_level level = verify_level::computed_hash;
    /// Then remove every new name whose old one is proved equal. Only when no node uses new names any more.
    bool remove_new = false;
    unsigned max_passes = 10;  ///< As for copy.
    std::chrono::milliseconds pending_pause{1000};
};

/// How a rollback ended. `made` and `last` count over all containers.
struct rollback_summary : copy_summary {
    /// Not empty: it was not begun, or ended on its way, and these are the reasons.
    std::vector<obstacle> refused = {};
    std::uint64_t unresolvable = 0;      ///< New names of which nothing says what their old name was. They stay.
    std::uint64_t removed_new = 0;       ///< New names that were removed.
};

namespace detail {

/// The rollback of one container.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
class rollback_run {
public:
    /// \param number  Of the job in `all`.
    rollback_run(const migration<S, From, To>& all, std::size_t number, const context& c,
                 const rollback_options& options, removal_claim& claim)
        : all_(all),
          number_(number),
          c_(c),
          options_(options),
          claim_(claim),
          keeper_(claim, c, all.jobs[number].observer),
          job_(all.jobs[number].heard_by(keeper_)),
          tally_(keeper_) {}

    /// Gives every new name its old one again.
    result<rollback_summary> bring_all_back() {
        // Before: what was removed must not come back. After: it may have been removed while it was copied.
        if (auto swept = sweep(); !swept || summary_.interrupted) return ended(std::move(swept));
        const copy_options passes{.max_passes = options_.max_passes, .pending_pause = options_.pending_pause};
        auto ran = run_passes(c_, passes, job_.options.dry_run, tally_, summary_, [&] { return pass(false); });
        if (!ran || summary_.interrupted) return ended(std::move(ran));
        return settled();
    }

    /// Then removes the new ones that are equal, in further passes while a service removes instances meanwhile.
    result<rollback_summary> remove_new_names() {
        outcome_counts gone;  // in all passes: the last one does not meet them again
        for (bool again = true; again;) {
            ++summary_.passes;
            auto removed = pass(true);
            if (!removed && !ends_the_run(removed.error())) return unexpected(std::move(removed).error());
            summary_.interrupted = !removed;
            summary_.last = tally_.counts();
            const auto found = [&](outcome what) { return tally_.objects(what); };
            const bool went_on = removed && summary_.refused.empty();
            const bool did_all = found(outcome::removed) == candidates_ && found(outcome::copied) == 0;
            summary_.complete = went_on && did_all && all_is_well(summary_.last);
            again = went_on && found(outcome::changed) + found(outcome::copied) > 0 &&
                    summary_.passes < options_.max_passes;
            const outcome_counts before = gone;
            gone.add(outcome::removed, summary_.last.bytes(outcome::removed), found(outcome::removed));
            summary_.last += before;
        }
        summary_.removed_new = gone.objects(outcome::removed);
        return summary_.interrupted ? result<rollback_summary>(summary_) : settled();
    }

private:
    /// What was removed while it was brought back goes again; and nothing may have come between until now.
    [[nodiscard]] result<rollback_summary> settled() {
        if (auto looked = look_around(); !looked) return unexpected(std::move(looked).error());
        summary_.complete = summary_.complete && summary_.refused.empty();
        if (!summary_.refused.empty()) return summary_;
        if (auto swept = sweep(); !swept) return ended(std::move(swept));
        return summary_;
    }

    /// Looks for what must not come between: a seal, a node at New, another operation.
    result<void> look_around() {
        if (job_.options.dry_run || !summary_.refused.empty()) return {};
        claim_.beat(c_);
        auto against = obstacles_to_rollback(all_, c_, options_.remove_new);
        if (!against) return unexpected(std::move(against).error());
        summary_.refused = *std::move(against);
        if (claim_.has_lapsed()) {
            summary_.refused.push_back({"was_silent", 1,
                                        "the rollback gave no sign of life for longer than one counts, so others may "
                                        "have changed what it had done: run it again"});
        }
        return {};
    }

    [[nodiscard]] result<rollback_summary> ended(result<void>&& by) {
        if (!by) return unexpected(std::move(by).error());
        summary_.complete = false;
        return summary_;
    }

    result<void> sweep() {
        if (job_.options.dry_run) return {};
        claim_.beat(c_);
        return sweep_behind(job_, c_, all_.state, ledgers_beside(all_, number_), summary_);
    }

    result<void> pass(bool removes) {
        const verify_level least = options_.remove_new ? verify_level::computed_hash : verify_level::exists;
        tally_.begin("rollback", summary_.passes, 0, 0);  // a pass that ends before it began has counted nothing
        if (auto looked = look_around(); !looked || !summary_.refused.empty()) return looked;
        std::vector<name_pair> equal;
        pair_copier<S, From, To> copier(job_, c_, tally_, (std::max)(options_.level, least), direction::to_old,
                                        removes ? &equal : nullptr);
        auto passed = through_all(copier, equal);
        if (auto kept = copier.keep(to_the_end(c_)); !kept && passed) passed = std::move(kept);
        return passed;
    }

    result<void> through_all(pair_copier<S, From, To>& copier, std::vector<name_pair>& equal) {
        inventory all(job_.scratch, c_, job_.listing());
        const auto alive = [&] { claim_.beat(c_); };
        if (auto read = all.collect_evidence(job_.state, job_.to, alive); !read) return read;
        if (auto read = all.collect_ledger(job_.state, job_.to, alive); !read) return read;
        if (auto listed = all.collect(job_.store, job_.from, job_.to, job_.observer); !listed) return listed;
        if (auto read = all.collect_removals(all_.state, job_.to, alive); !read) return read;
        tally_.begin("rollback", summary_.passes, all.counts().targets, all.counts().target_bytes);
        summary_.unresolvable = candidates_ = 0;
        nameless_before_ = std::exchange(nameless_, {});
        std::sort(nameless_before_.begin(), nameless_before_.end());
        for (;;) {
            if (auto go = c_.proceed(); !go) return go;
            auto pair = all.next();
            if (!pair) return unexpected(std::move(pair).error());
            if (!*pair) break;
            if (!(*pair)->present) {
                if ((*pair)->sources.empty()) miss(std::move(**pair));
                continue;  // it has its old name, and no new one
            }
            if (auto taken = take(copier, std::move(**pair)); !taken) return taken;
            if (equal.size() >= job_.batch_size()) {
                if (auto removed = remove_new(equal); !removed || !summary_.refused.empty()) return removed;
            }
        }
        if (auto rest = copier.finish(); !rest) return rest;
        return equal.empty() ? result<void>() : remove_new(equal);
    }

    result<void> take(pair_copier<S, From, To>& copier, name_pair&& pair) {
        if (pair.sources.empty()) return bring_back(copier, std::move(pair));
        // What a copy of ours left under the new name when it failed holds nothing: the old name is all that there is.
        if (judge(pair).repair) return copier.accept(std::move(pair)), result<void>();
        // What a copy of ours left under the old name when it failed is replaced.
        const blob_facts& older = pair.sources.front();
        if (pair.sources.size() > 1 || older.is_whole() || !pair.present->is_whole())
            return copier.take(std::move(pair));
        if (older.copy != copy_state::pending) return copier.copy(std::move(pair));
        tally_.tell(pair, outcome::pending, "the store is still copying");
        return {};
    }

    /// A new name that the ledger promises, that is gone, and that no record says was removed.
    void miss(name_pair&& pair) {
        pair.sources.push_back({.name = pair.origins.front(), .size_bytes = pair.promises.front().size_bytes});
        tally_.tell(pair, outcome::failed, "the new name is gone, and no record says that it was removed");
    }

    /// Why a new name may hold something else than what its old one held, by what the ledger knows; empty if it does
    /// not.
    [[nodiscard]] std::string_view doubt_about(const name_pair& pair) const {
        std::string_view doubt;
        for (const known_content& known : pair.promises) {
            const blob_facts then = {
                .name = pair.target, .size_bytes = known.size_bytes, .stored_hash = known.stored_hash};
            const comparison now = compare_listed(then, *pair.present);
            const bool same = now.equal && (now.level >= verify_level::stored_hash || known.tag.empty() ||
                                            options_.level < verify_level::computed_hash);
            if (same || strongly_equal(known.tag, pair.present->tag)) return {};
            doubt = now.equal
                        ? "it was stored again since the delete, and no hash proves it the same: a lower level of "
                          "proof takes its length for it"
                        : "it is not what had the old name: the length or the hash in the ledger is another";
        }
        return doubt;
    }

    /// A new name without an old one.
    result<void> bring_back(pair_copier<S, From, To>& copier, name_pair&& pair) {
        const blob_facts& present = *pair.present;
        // What is told of it is told as of its old name, as far as that is known.
        pair.sources.push_back({.name = pair.origins.empty() ? std::string() : pair.origins.front(),
                                .size_bytes = present.size_bytes});
        if (pair.is_given_up) {  // the sweep behind the last pass takes it away
            tally_.tell(pair, outcome::absent, "it is on record as removed");
        } else if (pair.origins.size() > 1) {
            tally_.tell(pair, outcome::collision, "the ledger knows several old names of it");
        } else if (pair.origins.empty() && !has_old_counterpart(job_.from, job_.to, pair.target)) {
            tally_.tell(pair, outcome::present, "the old scheme has no name for it");
        } else if (pair.origins.empty()) {
            without_origin(pair);
        } else if (is_new_name(pair.origins.front())) {
            tally_.tell(pair, outcome::present, "what it had before was a new name, too, in another spelling");
        } else if (!leads_to(pair.origins.front(), pair.target)) {
            tally_.tell(pair, outcome::failed, "the ledger gives it an old name that does not lead to it");
        } else if (present.copy == copy_state::pending) {
            tally_.tell(pair, outcome::pending, "the store is still copying");
        } else if (!present.is_whole()) {
            tally_.tell(pair, outcome::blocked, "the new name is an unfinished copy");
        } else if (const std::string_view doubt = doubt_about(pair); !doubt.empty()) {
            tally_.tell(pair, outcome::different, doubt);
        } else if (present.obstacles.archived) {
            tally_.tell(pair, outcome::blocked, "archived: rehydrate it first");
        } else {
            return copier.copy(std::move(pair));
        }
        return {};
    }

    /// A new name of which nothing says what its old one was. While nodes write both names, a listing may miss the old
    /// one of a pair that is just being stored, so the first pass does not decide. A name that a later pass meets for
    /// the first time was stored during the rollback, under both names: nobody is at New.
    void without_origin(const name_pair& pair) {
        const std::uint64_t key = xxh64_of(pair.target);
        nameless_.push_back(key);
        if (summary_.passes == 1 && !job_.options.dry_run) {
            tally_.tell(pair, outcome::changed, "its old name is not known: a further pass looks for it");
        } else if (summary_.passes > 1 && !std::binary_search(nameless_before_.begin(), nameless_before_.end(), key)) {
            tally_.tell(pair, outcome::present, "it was stored meanwhile, under both names");
        } else {
            ++summary_.unresolvable;
            tally_.tell(pair, outcome::unnameable, "the ledger does not say what its old name was");
        }
    }

    [[nodiscard]] bool is_new_name(const std::string& origin) const {
        auto name = blob_name::parse(origin);
        return name && job_.to.parse(*name);
    }
    /// Whether the old name, by the policies, leads to this new name and no other.
    [[nodiscard]] bool leads_to(const std::string& origin, const std::string& target) const {
        auto name = blob_name::parse(origin);
        if (!name) return false;
        auto known = job_.from.parse(*name);
        if (!known) return false;
        auto newer = job_.to.name_of(known->id, known->kind);
        return newer && newer->text() == target;
    }

    /// Removes the new names of pairs that are equal, when their old names still are what was compared.
    result<void> remove_new(std::vector<name_pair>& equal) {
        candidates_ += equal.size();
        auto against = claim_.hold(c_);
        if (!against) return unexpected(std::move(against).error());
        append(summary_.refused, *std::move(against));
        if (!summary_.refused.empty()) return equal.clear(), result<void>();
        const context c = claim_.until_over(c_);
        std::vector<result<blob_info>> seen(equal.size(), fail(errc::cancelled, "not looked at"));
        for_each_index(equal.size(), job_.options.concurrency, [&](std::size_t i) {
            auto name = blob_name::parse(equal[i].sources.front().name);
            if (name) seen[i] = job_.store.head(c_, *name);
            else seen[i] = unexpected(std::move(name).error());
        });
        std::vector<remove_request> requests;
        std::vector<std::size_t> whose;
        for (std::size_t i = 0; i < equal.size(); ++i) {
            auto target = blob_name::parse(equal[i].target);
            if (!target) return unexpected(std::move(target).error());
            if (!seen[i]) {
                if (ends_the_run(seen[i].error())) return unexpected(seen[i].error());
                tally_.tell(equal[i], outcome_of_reading(seen[i].error()), "the old name could not be seen again",
                            &seen[i].error());
            } else if (!strongly_equal(seen[i]->tag, equal[i].sources.front().tag)) {
                tally_.tell(equal[i], outcome::changed, "the old name has changed since it was compared");
            } else {
                requests.push_back({*std::move(target), condition::if_match(equal[i].present->tag)});
                whose.push_back(i);
            }
        }
        result<void> going;
        remove_many(job_.store, c, std::span<const remove_request>(requests),
                    bulk_options{.concurrency = job_.options.concurrency}, [&](std::size_t i, result<bool>&& gone) {
                        if (!gone && gone.error().done != effect::none) claim_.doubt();
                        if (gone) {
                            tally_.tell(equal[whose[i]], outcome::removed, "the new name is gone");
                        } else if (!ends_the_run(gone.error())) {
                            tally_.tell(equal[whose[i]], outcome_of(gone.error()), {}, &gone.error());
                        } else if (going) {
                            going = unexpected(std::move(gone).error());
                        }
                    });
        equal.clear();
        return going;
    }

    const migration<S, From, To>& all_;
    std::size_t number_;
    const context& c_;
    const rollback_options& options_;
    removal_claim& claim_;
    claim_keeper keeper_;
    const migration_job<S, From, To> job_;
    tally tally_;
    std::uint64_t candidates_ = 0;  ///< Pairs whose new name was to be removed.
    std::vector<std::uint64_t> nameless_ = {};         ///< Hashes of what `without_origin` met in this pass,
    std::vector<std::uint64_t> nameless_before_ = {};  ///< and in the one before, sorted. 8 bytes for each.
    rollback_summary summary_ = {};
};

}  // namespace detail

/// Gives every new name that has none its old name again, in all containers, until a further pass finds nothing to do.
///
/// The old name is what the undo ledger says, and must lead to the new one; where the ledger says nothing, the blob was
/// stored in format New and has never had one: it stays, and is counted as unresolvable. Copies are create-only, pinned
/// to the version that was listed, and compared as copy does it. New names are kept, unless `remove_new`: then each
/// goes, with if_match, when its old one is proved equal, in passes that begin when every container is whole, and end
/// when one meets nothing that changed meanwhile, or a delete begins. What the deletion log says was removed is removed
/// under both names, before and after, and never brought back. Idempotent; with `dry_run` nothing is changed.
///
/// Refuses, changing nothing, when it is sealed, where a container is missing, while a node works in New (with
/// `remove_new`: in Dual, too) or is stale, and while another operation runs; and ends, with the reasons, when one of
/// these is met before a later pass or behind the last.
///
/// \return the summary; an error only when the store could not be listed or the state not be read or kept.
/// \par Complexity  For each container and pass one listing, one copy for each old name that is missing, and two reads
///                  for each pair without a proof. Memory as the options say.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<rollback_summary> roll_back(const migration<S, From, To>& all, const context& c, rollback_options options = {}) {
    rollback_summary sum;
    removal_claim claim(all.state, operation_kind::rollback);
    if (!all.jobs.front().options.dry_run) {  // its own word first, then the look at the others'
        if (auto given = claim.give(c); !given) return unexpected(std::move(given).error());
    }
    auto refused = obstacles_to_rollback(all, c, options.remove_new);
    if (!refused) return unexpected(std::move(refused).error());
    sum.refused = *std::move(refused);
    if (!sum.refused.empty()) return sum;
    sum.complete = true;
    const auto add = [&](const rollback_summary& done) {
        sum.made += done.made;
        sum.last += done.last;
        sum.passes = (std::max)(sum.passes, done.passes);
        sum.complete = sum.complete && done.complete;
        sum.interrupted = sum.interrupted || done.interrupted;
        sum.unresolvable += done.unresolvable;
        sum.removed_new += done.removed_new;
        detail::append(sum.refused, std::vector<obstacle>(done.refused));
    };
    for (std::size_t i = 0; i < all.jobs.size() && sum.refused.empty(); ++i) {
        auto done = detail::rollback_run<S, From, To>(all, i, c, options, claim).bring_all_back();
        if (!done) return done;
        add(*done);
    }
    if (options.remove_new && sum.complete) {
        sum.last = {};
        sum.unresolvable = 0;
        for (std::size_t i = 0; i < all.jobs.size() && sum.refused.empty(); ++i) {
            auto done = detail::rollback_run<S, From, To>(all, i, c, options, claim).remove_new_names();
            if (!done) return done;
            add(*done);
        }
    }
    sum.complete = sum.complete && sum.unresolvable == 0;
    return sum;
}

}  // namespace blobshift::inline v1

#endif
