// SPDX-License-Identifier: MIT
//
// A long job with an id: who runs it, how far it is, and how it ended. For people and for politeness, never for safety.
//
// Row: migrate (core, store).   Tests: tests/migrate/operation.test.cpp

#ifndef BLOBSHIFT_MIGRATE_OPERATION_HPP
#define BLOBSHIFT_MIGRATE_OPERATION_HPP

#include <algorithm>    // min
#include <chrono>       // milliseconds
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/random.hpp>
#include <blobshift/migrate/observer.hpp>
#include <blobshift/migrate/obstacle.hpp>
#include <blobshift/migrate/operation_id.hpp>
#include <blobshift/migrate/record.hpp>

namespace blobshift::inline v1 {

enum class operation_kind : unsigned char { copy, remove, cleanup, rollback, seal };

/// The word for people and in records.
[[nodiscard]] constexpr std::string_view to_string(operation_kind kind) noexcept {
    switch (kind) {
        case operation_kind::copy: return "copy";
        case operation_kind::remove: return "delete";
        case operation_kind::cleanup: return "cleanup";
        case operation_kind::rollback: return "rollback";
        case operation_kind::seal: return "seal";
    }
    return "unknown";
}

enum class operation_status : unsigned char {
    running,
    succeeded,
    failed,     ///< It ended, and something is left to do.
    cancelled,  ///< It was stopped.
};

/// The enumerator's own spelling.
[[nodiscard]] constexpr std::string_view to_string(operation_status status) noexcept {
    switch (status) {
        case operation_status::running: return "running";
        case operation_status::succeeded: return "succeeded";
        case operation_status::failed: return "failed";
        case operation_status::cancelled: return "cancelled";
    }
    return "unknown";
}

/// How far an operation is. 0 in a total = not known.
struct operation_counts {
    std::uint64_t objects = 0;
    std::uint64_t objects_total = 0;
    std::uint64_t bytes = 0;
    std::uint64_t bytes_total = 0;

    friend bool operator==(const operation_counts&, const operation_counts&) = default;
};

/// What is on record of an operation.
struct operation_record {
    operation_kind kind = operation_kind::copy;
    operation_status status = operation_status::running;
    operation_counts counts = {};
    utc_time started = {};                 ///< When it was begun for the first time.
    utc_time heartbeat = {};               ///< The last sign of life; the end, when it is not running.
    std::chrono::milliseconds lease = {};  ///< How long a sign of life counts for others.
    std::uint64_t owner = 0;               ///< Random: of the one that runs it, or ran it last.
    std::uint64_t runs = 1;                ///< How often it was begun.

    /// Since the last sign of life. Negative when it came from a clock that is ahead of this one.
    [[nodiscard]] std::chrono::milliseconds age(utc_time now) const noexcept { return now - heartbeat; }
    /// Whether somebody works on it, as far as the clocks of two machines can tell.
    [[nodiscard]] bool is_alive(utc_time now) const noexcept {
        return status == operation_status::running && age(now) <= lease;
    }

    friend bool operator==(const operation_record&, const operation_record&) = default;
};

inline constexpr std::string_view operation_folder = "operations";
/// Where those are on record that are told by no id of the settings, only while they run: see claim.hpp.
inline constexpr std::string_view claim_folder = "claims";

namespace detail {

inline constexpr std::string_view operation_record_kind = "operation";

[[nodiscard]] inline result<blob_name> operation_blob(const operation_id& id,
                                                       std::string_view folder = operation_folder) {
    return blob_name::parse(std::string(reserved_prefix) + std::string(folder) + "/" + id.text());
}

[[nodiscard]] inline std::string text_of(const operation_record& r) {
    field_writer fields;
    fields.add(to_string(r.kind)).add(to_string(r.status)).add(r.counts.objects).add(r.counts.objects_total);
    fields.add(r.counts.bytes).add(r.counts.bytes_total).add(r.started).add(r.heartbeat).add(r.lease);
    return fields.add(r.owner).add(r.runs).text();
}

[[nodiscard]] inline result<operation_record> parse_operation(const kept_record& kept) {
    using enum operation_status;
    constexpr operation_kind kinds[] = {operation_kind::copy, operation_kind::remove, operation_kind::cleanup,
                                        operation_kind::rollback, operation_kind::seal};
    constexpr operation_status all[] = {running, succeeded, failed, cancelled};
    field_reader fields(kept);
    operation_record r;
    r.kind = fields.one_of(kinds);
    r.status = fields.one_of(all);
    for (std::uint64_t* count :
         {&r.counts.objects, &r.counts.objects_total, &r.counts.bytes, &r.counts.bytes_total}) {
        *count = fields.number<std::uint64_t>();
    }
    r.started = fields.time();
    r.heartbeat = fields.time();
    r.lease = fields.duration();
    r.owner = fields.number<std::uint64_t>();
    r.runs = fields.number<std::uint64_t>();
    if (auto fine = fields.finish(operation_record_kind); !fine) return unexpected(std::move(fine).error());
    return r;
}

}  // namespace detail

/// What is on record of the operation `id`; nothing, if it was never begun (or the record is lost).
///
/// \return errc::corrupt or unsupported, with the line, for what is no record of ours. \par Complexity  One read.
inline result<std::optional<operation_record>> read_operation(
    any_store& state, const context& c, const operation_id& id, std::string_view folder = operation_folder) {
    auto name = detail::operation_blob(id, folder);
    if (!name) return unexpected(std::move(name).error());
    auto kept = detail::read_record(state, c, *name, detail::operation_record_kind);
    if (!kept) return unexpected(std::move(kept).error());
    if (!*kept) return std::optional<operation_record>();
    auto record = detail::parse_operation(**kept);
    if (!record) return unexpected(std::move(record).error());
    return std::optional<operation_record>(*std::move(record));
}

/// An operation that is on record.
struct known_operation {
    operation_id id;
    operation_record record;
};

/// All operations that are on record, in the order of their ids.
///
/// \return the first error; a foreign blob among them is one. \par Complexity  One listing, one read for each.
inline result<std::vector<known_operation>> list_operations(any_store& state, const context& c,
                                                            std::string_view where = operation_folder) {
    const std::string folder = std::string(reserved_prefix) + std::string(where) + "/";
    auto page = list_all(state, c, {.prefix = folder});
    if (!page) return unexpected(std::move(page).error());
    std::vector<known_operation> all;
    for (const blob_info& info : page->blobs) {
        auto id = operation_id::parse(std::string_view(info.name.text()).substr(folder.size()));
        if (!id || id->text() != std::string_view(info.name.text()).substr(folder.size())) {
            return fail(errc::corrupt, "a foreign blob lies among the operations", info.name.text());
        }
        auto record = read_operation(state, c, *id, where);
        if (!record) return unexpected(std::move(record).error());
        if (*record) all.push_back({*std::move(id), **std::move(record)});
    }
    return all;
}

/// The operations that somebody works on now, as reasons why another one must wait: code "operation_running".
///
/// \param mine  The kind of the one that asks. Those of the same kind do not stand in its way: they may be parts of one
///              job, and two that do the same do no harm. Nothing: every operation counts.
inline result<std::vector<obstacle>> obstacles_of_operations(any_store& state, const context& c,
                                                             std::optional<operation_kind> mine = {}) {
    std::vector<obstacle> found;
    const utc_time now = c.clock->utc_now();
    for (const std::string_view folder : {operation_folder, claim_folder}) {
        auto all = list_operations(state, c, folder);
        if (!all) return unexpected(std::move(all).error());
        for (const known_operation& each : *all) {
            if (each.record.kind == mine || !each.record.is_alive(now)) continue;
            found.push_back({"operation_running", 1,
                             "the " + std::string(to_string(each.record.kind)) + " operation " + each.id.text() +
                                 " is running, its last sign of life " + detail::seconds_text(each.record.age(now)) +
                                 " ago: wait for its end, or stop it; if it was killed, it counts for another " +
                                 detail::seconds_text(each.record.lease - each.record.age(now))});
        }
    }
    return found;
}

struct operation_options {
    std::chrono::milliseconds lease{60'000};  ///< After so long without a sign of life, another one may take over.
    std::chrono::milliseconds margin{0};      ///< How much longer a sign of life counts for others than for its giver.
    std::chrono::milliseconds every{10'000};  ///< Between two signs of life, at least. Well below the lease.
    bool again = false;     ///< Begin anew what was completed: cheap, since jobs find out by themselves what is left.
    bool take_over = false; ///< A person's word that the one who runs it is dead.
    std::string_view folder = operation_folder;  ///< Where it is on record.
};

/// How a start found the operation.
enum class operation_start : unsigned char {
    begun,              ///< There was no record.
    resumed,            ///< It had failed or was cancelled.
    taken_over,         ///< It was running, but gave no sign of life for longer than its lease.
    repeated,           ///< It was completed; `operation_options::again` began it anew.
    already_completed,  ///< It was completed; nothing was begun.
};

struct started_operation;

/// An operation that this program runs: its record, kept alive.
///
/// Taking one keeps two programs from doing the same work at once; it protects nothing. Jobs are right when two of
/// them run, when the record is lost, and when clocks differ.
///
/// \par Thread-safety  One thread. The destructor writes nothing: the record then looks dead after its lease.
class running_operation {
public:
    /// Takes the operation `id`, by compare-and-swap.
    ///
    /// \param state  Must outlive the operation.
    /// \return how it was found, and the operation, unless it was completed; errc::blocked `already running elsewhere`
    ///         while another one's sign of life counts; errc::conflict when another one was faster, or the id stands
    ///         for another kind of operation; errc::corrupt or unsupported for what is no record of ours.
    /// \par Complexity  One read and one put.
    [[nodiscard]] static result<started_operation> start(any_store& state, const context& c, const operation_id& id,
                                                         operation_kind kind, operation_options options = {});

    [[nodiscard]] const operation_id& id() const noexcept { return id_; }
    [[nodiscard]] const operation_record& record() const noexcept { return record_; }

    /// Gives a sign of life and tells how far it is; does nothing when the last one is younger than `every`.
    ///
    /// \return errc::conflict when another one has taken the operation over: end the job. Any other error is the
    ///         store's; the next call tries again.
    result<void> beat(const context& c, const operation_counts& counts) {
        record_.counts = counts;
        if (c.clock->now() - last_beat_ < options_.every) return {};
        return write(c);
    }
    /// Until when, on the steady clock of the context, its last sign of life counts for the one who gave it; for others
    /// it counts longer by the margin. They judge by the time of day that stands in it: from before it was written, and
    /// on while a machine sleeps whose steady clock stands.
    [[nodiscard]] steady_time valid_until(const context& c) const {
        const auto left = beaten_at_ + options_.lease - c.clock->utc_now();
        return (std::min)(last_beat_ + options_.lease, c.clock->now() + left);
    }
    /// Takes the record away, as if it had never been begun. Instead of `finish`. \return The store's error.
    result<void> discard(const context& c) {
        auto gone = state_->remove(c, name_, condition::if_match(tag_));
        return gone ? result<void>() : unexpected(std::move(gone).error());
    }
    /// Records the end. Call it once, after the job. \return As `beat`.
    result<void> finish(const context& c, operation_status status, const operation_counts& counts) {
        record_.counts = counts;
        record_.status = status;
        return write(c);
    }

private:
    running_operation(any_store& state, operation_id id, blob_name name, operation_record r, operation_options options)
        : state_(&state), id_(std::move(id)), name_(std::move(name)), record_(r), options_(options) {}

    result<void> store(const context& c, const condition& when) {
        const steady_time began = c.clock->now();
        record_.heartbeat = c.clock->utc_now();
        auto written =
            detail::write_record(*state_, c, name_, detail::operation_record_kind, detail::text_of(record_), when);
        if (!written) return unexpected(std::move(written).error());
        tag_ = *std::move(written);
        last_beat_ = began;
        beaten_at_ = record_.heartbeat;
        return {};
    }

    /// As `store`, but a record that was lost is made again, and one that is ours after all is taken up.
    result<void> write(const context& c) {
        auto written = store(c, condition::if_match(tag_));
        if (written || written.error().code != errc::condition_failed) return written;
        auto kept = detail::read_record(*state_, c, name_, detail::operation_record_kind);
        if (!kept) return unexpected(std::move(kept).error());
        if (!*kept) return store(c, condition::if_absent());
        auto found = detail::parse_operation(**kept);
        if (!found) return unexpected(std::move(found).error());
        if (found->owner == record_.owner) return store(c, condition::if_match((*kept)->tag));
        return fail(errc::conflict, "the operation was taken over elsewhere");
    }

    any_store* state_;
    operation_id id_;
    blob_name name_;
    operation_record record_;
    operation_options options_;
    etag tag_ = {};
    steady_time last_beat_ = {};  ///< When the record that is there was begun to be written,
    utc_time beaten_at_ = {};     ///< and what it says of that.
};

/// What a start came to.
struct started_operation {
    operation_start how = operation_start::begun;
    std::optional<operation_record> before = {};  ///< As it was found; nothing when it was begun.
    std::optional<running_operation> mine = {};           ///< Nothing when it was completed already.
};

inline result<started_operation> running_operation::start(any_store& state, const context& c, const operation_id& id,
                                                  operation_kind kind, operation_options options) {
    auto name = detail::operation_blob(id, options.folder);
    if (!name) return unexpected(std::move(name).error());
    auto kept = detail::read_record(state, c, *name, detail::operation_record_kind);
    if (!kept) return unexpected(std::move(kept).error());

    const utc_time now = c.clock->utc_now();
    started_operation started;
    operation_record record{.kind = kind, .started = now, .lease = options.lease + options.margin,
                            .owner = random_u64()};
    if (*kept) {
        auto before = detail::parse_operation(**kept);
        if (!before) return unexpected(std::move(before).error());
        if (before->kind != kind) {
            return fail(errc::conflict, "the operation id " + id.text() + " stands for a " +
                                            std::string(to_string(before->kind)) + ", not for a " +
                                            std::string(to_string(kind)) + ": give each operation an id of its own");
        }
        if (before->is_alive(now) && !options.take_over) {
            const auto age = before->age(now);
            return fail(errc::blocked,
                        "already running elsewhere: operation " + id.text() + " gave a sign of life " +
                            (age < age.zero() ? detail::seconds_text(-age) + " from now, by a clock that is ahead"
                                              : detail::seconds_text(age) + " ago") +
                            ": wait for its end; if it was killed, begin again in " +
                            detail::seconds_text(before->lease - age) + " or take it over (--take-over)");
        }
        started.before = *before;
        switch (before->status) {
            case operation_status::running: started.how = operation_start::taken_over; break;
            case operation_status::failed:
            case operation_status::cancelled: started.how = operation_start::resumed; break;
            case operation_status::succeeded:
                started.how = options.again ? operation_start::repeated : operation_start::already_completed;
                break;
        }
        if (started.how == operation_start::already_completed) return started;
        record.started = before->started;
        record.runs = before->runs + 1;
    }
    running_operation mine(state, id, *std::move(name), record, options);
    auto taken = mine.store(c, *kept ? condition::if_match((*kept)->tag) : condition::if_absent());
    if (!taken) {
        const errc code = taken.error().code;
        if (code == errc::already_exists || code == errc::condition_failed) {
            return fail(errc::conflict, "another one began operation " + id.text() + " at the same moment");
        }
        return unexpected(std::move(taken).error());
    }
    started.mine = std::move(mine);
    return started;
}

}  // namespace blobshift::inline v1

#endif
