// SPDX-License-Identifier: MIT
//
// One run: the actors at work, then the ending; and what it all came to.

#ifndef BLOBSHIFT_TESTS_SIMULATION_RUN_HPP
#define BLOBSHIFT_TESTS_SIMULATION_RUN_HPP

#include <array>     // array
#include <cstdint>   // uint64_t
#include <deque>     // deque
#include <map>       // map
#include <optional>  // optional
#include <string>    // string
#include <vector>    // vector

#include <blobshift/migrate/ledger.hpp>

#include "ending.hpp"
#include "guided.hpp"
#include "nodes.hpp"
#include "operator.hpp"
#include "operators.hpp"
#include "sealer.hpp"

namespace blobshift::simulation {

/// What a run did.
struct run_report {
    std::optional<violation> broken = {};
    std::vector<std::string> trace = {};  ///< Of a run that broke a rule.
    std::uint64_t steps = 0;
    std::uint64_t crashes = 0;
    std::uint64_t instances = 0;
    bool copied = false;
    bool deleted = false;
    bool reversed = false;
    bool sealed = false;
    std::map<std::string, std::uint64_t> did = {};
    std::array<std::uint64_t, fault_kind_count> fired = {};
};

class one_run {
public:
    explicit one_run(const run_plan& plan, bool tracing) : world_(plan) { world_.tracing = tracing; }

    run_report play() {
        set_the_scene();
        world_.run();
        if (!world_.failed()) ending(world_).work();
        return report();
    }

private:
    void set_the_scene() {
        const run_plan& plan = world_.plan;
        chance draw(plan.seed, "first rows");
        context c;
        c.clock = &world_.clock;
        for (std::size_t i = 0; i < plan.first_rows; ++i) {
            model_row& row = world_.instances.row(world_.instances.add(draw, !plan.has("extras")));
            for (const model_blob& b : row.blobs) {
                const blob_name& n = b.names[old_side] ? *b.names[old_side] : *b.names[new_side];
                world_.truth(b.kind).put(c, n, as_bytes(b.content), b.attrs, {}).value();
            }
            row.now = phase::live;
        }
        world_.in_ledger = [this](const model_blob& b) {
            bool found = false;
            const bool apart = world_.plan.two_containers && place_of(b.kind) == place::metadata;
            any_store state(borrowed_store{&world_.truth(apart ? place::state_of_metadata : place::state)});
            auto read = read_ledger(state, {}, [&](const ledger_entry& entry) -> result<void> {
                found = found || (entry.source == *b.names[old_side] && entry.target == *b.names[new_side]);
                return {};
            });
            return read && found;
        };
        world_.formats.assign(plan.nodes, format::old_names);
        world_.may_write.resize(plan.nodes);
        world_.sealed.resize(plan.nodes);
        world_.after_record = [this](const std::string& name) { seal_.after_record(name); };
        script_.copiers_left = plan.migrators;
        script_.deleters_left = plan.deleters;
        script_.jobs_left = plan.migrators + plan.deleters + 1;
        for (std::size_t i = 0; i < plan.nodes; ++i) {
            service_node& node = nodes_.emplace_back(world_, script_, i);
            const std::string name = "node " + std::to_string(i + 1);
            world_.add(name, role::node, [&node](std::size_t self) { node.live(self); });
            for (std::size_t call = 1; call <= plan.calls_at_once; ++call) {
                world_.add(name + " call " + std::to_string(call), role::node,
                           [&node](std::size_t self) { node.serve(self); });
            }
        }
        for (std::size_t i = 0; i < plan.migrators; ++i) {
            world_.add("copier " + std::to_string(i + 1), role::migrator,
                       [this](std::size_t self) { copier_body(world_, script_, self); });
        }
        for (std::size_t i = 0; i < plan.deleters; ++i) {
            world_.add("deleter " + std::to_string(i + 1), role::deleter,
                       [this](std::size_t self) { deleter_body(world_, script_, self); });
        }
        world_.add("cleaner", role::cleaner, [this](std::size_t self) { cleaner_body(world_, script_, self); });
        if (plan.back != turning_point::never) {
            world_.add("reverser", role::reverser, [this](std::size_t self) { reverser_body(world_, script_, self); });
        }
        if (plan.elder) {
            world_.add("elder", role::elder, [this](std::size_t self) { elder_body(world_, script_, self); });
        }
        if (plan.seals) {
            world_.add("sealer", role::sealer, [this](std::size_t self) { sealer_body(world_, script_, self); });
        }
        if (plan.stranger != 0) {
            world_.add("stranger", role::nobody, [this](std::size_t self) { stranger_body(world_, script_, self); });
        }
        world_.add("operator", role::controller,
                   [this](std::size_t self) { operator_at_work(world_, script_, self).work(); });
    }

    run_report report() {
        run_report r;
        r.broken = world_.broken();
        r.steps = world_.steps();
        r.instances = world_.instances.rows().size();
        r.copied = script_.copied;
        r.deleted = script_.deleted;
        r.reversed = script_.erased;
        r.sealed = script_.sealed;
        r.did = world_.did;
        r.did["runs with two containers"] += world_.plan.two_containers ? 1 : 0;
        r.did["runs with clocks that differ"] += world_.plan.skewed ? 1 : 0;
        r.did["runs with a rate"] += world_.plan.requests_per_second > 0 ? 1 : 0;
        r.fired = world_.fired;
        for (const fault_kind kind : {fault_kind::failed_copy, fault_kind::pending_copy, fault_kind::torn_copy}) {
            r.fired[static_cast<std::size_t>(kind)] += world_.copies_hit_by(kind);
        }
        for (const auto& a : world_.actors()) r.crashes += a->crashes;
        std::uint64_t number = 0;
        for (const trace_line& line : world_.trace()) {
            std::string text = std::to_string(++number);
            text.insert(0, 6 - (std::min)(text.size(), std::size_t{6}), ' ');
            text += "  " + world_.who(line.actor).name;
            text.append(text.size() < 20 ? 20 - text.size() : 1, ' ');
            text += line.what;
            if (!line.name.empty()) text += " " + world_.label(line.name);
            if (!line.outcome.empty()) text += ": " + line.outcome;
            r.trace.push_back(std::move(text));
        }
        return r;
    }

    world world_;
    script script_;
    std::deque<service_node> nodes_ = {};
    seal_watch seal_{world_};
};

}  // namespace blobshift::simulation

#endif
