// SPDX-License-Identifier: MIT
//
// Copies every blob from its old name to its new one, inside the store, until nothing is missing. Never deletes.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/copy.test.cpp

#ifndef BLOBSHIFT_MIGRATE_COPY_HPP
#define BLOBSHIFT_MIGRATE_COPY_HPP

#include <algorithm>    // max
#include <charconv>     // from_chars
#include <chrono>       // milliseconds
#include <cstddef>      // byte, size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <span>         // span
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/job.hpp>

namespace blobshift::inline v1 {

struct copy_options {
    /// How surely a target that was there before must be known to be equal. Less is made up for by reading both.
    verify_level compare_existing = verify_level::computed_hash;
    unsigned max_passes = 10;  ///< Passes over the listing; the last one must find nothing to do. At least 1.
    std::chrono::milliseconds pending_pause{1000};  ///< Before the next pass, when the store is still copying.
};

/// How a copy ended.
struct copy_summary {
    outcome_counts made = {};      ///< Over all passes: copied and repaired.
    outcome_counts last = {};      ///< What the last pass found.
    unsigned passes = 0;
    bool complete = false;     ///< The last pass compared every old name with an equal new one, and changed nothing.
    bool interrupted = false;  ///< Stopped, or the deadline passed: run it again.
};

namespace detail {

/// Reads what the inventory keeps of a stored hash, "algorithm:hex".
[[nodiscard]] inline std::optional<digest> parse_stored_hash(std::string_view text) {
    for (const hash_algorithm algorithm :
         {hash_algorithm::md5, hash_algorithm::sha256, hash_algorithm::crc64_nvme, hash_algorithm::xxh64}) {
        const std::string_view name = to_string(algorithm);
        if (!text.starts_with(name) || text.substr(name.size(), 1) != ":") continue;
        digest hash{algorithm, {}};
        for (std::string_view hex = text.substr(name.size() + 1); hex.size() >= 2; hex.remove_prefix(2)) {
            unsigned char byte = 0;
            if (std::from_chars(hex.data(), hex.data() + 2, byte, 16).ptr != hex.data() + 2) return std::nullopt;
            hash.value.push_back(static_cast<std::byte>(byte));
        }
        return hash;
    }
    return std::nullopt;
}

/// What a store may want to know of a source before it copies.
[[nodiscard]] inline source_facts known_of(const blob_facts& source) {
    return {source.size_bytes, parse_stored_hash(source.stored_hash), source.tier};
}

/// One run of a copy.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
class copy_run {
public:
    copy_run(const migration_job<S, From, To>& job, const context& c, const copy_options& options)
        : job_(job), c_(c), options_(options), tally_(job.observer), evidence_(job.state) {}

    result<copy_summary> run() {
        for (;;) {
            ++summary_.passes;
            auto passed = pass();
            if (auto kept = evidence_.flush(to_the_end(c_)); !kept && passed) passed = std::move(kept);
            summary_.last = tally_.counts();
            for (const outcome made : {outcome::copied, outcome::repaired}) {
                summary_.made.add(made, summary_.last.bytes(made), found(made));
            }
            if (!passed) {
                if (!ends_the_run(passed.error())) return unexpected(std::move(passed).error());
                summary_.interrupted = true;
                return summary_;
            }
            if (job_.options.dry_run) return summary_;
            const bool unsettled = found(outcome::pending) + found(outcome::changed) > 0;
            const bool did_something = found(outcome::copied) + found(outcome::repaired) > 0;
            if (!did_something && !unsettled) {
                summary_.complete = is_complete();
                return summary_;
            }
            if (summary_.passes >= (std::max)(options_.max_passes, 1U)) return summary_;
            if (found(outcome::pending) > 0) {
                if (auto waited = c_.pause(options_.pending_pause); !waited) {
                    summary_.interrupted = true;
                    return summary_;
                }
            }
        }
    }

private:
    [[nodiscard]] std::uint64_t found(outcome what) const noexcept { return summary_.last.objects(what); }

    [[nodiscard]] bool is_complete() const noexcept {
        for (const outcome bad : {outcome::missing, outcome::pending, outcome::different, outcome::collision,
                                  outcome::blocked, outcome::changed, outcome::failed}) {
            if (found(bad) > 0) return false;
        }
        return true;
    }

    result<void> pass() {
        inventory all(job_.scratch, c_, job_.listing());
        if (auto read = all.collect_evidence(job_.state); !read) return read;
        if (auto listed = all.collect(job_.store, job_.from, job_.to, job_.observer); !listed) return listed;
        tally_.begin("copy", summary_.passes, all);
        for (;;) {
            if (auto go = c_.proceed(); !go) return go;
            auto pair = all.next();
            if (!pair) return unexpected(std::move(pair).error());
            if (!*pair) break;
            if ((*pair)->sources.empty()) continue;
            if (auto taken = take(std::move(**pair)); !taken) return taken;
        }
        if (auto copied = copy_batch(); !copied) return copied;
        return compare_batch();
    }

    result<void> take(name_pair&& pair) {
        const verdict v = judge(pair);
        if (v.what == outcome::missing) {
            if (job_.options.dry_run) return tally_.tell(pair, outcome::missing, v.reason), result<void>();
            missing_.push_back(std::move(pair));
            return missing_.size() >= job_.batch_size() ? copy_batch() : result<void>();
        }
        if (v.what == outcome::present && v.known.level < options_.compare_existing) {
            unproved_.push_back(std::move(pair));
            return unproved_.size() >= job_.batch_size() ? compare_batch() : result<void>();
        }
        tally_.tell(pair, v.what, v.reason);
        return {};
    }

    /// Copies what is missing, create-only (or over the very target that may be replaced) and pinned to the source
    /// that was listed.
    result<void> copy_batch() {
        sort_by_source(missing_);
        std::vector<copy_request> requests;
        requests.reserve(missing_.size());
        for (const name_pair& pair : missing_) {
            auto from = blob_name::parse(pair.sources.front().name);
            auto to = blob_name::parse(pair.target);
            if (!from) return unexpected(std::move(from).error());
            if (!to) return unexpected(std::move(to).error());
            requests.push_back({*std::move(from), *std::move(to), condition::if_match(pair.sources.front().tag),
                                pair.present ? condition::if_match(pair.present->tag) : condition::if_absent(),
                                known_of(pair.sources.front())});
        }
        result<void> going;
        copy_many(job_.store, c_, std::span<const copy_request>(requests),
                  bulk_options{.concurrency = job_.options.concurrency},
                  [&](std::size_t i, result<copy_result>&& made) {
                      if (!made && ends_the_run(made.error())) {
                          if (going) going = unexpected(std::move(made).error());
                      } else {
                          copied(missing_[i], made);
                      }
                  });
        missing_.clear();
        if (auto kept = keep_evidence(); !kept) return kept;
        return going;
    }

    void copied(const name_pair& pair, const result<copy_result>& made) {
        if (!made) return tally_.tell(pair, outcome_of(made.error()), {}, &made.error());
        const blob_facts& source = pair.sources.front();
        if (made->info.copy == copy_state::pending) return tally_.tell(pair, outcome::pending);
        if (made->info.size_bytes != source.size_bytes) {
            return tally_.tell(pair, outcome::failed, "the copy has another length than its source");
        }
        tally_.tell(pair, pair.present ? outcome::repaired : outcome::copied);
        // One object under two names needs no record: every listing shows it again.
        if (made->proof != copy_proof::computed_hash || made->source_tag != source.tag) return;
        proofs_.push_back(evidence_of(source, made->info.tag, pair.target, {.level = verify_level::computed_hash}));
    }

    /// Reads and compares what was there before and is not proved equal.
    result<void> compare_batch() {
        const auto results = compare_many(job_.store, c_, unproved_, job_.options.concurrency);
        result<void> going;
        for (std::size_t i = 0; i < results.size(); ++i) {
            const name_pair& pair = unproved_[i];
            if (!results[i] && ends_the_run(results[i].error())) {
                if (going) going = unexpected(results[i].error());
            } else if (!results[i]) {
                tally_.tell(pair, outcome_of_reading(results[i].error()), {}, &results[i].error());
            } else if (!results[i]->equal) {
                tally_.tell(pair, outcome::different, results[i]->reason);
            } else {
                tally_.tell(pair, outcome::present);
                proofs_.push_back(
                    evidence_of(pair.sources.front(), pair.present->tag, pair.target, *results[i]));
            }
        }
        unproved_.clear();
        if (auto kept = keep_evidence(); !kept) return kept;
        return going;
    }

    result<void> keep_evidence() {
        for (const evidence& proof : proofs_) {
            if (job_.options.dry_run) break;
            if (auto kept = evidence_.add(c_, proof); !kept) return kept;
        }
        proofs_.clear();
        return {};
    }

    const migration_job<S, From, To>& job_;
    const context& c_;
    const copy_options& options_;
    tally tally_;
    evidence_writer evidence_;
    copy_summary summary_ = {};
    std::vector<name_pair> missing_ = {};
    std::vector<name_pair> unproved_ = {};
    std::vector<evidence> proofs_ = {};
};

}  // namespace detail

/// Copies every source to its target until a further pass finds nothing to do.
///
/// Idempotent: what is left to do is found by comparing names, so a copy that was killed, or runs twice at once, is
/// answered by running it again. Never deletes, and overwrites nothing but a target that holds no byte: an empty one,
/// or one whose copy failed. One bad object never stops the rest: it is told to the observer and counted.
///
/// \return the summary; an error only when the store could not be listed or the state not be kept.
/// \par Complexity  For each pass one listing and one copy for each missing target; two reads for each target that was
///                  there before and has no proof. Memory as the options say.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
result<copy_summary> copy_blobs(const migration_job<S, From, To>& job, const context& c, copy_options options = {}) {
    return detail::copy_run<S, From, To>(job, c, options).run();
}

}  // namespace blobshift::inline v1

#endif
