// SPDX-License-Identifier: MIT
//
// A report as it is read back: line by line, in memory that does not grow with the objects.

#ifndef BLOBSHIFT_CLI_REPORT_READER_HPP
#define BLOBSHIFT_CLI_REPORT_READER_HPP

#include <array>     // array
#include <cstddef>   // size_t
#include <cstdint>   // uint64_t
#include <map>       // map
#include <optional>  // optional
#include <string>    // string
#include <utility>   // pair
#include <vector>    // vector

#include "outcome_kinds.hpp"

namespace blobshift::cli {

struct object_count {
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
};

/// By index into `outcome_kinds()`.
using counts_by_kind = std::array<object_count, outcome_kind_count>;

struct report_container {
    std::string role = {};
    counts_by_kind counts = {};
};

/// How far a run was.
struct report_sample {
    double seconds = 0;  ///< Since it began.
    std::string phase = {};
    std::uint64_t pass = 1;
    std::size_t container = 0;
    object_count done = {};
};

struct report_object {
    std::size_t kind = 0;
    std::uint64_t bytes = 0;
    std::string pseudonym = {};
    std::string names = {};  ///< Empty unless the report has names.
    std::string reason = {};
};

/// How the run ended, as its last line says.
struct report_end {
    std::string finished = {};
    double seconds = 0;
    std::uint64_t exit_code = 0;
    std::optional<counts_by_kind> counts = {};
};

struct report_data {
    std::string command = {};
    std::string program = {};
    std::string started = {};
    std::vector<std::pair<std::string, std::string>> settings = {};
    std::vector<report_container> containers = {};
    std::vector<report_sample> samples = {};
    std::map<std::pair<std::size_t, std::string>, std::uint64_t> left_behind = {};  ///< Objects by kind and reason.
    std::vector<report_object> examples = {};  ///< Of those left behind, at most `most_examples`.
    std::optional<report_end> end = {};        ///< Nothing: the run was killed, or is not over.
    bool torn = false;                         ///< The last line had no end, and was left out.
    std::uint64_t lines = 0;

    /// What became of the objects: as the last line says, else as far as the lines tell.
    [[nodiscard]] counts_by_kind totals() const;
};

inline constexpr std::size_t most_examples = 200;

/// Reads the report at `path`.
///
/// \throws failure  wrong_use naming the line, for what is corrupt or no report.
[[nodiscard]] report_data read_report(const std::string& path);

}  // namespace blobshift::cli

#endif
