// SPDX-License-Identifier: MIT
//
// How a migration command stands on the command line, and how it ends: what all of them share.

#ifndef BLOBSHIFT_CLI_MIGRATION_APP_HPP
#define BLOBSHIFT_CLI_MIGRATION_APP_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <memory>       // shared_ptr
#include <string_view>  // string_view
#include <vector>       // vector

#include <CLI/CLI.hpp>

#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/plan.hpp>

#include "migration_session.hpp"
#include "migration_text.hpp"
#include "program.hpp"

namespace blobshift::cli {

/// Adds migration commands to the command line. Their options are one object, for only one command runs.
class migration_app {
public:
    migration_app(CLI::App& app, program& p) : app_(app), p_(p) {}

    using command_function = exit_code (*)(const migration_options&, program&);

    /// A command with STORE and the options of all; `run` is called when it is the one that was chosen.
    CLI::App* add(const char* name, const char* help, command_function run);
    void add_level(CLI::App* command);
    void add_dry_run(CLI::App* command);
    void add_reverify(CLI::App* command);
    void add_yes(CLI::App* command);

    [[nodiscard]] migration_options& options() noexcept { return *options_; }

private:
    CLI::App& app_;
    program& p_;
    std::shared_ptr<migration_options> options_ = std::make_shared<migration_options>();
};

// Each adds its commands.
void add_job_commands(migration_app& app);        // plan, copy, verify, check, delete
void add_status_commands(migration_app& app);     // status, nodes
void add_operation_commands(migration_app& app);  // cleanup, rollback, seal
void add_run_command(migration_app& app);         // run

// ---------------------------------------------------------------------------------------------------------------------

/// What a command that works on objects came to, over all containers.
struct work {
    outcome_counts outcomes = {};
    bool complete = true;
    bool interrupted = false;
    std::uint64_t ahead = 0;  ///< Of a dry run: what would be worked on, beside the outcomes that the verb says.
};

/// How a command speaks of itself.
struct verb {
    std::string_view name;
    std::string_view todo;       ///< Behind "nothing to".
    std::string_view done;       ///< "copied"
    outcome ahead;               ///< Of objects that a dry run would have worked on.
    std::string_view completed;  ///< The line that operators wait for, to the letter; empty: there is none.
};

inline constexpr verb copying = {"copy", "copy", "copied", outcome::missing, "Completed copying files."};
inline constexpr verb verifying = {"verify", "verify", "read", outcome::present, ""};
inline constexpr verb deleting = {"delete", "delete", "deleted", outcome::present, "Completed deleting files."};
inline constexpr verb cleaning = {"cleanup", "clean up", "removed", outcome::present,
                                  "Completed cleaning up deleted files."};
inline constexpr verb rolling_back = {"rollback", "roll back", "copied back", outcome::missing,
                                      "Completed rolling back files."};

/// Prints the result, then why objects were left behind. \return the exit code.
exit_code conclude(migration_session& s, const migration_options& o, const verb& command, const work& w,
                   const json& more = json::object());

/// Says what stands in the way. \return the code for it.
exit_code refuse(migration_session& s, const migration_options& o, std::string_view command,
                 const std::vector<obstacle>& obstacles);

/// Looks for entries of the containers that are no blobs to their stores: no other command sees them.
///
/// \return the one reason against calling a container empty: "foreign_names"; empty when there are none.
/// \throws failure
[[nodiscard]] std::vector<obstacle> foreign_names(migration_session& s, const migration_options& o);

/// How many records a seal would destroy. \throws failure
[[nodiscard]] std::size_t count_records(migration_session& s, std::string_view command);

/// What stands against taking the containers that were named for the whole: see `obstacles_of_scope`, and what
/// `obstacles_of_home` says of it. \throws failure
[[nodiscard]] std::vector<obstacle> unseen_containers(migration_session& s, std::string_view command);

/// The plans of all containers, summed up. \throws failure
[[nodiscard]] migration_plan plan_all(migration_session& s, std::string_view command);

}  // namespace blobshift::cli

#endif
