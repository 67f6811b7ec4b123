// SPDX-License-Identifier: MIT
//
// Keeps a delete and the removal of new names by a rollback apart: each alone is safe, both at once would lose blobs.
//
// Row: migrate (core, store).   Tests: tests/migrate/claim.test.cpp

#ifndef BLOBSHIFT_MIGRATE_CLAIM_HPP
#define BLOBSHIFT_MIGRATE_CLAIM_HPP

#include <optional>  // optional
#include <utility>   // move
#include <vector>    // vector

#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/operation.hpp>

namespace blobshift::inline v1 {

/// A program's word, on record, that it is about to remove names, and its look at the words of others.
///
/// Whoever removes an old name because its new one is there must not run beside one who removes the new one because the
/// old one is there. Each puts its own record first and looks for the others' afterwards, so of two that begin at once
/// at least one sees the other. Several of the same kind are no danger to each other: both leave the same names.
///
/// The destructor takes the record away. One that was killed leaves it behind: it counts until its lease is over, and
/// the next claim takes it away then.
///
/// \par Thread-safety  One thread.
class removal_claim {
public:
    /// `state` must outlive the claim.
    removal_claim(any_store& state, operation_kind kind, operation_options options = {})
        : state_(state), kind_(kind), options_(options) {
        options_.folder = claim_folder;
    }
    removal_claim(const removal_claim&) = delete;
    removal_claim& operator=(const removal_claim&) = delete;
    ~removal_claim() {
        try {
            if (mine_) static_cast<void>(mine_->discard(detail::to_the_end(last_)));
        } catch (...) {
            // Its lease will end.
        }
    }

    /// Call before every batch of removals, which must then be made with what `until_over` gives.
    ///
    /// \return why they must not be made: "operation_running", for each operation of another kind; or the store's
    ///         error.
    /// \par Complexity  One put the first time, and then every `operation_options::every`; two `list_operations`.
    result<std::vector<obstacle>> hold(const context& c) {
        if (!mine_) {
            last_ = c;
            auto started = running_operation::start(state_, c, operation_id::make(), kind_, options_);
            if (!started) return unexpected(std::move(started).error());
            mine_ = std::move(started->mine);
            if (auto swept = sweep(c); !swept) return unexpected(std::move(swept).error());
        } else if (auto beaten = mine_->beat(c, {}); !beaten) {
            return unexpected(std::move(beaten).error());
        }
        return obstacles_of_operations(state_, c, kind_);
    }

    /// `c` with the end of the claim as its deadline: a program that stood still meanwhile, and was taken for dead,
    /// must not go on with a batch. Call it after `hold`.
    [[nodiscard]] context until_over(const context& c) const {
        context bounded = c;
        if (mine_ && (!c.deadline || mine_->valid_until() < *c.deadline)) bounded.deadline = mine_->valid_until();
        return bounded;
    }

private:
    /// Takes away what the dead have left. One that was only silent puts its record back with its next sign of life,
    /// and looks around after that.
    result<void> sweep(const context& c) {
        auto all = list_operations(state_, c, claim_folder);
        if (!all) return unexpected(std::move(all).error());
        for (const known_operation& each : *all) {
            if (each.record.is_alive(c.clock->utc_now())) continue;
            auto name = detail::operation_blob(each.id, claim_folder);
            if (!name) return unexpected(std::move(name).error());
            if (auto gone = state_.remove(c, *name, {}); !gone) return unexpected(std::move(gone).error());
        }
        return {};
    }

    any_store& state_;
    operation_kind kind_;
    operation_options options_;
    context last_ = {};  ///< For the destructor.
    std::optional<running_operation> mine_ = {};
};

}  // namespace blobshift::inline v1

#endif
