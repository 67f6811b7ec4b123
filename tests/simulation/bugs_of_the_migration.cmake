# SPDX-License-Identifier: MIT
#
# Bugs in views, naming and migrate: one for each race that a migration under live traffic can lose. Most are found by the
# simulation; those that another guard hides there have a test of their own. Read by bugs.cmake.

# What every normal test run looks for.
set(sample copy_without_second_pass stamps_go_back_with_the_clock)

# --- copy ---------------------------------------------------------------------------------------------------------------
bug(copy_without_second_pass simulation migrate/copy.hpp
    [==[if (!did_something && !unsettled) break;]==]
    [==[break;]==])
bug(pending_copy_taken_for_content simulation migrate/job.hpp
    [==[if (target.copy == copy_state::pending) return {.what = outcome::pending, .reason = "the store is still copying"};]==]
    [==[]==]
    [==[const bool unfinished = !target.is_whole();]==]
    [==[const bool unfinished = target.copy == copy_state::failed;]==]
    [==[verdict v{.what = outcome::present, .known = compare_known(pair)};]==]
    [==[verdict v{.what = outcome::present, .known = {.equal = true, .level = verify_level::read_bytes}};]==])
bug(empty_target_taken_for_content simulation migrate/job.hpp
    [==[if (unfinished || (target.size_bytes == 0 && source.size_bytes > 0)) {]==]
    [==[if (unfinished) {]==]
    [==[verdict v{.what = outcome::present, .known = compare_known(pair)};]==]
    [==[verdict v{.what = outcome::present, .known = {.equal = true, .level = verify_level::read_bytes}};]==])
bug(exists_taken_for_verified simulation migrate/job.hpp
    [==[verdict v{.what = outcome::present, .known = compare_known(pair)};]==]
    [==[verdict v{.what = outcome::present, .known = {.equal = true, .level = verify_level::read_bytes}};]==])
bug(bytes_not_compared simulation migrate/compare.hpp
    [==[if (!std::equal(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(a->count), right.begin())) {]==]
    [==[if (false) {]==])
bug(copy_without_condition migrate/copy.test.cpp migrate/pair_copier.hpp
    [==[replaced != nullptr ? condition::if_match(*replaced) : condition::if_absent(),]==]
    [==[condition::always(),]==])
bug(copy_of_another_version_than_was_seen migrate/copy.test.cpp migrate/pair_copier.hpp
    [==[requests.push_back({*std::move(from), *std::move(to), condition::if_match(original.tag),]==]
    [==[requests.push_back({*std::move(from), *std::move(to), condition::always(),]==])
bug(emptied_segments_come_back_after_a_seal views/numbered_journal.test.cpp views/numbered_journal.hpp
    [==[condition::if_match(tag)]==]
    [==[condition::always()]==])
bug(vanished_container_taken_for_removals migrate/copy.test.cpp migrate/pair_copier.hpp
    [==[if (!found_gone_) return {};]==]
    [==[return {};]==])
bug(copy_without_its_length_check migrate/copy.test.cpp migrate/pair_copier.hpp
    [==[if (made->info.size_bytes != original.size_bytes) {]==]
    [==[if (false) {]==])
bug(failed_copies_not_counted simulation migrate/copy.hpp
    [==[outcome::blocked, outcome::changed, outcome::failed}) {]==]
    [==[outcome::blocked}) {]==])
bug(listing_ends_at_an_empty_page simulation store/bulk.hpp
    [==[            rest.cursor = std::move(page->cursor);
        } while (!rest.cursor.empty());
        return {};
    }
}

/// Copies many]==]
    [==[            rest.cursor = std::move(page->cursor);
            if (page->blobs.empty()) break;
        } while (!rest.cursor.empty());
        return {};
    }
}

/// Copies many]==])
bug(listing_error_taken_for_its_end simulation store/bulk.hpp
    [==[            auto page = store.list(c, rest);
            if (!page) return unexpected(std::move(page).error());
            for (blob_info& info]==]
    [==[            auto page = store.list(c, rest);
            if (!page) return {};
            for (blob_info& info]==])
bug(names_that_are_gone_in_no_order migrate/remove.test.cpp migrate/plan.hpp
    [==[        std::sort(gone.begin(), gone.end());]==]
    [==[]==])
bug(proofs_do_not_meet_their_pairs migrate/inventory.test.cpp migrate/inventory.hpp
    [==[            return add_record(*target, to, payload);]==]
    [==[            return sorter_.add(proof.target, payload);]==])
bug(names_stay_in_memory migrate/spill_sort.test.cpp migrate/spill_sort.hpp
    [==[> chunk_bytes_ && !places_.empty()) {]==]
    [==[> chunk_bytes_ && places_.empty()) {]==])
bug(collision_of_two_sources_ignored migrate/job.test.cpp migrate/job.hpp
    [==[if (pair.sources.size() > 1) return]==]
    [==[if (pair.sources.size() > 99) return]==])
bug(attributes_not_compared migrate/compare.test.cpp migrate/compare.hpp
    [==[if (offset == 0 && a->info.attrs != b->info.attrs)]==]
    [==[if (false)]==])
bug(equally_truncated_reads_agree simulation/guards.test.cpp migrate/compare.hpp
    [==[if (got->info.size_bytes != facts.size_bytes || got->count != expected) {]==]
    [==[if (got->info.size_bytes != facts.size_bytes) {]==])

# --- delete -------------------------------------------------------------------------------------------------------------
bug(ledger_after_delete simulation migrate/remove.hpp
    [==[        if (auto recorded = ledger_.flush(c); !recorded) return recorded;
        result<void> going;]==]
    [==[        result<void> going;]==]
    [==[        proved_.clear();
        return going;]==]
    [==[        proved_.clear();
        if (auto recorded = ledger_.flush(c); !recorded) return recorded;
        return going;]==])
bug(ledger_failure_ignored simulation migrate/remove.hpp
    [==[if (auto recorded = ledger_.flush(c); !recorded) return recorded;]==]
    [==[(void)ledger_.flush(c);]==])
bug(stale_evidence_trusted simulation migrate/evidence.hpp
    [==[fingerprint == fingerprint_of(source, source_tag, target_tag);]==]
    [==[!source.empty();]==])
bug(delete_without_proof simulation migrate/remove.hpp
    [==[} else if (v.known.level < options_.level) {]==]
    [==[} else if (v.known.level < verify_level::exists) {]==])
bug(delete_of_what_was_read_to_differ simulation migrate/remove.hpp
    [==[if (!results[i]->equal) {]==]
    [==[if (false) {]==])
bug(delete_without_if_match migrate/remove.test.cpp migrate/remove.hpp
    [==[requests.push_back({*std::move(name), condition::if_match(source.tag)});]==]
    [==[requests.push_back({*std::move(name), condition::always()});]==])
bug(delete_without_if_match_in_traffic simulation migrate/remove.hpp
    [==[requests.push_back({*std::move(name), condition::if_match(source.tag)});]==]
    [==[requests.push_back({*std::move(name), condition::always()});]==])
bug(delete_while_copies_are_missing migrate/remove.test.cpp migrate/remove.hpp
    [==[if (!options_.partial) append(summary_.refused, obstacles_to_delete(plan));]==]
    [==[]==])
bug(tag_of_a_target_that_cannot_be_read migrate/remove.test.cpp migrate/remove.hpp
    [==[targets.push_back({pair.target, are_one_object(pair.sources.front(), *pair.present)});]==]
    [==[targets.push_back({pair.target, true});]==])
bug(no_second_look_at_the_target migrate/remove.test.cpp migrate/remove.hpp
    [==[        if (options_.look_again) {
            if]==]
    [==[        if (false) {
            if]==])
bug(delete_of_what_is_held migrate/remove.test.cpp migrate/remove.hpp
    [==[} else if (pair.sources.front().obstacles.any()) {]==]
    [==[} else if (false) {]==])
bug(held_names_are_no_obstacle migrate/remove.test.cpp migrate/plan.hpp
    [==[plan.with_snapshots += held.has_snapshots ? 1 : 0;]==]
    [==[]==])
bug(more_deleted_than_allowed migrate/remove.test.cpp migrate/plan.hpp
    [==[if (removable <= most) return {};]==]
    [==[return {};]==])
bug(two_directions_at_once migrate/claim.test.cpp migrate/claim.hpp
    [==[return obstacles_of_operations(state_, c, kind_);]==]
    [==[return std::vector<obstacle>();]==])
bug(a_batch_outlives_its_claim migrate/claim.test.cpp migrate/claim.hpp
    [==[if (!c.deadline || over < *c.deadline) bounded.deadline = over;]==]
    [==[]==])
bug(claims_of_the_dead_stay migrate/claim.test.cpp migrate/claim.hpp
    [==[if (auto swept = sweep(c); !swept) return swept;]==]
    [==[]==])
bug(a_delete_outlives_its_claim migrate/claim.test.cpp migrate/remove.hpp
    [==[const context c = options_.guard == nullptr ? c_ : options_.guard->until_over(c_);]==]
    [==[const context c = c_;]==])
bug(a_rollback_outlives_its_claim migrate/claim.test.cpp migrate/rollback.hpp
    [==[const context c = claim_.until_over(c_);]==]
    [==[const context c = c_;]==])
bug(claim_looks_before_its_word migrate/claim.test.cpp migrate/claim.hpp
    [==[        if (auto given = give(c); !given) return unexpected(std::move(given).error());
        return obstacles_of_operations(state_, c, kind_);]==]
    [==[        auto others = obstacles_of_operations(state_, c, kind_);
        if (auto given = give(c); !given) return unexpected(std::move(given).error());
        return others;]==])
bug(rollback_looks_before_its_word migrate/claim.test.cpp migrate/rollback.hpp
    [==[    if (!all.jobs.front().options.dry_run) {  // its own word first, then the look at the others'
        if (auto given = claim.give(c); !given) return unexpected(std::move(given).error());
    }
    auto refused = obstacles_to_rollback(all, c, options.remove_new);]==]
    [==[    auto refused = obstacles_to_rollback(all, c, options.remove_new);
    if (!all.jobs.front().options.dry_run) {
        if (auto given = claim.give(c); !given) return unexpected(std::move(given).error());
    }]==]
    [==[summary_.refused = *std::move(against);]==]
    [==[]==])
bug(claim_counts_from_when_it_was_written migrate/claim.test.cpp migrate/operation.hpp
    [==[last_beat_ = began;]==]
    [==[last_beat_ = c.clock->now();]==]
    [==[c.clock->now() + left);]==]
    [==[last_beat_ + options_.lease);]==])
bug(claim_without_a_margin migrate/claim.test.cpp migrate/claim.hpp
    [==[options_.margin = claim_margin;]==]
    [==[]==])
bug(delete_in_doubt_takes_its_claim_away migrate/claim.test.cpp migrate/remove.hpp
    [==[options_.guard->doubt();]==]
    [==[]==])
bug(rollback_in_doubt_takes_its_claim_away migrate/claim.test.cpp migrate/rollback.hpp
    [==[if (!gone && gone.error().done != effect::none) claim_.doubt();]==]
    [==[]==])
bug(part_of_an_unfinished_copy_is_an_error views/instance_store_faults.test.cpp views/instance_store.hpp
    [==[if (!info || is_whole(*info)) return part;]==]
    [==[return part;]==])
bug(delete_begins_before_it_is_bound migrate/remove.test.cpp migrate/remove.hpp
    [==[if (is_first && summary_.stopped.empty() && options_.before_change != nullptr) {]==]
    [==[if (false) {]==])
bug(claim_counts_on_while_the_machine_sleeps migrate/claim.test.cpp migrate/operation.hpp
    [==[c.clock->now() + left);]==]
    [==[last_beat_ + options_.lease);]==])
bug(rollback_gives_no_sign_of_life migrate/rollback_beside.test.cpp migrate/claim.hpp
    [==[        claim_.beat(c_);]==]
    [==[]==])
bug(rollback_forgets_that_it_was_silent migrate/rollback_beside.test.cpp migrate/rollback.hpp
    [==[if (claim_.has_lapsed()) {]==]
    [==[if (false) {]==])
bug(rollback_does_not_look_around migrate/rollback_beside.test.cpp migrate/rollback.hpp
    [==[summary_.refused = *std::move(against);]==]
    [==[]==])
bug(removed_instance_is_brought_back migrate/rollback_beside.test.cpp migrate/rollback.hpp
    [==[if (pair.is_given_up) {]==]
    [==[if (false) {]==]
    [==[        if (!summary_.refused.empty()) return summary_;
        if (auto swept = sweep();]==]
    [==[        return summary_;
        if (auto swept = sweep();]==])
bug(sweep_reads_one_ledger_of_two migrate/rollback_beside.test.cpp migrate/watermark_owners.hpp
    [==[if (noted) noted =]==]
    [==[if (false) noted =]==])
bug(stopped_pass_counts_the_one_before_again migrate/copy.test.cpp migrate/copy.hpp
    [==[tally_.begin("copy", summary_.passes, 0, 0);]==]
    [==[]==])
bug(dry_run_gives_its_word migrate/wave_guard.test.cpp migrate/remove.hpp
    [==[before_wave(c_, job_.options.dry_run)]==]
    [==[before_wave(c_)]==])

# --- service ------------------------------------------------------------------------------------------------------------
bug(dual_put_acknowledged_after_one_name simulation views/instance_store.hpp
    [==[if (!stored) return unexpected(half_stored(c, {id, kind}, std::move(stored).error()));]==]
    [==[if (!stored) return *std::move(first);]==])
bug(rollback_waits_for_what_is_gone migrate/rollback.test.cpp migrate/pair_copier.hpp
    [==[if (way_ == direction::to_old) return e.code == errc::not_found;]==]
    [==[if (way_ == direction::to_old) return false;]==])
bug(half_of_a_dual_put_taken_back views/instance_store_faults.test.cpp views/instance_store.hpp
    [==[            if (!stored) return unexpected(half_stored(]==]
    [==[            if (!stored) (void)places_.of(kind).remove(*admitted, names->front(), {});
            if (!stored) return unexpected(half_stored(]==])
bug(calls_of_an_older_format_not_told simulation views/format_switch.hpp
    [==[older += slot == now ? 0 : calls_[slot].load();]==]
    [==[older += slot == now || slot < 3 ? 0 : calls_[slot].load();]==])
bug(removal_of_the_new_name_first simulation naming/format.hpp
    [==[return list(f == format::new_names && sealed ? order::new_only : order::old_then_new, id, kind);]==]
    [==[return list(f == format::new_names && sealed ? order::new_only : order::new_then_old, id, kind);]==])
bug(removal_of_one_name simulation naming/format.hpp
    [==[return list(f == format::new_names && sealed ? order::new_only : order::old_then_new, id, kind);]==]
    [==[return list(f == format::old_names ? order::old_only : order::new_only, id, kind);]==])
bug(no_fallback_to_the_old_name naming/format.test.cpp naming/format.hpp
    [==[return list(sealed ? order::new_only : order::new_then_old, id, kind);]==]
    [==[return list(order::new_only, id, kind);]==])
bug(new_name_read_first_while_it_is_copied simulation naming/format.hpp
    [==[if (f != format::new_names) return list(order::old_then_new, id, kind);]==]
    [==[if (f == format::old_names) return list(order::old_then_new, id, kind);]==])
bug(dual_writes_the_new_name_only simulation naming/format.hpp
    [==[case format::dual: return list(order::old_then_new, id, kind);]==]
    [==[case format::dual: return list(order::new_only, id, kind);]==])
bug(failed_removal_acknowledged simulation views/instance_store.hpp
    [==[        if (!first) return made;
        first->message]==]
    [==[        if (failed < 1000) return made;
        first->message]==])
bug(fallback_on_any_error views/instance_store_faults.test.cpp views/instance_store.hpp
    [==[return e.code == errc::not_found;]==]
    [==[return e.code != errc::cancelled;]==])
bug(removal_not_recorded views/instance_store_faults.test.cpp views/instance_store.hpp
    [==[        if (!call.sealed()) {
            auto recorded]==]
    [==[        if (call.sealed()) {
            auto recorded]==])
bug(half_of_a_dual_put_not_in_the_repair_list views/instance_store_faults.test.cpp views/instance_store.hpp
    [==[if (auto added = repairs_.add(own.with_timeout(std::chrono::seconds(10)), what); !added) {]==]
    [==[if (auto added = result<void>(); !added) {]==])
bug(put_replaces_what_is_there views/write_once.test.cpp views/write_once.hpp
    [==[    condition when = condition::if_absent();
    for]==]
    [==[    condition when = condition::always();
    for]==])
bug(second_name_from_the_end_of_its_source views/instance_store_faults.test.cpp views/write_once.hpp
    [==[    for (int look = 1;; ++look) {
        if (auto again = source.rewind(); !again) return unexpected(std::move(again).error());]==]
    [==[    for (int look = 1;; ++look) {]==])
bug(blob_compared_with_the_end_of_its_source views/write_once.test.cpp views/write_once.hpp
    [==[    if (auto again = source.rewind(); !again) return unexpected(std::move(again).error());
    comparing_sink]==]
    [==[    comparing_sink]==])
bug(bytes_of_another_blob_than_the_attributes views/write_once.test.cpp views/write_once.hpp
    [==[                          .when = condition::if_match(there.tag),
]==]
    [==[]==])
bug(no_third_look_at_what_moves views/instance_store_faults.test.cpp views/instance_store.hpp
    [==[        if (answer || !missed(answer.error())) return answer;
        return under(names->front());]==]
    [==[        return answer;]==])
bug(lost_answer_taken_for_failure layers/retry_lost_answers.test.cpp layers/retry.hpp
    [==[if (!tries.lost() || !is_refusal(outcome)) return outcome;]==]
    [==[return outcome;]==])
bug(journal_writes_over_a_segment views/numbered_journal.test.cpp views/numbered_journal.hpp
    [==[as_bytes(lines.text()), {}, condition::if_absent());]==]
    [==[as_bytes(lines.text()), {}, condition::always());]==])
bug(torn_record_accepted store/journal.test.cpp store/journal.hpp
    [==[detail::sealed_line(number, record) == document.substr(0, end + 1);]==]
    [==[!record.empty();]==])

# --- barrier, cleanup, rollback, operations -------------------------------------------------------------------------------
bug(no_barrier simulation migrate/stage.hpp
    [==[        } else if (n.status.runs < required.at_least) {]==]
    [==[        } else if (n.status.runs > n.status.runs) {]==]
    [==[    if (!required.record_too || !view.has_barrier()) return found;]==]
    [==[    return found;]==])
bug(stage_moves_past_a_node_behind migrate/stage.test.cpp migrate/stage.hpp
    [==[} else if (up ? at < to - 1 : at > to) {]==]
    [==[} else if (up ? at < to - 2 : at > to) {]==])
bug(stage_moves_past_older_calls simulation migrate/stage.hpp
    [==[        } else if (n.status.other_calls > 0 && (!up || at < to)) {]==]
    [==[        } else if (n.status.other_calls > 0 && !up) {]==])
bug(two_steps_at_once simulation views/format_switch.hpp
    [==[        return current() == far_side || in_flight(far_side) > 0 ? format::dual : wanted;]==]
    [==[        return wanted;]==])
bug(node_behind_may_write migrate/announcer.test.cpp migrate/announcer.hpp
    [==[write_permit permit{.may_write = at == wanted || at == wanted - 1,]==]
    [==[write_permit permit{.may_write = true,]==])
bug(no_node_gets_past_the_barrier simulation migrate/stage.hpp
    [==[        if (n.is_stale(view.seen)) {
            found.push_back(detail::stale_node(n, view.seen));
        } else if (n.status.runs < required.at_least) {]==]
    [==[        if (!n.node.text().empty()) {
            found.push_back(detail::stale_node(n, view.seen));
        } else if (n.status.runs < required.at_least) {]==])
bug(silent_node_taken_for_gone migrate/stage.test.cpp migrate/stage.hpp
    [==[        if (n.is_stale(view.seen)) {
            found.push_back(detail::stale_node(n, view.seen));
        } else if (n.status.runs < required.at_least) {]==]
    [==[        if (n.is_stale(view.seen)) {
        } else if (n.status.runs < required.at_least) {]==])
bug(cleanup_of_one_name migrate/sweep.test.cpp migrate/sweep.hpp
    [==[            for (const bool old_turn : {true, false}) {]==]
    [==[            for (const bool old_turn : {true}) {]==])
bug(cleanup_forgets_too_early migrate/cleanup.test.cpp migrate/cleanup.hpp
    [==[    if (!summary.kept.empty()) return summary;]==]
    [==[]==])
bug(cleanup_gives_up_what_is_still_to_be_removed migrate/cleanup.test.cpp migrate/cleanup.hpp
    [==[        if (each.sequence > last) return {};
]==]
    [==[]==])
bug(rollback_removes_what_is_not_proved simulation migrate/rollback.hpp
    [==[const verify_level least = options_.remove_new ? verify_level::computed_hash : verify_level::exists;]==]
    [==[const verify_level least = verify_level::exists;]==]
    [==[(std::max)(options_.level, least)]==]
    [==[least]==]
    [==[} else if (!strongly_equal(seen[i]->tag, equal[i].sources.front().tag)) {]==]
    [==[} else if (false) {]==])
bug(rollback_leaves_removals_out migrate/rollback.test.cpp migrate/rollback.hpp
    [==[        if (auto swept = sweep(); !swept || summary_.interrupted) return ended(std::move(swept));]==]
    [==[]==]
    [==[        if (auto swept = sweep(); !swept) return ended(std::move(swept));]==]
    [==[]==])
bug(status_record_trusted migrate/operation.test.cpp migrate/operation.hpp
    [==[if (before->is_alive(now) && !options.take_over) {]==]
    [==[if (before->status == operation_status::running && before->is_alive(before->heartbeat) && !options.take_over) {]==])
bug(stage_read_after_its_nodes migrate/stage.test.cpp migrate/stage.hpp
    [==[    // The stage first: a node that joins after this changes it, so that a change based on this view will fail.
    if (auto read = detail::read_stage_record(state, c, view); !read) return unexpected(std::move(read).error());]==]
    [==[]==]
    [==[    for (const blob_info& info : page->blobs) {
        auto node]==]
    [==[    if (auto read = detail::read_stage_record(state, c, view); !read) return unexpected(std::move(read).error());
    for (const blob_info& info : page->blobs) {
        auto node]==])
bug(permit_outlives_its_record migrate/announcer.test.cpp migrate/announcer.hpp
    [==[.until = began + options_.lease,]==]
    [==[.until = c.clock->now() + options_.lease,]==]
    [==[.until_utc = began_utc + options_.lease,]==]
    [==[.until_utc = c.clock->utc_now() + options_.lease,]==])
bug(permit_outlives_its_record_while_asleep migrate/announcer.test.cpp migrate/announcer.hpp
    [==[.until_utc = began_utc + options_.lease,]==]
    [==[.until_utc = c.clock->utc_now() + options_.lease,]==])
