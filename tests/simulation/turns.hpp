// SPDX-License-Identifier: MIT
//
// The turns of a run: the actors, each on a fiber of its own, the clock, the trace, and the first rule that was broken.

#ifndef BLOBSHIFT_TESTS_SIMULATION_TURNS_HPP
#define BLOBSHIFT_TESTS_SIMULATION_TURNS_HPP

#include <algorithm>   // find
#include <chrono>      // seconds
#include <cstddef>     // size_t
#include <cstdint>     // uint64_t
#include <cstdlib>     // abort
#include <functional>  // function
#include <map>         // map
#include <memory>      // make_unique, unique_ptr
#include <optional>    // optional
#include <string>      // string
#include <utility>     // move
#include <vector>      // vector

#include <support/virtual_clock.hpp>

#include "fiber.hpp"
#include "rules.hpp"
#include "run_plan.hpp"

namespace blobshift::simulation {

/// What kind of program a call comes from: not everybody may remove everything.
enum class role : unsigned char {
    node,
    migrator,
    deleter,
    cleaner,
    reverser,
    sealer,
    controller,
    elder,
    nobody,
    the_end,
};

struct trace_line {
    std::size_t actor = 0;
    std::string what = {};
    std::string name = {};
    std::string outcome = {};
};

struct violation {
    std::string rule;
    std::string what;
    std::uint64_t step = 0;
};

/// A program that acts in the run, on a fiber of its own.
struct actor {
    actor(std::string n, role r) : name(std::move(n)), does(r) {}

    std::string name;
    role does;
    std::unique_ptr<fiber> body = nullptr;
    std::function<bool()> ready = {};  ///< When set, it gets no turn until this is true.
    std::size_t starts = 0;
    std::size_t crashes = 0;
    std::uint64_t copies_made = 0;
    std::uint64_t names_removed = 0;
    std::uint64_t faults_met = 0;  ///< Errors of its stores that a fault made.
};

/// What all of a run take part in.
class turns_of_a_run {
public:
    explicit turns_of_a_run(const run_plan& p) : keeps_turns_(p.concurrency_of_turns), draw_(p.seed, "turns") {
        clock.on_sleep = [this](std::chrono::nanoseconds) { turn(); };
        actors_.push_back(std::make_unique<actor>("the end", role::the_end));
    }
    turns_of_a_run(const turns_of_a_run&) = delete;
    turns_of_a_run& operator=(const turns_of_a_run&) = delete;

    testing::virtual_clock clock;

    /// Adds an actor; its body begins with its first turn. \return its number.
    std::size_t add(std::string name, role does, std::function<void(std::size_t)> body) {
        const std::size_t self = actors_.size();
        actors_.push_back(std::make_unique<actor>(std::move(name), does));
        actors_.back()->body = std::make_unique<fiber>([self, run = std::move(body)] { run(self); });
        return self;
    }

    /// Lets everybody act until all have ended, or a rule is broken.
    void run() {
        std::size_t running = 0;
        std::size_t idle = 0;
        for (;;) {
            std::vector<std::size_t> can;
            bool left = false;
            for (std::size_t i = 1; i < actors_.size(); ++i) {
                actor& a = *actors_[i];
                if (a.body->done()) continue;
                left = true;
                if (a.body->can_go() && (failed() || !a.ready || a.ready())) can.push_back(i);
            }
            if (!left) return;
            if (can.empty()) {
                clock.advance(std::chrono::seconds(1));
                if (++idle > 1000) violate("progress", "every actor waits for another one");
                continue;
            }
            idle = 0;
            const bool keeps = std::find(can.begin(), can.end(), running) != can.end() &&
                               !draw_.once_in(keeps_turns_);
            if (!keeps) running = can[draw_.below(can.size())];
            actors_[running]->ready = nullptr;
            acting_ = running;
            actors_[running]->body->resume();
            acting_ = 0;
            if (++turns_taken_ > 200'000) violate("progress", "the run does not come to an end");
        }
    }

    /// Gives the others their turn.
    void turn() {
        if (fiber::inside() && !failed()) fiber::pause();
    }
    /// Gives the others their turn until `go` is true, or a rule is broken.
    void wait(std::size_t self, std::function<bool()> go) {
        if (failed() || go()) return;
        actors_[self]->ready = std::move(go);
        fiber::pause();
    }

    /// Lets whoever acts stand still for so long, while the others go on.
    void stall(std::chrono::seconds duration) {
        const steady_time end = clock.now() + duration;
        wait(acting_, [this, end] { return clock.now() >= end; });
    }
    /// Gives the others their turn until `go` is true, even when a rule is broken: for who must outlive another one.
    void outwait(std::size_t self, const std::function<bool()>& go) {
        while (!go()) {
            actors_[self]->ready = go;
            fiber::pause();
        }
    }

    /// Whose turn it is.
    [[nodiscard]] std::size_t acting() const noexcept { return acting_; }
    [[nodiscard]] actor& who(std::size_t number) { return *actors_[number]; }
    [[nodiscard]] const std::vector<std::unique_ptr<actor>>& actors() const noexcept { return actors_; }
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }

    void violate(std::string rule, std::string what) {
        if (!is_rule(rule)) std::abort();  // the table must know it
        if (!broken_) broken_ = violation{std::move(rule), std::move(what), steps_};
    }
    [[nodiscard]] bool failed() const noexcept { return broken_.has_value(); }
    [[nodiscard]] const std::optional<violation>& broken() const noexcept { return broken_; }

    std::map<std::string, std::uint64_t> did = {};  ///< What else was done, for the sums of all runs.

    bool tracing = false;  ///< Write down what happens: for a run that is known to break a rule.

    void note(std::size_t self, std::string what, std::string outcome = {}, std::string name = {}) {
        if (tracing) trace_.push_back({acting_ == 0 ? self : acting_, std::move(what), std::move(name), std::move(outcome)});
    }
    [[nodiscard]] const std::vector<trace_line>& trace() const noexcept { return trace_; }

protected:
    ~turns_of_a_run() = default;
    std::uint64_t steps_ = 0;

private:
    std::size_t keeps_turns_;
    chance draw_;
    std::vector<std::unique_ptr<actor>> actors_ = {};
    std::optional<violation> broken_ = {};
    std::vector<trace_line> trace_ = {};
    std::uint64_t turns_taken_ = 0;
    std::size_t acting_ = 0;
};

}  // namespace blobshift::simulation

#endif
