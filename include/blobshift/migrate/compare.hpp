// SPDX-License-Identifier: MIT
//
// Whether a source and its target are equal: by what the listing says, by kept proof, or by reading both.
//
// Row: migrate (core, store).   Tests: tests/migrate/compare.test.cpp

#ifndef BLOBSHIFT_MIGRATE_COMPARE_HPP
#define BLOBSHIFT_MIGRATE_COMPARE_HPP

#include <algorithm>    // equal, max, min
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/migrate/evidence.hpp>
#include <blobshift/migrate/inventory.hpp>

namespace blobshift::inline v1 {

/// What two blobs are to each other, as far as was looked.
struct comparison {
    bool equal = false;
    verify_level level = verify_level::exists;  ///< When equal: up to which level.
    std::string_view reason = {};               ///< When not: what differs. Names nobody.
    std::uint64_t content_hash = 0;             ///< XXH64, when the bytes were read.
};

/// Whether the store says that the two names lead to one object.
[[nodiscard]] inline bool are_one_object(const blob_facts& a, const blob_facts& b) noexcept {
    return !a.object_id.empty() && a.object_id == b.object_id;
}

/// Judges by the listing alone. Costs no request.
///
/// One object under two names is as good as bytes that were read: removing one name cannot lose any. It is given as
/// `read_bytes`. Everything else is at most `stored_hash`.
[[nodiscard]] inline comparison compare_listed(const blob_facts& source, const blob_facts& target) {
    if (!target.is_whole()) return {.reason = "the target's copy is not finished"};
    if (!source.is_whole()) return {.reason = "the source itself is an unfinished copy"};
    if (source.size_bytes != target.size_bytes) return {.reason = "the lengths differ"};
    if (are_one_object(source, target)) return {.equal = true, .level = verify_level::read_bytes};
    if (source.stored_hash.empty() || target.stored_hash.empty()) return {.equal = true, .level = verify_level::size};
    if (source.stored_hash == target.stored_hash) return {.equal = true, .level = verify_level::stored_hash};
    // Hashes of two algorithms say nothing about each other.
    const auto algorithm = [](std::string_view hash) { return hash.substr(0, hash.find(':')); };
    if (algorithm(source.stored_hash) != algorithm(target.stored_hash)) {
        return {.equal = true, .level = verify_level::size};
    }
    return {.reason = "the stored hashes differ"};
}

/// Judges by the listing and by proofs of earlier runs. Costs no request.
[[nodiscard]] inline comparison compare_known(const name_pair& pair) {
    comparison known = compare_listed(pair.sources.front(), *pair.present);
    if (!known.equal) return known;
    for (const evidence& proof : pair.proofs) {
        if (proof.level > known.level &&
            proof.holds_for(pair.sources.front().name, pair.sources.front().tag, pair.present->tag)) {
            known.level = proof.level;
            known.content_hash = proof.content_hash;
        }
    }
    return known;
}

namespace detail {

/// Reads the same stretch of one blob, or says that it is no longer the blob that was listed.
template <BlobReader S>
result<read_result> read_stretch(S& store, const context& c, const blob_name& name, const blob_facts& facts,
                                 std::uint64_t offset, byte_span into) {
    auto got = store.read(c, name, read_range::from(offset), into, condition::if_match(facts.tag));
    if (!got) return got;
    const std::uint64_t expected = (std::min)(std::uint64_t{into.size()}, facts.size_bytes - offset);
    if (got->info.size_bytes != facts.size_bytes || got->count != expected) {
        return fail(errc::corrupt, "a blob gave fewer bytes than its listing declared", name.text());
    }
    return got;
}

}  // namespace detail

/// Reads both blobs, pinned to the versions that were listed, and compares bytes, lengths and attributes.
///
/// Two equally truncated reads do not agree: each is held against the length that the listing declared.
///
/// \param buffer  At least 2 bytes; half for each blob. 256 KiB is a good size.
/// \return the comparison, or the store's error: errc::condition_failed or not_found when one changed meanwhile.
/// \par Complexity  ceil(size / half the buffer) reads of each blob, at least one.
template <BlobReader S>
result<comparison> compare_contents(S& store, const context& c, const blob_facts& source, const blob_facts& target,
                                    byte_span buffer) {
    if (source.size_bytes != target.size_bytes) return comparison{.reason = "the lengths differ"};
    auto from = blob_name::parse(source.name);
    if (!from) return unexpected(std::move(from).error());
    auto to = blob_name::parse(target.name);
    if (!to) return unexpected(std::move(to).error());
    const byte_span left = buffer.first(buffer.size() / 2);
    const byte_span right = buffer.subspan(left.size(), left.size());
    xxh64 hash;
    std::uint64_t offset = 0;
    do {
        auto a = detail::read_stretch(store, c, *from, source, offset, left);
        if (!a) return unexpected(std::move(a).error());
        auto b = detail::read_stretch(store, c, *to, target, offset, right);
        if (!b) return unexpected(std::move(b).error());
        if (!std::equal(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(a->count), right.begin())) {
            return comparison{.reason = "the bytes differ"};
        }
        if (offset == 0 && a->info.attrs != b->info.attrs) return comparison{.reason = "the attributes differ"};
        hash.update(byte_view(left.first(a->count)));
        offset += a->count;
    } while (offset < source.size_bytes);
    return comparison{.equal = true, .level = verify_level::read_bytes, .content_hash = hash.value()};
}

}  // namespace blobshift::inline v1

#endif
