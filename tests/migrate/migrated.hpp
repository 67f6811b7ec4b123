// SPDX-License-Identifier: MIT
//
// An archive that can be brought to any point of its migration, and that remembers what it was before.

#ifndef BLOBSHIFT_TESTS_MIGRATE_MIGRATED_HPP
#define BLOBSHIFT_TESTS_MIGRATE_MIGRATED_HPP

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/remove.hpp>

#include <doctest/doctest.h>

#include "two_containers.hpp"

namespace blobshift_tests {

/// An archive of old names, some of its blobs without one.
struct migrated : two_containers {
    std::map<std::string, std::string> before = {};

    explicit migrated(std::int64_t count, medium where = medium::memory) : two_containers(where) {
        for (std::int64_t w = 1; w <= count; ++w) store(format::old_names, w);
        before = everything();
    }
    void copy() {
        const auto m = all();
        for (const auto& job : m.jobs) REQUIRE(copy_blobs(job, c)->complete);
    }
    /// Deletes the old names; of the files at most `at_most`, by a store that then refuses.
    void remove_old(int at_most = 1'000'000) {
        int removed = 0;
        if (files_hook != nullptr) {
            files_hook->before = [&](std::string_view verb, std::string_view) -> std::optional<error> {
                if (verb == "remove" && ++removed > at_most) return make_error(errc::unavailable, "down");
                return std::nullopt;
            };
        }
        const auto m = all();
        for (const auto& job : m.jobs) REQUIRE(remove_sources(job, c));
        if (files_hook != nullptr) files_hook->before = {};
    }
    /// Whether every old name is there again, with its content.
    [[nodiscard]] bool is_back() {
        const auto now = everything();
        for (const auto& [name, content] : before) {
            const auto found = now.find(name);
            if (found == now.end() || found->second != content) return false;
        }
        return true;
    }
};

}  // namespace blobshift_tests

#endif
