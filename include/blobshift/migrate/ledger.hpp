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
#include <blobshift/store/journal.hpp>

namespace blobshift::inline v1 {

/// One removal that is about to be made. Personal data: it holds the old name.
struct ledger_entry {
    blob_name source;              ///< The old name.
    blob_name target;              ///< The new name, which holds the content from now on.
    std::uint64_t size_bytes = 0;

    friend bool operator==(const ledger_entry&, const ledger_entry&) = default;
};

inline constexpr std::string_view ledger_journal = "ledger";

/// Writes the ledger. What a `flush` has returned for is on record; only then may the removals be made.
class ledger_writer {
public:
    explicit ledger_writer(any_store& state) : journal_(state, ledger_journal) {}

    void add(std::string_view source, std::string_view target, std::uint64_t size_bytes) {
        std::array<char, 20> digits;
        line_ = source;
        line_ += '\t';
        line_ += target;
        line_ += '\t';
        line_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), size_bytes).ptr);
        journal_.append(line_);
    }
    result<void> flush(const context& c) { return journal_.flush(c); }

private:
    journal_writer journal_;
    std::string line_ = {};
};

/// Gives every entry to `f`. An entry may stand more than once, and its removal may not have been made: a run that was
/// stopped or refused by the store writes it again.
inline result<void> read_ledger(any_store& state, const context& c,
                                function_ref<result<void>(const ledger_entry&)> f) {
    return read_journal(state, c, ledger_journal, [&](std::string_view record) -> result<void> {
        const auto malformed = [] { return fail(errc::corrupt, "a ledger record is malformed"); };
        const std::size_t first = record.find('\t');
        const std::size_t second = record.find('\t', first + 1);  // npos + 1 is 0: found again, and refused below
        if (first == std::string_view::npos || second == std::string_view::npos || second <= first) return malformed();
        auto source = blob_name::parse(record.substr(0, first));
        auto target = blob_name::parse(record.substr(first + 1, second - first - 1));
        const std::string_view digits = record.substr(second + 1);
        std::uint64_t size_bytes = 0;
        const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), size_bytes);
        if (!source || !target || ec != std::errc{} || end != digits.data() + digits.size()) return malformed();
        return f(ledger_entry{*std::move(source), *std::move(target), size_bytes});
    });
}

}  // namespace blobshift::inline v1

#endif
