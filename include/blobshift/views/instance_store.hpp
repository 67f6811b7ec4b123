// SPDX-License-Identifier: MIT
//
// A service's view of its blobs while they move from one name to another: by id and kind, in every format.
//
// Row: views (core, naming, store).   Tests: tests/views/instance_store.test.cpp

#ifndef BLOBSHIFT_VIEWS_INSTANCE_STORE_HPP
#define BLOBSHIFT_VIEWS_INSTANCE_STORE_HPP

#include <algorithm>    // find, sort, unique
#include <atomic>       // atomic
#include <chrono>       // seconds
#include <concepts>     // same_as
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <type_traits>  // invoke_result_t
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/naming/format.hpp>
#include <blobshift/store/any_store.hpp>
#include <blobshift/store/bulk.hpp>
#include <blobshift/store/ops.hpp>
#include <blobshift/views/deletion_log.hpp>
#include <blobshift/views/format_switch.hpp>
#include <blobshift/views/instance_hooks.hpp>
#include <blobshift/views/repair_list.hpp>
#include <blobshift/views/write_once.hpp>

namespace blobshift::inline v1 {

/// The containers of a service: one for all, or one for the files and one for what is said about them (metadata, frame
/// ranges, work items). Not owned.
template <BlobStore S>
class containers {
public:
    explicit containers(S& all) : files_(&all), metadata_(&all) {}
    containers(S& files, S& metadata) : files_(&files), metadata_(&metadata) {}

    [[nodiscard]] S& of(blob_kind kind) const noexcept { return kind == blob_kind::instance ? *files_ : *metadata_; }

    /// Calls `f(container)` for each; stops at the first error.
    template <class F>
    result<void> each(F f) const {
        if (auto done = f(*files_); !done || metadata_ == files_) return done;
        return f(*metadata_);
    }

private:
    S* files_;
    S* metadata_;
};

/// A removal that was made.
struct removal {
    std::uint64_t sequence = 0;  ///< In the deletion log; 0 once sealed, when nothing is recorded any more.
    std::size_t blobs = 0;       ///< That were there and are gone.
};

/// Stores, finds and removes instances while a migration changes the names of their blobs.
///
/// Which names, and in which order, is said by `dual_names`; what is done with them, here:
///   - A *read* looks under the next name only when the one before was not found (an unfinished copy is not), never
///     after another error. When all names were missed, the first is tried once more: a blob may move between two
///     looks.
///   - A *put* creates. It succeeds when every name holds the same bytes and attributes; so a repeated put does, too.
///     Other content under one of the names is errc::already_exists. A put that stored the first name and failed at the
///     second is an error, *and* stands in the repair list: repeat it, or remove the id. One whose effect is
///     indeterminate may still arrive after that removal: before the seal `cleanup` finds it, later the caller must.
///   - A *removal* is recorded before the first blob goes, and removes every name of every kind, the old ones first.
///     Once recorded it is decided: where it fails half-way it can be repeated, and `cleanup` makes it in any case.
///
/// Ids name one content for ever, and none is used again after its removal, so a put and a removal of one id never
/// race, and bytes of several ranged reads always belong together, whichever names they came from.
///
/// A call keeps the format it began with when that is changed meanwhile; `drained` says when the last one has ended.
/// No message holds a name or a UID.
///
/// \par Thread-safety  All members, from any thread.
template <BlobStore Store, PairablePolicy Old = uid_names, PairablePolicy New = prefix_names>
class instance_store {
public:
    /// `state` keeps deletion log and repair list. It, the containers and `hooks` (may be null) must outlive the store.
    instance_store(containers<Store> places, any_store& state, dual_names<Old, New> names, format f,
                   instance_hooks* hooks = nullptr)
        : places_(places), names_(std::move(names)), hooks_(hooks), mode_(f), deletions_(state), repairs_(state) {}

    instance_store(const instance_store&) = delete;
    instance_store& operator=(const instance_store&) = delete;

    /// Stores what `source` gives, in blocks where it is large (see `upload`). The source is read once for each name.
    ///
    /// \return what the store says of the first name; errc::blocked and the like from `instance_hooks::admit_write`.
    /// \par Complexity  One upload; in Dual, one for each name. Where a name is there already, a head and a download
    /// more.
    template <RewindableSource Source>
    result<blob_info> put(const context& c, const instance_id& id, blob_kind kind, Source& source,
                          const attributes& attrs = {}, upload_options options = {}) {
        const auto call = mode_.begin();
        auto admitted = admit(c, call.which());
        if (!admitted) return unexpected(std::move(admitted).error());
        if (auto fits = fit(id, kind); !fits) return unexpected(std::move(fits).error());
        auto names = names_.to_write(call.which(), id, kind);
        if (!names) return unexpected(std::move(names).error());
        if (auto noted = note_origin(*admitted, call, id, kind, names->back()); !noted) {
            return unexpected(std::move(noted).error());
        }
        std::optional<blob_info> first;
        for (const blob_name& n : *names) {
            auto stored = write_once(places_.of(kind), *admitted, n, source, attrs, options);
            if (!stored && !first) return unexpected(std::move(stored).error());
            if (!stored) return unexpected(half_stored(c, {id, kind}, std::move(stored).error()));
            options.expected = std::move(stored->content);  // the rewound source gives the same bytes, or fails
            if (!first) first = std::move(stored->info);
        }
        return *std::move(first);
    }

    /// Stores content that is in memory: one put for each name.
    result<blob_info> put(const context& c, const instance_id& id, blob_kind kind, byte_view content,
                          const attributes& attrs = {}) {
        rewindable_memory source(content);
        return put(c, id, kind, source, attrs, {.block_size = content.size() + 1});
    }

    /// Reads one blob into memory; `largest` as for `read_all`.
    ///
    /// \par Complexity  Here and for `head` and `read`: the requests of the operation of that name, once; twice if the
    /// first name was missed, and three times for a blob that is not there.
    result<whole_blob> get(const context& c, const instance_id& id, blob_kind kind, std::uint64_t largest) {
        return found(id, kind, [&](Store& store, const blob_name& n) { return read_all(store, c, n, largest); });
    }

    /// Reads a part of one blob: a frame, or the next block of a large file.
    result<read_result> read(const context& c, const instance_id& id, blob_kind kind, const read_range& range,
                             byte_span out) {
        return found(id, kind, [&](Store& store, const blob_name& n) -> result<read_result> {
            auto part = store.read(c, n, range, out, {});
            if (part || part.error().code != errc::out_of_range) return part;
            // What a store leaves of a copy that it has not finished is empty: no part of it is within.
            auto info = store.head(c, n);
            if (!info || is_whole(*info)) return part;
            return fail(errc::not_found, "the copy to this name is not finished", n.text());
        });
    }

    result<blob_info> head(const context& c, const instance_id& id, blob_kind kind) {
        return found(id, kind, [&](Store& store, const blob_name& n) { return store.head(c, n); });
    }

    /// Removes instances (or work items) with all their kinds: what the caller's catalogue says a study or a series
    /// consists of. The catalogue forgets them first. New names do not tell their study: see `find_old_names`.
    ///
    /// A blob that cannot be removed does not stop the others.
    ///
    /// \return the first failure, if any, and how many there were; the removal stays recorded.
    /// \par Complexity  One put, and a removal for each name: for an instance five, in bulk where the store can.
    /// Memory: the names.
    result<removal> remove(const context& c, std::span<const instance_id> ids) {
        const auto call = mode_.begin();
        auto admitted = admit(c, call.which());
        if (!admitted) return unexpected(std::move(admitted).error());
        std::vector<doomed> all;
        for (const instance_id& id : ids) {
            if (auto named = name_all(call, id, all); !named) return unexpected(std::move(named).error());
        }
        removal made;
        if (!call.sealed()) {
            auto recorded = deletions_.record(*admitted, ids);
            if (!recorded) return unexpected(std::move(recorded).error());
            made.sequence = *recorded;
        }
        std::size_t failed = 0;
        std::optional<error> first;
        for (const std::size_t turn : {std::size_t{0}, std::size_t{1}}) {
            (void)places_.each([&](Store& store) -> result<void> {
                remove_turn(store, *admitted, all, turn, [&](std::size_t, result<bool>&& gone) {
                    if (gone && *gone) ++made.blobs;
                    if (gone) return;
                    if (failed++ == 0) first = std::move(gone).error();
                });
                return {};
            });
        }
        if (!first) return made;
        first->message = std::to_string(failed) + " blobs could not be removed; the first: " + first->message;
        first->done = effect::indeterminate;
        return unexpected(*std::move(first));
    }

    result<removal> remove(const context& c, const instance_id& id) { return remove(c, std::span(&id, 1)); }

    /// The ids of a study, or of one series of it, that have an old name, sorted. For services without a catalogue, and
    /// only while they run Old or Dual: a blob that has but a new name does not tell its study, and is not found.
    ///
    /// \par Complexity  One listing of each container: below the study's names where `Old` is `uid_names`, else of all.
    result<std::vector<instance_id>> find_old_names(const context& c, std::string_view study,
                                                    std::string_view series = {}) {
        list_query q;
        if constexpr (std::same_as<Old, uid_names>) {
            q.prefix = std::string(study) + "/" + (series.empty() ? "" : std::string(series) + "/");
        }
        std::vector<instance_id> ids;
        const auto take = [&](blob_info&& info) -> result<void> {
            auto says = names_.older().parse(info.name);
            if (says && says->id.study == study && (series.empty() || says->id.series == series)) {
                ids.push_back(std::move(says->id));
            }
            return {};
        };
        auto listed = places_.each([&](Store& store) { return scan(store, c, q, take); });
        if (!listed) return unexpected(std::move(listed).error());
        std::sort(ids.begin(), ids.end());
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        return ids;
    }

    /// For calls that begin from now on.
    void set_format(format f) noexcept { mode_.set_format(f); }
    /// No old name is left: none is looked for in New any more, and removals are not recorded.
    void set_sealed(bool sealed) noexcept { mode_.set_sealed(sealed); }
    [[nodiscard]] format current_format() const noexcept { return mode_.current(); }
    [[nodiscard]] bool sealed() const noexcept { return mode_.sealed(); }

    /// Calls under way that began in `f`, reads included.
    [[nodiscard]] std::size_t in_flight(format f) const noexcept { return mode_.in_flight(f); }
    /// Whether there is none. Means something once the format is another one: it then stays so.
    [[nodiscard]] bool drained(format f) const noexcept { return in_flight(f) == 0; }
    /// Calls under way that began before the format, or the seal, was what it is now: a node's `other_calls`.
    [[nodiscard]] std::size_t older_calls() const noexcept { return mode_.older_calls(); }
    /// What a node that is to run `wanted` announces, and then runs, next: see `format_switch`.
    [[nodiscard]] format step_towards(format wanted) const noexcept { return mode_.step_towards(wanted); }

    /// Tells the hooks of each use of the old format.
    void log_old_format_usage(bool on) noexcept { logs_old_format_ = on; }
    /// Reads in format New that found their blob under the old name. Counted, whether or not they are logged.
    [[nodiscard]] std::uint64_t old_format_reads() const noexcept { return old_format_reads_; }

private:
    struct doomed {
        blob_kind kind;
        std::vector<blob_name> names;
    };

    [[nodiscard]] result<context> admit(const context& c, format under) {
        return hooks_ == nullptr ? c : hooks_->admit_write(c, under);
    }

    /// A work item's watermark is not an instance's: whoever mixed them would meet, and remove, somebody else's blob.
    [[nodiscard]] static result<void> fit(const instance_id& id, blob_kind kind) {
        const auto kinds = kinds_of(id);
        if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) return {};
        return fail(errc::invalid_argument, "a work item's id has no study, and every other one has");
    }

    [[nodiscard]] static bool missed(const error& e) noexcept { return e.code == errc::not_found; }
    [[nodiscard]] static bool is_whole(const whole_blob& b) noexcept { return detail::is_whole(b.info); }
    [[nodiscard]] static bool is_whole(const read_result& r) noexcept { return detail::is_whole(r.info); }
    [[nodiscard]] static bool is_whole(const blob_info& info) noexcept { return detail::is_whole(info); }

    /// Calls `look(container, name)` for one name after the other, until it is found.
    template <class Look, class Answer = std::invoke_result_t<Look&, Store&, const blob_name&>>
    Answer found(const instance_id& id, blob_kind kind, Look look) {
        const auto call = mode_.begin();
        if (auto fits = fit(id, kind); !fits) return unexpected(std::move(fits).error());
        auto names = names_.to_read(call.which(), id, kind, call.sealed());
        if (!names) return unexpected(std::move(names).error());
        const auto under = [&](const blob_name& n) -> Answer {
            auto answer = look(places_.of(kind), n);
            if (!answer || is_whole(*answer)) return answer;
            return fail(errc::not_found, "the copy to this name is not finished", n.text());
        };
        Answer answer = under(names->front());
        if (answer || !missed(answer.error()) || names->size() == 1) return answer;
        answer = under(names->back());
        if (answer && call.which() == format::new_names) note_old_format(kind);
        if (answer || !missed(answer.error())) return answer;
        return under(names->front());
    }

    /// Lets the hooks record where a blob that gets no old name would have stood.
    result<void> note_origin(const context& c, const format_switch::call& call, const instance_id& id, blob_kind kind,
                             const blob_name& newer) {
        if (hooks_ == nullptr || call.which() != format::new_names || call.sealed()) return {};
        auto older = names_.older().name_of(id, kind);
        if (older && *older != newer) return hooks_->before_new_name_only(c, kind, *older, newer);
        if (older || older.error().code == errc::unsupported) return {};
        return unexpected(std::move(older).error());
    }

    void note_old_format(blob_kind kind) {
        const std::uint64_t count = ++old_format_reads_;
        if (hooks_ != nullptr && logs_old_format_) hooks_->on_old_format(kind, count);
    }

    /// Puts a blob that has one of its two names on the repair list, even where the caller has no time left.
    [[nodiscard]] error half_stored(const context& c, const repair& what, error e) {
        context own = c;
        own.stop = {};
        own.deadline = {};
        e.message = "stored under the first of two names only: " + e.message;
        if (auto added = repairs_.add(own.with_timeout(std::chrono::seconds(10)), what); !added) {
            e.message += "; and the repair list could not be written: " + std::string(to_string(added.error().code));
        }
        e.done = effect::indeterminate;  // neither done nor undone: repeat, or remove
        return e;
    }

    /// Adds the names of all blobs that `id` may have.
    result<void> name_all(const format_switch::call& call, const instance_id& id, std::vector<doomed>& all) const {
        for (const blob_kind kind : kinds_of(id)) {
            auto names = names_.to_remove(call.which(), id, kind, call.sealed());
            if (names) all.push_back({kind, *std::move(names)});
            else if (names.error().code != errc::unsupported) return unexpected(std::move(names).error());
        }
        return {};
    }

    /// Removes the first, or the second, name of each of those blobs that are in `store`.
    void remove_turn(Store& store, const context& c, const std::vector<doomed>& all, std::size_t turn, on_removed f) {
        std::vector<remove_request> requests;
        for (const doomed& blob : all) {
            const bool is_here = &places_.of(blob.kind) == &store;
            if (is_here && turn < blob.names.size()) requests.push_back({blob.names[turn], {}});
        }
        if (!requests.empty()) remove_many(store, c, requests, {}, f);
    }

    containers<Store> places_;
    dual_names<Old, New> names_;
    instance_hooks* hooks_;
    format_switch mode_;
    deletion_log deletions_;
    repair_list repairs_;
    std::atomic<bool> logs_old_format_ = false;
    std::atomic<std::uint64_t> old_format_reads_ = 0;
};

}  // namespace blobshift::inline v1

#endif
