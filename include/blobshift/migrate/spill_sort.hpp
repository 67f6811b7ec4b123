// SPDX-License-Identifier: MIT
//
// Sorts any number of records in bounded memory, spilling sorted runs into a scratch store.
//
// Row: migrate (core, store).   Tests: tests/migrate/spill_sort.test.cpp

#ifndef BLOBSHIFT_MIGRATE_SPILL_SORT_HPP
#define BLOBSHIFT_MIGRATE_SPILL_SORT_HPP

#include <algorithm>    // copy, sort, make_heap, push_heap, pop_heap, min, max
#include <cstddef>      // size_t
#include <cstdint>      // uint32_t, uint64_t
#include <cstring>      // memcpy
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move, pair
#include <vector>       // vector

#include <blobshift/core/digest.hpp>
#include <blobshift/core/random.hpp>
#include <blobshift/store/any_store.hpp>

namespace blobshift::inline v1 {

struct spill_options {
    std::size_t memory_bytes = std::size_t{24} << 20;  ///< About what the sorter may hold. At least 64 KiB is used.
    std::size_t merge_width = 128;                     ///< Most runs merged at once. At least 2.
};

/// Sorts records (key, payload) by key. Records of one key stay in the order in which they were added.
///
/// What does not fit into memory goes to `scratch` below `reserved_prefix`, in parts of a third of the memory. The keys
/// and payloads stand there in clear: the scratch store must be as private as the data (a file_store makes 0600 files).
///
///     spill_sorter sorter(scratch, c);
///     sorter.add(key, payload); ...
///     sorter.rewind();                                // sorts; again: starts over
///     while (*sorter.next()) use(sorter.key(), sorter.payload());
///     sorter.discard();                               // the destructor does it, too, but cannot tell of errors
///
/// \par Thread-safety  One thread.
/// \par Complexity     O(n log n) comparisons; memory as the options say; each record is written and read
///                     ceil(log(runs) / log(merge_width)) times.
class spill_sorter {
public:
    /// `scratch` must outlive the sorter; it is touched only when memory does not suffice.
    explicit spill_sorter(any_store& scratch, context c, spill_options options = {})
        : scratch_(scratch),
          context_(std::move(c)),
          options_(options),
          chunk_bytes_((std::min)((std::max)(std::size_t{64} << 10, options.memory_bytes) / 3, most_chunk_bytes)),
          prefix_(std::string(reserved_prefix) + "spill/" +
                  to_hex(make_digest(hash_algorithm::xxh64, random_u64()).value) + "/") {}
    spill_sorter(const spill_sorter&) = delete;
    spill_sorter& operator=(const spill_sorter&) = delete;
    ~spill_sorter() { (void)discard(); }

    /// Adds one record. Not after `rewind`. Key and payload are shorter than 4 GiB.
    result<void> add(std::string_view key, std::string_view payload) {
        if (arena_.size() + head_bytes + key.size() + payload.size() > chunk_bytes_ && !places_.empty()) {
            if (auto spilled = spill(); !spilled) return spilled;
        }
        // Once it is large, all at once: to double what is already megabytes costs more than the rest of the work.
        constexpr std::size_t large = std::size_t{1} << 20;
        if (arena_.size() > large && arena_.capacity() < chunk_bytes_) arena_.reserve(chunk_bytes_);
        places_.push_back({head_of(key), static_cast<std::uint32_t>(arena_.size())});
        append(arena_, key, payload);
        return {};
    }

    /// Sorts what was added, or starts over: the next `next` gives the least record.
    result<void> rewind() {
        readers_.clear();
        heap_.clear();
        position_ = 0;
        if (runs_.empty()) {
            if (!sorted_) sort_arena();
            return {};
        }
        if (!places_.empty()) {
            if (auto spilled = spill(); !spilled) return spilled;
            arena_ = {};
            places_ = {};
        }
        while (runs_.size() > width()) {
            if (auto merged = merge_round(); !merged) return merged;
        }
        return open(0, runs_.size());
    }

    /// Advances. \return false at the end.
    result<bool> next() {
        if (runs_.empty()) {
            if (position_ == places_.size()) return false;
            at_ = view(arena_, places_[position_++].offset);
            return true;
        }
        return next_merged();
    }

    /// Of the record that `next` advanced to; valid until `next` is called again.
    [[nodiscard]] std::string_view key() const noexcept { return at_.key; }
    [[nodiscard]] std::string_view payload() const noexcept { return at_.payload; }

    /// How many runs were written: 0 when memory sufficed.
    [[nodiscard]] std::size_t spilled_runs() const noexcept { return spilled_runs_; }

    /// Removes everything from the scratch store; records are gone.
    result<void> discard() {
        readers_.clear();
        heap_.clear();
        result<void> outcome;
        if (next_run_ > 0) outcome = remove_parts();
        runs_.clear();
        next_run_ = 0;
        arena_ = {};
        places_ = {};
        position_ = 0;
        return outcome;
    }

private:
    static constexpr std::size_t head_bytes = 2 * sizeof(std::uint32_t);
    static constexpr std::size_t most_chunk_bytes = std::size_t{1} << 31;  ///< What `places_` can point into.

    struct record {
        std::string_view key = {};
        std::string_view payload = {};
    };
    /// Where a record stands in the arena.
    struct place {
        std::uint64_t head = 0;  ///< What its key begins with: most comparisons need not look at the arena.
        std::uint32_t offset = 0;
    };
    struct run {
        std::uint64_t id = 0;
        std::size_t parts = 0;
    };

    [[nodiscard]] std::size_t width() const noexcept { return (std::max)(options_.merge_width, std::size_t{2}); }

    static void append(std::vector<char>& to, std::string_view key, std::string_view payload) {
        const std::uint32_t sizes[2] = {static_cast<std::uint32_t>(key.size()),
                                        static_cast<std::uint32_t>(payload.size())};
        const std::size_t at = to.size();
        to.resize(at + head_bytes + key.size() + payload.size());
        char* free = to.data() + at;
        std::memcpy(free, sizes, head_bytes);
        std::copy(key.begin(), key.end(), free + head_bytes);
        std::copy(payload.begin(), payload.end(), free + head_bytes + key.size());
    }
    /// The first eight bytes as a number, zeros where there are fewer: of two keys the lesser has no greater number.
    [[nodiscard]] static std::uint64_t head_of(std::string_view key) noexcept {
        std::uint64_t head = 0;
        for (std::size_t i = 0; i < sizeof head; ++i) {
            head = head << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0U);
        }
        return head;
    }
    [[nodiscard]] static record view(const std::vector<char>& from, std::size_t offset) noexcept {
        std::uint32_t sizes[2];
        std::memcpy(sizes, from.data() + offset, head_bytes);
        const char* text = from.data() + offset + head_bytes;
        return {{text, sizes[0]}, {text + sizes[0], sizes[1]}};
    }

    void sort_arena() {
        std::sort(places_.begin(), places_.end(), [&](const place& a, const place& b) {
            if (a.head != b.head) return a.head < b.head;
            const int order = view(arena_, a.offset).key.compare(view(arena_, b.offset).key);
            return order != 0 ? order < 0 : a.offset < b.offset;
        });
        sorted_ = true;
    }

    /// Writes the records of one run as parts of at most `chunk_bytes_` (or one larger record).
    class run_writer {
    public:
        explicit run_writer(spill_sorter& owner) : owner_(owner), run_{owner.next_run_++, 0} {
            part_.reserve(owner.chunk_bytes_);
        }
        result<void> add(const record& r) {
            if (!part_.empty() && part_.size() + head_bytes + r.key.size() + r.payload.size() > owner_.chunk_bytes_) {
                if (auto flushed = flush(); !flushed) return flushed;
            }
            append(part_, r.key, r.payload);
            return {};
        }
        result<run> finish() {
            if (auto flushed = flush(); !flushed) return unexpected(std::move(flushed).error());
            return run_;
        }

    private:
        result<void> flush() {
            if (part_.empty()) return {};
            auto name = owner_.part_name(run_, run_.parts);
            if (!name) return unexpected(std::move(name).error());
            auto stored = owner_.scratch_.put(owner_.context_, *name, as_bytes({part_.data(), part_.size()}), {},
                                              condition::if_absent());
            if (!stored) return unexpected(std::move(stored).error());
            ++run_.parts;
            part_.clear();
            return {};
        }

        spill_sorter& owner_;
        run run_;
        std::vector<char> part_;
    };

    result<void> spill() {
        sort_arena();
        run_writer writer(*this);
        for (const place& p : places_) {
            if (auto added = writer.add(view(arena_, p.offset)); !added) return added;
        }
        auto written = writer.finish();
        if (!written) return unexpected(std::move(written).error());
        runs_.push_back(*written);
        ++spilled_runs_;
        arena_.clear();
        places_.clear();
        sorted_ = false;
        return {};
    }

    /// Reads one run, part after part, through a buffer.
    struct reader {
        run source;
        std::size_t part = 0;
        std::uint64_t offset = 0;  ///< In the part, of the first byte that is not in the buffer.
        std::uint64_t part_size = 0;
        std::vector<char> buffer = {};
        std::size_t at = 0;  ///< In the buffer, of the next record.
        record head = {};
    };

    /// Makes `r.head` the next record. \return false at the end of the run.
    result<bool> advance(reader& r) {
        for (std::size_t wanted = head_bytes;;) {
            if (r.buffer.size() - r.at >= wanted) {
                if (wanted == head_bytes) {
                    std::uint32_t sizes[2];
                    std::memcpy(sizes, r.buffer.data() + r.at, head_bytes);
                    wanted = head_bytes + sizes[0] + sizes[1];
                    if (r.buffer.size() - r.at < wanted) continue;
                }
                r.head = view(r.buffer, r.at);
                r.at += wanted;
                return true;
            }
            const bool part_is_done = r.offset == r.part_size && r.offset > 0;
            if (part_is_done && r.buffer.size() == r.at) {
                ++r.part;
                r.offset = r.part_size = 0;
            } else if (part_is_done) {
                return fail(errc::corrupt, "a spilled run ends inside a record");
            }
            if (r.part == r.source.parts) return false;
            if (auto filled = refill(r, wanted); !filled) return unexpected(std::move(filled).error());
        }
    }

    result<void> refill(reader& r, std::size_t wanted) {
        r.buffer.erase(r.buffer.begin(), r.buffer.begin() + static_cast<std::ptrdiff_t>(r.at));
        r.at = 0;
        const std::size_t held = r.buffer.size();
        r.buffer.resize((std::max)(wanted, held + buffer_bytes_));
        auto name = part_name(r.source, r.part);
        if (!name) return unexpected(std::move(name).error());
        const auto room = std::as_writable_bytes(std::span(r.buffer)).subspan(held);
        auto got = scratch_.read(context_, *name, read_range::from(r.offset), room, condition::always());
        if (!got) return unexpected(std::move(got).error());
        r.buffer.resize(held + got->count);
        r.offset += got->count;
        r.part_size = got->info.size_bytes;
        return {};
    }

    /// Heap order: the least key on top; of equal keys the one of the earlier run.
    [[nodiscard]] auto later() const noexcept {
        return [this](std::size_t a, std::size_t b) {
            const int order = readers_[a].head.key.compare(readers_[b].head.key);
            return order != 0 ? order > 0 : a > b;
        };
    }

    /// Opens `count` runs from the first one and makes them a heap.
    result<void> open(std::size_t first, std::size_t count) {
        buffer_bytes_ = (std::max)(chunk_bytes_ / (count + 1), std::size_t{4096});
        readers_.clear();
        heap_.clear();
        readers_.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            readers_.push_back(reader{runs_[first + i]});
            auto more = advance(readers_.back());
            if (!more) return unexpected(std::move(more).error());
            if (*more) heap_.push_back(i);
        }
        std::make_heap(heap_.begin(), heap_.end(), later());
        last_ = npos;
        return {};
    }

    result<bool> next_merged() {
        if (last_ != npos) {
            auto more = advance(readers_[last_]);
            if (!more) return more;
            if (*more) {
                heap_.push_back(last_);
                std::push_heap(heap_.begin(), heap_.end(), later());
            }
        }
        if (heap_.empty()) {
            last_ = npos;
            return false;
        }
        std::pop_heap(heap_.begin(), heap_.end(), later());
        last_ = heap_.back();
        heap_.pop_back();
        at_ = readers_[last_].head;
        return true;
    }

    /// Merges neighbouring runs, `width()` at a time, so that each record is written once more.
    result<void> merge_round() {
        std::vector<run> merged;
        for (std::size_t first = 0; first < runs_.size(); first += width()) {
            const std::size_t count = (std::min)(width(), runs_.size() - first);
            if (auto opened = open(first, count); !opened) return opened;
            run_writer writer(*this);
            for (;;) {
                auto more = next_merged();
                if (!more) return unexpected(std::move(more).error());
                if (!*more) break;
                if (auto added = writer.add(at_); !added) return added;
            }
            auto written = writer.finish();
            if (!written) return unexpected(std::move(written).error());
            merged.push_back(*written);
        }
        readers_.clear();
        merged.swap(runs_);
        for (const run& old : merged) {
            for (std::size_t part = 0; part < old.parts; ++part) {
                auto name = part_name(old, part);
                if (!name) return unexpected(std::move(name).error());
                if (auto gone = scratch_.remove(context_, *name, condition::always()); !gone) {
                    return unexpected(std::move(gone).error());
                }
            }
        }
        return {};
    }

    [[nodiscard]] result<blob_name> part_name(const run& r, std::size_t part) const {
        return blob_name::parse(prefix_ + std::to_string(r.id) + "-" + std::to_string(part));
    }
    /// Whatever stands below the prefix, so that a merge that failed leaves nothing either.
    result<void> remove_parts() {
        context cleaning = context_;
        cleaning.stop = {};
        cleaning.deadline = {};
        std::vector<blob_name> parts;
        auto found = scratch_.scan(cleaning, {.prefix = prefix_}, [&](blob_info&& info) -> result<void> {
            parts.push_back(std::move(info.name));
            return {};
        });
        for (const blob_name& part : parts) {
            auto gone = scratch_.remove(cleaning, part, condition::always());
            if (!gone && found) found = unexpected(std::move(gone).error());
        }
        return found;
    }

    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

    any_store& scratch_;
    context context_;
    spill_options options_;
    std::size_t chunk_bytes_;
    std::string prefix_;

    std::vector<char> arena_ = {};
    std::vector<place> places_ = {};
    bool sorted_ = false;
    std::size_t position_ = 0;

    std::vector<run> runs_ = {};
    std::uint64_t next_run_ = 0;
    std::size_t spilled_runs_ = 0;
    std::size_t buffer_bytes_ = 0;
    std::vector<reader> readers_ = {};
    std::vector<std::size_t> heap_ = {};
    std::size_t last_ = npos;  ///< The reader whose record `at_` is; it is advanced by the next `next`.
    record at_ = {};
};

}  // namespace blobshift::inline v1

#endif
