// SPDX-License-Identifier: MIT
//
// The repair list: blobs that a put in format Dual left under one of their two names.
//
// Row: views (core, naming, store).   Tests: tests/views/repair_list.test.cpp

#ifndef BLOBSHIFT_VIEWS_REPAIR_LIST_HPP
#define BLOBSHIFT_VIEWS_REPAIR_LIST_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/function_ref.hpp>
#include <blobshift/naming/naming_policy.hpp>
#include <blobshift/store/any_store.hpp>
#include <blobshift/views/instance_record.hpp>
#include <blobshift/views/numbered_journal.hpp>

namespace blobshift::inline v1 {

/// One blob to be looked at: its two names may differ, or one may be missing. Personal data: it holds UIDs.
struct repair {
    instance_id id = {};
    blob_kind kind = blob_kind::instance;

    friend bool operator==(const repair&, const repair&) = default;
};

inline constexpr std::string_view repair_journal = "repairs";

/// Keeps the list in a state store, below `.blobshift/repairs/`. \par Thread-safety  As `deletion_log`.
class repair_list {
public:
    /// `state` must outlive the list.
    explicit repair_list(any_store& state) : journal_(state, repair_journal) {}

    /// Adds one blob; durable when this returns. \par Complexity  One put (see `numbered_writer::append`).
    result<void> add(const context& c, const repair& what) {
        std::string line;
        if (auto fine = detail::append_id(line, what.id); !fine) return fine;
        journal_lines lines(repair_journal);
        lines.append(std::string(to_string(what.kind)) + '\t' + line);
        auto stored = journal_.append(c, lines);
        if (!stored) return unexpected(std::move(stored).error());
        return {};
    }

private:
    numbered_writer journal_;
};

/// Gives every entry to `f`, in the order in which they were added. An entry may stand more than once, and what it
/// tells may have been put right since: by the same put, repeated, or by a removal.
///
/// \return up to where the list was read, for `erase_repairs` (0: it was empty); or the first error; see
///         `read_numbered`, which says what `concurrency` is, too.
inline result<std::uint64_t> read_repairs(any_store& state, const context& c,
                                          function_ref<result<void>(const repair&)> f, unsigned concurrency = 1) {
    std::uint64_t last = 0;
    const auto take = [&](std::uint64_t number, std::string_view record) -> result<void> {
        const std::size_t end = record.find('\t');
        for (const blob_kind kind : all_blob_kinds) {
            if (end == std::string_view::npos || record.substr(0, end) != to_string(kind)) continue;
            auto id = detail::parse_id(record.substr(end + 1));
            if (!id) return unexpected(std::move(id).error());
            last = number;
            return f(repair{*std::move(id), kind});
        }
        return fail(errc::corrupt, "an entry of the repair list names no kind of blob");
    };
    auto read = read_numbered(state, c, repair_journal, 0, take, concurrency);
    if (!read) return unexpected(std::move(read).error());
    return last;
}

/// Forgets the entries that a `read_repairs` gave, which returned `up_to`. \return how many segments held any.
inline result<std::size_t> erase_repairs(any_store& state, const context& c, std::uint64_t up_to,
                                         unsigned concurrency = 1) {
    return empty_segments(state, c, repair_journal, up_to, concurrency);
}

}  // namespace blobshift::inline v1

#endif
