// SPDX-License-Identifier: MIT
//
// Brings the pairs of the repair list right: what a put in format Dual left under one of its two names.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/mend.test.cpp

#ifndef BLOBSHIFT_MIGRATE_MEND_HPP
#define BLOBSHIFT_MIGRATE_MEND_HPP

#include <cstddef>   // size_t
#include <cstdint>   // uint64_t
#include <optional>  // optional
#include <utility>   // move
#include <vector>    // vector

#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/pair_copier.hpp>
#include <blobshift/views/repair_list.hpp>

namespace blobshift::inline v1 {

/// What mending came to.
struct mend_summary {
    std::uint64_t entries = 0;     ///< Of the list; some may stand more than once.
    std::uint64_t last = 0;        ///< Up to where the list was read: for `erase_repairs`.
    outcome_counts outcomes = {};  ///< copied, repaired and present: the pair is right. Others: it is not.
    bool complete = false;         ///< Every pair is right.
};

namespace detail {

/// Looks at both names of the entries in one container, and copies or compares.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
class mender {
public:
    mender(const migration_job<S, From, To>& job, const context& c)
        : job_(job), c_(c), tally_(job.observer), copier_(job, c, tally_, verify_level::computed_hash) {
        tally_.begin("cleanup", 1, 0, 0);
    }

    result<void> mend(const std::vector<repair>& entries) {
        std::vector<looked_at> pairs(entries.size());
        for_each_index(entries.size(), job_.options.concurrency, [&](std::size_t i) { pairs[i] = look(entries[i]); });
        for (looked_at& each : pairs) {
            if (each.failure) {
                if (ends_the_run(*each.failure)) return unexpected(*std::move(each.failure));
                tally_.tell(*each.pair, outcome::failed, {}, &*each.failure);
            } else if (each.pair) {
                if (auto taken = copier_.take(*std::move(each.pair)); !taken) return taken;
            }
        }
        return copier_.finish();
    }
    result<void> keep(const context& c) { return copier_.keep(c); }
    [[nodiscard]] const outcome_counts& counts() const noexcept { return tally_.counts(); }

private:
    struct looked_at {
        std::optional<name_pair> pair = {};
        std::optional<error> failure = {};
    };

    /// No pair: there is no old name here that could lack its new one. Where only the new name is, it is all that is
    /// wanted, or the removal of the instance is on its way.
    looked_at look(const repair& entry) {
        auto old_name = job_.from.name_of(entry.id, entry.kind);
        auto new_name = job_.to.name_of(entry.id, entry.kind);
        if (!old_name || !new_name || *old_name == *new_name) return {};
        looked_at seen;
        auto older = job_.store.head(c_, *old_name);
        if (!older && older.error().code == errc::not_found) return {};
        seen.pair = name_pair{.target = new_name->text()};
        seen.pair->sources.push_back(older ? facts_of(*older) : blob_facts{.name = old_name->text()});
        if (!older) {
            seen.failure = std::move(older).error();
            return seen;
        }
        auto newer = job_.store.head(c_, *new_name);
        if (newer) {
            seen.pair->present = facts_of(*newer);
        } else if (newer.error().code != errc::not_found) {
            seen.failure = std::move(newer).error();
        }
        return seen;
    }

    const migration_job<S, From, To>& job_;
    const context& c_;
    tally tally_;
    pair_copier<S, From, To> copier_;
};

}  // namespace detail

/// Deals with every entry of the repair list in `all.state`: where the old name is there and the new one is not, the
/// copy is made, create-only; where both are there, they are read and compared. The list stays as it is.
///
/// \return the summary; or the error of the list, of the state, or of a stop; or, where a blob was gone, of a container
///         that cannot be listed.
/// \par Complexity  One read for each segment of the list; for each entry and container two heads, and a copy or two
///                  reads.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<mend_summary> mend_pairs(const migration<S, From, To>& all, const context& c) {
    mend_summary summary;
    std::vector<repair> entries;
    const auto deal = [&]() -> result<void> {
        for (const auto& job : all.jobs) {
            detail::mender<S, From, To> mender(job, c);
            auto mended = mender.mend(entries);
            if (auto kept = mender.keep(detail::to_the_end(c)); !kept && mended) mended = std::move(kept);
            summary.outcomes += mender.counts();
            if (!mended) return mended;
        }
        entries.clear();
        return {};
    };
    const auto take = [&](const repair& entry) -> result<void> {
        if (auto go = c.proceed(); !go) return go;
        ++summary.entries;
        entries.push_back(entry);
        return entries.size() >= all.jobs.front().batch_size() ? deal() : result<void>();
    };
    auto last = read_repairs(all.state, c, take, all.concurrency());
    if (!last) return unexpected(std::move(last).error());
    if (auto rest = deal(); !rest) return unexpected(std::move(rest).error());
    summary.last = *last;
    std::uint64_t right = 0;
    std::uint64_t told = 0;
    for (std::size_t i = 0; i < outcome_count; ++i) {
        const auto what = static_cast<outcome>(i);
        const bool is_right = what == outcome::copied || what == outcome::repaired || what == outcome::present;
        told += summary.outcomes.objects(what);
        right += is_right ? summary.outcomes.objects(what) : 0;
    }
    summary.complete = told == right;
    return summary;
}

}  // namespace blobshift::inline v1

#endif
