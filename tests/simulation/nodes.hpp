// SPDX-License-Identifier: MIT
//
// The nodes of the service: each starts, announces itself, takes calls, changes its format when the operator asks for
// it, in its own time, crashes and starts again.

#ifndef BLOBSHIFT_TESTS_SIMULATION_NODES_HPP
#define BLOBSHIFT_TESTS_SIMULATION_NODES_HPP

#include <chrono>   // seconds
#include <cstddef>  // size_t
#include <string>   // string, to_string
#include <utility>  // exchange

#include "node_calls.hpp"

namespace blobshift::simulation {

class service_node {
public:
    service_node(world& w, script& s, std::size_t number)
        : world_(w),
          script_(s),
          number_(number),
          left_(w.plan.operations),
          for_after_the_seal_(left_ > 0 ? 5 : 0),
          draw_(w.plan.seed, "node " + std::to_string(number)) {}

    /// Lives until the run closes: announces itself, crashes, starts again.
    void live(std::size_t self) {
        while (is_wanted()) {
            process p(world_, self);
            node_life once(world_, script_, self, number_, p, setting_, draw_);
            life_ = &once;
            while (!p.crashed() && is_wanted()) {
                if (once.announce_if_due()) {
                    const steady_time next = world_.clock.now() + std::chrono::seconds(15);
                    world_.wait(self, [&, next] {
                        return !is_wanted() || p.crashed() || once.must_change() || once.must_tell() ||
                               once.must_ask() || world_.clock.now() >= next;
                    });
                } else if (auto waited = p.c.pause(std::chrono::seconds(1)); !waited) {
                    break;
                }
                for (std::size_t i = draw_.below(4); i > 0; --i) world_.turn();
            }
            life_ = nullptr;
            world_.outwait(self, [&] { return once.is_idle(); });
            if (p.crashed()) ++world_.who(self).crashes;
            else once.leave();
        }
    }

    /// Makes one call after the other while the node lives.
    void serve(std::size_t self) {
        chance draw(world_.plan.seed, world_.who(self).name);
        while (is_wanted()) {
            world_.wait(self, [&] { return !is_wanted() || may_begin(); });
            if (!is_wanted()) return;
            --left_;
            node_call(world_, *life_, self, draw).make();
            if (draw.once_in(3)) {  // the next one for the moment when the format changes
                const steady_time next = world_.clock.now() + std::chrono::seconds(20);
                world_.wait(self, [&, next] {
                    return !is_wanted() || (life_ != nullptr && life_->must_change()) || world_.clock.now() >= next;
                });
            }
            for (std::size_t i = draw.below(8); i > 0; --i) world_.turn();
        }
    }

private:
    [[nodiscard]] bool is_wanted() const { return !script_.closing && !world_.failed(); }

    [[nodiscard]] bool may_begin() {
        if (left_ == 0 && world_.seal_decided) left_ = std::exchange(for_after_the_seal_, std::size_t{0});
        return left_ > 0 && life_ != nullptr && life_->has_announced();
    }

    world& world_;
    script& script_;
    std::size_t number_;
    std::size_t left_;                ///< Operations.
    std::size_t for_after_the_seal_;  ///< More of them.
    format setting_ = format::old_names;
    chance draw_;
    node_life* life_ = nullptr;  ///< Of the process that runs now.
};

}  // namespace blobshift::simulation

#endif
