// SPDX-License-Identifier: MIT
//
// The undo ledger: which old name each new name came from, durable before any old name is deleted.
//
// Row: migrate (core, store).   Tests: tests/migrate/ledger.test.cpp

#ifndef BLOBSHIFT_MIGRATE_LEDGER_HPP
#define BLOBSHIFT_MIGRATE_LEDGER_HPP

#include <array>        // array
#include <charconv>     // from_chars, to_chars
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/etag.hpp>
#include <blobshift/store/journal.hpp>

namespace blobshift::inline v1 {

/// One removal that is about to be made, and what is known of the blob that is left. Personal data: it holds the old
/// name.
struct ledger_entry {
    blob_name source;              ///< The old name.
    blob_name target;              ///< The new name, which holds the content from now on.
    std::uint64_t size_bytes = 0;  ///< 0 with an empty tag: not known, for it was recorded before it was stored.
    std::string stored_hash = {};  ///< Of the new name, "algorithm:hex", if its listing gave one.
    etag tag = {};                 ///< The version of the new name that was proved equal.

    /// Whether the new name is to be there, and with which content.
    [[nodiscard]] bool is_promise() const noexcept { return !is_withdrawal() && (size_bytes > 0 || !tag.empty()); }
    /// Whether it says, in place of all this, that the new name is gone for good: its instance was removed.
    [[nodiscard]] bool is_withdrawal() const noexcept { return source == target; }

    friend bool operator==(const ledger_entry&, const ledger_entry&) = default;
};

inline constexpr std::string_view ledger_journal = "ledger";

/// Writes the ledger. What a `flush` has returned for is on record; only then may the removals be made.
class ledger_writer {
public:
    explicit ledger_writer(any_store& state) : journal_(state, ledger_journal) {}

    /// See `ledger_entry`. A tag with a tab or a newline is left out.
    void add(std::string_view source, std::string_view target, std::uint64_t size_bytes,
             std::string_view stored_hash = {}, const etag& tag = {}) {
        std::array<char, 20> digits;
        line_ = source;
        line_ += '\t';
        line_ += target;
        line_ += '\t';
        line_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), size_bytes).ptr);
        line_ += '\t';
        line_ += stored_hash;
        line_ += '\t';
        if (tag.text().find_first_of("\t\n") == std::string::npos) line_ += tag.text();
        journal_.append(line_);
    }
    /// Records that a new name need not be there any more: its instance was removed.
    void withdraw(std::string_view target) { add(target, target, 0); }
    result<void> flush(const context& c) { return journal_.flush(c); }

private:
    journal_writer journal_;
    std::string line_ = {};
};

/// Gives every entry to `f`. An entry may stand more than once, and its removal may not have been made: a run that was
/// stopped or refused by the store writes it again.
///
/// \return the first error; see `read_journal`, which says what `concurrency` is, too.
inline result<void> read_ledger(any_store& state, const context& c,
                                function_ref<result<void>(const ledger_entry&)> f, unsigned concurrency = 1) {
    const auto parse = [&](std::string_view record) -> result<void> {
        const auto malformed = [] { return fail(errc::corrupt, "a ledger record is malformed"); };
        std::array<std::string_view, 5> fields;  // the last two were not always written
        std::size_t count = 0;
        for (bool more = true; more; ++count) {
            if (count == fields.size()) return malformed();
            const std::size_t end = record.find('\t');
            fields[count] = record.substr(0, end);
            more = end != std::string_view::npos;
            record.remove_prefix(more ? end + 1 : record.size());
        }
        if (count != 3 && count != fields.size()) return malformed();
        auto source = blob_name::parse(fields[0]);
        auto target = blob_name::parse(fields[1]);
        std::uint64_t size_bytes = 0;
        const char* const end = fields[2].data() + fields[2].size();
        const auto number = std::from_chars(fields[2].data(), end, size_bytes);
        if (!source || !target || number.ec != std::errc{} || number.ptr != end) return malformed();
        return f(ledger_entry{*std::move(source), *std::move(target), size_bytes, std::string(fields[3]),
                              etag(std::string(fields[4]))});
    };
    return read_journal(state, c, ledger_journal, parse, concurrency);
}

}  // namespace blobshift::inline v1

#endif
