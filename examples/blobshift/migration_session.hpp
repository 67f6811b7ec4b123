// SPDX-License-Identifier: MIT
//
// What the migration commands share: their options, the stores they open, and who listens to their jobs.

#ifndef BLOBSHIFT_CLI_MIGRATION_SESSION_HPP
#define BLOBSHIFT_CLI_MIGRATION_SESSION_HPP

#include <cstdint>   // int64_t, uint64_t
#include <deque>     // deque
#include <limits>    // numeric_limits
#include <map>       // map
#include <optional>  // optional
#include <string>    // string
#include <utility>   // pair
#include <vector>    // vector

#include <blobshift/migrate/home.hpp>
#include <blobshift/migrate/job.hpp>
#include <blobshift/migrate/report.hpp>
#include <blobshift/naming/dicom_names.hpp>

#include "program.hpp"
#include "progress.hpp"
#include "run_report.hpp"
#include "scratch_folder.hpp"

namespace blobshift::cli {

/// As they stand on the command line.
struct migration_options {
    std::string command = {};
    std::string store = {};
    std::string metadata = {};  ///< Empty: there is no second container.
    std::string state = {};     ///< Empty: each container keeps its own.
    bool rebind = false;        ///< Of nodes: stores and state belong together, whatever is on record of that.
    std::string scratch = {};
    std::string report = {};
    bool report_names = false;
    std::string concurrency = "auto";
    std::optional<double> rate = {};
    std::string shard_text = "1/1";
    std::string level = "computed_hash";
    std::string durable = "full";
    std::string log = "text";
    std::uint64_t max_delete = (std::numeric_limits<std::uint64_t>::max)();
    bool dry_run = false;
    bool as_json = false;
    bool yes = false;
    bool partial = false;
    bool reverify = false;
    bool orphans = false;             ///< Of check.
    bool remove_new = false;          ///< Of a rollback.
    std::string change_feed = {};     ///< Of a cleanup.
    std::string since = {};           ///< Of a cleanup, with a change feed.
    std::int64_t after_sequence = 0;  ///< Of a cleanup, with a change feed.
    std::string forget = {};          ///< A node.
    std::string set_stage = {};       ///< A format.
    std::string settings = {};        ///< A file, of run.
    bool take_over = false;           ///< Of run.
    std::size_t batch_size = job_options{}.batch_size;
    json reported = json::object();  ///< What a report says of the settings of run.

    /// \throws failure
    [[nodiscard]] verify_level verification() const;
    /// Part I of N, counted from 1. \throws failure
    [[nodiscard]] shard part() const;
};

/// Hears of all jobs of a command: draws progress, writes the report, and counts why objects were left behind.
class job_listener {
public:
    job_listener(const migration_options& o, program& p);
    job_listener(const job_listener&) = delete;
    job_listener& operator=(const job_listener&) = delete;

    /// Who hears of the jobs of a container. Lives as long as the listener.
    ///
    /// \param container  Its number, from 1.
    [[nodiscard]] migration_observer& of_container(std::size_t container);
    /// Takes what was heard so far for a look ahead: the jobs that follow meet the same objects again.
    void begin_again();
    /// Says on stderr why objects were left behind, without their names, and completes the report.
    ///
    /// \param came_to  For the last line of the report.
    /// \return `code`; or some_failed in place of done, when the report is not complete.
    exit_code finish(exit_code code, json came_to = json::object());

private:
    /// Objects that were left behind for one reason.
    struct bundle {
        std::uint64_t objects = 0;
        std::string request_id = {};  ///< The service's, of one of the failures: to ask about it. Empty: there is none.
    };
    using reasons = std::map<std::pair<outcome, std::string>, bundle>;

    class ear final : public migration_observer {
    public:
        ear(job_listener& listener, std::size_t container) : listener_(listener), container_(container) {}

        void on_object(const object_event& event) override;
        void on_progress(const progress_event& event) override;
        void begin_again();
        [[nodiscard]] const reasons& left_behind() const noexcept { return left_behind_; }

    private:
        job_listener& listener_;
        std::size_t container_;
        unsigned pass_ = 0;
        reasons left_behind_ = {};  ///< A later pass looks at every object again, so each begins anew.
    };
    void enter(std::size_t container);

    console& out_;
    progress progress_;
    std::optional<run_report> report_ = {};
    report_lines lines_;
    bool reports_names_;
    bool looked_ahead_ = false;
    std::size_t entered_ = 0;  ///< The container that the report's lines are about.
    std::deque<ear> ears_ = {};
};

/// The open stores of a command and one job for each container.
class migration_session {
public:
    using job_type = migration_job<any_store, uid_names, prefix_names>;
    using migration_type = migration<any_store, uid_names, prefix_names>;

    /// Opens everything, in an order in which a wrong address has changed nothing. Refuses a state that is not the one
    /// of the containers, see `obstacles_of_home`; a command that only looks is told. \throws failure
    migration_session(const migration_options& o, program& p);

    /// Calls `run(job)` for each container, until the program is interrupted.
    template <class Run>
    void for_each_job(Run run) {
        for (std::size_t i = 0; i < containers_.size(); ++i) {
            if (i > 0 && p_.ctx.stop.stop_requested()) return;
            const job_type job = job_of(i);
            run(job);
        }
    }
    /// All containers as one migration. What they share is kept in the state of the first.
    [[nodiscard]] migration_type all() {
        migration_type whole{{}, state_of(0)};
        for (std::size_t i = 0; i < containers_.size(); ++i) whole.jobs.push_back(job_of(i));
        return whole;
    }
    [[nodiscard]] any_store& state() { return state_of(0); }
    /// Puts on record that these containers and this state belong together; `again`: whatever was on record. Who was
    /// stopped meanwhile changes nothing afterwards.
    [[nodiscard]] result<void> bind(bool again = false);
    /// The same, before the first change. \throws failure
    void put_on_record(bool again = false);
    /// What tells that the service has more containers than these; see `obstacles_of_home`.
    [[nodiscard]] const std::vector<obstacle>& missing() const noexcept { return missing_; }

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
    /// Ends the command where this is not the state of the containers; of one that only looks, it warns.
    void look_for_home(const migration_options& o);
    [[nodiscard]] named_stores named();
    [[nodiscard]] any_store& state_of(std::size_t i) {
        return containers_[i].state ? *containers_[i].state : containers_[i].store;
    }
    [[nodiscard]] job_type job_of(std::size_t i) {
        return {containers_[i].store, older_, newer_, state_of(i), *scratch_, listener_->of_container(i + 1), options_};
    }

    program& p_;
    std::string command_;
    std::vector<obstacle> missing_ = {};
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
