// SPDX-License-Identifier: MIT
//
// One run: the actors at work; then faults off, the work brought to its end, and the audit of what is left.

#ifndef BLOBSHIFT_TESTS_SIMULATION_RUN_HPP
#define BLOBSHIFT_TESTS_SIMULATION_RUN_HPP

#include <array>     // array
#include <cstdint>   // uint64_t
#include <optional>  // optional
#include <string>    // string
#include <vector>    // vector

#include <blobshift/migrate/ledger.hpp>

#include "nodes.hpp"
#include "operator.hpp"
#include "operators.hpp"

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
    std::array<std::uint64_t, fault_kind_count> fired = {};
};

class one_run {
public:
    explicit one_run(const run_plan& plan, bool tracing) : world_(plan) { world_.tracing = tracing; }

    run_report play() {
        set_the_scene();
        world_.run();
        if (!world_.failed()) bring_to_an_end();
        if (!world_.failed()) audit();
        return report();
    }

private:
    static constexpr std::size_t nobody = 0;

    void set_the_scene() {
        const run_plan& plan = world_.plan;
        chance draw(plan.seed, "first rows");
        for (std::size_t i = 0; i < plan.first_rows; ++i) {
            model_row& row = world_.instances.row(world_.instances.add(draw, !plan.has("extras")));
            for (const model_blob& b : row.blobs) {
                const blob_name& n = b.names[old_side] ? *b.names[old_side] : *b.names[new_side];
                world_.truth().put({}, n, as_bytes(b.content), b.attrs, {}).value();
            }
            row.now = phase::live;
        }
        world_.in_ledger = [this](const blob_name& older, const blob_name& newer) {
            bool found = false;
            any_store state(borrowed_store{&world_.state_truth()});
            auto read = read_ledger(state, {}, [&](const ledger_entry& entry) -> result<void> {
                found = found || (entry.source == older && entry.target == newer);
                return {};
            });
            return read && found;
        };
        world_.formats.assign(plan.nodes, format::old_names);
        world_.may_write_old_names.resize(plan.nodes);
        script_.copiers_left = plan.migrators;
        script_.deleters_left = plan.deleters;
        script_.jobs_left = plan.migrators + plan.deleters + 1;
        for (std::size_t i = 0; i < plan.nodes; ++i) {
            world_.add("node " + std::to_string(i + 1), role::node,
                       [this, i](std::size_t self) { service_node(world_, script_, self, i).live(); });
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
        if (plan.stranger != 0) {
            world_.add("stranger", role::nobody, [this](std::size_t self) { stranger_body(world_, script_, self); });
        }
        world_.add("operator", role::controller,
                   [this](std::size_t self) { operator_at_work(world_, script_, self).work(); });
    }

    /// Without faults and with nobody else at work, everything must come to its end.
    void bring_to_an_end() {
        world_.calm_down();
        world_.note(nobody, "faults are off");
        world_.clock.advance(std::chrono::hours(1));
        any_store blobs(one_by_one(seen_store(world_, nobody, place::blobs)));
        any_store state(one_by_one(seen_store(world_, nobody, place::state)));
        any_store scratch(memory_store{});
        context c;
        c.clock = &world_.clock;
        migration_observer quiet;
        const migration_job job{blobs, older_names, newer_names, state, scratch, quiet, {.concurrency = 1}};
        const migration all{std::vector{job}, state};
        const bool back = world_.turned_back;
        if (!send_nodes_home(state, c, back)) return;
        instance_store<any_store> service(containers<any_store>(blobs), state, dual_names<uid_names, prefix_names>(),
                                          back ? format::old_names : format::new_names);
        for (std::size_t i = 0; i < world_.instances.rows().size(); ++i) {
            model_row& row = world_.instances.row(i);
            if (row.disturbed) put_right_by_hand(row);
            if (row.now != phase::creating && row.now != phase::removing) continue;
            if (!need(service.remove(c, row.id), "the service's own sweep")) return;
            world_.acknowledge_removal(nobody, i);
        }
        remove_torn_copies();
        world_.formats = {back ? format::old_names : format::new_names};
        if (back) go_back(all, c);
        else go_forward(job, all, c);
    }

    template <class Job, class All>
    void go_forward(const Job& job, const All& all, const context& c) {
        auto made = copy_blobs(job, c, {.deletions = &all.state});
        if (!need(made, "the last copy")) return;
        if (!made->complete) return world_.violate("I6", "the last copy, without faults, is not complete");
        auto gone = remove_sources(job, c);
        if (!need(gone, "the last delete")) return;
        if (!gone->complete) return world_.violate("I7", "the last delete, without faults, is not complete");
        auto clean = clean_up(all, c);
        if (!need(clean, "the last cleanup")) return;
        if (!clean->complete || !clean->kept.empty()) {
            world_.violate("I4", "the last cleanup, without faults, is not complete");
        }
    }

    template <class All>
    void go_back(const All& all, const context& c) {
        auto back = roll_back(all, c, {.remove_new = true});
        if (!need(back, "the last rollback")) return;
        std::size_t without_old_name = 0;
        for (const model_row& row : world_.instances.rows()) {
            for (const model_blob& b : row.blobs) {
                if (row.now == phase::live && row.stored_in_new && b.names[old_side]) ++without_old_name;
            }
        }
        if (!back->refused.empty()) return world_.violate("I16", "the last rollback refuses: " + back->refused.front().text);
        if (back->unresolvable > without_old_name || (!back->complete && back->unresolvable == 0)) {
            world_.violate("I16", "the last rollback, without faults, is not complete:" + shown(back->last) + "; " +
                                      std::to_string(back->unresolvable) + " unresolvable, where " +
                                      std::to_string(without_old_name) + " may be");
        }
    }

    [[nodiscard]] static std::string shown(const outcome_counts& counts) {
        std::string text;
        for (std::size_t i = 0; i < outcome_count; ++i) {
            const std::uint64_t objects = counts.objects(static_cast<outcome>(i));
            if (objects > 0) text += " " + std::to_string(objects) + " " + std::string(to_string(static_cast<outcome>(i)));
        }
        return text;
    }

    /// Nobody serves any more: the operator says so, and moves the stage to where the run ends.
    bool send_nodes_home(any_store& state, const context& c, bool back) {
        world_.formats.clear();
        auto view = read_stage(state, c);
        if (!need(view, "reading the stage")) return false;
        for (const node_record& n : view->nodes) {
            if (!need(forget_node(state, c, n.node), "forgetting a node")) return false;
        }
        if (!view->stage) return true;
        for (const format f : {format::dual, back ? format::old_names : format::new_names}) {
            auto moved = set_stage(state, c, f);
            if (!need(moved, "moving the stage")) return false;
            if (!moved->refused.empty()) world_.violate("progress", "the stage does not move: " + moved->refused.front().text);
        }
        return !world_.failed();
    }

    /// What a person does about an instance with two contents: here, remove it.
    void put_right_by_hand(model_row& row) {
        row.now = phase::removed;
        for (model_blob& b : row.blobs) {
            b.strangers = {};
            for (const auto& n : b.names) {
                if (n) world_.truth().remove({}, *n, {}).value();
            }
        }
        world_.note(nobody, "removes what a stranger touched");
    }
    /// ... and about a copy that the store tore: remove the copy.
    void remove_torn_copies() {
        for (model_row& row : world_.instances.rows()) {
            catalogue::look(world_.truth(), row);
            for (const model_blob& b : row.blobs) {
                for (std::size_t side = 0; side < 2; ++side) {
                    if (b.stands[side] == standing::wrong) world_.truth().remove({}, *b.names[side], {}).value();
                }
            }
        }
    }

    template <class T>
    bool need(const result<T>& outcome, const char* what) {
        if (!outcome) world_.violate("progress", std::string(what) + " fails without faults: " + describe(outcome.error()));
        return bool(outcome) && !world_.failed();
    }

    /// What is in the store is what was promised, and nothing else.
    void audit() {
        world_.inspect_all();
        for (const model_row& row : world_.instances.rows()) {
            for (const model_blob& b : row.blobs) {
                const bool goes_back = world_.turned_back && b.names[old_side] && !row.stored_in_new;
                const std::size_t kept = goes_back ? old_side : new_side;
                const bool live = row.now == phase::live;
                const bool may_have_both = world_.turned_back && row.stored_in_new;
                if (live != (b.stands[kept] == standing::whole) && !may_have_both) {
                    world_.violate("end", "at the end " + name_of(b, kept) + (live ? " is missing" : " is there"));
                }
                if (b.stands[1 - kept] != standing::absent && !may_have_both) {
                    world_.violate("end", "at the end there is " + name_of(b, 1 - kept));
                }
            }
        }
        list_query rest;
        do {
            auto all = world_.truth().list({}, rest).value();
            for (const blob_info& info : all.blobs) {
                const std::string& text = info.name.text();
                const auto owner = world_.instances.owner(text);
                const bool known = owner && world_.instances.row(*owner).now == phase::live;
                bool foreign = false;
                for (const blob_name& n : world_.foreign()) foreign = foreign || n == info.name;
                if (!known && !foreign) world_.violate("I5", "at the end there is " + world_.label(text));
            }
            rest.cursor = all.cursor;
        } while (!rest.cursor.empty());
    }

    [[nodiscard]] std::string name_of(const model_blob& b, std::size_t side) {
        return b.names[side] ? world_.label(b.names[side]->text()) : "a name that it cannot have";
    }

    run_report report() {
        run_report r;
        r.broken = world_.broken();
        r.steps = world_.steps();
        r.instances = world_.instances.rows().size();
        r.copied = script_.copied;
        r.deleted = script_.deleted;
        r.reversed = script_.erased;
        r.fired = world_.fired;
        for (std::size_t i = 0; i < fault_kind_count; ++i) {
            r.fired[i] += world_.store_log().fired(static_cast<fault_kind>(i));
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
};

}  // namespace blobshift::simulation

#endif
