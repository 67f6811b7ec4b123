// SPDX-License-Identifier: MIT
//
// The operator: asks the barrier, takes the next step, and in some runs goes all the way back.

#ifndef BLOBSHIFT_TESTS_SIMULATION_OPERATOR_HPP
#define BLOBSHIFT_TESTS_SIMULATION_OPERATOR_HPP

#include <chrono>    // seconds
#include <cstddef>   // size_t
#include <optional>  // optional
#include <set>       // set
#include <string>    // string
#include <utility>   // in_place
#include <vector>    // vector

#include <blobshift/migrate/stage.hpp>

#include "hearing.hpp"
#include "process.hpp"
#include "script.hpp"

namespace blobshift::simulation {

class operator_at_work {
public:
    operator_at_work(world& w, script& s, std::size_t self) : world_(w), script_(s), self_(self) {}

    void work() {
        chance draw(world_.plan.seed, "operator");
        go_on(draw);
        script_.halting.request_stop();
        script_.closing = true;
    }

private:
    void go_on(chance& draw) {
        pass_time(draw.below(60));
        script_.wanted = format::dual;
        if (world_.plan.hasty) {  // who follows at once, past others that are still in Old, must not write
            pass_time(draw.below(60));
            script_.wanted = format::new_names;
            pass_time(draw.below(120));
            script_.wanted = format::dual;
        }
        if (!pass_barrier({.at_least = format::dual, .at_most = format::dual})) return;
        script_.copying = true;
        wait([&] { return script_.copiers_left == 0 || script_.copied; });
        const bool honest = world_.is_honest();
        if (script_.copied) world_.all_copied = honest;
        world_.inspect_all();
        if (world_.plan.back == turning_point::after_copy) return turn_back();
        if (!script_.copied) return;
        script_.wanted = format::new_names;
        if (!pass_barrier(stage_for_delete)) return;
        pass_time(draw.below(40));
        if (world_.plan.back == turning_point::after_switch) return turn_back();
        script_.deleting = true;
        // Sealed on the word of a listing that lies, nobody could be right.
        const bool seals = world_.plan.seals && honest && world_.plan.back == turning_point::never;
        if (seals && draw.once_in(2)) script_.sealing = true;  // too early: it must be refused until all is deleted
        if (world_.plan.back == turning_point::in_delete) {
            pass_time(draw.below(200));
            return turn_back();
        }
        wait([&] { return script_.deleters_left == 0; });
        world_.all_deleted = honest && script_.deleted;
        world_.inspect_all();
        pass_time(draw.below(60));
        if (!seals) return;
        script_.sealing = true;
        wait([&] { return script_.sealer_ended; });
        pass_time(draw.below(120));
    }

    /// From wherever it is: no job runs any more, or nothing but deletes, which must find out by themselves; the nodes
    /// go back step by step, and so do the names.
    void turn_back() {
        world_.turned_back = true;
        world_.all_copied = false;
        world_.all_deleted = false;
        world_.note(self_, "turns back");
        script_.halting.request_stop();
        if (world_.plan.impatient) {
            wait([&] { return script_.jobs_left == script_.deleters_left; });
            world_.did["rollbacks beside a delete"] += script_.deleters_left > 0 ? 1 : 0;
        } else {
            script_.deleting = false;
            script_.reversing = script_.deleters_left > 0;  // lets those go home who have not begun
            wait([&] { return script_.jobs_left == 0; });
            script_.reversing = false;
        }
        if (!move_stage(format::dual)) return;
        script_.reversing = true;
        wait([&] { return script_.reversed; });
        if (!move_stage(format::old_names)) return;
        script_.erasing = true;
        wait([&] { return script_.erased; });
    }

    /// Asks again and again, in one program after the other where one crashes, until `ask` says yes or patience ends.
    template <class Ask>
    bool insist(Ask ask) {
        std::optional<process> p(std::in_place, world_, self_);
        for (int i = 0; i < 300 && !world_.failed(); ++i) {
            if (p->crashed()) {
                ++world_.who(self_).crashes;
                ++world_.did["crashes of the operator"];
                p.emplace(world_, self_);
            }
            if (all_nodes_known(*p) && ask(*p)) return true;
            if (auto waited = p->c.pause(std::chrono::seconds(1)); !waited) return false;
        }
        return false;
    }

    bool move_stage(format to) {
        script_.wanted = to;
        const bool has_moved = insist([&](process& p) {
            auto moved = heard(world_, set_stage(p.state, p.c, to));
            return moved && moved->refused.empty();
        });
        if (has_moved) world_.note(self_, "moves the stage to " + std::string(to_string(to)));
        return has_moved;
    }

    /// Waits until the nodes are where they must be, as far as their records say.
    bool pass_barrier(const stage_requirement& required) {
        const bool passed = insist([&](process& p) {
            auto view = heard(world_, read_stage(p.state, p.c));
            if (!view) return false;
            const std::vector<obstacle> against = obstacles_to(*view, required);
            listen(world_, against);
            return against.empty();
        });
        world_.note(self_, passed ? "passes the barrier" : "gives up at the barrier");
        if (!passed) ++world_.did["operators that gave up at the barrier"];
        return passed;
    }

    /// An operator knows how many nodes there are, and waits for one that is starting again.
    bool all_nodes_known(process& p) {
        auto view = read_stage(p.state, p.c);
        if (!view) return false;
        std::set<std::string> names;  // a listing that repeats itself shows one twice
        for (const node_record& n : view->nodes) names.insert(n.node.text());
        return names.size() == world_.plan.nodes;
    }

    template <class Go>
    void wait(Go go) {
        world_.wait(self_, go);
    }
    void pass_time(std::size_t turns) {
        for (; turns > 0; --turns) world_.turn();
    }

    world& world_;
    script& script_;
    std::size_t self_;
};

}  // namespace blobshift::simulation

#endif
