// SPDX-License-Identifier: MIT
//
// Records that outlive a crash: checksummed lines, in segments that are each one blob of the state store.
//
// Row: store (core).   Tests: tests/store/journal.test.cpp

#ifndef BLOBSHIFT_STORE_JOURNAL_HPP
#define BLOBSHIFT_STORE_JOURNAL_HPP

#include <algorithm>    // min, sort
#include <atomic>       // atomic
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // exchange, move
#include <vector>       // vector

#include <blobshift/core/crc64_nvme.hpp>
#include <blobshift/core/digest.hpp>
#include <blobshift/core/function_ref.hpp>
#include <blobshift/core/random.hpp>
#include <blobshift/store/any_store.hpp>
#include <blobshift/store/bulk.hpp>
#include <blobshift/store/ops.hpp>

namespace blobshift::inline v1 {

namespace detail {

/// `text` with its checksum (over its number and itself, so that moved lines are found out) and a newline.
[[nodiscard]] inline std::string sealed_line(std::size_t number, std::string_view text) {
    crc64_nvme crc;
    crc.update(std::to_string(number));
    crc.update(std::string_view("\n"));
    crc.update(text);
    std::string line = to_hex(make_digest(hash_algorithm::crc64_nvme, crc.value()).value);
    line += ' ';
    line += text;
    line += '\n';
    return line;
}

/// Lets an error about what a record holds say, as its subject, which record that is.
[[nodiscard]] inline error about_record(error e, const blob_name& record) {
    const bool is_about_content = e.code == errc::corrupt || e.code == errc::unsupported;
    if (is_about_content && e.subject.empty()) e.subject = record.text();
    return e;
}

}  // namespace detail

/// The lines of one journal document: `blobshift KIND VERSION`, then one record a line, each with its checksum.
///
/// Writing: `journal_lines lines("ledger"); lines.append(record); store(lines.text());`
class journal_lines {
public:
    static constexpr int version = 1;
    static constexpr std::uint64_t largest_bytes = std::uint64_t{256} << 20;  ///< No document of ours is larger.

    explicit journal_lines(std::string_view kind) : text_(detail::sealed_line(0, header(kind))) {}

    /// Adds a record. It must not hold a newline.
    void append(std::string_view record) { text_ += detail::sealed_line(++count_, record); }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }

    /// Gives each record of `document` to `f`, in order.
    ///
    /// A last line without its newline is what a crash leaves: it is cut. Any other line that does not match its
    /// checksum is errc::corrupt, named by its number; a document of another kind or version is errc::unsupported.
    /// Nothing is guessed.
    ///
    /// \return how many bytes of the tail were cut.
    [[nodiscard]] static result<std::size_t> parse(std::string_view document, std::string_view kind,
                                                   function_ref<result<void>(std::string_view record)> f) {
        std::size_t number = 0;
        while (!document.empty()) {
            const std::size_t end = document.find('\n');
            const std::string_view line = document.substr(0, end);
            const std::string_view record = line.size() > 17 ? line.substr(17) : std::string_view{};
            const bool whole = end != std::string_view::npos &&
                               detail::sealed_line(number, record) == document.substr(0, end + 1);
            if (end == std::string_view::npos && number > 0) return document.size();
            if (!whole) {
                return fail(errc::corrupt, "line " + std::to_string(number + 1) + " of the " + std::string(kind) +
                                               " record does not match its checksum");
            }
            if (number == 0) {
                if (record != header(kind)) {
                    return fail(errc::unsupported, "line 1 is not '" + header(kind) +
                                                       "': the record is of another kind or a newer version");
                }
            } else if (auto taken = f(record); !taken) {
                return unexpected(std::move(taken).error());
            }
            document.remove_prefix(end + 1);
            ++number;
        }
        if (number == 0) return fail(errc::corrupt, "the " + std::string(kind) + " record is empty");
        return std::size_t{0};
    }

private:
    [[nodiscard]] static std::string header(std::string_view kind) {
        return "blobshift " + std::string(kind) + " " + std::to_string(version);
    }

    std::string text_;
    std::size_t count_ = 0;
};

/// Appends records to a journal in a state store: below `.blobshift/KIND/`, one blob for each segment.
///
/// Segments are named after the run (random) and their number, are created and never changed, so that two runs never
/// write into each other's. A record is durable when the `flush` behind it has returned, to the degree in which
/// the state store's puts are.
///
/// \par Thread-safety  One thread.
class journal_writer {
public:
    /// `state` must outlive the writer.
    journal_writer(any_store& state, std::string_view kind)
        : state_(state), kind_(kind), run_(to_hex(make_digest(hash_algorithm::xxh64, random_u64()).value)), open_(kind) {}

    /// Adds a record to the open segment.
    void append(std::string_view record) { open_.append(record); }

    /// Bytes that a `flush` would write.
    [[nodiscard]] std::size_t pending_bytes() const noexcept { return open_.count() == 0 ? 0 : open_.text().size(); }

    /// Stores the open segment, if it holds any record. One put.
    result<void> flush(const context& c) {
        if (open_.count() == 0) return {};
        std::string number = std::to_string(segment_);
        number.insert(0, 8 - (std::min)(number.size(), std::size_t{8}), '0');
        auto name = blob_name::parse(std::string(reserved_prefix) + kind_ + "/" + run_ + "-" + number);
        if (!name) return unexpected(std::move(name).error());
        auto stored = state_.put(c, *name, as_bytes(open_.text()), {}, condition::if_absent());
        if (!stored) return unexpected(std::move(stored).error());
        ++segment_;
        open_ = journal_lines(kind_);
        return {};
    }

private:
    any_store& state_;
    std::string kind_;
    std::string run_;
    std::uint64_t segment_ = 0;
    journal_lines open_;
};

/// One blob of a journal.
struct journal_segment {
    blob_name name;
    std::uint64_t size_bytes = 0;
    std::uint64_t number = 0;  ///< Of a numbered journal; else 0.
};

namespace detail {

using on_document = function_ref<result<void>(const journal_segment& segment, std::string_view document)>;

/// Reads segments several at a time and hands them on in the order in which they were added: a service leaves very many
/// small ones, and one request after the other would take a round trip for each.
///
/// \par Complexity  One download for each. Memory: at most 1,024 segments, 16 for each request under way, of no more than
///                  4 MiB but for the last one; and what a download takes for each request.
class segment_reader {
public:
    /// \param concurrency  Most requests at once. 0 is taken as 1: no thread is started, nothing is read ahead.
    segment_reader(any_store& state, const context& c, unsigned concurrency, on_document f)
        : state_(state), c_(c), concurrency_(concurrency), f_(f) {}

    result<void> add(journal_segment&& segment) {
        bytes_ += segment.size_bytes;
        waiting_.push_back(std::move(segment));
        const std::size_t most = concurrency_ <= 1 ? 1 : (std::min)(std::size_t{16} * concurrency_, most_segments);
        return waiting_.size() >= most || bytes_ >= most_bytes ? finish() : result<void>();
    }
    /// Hands on the rest. \return the first error, in the order of the segments; none behind it is handed on.
    result<void> finish() {
        std::vector<std::optional<result<whole_blob>>> documents(waiting_.size());
        std::atomic<std::size_t> first_failed = waiting_.size();
        for_each_index(waiting_.size(), concurrency_, [&](std::size_t i) {
            if (i > first_failed) return;  // nobody will ask for it
            auto document = read_all(state_, c_, waiting_[i].name, journal_lines::largest_bytes);
            if (document) document->content.shrink_to_fit();
            for (std::size_t first = first_failed; !document && i < first;) {
                if (first_failed.compare_exchange_weak(first, i)) break;
            }
            documents[i] = std::move(document);
        });
        const std::vector<journal_segment> segments = std::exchange(waiting_, {});
        bytes_ = 0;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            if (!*documents[i]) return unexpected(std::move(*documents[i]).error());
            auto taken = f_(segments[i], as_text((*documents[i])->content));
            if (!taken) return unexpected(about_record(std::move(taken).error(), segments[i].name));
            documents[i].reset();
        }
        return {};
    }

private:
    static constexpr std::uint64_t most_bytes = std::uint64_t{4} << 20;
    static constexpr std::size_t most_segments = 1024;

    any_store& state_;
    const context& c_;
    unsigned concurrency_;
    on_document f_;
    std::vector<journal_segment> waiting_ = {};
    std::uint64_t bytes_ = 0;
};

}  // namespace detail

/// The segments of the journal `kind`, sorted by name: a run's own are in the order in which they were written.
inline result<std::vector<journal_segment>> journal_segments(any_store& state, const context& c,
                                                             std::string_view kind) {
    std::vector<journal_segment> segments;
    auto listed = state.scan(c, {.prefix = std::string(reserved_prefix) + std::string(kind) + "/"},
                             [&](blob_info&& info) -> result<void> {
                                 segments.push_back({.name = std::move(info.name), .size_bytes = info.size_bytes});
                                 return {};
                             });
    if (!listed) return unexpected(std::move(listed).error());
    std::sort(segments.begin(), segments.end(),
              [](const journal_segment& a, const journal_segment& b) { return a.name < b.name; });
    return segments;
}

/// Gives every record of the journal `kind` to `f`, segment by segment.
///
/// \param concurrency  Most downloads under way at once; with 1, no thread is started.
/// \return the first error: of the store, of `f`, or errc::corrupt / unsupported (see `journal_lines::parse`), whose
///         subject is the segment.
/// \par Complexity  One listing, and one download for each segment; memory: the names of all, and with each request
///                  under way some segments (see `segment_reader`).
inline result<void> read_journal(any_store& state, const context& c, std::string_view kind,
                                 function_ref<result<void>(std::string_view record)> f, unsigned concurrency = 1) {
    auto segments = journal_segments(state, c, kind);
    if (!segments) return unexpected(std::move(segments).error());
    const auto parse = [&](const journal_segment&, std::string_view document) -> result<void> {
        auto parsed = journal_lines::parse(document, kind, f);
        return parsed ? result<void>() : unexpected(std::move(parsed).error());
    };
    detail::segment_reader reader(state, c, concurrency, parse);
    for (journal_segment& segment : *segments) {
        if (auto read = reader.add(std::move(segment)); !read) return read;
    }
    return reader.finish();
}

/// Removes every segment of the journal `kind`. \return how many there were; or the error of the first that would not
/// go, behind which no further batch is tried.
inline result<std::size_t> erase_journal(any_store& state, const context& c, std::string_view kind,
                                         unsigned concurrency = 1) {
    auto segments = journal_segments(state, c, kind);
    if (!segments) return unexpected(std::move(segments).error());
    std::vector<remove_request> requests;
    requests.reserve(segments->size());
    for (journal_segment& segment : *segments) requests.push_back({.name = std::move(segment.name)});
    const std::span<const remove_request> all(requests);
    const std::size_t at_once = concurrency <= 1 ? 1 : 256;  // what Azure takes as one batch
    result<void> erased;
    for (std::size_t first = 0; first < all.size() && erased; first += at_once) {
        remove_many(state, c, all.subspan(first, (std::min)(at_once, all.size() - first)), {.concurrency = concurrency},
                    [&](std::size_t, result<bool>&& gone) {
                        if (!gone && erased) erased = unexpected(std::move(gone).error());
                    });
    }
    if (!erased) return unexpected(std::move(erased).error());
    return all.size();
}

}  // namespace blobshift::inline v1

#endif
