// SPDX-License-Identifier: MIT
//
// Those who migrate: copies, deletes and rollbacks, each of which runs the real job as an operation, and is
// started again when it has crashed, as a person would. And a stranger, who knows nothing of all that.

#ifndef BLOBSHIFT_TESTS_SIMULATION_OPERATORS_HPP
#define BLOBSHIFT_TESTS_SIMULATION_OPERATORS_HPP

#include <chrono>      // milliseconds, seconds
#include <cstddef>     // size_t
#include <cstdint>     // uint64_t
#include <functional>  // function
#include <string>      // string
#include <vector>      // vector

#include <blobshift/migrate/check.hpp>
#include <blobshift/migrate/cleanup.hpp>
#include <blobshift/migrate/copy.hpp>
#include <blobshift/migrate/heartbeat.hpp>
#include <blobshift/migrate/operation.hpp>
#include <blobshift/migrate/remove.hpp>
#include <blobshift/migrate/rollback.hpp>
#include <blobshift/migrate/verify.hpp>
#include <blobshift/migrate/wave_guard.hpp>

#include "hearing.hpp"
#include "process.hpp"
#include "script.hpp"

namespace blobshift::simulation {

inline const uid_names older_names;
inline const prefix_names newer_names;

using one_job = migration_job<any_store, uid_names, prefix_names>;
using all_jobs = migration<any_store, uid_names, prefix_names>;

/// One job for each container. Nothing in them runs on a thread of its own.
[[nodiscard]] inline all_jobs all_jobs_of(world& w, process& p, migration_observer& heard) {
    const job_options options{.concurrency = 1, .batch_size = w.plan.batch_size};
    const one_job files{p.files, older_names, newer_names, p.state, p.scratch, heard, options};
    if (!w.plan.two_containers) return {{files}, p.state};
    const one_job metadata{p.metadata, older_names, newer_names, p.state_of_metadata, p.scratch, heard, options};
    if (w.plan.metadata_first) return {{metadata, files}, p.state};
    return {{files, metadata}, p.state};
}

/// What a job is given.
struct workplace {
    process& own;
    const context& c;
    migration_observer& heard;
    const operation_id& id;

    [[nodiscard]] all_jobs whole(world& w) const { return all_jobs_of(w, own, heard); }
};

/// How long a person waits before the next attempt: in the end for long enough that what a killed one left on record
/// no longer counts.
[[nodiscard]] inline std::chrono::seconds patience(std::size_t attempt) {
    return std::chrono::seconds(attempt < 10 ? 1 : 20);
}

/// Runs `work` as an operation, in one process after the other, until it says true, it is stopped, or patience ends.
class persistent {
public:
    persistent(world& w, script& s, std::size_t self, operation_kind kind) : world_(w), script_(s), self_(self), kind_(kind) {}

    void run(std::size_t attempts, const std::function<bool(const workplace&)>& work) {
        for (std::size_t i = 0; i < attempts && !script_.closing && !world_.failed(); ++i) {
            process p(world_, self_);
            if (heeds_halting()) p.c.stop = script_.halting.get_token();
            const bool done = once(p, work);
            if (p.crashed()) ++world_.who(self_).crashes;
            else if (done || p.c.stop.stop_requested()) return;
            else if (auto waited = p.c.pause(patience(i)); !waited) return;
        }
    }

private:
    [[nodiscard]] bool heeds_halting() const {
        if (kind_ == operation_kind::remove) return !world_.plan.impatient;
        return kind_ != operation_kind::rollback;
    }

    bool once(process& p, const std::function<bool(const workplace&)>& work) {
        const std::size_t number = static_cast<std::size_t>(kind_) * 10 + (world_.plan.one_operation ? 0 : self_ % 10);
        const operation_id id =
            operation_id::parse("00000000-0000-4000-8000-0000000000" + std::to_string(10 + number)).value();
        const bool again = kind_ != operation_kind::copy && kind_ != operation_kind::remove;
        const operation_options options{
            .lease = std::chrono::milliseconds(6000), .every = std::chrono::milliseconds(1000), .again = again};
        auto started = heard(world_, running_operation::start(p.state, p.c, id, kind_, options));
        if (!started) return false;
        if (!started->mine) return true;  // somebody has done it
        listener ear(world_);
        heartbeat alive(*started->mine, p.c, ear);
        const bool done = work(workplace{p, alive.run_context(), alive, id}) && !p.crashed();
        (void)heard(world_, alive.finish(done ? operation_status::succeeded : operation_status::failed));
        return done;
    }

    world& world_;
    script& script_;
    std::size_t self_;
    operation_kind kind_;
};

/// Holds the word of a check, that nothing stands against a delete, against the truth.
inline void ask_check(world& w, const workplace& at) {
    const all_jobs all = at.whole(w);
    auto against = heard(w, obstacles_to_delete(all, at.c));
    if (!against || !against->empty() || !w.is_honest() || w.turned_back) return;
    ++w.did["checks without an obstacle"];
    w.look_at_copies("nothing stands against the delete");
}

/// What a job says that it has done is what the stores saw. Where requests and answers are lost, two who do the same
/// work may both take it for theirs.
inline void look_at_report(world& w, const std::string& what, std::uint64_t told, std::uint64_t done) {
    if (!w.plan.is_calm()) return;
    ++w.did["reports held against the stores"];
    if (told == done) return;
    w.violate("I12", "a " + what + " tells of " + std::to_string(told) + ", and it made " + std::to_string(done));
}

/// A copy, then perhaps a verify, as operations.
inline void copy_all(world& w, script& s, std::size_t self, bool verifies) {
    persistent(w, s, self, operation_kind::copy).run(30, [&](const workplace& at) {
        const all_jobs all = at.whole(w);
        for (const one_job& job : all.jobs) {
            const std::uint64_t before = w.who(self).copies_made;
            auto made = heard(w, copy_blobs(job, at.c, {.deletions = &at.own.state}));
            if (made) {
                look_at_report(w, "copy", made->made.objects(outcome::copied) + made->made.objects(outcome::repaired),
                               w.who(self).copies_made - before);
            }
            if (at.own.crashed() || !made || !made->complete) return false;
        }
        w.note(self, "has copied everything");
        s.copied = true;
        for (const one_job& job : all.jobs) {
            if (!verifies) break;
            auto checked = heard(w, verify_copies(job, at.c));
            if (!checked || !checked->complete) return false;
        }
        return true;
    });
}

/// A delete, perhaps after a check, as an operation.
inline void delete_all(world& w, script& s, std::size_t self, remove_options options, bool checks) {
    persistent(w, s, self, operation_kind::remove).run(30, [&](const workplace& at) {
        wave_guard guard(at.own.state);
        if (w.plan.guards_waves) options.guard = &guard;
        options.wave_size = w.plan.batch_size;
        if (checks) ask_check(w, at);
        const all_jobs all = at.whole(w);
        bool complete = true;
        for (const one_job& job : all.jobs) {
            const std::uint64_t before = w.who(self).names_removed;
            auto gone = heard(w, remove_sources(job, at.c, options));
            if (gone) {
                look_at_report(w, "delete", gone->outcomes.objects(outcome::removed),
                               w.who(self).names_removed - before);
            }
            complete = complete && gone && gone->complete;
        }
        if (at.own.crashed() || !complete) return false;
        w.note(self, "has deleted everything");
        s.deleted = true;
        return true;
    });
}

inline void reverser_body(world& w, script& s, std::size_t self) {
    for (const bool erases : {false, true}) {
        w.wait(self, [&] { return (erases ? s.erasing : s.reversing) || s.closing; });
        if (s.closing) return;
        persistent(w, s, self, operation_kind::rollback).run(60, [&](const workplace& at) {
            auto back = heard(w, roll_back(at.whole(w), at.c, {.remove_new = erases}));
            if (at.own.crashed() || !back || !back->refused.empty() || back->interrupted) return false;
            // What was stored in New has no old name to go back to; all else must be done.
            if (!back->complete && back->unresolvable == 0) return false;
            w.note(self, erases ? "has removed the new names" : "has brought the old names back");
            (erases ? s.erased : s.reversed) = true;
            w.did["rollbacks that outran a delete"] += s.deleters_left > 0 ? 1 : 0;
            return true;
        });
        (erases ? s.erased : s.reversed) = true;  // or patience has ended
    }
}

/// Puts something of its own under a name of a live instance: under a new one before the delete begins, or under an old
/// one while it runs.
inline void stranger_body(world& w, script& s, std::size_t self) {
    const bool at_old = w.plan.stranger == 2;
    chance draw(w.plan.seed, "stranger");
    const bool late = draw.once_in(2);
    w.wait(self, [&] { return s.closing || (at_old ? s.deleting : late ? s.copied : s.copying); });
    for (std::size_t i = draw.below(at_old ? 100 : 40); i > 0; --i) w.turn();
    const bool deletes = s.deleting || (w.plan.guided && w.plan.eager && s.copied);
    if (s.closing || w.turned_back || w.failed() || (!at_old && deletes)) return;
    const auto index = w.instances.any(phase::live, draw);
    if (!index) return;
    model_row& row = w.instances.row(*index);
    w.inspect(row);
    model_blob& b = row.blobs.front();
    const std::size_t side = at_old ? old_side : new_side;
    if (b.content.empty() || b.stands[old_side] != standing::whole) return;
    if (at_old && b.stands[new_side] != standing::whole) return;
    const std::string other(b.content.size(), 'X');
    b.strangers[side] = w.truth(b.kind).put({}, *b.names[side], as_bytes(other), b.attrs, {}).value().tag;
    row.disturbed = true;
    ++w.did["strangers that acted"];
    w.note(self, "puts something under " + w.label(b.names[side]->text()));
    w.inspect(row);
}

}  // namespace blobshift::simulation

#endif
