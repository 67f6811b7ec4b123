// SPDX-License-Identifier: MIT
//
// Is it safe to take the next step? Reasons against copy, delete, rollback and seal, of all containers. Changes nothing.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/check.test.cpp

#ifndef BLOBSHIFT_MIGRATE_CHECK_HPP
#define BLOBSHIFT_MIGRATE_CHECK_HPP

#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // to_string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/operation.hpp>
#include <blobshift/migrate/plan.hpp>
#include <blobshift/migrate/scope.hpp>
#include <blobshift/migrate/stage.hpp>
#include <blobshift/migrate/sweep.hpp>
#include <blobshift/views/repair_list.hpp>

namespace blobshift::inline v1 {

/// What the service and other operations have against a step: `obstacles_to` and "operation_running".
///
/// \param mine  The kind of operation that asks, as for `obstacles_of_operations`.
/// \return the reasons; or the error of the state. \par Complexity  A `read_stage` and a `list_operations`.
inline result<std::vector<obstacle>> obstacles_of_service(any_store& state, const context& c,
                                                          const stage_requirement& required,
                                                          std::optional<operation_kind> mine = {}) {
    auto view = read_stage(state, c);
    if (!view) return unexpected(std::move(view).error());
    std::vector<obstacle> found = obstacles_to(*view, required);
    auto running = obstacles_of_operations(state, c, mine);
    if (!running) return unexpected(std::move(running).error());
    detail::append(found, *std::move(running));
    return found;
}

/// `plan_migration` of all containers, summed up.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<migration_plan> plan_all(const migration<S, From, To>& all, const context& c) {
    migration_plan sum;
    for (const auto& job : all.jobs) {
        auto plan = plan_migration(job, c);
        if (!plan) return plan;
        sum += *plan;
    }
    return sum;
}

/// Why the old names of all containers must not be deleted yet: `obstacles_of_scope`, what `obstacles_to_delete` says
/// of the plans, summed up, and `obstacles_of_service`.
///
/// \return the reasons; or the error of a listing or of the state. \par Complexity  That of the plans.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<std::vector<obstacle>> obstacles_to_delete(const migration<S, From, To>& all, const context& c) {
    auto unseen = obstacles_of_scope(all.state, c, all.jobs.size());
    if (!unseen) return unseen;
    auto plan = plan_all(all, c);
    if (!plan) return unexpected(std::move(plan).error());
    std::vector<obstacle> found = *std::move(unseen);
    detail::append(found, obstacles_to_delete(*plan));
    auto service = obstacles_of_service(all.state, c, stage_for_delete, operation_kind::remove);
    if (!service) return service;
    detail::append(found, *std::move(service));
    return found;
}

/// Counts the old names in one container: those that the old policy knows and the new one does not.
///
/// \return how many; or the error of the listing. \par Complexity  One listing; memory for one page.
template <BlobReader S, NamingPolicy From, NamingPolicy To>
result<std::uint64_t> count_old_names(S& store, const context& c, const From& from, const To& to) {
    std::uint64_t found = 0;
    auto listed = scan(store, c, {}, [&](blob_info&& info) -> result<void> {
        if (!is_reserved(info.name.text()) && !to.parse(info.name) && from.parse(info.name)) ++found;
        return c.proceed();
    });
    if (!listed) return unexpected(std::move(listed).error());
    return found;
}

/// What a look at the removals on record found that no cleanup can put right: code "contradicted_removals". Empty:
/// nothing.
[[nodiscard]] inline std::vector<obstacle> obstacles_of_removals(const sweep_summary& seen) {
    const std::uint64_t contradicted = seen.outcomes.objects(outcome::collision);
    if (contradicted == 0) return {};
    return {{"contradicted_removals", contradicted,
             std::to_string(contradicted) +
                 " removals on record tell a watermark that is another instance's by the undo ledger, so nothing of "
                 "either was removed: look at both (--report FILE --report-names), remove by hand what must go, run "
                 "cleanup, and then move the record below .blobshift/deletions/ away"}};
}

/// Why what is sealed, or being sealed, must not be taken for that: `obstacles_of_scope` and "old_names".
///
/// \return the reasons; or the error of a listing, or of the state. \par Complexity  One listing for each container.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<std::vector<obstacle>> obstacles_to_seal_again(const migration<S, From, To>& all, const context& c) {
    auto found = obstacles_of_scope(all.state, c, all.jobs.size());
    if (!found) return found;
    std::uint64_t old_names = 0;
    for (const auto& job : all.jobs) {
        auto counted = count_old_names(job.store, c, job.from, job.to);
        if (!counted) return unexpected(std::move(counted).error());
        old_names += *counted;
    }
    if (old_names > 0) {
        found->push_back({"old_names", old_names, std::to_string(old_names) + " old names are left: run delete"});
    }
    return found;
}

/// Why the migration must not be sealed yet: `obstacles_of_scope`, "old_names", "pending_removals",
/// `obstacles_of_removals`, "open_repairs", and `obstacles_of_service` (every node at New).
///
/// \return the reasons; or the error of a listing, of a look at a blob, or of the state.
/// \par Complexity  One listing for each container, the requests of `count_pending_deletions`, and one read for each
///                  segment of the repair list.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<std::vector<obstacle>> obstacles_to_seal(const migration<S, From, To>& all, const context& c) {
    auto first = obstacles_to_seal_again(all, c);
    if (!first) return first;
    std::vector<obstacle> found = *std::move(first);
    const auto add = [&](std::string_view code, std::uint64_t objects, std::string_view text) {
        if (objects > 0) found.push_back({code, objects, std::to_string(objects) + " " + std::string(text)});
    };
    auto pending = count_pending_deletions(all, c);
    if (!pending) return unexpected(std::move(pending).error());
    add("pending_removals", pending->names, "blobs of removed instances are left: run cleanup");
    detail::append(found, obstacles_of_removals(*pending));
    std::uint64_t repairs = 0;
    const auto count = [&](const repair&) -> result<void> {
        ++repairs;
        return {};
    };
    auto read = read_repairs(all.state, c, count, all.concurrency());
    if (!read) return unexpected(std::move(read).error());
    add("open_repairs", repairs, "entries of the repair list are open: run cleanup");
    auto service = obstacles_of_service(all.state, c, stage_for_delete, operation_kind::seal);
    if (!service) return service;
    detail::append(found, *std::move(service));
    return found;
}

/// Why a rollback must not begin: code "sealed", those of `obstacles_of_scope` and `obstacles_to`, and
/// "operation_running". Empty: nothing.
///
/// \param remove_new  As in `rollback_options`.
/// \return the reasons; or the error of the state. \par Complexity  A `read_stage`, a `list_operations` and a read.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<std::vector<obstacle>> obstacles_to_rollback(const migration<S, From, To>& all, const context& c,
                                                    bool remove_new) {
    auto view = read_stage(all.state, c);
    if (!view) return unexpected(std::move(view).error());
    if (view->is_sealed()) {
        return std::vector<obstacle>{{"sealed", 1, "the migration is sealed: the way back is destroyed"}};
    }
    auto found = obstacles_of_scope(all.state, c, all.jobs.size());
    if (!found) return found;
    detail::append(*found, obstacles_to(*view, remove_new ? stage_without_new_names : stage_for_rollback));
    auto running = obstacles_of_operations(all.state, c, operation_kind::rollback);
    if (!running) return unexpected(std::move(running).error());
    detail::append(*found, *std::move(running));
    return found;
}

}  // namespace blobshift::inline v1

#endif
