// SPDX-License-Identifier: MIT
//
// run: what the settings of the service ask for, as the guide describes it.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <blobshift/migrate/run.hpp>

#include "change_feed_file.hpp"
#include "migration_app.hpp"
#include "number.hpp"
#include "settings_file.hpp"
#include "store_address.hpp"

namespace blobshift::cli {

namespace {

[[nodiscard]] operation_id id_of(const std::string& text) { return or_fail(operation_id::parse(text), "settings"); }

[[nodiscard]] run_settings run_settings_of(const migration_settings& s) {
    return {.runs = s.format,
            .start_copy = s.start_copy,
            .start_delete = s.start_delete,
            .copy = id_of(s.copy_operation_id),
            .remove = id_of(s.delete_operation_id),
            .cleanup = id_of(s.cleanup_operation_id)};
}

/// The options of the command line, completed by the settings: what was typed wins.
[[nodiscard]] migration_options options_of(const migration_options& typed, const migration_settings& s) {
    migration_options o = typed;
    o.batch_size = s.batch_size;
    if (o.concurrency == "auto" && s.concurrency > 0) o.concurrency = std::to_string(s.concurrency);
    if (!o.rate && s.requests_per_second > 0) o.rate = s.requests_per_second;
    if (!s.files_container.empty()) o.store = address_of_container(typed.store, s.files_container);
    if (!s.metadata_container.empty()) {
        if (!typed.metadata.empty())
            throw wrong_use("--metadata and MetadataContainer both name a container; leave one out");
        o.metadata = address_of_container(typed.store, s.metadata_container);
    }
    o.reported = {{"FormatType", to_string(s.format)}, {"StartCopy", s.start_copy}, {"StartDelete", s.start_delete}};
    return o;
}

/// What was made, and what else was found: a last look finds as equal what the looks before it made.
[[nodiscard]] outcome_counts without_repeats(const outcome_counts& all) {
    outcome_counts counts;
    const std::uint64_t made = all.objects(outcome::copied) + all.objects(outcome::repaired);
    const std::uint64_t made_bytes = all.bytes(outcome::copied) + all.bytes(outcome::repaired);
    for (std::size_t i = 0; i < outcome_count; ++i) {
        const auto what = static_cast<outcome>(i);
        const bool again = what == outcome::present;
        counts.add(what, all.bytes(what) - (again ? std::min(made_bytes, all.bytes(what)) : 0),
                   all.objects(what) - (again ? std::min(made, all.objects(what)) : 0));
    }
    return counts;
}

[[nodiscard]] outcome_counts outcomes_of(const run_summary& done) {
    outcome_counts sum;
    if (done.copied) sum += without_repeats(*done.copied);
    if (done.removed) sum += *done.removed;
    if (done.cleaned) sum += done.cleaned->removals.outcomes;
    if (done.told) sum += done.told->removals.outcomes;
    return sum;
}

[[nodiscard]] json run_json(const run_summary& done) {
    json j = json::object();
    if (done.copied) j["copied"] = outcomes_json(without_repeats(*done.copied));
    if (done.removed) j["deleted"] = outcomes_json(*done.removed);
    if (done.cleaned) {
        j["cleaned"] = {{"removals", done.cleaned->removals.removals},
                        {"names", done.cleaned->removals.names},
                        {"repairs", done.cleaned->repairs.entries},
                        {"records_kept", obstacles_json(done.cleaned->kept)}};
    }
    if (done.told) {
        j["told"] = {{"removals", done.told->told},
                     {"names", done.told->removals.names},
                     {"alive", done.told->alive},
                     {"unknown", done.told->unknown}};
    }
    return j;
}

exit_code run_guide(const migration_options& typed, program& p) {
    const migration_settings settings = read_settings(typed.settings);
    const run_settings wanted = run_settings_of(settings);
    for (const obstacle& each : contradictions_of(wanted)) throw wrong_use(typed.settings + ": " + each.text);
    std::optional<change_feed_file> feed;
    if (!typed.change_feed.empty()) {
        feed.emplace(typed.change_feed, feed_filter{settings.cleanup_since, typed.after_sequence});
    }
    const migration_options o = options_of(typed, settings);
    if (o.part().count > 1) throw wrong_use("run does the whole; use copy and delete for one part of it");
    run_options options;
    options.copying.compare_existing = options.deleting.level = o.verification();
    if (options.deleting.level < verify_level::computed_hash) {
        throw wrong_use("run needs --verify computed_hash or read_bytes: less would not show a lost blob");
    }
    options.deleting.max_delete = o.max_delete;
    options.operations.take_over = o.take_over;

    migration_session s(o, p);
    const bool idle = !wanted.start_copy && !wanted.start_delete;
    if (const auto unseen = unseen_containers(s, "run"); !idle && !unseen.empty()) return refuse(s, o, "run", unseen);
    const auto give = [&](function_ref<result<void>(const told_removal&)> take) { return feed->give(take); };
    const removal_source told = give;
    if (feed) options.told = &told;
    const auto bind = [&] { return s.bind(); };
    const function_ref<result<void>()> before_change = bind;
    options.before_change = &before_change;
    auto ran = run_migration(
        s.all(), wanted, s.ctx(), [&](std::string_view line) { s.out().log(line); }, options);
    if (!ran && (ran.error().code == errc::blocked || ran.error().code == errc::conflict)) {
        return refuse(s, o, "run", {{"operation", 1, ran.error().message}});
    }
    const run_summary done = or_fail(std::move(ran), "run");
    if (!done.refused.empty() && !done.removed) return refuse(s, o, "run", done.refused);

    const outcome_counts outcomes = outcomes_of(done);
    if (o.as_json) {
        json j = {{"command", "run"},          {"format", to_string(settings.format)},
                  {"complete", done.complete}, {"interrupted", done.interrupted},
                  {"dry_run", o.dry_run},      {"obstacles", obstacles_json(done.refused)}};
        j.update(run_json(done));
        p.out.print(json_line(j));
    } else if (idle) {
        p.out.print("nothing to run: StartCopy and StartDelete are false, FormatType is " +
                    std::string(to_string(settings.format)) + "\n");
    } else {
        const std::string text = outcomes_text(outcomes);
        p.out.print(text.empty() && !done.interrupted ? "nothing was left to do\n" : text);
    }
    if (done.told) say_doubts(p.out, "run", *done.told);
    for (const obstacle& each : done.refused) p.out.say("run: " + each.text);
    const exit_code code = done.interrupted             ? exit_code::interrupted
                           : done.complete || o.dry_run ? exit_code::done
                                                        : exit_code::some_failed;
    const json came_to = {
        {"complete", done.complete}, {"interrupted", done.interrupted}, {"outcomes", outcomes_json(outcomes)}};
    if (done.interrupted) p.out.say("interrupted; run the same command again");
    if (o.dry_run) p.out.say("dry run: nothing was changed");
    return s.listener().finish(code, came_to);
}

}  // namespace

void add_run_command(migration_app& app) {
    migration_options& o = app.options();
    CLI::App* const command =
        app.add("run", "Do what the settings of the service ask for: copy, or delete and clean up", run_guide);
    command
        ->add_option("--settings", o.settings,
                     "appsettings.json; variables DicomServer__Services__BlobMigration__KEY override it")
        ->required();
    app.add_level(command);
    app.add_dry_run(command);
    add_number(command, "--max-delete", o.max_delete, "refuse to begin a delete when more than so many would go");
    command->add_option("--change-feed", o.change_feed,
                        "a file of the service's change feed, JSON: its removals come first");
    add_number(command, "--after-sequence", o.after_sequence, "of the feed only removals with a higher sequence");
    command->add_flag("--take-over", o.take_over, "the one who runs the operation is dead: do not wait for its lease");
}

}  // namespace blobshift::cli
