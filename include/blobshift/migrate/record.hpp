// SPDX-License-Identifier: MIT
//
// One small checksummed record in a state store, read whole and changed by compare-and-swap.
//
// Row: migrate (core, store).   Tests: tests/migrate/record.test.cpp

#ifndef BLOBSHIFT_MIGRATE_RECORD_HPP
#define BLOBSHIFT_MIGRATE_RECORD_HPP

#include <charconv>     // from_chars, to_chars
#include <chrono>       // milliseconds
#include <concepts>     // integral
#include <cstdint>      // int64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/time.hpp>
#include <blobshift/store/journal.hpp>

namespace blobshift::inline v1 {

namespace detail {

/// A record as it stands in the store.
struct kept_record {
    blob_name name;
    std::string text;  ///< Without its checksum.
    etag tag = {};     ///< What a change must match.
};

/// Reads the record of this kind under `n`.
///
/// \return the record; nothing, if there is none; errc::corrupt or unsupported, which name the kind and the line (and
///         `n` as their subject), for a document that is not exactly one record of this kind; or the store's error.
/// \par Complexity  One read.
inline result<std::optional<kept_record>> read_record(any_store& state, const context& c, const blob_name& n,
                                                      std::string_view kind) {
    constexpr std::uint64_t largest_bytes = std::uint64_t{1} << 16;
    auto document = read_all(state, c, n, largest_bytes);
    if (!document) {
        error& e = document.error();
        if (e.code == errc::not_found) return std::optional<kept_record>();
        if (e.code != errc::invalid_argument) return unexpected(std::move(e));
        return fail(errc::corrupt, "line 1 of the " + std::string(kind) + " record is not ours: it is larger than any",
                    n.text());
    }
    std::optional<kept_record> found;
    bool another = false;
    auto cut = journal_lines::parse(as_text(document->content), kind, [&](std::string_view record) -> result<void> {
        another = another || found.has_value();
        if (!found) found = kept_record{n, std::string(record), document->info.tag};
        return {};
    });
    if (!cut) return unexpected(about_record(std::move(cut).error(), n));
    if (!found || another || *cut > 0) {
        const std::string_view wrong = !found ? "line 2 of the " : "line 3 of the ";
        return fail(errc::corrupt, std::string(wrong) + std::string(kind) + " record is " +
                                       (another ? "one too many" : found ? "no record" : "missing or cut short"),
                    n.text());
    }
    return found;
}

/// Writes the record under `n`, if `when` is true. One put.
///
/// An answer that was lost is looked for: where exactly this text stands now, the write was done. So the text must
/// hold something that no other writer writes.
///
/// \return the tag that the next change must match; or the store's error.
inline result<etag> write_record(any_store& state, const context& c, const blob_name& n, std::string_view kind,
                                 std::string_view text, const condition& when) {
    journal_lines lines(kind);
    lines.append(text);
    auto stored = state.put(c, n, as_bytes(lines.text()), {}, when);
    if (stored) return std::move(stored->tag);
    if (stored.error().done != effect::none) {
        auto now = read_record(state, c, n, kind);
        if (now && *now && (*now)->text == text) return std::move((*now)->tag);
    }
    return unexpected(std::move(stored).error());
}

/// Puts fields into a record, one behind the other.
class field_writer {
public:
    field_writer& add(std::string_view word) {
        if (!text_.empty()) text_ += '\t';
        text_ += word;
        return *this;
    }
    template <std::integral Number>
    field_writer& add(Number number) {
        char digits[20];
        return add(std::string_view(digits, std::to_chars(digits, digits + sizeof digits, number).ptr));
    }
    field_writer& add(utc_time time) { return add(static_cast<std::int64_t>(time.time_since_epoch().count())); }
    field_writer& add(std::chrono::milliseconds time) { return add(static_cast<std::int64_t>(time.count())); }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_ = {};
};

/// Takes the fields of a record, one behind the other. What is not as it must be makes the whole record malformed.
class field_reader {
public:
    /// `record` must outlive the reader.
    explicit field_reader(const kept_record& record) : record_(record), rest_(record.text) {}

    /// The next field, which must not be empty.
    [[nodiscard]] std::string_view word() {
        const std::size_t end = rest_.find('\t');
        const std::string_view taken = rest_.substr(0, end);
        if (at_end_ || taken.empty()) good_ = false;
        at_end_ = end == std::string_view::npos;
        rest_.remove_prefix(at_end_ ? rest_.size() : end + 1);
        return taken;
    }
    template <std::integral Number>
    [[nodiscard]] Number number() {
        Number value = 0;
        const std::string_view digits = word();
        const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        good_ = good_ && ec == std::errc{} && end == digits.data() + digits.size();
        return value;
    }
    [[nodiscard]] utc_time time() { return utc_time(duration()); }
    [[nodiscard]] std::chrono::milliseconds duration() { return std::chrono::milliseconds(number<std::int64_t>()); }
    /// One of `all`, which `to_string` spells.
    template <class Enum, std::size_t Count>
    [[nodiscard]] Enum one_of(const Enum (&all)[Count]) {
        const std::string_view spelled = word();
        for (const Enum each : all) {
            if (to_string(each) == spelled) return each;
        }
        good_ = false;
        return all[0];
    }

    /// errc::corrupt, whose subject is the record, unless each field was what it must be and none is left.
    [[nodiscard]] result<void> finish(std::string_view kind) const {
        if (good_ && at_end_) return {};
        return fail(errc::corrupt, "line 2 of the " + std::string(kind) + " record is malformed", record_.name.text());
    }

private:
    const kept_record& record_;
    std::string_view rest_;
    bool good_ = true;
    bool at_end_ = false;
};

/// "12 s", for people.
[[nodiscard]] inline std::string seconds_text(std::chrono::milliseconds time) {
    return std::to_string(time.count() / 1000) + " s";
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
