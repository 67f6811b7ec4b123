# SPDX-License-Identifier: MIT
#
# Bugs in seal, check, run, told removals, the second container, the reports and the rate. Read by bugs.cmake.

# --- seal and check -----------------------------------------------------------------------------------------------------
bug(seal_before_the_nodes_know simulation migrate/seal.hpp
    [==[summary.waiting = detail::nodes_not_sealed(*view);]==]
    [==[summary.waiting = {};]==])
bug(calls_from_before_the_seal_not_told simulation views/format_switch.hpp
    [==[older += slot == now ? 0 : calls_[slot].load();]==]
    [==[older += slot == now || (slot == 2 && now == 3) ? 0 : calls_[slot].load();]==])
bug(seal_with_old_names_left simulation migrate/check.hpp
    [==[if (old_names > 0) {]==]
    [==[if (false) {]==])
bug(seal_made_again_looks_at_no_names migrate/seal.test.cpp migrate/seal.hpp
    [==[obstacles_to_seal_again(all, c)]==]
    [==[obstacles_of_scope(all.state, c, all.jobs.size())]==])
bug(seal_without_its_word migrate/rollback_beside.test.cpp migrate/seal.hpp
    [==[if (auto given = claim.give(c); !given) return unexpected(std::move(given).error());]==]
    [==[]==]
    [==[obstacles_to_seal_again(all, c)]==]
    [==[obstacles_of_scope(all.state, c, all.jobs.size())]==])
bug(seal_looks_at_one_container simulation migrate/check.hpp
    [==[old_names += *counted;]==]
    [==[old_names = *counted;]==])
bug(seal_keeps_the_evidence simulation migrate/seal.hpp
    [==[{ledger_journal, evidence_journal}]==]
    [==[{ledger_journal}]==])
bug(seal_keeps_the_deletion_log simulation migrate/seal.hpp
    [==[{deletion_journal, repair_journal}]==]
    [==[{repair_journal}]==])
bug(seal_made_again_changes_the_stage simulation migrate/seal.hpp
    [==[if (view->stage->seal != seal_state::sealed) {]==]
    [==[{]==])
bug(rollback_after_the_seal simulation migrate/check.hpp
    [==[if (view->is_sealed()) {]==]
    [==[if (false) {]==])
bug(origin_recorded_after_the_seal simulation views/instance_store.hpp
    [==[call.which() != format::new_names || call.sealed()) return {};]==]
    [==[call.which() != format::new_names) return {};]==])
bug(removal_recorded_after_the_seal simulation views/instance_store.hpp
    [==[        if (!call.sealed()) {
            auto recorded]==]
    [==[        {
            auto recorded]==])
bug(check_looks_at_one_container migrate/check.test.cpp migrate/check.hpp
    [==[sum += *plan;]==]
    [==[sum = *plan;]==])

# --- run ----------------------------------------------------------------------------------------------------------------
bug(line_said_before_it_is_true simulation migrate/run.hpp
    [==[if (summary_.complete) log_(line);]==]
    [==[log_(line);]==])
bug(run_copies_one_container simulation migrate/run.hpp
    [==[for (std::size_t i = 0; i < jobs.size() && !end.interrupted; ++i) {]==]
    [==[for (std::size_t i = 0; i < 1 && !end.interrupted; ++i) {]==])
bug(run_deletes_before_the_nodes_are_there simulation migrate/run.hpp
    [==[if (may && *may) may = allowed(obstacles_of_service(all_.state, c_, stage_for_delete, operation_kind::remove));]==]
    [==[]==]
    [==[how.guard = &guard;]==]
    [==[]==])

bug(completed_operation_not_looked_at_again migrate/run.test.cpp migrate/run.hpp
    [==[        heartbeat beats(*started->mine, c_, all_.jobs.front().observer);]==]
    [==[        if (started->before && started->before->status == operation_status::succeeded) return {};
        heartbeat beats(*started->mine, c_, all_.jobs.front().observer);]==])

# --- told removals -----------------------------------------------------------------------------------------------------
bug(told_removal_of_every_version simulation migrate/told_removals.hpp
    [==[return !removal.replaced && removal.when && stored < *removal.when - options_.clock_margin;]==]
    [==[return true;]==])
bug(told_removal_trusts_the_clocks migrate/told_removals.test.cpp migrate/told_removals.hpp
    [==[stored < *removal.when - options_.clock_margin;]==]
    [==[stored < *removal.when;]==])
bug(told_removal_forgets_what_no_clock_tells migrate/told_removals.test.cpp migrate/told_removals.hpp
    [==[listing.stored_before = latest_ + options_.clock_margin;]==]
    [==[listing.stored_before = latest_;]==])
bug(told_removal_of_the_new_name_first migrate/sweep.test.cpp migrate/sweep.hpp
    [==[            for (const bool old_turn : {true, false}) {]==]
    [==[            for (const bool old_turn : {false, true}) {]==])
bug(told_creation_taken_for_a_removal simulation config/feed_record.hpp
    [==[        if (removed) {]==]
    [==[        {]==])
bug(told_removal_of_no_known_time_forgotten migrate/told_removals.test.cpp migrate/told_removals.hpp
    [==[knows_all_times_ = knows_all_times_ && mine.removal.when;]==]
    [==[knows_all_times_ = mine.removal.when.has_value();]==])
bug(told_removal_takes_what_is_being_stored migrate/told_removals.test.cpp migrate/told_removals.hpp
    [==[            if (*left == traces::none && !promised) continue;]==]
    [==[]==])
bug(told_removal_looks_at_one_container migrate/told_removals.test.cpp migrate/told_removals.hpp
    [==[        for (const auto& job : all_.jobs) {
            for (const blob_kind kind]==]
    [==[        for (const auto& job : std::vector{all_.jobs.front()}) {
            for (const blob_kind kind]==])

# --- two containers -----------------------------------------------------------------------------------------------------
bug(removal_in_one_container simulation views/instance_store.hpp
    [==[if (auto done = f(*files_); !done || metadata_ == files_) return done;
        return f(*metadata_);]==]
    [==[return f(*files_);]==])
bug(cleanup_in_one_container simulation migrate/sweep.hpp
    [==[        for (const auto& job : all_.jobs) {
            if (auto go]==]
    [==[        for (const auto& job : std::vector{all_.jobs.front()}) {
            if (auto go]==])
bug(rollback_in_one_container migrate/rollback.test.cpp migrate/rollback.hpp
    [==[        add(*done);
    }
    if (options.remove_new && sum.complete) {]==]
    [==[        add(*done);
        break;
    }
    if (options.remove_new && sum.complete) {]==])

bug(another_state_taken_for_the_right_one migrate/home.test.cpp migrate/home.hpp
    [==[if (home->state != seen.identity.self) {]==]
    [==[if (false) {]==])
bug(another_container_taken_for_the_right_one migrate/home.test.cpp migrate/home.hpp
    [==[        if (!is_taken) return std::optional<obstacle>();]==]
    [==[        return std::optional<obstacle>();]==])
bug(empty_identity_taken_for_one migrate/home.test.cpp migrate/record.hpp
    [==[if (at_end_ || taken.empty()) good_ = false;]==]
    [==[if (at_end_) good_ = false;]==])
bug(forgotten_node_does_not_join_again migrate/announcer.test.cpp migrate/announcer.hpp
    [==[            if (joins || *rejoins) known_.reset();
]==]
    [==[]==])
bug(call_counted_in_a_format_that_was_left views/format_switch.test.cpp views/format_switch.hpp
    [==[if (mode_.load() == mode) return call(]==]
    [==[return call(]==])
bug(containers_taken_in_any_order migrate/home.test.cpp migrate/home.hpp
    [==[if (home->place != i + 1) {]==]
    [==[if (false) {]==])
bug(records_in_the_container_left_behind migrate/home.test.cpp migrate/home.hpp
    [==[apart ? keeps_records(*named.containers[i], c) : result<bool>(false)]==]
    [==[result<bool>(false)]==])

# --- the lease of a removal --------------------------------------------------------------------------------------------
bug(removal_recorded_after_its_lease views/instance_store_faults.test.cpp views/instance_store.hpp
    [==[deletions_.record(*admitted, ids)]==]
    [==[deletions_.record(c, ids)]==])
bug(names_removed_after_the_lease views/instance_store_faults.test.cpp views/instance_store.hpp
    [==[remove_turn(store, *admitted, all, turn,]==]
    [==[remove_turn(store, c, all, turn,]==])

# --- reports and the rate -----------------------------------------------------------------------------------------------
bug(repairs_left_out_of_the_report migrate/copy.test.cpp migrate/copy.hpp
    [==[for (const outcome made : {outcome::copied, outcome::repaired}) {]==]
    [==[for (const outcome made : {outcome::copied}) {]==])
bug(bytes_left_out_of_the_report simulation migrate/job.hpp
    [==[counts_.add(what, source.size_bytes);]==]
    [==[counts_.add(what, 0);]==])
bug(no_turns_are_taken simulation layers/throttle.hpp
    [==[state_->requests.take(now, static_cast<double>(requests));]==]
    [==[]==])

# --- what the service is asked for, what is said, and who may remove a name -----------------------------------------------
bug(puts_in_new_fail simulation views/instance_store.hpp
    [==[        auto names = names_.to_write(call.which(), id, kind);]==]
    [==[        if (call.which() == format::new_names) return fail(errc::unavailable, "no put is possible");
        auto names = names_.to_write(call.which(), id, kind);]==])
bug(second_name_found_is_an_error simulation views/instance_store.hpp
    [==[        answer = under(names->back());]==]
    [==[        answer = Answer(fail(errc::corrupt, "the first name is missing"));]==])
bug(uid_in_an_obstacle simulation migrate/check.hpp
    [==[ old names are left: run delete"]==]
    [==[ old names are left, 2.25.4711/1 among them: run delete"]==])
bug(old_name_in_the_reason_of_an_outcome simulation migrate/sweep.hpp
    [==[        if (couple.old_name) event.source = couple.old_name->text();]==]
    [==[        if (couple.old_name) event.reason = event.source = couple.old_name->text();]==])
bug(cleanup_takes_old_names_that_have_a_copy simulation migrate/cleanup.hpp
    [==[#include <blobshift/migrate/mend.hpp>]==]
    [==[#include <blobshift/migrate/compare.hpp>
#include <blobshift/migrate/mend.hpp>]==]
    [==[    summary.complete = summary.repairs.complete && summary.removals.complete;]==]
    [==[    summary.complete = summary.repairs.complete && summary.removals.complete;
    for (const auto& job : all.jobs) {
        inventory found(job.scratch, c, job.listing());
        if (auto listed = found.collect(job.store, job.from, job.to, job.observer); !listed) break;
        for (;;) {
            auto pair = found.next();
            if (!pair || !*pair) break;
            if ((*pair)->sources.size() != 1 || judge(**pair).what != outcome::present) continue;
            bytes room(200);
            auto same = compare_contents(job.store, c, (*pair)->sources.front(), *(*pair)->present, room);
            if (!same || !same->equal) continue;
            static_cast<void>(job.store.remove(c, blob_name::parse((*pair)->sources.front().name).value(), {}));
        }
    }]==])
