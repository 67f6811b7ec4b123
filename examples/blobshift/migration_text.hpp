// SPDX-License-Identifier: MIT
//
// What the migration commands found and did, for people and as JSON. No name and no UID is ever in it.

#ifndef BLOBSHIFT_CLI_MIGRATION_TEXT_HPP
#define BLOBSHIFT_CLI_MIGRATION_TEXT_HPP

#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <blobshift/migrate/plan.hpp>

#include "json_line.hpp"

namespace blobshift::cli {

/// Lines of a text, a number and a size, in columns.
class table {
public:
    /// Left out when there is nothing to count.
    void add(std::string_view text, std::uint64_t objects, std::optional<std::uint64_t> bytes = std::nullopt);
    [[nodiscard]] std::string text() const;

private:
    struct row {
        std::string text;
        std::string objects;
        std::string bytes;
    };
    std::vector<row> rows_ = {};
};

[[nodiscard]] std::string plan_text(const migration_plan& plan);
[[nodiscard]] json plan_json(const migration_plan& plan);

[[nodiscard]] std::string outcomes_text(const outcome_counts& counts);
[[nodiscard]] json outcomes_json(const outcome_counts& counts);

[[nodiscard]] json obstacles_json(const std::vector<obstacle>& obstacles);

}  // namespace blobshift::cli

#endif
