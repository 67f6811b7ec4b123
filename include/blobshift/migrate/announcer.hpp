// SPDX-License-Identifier: MIT
//
// A node's part in the stage barrier: it announces itself, learns whether it may write, and leads the stage upwards.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/announcer.test.cpp

#ifndef BLOBSHIFT_MIGRATE_ANNOUNCER_HPP
#define BLOBSHIFT_MIGRATE_ANNOUNCER_HPP

#include <algorithm>    // max
#include <chrono>       // milliseconds
#include <cstdint>      // uint64_t
#include <mutex>        // mutex, scoped_lock
#include <optional>     // optional
#include <string>       // string
#include <utility>      // move

#include <blobshift/migrate/stage.hpp>

namespace blobshift::inline v1 {

struct announcer_options {
    std::chrono::milliseconds lease{60'000};  ///< How long one announcement counts. Announce three times as often.
    bool leads = true;  ///< Move the stage up by one to this node's format, once every other node is ready for it.
};

/// What a node learns from an announcement.
struct write_permit {
    bool may_write = false;
    bool sealed = false;      ///< No old name is left: the node may stop looking for them, and announce so.
    stage_record stage = {};
    std::string why = {};     ///< When it may not write.
};

/// Announces one node of a service.
///
///     node_announcer me(state, node_name::parse("pod-7").value());
///     me.announce(c, {.runs = format::dual});                       // at the start, and every 20 seconds
///     if (auto may = me.may_write(c, format::dual); !may) ...       // before each write
///     me.withdraw(c);                                               // at an orderly end
///
/// A node that starts under the name of another takes it over; the other one learns it with its next announcement.
///
/// \par Thread-safety  `may_write` from any thread; the rest from one thread at a time.
class node_announcer {
public:
    /// `state` must outlive the announcer. Costs no request.
    node_announcer(any_store& state, node_name node, announcer_options options = {})
        : state_(state), node_(std::move(node)), options_(options), process_(random_u64()) {}

    [[nodiscard]] const node_name& node() const noexcept { return node_; }

    /// Puts this node on record and reads the stage.
    ///
    /// A node that joins, or that changes its format, changes the stage record, too: so nobody moves the stage without
    /// having seen it. The stage moves up by one when this node is one step ahead, leads, and nobody stands against it.
    /// Call it before the first write, at every change of the format before it takes effect, and regularly.
    ///
    /// \return whether it may write for the length of the lease; errc::conflict when another process has taken this
    ///         node's name (it may not write from that moment); or the store's error: what was permitted before then
    ///         lasts as long as its lease.
    /// \par Complexity  One put and one read; when joining or ahead, that of `read_stage` and a put more.
    result<write_permit> announce(const context& c, const node_status& now) {
        const steady_time began = c.clock->now();
        const utc_time began_utc = c.clock->utc_now();
        const bool joins = !known_ || known_->runs != now.runs || known_->sealed != now.sealed;
        if (joins) revoke("the new format is not announced yet");
        auto rejoins = put_record(c, now);
        if (!rejoins) {
            if (rejoins.error().code == errc::conflict) revoke(rejoins.error().message);
            return unexpected(std::move(rejoins).error());
        }
        auto stage = meet(c, now, joins || *rejoins);
        if (!stage) {
            if (joins || *rejoins) known_.reset();
            return unexpected(std::move(stage).error());
        }
        known_ = now;
        epoch_ = stage->epoch;
        write_permit permit = permit_of(now, *stage);
        const std::scoped_lock lock(mutex_);
        granted_ = {.allowed = permit.may_write,
                    .as = now.runs,
                    .until = began + options_.lease,
                    .until_utc = began_utc + options_.lease,
                    .why = permit.why};
        return permit;
    }

    /// Takes this node off the record: it stops, and nobody need wait for it. It may not write any more.
    result<void> withdraw(const context& c) {
        revoke("this node has withdrawn");
        known_.reset();
        if (tag_.empty()) return {};
        auto name = detail::node_blob(node_);
        if (!name) return unexpected(std::move(name).error());
        auto gone = state_.remove(c, *name, condition::if_match(tag_));
        if (!gone && gone.error().code != errc::condition_failed) return unexpected(std::move(gone).error());
        tag_ = {};
        return {};
    }

    /// Whether a write under format `f` may begin now.
    ///
    /// \return the context for that write: `c`, with a deadline no later than the end of the lease; or errc::blocked
    ///         with the reason: the node is more than one step from the others, has not announced this format, or its
    ///         last announcement is older than the lease.
    /// \par Complexity  No request.
    [[nodiscard]] result<context> may_write(const context& c, format f) const {
        const std::scoped_lock lock(mutex_);
        if (!granted_.allowed) return fail(errc::blocked, "this node may not write: " + granted_.why);
        if (granted_.as != f) {
            return fail(errc::blocked, "this node may not write: it has announced " +
                                           std::string(to_string(granted_.as)) + ", not " + std::string(to_string(f)));
        }
        const steady_time now = c.clock->now();
        if (now < granted_.until && c.clock->utc_now() < granted_.until_utc)
            return c.with_timeout(granted_.until - now);
        return fail(errc::blocked, "this node may not write: its last announcement is older than its lease");
    }

private:
    struct grant {
        bool allowed = false;
        format as = format::old_names;
        steady_time until = {};
        utc_time until_utc = {};  ///< The other clock may stand still while the machine sleeps.
        std::string why = "it has not announced itself";
    };

    void revoke(std::string why) {
        const std::scoped_lock lock(mutex_);
        granted_.allowed = false;
        granted_.why = std::move(why);
    }

    /// \return whether the record was not there, although this node had written it: somebody forgot the node.
    result<bool> put_record(const context& c, const node_status& now) {
        auto name = detail::node_blob(node_);
        if (!name) return unexpected(std::move(name).error());
        bool rejoins = false;
        condition when = condition::if_match(tag_);
        for (int attempt = 0; attempt < 4; ++attempt) {
            if (!known_ || attempt > 0) {
                auto kept = detail::read_record(state_, c, *name, detail::node_record_kind);
                if (!kept) return unexpected(std::move(kept).error());
                if (*kept && known_) {
                    auto found = detail::parse_node(node_, **kept);
                    if (!found) return unexpected(std::move(found).error());
                    if (found->process != process_) {
                        return fail(errc::conflict, "another process announces itself as node " + node_.text());
                    }
                }
                rejoins = rejoins || (known_ && !*kept);
                when = *kept ? condition::if_match((*kept)->tag) : condition::if_absent();
            }
            const node_record record{.node = node_,
                                     .status = now,
                                     .epoch = epoch_,
                                     .time = c.clock->utc_now(),
                                     .lease = options_.lease,
                                     .process = process_};
            auto written =
                detail::write_record(state_, c, *name, detail::node_record_kind, detail::text_of(record), when);
            if (written) {
                tag_ = *std::move(written);
                return rejoins;
            }
            if (!detail::lost_a_race(written.error())) return unexpected(std::move(written).error());
        }
        return fail(errc::conflict, "the record of node " + node_.text() + " changes all the time");
    }

    /// Reads the stage; creates it, changes it or moves it up as need be.
    result<stage_record> meet(const context& c, const node_status& now, bool joins) {
        for (int attempt = 0; attempt < 8; ++attempt) {
            stage_view view;
            if (auto read = detail::read_stage_record(state_, c, view); !read) {
                return unexpected(std::move(read).error());
            }
            const bool ahead = view.stage && detail::step_of(now) > detail::step_of(*view.stage);
            if (view.stage && !joins && !ahead) return *view.stage;
            auto all = read_stage(state_, c);
            if (!all) return unexpected(std::move(all).error());
            const stage_record next = next_of(*all, now);
            if (!joins && all->stage && next.wanted == all->stage->wanted) return *all->stage;
            auto written = detail::write_stage_record(state_, c, *all, next);
            if (written) return next;
            if (!detail::lost_a_race(written.error())) return unexpected(std::move(written).error());
        }
        return fail(errc::conflict, "the stage record changes all the time: announce again");
    }

    [[nodiscard]] stage_record next_of(const stage_view& view, const node_status& now) const {
        stage_record next = view.stage.value_or(stage_record{.wanted = now.runs});
        ++next.epoch;
        if (!view.stage) {
            for (const node_record& n : view.nodes) next.wanted = (std::max)(next.wanted, n.status.runs);
            return next;
        }
        const int from = detail::step_of(*view.stage);
        const int to = detail::step_of(now.runs, false);
        if (options_.leads && next.seal == seal_state::open && to == from + 1 &&
            detail::obstacles_to_move(view, from, to, to_string(now.runs)).empty()) {
            next.wanted = now.runs;
        }
        return next;
    }

    [[nodiscard]] write_permit permit_of(const node_status& now, const stage_record& stage) const {
        const int at = detail::step_of(now);
        const int wanted = detail::step_of(stage);
        write_permit permit{.may_write = at == wanted || at == wanted - 1,
                            .sealed = stage.seal != seal_state::open,
                            .stage = stage};
        if (permit.may_write) return permit;
        const std::string steps = "it runs " + std::string(to_string(now.runs)) + (now.sealed ? ", sealed" : "") +
                                  ", and the stage is " + std::string(to_string(stage.wanted)) +
                                  (permit.sealed ? ", sealed" : "");
        permit.why = steps + (at < wanted ? ": it is more than one step behind" : ": other nodes are not ready for it");
        return permit;
    }

    any_store& state_;
    node_name node_;
    announcer_options options_;
    std::uint64_t process_;
    std::optional<node_status> known_ = {};  ///< As it was last announced, with success.
    etag tag_ = {};  ///< Of this node's record; empty while there is none.
    std::uint64_t epoch_ = 0;
    mutable std::mutex mutex_;
    grant granted_ = {};
};

}  // namespace blobshift::inline v1

#endif
