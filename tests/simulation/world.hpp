// SPDX-License-Identifier: MIT
//
// The world of one run: the stores, the clock, the model, the actors and their turns. Every call to a store passes through
// here: it is announced, made, written down, and what it did is held against the model.

#ifndef BLOBSHIFT_TESTS_SIMULATION_WORLD_HPP
#define BLOBSHIFT_TESTS_SIMULATION_WORLD_HPP

#include <algorithm>   // find
#include <array>       // array
#include <cstddef>     // size_t
#include <cstdint>     // uint64_t
#include <functional>  // function
#include <memory>      // make_shared, make_unique, shared_ptr, unique_ptr
#include <optional>    // optional
#include <string>      // string
#include <type_traits> // invoke_result_t
#include <utility>     // move
#include <vector>      // vector

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/layers/fault.hpp>

#include <support/virtual_clock.hpp>

#include "fiber.hpp"
#include "model.hpp"
#include "run_plan.hpp"

namespace blobshift::simulation {

/// What kind of program a call comes from: not everybody may remove everything.
enum class role : unsigned char { node, migrator, deleter, cleaner, reverser, controller, nobody };

/// Which store of the run a call goes to.
enum class place : unsigned char { blobs, state };

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
};

class world {
public:
    explicit world(const run_plan& p)
        : plan(p),
          turns_(p.seed, "turns"),
          blobs_(memory_store({.share_copies = p.one_object, .page_size = p.page_size}), store_faults(p)),
          state_(memory_store({.share_copies = false, .page_size = p.page_size})) {
        clock.on_sleep = [this](std::chrono::nanoseconds) { turn(); };
        actors_.push_back(std::make_unique<actor>("the end", role::nobody));
        for (std::size_t i = 0; !p.has("extras") && i < 2; ++i) {
            foreign_.push_back(blob_name::parse(i == 0 ? "notes.txt" : "1.2/3/unknown.dcm").value());
            foreign_tags_.push_back(truth().put({}, foreign_.back(), as_bytes("foreign"), {}, {}).value().tag);
        }
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    const run_plan plan;
    testing::virtual_clock clock;
    catalogue instances;

    // Turns.

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
                if (failed() || !a.ready || a.ready()) can.push_back(i);
            }
            if (!left) return;
            if (can.empty()) {
                clock.advance(std::chrono::seconds(1));
                if (++idle > 1000) violate("progress", "every actor waits for another one");
                continue;
            }
            idle = 0;
            const bool keeps = std::find(can.begin(), can.end(), running) != can.end() &&
                               !turns_.once_in(plan.concurrency_of_turns);
            if (!keeps) running = can[turns_.below(can.size())];
            actors_[running]->ready = nullptr;
            actors_[running]->body->resume();
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

    [[nodiscard]] actor& who(std::size_t number) { return *actors_[number]; }
    [[nodiscard]] const std::vector<std::unique_ptr<actor>>& actors() const noexcept { return actors_; }
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }

    // What happened.

    void violate(std::string rule, std::string what) {
        if (!broken_) broken_ = violation{std::move(rule), std::move(what), steps_};
    }
    [[nodiscard]] bool failed() const noexcept { return broken_.has_value(); }
    [[nodiscard]] const std::optional<violation>& broken() const noexcept { return broken_; }

    bool tracing = false;  ///< Write down what happens: for a run that is known to break a rule.

    void note(std::size_t self, std::string what, std::string outcome = {}, std::string name = {}) {
        if (tracing) trace_.push_back({self, std::move(what), std::move(name), std::move(outcome)});
    }
    [[nodiscard]] const std::vector<trace_line>& trace() const noexcept { return trace_; }
    /// "old 3 metadata" for a name of instance 3.
    [[nodiscard]] std::string label(const std::string& name) {
        const auto owner = instances.owner(name);
        if (!owner) return name;
        for (const model_blob& b : instances.row(*owner).blobs) {
            for (std::size_t side = 0; side < 2; ++side) {
                if (b.names[side] && b.names[side]->text() == name) {
                    return (side == old_side ? "old " : "new ") + std::to_string(*owner + 1) + " " +
                           std::string(to_string(b.kind));
                }
            }
        }
        return name;
    }

    // The formats of the nodes: what a reader would look for first.

    std::vector<format> formats = {};
    std::vector<std::function<bool()>> may_write_old_names = {};  ///< Of each node, while it lives.
    bool turned_back = false;  ///< A rollback has begun: an old name may come again until it is swept.
    bool all_copied = false;   ///< A copy said that nothing is missing, and no node writes old names alone any more.
    bool all_deleted = false;  ///< A delete said that no old name is left, and no node writes one any more.
    std::function<bool(const blob_name& older, const blob_name& newer)> in_ledger = {};

    void set_format(std::size_t self, std::size_t node, format f) {
        formats[node] = f;
        note(self, "runs " + std::string(to_string(f)));
        inspect_all();
    }

    /// Every blob of an instance is stored, and its writer was told so.
    void acknowledge(std::size_t self, std::size_t index, format written_in) {
        model_row& row = instances.row(index);
        row.now = phase::live;
        row.stored_in_new = written_in == format::new_names && !plan.keeps_origins;
        note(self, "acknowledges instance " + std::to_string(index + 1));
        inspect(row);
        if (written_in != format::dual || turned_back) return;
        for (const model_blob& b : row.blobs) {
            if (b.names[old_side] && (b.stands[old_side] != standing::whole || b.stands[new_side] != standing::whole)) {
                violate("dual", "a put in Dual was acknowledged, and " + label(b.names[new_side]->text()) +
                                    " or its old name is not whole");
            }
        }
    }
    /// The removal of an instance was acknowledged.
    void acknowledge_removal(std::size_t self, std::size_t index) {
        instances.row(index).now = phase::removed;
        note(self, "acknowledges that instance " + std::to_string(index + 1) + " is removed");
        inspect(instances.row(index));
    }

    // The stores, without anything in between.

    [[nodiscard]] memory_store& truth() { return blobs_.inner(); }
    [[nodiscard]] memory_store& state_truth() { return plan.one_store ? blobs_.inner() : state_.inner(); }
    [[nodiscard]] const fault_log& store_log() const { return *blobs_.log(); }

    /// What a store finds out that computes a hash while it copies.
    [[nodiscard]] bool are_equal(const blob_name& a, const blob_name& b) {
        bytes left(200), right(200);
        auto from = truth().read({}, a, read_range::all(), left, {});
        auto to = truth().read({}, b, read_range::all(), right, {});
        return from && to && from->info.size_bytes == to->info.size_bytes && left == right;
    }

    /// From now on the stores break nothing: copies under way come to their end, and no new one fails.
    void calm_down() {
        blobs_.calm();
        for (int i = 0; i < 64; ++i) (void)blobs_.head({}, blob_name::parse("nothing").value());
        inspect_all();
    }
    [[nodiscard]] const std::vector<blob_name>& foreign() const noexcept { return foreign_; }

    /// What broke for the processes that have ended.
    std::array<std::uint64_t, fault_kind_count> fired = {};
    void count(const fault_log& log) {
        for (std::size_t i = 0; i < fault_kind_count; ++i) fired[i] += log.fired(static_cast<fault_kind>(i));
    }

    /// Makes one call, as `self`, at a store. `change` names what it changes.
    template <class Call>
    auto at(std::size_t self, place where, std::string_view verb, const std::string& name, bool changes, Call call) {
        using answer = std::invoke_result_t<Call&, fault<memory_store>&>;
        if (failed()) return answer(fail(errc::unavailable, "the run is over"));
        ++steps_;
        clock.advance(std::chrono::milliseconds(plan.milliseconds_per_call));
        if (changes && where == place::blobs && verb == "remove") before_removal(self, name);
        const bool with_blobs = where == place::blobs || plan.one_store;
        answer made = call(with_blobs ? blobs_ : state_);
        if (!made) {
            note(self, std::string(verb), said(made.error()), name);
        } else if (tracing) {
            note(self, std::string(verb), {}, name);
        }
        if (where == place::blobs && changes) {
            if (const auto owner = instances.owner(name)) inspect(instances.row(*owner));
            else inspect_foreign();
        }
        if (store_log().fired(fault_kind::pending_copy) > 0) inspect_all();
        return made;
    }

    /// "unavailable, indeterminate", and a look for what no message may hold.
    std::string said(const error& e) {
        if (describe(e).find(canary) != std::string::npos) violate("I13", "a message holds a UID: " + describe(e));
        return std::string(to_string(e.code)) + (e.done == effect::none ? "" : ", " + std::string(to_string(e.done)));
    }

    void inspect_all() {
        for (model_row& row : instances.rows()) inspect(row);
        inspect_foreign();
    }

    /// Holds what stands in the store against what was promised of one instance.
    void inspect(model_row& row) {
        catalogue::look(truth(), row);
        for (const model_blob& b : row.blobs) {
            for (std::size_t side = 0; side < 2; ++side) {
                if (b.strangers[side]) {
                    auto seen = truth().head({}, *b.names[side]);
                    if (!seen || seen->tag != *b.strangers[side]) {
                        violate("stranger", "what somebody else put under " + label(b.names[side]->text()) + " is gone");
                    }
                } else if (b.stands[side] == standing::wrong && !torn(row, b, side)) {
                    violate("I3", label(b.names[side]->text()) + " holds something else than was put");
                }
            }
            if (row.now == phase::live) inspect_live(b);
            if (row.now == phase::removed && !turned_back &&
                (b.stands[old_side] != standing::absent || b.stands[new_side] != standing::absent)) {
                violate("I4", label(b.names[new_side]->text()) + " or its old name is there after its removal");
            }
        }
    }

private:
    /// Whether a copy was torn, so that the store itself is to blame. As long as it is wanted, the other name must hold it.
    [[nodiscard]] bool torn(const model_row& row, const model_blob& b, std::size_t side) const {
        return store_log().fired(fault_kind::torn_copy) > 0 &&
               (row.now != phase::live || b.stands[1 - side] == standing::whole);
    }

    void inspect_live(const model_blob& b) {
        if (b.strangers[old_side]) return;
        if (b.stands[old_side] != standing::whole && b.stands[new_side] != standing::whole) {
            violate("I1", "the acknowledged " + label(b.names[new_side]->text()) + " is whole under no name");
            return;
        }
        if (b.is_disturbed()) return;
        if (all_copied && b.names[old_side] && b.stands[new_side] != standing::whole) {
            violate("I6", "the copy is complete, and " + label(b.names[new_side]->text()) + " is not whole");
        }
        if (all_deleted && b.stands[old_side] != standing::absent) {
            violate("I7", "the delete is complete, and " + label(b.names[old_side]->text()) + " is there");
        }
        for (const format f : formats) {
            const std::size_t first = f == format::new_names || !b.names[old_side] ? new_side : old_side;
            for (const std::size_t side : {first, 1 - first}) {
                if (b.stands[side] == standing::absent) continue;
                if (b.stands[side] == standing::empty && plan.copies_tell) continue;  // readers are told
                if (b.stands[side] != standing::whole) {
                    violate("I2", "a node in " + std::string(to_string(f)) + " would read " +
                                      label(b.names[side]->text()) + ", which is not whole");
                }
                break;
            }
        }
    }

    void inspect_foreign() {
        for (std::size_t i = 0; i < foreign_.size(); ++i) {
            auto seen = truth().head({}, foreign_[i]);
            if (!seen || seen->tag != foreign_tags_[i]) violate("foreign", "a name of neither policy was touched");
        }
    }

    /// A delete is looked at before it happens: the other name must hold the content, and the ledger the pair.
    void before_removal(std::size_t self, const std::string& name) {
        const role does = who(self).does;
        const auto owner = instances.owner(name);
        if (!owner) return;
        model_row& row = instances.row(*owner);
        if (row.now != phase::live || (does != role::deleter && does != role::reverser)) return;
        catalogue::look(truth(), row);
        for (const model_blob& b : row.blobs) {
            for (std::size_t side = 0; side < 2; ++side) {
                if (!b.names[side] || b.names[side]->text() != name || b.stands[side] == standing::absent) continue;
                if (b.stands[1 - side] != standing::whole) {
                    violate("I9", label(name) + " is about to be deleted, and the other name is not whole");
                }
                if (does == role::deleter && side == old_side) deleting_old(b);
            }
        }
    }

    void deleting_old(const model_blob& b) {
        for (const auto& may : may_write_old_names) {
            if (may && may()) violate("I9", "an old name is about to be deleted, and a node may still write old names");
        }
        if (!in_ledger || !in_ledger(*b.names[old_side], *b.names[new_side])) {
            violate("ledger", label(b.names[old_side]->text()) + " is about to be deleted and is not in the ledger");
        }
    }

    static fault_plan store_faults(const run_plan& p) {
        fault_plan faults{.seed = p.seed};
        faults.longest_copy = 60;
        faults.copies_tell = p.copies_tell;
        for (const fault_kind kind : {fault_kind::failed_copy, fault_kind::pending_copy, fault_kind::torn_copy}) {
            faults.with(kind, p.chances[static_cast<std::size_t>(kind)]);
        }
        return faults;
    }

    chance turns_;
    std::vector<std::unique_ptr<actor>> actors_ = {};
    fault<memory_store> blobs_;
    fault<memory_store> state_;  ///< Never breaks: what is broken of it, each process breaks for itself.
    std::vector<blob_name> foreign_ = {};
    std::vector<etag> foreign_tags_ = {};
    std::optional<violation> broken_ = {};
    std::vector<trace_line> trace_ = {};
    std::uint64_t steps_ = 0;
    std::uint64_t turns_taken_ = 0;
};

}  // namespace blobshift::simulation

#endif
