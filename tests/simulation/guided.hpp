// SPDX-License-Identifier: MIT
//
// Those who migrate by the guide's settings, StartCopy and then StartDelete, through run_migration, until it says the
// line that operators wait for. Each line is held against the truth at the moment when it is said.

#ifndef BLOBSHIFT_TESTS_SIMULATION_GUIDED_HPP
#define BLOBSHIFT_TESTS_SIMULATION_GUIDED_HPP

#include <chrono>       // milliseconds, seconds
#include <cstddef>      // size_t
#include <cstdint>      // int64_t
#include <set>          // set
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/migrate/run.hpp>

#include "change_feed.hpp"
#include "operators.hpp"

namespace blobshift::simulation {

class guided_migrator {
public:
    guided_migrator(world& w, script& s, std::size_t self) : world_(w), script_(s), self_(self) {}

    /// One process after the other, as a pod is started again, until all that the settings ask for is done.
    void follow(format runs, bool copies) {
        const std::size_t twin = world_.plan.one_operation ? 0 : self_ % 10;
        const run_settings settings{.runs = runs, .start_copy = copies, .start_delete = !copies,
                                    .copy = id_of(50 + twin), .remove = id_of(60 + twin), .cleanup = id_of(70 + twin)};
        run_options options;
        options.operations = {.lease = std::chrono::milliseconds(6000), .every = std::chrono::milliseconds(1000)};
        options.deleting.wave_size = world_.plan.batch_size;
        for (std::size_t attempt = 0; attempt < 40 && !script_.closing && !world_.failed(); ++attempt) {
            process p(world_, self_);
            if (copies || !world_.plan.impatient) p.c.stop = script_.halting.get_token();
            listener ear(world_);
            recorded_ = removals_on_record();
            const feed_snapshot feed(world_, true);
            const auto give = [&](auto take) { return feed.give(take); };
            const removal_source told = give;
            options.told = &told;
            for (const std::size_t index : feed.rows()) recorded_.insert(world_.instances.row(index).id.watermark);
            auto done = heard(world_, run_migration(all_jobs_of(world_, p, ear), settings, p.c,
                                                    [&](std::string_view line) { hear(line); }, options));
            ++world_.did["guided runs"];
            if (done && !done->refused.empty()) ++world_.did["guided runs refused"];
            if (p.crashed()) ++world_.who(self_).crashes;
            else if ((done && done->complete) || p.c.stop.stop_requested()) return;
            else if (auto waited = p.c.pause(patience(attempt)); !waited) return;
        }
    }

private:
    [[nodiscard]] static operation_id id_of(std::size_t number) {
        return operation_id::parse("00000000-0000-4000-8000-0000000000" + std::to_string(number)).value();
    }

    void hear(std::string_view line) {
        world_.note(self_, "says: " + std::string(line));
        world_.listen(line);
        ++world_.did["lines said"];
        if (line == copy_completed_line) {
            script_.copied = true;
            world_.all_copied = world_.is_honest() && !world_.turned_back;
        } else if (line == delete_completed_line) {
            script_.deleted = true;
            world_.all_deleted = world_.is_honest() && !world_.turned_back;
        } else if (line == cleanup_completed_line && world_.is_honest() && !world_.turned_back) {
            look_for_removed();
        }
        world_.inspect_all();
    }

    /// The watermarks of all instances whose removal is on record now.
    [[nodiscard]] std::set<std::int64_t> removals_on_record() {
        std::set<std::int64_t> found;
        any_store state(borrowed_store{&world_.truth(place::state)});
        (void)read_deletions(state, {}, 0, [&](const deletion& each) -> result<void> {
            found.insert(each.id.watermark);
            return {};
        });
        return found;
    }
    void look_for_removed() {
        for (const std::int64_t watermark : recorded_) {
            model_row& row = world_.instances.row(static_cast<std::size_t>(watermark) - 1);
            world_.look(row);
            for (const model_blob& b : row.blobs) {
                for (std::size_t side = 0; side < 2; ++side) {
                    if (b.stands[side] == standing::absent || b.strangers[side]) continue;
                    world_.violate("line",
                                   "the cleanup is complete, and there is " + world_.label(b.names[side]->text()));
                }
            }
        }
    }

    world& world_;
    script& script_;
    std::size_t self_;
    std::set<std::int64_t> recorded_ = {};  ///< When the run began.
};

inline void copier_body(world& w, script& s, std::size_t self) {
    w.wait(self, [&] { return s.copying || s.closing; });
    chance draw(w.plan.seed, w.who(self).name);
    for (std::size_t i = draw.below(30); i > 0; --i) w.turn();
    const bool verifies = draw.once_in(2);
    if (w.plan.guided) guided_migrator(w, s, self).follow(format::dual, true);
    else copy_all(w, s, self, verifies);
    --s.copiers_left;
    --s.jobs_left;
}

inline void deleter_body(world& w, script& s, std::size_t self) {
    const bool eager = w.plan.guided && w.plan.eager;
    w.wait(self, [&] { return s.deleting || s.reversing || s.closing || (eager && s.copied); });
    chance draw(w.plan.seed, w.who(self).name);
    remove_options options;
    options.afresh = draw.once_in(4);
    options.partial = draw.once_in(3);
    options.look_again = !draw.once_in(3);
    const bool checks = draw.once_in(2);
    const bool begins = s.deleting || (eager && s.copied && !s.reversing);
    if (begins && w.plan.guided) guided_migrator(w, s, self).follow(format::new_names, false);
    else if (begins) delete_all(w, s, self, options, checks);
    --s.deleters_left;
    --s.jobs_left;
}

}  // namespace blobshift::simulation

#endif
