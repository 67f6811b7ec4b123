// SPDX-License-Identifier: MIT
#include "migration_app.hpp"

#include <algorithm>
#include <string>

#include <blobshift/migrate/scope.hpp>
#include <blobshift/store/journal.hpp>
#include <blobshift/views/deletion_log.hpp>
#include <blobshift/views/repair_list.hpp>

#include "number.hpp"
#include "store_address.hpp"

namespace blobshift::cli {

CLI::App* migration_app::add(const char* name, const char* help, command_function run) {
    const auto o = options_;
    CLI::App* const command = app_.add_subcommand(name, help);
    command->add_option("STORE", o->store, std::string(address_help))->required();
    command->add_option("--metadata", o->metadata, "a second store, migrated with the first");
    command->add_option("--state", o->state,
                        "a store for proofs and the undo ledger; default: below .blobshift/ of each store");
    command->add_option("--scratch", o->scratch, "a directory for sorting; default: $TMPDIR or /tmp");
    CLI::Option* const report = command->add_option("--report", o->report, "a line of JSON for each object");
    command->add_flag("--report-names", o->report_names, "with names in it: personal data")->needs(report);
    command->add_option("--shard", o->shard_text, "I/N: only part I of N, from 1/N to N/N");
    command->add_option("--concurrency", o->concurrency, "auto, or most requests at once");
    const auto take_rate = [o](const std::string& text) {
        o->rate = parse_number<double>(text);
        if (!o->rate) throw wrong_use("--rate is a number of requests a second, above 0, like 20 or 0.5");
    };
    command->add_option_function<std::string>("--rate", take_rate, "most requests a second")->type_name("N");
    command->add_option("--durability", o->durable, "none, data or full: what a power cut must not take (files)");
    command->add_flag("--json", o->as_json, "the result as one JSON object");
    command->add_option("--log", o->log, "text, or json: each line on stderr is an object");
    command->callback([o, run, name, &p = p_] {
        o->command = name;
        if (o->log == "json") {
            p.out.use_json(*p.ctx.clock);
        } else if (o->log != "text") {
            throw wrong_use("--log is text or json");
        }
        p.command = [o, run, &p] { return run(*o, p); };
    });
    return command;
}

void migration_app::add_level(CLI::App* command) {
    command->add_option("--verify", options_->level, "exists, size, stored_hash, computed_hash or read_bytes");
}

void migration_app::add_dry_run(CLI::App* command) {
    command->add_flag("--dry-run", options_->dry_run, "say what would be done; change nothing");
}

void migration_app::add_reverify(CLI::App* command) {
    command->add_flag("--reverify", options_->reverify, "trust no proof of an earlier run");
}

void migration_app::add_yes(CLI::App* command) { command->add_flag("--yes", options_->yes, "do it"); }

void add_migration_commands(CLI::App& app, program& p) {
    migration_app commands(app, p);
    add_job_commands(commands);
    add_status_commands(commands);
    add_operation_commands(commands);
    add_run_command(commands);
}

// ---------------------------------------------------------------------------------------------------------------------

namespace {

/// Whether somebody has to look at the very blobs, rather than run the next command.
bool is_about_single_blobs(const obstacle& o) {
    return o.code == "different" || o.code == "collisions" || o.code == "blocked";
}

/// Whether it is about blobs that were copied, of which a plan reports nothing, and cannot go.
bool is_about_held_blobs(const obstacle& o) {
    return o.code == "archived" || o.code == "leased" || o.code == "immutable" || o.code == "snapshots";
}

}  // namespace

exit_code conclude(migration_session& s, const migration_options& o, const verb& command, const work& w,
                   const json& more) {
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
        const bool idle = text.empty() && !w.interrupted;  // who was interrupted early does not know
        s.out().print(idle ? "nothing to " + std::string(command.todo) + "\n" : text);
    }
    const json came_to = {
        {"complete", w.complete}, {"interrupted", w.interrupted}, {"outcomes", outcomes_json(w.outcomes)}};
    const bool whole = w.complete || o.dry_run;
    const exit_code code = s.listener().finish(w.interrupted ? exit_code::interrupted
                                               : whole       ? exit_code::done
                                                             : exit_code::some_failed,
                                               came_to);
    if (w.interrupted) {
        s.out().say("interrupted; run the same command again");
    } else if (o.dry_run) {
        s.out().say("dry run: " + std::to_string(w.outcomes.objects(command.ahead) + w.ahead) + " would be " +
                    std::string(command.done) + "; nothing was changed");
    } else if (w.complete) {
        // The whole of it, or a line that nobody takes for the whole.
        if (o.part().count > 1)
            s.out().say("part " + o.shard_text + " is complete");
        else if (!command.completed.empty())
            s.out().log(command.completed);
    }
    return code;
}

exit_code refuse(migration_session& s, const migration_options& o, std::string_view command,
                 const std::vector<obstacle>& obstacles) {
    if (o.as_json) {
        s.out().print(json_line({{"command", command}, {"safe", false}, {"obstacles", obstacles_json(obstacles)}}));
    }
    (void)s.listener().finish(exit_code::refused, {{"obstacles", obstacles_json(obstacles)}});
    for (const obstacle& each : obstacles) s.out().say(std::string(command) + ": " + each.text);
    if (std::any_of(obstacles.begin(), obstacles.end(), is_about_single_blobs)) {
        s.out().say("to see which: plan with --report FILE --report-names");
    }
    if (std::any_of(obstacles.begin(), obstacles.end(), is_about_held_blobs)) {
        s.out().say("to see which: delete --dry-run --partial with --report FILE --report-names");
    }
    return exit_code::refused;
}

std::vector<obstacle> foreign_names(migration_session& s, const migration_options& o) {
    const double rate = o.rate.value_or(0);
    std::uint64_t found = count_foreign(s.ctx(), o.store, rate);
    if (!o.metadata.empty()) found += count_foreign(s.ctx(), o.metadata, rate);
    if (found == 0) return {};
    return {{"foreign_names", found, std::to_string(found) + std::string(foreign_names_help)}};
}

std::size_t count_records(migration_session& s, std::string_view command) {
    std::size_t records = 0;
    const auto count = [&](any_store& state, std::string_view journal) {
        records += or_fail(journal_segments(state, s.ctx(), journal), command).size();
    };
    const auto all = s.all();
    for (const auto& job : all.jobs) {
        for (const std::string_view journal : {ledger_journal, evidence_journal}) count(job.state, journal);
    }
    for (const std::string_view journal : {deletion_journal, repair_journal}) count(all.state, journal);
    return records;
}

std::vector<obstacle> unseen_containers(migration_session& s, std::string_view command) {
    auto unseen = or_fail(obstacles_of_scope(s.state(), s.ctx(), s.containers()), command);
    return unseen.empty() ? s.missing() : unseen;
}

migration_plan plan_all(migration_session& s, std::string_view command) {
    migration_plan sum;
    s.for_each_job(
        [&](const migration_session::job_type& job) { sum += or_fail(plan_migration(job, s.ctx()), command); });
    or_fail(s.ctx().proceed(), command);
    return sum;
}

}  // namespace blobshift::cli
