// SPDX-License-Identifier: MIT
//
// The deletion log: which instances are to be removed, on record before the first of their blobs goes.
//
// Row: views (core, naming, store).   Tests: tests/views/deletion_log.test.cpp

#ifndef BLOBSHIFT_VIEWS_DELETION_LOG_HPP
#define BLOBSHIFT_VIEWS_DELETION_LOG_HPP

#include <algorithm>    // min
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/function_ref.hpp>
#include <blobshift/naming/naming_policy.hpp>
#include <blobshift/store/any_store.hpp>
#include <blobshift/views/instance_record.hpp>
#include <blobshift/views/numbered_journal.hpp>

namespace blobshift::inline v1 {

/// One removal that was decided. Personal data: it holds UIDs.
struct deletion {
    std::uint64_t sequence = 0;  ///< What orders removals; those of one call share it. At least 1.
    instance_id id = {};

    friend bool operator==(const deletion&, const deletion&) = default;
};

inline constexpr std::string_view deletion_journal = "deletions";

/// Records removals in a state store, below `.blobshift/deletions/`.
///
/// What is recorded will be carried out: by who recorded it, or, if that one dies or a copier brings a name back, by
/// `cleanup`. So an instance is recorded only when its service has given it up, and never again used after that.
///
/// \par Thread-safety  All members, from any thread; any number of nodes at once.
class deletion_log {
public:
    /// `state` must outlive the log.
    explicit deletion_log(any_store& state) : journal_(state, deletion_journal) {}

    /// Puts the removal of `ids` on record. Only when this has returned a number may their blobs be removed.
    ///
    /// \return the sequence number (the last one, for more than 65,536 ids); errc::invalid_argument, with nothing
    ///         recorded, for an id that no name can be made of; or the store's error. If that one's effect is not
    ///         `none`, a part of `ids` may be on record: the removal must be repeated, or `cleanup` will make it.
    /// \par Complexity  One put (see `numbered_writer::append`); none for no ids, which gives 0.
    result<std::uint64_t> record(const context& c, std::span<const instance_id> ids) {
        std::string line;
        for (const instance_id& id : ids) {
            line.clear();
            if (auto fine = detail::append_id(line, id); !fine) return unexpected(std::move(fine).error());
        }
        std::uint64_t sequence = 0;
        for (std::size_t first = 0; first < ids.size(); first += most_in_a_segment) {
            journal_lines lines(deletion_journal);
            for (const instance_id& id : ids.subspan(first, (std::min)(most_in_a_segment, ids.size() - first))) {
                line.clear();
                if (auto fine = detail::append_id(line, id); !fine) return unexpected(std::move(fine).error());
                lines.append(line);
            }
            auto stored = journal_.append(c, lines);
            if (!stored) {
                if (first > 0) stored.error().done = effect::applied;
                return stored;
            }
            sequence = *stored;
        }
        return sequence;
    }

private:
    static constexpr std::size_t most_in_a_segment = 65'536;  // some 16 MB

    numbered_writer journal_;
};

/// Gives every recorded removal with a sequence above `after_sequence` to `f`, in the order of their sequence.
///
/// A removal may stand more than once. Nothing is ever recorded below a sequence that was given to `f`.
///
/// \return the first error: of the store, of `f`, or errc::corrupt / unsupported (see `read_numbered`,
///         which says what `concurrency` is, too).
inline result<void> read_deletions(any_store& state, const context& c, std::uint64_t after_sequence,
                                   function_ref<result<void>(const deletion&)> f, unsigned concurrency = 1) {
    const auto parse = [&](std::uint64_t sequence, std::string_view record) -> result<void> {
        auto id = detail::parse_id(record);
        if (!id) return unexpected(std::move(id).error());
        return f(deletion{sequence, *std::move(id)});
    };
    return read_numbered(state, c, deletion_journal, after_sequence, parse, concurrency);
}

/// Forgets the removals up to and including `up_to_sequence`: what `cleanup` does when all their names are gone.
///
/// \return how many segments held any; see `empty_segments`.
inline result<std::size_t> erase_deletions(any_store& state, const context& c, std::uint64_t up_to_sequence,
                                           unsigned concurrency = 1) {
    return empty_segments(state, c, deletion_journal, up_to_sequence, concurrency);
}

}  // namespace blobshift::inline v1

#endif
