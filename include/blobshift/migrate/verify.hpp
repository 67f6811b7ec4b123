// SPDX-License-Identifier: MIT
//
// Proves that every old name has an equal new one, to a level that is named, and keeps the proofs. Changes no blob.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/verify.test.cpp

#ifndef BLOBSHIFT_MIGRATE_VERIFY_HPP
#define BLOBSHIFT_MIGRATE_VERIFY_HPP

#include <cstddef>  // size_t
#include <cstdint>  // uint64_t
#include <utility>  // move
#include <vector>   // vector

#include <blobshift/migrate/job.hpp>

namespace blobshift::inline v1 {

struct verify_options {
    /// What must be known of each pair. Above `stored_hash`, what no proof says yet is read.
    verify_level level = verify_level::computed_hash;
    bool afresh = false;  ///< Trust no proof of an earlier run (one object under two names needs none): read again.
};

struct verify_summary {
    outcome_counts outcomes = {};
    std::uint64_t only_new = 0;      ///< New names without an old one: nothing to compare them with.
    std::uint64_t read_objects = 0;  ///< Pairs that were read to be sure.
    std::uint64_t read_bytes = 0;    ///< Of one side.
    bool complete = false;           ///< Every old name was verified.
    bool interrupted = false;
};

namespace detail {

template <BlobStore S, NamingPolicy From, NamingPolicy To>
class verify_run {
public:
    verify_run(const migration_job<S, From, To>& job, const context& c, const verify_options& options)
        : job_(job), c_(c), options_(options), tally_(job.observer), evidence_(job.state) {}

    result<verify_summary> run() {
        auto passed = pass();
        if (auto kept = evidence_.flush(to_the_end(c_)); !kept && passed) passed = std::move(kept);
        summary_.outcomes = tally_.counts();
        if (!passed) {
            if (!ends_the_run(passed.error())) return unexpected(std::move(passed).error());
            summary_.interrupted = true;
            return summary_;
        }
        summary_.complete = tally_.objects(outcome::verified) == tally_.sources();
        return summary_;
    }

private:
    result<void> pass() {
        inventory all(job_.scratch, c_, job_.listing());
        if (!options_.afresh) {
            if (auto read = all.collect_evidence(job_.state, job_.to); !read) return read;
        }
        if (auto listed = all.collect(job_.store, job_.from, job_.to, job_.observer); !listed) return listed;
        tally_.begin("verify", 1, all);
        for (;;) {
            if (auto go = c_.proceed(); !go) return go;
            auto pair = all.next();
            if (!pair) return unexpected(std::move(pair).error());
            if (!*pair) return read_batch();
            if (auto taken = take(std::move(**pair)); !taken) return taken;
        }
    }

    result<void> take(name_pair&& pair) {
        if (pair.sources.empty()) {
            ++summary_.only_new;
            return {};
        }
        const verdict v = judge(pair);
        if (v.what != outcome::present) {
            tally_.tell(pair, v.what, v.reason);
        } else if (v.known.level >= options_.level) {
            tally_.tell(pair, outcome::verified);
        } else if (options_.level <= verify_level::stored_hash) {
            tally_.tell(pair, outcome::failed, "the store keeps no hash of both; ask for computed_hash");
        } else if (job_.options.dry_run) {
            tally_.tell(pair, outcome::present, "would be read");
        } else {
            unproved_.push_back(std::move(pair));
            if (unproved_.size() >= job_.batch_size()) return read_batch();
        }
        return {};
    }

    result<void> read_batch() {
        const auto results = compare_many(job_.store, c_, unproved_, job_.options.concurrency,
                                          [&] { tally_.tell_again(); });
        result<void> going;
        for (std::size_t i = 0; i < results.size(); ++i) {
            const name_pair& pair = unproved_[i];
            if (!results[i]) {
                const error& e = results[i].error();
                if (!ends_the_run(e)) {
                    tally_.tell(pair, outcome_of_reading(e), {}, &e);
                } else if (going) {
                    going = unexpected(e);
                }
                continue;
            }
            ++summary_.read_objects;
            summary_.read_bytes += pair.present->size_bytes;
            if (!results[i]->equal) {
                tally_.tell(pair, outcome::different, results[i]->reason);
                continue;
            }
            tally_.tell(pair, outcome::verified);
            auto kept =
                evidence_.add(c_, evidence_of(pair.sources.front(), pair.present->tag, pair.target, *results[i]));
            if (!kept) return kept;
        }
        unproved_.clear();
        return going;
    }

    const migration_job<S, From, To>& job_;
    const context& c_;
    const verify_options& options_;
    tally tally_;
    evidence_writer evidence_;
    verify_summary summary_ = {};
    std::vector<name_pair> unproved_ = {};
};

}  // namespace detail

/// Compares every old name with its new one, to the level that is asked for.
///
/// What the listing and the proofs of earlier runs do not say is found by reading both blobs, pinned to the versions
/// that were listed. The proofs are kept in the state, so that delete need not read again.
///
/// \return the summary; an error only when the store could not be listed or the state not be kept.
/// \par Complexity  One listing; for each pair without a proof ceil(size / 128 KiB) reads of both blobs.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<verify_summary> verify_copies(const migration_job<S, From, To>& job, const context& c,
                                     verify_options options = {}) {
    return detail::verify_run<S, From, To>(job, c, options).run();
}

}  // namespace blobshift::inline v1

#endif
