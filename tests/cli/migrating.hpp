// SPDX-License-Identifier: MIT
//
// Migration commands under test: each is held to what is true of all of them.

#ifndef BLOBSHIFT_TESTS_CLI_MIGRATING_HPP
#define BLOBSHIFT_TESTS_CLI_MIGRATING_HPP

#include <filesystem>  // is_empty
#include <string>      // string
#include <vector>      // vector

#include <blobshift/config/json.hpp>
#include <blobshift/naming/dicom_names.hpp>

#include <doctest/doctest.h>

#include "program.hpp"

namespace cli_test {

/// Runs a migration command: no UID may be in its output, and nothing left in TMPDIR.
inline ended migrate(const work_folder& w, const std::vector<std::string>& arguments) {
    const ended r = run(arguments);
    CAPTURE(arguments.front());
    CAPTURE(r.out);
    CAPTURE(r.err);
    CHECK(r.out.find(uid_mark) == std::string::npos);
    CHECK(r.err.find(uid_mark) == std::string::npos);
    CHECK(std::filesystem::is_empty(w / "tmp"));
    return r;
}

/// The same with --json: one object on stdout.
inline nlohmann::json migrate_json(const work_folder& w, std::vector<std::string> arguments, int code) {
    arguments.emplace_back("--json");
    const ended r = migrate(w, arguments);
    CAPTURE(r.err);
    CHECK(r.code == code);
    CHECK(count_lines(r.out) == 1);
    return nlohmann::json::parse(r.out);
}

/// Whom `make_old_store` stores with a watermark.
[[nodiscard]] inline blobshift::instance_id instance_of(int watermark) {
    const std::string root(uid_mark);
    return {root + ".1." + std::to_string(watermark / 100), root + ".2." + std::to_string(watermark / 10),
            root + ".3." + std::to_string(watermark), watermark};
}
[[nodiscard]] inline std::string old_name(int watermark) {
    return blobshift::uid_names().name_of(instance_of(watermark), blobshift::blob_kind::instance).value().text();
}
[[nodiscard]] inline std::string new_name(int watermark) {
    return blobshift::prefix_names().name_of({"", "", "", watermark}, blobshift::blob_kind::instance).value().text();
}

}  // namespace cli_test

#endif
