// SPDX-License-Identifier: MIT
//
// What stands in a store under two naming policies, joined: for each target name its sources and what is there already.
//
// Row: migrate (core, naming, store, views).   Tests: tests/migrate/inventory.test.cpp

#ifndef BLOBSHIFT_MIGRATE_INVENTORY_HPP
#define BLOBSHIFT_MIGRATE_INVENTORY_HPP

#include <algorithm>    // find
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <cstring>      // memcpy
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/function_ref.hpp>
#include <blobshift/core/xxh64.hpp>
#include <blobshift/migrate/evidence.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/migrate/name_pair.hpp>
#include <blobshift/migrate/observer.hpp>
#include <blobshift/migrate/spill_sort.hpp>
#include <blobshift/naming/naming_policy.hpp>
#include <blobshift/store/bulk.hpp>
#include <blobshift/views/deletion_log.hpp>

namespace blobshift::inline v1 {

/// A part of the work: target names whose hash falls to `index` of `count`. Never a range of names: the prefixes of the
/// new names are skewed ten to one.
struct shard {
    std::uint32_t index = 0;  ///< Below `count`.
    std::uint32_t count = 1;  ///< 1 = everything.
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
    std::optional<utc_time> stored_before = {};  ///< Pass over what is not older than this.
    unsigned concurrency = 1;         ///< Most reads of the state, or threads of a listing; with 1, none is started.
    bool by_watermark = false;        ///< Give the pairs in the order of their watermarks, see `inventory`.
};

/// One listing of a store, joined by target name.
///
///     inventory all(scratch, c, options);
///     all.collect(store, from, to, observer);           // one pass over the listing
///     while (auto pair = all.next(); pair && *pair) ... // in the order of the target names; rewind() starts over
///
/// Opaque names scatter what was stored together. By watermark, neighbours are what was stored one after the other:
/// they share a directory of the old names, which on files is found and changed once for all of them.
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
        return scan(store, context_, {.concurrency = options_.concurrency}, [&](blob_info&& info) -> result<void> {
            if ((++seen_ % often) == 0) observer.on_progress({.phase = "list", .objects = seen_});
            if (options_.stored_before && info.last_modified >= *options_.stored_before) return {};
            return take(info, from, to, observer);
        });
    }

    /// Adds what earlier runs proved. Before `collect`.
    ///
    /// \param alive  Of this and the next two: called now and then.
    template <NamingPolicy To>
    result<void> collect_evidence(any_store& state, const To& to, function_ref<void()> alive = [] {}) {
        alive();
        const auto take = [&](const evidence& proof) -> result<void> {
            if ((++records_ % often) == 0) alive();
            if (!in_shard(proof.target)) return {};
            std::string payload(1, proof_mark);
            proof.append_to(payload);
            auto target = blob_name::parse(proof.target);
            if (!target) return {};  // no blob has it
            return add_record(*target, to, payload);
        };
        return read_evidence(state, context_, take, options_.concurrency);
    }

    /// Adds what the undo ledger says of where new names came from. Before `collect`. From then on `next` gives the new
    /// names, too, that the ledger promises, that are gone, and that are not given up.
    template <NamingPolicy To>
    result<void> collect_ledger(any_store& state, const To& to, function_ref<void()> alive = [] {}) {
        alive();
        const auto take = [&](const ledger_entry& entry) -> result<void> {
            if ((++records_ % often) == 0) alive();
            if (!in_shard(entry.target.text())) return {};
            if (entry.is_withdrawal()) return add_record(entry.target, to, std::string_view(&removal_mark, 1));
            payload_.assign(1, entry.is_promise() ? promise_mark : origin_mark);
            append_size(entry.size_bytes);
            for (const std::string_view text : {entry.source.text(), entry.stored_hash, entry.tag.text()}) {
                payload_ += text;
                payload_ += '\0';
            }
            return add_record(entry.target, to, payload_);
        };
        return read_ledger(state, context_, take, options_.concurrency);
    }

    /// Adds what the deletion log in `state` says of names that need not be there. After `collect`: a removal is
    /// recorded before the first name goes, so what the listing missed because of one is on record by then.
    template <NamingPolicy To>
    result<void> collect_removals(any_store& state, const To& to, function_ref<void()> alive = [] {}) {
        alive();
        const auto take = [&](const deletion& each) -> result<void> {
            if ((++records_ % often) == 0) alive();
            for (const blob_kind kind : kinds_of(each.id)) {
                auto target = to.name_of(each.id, kind);
                if (!target || !in_shard(target->text())) continue;
                if (auto added = add_record(*target, to, std::string_view(&removal_mark, 1)); !added) return added;
            }
            return {};
        };
        return read_deletions(state, context_, 0, take, options_.concurrency);
    }

    /// The next target name, or nothing at the end. After its first call nothing can be collected any more.
    result<std::optional<name_pair>> next() {
        if (!primed_) {
            if (auto sorted = sorter_.rewind(); !sorted) return unexpected(std::move(sorted).error());
            if (auto more = advance(); !more) return unexpected(std::move(more).error());
        }
        while (!at_end_) {
            name_pair pair;
            pair.target = std::string(target());
            do {
                if (auto taken = take_record(pair); !taken) return unexpected(std::move(taken).error());
                if (auto more = advance(); !more) return unexpected(std::move(more).error());
            } while (!at_end_ && target() == pair.target);
            const bool is_promised = !pair.promises.empty() && !pair.is_given_up;
            if (!pair.sources.empty() || pair.present || is_promised) return std::optional<name_pair>(std::move(pair));
        }
        return std::optional<name_pair>();
    }

    /// Starts over; nothing is listed again.
    result<void> rewind() {
        primed_ = at_end_ = false;
        return {};
    }

    [[nodiscard]] const inventory_counts& counts() const noexcept { return counts_; }

private:
    /// Names and records between two signs of life: a store may need seconds for a page with few of them.
    static constexpr std::uint64_t often = 16;
    static constexpr std::size_t rank_bytes = 8;
    static constexpr char source_mark = 's';
    static constexpr char target_mark = 't';
    static constexpr char proof_mark = 'p';
    static constexpr char origin_mark = 'o';
    static constexpr char promise_mark = 'k';  ///< An origin whose content is known.
    static constexpr char removal_mark = 'r';

    [[nodiscard]] bool in_shard(std::string_view target) const noexcept {
        return options_.part.count <= 1 || xxh64_of(target) % options_.part.count == options_.part.index;
    }

    template <NamingPolicy From, NamingPolicy To>
    result<void> take(const blob_info& info, const From& from, const To& to, migration_observer& observer) {
        if (is_reserved(info.name.text())) return {};
        if (auto known = to.parse(info.name)) {
            if (known->dialect.empty()) return add(target_mark, info.name, to, info);
            ++counts_.dialects;
            if (!options_.normalize_dialects) return {};
            return take_source(to.name_of(known->id, known->kind), to, info, observer);
        }
        if (auto known = from.parse(info.name)) {
            return take_source(to.name_of(known->id, known->kind), to, info, observer);
        }
        ++counts_.foreign;
        observer.on_object({.what = outcome::foreign, .source = info.name.text(), .size_bytes = info.size_bytes});
        return {};
    }

    template <NamingPolicy To>
    result<void> take_source(const result<blob_name>& target, const To& to, const blob_info& info,
                             migration_observer& observer) {
        if (target) return add(source_mark, *target, to, info);
        ++counts_.unnameable;
        observer.on_object({.what = outcome::unnameable,
                            .source = info.name.text(),
                            .size_bytes = info.size_bytes,
                            .failure = &target.error()});
        return {};
    }

    template <NamingPolicy To>
    result<void> add(char mark, const blob_name& target, const To& to, const blob_info& info) {
        if (!in_shard(target.text())) return {};
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
        append_size(info.size_bytes);
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
        return add_record(target, to, payload_);
    }

    /// Adds one record of a target name. What it is sorted by depends on that name alone, so all of them meet.
    template <NamingPolicy To>
    result<void> add_record(const blob_name& target, const To& to, std::string_view payload) {
        if (!options_.by_watermark) return sorter_.add(target.text(), payload);
        const auto known = to.parse(target);
        const auto rank = known ? static_cast<std::uint64_t>(known->id.watermark) : std::uint64_t{0};
        key_.clear();
        for (std::size_t i = rank_bytes; i-- > 0;) key_ += static_cast<char>(rank >> (8 * i) & 0xFFU);
        key_ += target.text();
        return sorter_.add(key_, payload);
    }
    /// The target name of the record that `advance` went on to.
    [[nodiscard]] std::string_view target() const noexcept {
        return sorter_.key().substr(options_.by_watermark ? rank_bytes : 0);
    }

    void append_size(std::uint64_t size_bytes) {
        char size[sizeof size_bytes];
        std::memcpy(size, &size_bytes, sizeof size);
        payload_.append(size, sizeof size);
    }
    /// Takes what `append_size` wrote off the front of `payload`.
    [[nodiscard]] static std::uint64_t take_size(std::string_view& payload) {
        std::uint64_t size_bytes = 0;
        std::memcpy(&size_bytes, payload.data(), sizeof size_bytes);
        payload.remove_prefix(sizeof size_bytes);
        return size_bytes;
    }
    /// Takes what stands before the next zero, and that, off the front of `payload`.
    [[nodiscard]] static std::string take_text(std::string_view& payload) {
        const std::size_t end = payload.find('\0');
        const std::string_view word = payload.substr(0, end);
        payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
        return std::string(word);
    }

    static void take_origin(name_pair& pair, char mark, std::string_view payload) {
        known_content content;
        content.size_bytes = take_size(payload);
        std::string source = take_text(payload);
        content.stored_hash = take_text(payload);
        content.tag = etag(take_text(payload));
        if (mark == promise_mark) pair.promises.push_back(std::move(content));
        if (std::find(pair.origins.begin(), pair.origins.end(), source) != pair.origins.end()) return;
        pair.origins.push_back(std::move(source));
    }

    result<void> take_record(name_pair& pair) {
        std::string_view payload = sorter_.payload();
        const char mark = payload.front();
        payload.remove_prefix(1);
        if (mark == removal_mark) {
            pair.is_given_up = true;
            return {};
        }
        if (mark == origin_mark || mark == promise_mark) return take_origin(pair, mark, payload), result<void>();
        if (mark == proof_mark) {
            auto proof = evidence::parse(pair.target, payload);
            if (!proof) return unexpected(std::move(proof).error());
            pair.proofs.push_back(std::move(*proof));
            return {};
        }
        blob_facts facts;
        const auto flags = static_cast<unsigned char>(payload.front());
        payload.remove_prefix(1);
        facts.copy = static_cast<copy_state>(flags & 7U);
        facts.obstacles.archived = (flags & 8U) != 0;
        facts.obstacles.leased = (flags & 16U) != 0;
        facts.obstacles.immutable = (flags & 32U) != 0;
        facts.obstacles.has_snapshots = (flags & 64U) != 0;
        facts.size_bytes = take_size(payload);
        facts.name = take_text(payload);
        facts.tag = etag(take_text(payload));
        facts.object_id = take_text(payload);
        if ((flags & 128U) != 0) facts.object_id += facts.tag.text();
        facts.stored_hash = take_text(payload);
        facts.tier = take_text(payload);
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
    std::string key_ = {};      ///< Reused for each record,
    std::string payload_ = {};  ///< and this.
    std::uint64_t seen_ = 0;  ///< Blobs that were listed.
    std::uint64_t records_ = 0;
    bool primed_ = false;
    bool at_end_ = false;
};

}  // namespace blobshift::inline v1

#endif
