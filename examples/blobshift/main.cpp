// SPDX-License-Identifier: MIT
//
// blobshift, the command line: stores, and the migration of names in them. README.md shows it at work.

#include <exception>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include <blobshift/version.hpp>

#include "file_io.hpp"
#include "interruption.hpp"
#include "program.hpp"

namespace {

using namespace blobshift::cli;  // a program, not a header

/// One line. Arguments are not repeated, for they may be names; options are.
std::string explain(const CLI::ParseError& wrong, const CLI::App& app) {
    if (app.get_subcommands().empty()) {
        std::string commands;
        for (const CLI::App* each : app.get_subcommands(nullptr)) commands += " " + each->get_name();
        return "the first argument is a command:" + commands;
    }
    const std::string help = "; see blobshift " + app.get_subcommands().front()->get_name() + " --help";
    if (dynamic_cast<const CLI::ExtrasError*>(&wrong) == nullptr) return wrong.what() + help;
    for (const std::string& each : app.remaining(true)) {
        if (each.starts_with("-")) return "there is no option " + each.substr(0, each.find('=')) + help;
    }
    return "there is an argument too many" + help;
}

/// An empty value is a variable of a script that was not set, hardly a wish to leave the option out.
failure empty_value(const std::string& option) {
    return wrong_use(option + " has an empty value; give it one, or leave it out");
}

/// `--option=`, which the parser would give the argument after it, or take for a flag that is set.
void refuse_open_options(int argc, char** argv) {
    for (int i = 1; i < argc && argv[i] != std::string_view("--"); ++i) {
        const std::string_view each = argv[i];
        const std::string_view name = each.substr(0, each.find('='));
        if (each.starts_with("--") && each.size() == name.size() + 1) throw empty_value(std::string(name));
    }
}

void refuse_empty_values(const CLI::App& command) {
    for (const CLI::Option* option : command.get_options()) {
        if (option->get_name() == "PREFIX") continue;  // of ls: every name begins with it
        for (const std::string& each : option->results()) {
            if (each.empty()) throw empty_value(option->get_name());
        }
    }
}

exit_code run(int argc, char** argv, program& p) {
    CLI::App app("Blob stores, and the migration of the names in them.", "blobshift");
    app.require_subcommand(1);
    app.set_version_flag("--version", "blobshift " + std::to_string(BLOBSHIFT_VERSION_MAJOR) + "." +
                                          std::to_string(BLOBSHIFT_VERSION_MINOR) + "." +
                                          std::to_string(BLOBSHIFT_VERSION_PATCH));
    add_store_commands(app, p);
    add_import_command(app, p);
    add_name_command(app, p);
    add_migration_commands(app, p);
    add_report_command(app, p);
    refuse_open_options(argc, argv);
    try {
        app.parse(argc, argv);
        refuse_empty_values(*app.get_subcommands().front());
    } catch (const CLI::Success& asked) {  // --help, --version
        app.exit(asked);
        return exit_code::done;
    } catch (const CLI::ParseError& wrong) {
        throw wrong_use(explain(wrong, app));
    }
    return p.command();
}

}  // namespace

int main(int argc, char** argv) {
    open_closed_streams();
    const interruption signals;
    console out;
    program p{out, {.stop = signals.token()}};
    try {
        return static_cast<int>(run(argc, argv, p));
    } catch (const failure& f) {
        if (*f.what() != '\0') out.fail(f.what());
        return static_cast<int>(f.code());
    } catch (const std::exception& e) {
        out.fail(std::string("unexpected: ") + e.what() + "; run it again, and report it if that does not help");
        return static_cast<int>(exit_code::some_failed);
    }
}
