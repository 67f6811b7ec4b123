// SPDX-License-Identifier: MIT
//
// What the migration commands share: their options, the stores they open, and who listens to their jobs.

#ifndef BLOBSHIFT_CLI_MIGRATION_SESSION_HPP
#define BLOBSHIFT_CLI_MIGRATION_SESSION_HPP

#include <cstdint>   // uint64_t
#include <deque>     // deque
#include <limits>    // numeric_limits
#include <map>       // map
#include <optional>  // optional
#include <string>    // string
#include <utility>   // pair

#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/report.hpp>
#include <blobshift/naming/dicom_names.hpp>

#include "program.hpp"
#include "progress.hpp"
#include "report_file.hpp"
#include "scratch_folder.hpp"

namespace blobshift::cli {

/// As they stand on the command line.
struct migration_options {
    std::string store = {};
    std::string metadata = {};  ///< Empty: there is no second container.
    std::string state = {};     ///< Empty: each container keeps its own.
    std::string scratch = {};
    std::string report = {};
    bool report_names = false;
    std::string concurrency = "auto";
    std::optional<double> rate = {};
    std::string shard_text = "1/1";
    std::string level = "computed_hash";
    std::string durable = "full";
    std::uint64_t max_delete = (std::numeric_limits<std::uint64_t>::max)();
    bool dry_run = false;
    bool as_json = false;
    bool yes = false;
    bool partial = false;
    bool reverify = false;

    /// \throws failure
    [[nodiscard]] verify_level verification() const;
    /// Part I of N, counted from 1. \throws failure
    [[nodiscard]] shard part() const;
};

/// Hears of all jobs of a command: draws progress, writes the report, and counts why objects were left behind.
class job_listener final : public migration_observer {
public:
    job_listener(const migration_options& o, program& p);

    void on_object(const object_event& event) override;
    void on_progress(const progress_event& event) override;

    /// Call before each job: what was heard of the one before is kept.
    void begin_job();
    /// Takes what was heard so far for a look ahead: the jobs that follow meet the same objects again.
    void begin_again();
    /// Says on stderr why objects were left behind, without their names, and completes the report.
    ///
    /// \return false: the report is not complete.
    bool finish();

private:
    using reasons = std::map<std::pair<outcome, std::string>, std::uint64_t>;

    console& out_;
    progress progress_;
    std::optional<report_file> report_ = {};
    report_lines lines_;
    bool reports_names_;
    unsigned pass_ = 0;
    bool looked_ahead_ = false;
    reasons of_pass_ = {};  ///< A later pass looks at every object again, so each begins anew.
    reasons of_jobs_ = {};
};

/// The open stores of a command and one job for each container.
class migration_session {
public:
    using job_type = migration_job<any_store, uid_names, prefix_names>;

    /// Opens everything, in an order in which a wrong address has changed nothing. \throws failure
    migration_session(const migration_options& o, program& p);

    /// Calls `run(job)` for each container, until the program is interrupted.
    template <class Run>
    void for_each_job(Run run) {
        for (container& c : containers_) {
            if (&c != &containers_.front() && p_.ctx.stop.stop_requested()) return;
            listener_->begin_job();
            const job_type job{c.store, older_, newer_, c.state ? *c.state : c.store, *scratch_, *listener_, options_};
            run(job);
        }
    }

    [[nodiscard]] const context& ctx() const noexcept { return p_.ctx; }
    [[nodiscard]] std::size_t containers() const noexcept { return containers_.size(); }
    [[nodiscard]] console& out() noexcept { return p_.out; }
    [[nodiscard]] job_listener& listener() noexcept { return *listener_; }

private:
    struct container {
        any_store store;
        std::optional<any_store> state = {};
    };

    void open(const std::string& address, const migration_options& o, bool is_metadata);

    program& p_;
    uid_names older_ = {};
    prefix_names newer_ = {};
    job_options options_ = {};
    std::deque<container> containers_ = {};
    std::optional<scratch_folder> scratch_folder_ = {};
    std::optional<any_store> scratch_ = {};
    std::optional<job_listener> listener_ = {};
};

}  // namespace blobshift::cli

#endif
