// SPDX-License-Identifier: MIT
//
// report: from the lines that --report wrote to a page to look at.

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>

#include "file_io.hpp"
#include "program.hpp"
#include "report_page.hpp"
#include "report_reader.hpp"

namespace blobshift::cli {

namespace {

struct report_options {
    std::string file = {};
    std::string page = {};
};

exit_code make_page(const report_options& o, program& p) {
    std::error_code unknown;
    if (o.page != "-" && std::filesystem::equivalent(o.file, o.page, unknown)) {
        throw wrong_use("the page would take the place of the report; name another file");
    }
    const report_data data = read_report(o.file);
    auto page = file_sink::open(o.page);
    if (!page) throw wrong_use("cannot create the page: " + page.error().message + "; name another file");
    or_fail(page->write(as_bytes(report_page(data))), "report: cannot write the page");
    or_fail(page->commit(), "report: cannot write the page");
    if (data.torn) p.out.say("report: the last line is torn, and was left out");
    if (!data.end) p.out.say("report: its run did not come to an end");
    return exit_code::done;
}

}  // namespace

void add_report_command(CLI::App& app, program& p) {
    const auto o = std::make_shared<report_options>();
    CLI::App* const command = app.add_subcommand("report", "Make a page to look at from the file of --report");
    command->add_option("FILE", o->file, "what --report wrote")->required();
    command->add_option("-o,--output", o->page, "the page, HTML; - is stdout")->required();
    command->callback([o, &p] { p.command = [o, &p] { return make_page(*o, p); }; });
}

}  // namespace blobshift::cli
