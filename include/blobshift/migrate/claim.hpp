// SPDX-License-Identifier: MIT
//
// Keeps a delete, a rollback and the seal apart: each alone is safe, two at once would lose blobs or the way back.
//
// Row: migrate (core, store).   Tests: tests/migrate/claim.test.cpp

#ifndef BLOBSHIFT_MIGRATE_CLAIM_HPP
#define BLOBSHIFT_MIGRATE_CLAIM_HPP

#include <chrono>    // milliseconds
#include <optional>  // optional
#include <utility>   // move
#include <vector>    // vector

#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/operation.hpp>

namespace blobshift::inline v1 {

/// What the difference of two machines' clocks, and the time that a removal is on its way after its sender gave it up,
/// must stay below.
inline constexpr std::chrono::milliseconds claim_margin{300'000};

/// A program's word, on record, that it is about to remove names or to bring them back, or to seal, and its look at the
/// words of others.
///
/// Whoever removes an old name because its new one is there must not run beside one who removes the new one because the
/// old one is there. Each puts its own record first and looks for the others' afterwards, so of two that begin at once
/// at least one sees the other. Several of the same kind are no danger to each other: both leave the same names.
///
/// Its giver acts on it until its lease is over, and others count it longer by `claim_margin`: so long may a removal
/// that was sent still be on its way, and by so much may the clocks of two machines differ, together.
///
/// The destructor takes the record away, unless a removal is in doubt. One that was killed, and one in doubt, leaves it
/// behind: it counts until lease and margin are over, and the next claim takes it away then.
///
/// \par Thread-safety  One thread.
class removal_claim {
public:
    /// `state` must outlive the claim.
    removal_claim(any_store& state, operation_kind kind, operation_options options = {})
        : state_(state), kind_(kind), options_(options) {
        options_.folder = claim_folder;
        options_.margin = claim_margin;
    }
    removal_claim(const removal_claim&) = delete;
    removal_claim& operator=(const removal_claim&) = delete;
    ~removal_claim() {
        try {
            if (mine_ && !is_in_doubt_) static_cast<void>(mine_->discard(detail::to_the_end(last_)));
        } catch (...) {
            // Its lease will end.
        }
    }

    /// Call before every batch of removals, which must then be made with what `until_over` gives.
    ///
    /// \return why they must not be made: "operation_running", for each operation of another kind; or the store's
    ///         error.
    /// \par Complexity  That of `give`, and two `list_operations`.
    result<std::vector<obstacle>> hold(const context& c) {
        if (auto given = give(c); !given) return unexpected(std::move(given).error());
        return obstacles_of_operations(state_, c, kind_);
    }

    /// The first half of `hold`, for who then looks by other means: gives the word, and keeps it.
    ///
    /// \par Complexity  A put and a `list_operations` the first time, then a put every `operation_options::every`.
    result<void> give(const context& c) {
        if (!mine_) {
            last_ = c;
            auto started = running_operation::start(state_, c, operation_id::make(), kind_, options_);
            if (!started) return unexpected(std::move(started).error());
            mine_ = std::move(started->mine);
            if (auto swept = sweep(c); !swept) return swept;
            return mine_->beat(c, {});  // that may have taken long, and nothing depends on the word yet
        }
        note_lapse(c);
        return mine_->beat(c, {});
    }

    /// A sign of life, where one is due; nothing before the first `give`. A store that fails just now is no reason to
    /// end a job: the next `give` tells.
    void beat(const context& c) {
        if (!mine_) return;
        note_lapse(c);
        static_cast<void>(mine_->beat(c, {}));
    }
    /// A removal was sent, and nobody knows what became of it: it may still be on its way when this program has ended.
    void doubt() noexcept { is_in_doubt_ = true; }
    /// Whether there ever was no sign of life for longer than it counts: others may have come, worked, and gone.
    [[nodiscard]] bool has_lapsed() const noexcept { return has_lapsed_; }

    /// `c` with the end of the claim as its deadline: a program that stood still meanwhile, and was taken for dead,
    /// must not go on with a batch. Call it after `give`.
    [[nodiscard]] context until_over(const context& c) const {
        context bounded = c;
        if (!mine_) return bounded;
        const steady_time over = mine_->valid_until(c);
        if (!c.deadline || over < *c.deadline) bounded.deadline = over;
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

    void note_lapse(const context& c) { has_lapsed_ = has_lapsed_ || mine_->valid_until(c) <= c.clock->now(); }

    any_store& state_;
    operation_kind kind_;
    operation_options options_;
    context last_ = {};  ///< For the destructor.
    std::optional<running_operation> mine_ = {};
    bool has_lapsed_ = false;
    bool is_in_doubt_ = false;
};

/// An observer between a job and another observer: keeps a claim alive while the job tells of its progress.
class claim_keeper final : public migration_observer {
public:
    /// All must outlive it.
    claim_keeper(removal_claim& claim, const context& c, migration_observer& next)
        : claim_(claim), c_(c), next_(next) {}

    void on_object(const object_event& event) override { next_.on_object(event); }
    void on_progress(const progress_event& event) override {
        next_.on_progress(event);
        claim_.beat(c_);
    }

private:
    removal_claim& claim_;
    const context& c_;
    migration_observer& next_;
};

}  // namespace blobshift::inline v1

#endif
