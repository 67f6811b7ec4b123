// SPDX-License-Identifier: MIT
//
// Whose a watermark is, by the undo ledgers: no removal may take a name that another instance has.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/watermark_owners.test.cpp

#ifndef BLOBSHIFT_MIGRATE_WATERMARK_OWNERS_HPP
#define BLOBSHIFT_MIGRATE_WATERMARK_OWNERS_HPP

#include <cstddef>        // size_t
#include <cstdint>        // int64_t
#include <set>            // set
#include <string>         // string
#include <string_view>    // string_view
#include <unordered_map>  // unordered_multimap
#include <utility>        // move
#include <vector>         // vector

#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/migrate/stage.hpp>
#include <blobshift/views/instance_record.hpp>

namespace blobshift::inline v1::detail {

/// So many removals, some 16 MB, are held against the ledgers at once; for each such batch the ledgers are read once.
inline constexpr std::size_t most_removals_at_once = 65'536;

inline constexpr std::string_view claimed_reason = "its watermark is another instance's: nothing of either is removed";

/// Gives every instance that the ledger in `state` knows to `f`, with `number` and the entry. Old names that the job's
/// policy cannot read, and withdrawals, are passed over.
template <BlobStore S, NamingPolicy From, NamingPolicy To, class F>
result<void> each_known_instance_of(const migration_job<S, From, To>& job, any_store& state, const context& c,
                                    std::size_t number, F& f) {
    const auto take = [&](const ledger_entry& entry) -> result<void> {
        if (entry.is_withdrawal()) return {};
        auto known = job.from.parse(entry.source);
        return known ? f(number, known->id, entry) : result<void>();
    };
    auto read = read_ledger(state, c, take, job.options.concurrency);
    return read ? c.proceed() : read;
}

/// The same of the ledgers of all jobs, with the number of the job.
///
/// \return the first error of a ledger, of `f` or of a stop. \par Complexity  One reading of each ledger.
template <BlobStore S, NamingPolicy From, NamingPolicy To, class F>
result<void> each_known_instance(const migration<S, From, To>& all, const context& c, F f) {
    for (std::size_t i = 0; i < all.jobs.size(); ++i) {
        auto read = each_known_instance_of(all.jobs[i], all.jobs[i].state, c, i, f);
        if (!read) return read;
    }
    return {};
}

/// What is known of the watermark of a removal.
enum class ownership : unsigned char {
    unknown,  ///< Nothing.
    own,      ///< It is the watermark of the instance that is to be removed.
    another,  ///< Another instance has it, whoever else has it, too.
};

/// Removals, and what is known of their watermarks. An id names one instance; so does a watermark, and work items count
/// theirs by themselves.
class watermark_owners {
public:
    struct removal_in_question {
        instance_id id;
        ownership whose = ownership::unknown;
    };

    void ask(instance_id id) {
        by_watermark_.emplace(key_of(id), asked_.size());
        asked_.push_back({std::move(id)});
    }
    /// Somebody is known to have been stored with this id.
    void note(const instance_id& owner) {
        const auto [first, last] = by_watermark_.equal_range(key_of(owner));
        for (auto each = first; each != last; ++each) {
            removal_in_question& asked = asked_[each->second];
            if (asked.id != owner) asked.whose = ownership::another;
            else if (asked.whose == ownership::unknown) asked.whose = ownership::own;
        }
    }
    template <BlobStore S, NamingPolicy From, NamingPolicy To>
    result<void> note_ledgers(const migration<S, From, To>& all, const context& c) {
        if (asked_.empty()) return {};
        const auto note_one = [&](std::size_t, const instance_id& owner, const ledger_entry&) {
            return note(owner), result<void>();
        };
        auto noted = each_known_instance(all, c, note_one);
        for (any_store* other : all.other_ledgers) {
            if (noted) noted = each_known_instance_of(all.jobs.front(), *other, c, 0, note_one);
        }
        return noted;
    }

    [[nodiscard]] const std::vector<removal_in_question>& asked() const noexcept { return asked_; }
    void clear() {
        asked_.clear();
        by_watermark_.clear();
    }

private:
    [[nodiscard]] static std::int64_t key_of(const instance_id& id) noexcept {
        return id.study.empty() ? -id.watermark : id.watermark;
    }

    std::vector<removal_in_question> asked_ = {};
    std::unordered_multimap<std::int64_t, std::size_t> by_watermark_ = {};
};

/// Records in the ledgers that the new names which they promise of these instances need not be there any more: a
/// rollback does not miss them. What is withdrawn already is not written again; once it is to be sealed, nothing is.
///
/// \param ids  At most `most_removals_at_once`, all of whose names are gone.
/// \return the error of a ledger, or of the stage record.
/// \par Complexity  One read, one reading of each ledger, and a put for each that is to say more.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<void> withdraw_promises(const migration<S, From, To>& all, const context& c, const std::set<instance_id>& ids) {
    if (ids.empty()) return {};
    stage_view view;
    if (auto read = read_stage_record(all.state, c, view); !read) return read;
    if (view.is_sealed()) return {};  // there is no way back, and the ledgers are being destroyed
    std::set<std::int64_t> watermarks;
    for (const instance_id& id : ids) watermarks.insert(id.watermark);
    for (const auto& job : all.jobs) {
        std::set<std::string> promised;
        std::set<std::string> withdrawn;
        const auto take = [&](const ledger_entry& entry) -> result<void> {
            const auto known = entry.is_withdrawal() ? job.to.parse(entry.target) : job.from.parse(entry.source);
            if (!known) return {};
            if (entry.is_withdrawal() && watermarks.contains(known->id.watermark))
                withdrawn.insert(entry.target.text());
            if (entry.is_promise() && ids.contains(known->id)) promised.insert(entry.target.text());
            return {};
        };
        auto read = read_ledger(job.state, c, take, job.options.concurrency);
        if (!read) return read;
        ledger_writer ledger(job.state);
        for (const std::string& target : promised) {
            if (!withdrawn.contains(target)) ledger.withdraw(target);
        }
        if (auto kept = ledger.flush(c); !kept) return kept;
    }
    return {};
}

}  // namespace blobshift::inline v1::detail

#endif
