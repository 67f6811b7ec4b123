// SPDX-License-Identifier: MIT
//
// The end of a run: faults off, the work brought to its end and held against its reports, done again, and the audit.

#ifndef BLOBSHIFT_TESTS_SIMULATION_ENDING_HPP
#define BLOBSHIFT_TESTS_SIMULATION_ENDING_HPP

#include <chrono>    // hours
#include <cstddef>   // size_t
#include <cstdint>   // uint64_t
#include <map>       // map
#include <string>    // string
#include <utility>   // pair
#include <vector>    // vector

#include <blobshift/migrate/plan.hpp>
#include <blobshift/views/instance_store.hpp>

#include "change_feed.hpp"
#include "operators.hpp"
#include "sealer.hpp"

namespace blobshift::simulation {

class ending {
public:
    explicit ending(world& w) : world_(w) {}

    /// Without faults and with nobody else at work, everything must come to its end.
    void work() {
        world_.calm_down();
        world_.note(nobody, "faults are off");
        world_.clock.advance(std::chrono::hours(1));
        process p(world_, nobody, false);
        listener ear(world_);
        const all_jobs all = all_jobs_of(world_, p, ear);
        const bool back = world_.turned_back;
        if (!send_nodes_home(p, back)) return;
        if (!remove_what_nobody_wants(p, back)) return;
        if (!clean_up_by_feed(world_, nobody, all, p.c, true)) {
            return world_.violate("I4", "the last cleanup by the feed, without faults, is not complete");
        }
        for (const world::told& each : world_.feed) world_.instances.row(each.index).now = phase::removed;
        const auto bring = [&](bool again) {
            if (back) go_back(all, p.c);
            else go_forward(all, p.c);
            if (!again && !world_.failed() && !back && world_.plan.seals) seal_it(all, p.c);
        };
        bring(false);
        if (world_.failed()) return;
        const everything before = all_that_is_there();
        bring(true);
        if (!world_.failed() && world_.plan.seals && !back) seal_it(all, p.c);
        if (!world_.failed() && all_that_is_there() != before) {
            world_.violate("I11", "done again, it has changed what is in the stores");
        }
        if (!world_.failed()) audit();
    }

private:
    static constexpr std::size_t nobody = 0;
    using everything = std::map<std::pair<place, std::string>, std::string>;  ///< Etags by place and name.

    /// Both reports of a job, plan and summary, against what was there before and is there after.
    struct counted {
        std::uint64_t missing = 0;  ///< Old names without a whole new one.
        std::uint64_t old_names = 0;
        std::uint64_t old_bytes = 0;
    };
    [[nodiscard]] counted count_truth() {
        counted found;
        for (model_row& row : world_.instances.rows()) {
            world_.look(row);
            for (const model_blob& b : row.blobs) {
                if (b.stands[old_side] == standing::absent) continue;
                ++found.old_names;
                found.old_bytes += b.content.size();
                found.missing += b.stands[new_side] == standing::whole && world_.says_whole(b, new_side) ? 0 : 1;
            }
        }
        return found;
    }
    void expect(const char* what, std::uint64_t told, std::uint64_t true_count) {
        if (told == true_count) return;
        world_.violate("I12", std::string(what) + " tells of " + std::to_string(told) + ", and it is " +
                                  std::to_string(true_count));
    }

    void go_forward(const all_jobs& all, const context& c) {
        const counted before = count_truth();
        migration_plan plan;
        copy_summary copied{.complete = true};
        for (const one_job& job : all.jobs) {
            auto found = plan_migration(job, c);
            if (!need(found, "the last plan")) return;
            plan += *found;
            auto made = copy_blobs(job, c, {.deletions = &all.state});
            if (!need(made, "the last copy")) return;
            if (!made->complete) return world_.violate("I6", "the last copy, without faults, is not complete");
            copied.made += made->made;
            copied.last += made->last;
        }
        expect("the last plan: missing", plan.outcomes.objects(outcome::missing), before.missing);
        expect("the last copy: copied and repaired",
               copied.made.objects(outcome::copied) + copied.made.objects(outcome::repaired), before.missing);
        expect("the last copy: present", copied.last.objects(outcome::present), before.old_names);
        world_.formats = {format::new_names};  // not before: an empty target of a failed copy may be left until here
        outcome_counts removed;
        for (const one_job& job : all.jobs) {
            auto gone = remove_sources(job, c);
            if (!need(gone, "the last delete")) return;
            if (!gone->complete) return world_.violate("I7", "the last delete, without faults, is not complete");
            removed += gone->outcomes;
        }
        expect("the last delete: removed", removed.objects(outcome::removed), before.old_names);
        expect("the last delete: bytes", removed.bytes(outcome::removed), before.old_bytes);
        world_.did["reports held against the truth"] += 3;
        auto clean = clean_up(all, c);
        if (!need(clean, "the last cleanup")) return;
        if (!clean->complete || !clean->kept.empty()) {
            world_.violate("I4", "the last cleanup, without faults, is not complete");
        }
    }

    void seal_it(const all_jobs& all, const context& c) {
        auto sealed = seal(all, c);
        if (!need(sealed, "the last seal")) return;
        if (!sealed->complete) return world_.violate("progress", "the last seal, without faults, is not complete");
        seal_watch::look_for_old_names(world_, "seal", "it is sealed");
        seal_watch::look_for_records(world_);
        auto back = roll_back(all, c);
        if (need(back, "asking for the way back") && !is_for_the_seal(back->refused)) {
            world_.violate("seal", "a rollback is not refused for the seal");
        }
        auto moved = set_stage(all.state, c, format::dual);
        if (need(moved, "asking for the stage before") && !is_for_the_seal(moved->refused)) {
            world_.violate("seal", "a change of the stage is not refused for the seal");
        }
        ++world_.did["seals without faults"];
    }

    [[nodiscard]] static bool is_for_the_seal(const std::vector<obstacle>& refused) {
        return !refused.empty() && refused.front().code == "sealed";
    }

    void go_back(const all_jobs& all, const context& c) {
        auto back = roll_back(all, c, {.remove_new = true});
        if (!need(back, "the last rollback")) return;
        std::size_t without_old_name = 0;
        for (const model_row& row : world_.instances.rows()) {
            for (const model_blob& b : row.blobs) {
                if (row.now == phase::live && row.stored_in_new && b.names[old_side]) ++without_old_name;
            }
        }
        if (!back->refused.empty()) {
            return world_.violate("I16", "the last rollback refuses: " + back->refused.front().text);
        }
        // A ledger that a listing hid from a cleanup promises what was removed: that is told, and not known any better.
        const bool is_misled = !world_.is_honest() && back->last.objects(outcome::failed) > 0;
        if (back->unresolvable > without_old_name || (!back->complete && back->unresolvable == 0 && !is_misled)) {
            world_.violate("I16", "the last rollback, without faults, is not complete:" + shown(back->last) + "; " +
                                      std::to_string(back->unresolvable) + " unresolvable, where " +
                                      std::to_string(without_old_name) + " may be");
        }
        world_.formats = {format::old_names};
    }

    [[nodiscard]] static std::string shown(const outcome_counts& counts) {
        std::string text;
        for (std::size_t i = 0; i < outcome_count; ++i) {
            const auto what = static_cast<outcome>(i);
            if (counts.objects(what) == 0) continue;
            text += " " + std::to_string(counts.objects(what)) + " " + std::string(to_string(what));
        }
        return text;
    }

    /// Nobody serves any more: the operator says so, and moves the stage to where the run ends.
    bool send_nodes_home(process& p, bool back) {
        world_.formats.clear();
        world_.sealed.clear();
        auto view = read_stage(p.state, p.c);
        if (!need(view, "reading the stage")) return false;
        for (const node_record& n : view->nodes) {
            if (!need(forget_node(p.state, p.c, n.node), "forgetting a node")) return false;
        }
        if (!view->stage || view->is_sealed()) return true;
        for (const format f : {format::dual, back ? format::old_names : format::new_names}) {
            auto moved = set_stage(p.state, p.c, f);
            if (!need(moved, "moving the stage")) return false;
            if (moved->refused.empty()) continue;
            world_.violate("progress", "the stage does not move: " + moved->refused.front().text);
        }
        return !world_.failed();
    }

    /// The service sweeps what was not acknowledged, and a person what nobody else can judge.
    bool remove_what_nobody_wants(process& p, bool back) {
        const auto places = world_.plan.two_containers ? containers<any_store>(p.files, p.metadata)
                                                       : containers<any_store>(p.files);
        instance_store<any_store> service(places, p.state, dual_names<uid_names, prefix_names>(),
                                          back ? format::old_names : format::new_names);
        auto view = read_stage(p.state, p.c);
        if (!need(view, "reading the stage")) return false;
        service.set_sealed(view->is_sealed());
        for (std::size_t i = 0; i < world_.instances.rows().size(); ++i) {
            model_row& row = world_.instances.row(i);
            if (row.disturbed && !put_right_by_hand(p, row)) return false;
            if (row.told) continue;
            if (row.now != phase::creating && row.now != phase::removing) continue;
            row.now = phase::removing;
            if (!need(service.remove(p.c, row.id), "the service's own sweep")) return false;
            world_.acknowledge_removal(nobody, i);
        }
        remove_torn_copies();
        return !world_.failed();
    }

    /// What a person does about an instance with two contents: here, remove it, and put that on record.
    [[nodiscard]] bool put_right_by_hand(process& p, model_row& row) {
        deletion_log log(p.state);
        if (!need(log.record(p.c, std::vector{row.id}), "a removal by hand")) return false;
        row.now = phase::removed;
        for (model_blob& b : row.blobs) {
            b.strangers = {};
            for (const auto& n : b.names) {
                if (n) world_.truth(b.kind).remove({}, *n, {}).value();
            }
        }
        world_.note(nobody, "removes what a stranger touched");
        return true;
    }
    /// ... and about a copy that the store tore: remove the copy.
    void remove_torn_copies() {
        for (model_row& row : world_.instances.rows()) {
            world_.look(row);
            for (const model_blob& b : row.blobs) {
                for (std::size_t side = 0; side < 2; ++side) {
                    if (b.stands[side] != standing::wrong || !world_.is_torn(b, side)) continue;
                    world_.truth(b.kind).remove({}, *b.names[side], {}).value();
                }
            }
        }
    }

    template <class T>
    bool need(const result<T>& outcome, const char* what) {
        if (!outcome) {
            (void)world_.said(outcome.error());
            world_.violate("progress", std::string(what) + " fails without faults: " + describe(outcome.error()));
        } else {
            if constexpr (!std::is_void_v<T>) listen_to(world_, *outcome);
        }
        return bool(outcome) && !world_.failed();
    }

    /// Blobs, or records.
    [[nodiscard]] std::vector<blob_info> listed(place where, std::string_view prefix) {
        any_store all(borrowed_store{&world_.truth(where)});
        return list_all(all, {}, {.prefix = std::string(prefix)}).value().blobs;
    }
    [[nodiscard]] everything all_that_is_there() {
        everything found;
        for (const place where : {place::files, place::metadata, place::state, place::state_of_metadata}) {
            for (const std::string_view prefix : {std::string_view(), reserved_prefix}) {
                for (const blob_info& info : listed(where, prefix)) found[{where, info.name.text()}] = info.tag.text();
            }
        }
        return found;
    }

    /// What is in the stores is what was promised, and nothing else.
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
        for (const place where : world_.containers_of_blobs()) {
            for (const blob_info& info : listed(where, {})) {
                if (belongs(info.name, where)) continue;
                world_.violate("I5", "at the end there is " + world_.label(info.name.text()));
            }
        }
    }

    [[nodiscard]] bool belongs(const blob_name& name, place where) {
        for (const blob_name& n : world_.foreign()) {
            if (n == name) return where == place::files;
        }
        const auto owner = world_.instances.owner(name.text());
        if (!owner || world_.instances.row(*owner).now != phase::live) return false;
        for (const model_blob& b : world_.instances.row(*owner).blobs) {
            const bool is_its = b.names[old_side] == name || b.names[new_side] == name;
            if (is_its) return !world_.plan.two_containers || place_of(b.kind) == where;
        }
        return false;
    }

    [[nodiscard]] std::string name_of(const model_blob& b, std::size_t side) {
        return b.names[side] ? world_.label(b.names[side]->text()) : "a name that it cannot have";
    }

    world& world_;
};

}  // namespace blobshift::simulation

#endif
