// SPDX-License-Identifier: MIT
//
// Looks around before each wave of a delete: every node is still at New, none has needed an old name, nobody goes back.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/wave_guard.test.cpp

#ifndef BLOBSHIFT_MIGRATE_WAVE_GUARD_HPP
#define BLOBSHIFT_MIGRATE_WAVE_GUARD_HPP

#include <cstdint>   // uint64_t
#include <optional>  // optional
#include <string>    // to_string
#include <utility>   // move
#include <vector>    // vector

#include <blobshift/migrate/claim.hpp>
#include <blobshift/migrate/stage.hpp>

namespace blobshift::inline v1 {

/// Guards one delete, of one container or of several.
///
/// A read that only the old name could answer means that a new name is missing of which the delete knows nothing. What
/// nodes announced before the delete began is past; from then on the first such read of any node stands against the
/// next wave.
class wave_guard {
public:
    /// `service` must outlive the guard.
    explicit wave_guard(any_store& service) : service_(service), claim_(service, operation_kind::remove) {}

    /// Call before each container and before each wave, which must then be made with what `until_over` gives.
    ///
    /// \return why it must not begin: "operation_running", `obstacles_to` and, from the second call on,
    ///         "fallback_read"; or the error of the state.
    /// \par Complexity  A `removal_claim::hold` and a `read_stage`.
    ///
    /// \param dry_run  Nothing is to be removed: leave no word.
    result<std::vector<obstacle>> before_wave(const context& c, bool dry_run = false) {
        auto found = dry_run ? obstacles_of_operations(service_, c, operation_kind::remove) : claim_.hold(c);
        if (!found) return found;
        auto view = read_stage(service_, c);
        if (!view) return unexpected(std::move(view).error());
        if (!known_) known_ = view->nodes;
        detail::append(*found, obstacles_to(*view, stage_for_delete));
        for (const node_record& n : view->nodes) {
            const std::uint64_t before = reads_before(n);
            if (n.status.fallback_reads <= before) continue;
            const std::uint64_t reads = n.status.fallback_reads - before;
            found->push_back(detail::about_node(
                n, "fallback_read",
                "has needed " + std::to_string(reads) +
                    " old names since the delete began: find out why, and run copy and verify before it goes on"));
            found->back().objects = reads;
        }
        return found;
    }

    /// See `removal_claim::until_over`.
    [[nodiscard]] context until_over(const context& c) const { return claim_.until_over(c); }
    /// See `removal_claim::doubt`.
    void doubt() noexcept { claim_.doubt(); }

private:
    /// A process counts from 0, so what one that was not there tells is new.
    [[nodiscard]] std::uint64_t reads_before(const node_record& n) const noexcept {
        for (const node_record& known : *known_) {
            if (known.node == n.node && known.process == n.process) return known.status.fallback_reads;
        }
        return 0;
    }

    any_store& service_;
    removal_claim claim_;
    std::optional<std::vector<node_record>> known_ = {};  ///< When the delete began.
};

}  // namespace blobshift::inline v1

#endif
