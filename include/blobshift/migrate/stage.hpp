// SPDX-License-Identifier: MIT
//
// The stage barrier: which format every node of a service runs, which one is wanted, and what therefore must not begin.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/stage.test.cpp

#ifndef BLOBSHIFT_MIGRATE_STAGE_HPP
#define BLOBSHIFT_MIGRATE_STAGE_HPP

#include <chrono>       // milliseconds
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/random.hpp>
#include <blobshift/migrate/obstacle.hpp>
#include <blobshift/migrate/record.hpp>
#include <blobshift/naming/format.hpp>

namespace blobshift::inline v1 {

/// What a node of a service is called: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', not ending in a dot. It is printed,
/// so it must identify no person.
class node_name {
public:
    /// \return errc::invalid_argument for any other text.
    [[nodiscard]] static result<node_name> parse(std::string_view text) {
        constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
        if (text.empty() || text.size() > 64 || text.ends_with('.') ||
            text.find_first_not_of(allowed) != std::string_view::npos) {
            return fail(errc::invalid_argument,
                        "a node's name is 1 to 64 letters, digits, '.', '_' or '-', and does not end in a dot");
        }
        return node_name(std::string(text));
    }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    friend bool operator==(const node_name&, const node_name&) = default;

private:
    explicit node_name(std::string text) : text_(std::move(text)) {}

    std::string text_;
};

/// What a node tells of itself.
struct node_status {
    format runs = format::old_names;   ///< Under which every call that begins now works.
    bool sealed = false;               ///< In New: it no longer looks under old names.
    /// Under way, begun under another format, at most one step away (see `instance_store::step_towards`), or before the
    /// seal. 0 = drained.
    std::uint64_t other_calls = 0;
    std::uint64_t fallback_reads = 0;  ///< Since its start: reads in New that only the old name could answer.

    friend bool operator==(const node_status&, const node_status&) = default;
};

/// What is on record of a node.
struct node_record {
    node_name node;
    node_status status = {};
    std::uint64_t epoch = 0;               ///< Of the stage that it had seen when it wrote this.
    utc_time time = {};                    ///< When it wrote this, by its clock.
    std::chrono::milliseconds lease = {};  ///< How long this counts, for it and for others.
    std::uint64_t process = 0;             ///< Random, new with each start of the node.

    /// Whether nothing is known of it now. So is a record from a clock that is ahead by more than the lease.
    [[nodiscard]] bool is_stale(utc_time now) const noexcept { return now - time > lease || time - now > lease; }

    friend bool operator==(const node_record&, const node_record&) = default;
};

enum class seal_state : unsigned char {
    open,     ///< Old names are still looked for in New.
    sealing,  ///< Decided; the nodes are on their way, and records are being destroyed.
    sealed,   ///< Done: no way back.
};

/// The enumerator's own spelling.
[[nodiscard]] constexpr std::string_view to_string(seal_state seal) noexcept {
    switch (seal) {
        case seal_state::open: return "open";
        case seal_state::sealing: return "sealing";
        case seal_state::sealed: return "sealed";
    }
    return "unknown";
}

/// Where the service as a whole is. Only nodes at this step, or one before it, may write.
struct stage_record {
    format wanted = format::old_names;
    seal_state seal = seal_state::open;
    std::uint64_t epoch = 0;  ///< Grows with every change, and when a node joins or changes its format.

    friend bool operator==(const stage_record&, const stage_record&) = default;
};

/// All that is known of the nodes.
struct stage_view {
    std::optional<stage_record> stage = {};  ///< Nothing: no node ever announced itself, or the record was lost.
    std::vector<node_record> nodes = {};     ///< By name.
    utc_time seen = {};                      ///< When this was read, by the reader's clock.
    etag tag = {};                           ///< Of the stage record.

    /// Whether there is a service that announces itself. If not, an operator answers for all nodes being stopped.
    [[nodiscard]] bool has_barrier() const noexcept { return stage.has_value() || !nodes.empty(); }
    [[nodiscard]] bool is_sealed() const noexcept { return stage && stage->seal != seal_state::open; }
};

inline constexpr std::string_view node_folder = "nodes";

namespace detail {

inline constexpr std::string_view node_record_kind = "node";
inline constexpr std::string_view stage_record_kind = "stage";

/// Old, Dual, New, and New without a fallback, as numbers: what "one step" means.
[[nodiscard]] constexpr int step_of(format f, bool sealed) noexcept { return static_cast<int>(f) + (sealed ? 1 : 0); }
[[nodiscard]] constexpr int step_of(const node_status& s) noexcept { return step_of(s.runs, s.sealed); }
[[nodiscard]] constexpr int step_of(const stage_record& s) noexcept {
    return step_of(s.wanted, s.seal != seal_state::open);
}

[[nodiscard]] inline result<blob_name> node_blob(const node_name& node) {
    return blob_name::parse(std::string(reserved_prefix) + std::string(node_folder) + "/" + node.text());
}
[[nodiscard]] inline result<blob_name> stage_blob() { return blob_name::parse(std::string(reserved_prefix) + "stage"); }

inline constexpr format all_formats[] = {format::old_names, format::dual, format::new_names};

[[nodiscard]] inline std::string text_of(const node_record& r) {
    field_writer fields;
    fields.add(to_string(r.status.runs)).add(r.status.sealed ? 1 : 0).add(r.status.other_calls);
    fields.add(r.status.fallback_reads).add(r.epoch).add(r.time).add(r.lease);
    return fields.add(r.process).text();
}

[[nodiscard]] inline result<node_record> parse_node(const node_name& node, const kept_record& kept) {
    field_reader fields(kept);
    node_record r{.node = node};
    r.status.runs = fields.one_of(all_formats);
    r.status.sealed = fields.number<int>() != 0;
    r.status.other_calls = fields.number<std::uint64_t>();
    r.status.fallback_reads = fields.number<std::uint64_t>();
    r.epoch = fields.number<std::uint64_t>();
    r.time = fields.time();
    r.lease = fields.duration();
    r.process = fields.number<std::uint64_t>();
    if (auto fine = fields.finish(node_record_kind); !fine) return unexpected(std::move(fine).error());
    return r;
}

/// Reads the stage record into `view`. One read.
inline result<void> read_stage_record(any_store& state, const context& c, stage_view& view) {
    auto name = stage_blob();
    if (!name) return unexpected(std::move(name).error());
    auto kept = read_record(state, c, *name, stage_record_kind);
    if (!kept) return unexpected(std::move(kept).error());
    view.stage.reset();
    view.seen = c.clock->utc_now();
    if (!*kept) return {};
    constexpr seal_state seals[] = {seal_state::open, seal_state::sealing, seal_state::sealed};
    field_reader fields(**kept);
    stage_record r;
    r.wanted = fields.one_of(all_formats);
    r.seal = fields.one_of(seals);
    r.epoch = fields.number<std::uint64_t>();
    (void)fields.number<std::uint64_t>();  // the writer's random number
    if (auto fine = fields.finish(stage_record_kind); !fine) return fine;
    view.stage = r;
    view.tag = std::move((*kept)->tag);
    return {};
}

/// Puts `next` in the place of what `view` saw. errc::condition_failed or already_exists: it has changed since.
inline result<void> write_stage_record(any_store& state, const context& c, const stage_view& view,
                                       const stage_record& next) {
    auto name = stage_blob();
    if (!name) return unexpected(std::move(name).error());
    field_writer fields;
    fields.add(to_string(next.wanted)).add(to_string(next.seal)).add(next.epoch).add(random_u64());
    auto written = write_record(state, c, *name, stage_record_kind, fields.text(),
                                view.stage ? condition::if_match(view.tag) : condition::if_absent());
    if (!written) return unexpected(std::move(written).error());
    return {};
}

[[nodiscard]] inline bool lost_a_race(const error& e) noexcept {
    return e.code == errc::condition_failed || e.code == errc::already_exists;
}

[[nodiscard]] inline obstacle about_node(const node_record& n, std::string_view code, const std::string& what) {
    return {code, 1, "node " + n.node.text() + " " + what, n.node.text()};
}
[[nodiscard]] inline obstacle stale_node(const node_record& n, utc_time now) {
    const auto age = now - n.time;
    const std::string since = age < age.zero() ? "announced itself by a clock that is ahead by " + seconds_text(-age)
                                               : "has not announced itself for " + seconds_text(age);
    return about_node(n, "node_stale", since + ": start it again, or forget it if it is gone for good");
}
[[nodiscard]] inline obstacle undrained_node(const node_record& n) {
    return about_node(n, "node_not_drained",
                      "still works on " + std::to_string(n.status.other_calls) +
                          " calls that began under another format: wait for their end");
}

/// Why the stage must not become `to`: a node that would then be more than one step away, or of which nothing is known.
[[nodiscard]] inline std::vector<obstacle> obstacles_to_move(const stage_view& view, int from, int to,
                                                             std::string_view to_text) {
    std::vector<obstacle> found;
    for (const node_record& n : view.nodes) {
        const int at = step_of(n.status);
        const bool up = to > from;
        const std::string runs = "runs " + std::string(to_string(n.status.runs));
        if (n.is_stale(view.seen)) {
            found.push_back(stale_node(n, view.seen));
        } else if (up ? at < to - 1 : at > to) {
            found.push_back(about_node(n, up ? "node_behind" : "node_ahead",
                                       runs + ", more than one step from " + std::string(to_text) +
                                           ": change its format first"));
        } else if (n.status.other_calls > 0 && (!up || at < to)) {
            found.push_back(undrained_node(n));
        }
    }
    return found;
}

}  // namespace detail

/// Reads the stage and all nodes.
///
/// \return errc::corrupt or unsupported, with the line, for what is no record of ours; or the store's error.
/// \par Complexity  One listing, and one read for the stage and for each node.
inline result<stage_view> read_stage(any_store& state, const context& c) {
    stage_view view;
    // The stage first: a node that joins after this changes it, so that a change based on this view will fail.
    if (auto read = detail::read_stage_record(state, c, view); !read) return unexpected(std::move(read).error());
    const std::string folder = std::string(reserved_prefix) + std::string(node_folder) + "/";
    auto page = list_all(state, c, {.prefix = folder});
    if (!page) return unexpected(std::move(page).error());
    for (const blob_info& info : page->blobs) {
        auto node = node_name::parse(std::string_view(info.name.text()).substr(folder.size()));
        if (!node) return fail(errc::corrupt, "a foreign blob lies among the nodes", info.name.text());
        auto kept = detail::read_record(state, c, info.name, detail::node_record_kind);
        if (!kept) return unexpected(std::move(kept).error());
        if (!*kept) continue;  // it has taken its leave meanwhile
        auto record = detail::parse_node(*node, **kept);
        if (!record) return unexpected(std::move(record).error());
        view.nodes.push_back(*std::move(record));
    }
    view.seen = c.clock->utc_now();
    return view;
}

/// What an operation needs of all nodes.
struct stage_requirement {
    format at_least = format::old_names;
    format at_most = format::new_names;
    bool record_too = false;  ///< The stage record as well, so that no node can come back outside of this range.
};

/// From here on no node leaves a blob under its old name alone.
inline constexpr stage_requirement stage_for_copy = {.at_least = format::dual};
/// No node writes an old name, and none relies on one.
inline constexpr stage_requirement stage_for_delete = {.at_least = format::new_names, .record_too = true};
/// No node leaves a blob under its new name alone.
inline constexpr stage_requirement stage_for_rollback = {.at_most = format::dual, .record_too = true};
/// No node uses a new name.
inline constexpr stage_requirement stage_without_new_names = {.at_most = format::old_names, .record_too = true};

/// Why the nodes do not meet `required`: codes node_stale, node_behind, node_ahead, node_not_drained (one for each
/// node, named in `obstacle::node`), stage_behind, stage_ahead and stage_missing. Empty: they do, or there are none.
[[nodiscard]] inline std::vector<obstacle> obstacles_to(const stage_view& view, const stage_requirement& required) {
    std::vector<obstacle> found;
    const std::string range =
        required.at_least == required.at_most ? std::string(to_string(required.at_least))
        : required.at_most == format::new_names ? std::string(to_string(required.at_least)) + " or later"
                                                : std::string(to_string(required.at_most)) + " or earlier";
    for (const node_record& n : view.nodes) {
        const std::string runs = "runs " + std::string(to_string(n.status.runs)) + ", and it must be " + range +
                                 ": change its setting and restart it, or stop it";
        if (n.is_stale(view.seen)) {
            found.push_back(detail::stale_node(n, view.seen));
        } else if (n.status.runs < required.at_least) {
            found.push_back(detail::about_node(n, "node_behind", runs));
        } else if (n.status.runs > required.at_most) {
            found.push_back(detail::about_node(n, "node_ahead", runs));
        } else if (n.status.other_calls > 0) {
            found.push_back(detail::undrained_node(n));
        }
    }
    if (!required.record_too || !view.has_barrier()) return found;
    if (!view.stage) {
        found.push_back({"stage_missing", 1, "the stage record is lost: wait until a node announces itself again"});
    } else if (view.stage->wanted < required.at_least || view.stage->wanted > required.at_most) {
        const bool behind = view.stage->wanted < required.at_least;
        found.push_back({behind ? "stage_behind" : "stage_ahead", 1,
                         "the stage is " + std::string(to_string(view.stage->wanted)) + ", and it must be " + range +
                             ": when no node stands against it, set it (nodes --set-stage " +
                             std::string(to_string(behind ? required.at_least : required.at_most)) + ")"});
    }
    return found;
}

/// What a change of the stage came to.
struct stage_change {
    stage_record stage = {};             ///< As it is now.
    std::vector<obstacle> refused = {};  ///< Not empty: nothing was changed, and these are the reasons.
};

/// Makes `wanted` the format of the whole service, as an operator does. Nodes that lead do it by themselves, upwards.
///
/// Refused while a node would then be more than one step away, or is stale, or has not drained its calls; and once the
/// migration is sealed. The record is created if there is none.
///
/// \return errc::conflict when the record changed under each of several attempts; or the store's error.
/// \par Complexity  That of `read_stage`, and one put.
inline result<stage_change> set_stage(any_store& state, const context& c, format wanted) {
    for (int attempt = 0; attempt < 8; ++attempt) {
        auto view = read_stage(state, c);
        if (!view) return unexpected(std::move(view).error());
        stage_change change{.stage = view->stage.value_or(stage_record{.wanted = wanted})};
        if (view->stage && change.stage.wanted == wanted) return change;
        if (view->is_sealed()) {
            change.refused.push_back({"sealed", 1, "the migration is sealed: there is no way back"});
            return change;
        }
        const int to = detail::step_of(wanted, false);
        // Without a record nothing is known of where the nodes come from: they must fit in both directions.
        if (!view->stage) change.refused = detail::obstacles_to_move(*view, to + 1, to, to_string(wanted));
        if (change.refused.empty()) {
            const int from = view->stage ? detail::step_of(*view->stage) : to - 1;
            change.refused = detail::obstacles_to_move(*view, from, to, to_string(wanted));
        }
        if (!change.refused.empty()) return change;
        change.stage.wanted = wanted;
        ++change.stage.epoch;
        auto written = detail::write_stage_record(state, c, *view, change.stage);
        if (written) return change;
        if (!detail::lost_a_race(written.error())) return unexpected(std::move(written).error());
    }
    return fail(errc::conflict, "the stage record changes all the time: try again");
}

/// Forgets a node that is gone for good, as an operator's word. If it comes back, it joins anew and must fit.
///
/// \return false: there is no such node; errc::blocked while its lease is not over.
/// \par Complexity  One read and one removal.
inline result<bool> forget_node(any_store& state, const context& c, const node_name& node) {
    auto name = detail::node_blob(node);
    if (!name) return unexpected(std::move(name).error());
    auto kept = detail::read_record(state, c, *name, detail::node_record_kind);
    if (!kept) return unexpected(std::move(kept).error());
    if (!*kept) return false;
    auto record = detail::parse_node(node, **kept);
    if (!record) return unexpected(std::move(record).error());
    const utc_time now = c.clock->utc_now();
    if (!record->is_stale(now)) {
        return fail(errc::blocked, "node " + node.text() + " announced itself " +
                                       detail::seconds_text(now - record->time) + " ago, and that counts for " +
                                       detail::seconds_text(record->lease) + ": stop it, and wait");
    }
    auto gone = state.remove(c, *name, condition::if_match((*kept)->tag));
    if (!gone && gone.error().code == errc::condition_failed) {
        return fail(errc::blocked, "node " + node.text() + " has announced itself at this moment: stop it, and wait");
    }
    return gone;
}

}  // namespace blobshift::inline v1

#endif
