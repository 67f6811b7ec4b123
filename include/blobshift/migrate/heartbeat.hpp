// SPDX-License-Identifier: MIT
//
// Keeps the record of an operation alive from what its job tells, without a thread of its own.
//
// Row: migrate (core, store).   Tests: tests/migrate/heartbeat.test.cpp

#ifndef BLOBSHIFT_MIGRATE_HEARTBEAT_HPP
#define BLOBSHIFT_MIGRATE_HEARTBEAT_HPP

#include <optional>    // optional
#include <stop_token>  // stop_source, stop_callback
#include <utility>     // move

#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/operation.hpp>

namespace blobshift::inline v1 {

/// An observer between a job and another observer. Give the job `run_context()`: it also stops when the operation was
/// taken over by somebody else.
///
/// A job that is silent for longer than the lease, because one blob takes so long, may be taken over although it lives:
/// the work is then done twice, with the same result.
///
/// \par Thread-safety  One thread, that of the job.
class heartbeat final : public migration_observer {
public:
    /// All must outlive the heartbeat; `c` is what the job would have been given.
    heartbeat(running_operation& mine, const context& c, migration_observer& next)
        : mine_(mine), next_(&next), run_(c), forward_(c.stop, stop_request{stopping_}) {
        run_.stop = stopping_.get_token();
    }
    heartbeat(const heartbeat&) = delete;
    heartbeat& operator=(const heartbeat&) = delete;

    [[nodiscard]] const context& run_context() const noexcept { return run_; }
    /// Of all parts together, as they were told last.
    [[nodiscard]] const operation_counts& counts() const noexcept { return counts_; }

    /// The next container, which has an observer of its own. What was counted so far is added to.
    void begin_part(migration_observer& next) noexcept {
        next_ = &next;
        before_ = counts_;
    }

    void on_object(const object_event& event) override { next_->on_object(event); }
    void on_progress(const progress_event& event) override {
        next_->on_progress(event);
        counts_ = {before_.objects + event.objects, before_.objects_total + event.objects_total,
                   before_.bytes + event.bytes, before_.bytes_total + event.bytes_total};
        if (lost_) return;
        // A store that fails just now is no reason to end the job: its own calls will tell.
        if (auto beaten = mine_.beat(run_, counts_); !beaten && beaten.error().code == errc::conflict) {
            lost_ = std::move(beaten).error();
            stopping_.request_stop();
        }
    }

    /// Records the end of the job, even when it was stopped.
    ///
    /// \return errc::conflict when the operation was taken over; or the store's error.
    result<void> finish(operation_status status) {
        if (lost_) return unexpected(*lost_);
        return mine_.finish(detail::to_the_end(run_), status, counts_);
    }

private:
    struct stop_request {
        std::stop_source stopping;
        void operator()() noexcept { stopping.request_stop(); }
    };

    running_operation& mine_;
    migration_observer* next_;
    std::stop_source stopping_ = {};
    context run_;
    operation_counts before_ = {};  ///< Of the parts that are over.
    operation_counts counts_ = {};
    std::optional<error> lost_ = {};
    std::stop_callback<stop_request> forward_;
};

}  // namespace blobshift::inline v1

#endif
