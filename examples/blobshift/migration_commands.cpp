// SPDX-License-Identifier: MIT
//
// plan, copy, verify, check, delete: the jobs on the names in a store, or in two.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <blobshift/migrate/check.hpp>
#include <blobshift/migrate/cleanup.hpp>
#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/plan.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/verify.hpp>

#include "migration_app.hpp"
#include "number.hpp"

namespace blobshift::cli {

namespace {

using job_type = migration_session::job_type;

// ---------------------------------------------------------------------------------------------------------------------

exit_code plan(const migration_options& o, program& p) {
    migration_session s(o, p);
    const migration_plan found = plan_all(s, "plan");
    const auto left_out = foreign_names(s, o);
    if (o.as_json) {
        json j = {{"command", "plan"}, {"foreign_names", left_out.empty() ? 0 : left_out.front().objects}};
        j.update(plan_json(found));
        p.out.print(json_line(j));
    } else {
        p.out.print(plan_text(found));
    }
    for (const obstacle& each : unseen_containers(s, "plan")) p.out.say("plan: " + each.text);
    for (const obstacle& each : left_out) p.out.say("plan: " + each.text);
    return s.listener().finish(exit_code::done, {{"outcomes", outcomes_json(found.outcomes)}});
}

/// What the service, and operations of another kind that run, have against a step.
std::vector<obstacle> against(migration_session& s, const stage_requirement& required, operation_kind mine,
                              std::string_view command) {
    return or_fail(obstacles_of_service(s.state(), s.ctx(), required, mine), command);
}

exit_code copy(const migration_options& o, program& p) {
    copy_options options{.compare_existing = o.verification()};
    migration_session s(o, p);
    options.deletions = &s.state();
    if (!o.dry_run) {
        auto refused = unseen_containers(s, "copy");
        detail::append(refused, against(s, stage_for_copy, operation_kind::copy, "copy"));
        if (!refused.empty()) return refuse(s, o, "copy", refused);
        s.put_on_record();
    }
    work w;
    json passes = json::array();
    std::size_t number = 0;
    s.for_each_job([&](const job_type& job) {
        options.other_ledgers = ledgers_beside(s.all(), number++);
        const copy_summary done = or_fail(copy_blobs(job, s.ctx(), options), "copy");
        w.outcomes += outcomes_of(done);
        w.complete = w.complete && done.complete;
        w.interrupted = w.interrupted || done.interrupted;
        passes.push_back(done.passes);
    });
    w.interrupted = w.interrupted || p.ctx.stop.stop_requested();
    return conclude(s, o, copying, w, {{"passes", passes}});
}

exit_code verify(const migration_options& o, program& p) {
    const verify_options options{.level = o.verification(), .afresh = o.reverify};
    migration_session s(o, p);
    work w;
    std::uint64_t only_new = 0;
    std::uint64_t read_objects = 0;
    std::uint64_t read_bytes = 0;
    s.for_each_job([&](const job_type& job) {
        const verify_summary done = or_fail(verify_copies(job, s.ctx(), options), "verify");
        w.outcomes += done.outcomes;
        w.complete = w.complete && done.complete;
        w.interrupted = w.interrupted || done.interrupted;
        only_new += done.only_new;
        read_objects += done.read_objects;
        read_bytes += done.read_bytes;
    });
    w.interrupted = w.interrupted || p.ctx.stop.stop_requested();
    return conclude(s, o, verifying, w,
                    {{"level", to_string(options.level)},
                     {"only_new", only_new},
                     {"read_objects", read_objects},
                     {"read_bytes", read_bytes}});
}

// ---------------------------------------------------------------------------------------------------------------------

exit_code check_sealed(migration_session& s, const migration_options& o, const stage_view& view) {
    const bool over = view.stage->seal == seal_state::sealed && count_records(s, "check") == 0;
    s.out().print(o.as_json ? json_line({{"command", "check"},
                                         {"safe", true},
                                         {"next", over ? json(nullptr) : json("seal")},
                                         {"obstacles", json::array()},
                                         {"old_names", 0}})
                  : over    ? "there is no old name, and the migration is sealed\n"
                            : "there is no old name, but the seal is not complete: run seal again\n");
    return s.listener().finish(exit_code::done);
}

/// The last question: is there anything left that a seal would have to keep?
exit_code check_seal(migration_session& s, const migration_options& o) {
    const stage_view view = or_fail(read_stage(s.state(), s.ctx()), "check");
    if (view.is_sealed()) return check_sealed(s, o, view);
    auto obstacles = or_fail(obstacles_to_seal(s.all(), s.ctx()), "check");
    for (obstacle& each : foreign_names(s, o)) obstacles.push_back(std::move(each));
    if (!obstacles.empty()) return refuse(s, o, "check", obstacles);
    s.out().print(o.as_json ? json_line({{"command", "check"},
                                         {"safe", true},
                                         {"next", "seal"},
                                         {"obstacles", json::array()},
                                         {"old_names", 0}})
                            : "there is no old name to delete; it is safe to seal\n");
    return s.listener().finish(exit_code::done);
}

/// New names that came from nowhere, as far as anybody knows. Only before the switch is that strange.
void add_orphans(migration_session& s, std::vector<obstacle>& obstacles) {
    std::uint64_t orphans = 0;
    s.for_each_job([&](const job_type& job) { orphans += or_fail(count_orphans(job, s.ctx()), "check"); });
    if (orphans == 0) return;
    obstacles.push_back({"orphans", orphans,
                         std::to_string(orphans) +
                             " new names have no old one, and nothing on record explains it: a put that failed, or a "
                             "removal that no log tells of; look at them with --report FILE --report-names"});
}

exit_code check(const migration_options& o, program& p) {
    migration_session s(o, p);
    const auto unseen = unseen_containers(s, "check");
    if (!unseen.empty()) return refuse(s, o, "check", unseen);
    const migration_plan found = plan_all(s, "check");
    if (found.found.sources == 0) return check_seal(s, o);
    std::vector<obstacle> obstacles = obstacles_to_delete(found);
    std::uint64_t removals = 0;
    const auto count = [&](const deletion&) { return ++removals, result<void>(); };
    or_fail(read_deletions(s.state(), s.ctx(), 0, count, s.all().concurrency()), "check");
    if (o.orphans) add_orphans(s, obstacles);
    for (obstacle& each : against(s, stage_for_delete, operation_kind::remove, "check")) {
        obstacles.push_back(std::move(each));
    }
    if (!obstacles.empty()) return refuse(s, o, "check", obstacles);
    const auto left_out = foreign_names(s, o);  // a delete does not touch them, but a seal would leave them behind
    for (const obstacle& each : left_out) p.out.say("check: " + each.text);
    const std::uint64_t to_read = found.found.sources - found.proved(o.verification());
    if (o.as_json) {
        p.out.print(json_line({{"command", "check"},
                               {"safe", true},
                               {"next", "delete"},
                               {"obstacles", json::array()},
                               {"old_names", found.found.sources},
                               {"foreign_names", left_out.empty() ? 0 : left_out.front().objects},
                               {"to_read", to_read},
                               {"pending_removals", removals}}));
    } else {
        const std::string old_names = std::to_string(found.found.sources) + " old names";
        if (to_read == 0) {
            p.out.print("it is safe to delete " + old_names + ": each has an equal copy\n");
        } else {
            p.out.print("nothing stands against a delete of " + old_names + ": each has a whole copy\n");
            p.out.print(std::to_string(to_read) + " of them not proved equal yet: verify does it now; else " +
                        "delete reads them first, and leaves what differs (exit code 3)\n");
        }
        if (removals > 0) {
            p.out.print(std::to_string(removals) +
                        " removals by the service are on record: cleanup carries them out\n");
        }
    }
    return s.listener().finish(exit_code::done, {{"outcomes", outcomes_json(found.outcomes)}});
}

/// What is known before the first container is touched: a delete begins in both or in none.
struct delete_decision {
    std::vector<obstacle> refused = {};
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
};

delete_decision decide(migration_session& s, const migration_options& o) {
    const migration_plan found = plan_all(s, "delete");
    delete_decision d{.objects = found.outcomes.objects(outcome::present),
                      .bytes = found.outcomes.bytes(outcome::present)};
    if (!o.partial) d.refused = obstacles_to_delete(found);
    for (obstacle& each : obstacles_to_count(found, o.max_delete)) d.refused.push_back(std::move(each));
    return d;
}

exit_code remove(const migration_options& o, program& p) {
    remove_options options{
        .level = o.verification(), .afresh = o.reverify, .partial = o.partial, .max_delete = o.max_delete};
    if (options.level < verify_level::computed_hash) {
        throw wrong_use("delete needs --verify computed_hash or read_bytes: less would not show a lost blob");
    }
    migration_session s(o, p);
    wave_guard guard(s.state());
    options.guard = &guard;
    const auto bind = [&] { return s.bind(); };
    const function_ref<result<void>()> before_change = bind;
    options.before_change = &before_change;
    const auto unseen = unseen_containers(s, "delete");
    if (!unseen.empty()) return refuse(s, o, "delete", unseen);
    const auto barrier = against(s, stage_for_delete, operation_kind::remove, "delete");
    if (!barrier.empty()) return refuse(s, o, "delete", barrier);
    if (!o.yes || s.containers() > 1) {
        const delete_decision d = decide(s, o);
        if (!d.refused.empty()) return refuse(s, o, "delete", d.refused);
        if (!o.yes && !o.dry_run && d.objects > 0) {
            return refuse(s, o, "delete",
                          {{"not_confirmed", d.objects,
                            std::to_string(d.objects) + " old names (" + human_bytes(d.bytes) +
                                ") would be deleted; to do it, add --yes"}});
        }
        s.listener().begin_again();
    }
    work w;
    std::uint64_t read_objects = 0;
    std::vector<obstacle> refused;
    s.for_each_job([&](const job_type& job) {
        if (!refused.empty()) return;
        auto gone = remove_sources(job, s.ctx(), options);
        if (!gone && gone.error().code == errc::blocked) {
            throw failure(exit_code::refused, "delete: " + gone.error().message);
        }
        remove_summary done = or_fail(std::move(gone), "delete");
        w.outcomes += done.outcomes;
        w.complete = w.complete && done.complete;
        w.interrupted = w.interrupted || done.interrupted;
        read_objects += done.read_objects;
        refused = std::move(done.refused);
        for (obstacle& each : done.stopped) refused.push_back(std::move(each));
    });
    if (!refused.empty() && w.outcomes.objects(outcome::removed) == 0) return refuse(s, o, "delete", refused);
    for (const obstacle& each : refused) p.out.say("delete: " + each.text);
    w.interrupted = w.interrupted || p.ctx.stop.stop_requested();
    return conclude(s, o, deleting, w, {{"read_objects", read_objects}, {"obstacles", obstacles_json(refused)}});
}

}  // namespace

void add_job_commands(migration_app& app) {
    migration_options& o = app.options();
    app.add("plan", "Say what there is to migrate; change nothing", plan);
    CLI::App* command = app.add("copy", "Copy every blob to its new name, until none is missing", copy);
    app.add_level(command);
    app.add_dry_run(command);
    command = app.add("verify", "Prove that each old name has an equal copy; change no blob", verify);
    app.add_level(command);
    app.add_dry_run(command);
    app.add_reverify(command);
    command = app.add("check", "Say whether it is safe to delete the old names, or to seal when none is left", check);
    app.add_level(command);
    command->add_flag("--orphans", o.orphans,
                      "before the switch to New: look for new names that nothing explains, too");
    command = app.add("delete", "Delete each old name whose copy is proved equal", remove);
    app.add_level(command);
    app.add_dry_run(command);
    app.add_reverify(command);
    app.add_yes(command);
    add_number(command, "--max-delete", o.max_delete, "refuse to begin when more than so many would go");
    command->add_flag("--partial", o.partial, "delete what can be proved, though not all can");
}

}  // namespace blobshift::cli
