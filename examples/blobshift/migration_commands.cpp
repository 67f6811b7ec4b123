// SPDX-License-Identifier: MIT
//
// plan, copy, verify, check, delete, status: the migration of the names in a store, or in two.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/migrate/plan.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/verify.hpp>

#include "migration_session.hpp"
#include "migration_text.hpp"
#include "program.hpp"
#include "store_address.hpp"

namespace blobshift::cli {

namespace {

using job_type = migration_session::job_type;

/// What a command that works on objects came to, over all containers.
struct work {
    outcome_counts outcomes = {};
    bool complete = true;
    bool interrupted = false;
};

/// How a command speaks of itself.
struct verb {
    std::string_view name;
    std::string_view done;       ///< "copied"
    outcome ahead;               ///< Of objects that a dry run would have worked on.
    std::string_view completed;  ///< The line that operators wait for, to the letter; empty: there is none.
};

constexpr verb copying = {"copy", "copied", outcome::missing, "Completed copying files."};
constexpr verb verifying = {"verify", "read", outcome::present, ""};
constexpr verb deleting = {"delete", "deleted", outcome::present, "Completed deleting files."};

/// Prints the result, then why objects were left behind; decides the exit code.
exit_code conclude(migration_session& s, const migration_options& o, const verb& command, const work& w, json more) {
    if (o.as_json) {
        json j = {{"command", command.name},
                  {"complete", w.complete},
                  {"interrupted", w.interrupted},
                  {"dry_run", o.dry_run},
                  {"outcomes", outcomes_json(w.outcomes)}};
        j.update(more);
        s.out().print(json_line(j));
    } else {
        const std::string text = outcomes_text(w.outcomes);
        s.out().print(text.empty() ? "nothing to " + std::string(command.name) + "\n" : text);
    }
    const bool reported = s.listener().finish();
    if (w.interrupted) {
        s.out().say("interrupted; run the same command again");
        return exit_code::interrupted;
    }
    if (o.dry_run) {
        s.out().say("dry run: " + std::to_string(w.outcomes.objects(command.ahead)) + " would be " +
                    std::string(command.done) + "; nothing was changed");
        return reported ? exit_code::done : exit_code::some_failed;
    }
    if (!w.complete) return exit_code::some_failed;
    // The whole of it, or a line that nobody takes for the whole.
    if (o.part().count > 1)
        s.out().say("part " + o.shard_text + " is complete");
    else if (!command.completed.empty())
        s.out().log(command.completed);
    return reported ? exit_code::done : exit_code::some_failed;
}

migration_plan plan_all(migration_session& s, std::string_view command) {
    migration_plan sum;
    s.for_each_job([&](const job_type& job) { add_plan(sum, or_fail(plan_migration(job, s.ctx()), command)); });
    or_fail(s.ctx().proceed(), command);
    return sum;
}

// ---------------------------------------------------------------------------------------------------------------------

exit_code plan(const migration_options& o, program& p) {
    migration_session s(o, p);
    const migration_plan found = plan_all(s, "plan");
    if (o.as_json) {
        json j = {{"command", "plan"}};
        j.update(plan_json(found));
        p.out.print(json_line(j));
    } else {
        p.out.print(plan_text(found));
    }
    return s.listener().finish() ? exit_code::done : exit_code::some_failed;
}

/// What became of each object in the whole run. The last pass finds as equal what the passes before it made.
outcome_counts outcomes_of(const copy_summary& run) {
    outcome_counts counts;
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
    for (const outcome what : {outcome::copied, outcome::repaired}) {
        counts.add(what, run.made.bytes(what), run.made.objects(what));
        objects += run.made.objects(what) - run.last.objects(what);
        bytes += run.made.bytes(what) - run.last.bytes(what);
    }
    for (std::size_t i = 0; i < outcome_count; ++i) {
        const auto what = static_cast<outcome>(i);
        if (what == outcome::copied || what == outcome::repaired) continue;
        const bool again = what == outcome::present;
        counts.add(what, run.last.bytes(what) - (again ? std::min(bytes, run.last.bytes(what)) : 0),
                   run.last.objects(what) - (again ? std::min(objects, run.last.objects(what)) : 0));
    }
    return counts;
}

exit_code copy(const migration_options& o, program& p) {
    const copy_options options{.compare_existing = o.verification()};
    migration_session s(o, p);
    work w;
    json passes = json::array();
    s.for_each_job([&](const job_type& job) {
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

/// Whether somebody has to look at the very blobs, rather than run the next command.
bool is_about_single_blobs(const obstacle& o) {
    return o.code == "different" || o.code == "collisions" || o.code == "blocked" || o.code == "obstructed";
}

/// Says what stands in the way. \return the code for it.
exit_code refuse(migration_session& s, const migration_options& o, std::string_view command,
                 const std::vector<obstacle>& obstacles) {
    if (o.as_json) {
        s.out().print(json_line({{"command", command}, {"safe", false}, {"obstacles", obstacles_json(obstacles)}}));
    }
    (void)s.listener().finish();
    for (const obstacle& each : obstacles) s.out().say(std::string(command) + ": " + each.text);
    if (std::any_of(obstacles.begin(), obstacles.end(), is_about_single_blobs)) {
        s.out().say("to see which: plan with --report FILE --report-names");
    }
    return exit_code::refused;
}

exit_code check(const migration_options& o, program& p) {
    migration_session s(o, p);
    const migration_plan found = plan_all(s, "check");
    const std::vector<obstacle> obstacles = obstacles_to_delete(found);
    if (!obstacles.empty()) return refuse(s, o, "check", obstacles);
    const std::uint64_t to_read = found.found.sources - found.proved(o.verification());
    if (o.as_json) {
        p.out.print(json_line({{"command", "check"},
                               {"safe", true},
                               {"obstacles", json::array()},
                               {"old_names", found.found.sources},
                               {"to_read", to_read}}));
    } else if (found.found.sources == 0) {
        p.out.print("there is no old name to delete\n");
    } else {
        p.out.print("it is safe to delete " + std::to_string(found.found.sources) +
                    " old names: each has an equal copy\n");
        if (to_read > 0)
            p.out.print("delete will read " + std::to_string(to_read) + " of them first, or verify does it now\n");
    }
    return s.listener().finish() ? exit_code::done : exit_code::some_failed;
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
    if (d.objects > o.max_delete) {
        d.refused.push_back({"max_delete", d.objects,
                             std::to_string(d.objects) + " old names would be deleted, more than the " +
                                 std::to_string(o.max_delete) + " of --max-delete"});
    }
    return d;
}

exit_code remove(const migration_options& o, program& p) {
    const remove_options options{
        .level = o.verification(), .afresh = o.reverify, .partial = o.partial, .max_delete = o.max_delete};
    if (options.level < verify_level::computed_hash) {
        throw wrong_use("delete needs --verify computed_hash or read_bytes: less would not show a lost blob");
    }
    migration_session s(o, p);
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
        remove_summary done = or_fail(remove_sources(job, s.ctx(), options), "delete");
        w.outcomes += done.outcomes;
        w.complete = w.complete && done.complete;
        w.interrupted = w.interrupted || done.interrupted;
        read_objects += done.read_objects;
        refused = std::move(done.refused);
    });
    if (!refused.empty() && w.outcomes.objects(outcome::removed) == 0) return refuse(s, o, "delete", refused);
    w.interrupted = w.interrupted || p.ctx.stop.stop_requested();
    return conclude(s, o, deleting, w, {{"read_objects", read_objects}});
}

// ---------------------------------------------------------------------------------------------------------------------

/// Where the store stands, and the command that comes next.
struct stage {
    std::string_view name;
    std::string_view next;
};

[[nodiscard]] stage stage_of(const migration_plan& plan, std::uint64_t recorded) {
    const auto left = [&](outcome what) { return plan.outcomes.objects(what) > 0; };
    if (plan.found.sources == 0) return {"done", "nothing to do: there is no old name"};
    if (left(outcome::different) || left(outcome::collision) || left(outcome::blocked)) {
        return {"blocked", "some old names cannot be migrated as they are; plan says why"};
    }
    if (left(outcome::missing) || left(outcome::pending)) {
        return plan.found.targets == 0 ? stage{"old", "copy"} : stage{"copying", "copy"};
    }
    return recorded == 0 ? stage{"copied", "verify, then delete"} : stage{"deleting", "delete"};
}

exit_code status(const migration_options& o, program& p) {
    migration_session s(o, p);
    const migration_plan found = plan_all(s, "status");
    std::uint64_t recorded = 0;
    s.for_each_job([&](const job_type& job) {
        or_fail(read_ledger(job.state, s.ctx(), [&](const ledger_entry&) { return ++recorded, result<void>(); }),
                "status");
    });
    const stage now = stage_of(found, recorded);
    if (o.as_json) {
        p.out.print(json_line({{"command", "status"},
                               {"stage", now.name},
                               {"old_names", found.found.sources},
                               {"new_names", found.found.targets},
                               {"copied", found.outcomes.objects(outcome::present)},
                               {"proved", found.proved(verify_level::computed_hash)},
                               {"ledger_entries", recorded}}));
    } else {
        table t;
        t.add("old names", found.found.sources, found.found.source_bytes);
        t.add("  equal to their copy", found.outcomes.objects(outcome::present));
        t.add("new names", found.found.targets, found.found.target_bytes);
        t.add("deletions on record", recorded);
        p.out.print(t.text() + "stage: " + std::string(now.name) + "\nnext: " + std::string(now.next) + "\n");
    }
    return s.listener().finish() ? exit_code::done : exit_code::some_failed;
}

}  // namespace

void add_migration_commands(CLI::App& app, program& p) {
    const auto o = std::make_shared<migration_options>();
    const auto add = [&](const char* name, const char* help, exit_code (*run)(const migration_options&, program&)) {
        CLI::App* const command = app.add_subcommand(name, help);
        command->add_option("STORE", o->store, std::string(address_help))->required();
        command->add_option("--metadata", o->metadata, "a second store, migrated with the first");
        command->add_option("--state", o->state,
                            "a store for proofs and the undo ledger; default: below .blobshift/ of each store");
        command->add_option("--scratch", o->scratch, "a directory for sorting; default: $TMPDIR or /tmp");
        command->add_option("--report", o->report, "a line of JSON for each object");
        command->add_flag("--report-names", o->report_names, "with names in it: personal data");
        command->add_option("--shard", o->shard_text, "I/N: only part I of N, from 1/N to N/N");
        command->add_option("--concurrency", o->concurrency, "auto, or most requests at once");
        command->add_option("--rate", o->rate, "most requests a second");
        command->add_option("--durability", o->durable, "none, data or full: what a power cut must not take (files)");
        command->add_flag("--json", o->as_json, "the result as one JSON object");
        command->callback([o, run, &p] { p.command = [o, run, &p] { return run(*o, p); }; });
        return command;
    };
    const auto add_level = [&](CLI::App* command) {
        command->add_option("--verify", o->level, "exists, size, stored_hash, computed_hash or read_bytes");
    };
    const auto add_dry_run = [&](CLI::App* command) {
        command->add_flag("--dry-run", o->dry_run, "say what would be done; change nothing");
    };
    const auto add_reverify = [&](CLI::App* command) {
        command->add_flag("--reverify", o->reverify, "trust no proof of an earlier run");
    };

    add("plan", "Say what there is to migrate; change nothing", plan);
    CLI::App* command = add("copy", "Copy every blob to its new name, until none is missing", copy);
    add_level(command);
    add_dry_run(command);
    command = add("verify", "Prove that each old name has an equal copy; change no blob", verify);
    add_level(command);
    add_dry_run(command);
    add_reverify(command);
    command = add("check", "Say whether it is safe to delete the old names", check);
    add_level(command);
    command = add("delete", "Delete each old name whose copy is proved equal", remove);
    add_level(command);
    add_dry_run(command);
    add_reverify(command);
    command->add_flag("--yes", o->yes, "do it");
    command->add_option("--max-delete", o->max_delete, "refuse to begin when more than so many would go");
    command->add_flag("--partial", o->partial, "delete what can be proved, though not all can");
    add("status", "Say how far a migration is", status);
}

}  // namespace blobshift::cli
