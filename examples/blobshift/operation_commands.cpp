// SPDX-License-Identifier: MIT
//
// cleanup, rollback, seal: what comes after a delete, or instead of one.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <blobshift/config/change_feed.hpp>
#include <blobshift/migrate/cleanup.hpp>
#include <blobshift/migrate/rollback.hpp>
#include <blobshift/migrate/seal.hpp>

#include "change_feed_file.hpp"
#include "migration_app.hpp"
#include "number.hpp"

namespace blobshift::cli {

namespace {

/// What a cleanup adds to its outcomes.
struct cleanup_result {
    work w = {};
    std::uint64_t removals = 0;
    std::uint64_t names = 0;
    std::uint64_t repairs = 0;
    std::uint64_t alive = 0;
    std::uint64_t unknown = 0;
    std::vector<obstacle> kept = {};
};

void add_sweep(cleanup_result& sum, const sweep_summary& swept) {
    sum.w.outcomes += swept.outcomes;
    sum.removals += swept.removals;
    sum.names += swept.names;
}

exit_code cleanup(const migration_options& o, program& p) {
    std::optional<change_feed_file> feed;
    if (!o.change_feed.empty()) feed.emplace(o.change_feed, o.since, o.after_sequence);
    if (!feed && (!o.since.empty() || o.after_sequence != 0)) {
        throw wrong_use("--since and --after-sequence are about a feed: name one with --change-feed");
    }
    migration_session s(o, p);
    const auto unseen = unseen_containers(s, "cleanup");
    if (!unseen.empty()) return refuse(s, o, "cleanup", unseen);
    const auto all = s.all();
    if (!o.dry_run) s.put_on_record();
    cleanup_result sum;
    const cleanup_summary done = or_fail(clean_up(all, s.ctx()), "cleanup");
    add_sweep(sum, done.removals);
    sum.w.outcomes += done.repairs.outcomes;
    sum.w.complete = done.complete;
    sum.repairs = done.repairs.entries;
    sum.kept = done.kept;
    if (feed) {
        const told_summary told =
            or_fail(clean_up_told(all, s.ctx(), [&](auto take) { return feed->give(take); }), "cleanup");
        add_sweep(sum, told.removals);
        sum.w.complete = sum.w.complete && told.complete;
        sum.alive = told.alive;
        sum.unknown = told.unknown;
        say_doubts(p.out, "cleanup", told);
    }
    if (!sum.kept.empty()) {
        p.out.say("cleanup: the records stay until a later cleanup, because " + sum.kept.front().text);
    }
    if (o.dry_run && !o.as_json) {
        p.out.print(std::to_string(sum.removals) + " removals on record, " + std::to_string(sum.names) +
                    " blobs of them are left\n");
        p.out.say("dry run: " + std::to_string(sum.names) + " would be removed; nothing was changed");
        return s.listener().finish(exit_code::done);
    }
    if (o.dry_run) sum.w.ahead = sum.names;
    return conclude(s, o, cleaning, sum.w,
                    {{"removals", sum.removals},
                     {"names", sum.names},
                     {"repairs", sum.repairs},
                     {"alive", sum.alive},
                     {"unknown", sum.unknown},
                     {"records_kept", obstacles_json(sum.kept)}});
}

exit_code rollback(const migration_options& o, program& p) {
    const rollback_options options{.level = o.verification(), .remove_new = o.remove_new};
    migration_session s(o, p);
    const auto against = or_fail(obstacles_to_rollback(s.all(), s.ctx(), o.remove_new), "rollback");
    if (!against.empty()) return refuse(s, o, "rollback", against);
    if (!o.yes && !o.dry_run) {
        return refuse(s, o, "rollback",
                      {{"not_confirmed", 1,
                        std::string("every new name would get its old one again") +
                            (o.remove_new ? " and then be removed" : "") + "; to do it, add --yes"}});
    }
    if (!o.dry_run) s.put_on_record();
    const rollback_summary done = or_fail(roll_back(s.all(), s.ctx(), options), "rollback");
    if (!done.refused.empty() && done.passes == 0) return refuse(s, o, "rollback", done.refused);
    for (const obstacle& each : done.refused) p.out.say("rollback: " + each.text);
    if (done.unresolvable > 0) {
        p.out.say("rollback: " + std::to_string(done.unresolvable) +
                  " new names stay: nothing says what their old names were");
    }
    work w{.complete = done.complete, .interrupted = done.interrupted};
    w.outcomes = outcomes_of(done);
    return conclude(s, o, rolling_back, w,
                    {{"unresolvable", done.unresolvable}, {"removed_new", done.removed_new}, {"passes", done.passes}});
}

/// Says what a seal, against which there is nothing, would do.
exit_code foresee_seal(migration_session& s, const migration_options& o, const stage_view& view) {
    const auto waiting = detail::nodes_not_sealed(view);
    const std::size_t records = count_records(s, "seal");
    if (o.as_json) {
        s.out().print(json_line({{"command", "seal"},
                                 {"complete", false},
                                 {"dry_run", true},
                                 {"waiting", obstacles_json(waiting)},
                                 {"records_destroyed", 0},
                                 {"records_to_destroy", records}}));
    }
    for (const obstacle& each : waiting) s.out().say("seal: " + each.text);
    s.out().say("dry run: the migration would be sealed, and " + std::to_string(records) +
                " records would be destroyed" + (waiting.empty() ? "" : " when every node has heard of it") +
                "; nothing was changed");
    return s.listener().finish(exit_code::done);
}

exit_code seal_migration(const migration_options& o, program& p) {
    migration_session s(o, p);
    const auto all = s.all();
    const auto view = or_fail(read_stage(s.state(), s.ctx()), "seal");
    std::vector<obstacle> refused;
    if (!view.is_sealed()) refused = foreign_names(s, o);
    if (!o.yes && !o.dry_run) {
        if (!view.is_sealed()) detail::append(refused, or_fail(obstacles_to_seal(all, s.ctx()), "seal"));
        if (refused.empty()) {
            refused.push_back({"not_confirmed", 1,
                               "the undo ledger would be destroyed, and there is no way back; to do it, add --yes"});
        }
        return refuse(s, o, "seal", refused);
    }
    if (!refused.empty()) return refuse(s, o, "seal", refused);
    if (!o.dry_run) s.put_on_record();
    const seal_summary done = or_fail(seal(all, s.ctx()), "seal");
    if (!done.refused.empty()) return refuse(s, o, "seal", done.refused);
    if (o.dry_run) return foresee_seal(s, o, view);
    for (const obstacle& each : done.waiting) p.out.say("seal: " + each.text);
    if (o.as_json) {
        p.out.print(json_line({{"command", "seal"},
                               {"complete", done.complete},
                               {"dry_run", false},
                               {"waiting", obstacles_json(done.waiting)},
                               {"records_destroyed", done.segments}}));
    } else if (done.complete) {
        p.out.print("sealed: no old name is looked for any more; " + std::to_string(done.segments) +
                    " records destroyed\n");
    }
    if (!done.complete) p.out.say("seal: it is decided, but not complete; run the same command again");
    return s.listener().finish(done.complete ? exit_code::done : exit_code::interrupted);
}

}  // namespace

void add_operation_commands(migration_app& app) {
    migration_options& o = app.options();
    CLI::App* command = app.add("cleanup", "Remove both names of every instance that was removed meanwhile", cleanup);
    app.add_dry_run(command);
    command->add_option("--change-feed", o.change_feed, "a file of the service's change feed, JSON: its removals, too");
    command->add_option("--since", o.since, "of the feed only removals at this time (with its zone) or later");
    add_number(command, "--after-sequence", o.after_sequence, "of the feed only removals with a higher sequence");

    command = app.add("rollback", "Give every new name its old one again", rollback);
    app.add_level(command);
    app.add_dry_run(command);
    app.add_yes(command);
    command->add_flag("--remove-new", o.remove_new, "then remove the new names; only when no node uses them");

    command = app.add("seal", "End the migration: no fallback, no undo ledger, no way back", seal_migration);
    app.add_dry_run(command);
    app.add_yes(command);
}

}  // namespace blobshift::cli
