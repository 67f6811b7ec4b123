// SPDX-License-Identifier: MIT
//
// name: what an instance's blobs are called, before and after a migration.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <blobshift/naming/dicom_names.hpp>

#include "number.hpp"
#include "program.hpp"

namespace blobshift::cli {

namespace {

struct name_options {
    instance_id id = {};
    std::string watermark = {};
};

exit_code print_names(const name_options& o, program& p) {
    instance_id id = o.id;
    id.watermark = parse_number<std::int64_t>(o.watermark).value_or(0);
    if (id.watermark == 0) throw wrong_use("WATERMARK is a whole number from 1 to 9223372036854775807");
    std::string text;
    const auto add = [&](const auto& policy) {
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            auto name = policy.name_of(id, kind);
            if (!name) throw wrong_use(name.error().message);
            text += name->text() + "\n";
        }
    };
    add(uid_names{});
    add(prefix_names{});
    p.out.print(text);
    return exit_code::done;
}

}  // namespace

void add_name_command(CLI::App& app, program& p) {
    const auto o = std::make_shared<name_options>();
    CLI::App* const command =
        app.add_subcommand("name", "Print the old names of an instance's blobs, then the new ones");
    command->add_option("STUDY", o->id.study, "Study Instance UID")->required();
    command->add_option("SERIES", o->id.series, "Series Instance UID")->required();
    command->add_option("SOP", o->id.sop, "SOP Instance UID")->required();
    command->add_option("WATERMARK", o->watermark, "version number, at least 1")->required();
    command->callback([o, &p] { p.command = [o, &p] { return print_names(*o, p); }; });
}

}  // namespace blobshift::cli
