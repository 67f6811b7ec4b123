// SPDX-License-Identifier: MIT
//
// What every job of a migration works on, and what it finds is to be done about one pair of names.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/job.test.cpp

#ifndef BLOBSHIFT_MIGRATE_JOB_HPP
#define BLOBSHIFT_MIGRATE_JOB_HPP

#include <algorithm>    // max, min, sort
#include <chrono>       // seconds
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/function_ref.hpp>
#include <blobshift/migrate/compare.hpp>
#include <blobshift/migrate/inventory.hpp>
#include <blobshift/migrate/observer.hpp>

namespace blobshift::inline v1 {

struct job_options {
    unsigned concurrency = 8;         ///< Most requests under way at once. 0 is taken as 1: no thread is started.
    std::size_t batch_size = 8192;  ///< Objects handed to the store at once, and lines of a ledger segment. At least 1.
    std::size_t memory_bytes = std::size_t{24} << 20;  ///< For sorting the names; see `spill_options`.
    shard part = {};                  ///< The part of the names that this job works on.
    bool normalize_dialects = false;  ///< Also move other spellings of new names to the one spelling.
    bool dry_run = false;             ///< Say what would be done; change nothing, neither blobs nor state.
};

/// The things that a job works with. All of them must outlive it; none is owned.
///
/// `store` holds the blobs. `state` keeps evidence and ledger below `reserved_prefix`; it may be the same store.
/// `scratch` takes what sorting spills: names in clear, so it must be private; it is left empty.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
struct migration_job {
    S& store;
    const From& from;
    const To& to;
    any_store& state;
    any_store& scratch;
    migration_observer& observer;
    job_options options = {};

    [[nodiscard]] inventory_options listing() const {
        return {.spill = {.memory_bytes = options.memory_bytes},
                .part = options.part,
                .normalize_dialects = options.normalize_dialects,
                .concurrency = options.concurrency,
                .by_watermark = native_capabilities(store).scan};
    }
    [[nodiscard]] std::size_t batch_size() const noexcept { return (std::max)(options.batch_size, std::size_t{1}); }
    /// The same job, but heard by another.
    [[nodiscard]] migration_job heard_by(migration_observer& other) const {
        return {store, from, to, state, scratch, other, options};
    }
};

template <BlobStore S, NamingPolicy From, NamingPolicy To>
migration_job(S&, const From&, const To&, any_store&, any_store&, migration_observer&, job_options)
    -> migration_job<S, From, To>;
template <BlobStore S, NamingPolicy From, NamingPolicy To>
migration_job(S&, const From&, const To&, any_store&, any_store&, migration_observer&) -> migration_job<S, From, To>;

/// The containers of one archive, files and metadata, which are migrated together.
///
/// `state` is what they share: operations, stage, deletion log, repair list. It may be the state of one of them.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
struct migration {
    std::vector<migration_job<S, From, To>> jobs;  ///< At least one.
    any_store& state;                              ///< Must outlive it.
    std::vector<any_store*> other_ledgers = {};    ///< Undo ledgers of the archive beside those of the jobs.

    /// Most requests under way at once, where they concern what the jobs share.
    [[nodiscard]] unsigned concurrency() const noexcept { return jobs.front().options.concurrency; }
};

template <BlobStore S, NamingPolicy From, NamingPolicy To>
migration(std::vector<migration_job<S, From, To>>, any_store&) -> migration<S, From, To>;

/// What is to be done about a pair, by all that is known without a request.
struct verdict {
    outcome what = outcome::missing;  ///< present, missing, pending, different, collision or blocked.
    bool repair = false;              ///< missing: an empty or unfinished target stands in the way and may be replaced.
    comparison known = {};            ///< present: how surely.
    std::string_view reason = {};
};

/// Judges a pair that has a source.
///
/// A target is replaced only when that loses no byte: its copy failed or was aborted, or it is empty although
/// its source is not. Any other target that differs is left alone, whoever wrote it.
[[nodiscard]] inline verdict judge(const name_pair& pair) {
    if (pair.sources.size() > 1) return {.what = outcome::collision, .reason = "several names lead to one new name"};
    const blob_facts& source = pair.sources.front();
    if (!source.is_whole()) return {.what = outcome::blocked, .reason = "the source itself is an unfinished copy"};
    if (!pair.present) {
        if (source.obstacles.archived) return {.what = outcome::blocked, .reason = "archived: rehydrate it first"};
        return {.what = outcome::missing};
    }
    const blob_facts& target = *pair.present;
    if (target.copy == copy_state::pending) return {.what = outcome::pending, .reason = "the store is still copying"};
    const bool unfinished = !target.is_whole();
    if (unfinished || (target.size_bytes == 0 && source.size_bytes > 0)) {
        return {.what = outcome::missing,
                .repair = true,
                .reason = unfinished ? "the copy that made the target failed" : "the target is empty"};
    }
    verdict v{.what = outcome::present, .known = compare_known(pair)};
    if (!v.known.equal) {
        v.what = outcome::different;
        v.reason = v.known.reason;
    }
    return v;
}

/// Reads and compares many pairs in the pool.
///
/// \param alive  Called on this thread after each gibibyte or so: reading many large blobs takes longer than anybody
///               should hear nothing of a job.
/// \return the results, in the order of the pairs.
template <BlobReader S>
std::vector<result<comparison>> compare_many(S& store, const context& c, const std::vector<name_pair>& pairs,
                                             unsigned concurrency, function_ref<void()> alive) {
    constexpr std::uint64_t most = std::uint64_t{128} << 10;
    constexpr std::uint64_t at_once = std::uint64_t{1} << 30;
    std::vector<result<comparison>> results(pairs.size());
    for (std::size_t first = 0; first < pairs.size();) {
        std::size_t end = first;
        for (std::uint64_t sum = 0; end < pairs.size() && sum < at_once; ++end) {
            sum += pairs[end].sources.front().size_bytes;
        }
        detail::for_each_index(end - first, concurrency, [&](std::size_t offset) {
            const std::size_t i = first + offset;
            const blob_facts& source = pairs[i].sources.front();
            bytes buffer(2 *
                         static_cast<std::size_t>((std::min)((std::max)(source.size_bytes, std::uint64_t{1}), most)));
            if (auto go = c.proceed(); !go) {
                results[i] = unexpected(std::move(go).error());
            } else {
                results[i] = compare_contents(store, c, source, *pairs[i].present, buffer);
            }
        });
        alive();
        first = end;
    }
    return results;
}

/// The states of all jobs but one: for `copy_options::other_ledgers`.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
[[nodiscard]] std::vector<any_store*> ledgers_beside(const migration<S, From, To>& all, std::size_t job) {
    std::vector<any_store*> others = all.other_ledgers;
    for (std::size_t i = 0; i < all.jobs.size(); ++i) {
        if (i != job && &all.jobs[i].state != &all.jobs[job].state) others.push_back(&all.jobs[i].state);
    }
    return others;
}

namespace detail {

/// Tells of a pair: one event for each of its sources (more than one in a collision), or for the lone target.
inline void tell(migration_observer& observer, const name_pair& pair, outcome what, std::string_view reason = {},
                 const error* failure = nullptr) {
    object_event event{.what = what, .target = pair.target, .reason = reason, .failure = failure};
    for (const blob_facts& source : pair.sources) {
        event.source = source.name;
        event.size_bytes = source.size_bytes;
        observer.on_object(event);
    }
    if (pair.sources.empty()) observer.on_object(event);
}

/// Counts what becomes of each pair of one pass, and tells the observer.
class tally {
public:
    explicit tally(migration_observer& observer) : observer_(observer) {}

    /// Starts a pass over what `all` holds.
    void begin(std::string_view phase, unsigned pass, const inventory& all) {
        begin(phase, pass, all.counts().sources, all.counts().source_bytes);
        counts_.add(outcome::foreign, 0, all.counts().foreign);
        counts_.add(outcome::unnameable, 0, all.counts().unnameable);
    }
    void begin(std::string_view phase, unsigned pass, std::uint64_t objects_total, std::uint64_t bytes_total) {
        counts_ = {};
        progress_ = {.phase = phase, .pass = pass, .objects_total = objects_total, .bytes_total = bytes_total};
    }
    void tell(const name_pair& pair, outcome what, std::string_view reason = {}, const error* failure = nullptr) {
        for (const blob_facts& source : pair.sources) {
            counts_.add(what, source.size_bytes);
            ++progress_.objects;
            progress_.bytes += source.size_bytes;
        }
        detail::tell(observer_, pair, what, reason, failure);
        observer_.on_progress(progress_);
    }
    /// Says once more how far the pass is: the job is alive.
    void tell_again() { observer_.on_progress(progress_); }
    [[nodiscard]] const outcome_counts& counts() const noexcept { return counts_; }
    [[nodiscard]] std::uint64_t objects(outcome what) const noexcept { return counts_.objects(what); }
    [[nodiscard]] std::uint64_t sources() const noexcept { return progress_.objects_total; }

private:
    migration_observer& observer_;
    outcome_counts counts_ = {};
    progress_event progress_ = {};
};

/// Whether the old policy has a name for what stands under this new one. Some kinds only the new policy knows.
template <NamingPolicy From, NamingPolicy To>
[[nodiscard]] bool has_old_counterpart(const From& from, const To& to, std::string_view target) {
    auto name = blob_name::parse(target);
    if (!name) return true;
    auto known = to.parse(*name);
    if (!known) return true;
    auto older = from.name_of(known->id, known->kind);
    return older || older.error().code != errc::unsupported;
}

/// Puts a batch in the order of the old names: neighbours share a directory.
inline void sort_by_source(std::vector<name_pair>& batch) {
    std::vector<name_pair*> order;  // a pair is large: each moves once
    order.reserve(batch.size());
    for (name_pair& pair : batch) order.push_back(&pair);
    std::sort(order.begin(), order.end(), [](const name_pair* a, const name_pair* b) {
        return a->sources.front().name < b->sources.front().name;
    });
    std::vector<name_pair> sorted;
    sorted.reserve(batch.size());
    for (name_pair* pair : order) sorted.push_back(std::move(*pair));
    batch.swap(sorted);
}

/// The record of a comparison.
[[nodiscard]] inline evidence evidence_of(const blob_facts& source, const etag& target_tag, std::string_view target,
                                          const comparison& known) {
    return {.target = std::string(target),
            .level = known.level,
            .fingerprint = evidence::fingerprint_of(source.name, source.tag, target_tag),
            .content_hash = known.content_hash};
}

/// What a failure of the store means for one object.
[[nodiscard]] inline outcome outcome_of(const error& e) noexcept {
    switch (e.code) {
        case errc::not_found: return outcome::absent;
        case errc::condition_failed:
        case errc::already_exists: return outcome::changed;
        case errc::blocked: return outcome::blocked;
        default: return outcome::failed;
    }
}

/// What a failure to read a pair means: which of the two is gone is not known, so another pass must look.
[[nodiscard]] inline outcome outcome_of_reading(const error& e) noexcept {
    return e.code == errc::not_found ? outcome::changed : outcome_of(e);
}

/// The context for the few calls that keep what a run has done: `c`, or, once that has ended, a short time of its own.
/// What they keep only saves work, so whoever stops a run does not wait long for a store that is silent.
[[nodiscard]] inline context to_the_end(context c) {
    constexpr std::chrono::seconds at_most{15};
    if (c.proceed()) return c;
    c.stop = {};
    c.deadline = {};
    return c.with_timeout(at_most);
}

/// Whether the run is over, rather than one object of it.
[[nodiscard]] inline bool ends_the_run(const error& e) noexcept {
    return e.code == errc::cancelled || e.code == errc::deadline_exceeded;
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
