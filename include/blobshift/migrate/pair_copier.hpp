// SPDX-License-Identifier: MIT
//
// Makes the copies that pairs lack, and compares those that they have: what copy, cleanup and rollback do to a pair.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/copy.test.cpp, tests/migrate/rollback.test.cpp

#ifndef BLOBSHIFT_MIGRATE_PAIR_COPIER_HPP
#define BLOBSHIFT_MIGRATE_PAIR_COPIER_HPP

#include <charconv>     // from_chars
#include <cstddef>      // byte, size_t
#include <optional>     // optional
#include <span>         // span
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/migrate/job.hpp>

namespace blobshift::inline v1::detail {

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

/// Which of a pair's two names is the copy.
enum class direction : unsigned char {
    to_new,  ///< The old name is there.
    to_old,  ///< The new name is there; `sources` has one entry with the old name that it is to get. With a tag, that
             ///< blob is there, and may be replaced.
};

/// Collects pairs and deals with them in batches. What becomes of each is told and counted by a tally.
template <BlobStore S, NamingPolicy From, NamingPolicy To>
class pair_copier {
public:
    /// \param level  How surely a copy that was there before must be known to be equal. Less is made up for by reading.
    /// \param equal  Takes the pairs that are equal, instead of the tally. May be null.
    pair_copier(const migration_job<S, From, To>& job, const context& c, tally& told, verify_level level,
                direction way = direction::to_new, std::vector<name_pair>* equal = nullptr)
        : job_(job), c_(c), tally_(told), level_(level), way_(way), equal_(equal), evidence_(job.state) {}

    /// Judges a pair that has its old name, and does what follows from that.
    result<void> take(name_pair&& pair) {
        const verdict v = judge(pair);
        if (v.what == outcome::missing && way_ == direction::to_new) return copy(std::move(pair), v.reason);
        if (v.what == outcome::present && v.known.level < level_) return compare(std::move(pair));
        if (v.what == outcome::present) return accept(std::move(pair)), result<void>();
        tally_.tell(pair, v.what, v.reason);
        return {};
    }

    /// Makes the copy: create-only, or over the very blob that may be replaced, and pinned to the version that was
    /// seen.
    result<void> copy(name_pair&& pair, std::string_view reason = {}) {
        if (job_.options.dry_run) return tally_.tell(pair, outcome::missing, reason), result<void>();
        missing_.push_back(std::move(pair));
        return missing_.size() >= job_.batch_size() ? copy_batch() : result<void>();
    }

    /// Takes a pair as it is for an equal one: its old name holds all there is.
    void accept(name_pair&& pair) {
        if (equal_ != nullptr) equal_->push_back(std::move(pair));
        else tally_.tell(pair, outcome::present);
    }

    /// Deals with the rest of the pairs.
    ///
    /// \return also the error of a listing, where the container itself is gone: its blobs are not taken for removed.
    result<void> finish() {
        if (auto copied = copy_batch(); !copied) return copied;
        if (auto compared = compare_batch(); !compared) return compared;
        if (!found_gone_) return {};
        auto listed = job_.store.list(c_, {.page_size = 1});
        return listed ? result<void>() : unexpected(std::move(listed).error());
    }
    /// Keeps the proofs that were made, also of a run that was stopped. Call it last.
    result<void> keep(const context& c) { return evidence_.flush(c); }

private:
    result<void> compare(name_pair&& pair) {
        unproved_.push_back(std::move(pair));
        return unproved_.size() >= job_.batch_size() ? compare_batch() : result<void>();
    }

    [[nodiscard]] const blob_facts& original_of(const name_pair& pair) const {
        return way_ == direction::to_new ? pair.sources.front() : *pair.present;
    }
    [[nodiscard]] const std::string& copy_name_of(const name_pair& pair) const {
        return way_ == direction::to_new ? pair.target : pair.sources.front().name;
    }
    /// The version that the copy replaces; null where it must not find any.
    [[nodiscard]] const etag* replaced_by(const name_pair& pair) const {
        if (way_ == direction::to_new) return pair.present ? &pair.present->tag : nullptr;
        return pair.sources.front().tag.empty() ? nullptr : &pair.sources.front().tag;
    }

    result<void> copy_batch() {
        sort_by_source(missing_);
        std::vector<copy_request> requests;
        requests.reserve(missing_.size());
        for (const name_pair& pair : missing_) {
            const blob_facts& original = original_of(pair);
            auto from = blob_name::parse(original.name);
            auto to = blob_name::parse(copy_name_of(pair));
            if (!from) return unexpected(std::move(from).error());
            if (!to) return unexpected(std::move(to).error());
            const etag* replaced = replaced_by(pair);
            requests.push_back({*std::move(from), *std::move(to), condition::if_match(original.tag),
                                replaced != nullptr ? condition::if_match(*replaced) : condition::if_absent(),
                                known_of(original)});
        }
        result<void> going;
        std::vector<std::size_t> met;
        copy_many(job_.store, c_, std::span<const copy_request>(requests),
                  bulk_options{.concurrency = job_.options.concurrency},
                  [&](std::size_t i, result<copy_result>&& made) {
                      if (!made && ends_the_run(made.error())) {
                          if (going) going = unexpected(std::move(made).error());
                      } else if (!made && way_ == direction::to_new && met_a_change(made.error())) {
                          met.push_back(i);
                      } else {
                          copied(missing_[i], made);
                      }
                  });
        for (const std::size_t i : met) look_again(std::move(missing_[i]));
        missing_.clear();
        if (auto kept = keep_proofs(); !kept) return kept;
        return going;
    }

    /// Whether somebody else was at work on the pair: a service that stores it in format Dual, or removes it.
    [[nodiscard]] bool met_a_change(const error& e) const noexcept {
        if (way_ == direction::to_old) return e.code == errc::not_found;
        return e.code == errc::already_exists || e.code == errc::condition_failed || e.code == errc::not_found;
    }

    /// Finds out what became of a pair that changed meanwhile, so that the last pass over a busy store can be the last:
    /// what is gone needs no copy, and a new name that came is compared. Everything else is for a further pass; on the
    /// way back, that is all but a pair of which both names are gone.
    void look_again(name_pair&& pair) {
        const auto tag_of = [&](const std::string& text) -> result<blob_info> {
            auto name = blob_name::parse(text);
            if (!name) return unexpected(std::move(name).error());
            return job_.store.head(c_, *name);
        };
        const blob_facts& source = pair.sources.front();
        const auto is_gone = [](const result<blob_info>& there) {
            return !there && there.error().code == errc::not_found;
        };
        auto older = tag_of(source.name);
        if (is_gone(older) && (way_ == direction::to_new || is_gone(tag_of(pair.target)))) {
            found_gone_ = true;
            return tally_.tell(pair, outcome::absent, "it was removed meanwhile");
        }
        if (way_ == direction::to_old) return tally_.tell(pair, outcome::changed, "it changed meanwhile");
        auto newer = tag_of(pair.target);
        const bool is_pair = older && newer && strongly_equal(older->tag, source.tag) &&
                             newer->size_bytes == source.size_bytes &&
                             (newer->copy == copy_state::none || newer->copy == copy_state::succeeded);
        if (!is_pair || pair.present) return tally_.tell(pair, outcome::changed, "it changed meanwhile");
        pair.present = blob_facts{.name = pair.target, .size_bytes = newer->size_bytes, .tag = std::move(newer->tag)};
        unproved_.push_back(std::move(pair));
    }

    void copied(const name_pair& pair, const result<copy_result>& made) {
        if (!made) return tally_.tell(pair, outcome_of_reading(made.error()), {}, &made.error());
        const blob_facts& original = original_of(pair);
        if (made->info.copy == copy_state::pending) return tally_.tell(pair, outcome::pending);
        if (made->info.size_bytes != original.size_bytes) {
            return tally_.tell(pair, outcome::failed, "the copy has another length than its source");
        }
        tally_.tell(pair, replaced_by(pair) != nullptr ? outcome::repaired : outcome::copied);
        // One object under two names needs no record: every listing shows it again.
        if (made->proof != copy_proof::computed_hash || made->source_tag != original.tag) return;
        const comparison known{.level = verify_level::computed_hash};
        if (way_ == direction::to_new) {
            proofs_.push_back(evidence_of(original, made->info.tag, pair.target, known));
        } else {
            proofs_.push_back(
                evidence_of({.name = copy_name_of(pair), .tag = made->info.tag}, original.tag, pair.target, known));
        }
    }

    /// Reads and compares what was there before and is not proved equal.
    result<void> compare_batch() {
        const auto results = compare_many(job_.store, c_, unproved_, job_.options.concurrency,
                                          [&] { tally_.tell_again(); });
        result<void> going;
        for (std::size_t i = 0; i < results.size(); ++i) {
            name_pair& pair = unproved_[i];
            if (!results[i] && ends_the_run(results[i].error())) {
                if (going) going = unexpected(results[i].error());
            } else if (!results[i] && met_a_change(results[i].error())) {
                look_again(std::move(pair));
            } else if (!results[i]) {
                tally_.tell(pair, outcome_of_reading(results[i].error()), {}, &results[i].error());
            } else if (!results[i]->equal) {
                tally_.tell(pair, outcome::different, results[i]->reason);
            } else {
                proofs_.push_back(evidence_of(pair.sources.front(), pair.present->tag, pair.target, *results[i]));
                accept(std::move(pair));
            }
        }
        unproved_.clear();
        if (auto kept = keep_proofs(); !kept) return kept;
        return going;
    }

    result<void> keep_proofs() {
        for (const evidence& proof : proofs_) {
            if (job_.options.dry_run) break;
            if (auto kept = evidence_.add(c_, proof); !kept) return kept;
        }
        proofs_.clear();
        return {};
    }

    const migration_job<S, From, To>& job_;
    const context& c_;
    tally& tally_;
    verify_level level_;
    direction way_;
    std::vector<name_pair>* equal_;
    evidence_writer evidence_;
    std::vector<name_pair> missing_ = {};
    std::vector<name_pair> unproved_ = {};
    std::vector<evidence> proofs_ = {};
    bool found_gone_ = false;  ///< A blob that was listed is gone.
};

}  // namespace blobshift::inline v1::detail

#endif
