// SPDX-License-Identifier: MIT
//
// Records that outlive a crash: checksummed lines, in segments that are each one blob of the state store.
//
// Row: store (core).   Tests: tests/store/journal.test.cpp

#ifndef BLOBSHIFT_STORE_JOURNAL_HPP
#define BLOBSHIFT_STORE_JOURNAL_HPP

#include <algorithm>    // sort
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/crc64_nvme.hpp>
#include <blobshift/core/digest.hpp>
#include <blobshift/core/function_ref.hpp>
#include <blobshift/core/random.hpp>
#include <blobshift/store/any_store.hpp>
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
    /// A last line without its newline, or with a wrong checksum, is what a crash leaves: it is cut. Any other line
    /// that does not match its checksum is errc::corrupt, named by its number; a document of another kind or version
    /// is errc::unsupported. Nothing is guessed.
    ///
    /// \return how many bytes of the tail were cut.
    [[nodiscard]] static result<std::size_t> parse(std::string_view document, std::string_view kind,
                                                   function_ref<result<void>(std::string_view record)> f) {
        std::size_t number = 0;
        while (!document.empty()) {
            const std::size_t end = document.find('\n');
            const std::string_view line = document.substr(0, end);
            const bool is_last = end == std::string_view::npos || end + 1 == document.size();
            const std::string_view record = line.size() > 17 ? line.substr(17) : std::string_view{};
            const bool whole = end != std::string_view::npos &&
                               detail::sealed_line(number, record) == document.substr(0, end + 1);
            if (!whole && is_last && number > 0) return document.size();
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

/// The names of the segments of the journal `kind`, sorted: a run's own are in the order in which they were written.
inline result<std::vector<blob_name>> journal_segments(any_store& state, const context& c, std::string_view kind) {
    std::vector<blob_name> segments;
    auto listed = state.scan(c, {.prefix = std::string(reserved_prefix) + std::string(kind) + "/"},
                             [&](blob_info&& info) -> result<void> {
                                 segments.push_back(std::move(info.name));
                                 return {};
                             });
    if (!listed) return unexpected(std::move(listed).error());
    std::sort(segments.begin(), segments.end());
    return segments;
}

/// Gives every record of the journal `kind` to `f`, segment by segment.
///
/// \return the first error: of the store, of `f`, or errc::corrupt / unsupported (see `journal_lines::parse`), whose
///         subject is the segment.
/// \par Complexity  One listing, and one download for each segment; memory: one segment and the names of all.
inline result<void> read_journal(any_store& state, const context& c, std::string_view kind,
                                 function_ref<result<void>(std::string_view record)> f) {
    auto segments = journal_segments(state, c, kind);
    if (!segments) return unexpected(std::move(segments).error());
    for (const blob_name& segment : *segments) {
        auto document = read_all(state, c, segment, journal_lines::largest_bytes);
        if (!document) return unexpected(std::move(document).error());
        auto parsed = journal_lines::parse(as_text(document->content), kind, f);
        if (!parsed) return unexpected(detail::about_record(std::move(parsed).error(), segment));
    }
    return {};
}

/// Removes every segment of the journal `kind`. \return how many there were.
inline result<std::size_t> erase_journal(any_store& state, const context& c, std::string_view kind) {
    auto segments = journal_segments(state, c, kind);
    if (!segments) return unexpected(std::move(segments).error());
    for (const blob_name& segment : *segments) {
        if (auto gone = state.remove(c, segment, condition::always()); !gone) {
            return unexpected(std::move(gone).error());
        }
    }
    return segments->size();
}

}  // namespace blobshift::inline v1

#endif
