// SPDX-License-Identifier: MIT
//
// What a report says besides its objects: what was run, how far it was at which time, and how it ended.

#ifndef BLOBSHIFT_CLI_RUN_REPORT_HPP
#define BLOBSHIFT_CLI_RUN_REPORT_HPP

#include <cstddef>      // size_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/clock.hpp>
#include <blobshift/migrate/observer.hpp>

#include "exit_code.hpp"
#include "json_line.hpp"
#include "report_file.hpp"

namespace blobshift::cli {

/// Writes a report: JSON lines, told apart by their first member.
///
/// | first member | line                                                                                            |
/// |--------------|-------------------------------------------------------------------------------------------------|
/// | `report`     | the first: `version` of these lines, `command`, `program`, `started` (UTC), `settings`          |
/// | `container`  | from here on it is about this one: its `number`, counted from 1, and its role                   |
/// | `outcome`    | an object: `object` (its pseudonym), `bytes`, `reason` ...: see report_lines                    |
/// | `at_ms`      | how far the run was, so long after it began: `phase`, `pass`, `objects`, `bytes`, totals        |
/// | `finished`   | the last (UTC): `duration_ms`, `exit_code`, what it came to; missing after a killed run         |
class run_report {
public:
    /// \param settings  What the command was told: an object of plain values, without addresses and names.
    /// \throws failure  as report_file does.
    run_report(const std::string& path, const time_source& clock, std::string_view command, json settings);

    void begin_container(std::size_t number, std::string_view role);
    void add_object(std::string_view line);
    /// Keeps the event if the last one that was kept is long enough ago: more seldom the longer the run takes.
    void add_progress(const progress_event& event);
    /// \param came_to  Members of the last line.
    /// \return the first failure to write.
    [[nodiscard]] result<void> finish(exit_code code, const json& came_to);

private:
    void add(std::string_view line);
    [[nodiscard]] std::chrono::milliseconds age() const;

    report_file file_;
    const time_source& clock_;
    steady_time began_;
    std::string first_line_;  ///< Empty once it is written.
    std::optional<std::chrono::milliseconds> kept_ = {};
    std::string phase_ = {};
    unsigned pass_ = 0;
    progress_event unkept_ = {};  ///< The last one of this phase, if it was not kept. Its phase is `phase_`.
    bool has_unkept_ = false;
};

}  // namespace blobshift::cli

#endif
