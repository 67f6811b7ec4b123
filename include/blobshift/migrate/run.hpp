// SPDX-License-Identifier: MIT
//
// The guide's two procedures, driven by its settings: copy, then delete and clean up, each as an operation with its id.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/run.test.cpp

#ifndef BLOBSHIFT_MIGRATE_RUN_HPP
#define BLOBSHIFT_MIGRATE_RUN_HPP

#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/check.hpp>
#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/heartbeat.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/scope.hpp>
#include <blobshift/migrate/told_removals.hpp>

namespace blobshift::inline v1 {

/// The lines that operators wait for, to the letter.
inline constexpr std::string_view copy_completed_line = "Completed copying files.";
inline constexpr std::string_view delete_completed_line = "Completed deleting files.";
inline constexpr std::string_view cleanup_completed_line = "Completed cleaning up deleted files.";

/// What the settings say is to be done.
struct run_settings {
    format runs = format::old_names;  ///< FormatType, of the service.
    bool start_copy = false;          ///< StartCopy
    bool start_delete = false;        ///< StartDelete
    operation_id copy;                ///< CopyFileOperationId
    operation_id remove;              ///< DeleteFileOperationId
    operation_id cleanup;             ///< CleanupDeletedFileOperationId
};

struct run_options {
    copy_options copying = {};
    remove_options deleting = {};
    operation_options operations = {};  ///< `again` has no effect: what was completed is always looked at again.
    /// Removals from elsewhere, such as a change feed, as far as the cleanup filter lets them through: carried out
    /// before the delete, while old names say which versions they are about. May be null.
    const removal_source* told = nullptr;
    /// Called before each part that changes something, when nothing speaks against it; an error ends the run. The place
    /// for `bind_home`. May be null.
    const function_ref<result<void>()>* before_change = nullptr;
};

/// What a run came to. A part is there if it was begun.
struct run_summary {
    /// Not empty: the next part was not begun, or ended on its way, for these reasons.
    std::vector<obstacle> refused = {};
    std::optional<outcome_counts> copied = {};   ///< Over all containers: what was made, and what the last pass found.
    std::optional<outcome_counts> removed = {};  ///< Over all containers.
    std::optional<cleanup_summary> cleaned = {};
    std::optional<told_summary> told = {};
    bool complete = false;     ///< All that the settings ask for is done.
    bool interrupted = false;  ///< Stopped, or the deadline passed: run it again.
};

/// Why these settings contradict each other: codes "copy_in_new" and "delete_before_new", with the guide's next step.
[[nodiscard]] inline std::vector<obstacle> contradictions_of(const run_settings& settings) {
    std::vector<obstacle> found;
    if (settings.start_copy && settings.runs == format::new_names) {
        found.push_back(
            {"copy_in_new", 1,
             "StartCopy belongs before the switch to New: if the copy is completed, set StartCopy to false (and "
             "StartDelete to true); if not, set FormatType back to Dual, and restart"});
    }
    if (settings.start_delete && settings.runs != format::new_names) {
        found.push_back({"delete_before_new", 1,
                         "StartDelete deletes the names that FormatType " + std::string(to_string(settings.runs)) +
                             " still uses: set StartCopy to true and StartDelete to false; when the log says '" +
                             std::string(copy_completed_line) +
                             "', set FormatType to New and StartDelete to true, and restart"});
    }
    return found;
}

namespace detail {

/// How a part of a run ended.
struct part_end {
    bool complete = false;
    bool interrupted = false;
};

template <BlobStore S, NamingPolicy From, NamingPolicy To>
class guided_run {
public:
    using job_type = migration_job<S, From, To>;
    using say = function_ref<void(std::string_view line)>;

    guided_run(const migration<S, From, To>& all, const run_settings& settings, const context& c,
               const run_options& options, say log)
        : all_(all), settings_(settings), c_(c), options_(options), log_(log) {}

    result<run_summary> run() {
        summary_.refused = contradictions_of(settings_);
        if (!summary_.refused.empty()) return summary_;
        summary_.complete = true;
        if (settings_.start_copy) {
            if (auto done = copy(); !done) return unexpected(std::move(done).error());
        }
        if (settings_.start_delete && summary_.complete) {
            if (auto done = remove(); !done) return unexpected(std::move(done).error());
            if (!summary_.complete) return summary_;
            if (auto done = clean(); !done) return unexpected(std::move(done).error());
        }
        return summary_;
    }

private:
    [[nodiscard]] bool dry_run() const { return all_.jobs.front().options.dry_run; }

    /// Whether nobody has anything against the part; keeps what they have.
    result<bool> allowed(result<std::vector<obstacle>>&& against) {
        if (!against) return unexpected(std::move(against).error());
        summary_.refused = *std::move(against);
        if (!summary_.refused.empty()) summary_.complete = false;
        return summary_.refused.empty();
    }

    /// Runs `work(jobs, context)`, which gives a part_end, as the operation `id`; says `line` when it was complete.
    template <class Work>
    result<void> as_operation(const operation_id& id, operation_kind kind, std::string_view line, Work work) {
        if (dry_run()) {
            auto ended = work(all_.jobs, c_, nullptr);
            if (!ended) return unexpected(std::move(ended).error());
            summary_.complete = false;
            summary_.interrupted = summary_.interrupted || ended->interrupted;
            return {};
        }
        if (auto noted = record_scope(all_.state, c_, all_.jobs.size()); !noted) return noted;
        if (options_.before_change != nullptr) {
            if (auto ready = (*options_.before_change)(); !ready) return ready;
        }
        operation_options how = options_.operations;
        how.again = true;
        auto started = running_operation::start(all_.state, c_, id, kind, how);
        if (!started) return unexpected(std::move(started).error());
        heartbeat beats(*started->mine, c_, all_.jobs.front().observer);
        std::vector<job_type> jobs;
        for (const job_type& job : all_.jobs) jobs.push_back(job.heard_by(beats));
        auto ended = work(jobs, beats.run_context(), &beats);
        const bool stopped = ended ? ended->interrupted : ends_the_run(ended.error());
        auto recorded = beats.finish(ended && ended->complete ? operation_status::succeeded
                                     : stopped                ? operation_status::cancelled
                                                              : operation_status::failed);
        if (!recorded && recorded.error().code == errc::conflict) return recorded;
        summary_.complete = summary_.complete && ended && ended->complete;
        summary_.interrupted = summary_.interrupted || stopped;
        if (!ended && !stopped) return unexpected(std::move(ended).error());
        if (!recorded) return recorded;
        if (summary_.complete) log_(line);
        return {};
    }

    /// Tells the heartbeat, if there is one, whose observer is next.
    void hear(heartbeat* beats, std::size_t container) const {
        if (beats != nullptr && container > 0) beats->begin_part(all_.jobs[container].observer);
    }

    result<void> copy() {
        auto may = allowed(obstacles_of_service(all_.state, c_, stage_for_copy, operation_kind::copy));
        if (!may) return unexpected(std::move(may).error());
        if (!*may) return {};
        copy_options how = options_.copying;
        how.deletions = &all_.state;
        const auto work = [&](const std::vector<job_type>& jobs, const context& c,
                              heartbeat* beats) -> result<part_end> {
            part_end end{.complete = true};
            summary_.copied.emplace();
            for (std::size_t i = 0; i < jobs.size() && !end.interrupted; ++i) {
                hear(beats, i);
                how.other_ledgers = ledgers_beside(all_, i);
                auto done = copy_blobs(jobs[i], c, how);
                if (!done) return unexpected(std::move(done).error());
                *summary_.copied += outcomes_of(*done);
                end.complete = end.complete && done->complete;
                end.interrupted = done->interrupted;
            }
            return end;
        };
        return as_operation(settings_.copy, operation_kind::copy, copy_completed_line, work);
    }

    /// The settings say New: where a service announces itself, and every node is there, the stage says so, too.
    result<bool> stage_is_new() {
        auto view = read_stage(all_.state, c_);
        if (!view) return unexpected(std::move(view).error());
        if (dry_run() || !view->has_barrier() || view->is_sealed()) return true;
        auto change = set_stage(all_.state, c_, format::new_names);
        if (!change) return unexpected(std::move(change).error());
        return allowed(std::move(change->refused));
    }

    result<void> remove() {
        auto may = allowed(obstacles_of_scope(all_.state, c_, all_.jobs.size()));
        if (!may) return unexpected(std::move(may).error());
        if (!*may) return {};
        // Both containers or none: what one delete would find half-way is found before the first, and before the stage
        // moves.
        auto plan = plan_all(all_, c_);
        if (!plan) return unexpected(std::move(plan).error());
        std::vector<obstacle> against = obstacles_to_delete(*plan);
        append(against, obstacles_to_count(*plan, options_.deleting.max_delete));
        may = allowed(std::move(against));
        if (may && *may) may = stage_is_new();
        if (may && *may) may = allowed(obstacles_of_service(all_.state, c_, stage_for_delete, operation_kind::remove));
        if (!may) return unexpected(std::move(may).error());
        if (!*may) return {};
        remove_options how = options_.deleting;
        wave_guard guard(all_.state);
        how.guard = &guard;
        const auto work = [&](const std::vector<job_type>& jobs, const context& c,
                              heartbeat* beats) -> result<part_end> {
            part_end end{.complete = true};
            // While old names say which versions a removal was about. What is left in doubt keeps the cleanup from its
            // line.
            if (options_.told != nullptr) {
                auto told = clean_up_told(migration<S, From, To>{jobs, all_.state}, c, *options_.told);
                if (!told) return unexpected(std::move(told).error());
                summary_.told = *std::move(told);
            }
            summary_.removed.emplace();
            for (std::size_t i = 0; i < jobs.size() && !end.interrupted && summary_.refused.empty(); ++i) {
                hear(beats, i);
                auto done = remove_sources(jobs[i], c, how);
                if (!done) return unexpected(std::move(done).error());
                *summary_.removed += done->outcomes;
                append(summary_.refused, std::move(done->refused));
                append(summary_.refused, std::move(done->stopped));
                end.complete = end.complete && done->complete;
                end.interrupted = done->interrupted;
            }
            return end;
        };
        return as_operation(settings_.remove, operation_kind::remove, delete_completed_line, work);
    }

    result<void> clean() {
        const auto work = [&](const std::vector<job_type>& jobs, const context& c, heartbeat*) -> result<part_end> {
            const migration<S, From, To> heard{jobs, all_.state};
            auto cleaned = clean_up(heard, c);
            if (!cleaned) return unexpected(std::move(cleaned).error());
            part_end end{.complete = cleaned->complete};
            summary_.cleaned = *std::move(cleaned);
            end.complete = end.complete && (!summary_.told || summary_.told->complete);
            return end;
        };
        return as_operation(settings_.cleanup, operation_kind::cleanup, cleanup_completed_line, work);
    }

    const migration<S, From, To>& all_;
    const run_settings& settings_;
    const context& c_;
    const run_options& options_;
    say log_;
    run_summary summary_ = {};
};

}  // namespace detail

/// Does what the settings ask for.
///
/// | settings                        | what is done                                                                |
/// |---------------------------------|-----------------------------------------------------------------------------|
/// | StartCopy, in Old or Dual       | the copy, until nothing is missing; then "Completed copying files."         |
/// | StartDelete, in New             | the removals of `told`; the delete; then "Completed deleting files."; the   |
/// |                                 | cleanup; then "Completed cleaning up deleted files."                        |
/// | StartCopy in New                | refused (see `contradictions_of`)                                           |
/// | StartDelete in Old or Dual      | refused                                                                     |
/// | neither                         | nothing                                                                     |
///
/// What was done before is found by comparing names, never in a record: an operation that was completed is looked at
/// again, which costs a listing. Where a service announces itself, the copy needs every node at Dual or later, and the
/// delete every node at New; the stage is then set to New. A line is said only when its part is complete in all
/// containers. With `dry_run` nothing is recorded and no line is said; what depends on what went before is then
/// refused.
///
/// \param all  Files and metadata, and the state that they share.
/// \param log  Hears the lines.
/// \return the summary; errc::blocked when one of the operations runs elsewhere, errc::conflict when it was taken over
///         or its id stands for another kind; or the error of a listing or of the state.
/// \par Complexity  That of the parts, and a put every ten seconds.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<run_summary> run_migration(const migration<S, From, To>& all, const run_settings& settings, const context& c,
                                  function_ref<void(std::string_view line)> log, const run_options& options = {}) {
    return detail::guided_run<S, From, To>(all, settings, c, options, log).run();
}

}  // namespace blobshift::inline v1

#endif
