// SPDX-License-Identifier: MIT
//
// The seal: who makes it while the nodes work on, and what must be true at the moments when it is decided and done.

#ifndef BLOBSHIFT_TESTS_SIMULATION_SEALER_HPP
#define BLOBSHIFT_TESTS_SIMULATION_SEALER_HPP

#include <chrono>       // seconds
#include <cstddef>      // size_t
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/migrate/seal.hpp>

#include "operators.hpp"

namespace blobshift::simulation {

/// Looks at each change of the stage whether it is a step of the seal that must not be yet.
class seal_watch {
public:
    explicit seal_watch(world& w) : world_(w) {}

    void after_record(const std::string& name) {
        if (name == ".blobshift/stage") after_stage();
        else if (last_ == seal_state::sealed) look_at_late(name);
    }

    /// No old name of any instance is there, whatever became of it.
    static void look_for_old_names(world& w, const char* rule, const std::string& when) {
        for (model_row& row : w.instances.rows()) {
            w.look(row);
            for (const model_blob& b : row.blobs) {
                if (b.stands[old_side] != standing::absent && !row.disturbed) {
                    w.violate(rule, when + ", and there is " + w.label(b.names[old_side]->text()));
                }
            }
        }
    }

    /// Nothing in any state tells of an old name.
    static void look_for_records(world& w) {
        for (const place where : {place::state, place::state_of_metadata}) {
            any_store state(borrowed_store{&w.truth(where)});
            for (const blob_info& info : list_all(state, {}, {.prefix = std::string(reserved_prefix)}).value().blobs) {
                const std::string_view path = std::string_view(info.name.text()).substr(reserved_prefix.size());
                for (const std::string_view kind : {ledger_journal, evidence_journal, deletion_journal, repair_journal}) {
                    if (!path.starts_with(kind)) continue;
                    w.violate("seal", "it is sealed, and there is a record in " + std::string(kind));
                }
                const auto record = read_all(state, {}, info.name, std::uint64_t{1} << 20).value();
                if (as_text(record.content).find(canary) != std::string_view::npos) {
                    w.violate("I13", "it is sealed, and a record holds a UID");
                }
            }
        }
    }

private:
    void after_stage() {
        any_store state(borrowed_store{&world_.truth(place::state)});
        stage_view view;
        if (!detail::read_stage_record(state, {}, view) || !view.stage || view.stage->seal == last_) return;
        if (view.stage->seal < last_) world_.violate("seal", "the seal was taken back");
        last_ = view.stage->seal;
        if (last_ == seal_state::sealing) {
            ++world_.did["seals decided"];
            world_.seal_decided = true;
            look_for_old_names(world_, "seal", "it is to be sealed");
        } else {
            ++world_.did["seals done"];
            if (world_.lowest_writer() <= world::step_of_new) {
                world_.violate("seal", "it is sealed, and a node may still record old names");
            }
            look_for_records(world_);
        }
    }

    /// What a call that was under way when it was sealed has written too late.
    void look_at_late(const std::string& name) {
        for (const place where : {place::state, place::state_of_metadata}) {
            any_store state(borrowed_store{&world_.truth(where)});
            const auto record = read_all(state, {}, blob_name::parse(name).value(), std::uint64_t{1} << 20);
            if (record && as_text(record->content).find(canary) != std::string_view::npos) {
                world_.violate("I13", "it is sealed, and a record that holds a UID was written");
            }
        }
    }

    world& world_;
    seal_state last_ = seal_state::open;
};

/// Cleans up, asks whether anything stands against the seal, and seals; again and again, until it is done.
inline void sealer_body(world& w, script& s, std::size_t self) {
    w.wait(self, [&] { return s.sealing || s.closing; });
    for (int attempt = 0; attempt < 60 && s.sealing && !s.closing && !w.failed(); ++attempt) {
        process p(w, self);
        listener ear(w);
        const all_jobs all = all_jobs_of(w, p, ear);
        const bool sealed = [&] {
            if (auto clean = heard(w, clean_up(all, p.c)); !clean) return false;
            auto against = heard(w, obstacles_to_seal(all, p.c));
            if (!against) return false;
            for (const obstacle& o : *against) w.note(self, "may not seal", std::string(o.code));
            auto done = heard(w, seal(all, p.c));
            if (done && against->empty()) seal_watch::look_for_old_names(w, "seal", "nothing stands against the seal");
            return done && done->complete;
        }();
        if (p.crashed()) {
            ++w.who(self).crashes;
        } else if (sealed) {
            w.note(self, "has sealed the migration");
            s.sealed = true;
            break;
        } else if (auto waited = p.c.pause(std::chrono::seconds(10)); !waited) {
            break;
        }
    }
    s.sealer_ended = true;
}

}  // namespace blobshift::simulation

#endif
