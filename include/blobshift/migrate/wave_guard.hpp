// SPDX-License-Identifier: MIT
//
// Looks at the service before each wave of a delete: every node is still at New, and none has needed an old name.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/wave_guard.test.cpp

#ifndef BLOBSHIFT_MIGRATE_WAVE_GUARD_HPP
#define BLOBSHIFT_MIGRATE_WAVE_GUARD_HPP

#include <cstdint>   // uint64_t
#include <optional>  // optional
#include <string>    // to_string
#include <utility>   // move
#include <vector>    // vector

#include <blobshift/migrate/operation.hpp>
#include <blobshift/migrate/stage.hpp>

namespace blobshift::inline v1 {

/// Guards one delete, of one container or of several.
///
/// A read that only the old name could answer means that a new name is missing of which the delete knows nothing. What
/// nodes announced before the delete began is past; from then on the first such read of any node stands against the next
/// wave.
class wave_guard {
public:
    /// `service` must outlive the guard.
    explicit wave_guard(any_store& service) : service_(service) {}

    /// Call before the first wave of each container.
    ///
    /// \return why it must not begin: `obstacles_to`, "operation_running", and, if it is not the first, "fallback_read";
    ///         or the error of the state.
    result<std::vector<obstacle>> begin(const context& c) {
        auto found = obstacles_of_operations(service_, c, operation_kind::remove);
        if (!found) return found;
        auto others = before_wave(c);
        if (!others) return others;
        detail::append(*found, *std::move(others));
        return found;
    }

    /// Call before each further wave. \return why it must not begin: `obstacles_to` and "fallback_read".
    result<std::vector<obstacle>> before_wave(const context& c) {
        auto view = read_stage(service_, c);
        if (!view) return unexpected(std::move(view).error());
        if (!known_) known_ = view->nodes;
        std::vector<obstacle> found = obstacles_to(*view, stage_for_delete);
        for (const node_record& n : view->nodes) {
            const std::uint64_t before = reads_before(n);
            if (n.status.fallback_reads <= before) continue;
            const std::uint64_t reads = n.status.fallback_reads - before;
            found.push_back(detail::about_node(
                n, "fallback_read",
                "has needed " + std::to_string(reads) +
                    " old names since the delete began: find out why, and run copy and verify before it goes on"));
            found.back().objects = reads;
        }
        return found;
    }

private:
    /// A process counts from 0, so what one that was not there tells is new.
    [[nodiscard]] std::uint64_t reads_before(const node_record& n) const noexcept {
        for (const node_record& known : *known_) {
            if (known.node == n.node && known.process == n.process) return known.status.fallback_reads;
        }
        return 0;
    }

    any_store& service_;
    std::optional<std::vector<node_record>> known_ = {};  ///< When the delete began.
};

}  // namespace blobshift::inline v1

#endif
