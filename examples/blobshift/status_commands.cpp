// SPDX-License-Identifier: MIT
//
// status, nodes: how far a migration is, and what the nodes of the service say of themselves.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <blobshift/config/utc_text.hpp>
#include <blobshift/migrate/cleanup.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/migrate/operation.hpp>
#include <blobshift/migrate/stage.hpp>

#include "migration_app.hpp"
#include "report_chart.hpp"

namespace blobshift::cli {

namespace {

/// All that is on record beside the blobs.
struct state_of_things {
    stage_view service = {};
    std::vector<known_operation> operations = {};
    std::uint64_t ledger_entries = 0;
    std::uint64_t removals = 0;  ///< On record, and perhaps not carried out in every container.
    std::uint64_t repairs = 0;
};

state_of_things read_state(migration_session& s, std::string_view command) {
    const auto count = [](std::uint64_t& number) {
        return [&number](const auto&) {
            ++number;
            return result<void>();
        };
    };
    state_of_things found;
    found.service = or_fail(read_stage(s.state(), s.ctx()), command);
    found.operations = or_fail(list_operations(s.state(), s.ctx()), command);
    const unsigned concurrency = s.all().concurrency();
    or_fail(read_deletions(s.state(), s.ctx(), 0, count(found.removals), concurrency), command);
    (void)or_fail(read_repairs(s.state(), s.ctx(), count(found.repairs), concurrency), command);
    const auto count_entry = [&](const ledger_entry& entry) {
        found.ledger_entries += entry.is_withdrawal() ? 0 : 1;
        return result<void>();
    };
    s.for_each_job([&](const migration_session::job_type& job) {
        or_fail(read_ledger(job.state, s.ctx(), count_entry, job.options.concurrency), command);
    });
    return found;
}

/// Where the store stands, and the command that comes next.
struct step {
    std::string_view name;
    std::string_view next;
};

[[nodiscard]] step step_of(const migration_plan& plan, const state_of_things& state) {
    const auto left = [&](outcome what) { return plan.outcomes.objects(what) > 0; };
    const auto& stage = state.service.stage;
    if (stage && stage->seal != seal_state::open && plan.found.sources == 0) {
        if (stage->seal == seal_state::sealing) return {"sealing", "seal"};
        if (state.ledger_entries + state.removals + state.repairs == 0)
            return {"sealed", "nothing to do: the migration is over"};
        return {"sealed", "seal: records that tell of old names were written since"};
    }
    if (plan.found.sources == 0) {
        if (state.removals + state.repairs > 0) return {"deleted", "cleanup"};
        return state.ledger_entries > 0 ? step{"done", "nothing to do, or seal: there is no old name"}
                                        : step{"done", "nothing to do: there is no old name"};
    }
    if (left(outcome::different) || left(outcome::collision) || left(outcome::blocked)) {
        return {"blocked", "some old names cannot be migrated as they are; plan says why"};
    }
    if (left(outcome::missing) || left(outcome::pending)) {
        return plan.found.targets == 0 ? step{"old", "copy"} : step{"copying", "copy"};
    }
    const bool all_are_there = plan.found.sources >= plan.found.targets;  // so it is after a rollback, too
    return state.ledger_entries == 0 || all_are_there ? step{"copied", "verify, then delete"}
                                                      : step{"deleting", "delete"};
}

// ---------------------------------------------------------------------------------------------------------------------

[[nodiscard]] json nodes_json(const stage_view& service) {
    json nodes = json::array();
    for (const node_record& n : service.nodes) {
        nodes.push_back({{"node", n.node.text()},
                         {"format", to_string(n.status.runs)},
                         {"stale", n.is_stale(service.seen)},
                         {"sealed", n.status.sealed},
                         {"other_calls", n.status.other_calls},
                         {"fallback_reads", n.status.fallback_reads},
                         {"epoch", n.epoch},
                         {"announced", utc_text(n.time)}});
    }
    return nodes;
}

[[nodiscard]] json stage_json(const stage_view& service) {
    if (!service.stage) return nullptr;
    return {{"format", to_string(service.stage->wanted)},
            {"seal", to_string(service.stage->seal)},
            {"epoch", service.stage->epoch}};
}

[[nodiscard]] json operations_json(const state_of_things& state) {
    json operations = json::array();
    for (const known_operation& each : state.operations) {
        const operation_record& r = each.record;
        operations.push_back({{"id", each.id.text()},
                              {"kind", to_string(r.kind)},
                              {"status", to_string(r.status)},
                              {"alive", r.is_alive(state.service.seen)},
                              {"objects", r.counts.objects},
                              {"objects_total", r.counts.objects_total},
                              {"bytes", r.counts.bytes},
                              {"bytes_total", r.counts.bytes_total},
                              {"started", utc_text(r.started)},
                              {"heartbeat", utc_text(r.heartbeat)},
                              {"runs", r.runs}});
    }
    return operations;
}

[[nodiscard]] std::string ago(utc_time then, utc_time now) {
    return duration_text(std::chrono::duration<double>(now - then).count()) + " ago";
}

[[nodiscard]] std::string service_text(const stage_view& service) {
    if (!service.has_barrier()) return "no service has announced itself\n";
    std::string text;
    if (service.stage) {
        text += "the service is in " + std::string(to_string(service.stage->wanted));
        if (service.stage->seal != seal_state::open) text += ", " + std::string(to_string(service.stage->seal));
        text += "\n";
    }
    for (const node_record& n : service.nodes) {
        text += "  node " + n.node.text() + "  " + std::string(to_string(n.status.runs));
        text += ", announced " + ago(n.time, service.seen);
        if (n.is_stale(service.seen)) text += ", STALE";
        if (n.status.other_calls > 0) text += ", " + std::to_string(n.status.other_calls) + " older calls under way";
        if (n.status.fallback_reads > 0)
            text += ", " + std::to_string(n.status.fallback_reads) + " reads by an old name";
        text += "\n";
    }
    return text;
}

[[nodiscard]] std::string operations_text(const state_of_things& state) {
    std::string text;
    for (const known_operation& each : state.operations) {
        const operation_record& r = each.record;
        const bool dead = r.status == operation_status::running && !r.is_alive(state.service.seen);
        text += "operation " + each.id.text() + "  " + std::string(to_string(r.kind)) + " " +
                (dead ? "died" : std::string(to_string(r.status))) + " " + ago(r.heartbeat, state.service.seen);
        if (r.counts.objects_total > 0) {
            text += ", " + std::to_string(r.counts.objects) + " of " + std::to_string(r.counts.objects_total);
        }
        text += "\n";
    }
    return text;
}

exit_code status(const migration_options& o, program& p) {
    migration_session s(o, p);
    const auto unseen = unseen_containers(s, "status");
    if (!unseen.empty()) return refuse(s, o, "status", unseen);
    const migration_plan found = plan_all(s, "status");
    const state_of_things state = read_state(s, "status");
    const step now = step_of(found, state);
    if (o.as_json) {
        p.out.print(json_line({{"command", "status"},
                               {"stage", now.name},
                               {"next", now.next},
                               {"old_names", found.found.sources},
                               {"new_names", found.found.targets},
                               {"copied", found.outcomes.objects(outcome::present)},
                               {"proved", found.proved(verify_level::computed_hash)},
                               {"ledger_entries", state.ledger_entries},
                               {"pending_removals", state.removals},
                               {"open_repairs", state.repairs},
                               {"service", stage_json(state.service)},
                               {"nodes", nodes_json(state.service)},
                               {"operations", operations_json(state)}}));
    } else {
        table t;
        t.add("old names", found.found.sources, found.found.source_bytes);
        t.add("  with a whole copy", found.outcomes.objects(outcome::present));
        t.add("    proved equal", found.proved(verify_level::computed_hash));
        t.add("new names", found.found.targets, found.found.target_bytes);
        t.add("undo ledger entries", state.ledger_entries);
        t.add("removals by the service on record", state.removals);
        t.add("pairs to repair", state.repairs);
        p.out.print(t.text() + (state.service.has_barrier() ? service_text(state.service) : std::string()) +
                    operations_text(state) + "stage: " + std::string(now.name) + "\nnext: " + std::string(now.next) +
                    "\n");
    }
    return s.listener().finish(exit_code::done, {{"outcomes", outcomes_json(found.outcomes)}});
}

// ---------------------------------------------------------------------------------------------------------------------

[[nodiscard]] node_name node_of(const std::string& text) {
    auto node = node_name::parse(text);
    if (!node) throw wrong_use("--forget: " + node.error().message);
    return *std::move(node);
}

exit_code nodes(const migration_options& o, program& p) {
    if (!o.forget.empty() && !o.set_stage.empty()) throw wrong_use("--forget and --set-stage are two commands");
    const auto forgotten = o.forget.empty() ? std::optional<node_name>() : node_of(o.forget);
    std::optional<format> wanted;
    if (!o.set_stage.empty()) {
        auto known = parse_format(o.set_stage);
        if (!known) throw wrong_use("--set-stage is Old, Dual or New");
        wanted = *known;
    }
    migration_session s(o, p);
    // One of several is bound already, or is not to be bound alone.
    if (o.rebind || (wanted && s.missing().empty())) s.put_on_record(o.rebind);
    if (forgotten) {
        const auto gone = forget_node(s.state(), s.ctx(), *forgotten);
        if (!gone && gone.error().code == errc::blocked) {
            return refuse(s, o, "nodes", {{"node_alive", 1, gone.error().message, forgotten->text()}});
        }
        if (!or_fail(result<bool>(gone), "nodes"))
            throw wrong_use("--forget: there is no node of that name; nodes lists them");
    }
    if (wanted) {
        const stage_change change = or_fail(set_stage(s.state(), s.ctx(), *wanted), "nodes");
        if (!change.refused.empty()) return refuse(s, o, "nodes", change.refused);
    }
    const stage_view service = or_fail(read_stage(s.state(), s.ctx()), "nodes");
    p.out.print(
        o.as_json ? json_line({{"command", "nodes"}, {"service", stage_json(service)}, {"nodes", nodes_json(service)}})
                  : service_text(service));
    return s.listener().finish(exit_code::done);
}

}  // namespace

void add_status_commands(migration_app& app) {
    migration_options& o = app.options();
    app.add("status", "Say how far a migration is", status);
    CLI::App* const command = app.add("nodes", "Say what the nodes of the service announce", nodes);
    command->add_flag("--rebind", o.rebind,
                      "these stores and this state belong together, and no others: one was lost, restored or mistyped");
    command->add_option("--forget", o.forget, "a node that is gone for good");
    command->add_option("--set-stage", o.set_stage, "Old, Dual or New: the format of the service as a whole");
}

}  // namespace blobshift::cli
