// SPDX-License-Identifier: MIT
//
// JSON as programs read it from stdout: one object a line. json.hpp is where nlohmann-json comes in.

#ifndef BLOBSHIFT_CLI_JSON_LINE_HPP
#define BLOBSHIFT_CLI_JSON_LINE_HPP

#include <string>  // string

#include <blobshift/config/json.hpp>
#include <blobshift/migrate/observer.hpp>

namespace blobshift::cli {

using json = nlohmann::ordered_json;

/// Bytes that are no UTF-8, as paths may hold, are replaced.
[[nodiscard]] inline std::string json_line(const json& j) {
    return j.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

/// The members that tell how far a job is.
[[nodiscard]] inline json progress_json(const progress_event& event) {
    return {{"phase", event.phase},     {"pass", event.pass},
            {"objects", event.objects}, {"objects_total", event.objects_total},
            {"bytes", event.bytes},     {"bytes_total", event.bytes_total}};
}

}  // namespace blobshift::cli

#endif
