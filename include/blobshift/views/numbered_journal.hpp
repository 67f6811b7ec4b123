// SPDX-License-Identifier: MIT
//
// Records that several nodes write into one order: each call's records in one segment, the segments numbered without a
// gap.
//
// Row: views (core, store).   Tests: tests/views/numbered_journal.test.cpp

#ifndef BLOBSHIFT_VIEWS_NUMBERED_JOURNAL_HPP
#define BLOBSHIFT_VIEWS_NUMBERED_JOURNAL_HPP

#include <algorithm>    // min
#include <atomic>       // atomic
#include <charconv>     // from_chars
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <mutex>        // mutex, scoped_lock
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move, pair
#include <vector>       // vector

#include <blobshift/core/function_ref.hpp>
#include <blobshift/store/any_store.hpp>
#include <blobshift/store/attempts.hpp>
#include <blobshift/store/bulk.hpp>
#include <blobshift/store/journal.hpp>

namespace blobshift::inline v1 {

namespace detail {

/// Where the segments of one journal lie: `.blobshift/KIND/` and twenty digits, so that names sort as numbers do.
class segment_names {
public:
    explicit segment_names(std::string_view kind) : folder_(std::string(reserved_prefix) + std::string(kind) + "/") {}

    [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
    [[nodiscard]] std::string text_of(std::uint64_t number) const {
        const std::string digits = std::to_string(number);
        return folder_ + std::string(width - digits.size(), '0') + digits;
    }
    /// errc::corrupt for a name that is none of ours.
    [[nodiscard]] result<std::uint64_t> number_of(const blob_name& n) const {
        const std::string_view digits = std::string_view(n.text()).substr((std::min)(folder_.size(), n.text().size()));
        std::uint64_t number = 0;
        const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (ec == std::errc{} && end == digits.data() + digits.size() && n.text() == text_of(number)) return number;
        return fail(errc::corrupt, "a foreign blob lies among the segments of a journal", n.text());
    }

private:
    static constexpr std::size_t width = 20;  // digits of the largest number

    std::string folder_;
};

using on_segment = function_ref<result<void>(std::uint64_t number, const blob_info& segment)>;

/// Gives each segment behind `after` to `f`, in the order of the numbers. One list for each page; memory: one page.
inline result<void> each_segment(any_store& state, const context& c, const segment_names& names, std::uint64_t after,
                                 on_segment f) {
    list_query q{.prefix = names.folder(), .start_after = after == 0 ? std::string() : names.text_of(after)};
    do {
        auto page = state.list(c, q);
        if (!page) return unexpected(std::move(page).error());
        for (const blob_info& segment : page->blobs) {
            auto number = names.number_of(segment.name);
            if (!number) return unexpected(std::move(number).error());
            if (auto taken = f(*number, segment); !taken) return taken;
        }
        if (!page->cursor.empty() && page->cursor == q.cursor) {
            return fail(errc::corrupt, "the store gave the same cursor twice: its listing does not advance");
        }
        q.cursor = std::move(page->cursor);
    } while (!q.cursor.empty());
    return {};
}

/// Bytes of a segment without a record.
[[nodiscard]] inline std::uint64_t empty_segment_bytes(std::string_view kind) {
    return journal_lines(kind).text().size();
}

}  // namespace detail

/// Writes to the journal `kind` below `.blobshift/KIND/`. Any number of writers, in any number of processes, share it.
///
/// A segment is created under the next free number and never replaced but by an empty one (`empty_segments`), so that
/// no number is given twice. Segment N is created only by who has seen N - 1: once a reader has met N, nothing will
/// ever appear before it. Within one writer this means one call after the other.
///
/// \par Thread-safety  `append`, from any thread.
class numbered_writer {
public:
    /// `state` must outlive the writer. Costs no request.
    numbered_writer(any_store& state, std::string_view kind) : state_(state), names_(kind) {}

    /// Stores `lines` as one segment. When this returns, they are as durable as the puts of `state` are.
    ///
    /// When an answer is lost the put is repeated, and where that meets a segment, its own or another's, the next
    /// number is taken: records may then stand twice, but none is lost.
    ///
    /// \return the segment's number, at least 1; or the store's error, whose effect says whether the records may stand.
    /// \par Complexity  One put; one more for each segment that others wrote meanwhile, but a listing after every
    /// eighth of those. The first call lists the journal.
    result<std::uint64_t> append(const context& c, const journal_lines& lines) {
        const std::scoped_lock lock(mutex_);
        if (last_ == unknown) {
            if (auto found = look_behind(c, 0); !found) return unexpected(std::move(found).error());
        }
        detail::attempts tries(c, retries, last_);
        for (unsigned met = 0;;) {
            auto name = blob_name::parse(names_.text_of(last_ + 1));
            if (!name) return unexpected(std::move(name).error());
            auto stored = state_.put(c, *name, as_bytes(lines.text()), {}, condition::if_absent());
            if (stored) return ++last_;
            error& e = stored.error();
            if (e.code == errc::already_exists) {
                ++last_;
                if (++met % 8 != 0) continue;
                auto found = look_behind(c, last_);
                if (found) continue;
                e = std::move(found).error();
            }
            if (!tries.again(e)) return unexpected(std::move(e));
        }
    }

private:
    static constexpr std::uint64_t unknown = ~std::uint64_t{0};
    static constexpr retry_options retries = {.max_attempts = 4, .seed = 0};

    result<void> look_behind(const context& c, std::uint64_t after) {
        std::uint64_t last = after;
        const auto note = [&](std::uint64_t number, const blob_info&) -> result<void> {
            last = number;
            return {};
        };
        auto listed = detail::each_segment(state_, c, names_, after, note);
        if (listed) last_ = last;
        return listed;
    }

    any_store& state_;
    detail::segment_names names_;
    std::mutex mutex_;
    std::uint64_t last_ = unknown;  ///< The highest number that is known to be taken.
};

/// Gives every record of the journal `kind` that stands behind segment `after` to `f`, in order, with its segment's
/// number.
///
/// \param concurrency  Most downloads under way at once; with 1, no thread is started.
/// \return the first error: of the store, of `f`; errc::corrupt for a segment that was changed or cut,
///         errc::unsupported for one of a newer version. A damaged segment is never skipped.
/// \par Complexity  One listing, and one or two reads for each segment that is not empty; memory: with each request
///                  under way some segments (see `segment_reader`).
inline result<void> read_numbered(any_store& state, const context& c, std::string_view kind, std::uint64_t after,
                                  function_ref<result<void>(std::uint64_t number, std::string_view record)> f,
                                  unsigned concurrency = 1) {
    const std::uint64_t empty = detail::empty_segment_bytes(kind);
    const auto parse = [&](const journal_segment& segment, std::string_view document) -> result<void> {
        auto cut = journal_lines::parse(document, kind,
                                        [&](std::string_view record) { return f(segment.number, record); });
        if (!cut) return unexpected(std::move(cut).error());
        // A put is all or nothing: a segment without its tail was not left behind by a crash of ours.
        if (*cut > 0) return fail(errc::corrupt, "a segment of a journal has lost its end");
        return {};
    };
    detail::segment_reader reader(state, c, concurrency, parse);
    const auto take = [&](std::uint64_t number, const blob_info& segment) -> result<void> {
        if (segment.size_bytes == empty) return {};  // `empty_segments` leaves many: to read each would cost a request
        return reader.add({.name = segment.name, .size_bytes = segment.size_bytes, .number = number});
    };
    auto listed = detail::each_segment(state, c, detail::segment_names(kind), after, take);
    return listed ? reader.finish() : listed;
}

/// Takes the records out of every segment up to and including number `up_to`. The segments stay, some 40 bytes each, so
/// that a node which still expects the next number there does not write behind a reader's back. `erase_journal` removes
/// them, once nobody writes any more.
///
/// \param concurrency  Most requests under way at once; with 1, no thread is started.
/// \return how many segments held records; those that somebody else emptied or destroyed meanwhile do not count. Or the
///         first error: errc::condition_failed where one that holds records is not what its listing said.
/// \par Complexity  One listing, and one put for each of those segments; memory: the names of some thousands.
inline result<std::size_t> empty_segments(any_store& state, const context& c, std::string_view kind,
                                          std::uint64_t up_to, unsigned concurrency = 1) {
    const journal_lines nothing(kind);
    constexpr std::size_t most_at_once = 4096;
    std::size_t emptied = 0;
    std::vector<std::pair<blob_name, etag>> full;
    const auto is_gone_or_empty = [&](const blob_name& segment) {
        const auto info = state.head(c, segment);
        return info ? info->size_bytes == nothing.text().size() : info.error().code == errc::not_found;
    };
    const auto empty = [&]() -> result<void> {
        std::atomic<bool> is_over = false;
        std::vector<result<bool>> results(full.size(), false);  // whether it was emptied
        detail::for_each_index(full.size(), concurrency, [&](std::size_t i) {
            if (is_over) return;
            // Pinned: what a seal has destroyed meanwhile is not made again.
            const auto& [name, tag] = full[i];
            auto stored = state.put(c, name, as_bytes(nothing.text()), {}, condition::if_match(tag));
            if (!stored && stored.error().code == errc::condition_failed && is_gone_or_empty(name)) return;
            if (stored) results[i] = true;
            else results[i] = unexpected(std::move(stored).error());
            is_over = is_over || !results[i];
        });
        full.clear();
        for (result<bool>& each : results) {
            if (!each) return unexpected(std::move(each).error());
            emptied += *each ? 1 : 0;
        }
        return {};
    };
    const auto take = [&](std::uint64_t number, const blob_info& segment) -> result<void> {
        if (number > up_to || segment.size_bytes == nothing.text().size()) return {};
        full.emplace_back(segment.name, segment.tag);
        return full.size() >= most_at_once ? empty() : result<void>();
    };
    auto done = detail::each_segment(state, c, detail::segment_names(kind), 0, take);
    if (done) done = empty();
    if (!done) return unexpected(std::move(done).error());
    return emptied;
}

}  // namespace blobshift::inline v1

#endif
