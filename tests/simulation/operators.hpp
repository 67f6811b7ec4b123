// SPDX-License-Identifier: MIT
//
// Those who migrate: copiers, deleters, a cleaner and a reverser, each of which runs the real job as an operation, and is
// started again when it has crashed, as a person would. And a stranger, who knows nothing of all that.

#ifndef BLOBSHIFT_TESTS_SIMULATION_OPERATORS_HPP
#define BLOBSHIFT_TESTS_SIMULATION_OPERATORS_HPP

#include <chrono>      // milliseconds, seconds
#include <cstddef>     // size_t
#include <functional>  // function
#include <string>      // string
#include <vector>      // vector

#include <blobshift/migrate/cleanup.hpp>
#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/heartbeat.hpp>
#include <blobshift/migrate/operation.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/rollback.hpp>
#include <blobshift/migrate/verify.hpp>
#include <blobshift/migrate/wave_guard.hpp>

#include "process.hpp"
#include "script.hpp"

namespace blobshift::simulation {

inline const uid_names older_names;
inline const prefix_names newer_names;

/// What a job is given.
struct workplace {
    process& own;
    const context& c;
    migration_observer& heard;
    const operation_id& id;

    /// Nothing in the job runs on a thread of its own.
    [[nodiscard]] auto job(world& w) const {
        return migration_job{own.blobs, older_names, newer_names, own.state, own.scratch, heard,
                             {.concurrency = 1, .batch_size = w.plan.batch_size}};
    }
    [[nodiscard]] auto whole(world& w) const { return migration{std::vector{job(w)}, own.state}; }
};

/// Runs `work` as an operation, in one process after the other, until it says true, it is stopped, or patience ends.
class persistent {
public:
    persistent(world& w, script& s, std::size_t self, operation_kind kind) : world_(w), script_(s), self_(self), kind_(kind) {}

    void run(std::size_t attempts, const std::function<bool(const workplace&)>& work) {
        for (std::size_t i = 0; i < attempts && !script_.closing && !world_.failed(); ++i) {
            process p(world_, self_);
            if (kind_ != operation_kind::rollback) p.c.stop = script_.halting.get_token();
            const bool done = once(p, work);
            if (p.crashed()) ++world_.who(self_).crashes;
            else if (done || p.c.stop.stop_requested()) return;
            else if (auto waited = p.c.pause(std::chrono::seconds(1)); !waited) return;
        }
    }

private:
    bool once(process& p, const std::function<bool(const workplace&)>& work) {
        const std::size_t number = static_cast<std::size_t>(kind_) * 10 + (world_.plan.one_operation ? 0 : self_ % 10);
        const operation_id id =
            operation_id::parse("00000000-0000-4000-8000-0000000000" + std::to_string(10 + number)).value();
        auto started = running_operation::start(p.state, p.c, id, kind_,
                                                {.lease = std::chrono::milliseconds(6000),
                                                 .every = std::chrono::milliseconds(1000),
                                                 .again = kind_ != operation_kind::copy && kind_ != operation_kind::remove});
        if (!started) return false;
        if (!started->mine) return true;  // somebody has done it
        migration_observer quiet;
        heartbeat alive(*started->mine, p.c, quiet);
        const bool done = work(workplace{p, alive.run_context(), alive, id}) && !p.crashed();
        (void)alive.finish(done ? operation_status::succeeded : operation_status::failed);
        return done;
    }

    world& world_;
    script& script_;
    std::size_t self_;
    operation_kind kind_;
};

inline void copier_body(world& w, script& s, std::size_t self) {
    w.wait(self, [&] { return s.copying || s.closing; });
    chance draw(w.plan.seed, w.who(self).name);
    for (std::size_t i = draw.below(30); i > 0; --i) w.turn();
    const bool verifies = draw.once_in(2);
    persistent(w, s, self, operation_kind::copy).run(30, [&](const workplace& at) {
        auto made = copy_blobs(at.job(w), at.c, {.deletions = &at.own.state});
        if (at.own.crashed() || !made || !made->complete) return false;
        w.note(self, "has copied everything");
        s.copied = true;
        if (!verifies) return true;
        auto checked = verify_copies(at.job(w), at.c);
        return checked && checked->complete;
    });
    --s.copiers_left;
    --s.jobs_left;
}

inline void deleter_body(world& w, script& s, std::size_t self) {
    w.wait(self, [&] { return s.deleting || s.reversing || s.closing; });
    chance draw(w.plan.seed, w.who(self).name);
    remove_options options;
    options.afresh = draw.once_in(4);
    options.partial = draw.once_in(3);
    options.look_again = !draw.once_in(3);
    if (s.deleting) {
        persistent(w, s, self, operation_kind::remove).run(30, [&](const workplace& at) {
            wave_guard guard(at.own.state);
            if (w.plan.guards_waves) options.guard = &guard;
            options.wave_size = w.plan.batch_size;
            auto gone = remove_sources(at.job(w), at.c, options);
            if (at.own.crashed() || !gone || !gone->complete) return false;
            w.note(self, "has deleted everything");
            s.deleted = true;
            return true;
        });
    }
    --s.deleters_left;
    --s.jobs_left;
}

inline void cleaner_body(world& w, script& s, std::size_t self) {
    chance draw(w.plan.seed, w.who(self).name);
    for (int times = 0; times < 3 && w.plan.cleaner; ++times) {
        w.wait(self, [&] { return s.copying || s.closing; });
        for (std::size_t i = draw.below(60); i > 0; --i) w.turn();
        if (s.closing || s.halting.stop_requested()) break;
        persistent(w, s, self, operation_kind::cleanup).run(3, [&](const workplace& at) {
            auto clean = clean_up(at.whole(w), at.c);
            return clean && clean->complete;
        });
    }
    --s.jobs_left;
}

inline void reverser_body(world& w, script& s, std::size_t self) {
    for (const bool erases : {false, true}) {
        w.wait(self, [&] { return (erases ? s.erasing : s.reversing) || s.closing; });
        if (s.closing) return;
        persistent(w, s, self, operation_kind::rollback).run(60, [&](const workplace& at) {
            auto back = roll_back(at.whole(w), at.c, {.remove_new = erases});
            if (at.own.crashed() || !back || !back->refused.empty() || back->interrupted) return false;
            // What was stored in New has no old name to go back to; all else must be done.
            if (!back->complete && back->unresolvable == 0) return false;
            w.note(self, erases ? "has removed the new names" : "has brought the old names back");
            (erases ? s.erased : s.reversed) = true;
            return true;
        });
        (erases ? s.erased : s.reversed) = true;  // or patience has ended
    }
}

/// Puts something of its own under a name of a live instance: under a new one before the delete begins, or under an old one
/// while it runs.
inline void stranger_body(world& w, script& s, std::size_t self) {
    const bool at_old = w.plan.stranger == 2;
    chance draw(w.plan.seed, "stranger");
    const bool late = draw.once_in(2);
    w.wait(self, [&] { return s.closing || (at_old ? s.deleting : late ? s.copied : s.copying); });
    for (std::size_t i = draw.below(at_old ? 100 : 40); i > 0; --i) w.turn();
    if (s.closing || w.turned_back || w.failed() || (!at_old && s.deleting)) return;
    const auto index = w.instances.any(phase::live, draw);
    if (!index) return;
    model_row& row = w.instances.row(*index);
    w.inspect(row);
    model_blob& b = row.blobs.front();
    const std::size_t side = at_old ? old_side : new_side;
    if (b.content.empty() || b.stands[old_side] != standing::whole) return;
    if (at_old && b.stands[new_side] != standing::whole) return;
    const std::string other(b.content.size(), 'X');
    b.strangers[side] = w.truth().put({}, *b.names[side], as_bytes(other), b.attrs, {}).value().tag;
    row.disturbed = true;
    w.note(self, "puts something under " + w.label(b.names[side]->text()));
    w.inspect(row);
}

}  // namespace blobshift::simulation

#endif
