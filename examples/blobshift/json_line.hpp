// SPDX-License-Identifier: MIT
//
// JSON as programs read it from stdout: one object a line. The one place that includes nlohmann-json.

#ifndef BLOBSHIFT_CLI_JSON_LINE_HPP
#define BLOBSHIFT_CLI_JSON_LINE_HPP

#include <string>  // string

#include <nlohmann/json.hpp>

namespace blobshift::cli {

using json = nlohmann::ordered_json;

/// Bytes that are no UTF-8, as paths may hold, are replaced.
[[nodiscard]] inline std::string json_line(const json& j) {
    return j.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace blobshift::cli

#endif
