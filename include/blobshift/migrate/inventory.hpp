// SPDX-License-Identifier: MIT
//
// What stands in a store under two naming policies, joined: for each target name its sources and what is there already.
//
// Row: migrate (core, naming, store).   Tests: tests/migrate/inventory.test.cpp

#ifndef BLOBSHIFT_MIGRATE_INVENTORY_HPP
#define BLOBSHIFT_MIGRATE_INVENTORY_HPP

#include <algorithm>    // none_of
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <cstring>      // memcpy
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/xxh64.hpp>
#include <blobshift/migrate/evidence.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/migrate/observer.hpp>
#include <blobshift/migrate/spill_sort.hpp>
#include <blobshift/naming/naming_policy.hpp>
#include <blobshift/store/bulk.hpp>
#include <blobshift/store/scan_ahead.hpp>

namespace blobshift::inline v1 {

/// A part of the work: target names whose hash falls to `index` of `count`. Never a range of names: the prefixes of the
/// new names are skewed ten to one.
struct shard {
    std::uint32_t index = 0;  ///< Below `count`.
    std::uint32_t count = 1;  ///< 1 = everything.
};

/// What a listing said of one blob: enough to decide, and to pin it later.
struct blob_facts {
    std::string name;
    std::uint64_t size_bytes = 0;
    etag tag = {};
    std::string object_id = {};
    std::string stored_hash = {};  ///< "algorithm:hex"; empty when the listing gave none.
    std::string tier = {};
    copy_state copy = copy_state::none;
    blob_obstacles obstacles = {};

    /// Whether the store says that the bytes are all there.
    [[nodiscard]] bool is_whole() const noexcept {
        return copy == copy_state::none || copy == copy_state::succeeded;
    }
};

/// What a head or a listing said.
[[nodiscard]] inline blob_facts facts_of(const blob_info& info) {
    return {.name = info.name.text(),
            .size_bytes = info.size_bytes,
            .tag = info.tag,
            .object_id = info.object_id,
            .stored_hash = info.stored_hash ? std::string(to_string(info.stored_hash->algorithm)) + ':' +
                                                  to_hex(info.stored_hash->value)
                                            : std::string(),
            .tier = info.tier,
            .copy = info.copy,
            .obstacles = info.obstacles};
}

/// One target name: who wants to have it, what stands there, and what was proved of the two.
struct name_pair {
    std::string target = {};
    std::vector<blob_facts> sources = {};      ///< Usually one, or none (new already). More than one is a collision.
    std::optional<blob_facts> present = {};
    std::vector<evidence> proofs = {};         ///< Of earlier runs; they may be stale.
    std::vector<std::string> origins = {};     ///< Old names that it had, by the undo ledger; each once.
};

/// What a whole listing amounts to.
struct inventory_counts {
    std::uint64_t sources = 0;
    std::uint64_t source_bytes = 0;
    std::uint64_t targets = 0;       ///< Blobs under their new name.
    std::uint64_t target_bytes = 0;
    std::uint64_t dialects = 0;      ///< New names in another spelling.
    std::uint64_t foreign = 0;       ///< Names of neither policy.
    std::uint64_t unnameable = 0;    ///< Source names for which there is no new name.

    /// Adds the counts of another container.
    inventory_counts& operator+=(const inventory_counts& other) noexcept {
        sources += other.sources;
        source_bytes += other.source_bytes;
        targets += other.targets;
        target_bytes += other.target_bytes;
        dialects += other.dialects;
        foreign += other.foreign;
        unnameable += other.unnameable;
        return *this;
    }
};

struct inventory_options {
    spill_options spill = {};
    shard part = {};
    bool normalize_dialects = false;  ///< Take other spellings of new names as sources of the one spelling.
    bool ahead = false;               ///< List on a thread of its own while names are taken in.
};

/// One listing of a store, joined by target name.
///
///     inventory all(scratch, c, options);
///     all.collect(store, from, to, observer);           // one pass over the listing
///     while (auto pair = all.next(); pair && *pair) ... // in the order of the target names; rewind() starts over
///
/// \par Complexity  One listing of the store (1 request for 5,000 names on Azure); memory as `spill_options` say.
class inventory {
public:
    explicit inventory(any_store& scratch, const context& c, inventory_options options = {})
        : options_(options), context_(c), sorter_(scratch, c, options.spill) {}

    /// Lists `store` and takes every blob that either policy knows. Names of neither are given to `observer`.
    template <BlobReader S, NamingPolicy From, NamingPolicy To>
    result<void> collect(S& store, const From& from, const To& to, migration_observer& observer) {
        observer.on_progress({.phase = "list"});
        const auto each = [&](blob_info&& info) -> result<void> {
            if ((++seen_ % 4096) == 0) observer.on_progress({.phase = "list", .objects = seen_});
            return take(info, from, to, observer);
        };
        auto listed = options_.ahead ? scan_ahead(store, context_, {}, each) : scan(store, context_, {}, each);
        if (!listed) return listed;
        return sorter_.rewind();
    }

    /// Adds what earlier runs proved. Before `collect`.
    result<void> collect_evidence(any_store& state) {
        return read_evidence(state, context_, [&](const evidence& proof) -> result<void> {
            if (!in_shard(proof.target)) return {};
            std::string payload(1, proof_mark);
            proof.append_to(payload);
            return sorter_.add(proof.target, payload);
        });
    }

    /// Adds what the undo ledger says of where new names came from. Before `collect`.
    result<void> collect_ledger(any_store& state) {
        return read_ledger(state, context_, [&](const ledger_entry& entry) -> result<void> {
            if (!in_shard(entry.target.text())) return {};
            payload_.assign(1, origin_mark);
            payload_ += entry.source.text();
            return sorter_.add(entry.target.text(), payload_);
        });
    }

    /// The next target name, or nothing at the end.
    result<std::optional<name_pair>> next() {
        if (!primed_) {
            if (auto more = advance(); !more) return unexpected(std::move(more).error());
        }
        while (!at_end_) {
            name_pair pair;
            pair.target = std::string(sorter_.key());
            do {
                if (auto taken = take_record(pair); !taken) return unexpected(std::move(taken).error());
                if (auto more = advance(); !more) return unexpected(std::move(more).error());
            } while (!at_end_ && sorter_.key() == pair.target);
            if (!pair.sources.empty() || pair.present) return std::optional<name_pair>(std::move(pair));
        }
        return std::optional<name_pair>();
    }

    /// Starts over; nothing is listed again.
    result<void> rewind() {
        primed_ = at_end_ = false;
        return sorter_.rewind();
    }

    [[nodiscard]] const inventory_counts& counts() const noexcept { return counts_; }

private:
    static constexpr char source_mark = 's';
    static constexpr char target_mark = 't';
    static constexpr char proof_mark = 'p';
    static constexpr char origin_mark = 'o';

    [[nodiscard]] bool in_shard(std::string_view target) const noexcept {
        return options_.part.count <= 1 || xxh64_of(target) % options_.part.count == options_.part.index;
    }

    template <NamingPolicy From, NamingPolicy To>
    result<void> take(const blob_info& info, const From& from, const To& to, migration_observer& observer) {
        if (is_reserved(info.name.text())) return {};
        if (auto known = to.parse(info.name)) {
            if (known->dialect.empty()) return add(target_mark, info.name.text(), info);
            ++counts_.dialects;
            if (!options_.normalize_dialects) return {};
            return take_source(to.name_of(known->id, known->kind), info, observer);
        }
        if (auto known = from.parse(info.name)) return take_source(to.name_of(known->id, known->kind), info, observer);
        ++counts_.foreign;
        observer.on_object({.what = outcome::foreign, .source = info.name.text(), .size_bytes = info.size_bytes});
        return {};
    }

    result<void> take_source(const result<blob_name>& target, const blob_info& info, migration_observer& observer) {
        if (target) return add(source_mark, target->text(), info);
        ++counts_.unnameable;
        observer.on_object({.what = outcome::unnameable,
                            .source = info.name.text(),
                            .size_bytes = info.size_bytes,
                            .failure = &target.error()});
        return {};
    }

    result<void> add(char mark, std::string_view target, const blob_info& info) {
        if (!in_shard(target)) return {};
        (mark == source_mark ? counts_.sources : counts_.targets) += 1;
        (mark == source_mark ? counts_.source_bytes : counts_.target_bytes) += info.size_bytes;
        payload_.assign(1, mark);
        // A store that can link makes its object ids of the tags: what is the same twice is kept once.
        const std::string& tag = info.tag.text();
        const bool id_has_tag = !tag.empty() && info.object_id.ends_with(tag);
        const unsigned flags = static_cast<unsigned>(info.copy) | (info.obstacles.archived ? 8U : 0U) |
                               (info.obstacles.leased ? 16U : 0U) | (info.obstacles.immutable ? 32U : 0U) |
                               (info.obstacles.has_snapshots ? 64U : 0U) | (id_has_tag ? 128U : 0U);
        payload_ += static_cast<char>(flags);
        char size[sizeof(std::uint64_t)];
        std::memcpy(size, &info.size_bytes, sizeof size);
        payload_.append(size, sizeof size);
        if (mark == source_mark) payload_ += info.name.text();
        payload_ += '\0';
        payload_ += tag;
        payload_ += '\0';
        payload_.append(info.object_id, 0, info.object_id.size() - (id_has_tag ? tag.size() : 0));
        payload_ += '\0';
        if (info.stored_hash) {
            payload_ += to_string(info.stored_hash->algorithm);
            payload_ += ':';
            payload_ += to_hex(info.stored_hash->value);
        }
        payload_ += '\0';
        payload_ += info.tier;
        return sorter_.add(target, payload_);
    }

    result<void> take_record(name_pair& pair) {
        std::string_view payload = sorter_.payload();
        const char mark = payload.front();
        payload.remove_prefix(1);
        if (mark == origin_mark) {
            const auto known = [&](const std::string& each) { return each == payload; };
            if (std::none_of(pair.origins.begin(), pair.origins.end(), known)) pair.origins.emplace_back(payload);
            return {};
        }
        if (mark == proof_mark) {
            auto proof = evidence::parse(pair.target, payload);
            if (!proof) return unexpected(std::move(proof).error());
            pair.proofs.push_back(std::move(*proof));
            return {};
        }
        blob_facts facts;
        const auto flags = static_cast<unsigned char>(payload.front());
        facts.copy = static_cast<copy_state>(flags & 7U);
        facts.obstacles.archived = (flags & 8U) != 0;
        facts.obstacles.leased = (flags & 16U) != 0;
        facts.obstacles.immutable = (flags & 32U) != 0;
        facts.obstacles.has_snapshots = (flags & 64U) != 0;
        std::memcpy(&facts.size_bytes, payload.data() + 1, sizeof facts.size_bytes);
        payload.remove_prefix(1 + sizeof facts.size_bytes);
        const auto text = [&] {
            const std::size_t end = payload.find('\0');
            const std::string_view word = payload.substr(0, end);
            payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
            return std::string(word);
        };
        facts.name = text();
        facts.tag = etag(text());
        facts.object_id = text();
        if ((flags & 128U) != 0) facts.object_id += facts.tag.text();
        facts.stored_hash = text();
        facts.tier = text();
        if (mark == source_mark) {
            // A listing that gives a name twice is the store's fault, not a collision: the later one counts.
            for (blob_facts& known : pair.sources) {
                if (known.name == facts.name) {
                    known = std::move(facts);
                    return {};
                }
            }
            pair.sources.push_back(std::move(facts));
        } else {
            facts.name = pair.target;
            pair.present = std::move(facts);
        }
        return {};
    }

    result<void> advance() {
        auto more = sorter_.next();
        if (!more) return unexpected(std::move(more).error());
        primed_ = true;
        at_end_ = !*more;
        return {};
    }

    inventory_options options_;
    context context_;
    spill_sorter sorter_;
    inventory_counts counts_ = {};
    std::string payload_ = {};  ///< Reused for each record.
    std::uint64_t seen_ = 0;
    bool primed_ = false;
    bool at_end_ = false;
};

}  // namespace blobshift::inline v1

#endif
