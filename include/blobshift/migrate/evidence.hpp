// SPDX-License-Identifier: MIT
//
// How surely a source and its target are known to be equal, and the proofs of it that are kept between runs.
//
// Row: migrate (core, store).   Tests: tests/migrate/evidence.test.cpp

#ifndef BLOBSHIFT_MIGRATE_EVIDENCE_HPP
#define BLOBSHIFT_MIGRATE_EVIDENCE_HPP

#include <array>        // array
#include <charconv>     // from_chars
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/etag.hpp>
#include <blobshift/core/xxh64.hpp>
#include <blobshift/store/journal.hpp>

namespace blobshift::inline v1 {

/// How far two blobs were compared. Each level includes those before it.
enum class verify_level : unsigned char {
    exists,         ///< There is a target. Proves nothing: a failed copy leaves an empty one.
    size,           ///< The lengths are equal.
    stored_hash,    ///< Hashes kept as properties are equal. They travel with a copy and prove nothing by themselves.
    computed_hash,  ///< The store computed a hash of the bytes while it copied them, or both names lead to one object.
    read_bytes,     ///< Both were read in full and compared byte by byte, lengths and attributes included.
};

/// The enumerator's own spelling.
[[nodiscard]] constexpr std::string_view to_string(verify_level level) noexcept {
    switch (level) {
        case verify_level::exists: return "exists";
        case verify_level::size: return "size";
        case verify_level::stored_hash: return "stored_hash";
        case verify_level::computed_hash: return "computed_hash";
        case verify_level::read_bytes: return "read_bytes";
    }
    return "unknown";
}

/// The level with this spelling.
[[nodiscard]] inline std::optional<verify_level> parse_verify_level(std::string_view text) noexcept {
    for (const verify_level level : {verify_level::exists, verify_level::size, verify_level::stored_hash,
                                     verify_level::computed_hash, verify_level::read_bytes}) {
        if (text == to_string(level)) return level;
    }
    return std::nullopt;
}

/// That one version of a source and one version of its target were found equal. It counts only while both blobs still
/// have the etags of then; those are kept as a 128-bit fingerprint, together with the source's name.
struct evidence {
    std::string target = {};
    verify_level level = verify_level::exists;
    std::array<std::uint64_t, 2> fingerprint = {};
    std::uint64_t content_hash = 0;  ///< XXH64 of the bytes when they were read; else 0.

    /// The fingerprint of two versions.
    [[nodiscard]] static std::array<std::uint64_t, 2> fingerprint_of(std::string_view source, const etag& source_tag,
                                                                     const etag& target_tag) noexcept {
        const auto hash = [&](std::uint64_t seed) {
            xxh64 h(seed);
            for (const std::string_view part : {source, std::string_view(source_tag.text()),
                                                std::string_view(target_tag.text())}) {
                h.update(part);
                h.update(std::string_view("\0", 1));
            }
            return h.value();
        };
        return {hash(0x626c6f6273686966U), hash(0x7465766964656e63U)};
    }

    /// Whether this proof is about exactly these versions. A weak or an empty tag proves nothing.
    [[nodiscard]] bool holds_for(std::string_view source, const etag& source_tag,
                                 const etag& target_tag) const noexcept {
        return strongly_equal(source_tag, source_tag) && strongly_equal(target_tag, target_tag) &&
               fingerprint == fingerprint_of(source, source_tag, target_tag);
    }

    /// Adds all but the target's name to `text`: level, fingerprint, hash.
    void append_to(std::string& text) const {
        text += static_cast<char>('0' + static_cast<int>(level));
        for (const std::uint64_t word : {fingerprint[0], fingerprint[1], content_hash}) {
            text += to_hex(make_digest(hash_algorithm::xxh64, word).value);
        }
    }

    /// Reads what `append_to` wrote.
    [[nodiscard]] static result<evidence> parse(std::string_view target, std::string_view text) {
        constexpr std::size_t word_digits = 16;
        if (text.size() != 1 + 3 * word_digits || text[0] < '0' || text[0] > '4') return malformed();
        std::array<std::uint64_t, 3> words = {};
        for (std::size_t i = 0; i < words.size(); ++i) {
            const char* first = text.data() + 1 + i * word_digits;
            const auto [end, ec] = std::from_chars(first, first + word_digits, words[i], 16);
            if (ec != std::errc{} || end != first + word_digits) return malformed();
        }
        return evidence{std::string(target), static_cast<verify_level>(text[0] - '0'), {words[0], words[1]}, words[2]};
    }

private:
    [[nodiscard]] static unexpected malformed() { return fail(errc::corrupt, "an evidence record is malformed"); }
};

inline constexpr std::string_view evidence_journal = "evidence";

/// Keeps proofs between runs, in segments of about a mebibyte. Losing them costs the work of making them again.
class evidence_writer {
public:
    explicit evidence_writer(any_store& state) : journal_(state, evidence_journal) {}

    result<void> add(const context& c, const evidence& proof) {
        line_ = proof.target;
        line_ += '\t';
        proof.append_to(line_);
        journal_.append(line_);
        return journal_.pending_bytes() >= segment_bytes ? journal_.flush(c) : result<void>();
    }
    /// Call at the end; what was not flushed is forgotten.
    result<void> flush(const context& c) { return journal_.flush(c); }

private:
    static constexpr std::size_t segment_bytes = std::size_t{1} << 20;

    journal_writer journal_;
    std::string line_ = {};
};

/// Gives every kept proof to `f`. \return the first error; see `read_journal`, which says what `concurrency` is, too.
inline result<void> read_evidence(any_store& state, const context& c,
                                  function_ref<result<void>(const evidence&)> f, unsigned concurrency = 1) {
    const auto parse = [&](std::string_view record) -> result<void> {
        const std::size_t tab = record.find('\t');
        if (tab == std::string_view::npos) return fail(errc::corrupt, "an evidence record is malformed");
        auto proof = evidence::parse(record.substr(0, tab), record.substr(tab + 1));
        if (!proof) return unexpected(std::move(proof).error());
        return f(*proof);
    };
    return read_journal(state, c, evidence_journal, parse, concurrency);
}

}  // namespace blobshift::inline v1

#endif
