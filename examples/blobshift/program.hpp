// SPDX-License-Identifier: MIT
//
// What every command is given, and how each group of commands adds itself to the command line.

#ifndef BLOBSHIFT_CLI_PROGRAM_HPP
#define BLOBSHIFT_CLI_PROGRAM_HPP

#include <functional>  // function
#include <string>      // string

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/context.hpp>

#include "console.hpp"
#include "exit_code.hpp"

namespace CLI {
class App;
}

namespace blobshift::cli {

struct program {
    console& out;
    context ctx;                              ///< Stops when the program is interrupted.
    std::function<exit_code()> command = {};  ///< What the command line chose.
};

// Each adds its commands to `app`; the one that is chosen sets `p.command`. Both must outlive the parsed command line.
void add_store_commands(CLI::App& app, program& p);
void add_import_command(CLI::App& app, program& p);
void add_name_command(CLI::App& app, program& p);
void add_migration_commands(CLI::App& app, program& p);
void add_report_command(CLI::App& app, program& p);

/// \throws failure  wrong_use with the broken rule; the name itself is not in it.
[[nodiscard]] inline blob_name parse_blob_name(const std::string& text) {
    auto name = blob_name::parse(text);
    if (!name) throw wrong_use("not a blob name: " + name.error().message);
    return *std::move(name);
}

}  // namespace blobshift::cli

#endif
