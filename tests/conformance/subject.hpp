// SPDX-License-Identifier: MIT
//
// The store under test as each case of the suite sees it: type-erased, empty, with its declared traits; and the short
// words that the cases are written in.
//
// A case is compiled once for each source file, not once for each store: the store is held by an any_store, which is
// thereby under test with every case.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_SUBJECT_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_SUBJECT_HPP

#include <concepts>     // same_as
#include <cstddef>      // size_t
#include <functional>   // function
#include <limits>       // numeric_limits
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/store/any_store.hpp>

#include <doctest/doctest.h>

#include <support/print.hpp>

namespace blobshift::conformance {

enum class listing_order { utf8_bytes, utf16_units };

/// What a store may be allowed, each with the value that the strictest store has.
struct traits {
    listing_order order = listing_order::utf8_bytes;  ///< Of every listing.
    bool keeps_attributes = true;  ///< false: a put with attributes is errc::unsupported.
    bool keeps_tags = true;        ///< false: a put with tags is errc::unsupported.
    bool tree = false;             ///< Names are paths of files: `a` beside `a/b` is errc::conflict.
    std::size_t longest_segment_bytes = (std::numeric_limits<std::size_t>::max)();  ///< Longer: errc::invalid_argument.
    std::size_t longest_name_units = 1024;  ///< UTF-16 code units, as in `blob_name`. Longer: errc::invalid_argument.
    std::size_t most_segments = 254;        ///< As in `blob_name`. More: errc::invalid_argument.
    bool keeps_full_attributes = true;      ///< false: some KiB of metadata may be errc::no_space.
    bool staged_blocks_show = false;        ///< A name with blocks of an upload is taken, and can be removed: an emulator's.
    bool slow = false;  ///< A request costs milliseconds: tens of blobs for each case instead of hundreds.
};

/// One store, empty at the start of the case. `c` never stops and has no deadline.
struct subject {
    any_store store;
    traits is;
    std::function<any_store()> reopen;  ///< Another handle on the same blobs; empty when they die with the store.
    context c = {};

    /// How often a case repeats: `full` times, or `reduced` times on a slow store.
    [[nodiscard]] std::size_t times(std::size_t full, std::size_t reduced) const noexcept {
        return is.slow ? reduced : full;
    }
};

template <class S>
[[nodiscard]] any_store erase(S store) {
    if constexpr (std::same_as<S, any_store>) return store;
    else return any_store(std::move(store));
}

/// Runs one case over a fresh store of `Fixture`.
template <class Fixture>
void run(void (*body)(subject&)) {
    Fixture fixture;
    subject the{erase(fixture.make()), {}, {}};
    if constexpr (requires { Fixture::is; }) the.is = Fixture::is;
    if constexpr (requires { fixture.reopen(); }) the.reopen = [&fixture] { return erase(fixture.reopen()); };
    body(the);
}

[[nodiscard]] inline blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

/// Stores `content` under `n`; ends the case where that fails.
inline blob_info put(subject& the, std::string_view n, std::string_view content = "content", const attributes& a = {}) {
    return the.store.put(the.c, name(n), as_bytes(content), a, condition::always()).value();
}

/// What `head` says. Where the store has an `etag_of` of its own, that must say the same; so not while others write.
[[nodiscard]] inline result<blob_info> head(subject& the, std::string_view n) {
    auto info = the.store.head(the.c, name(n));
    if (!the.store.native().etags) return info;
    const auto tag = etag_of(the.store, the.c, name(n));
    CHECK(tag.has_value() == info.has_value());
    if (info && tag) CHECK(*tag == info->tag);
    if (!info && !tag) {
        CHECK(tag.error().code == info.error().code);
        CHECK(tag.error().subject == info.error().subject);
    }
    return info;
}

inline result<bool> remove(subject& the, std::string_view n, const condition& when = {}) {
    return the.store.remove(the.c, name(n), when);
}

inline result<copy_result> copy(subject& the, std::string_view from, std::string_view to, const condition& source = {},
                                const condition& target = {}) {
    return the.store.copy(the.c, name(from), name(to), source, target);
}

/// What a read brought.
struct reading {
    std::string text;
    blob_info info;
    std::uint64_t offset = 0;
};

/// Reads into a buffer of `room` bytes.
[[nodiscard]] inline result<reading> read(subject& the, std::string_view n, const read_range& range = {},
                                          const condition& when = {}, std::size_t room = 4096) {
    bytes buffer(room);
    return the.store.read(the.c, name(n), range, buffer, when).transform([&](read_result&& r) {
        return reading{std::string(as_text(buffer).substr(0, r.count)), std::move(r.info), r.offset};
    });
}

/// The whole content of `n`, or its error in angle brackets: for one-line comparisons.
[[nodiscard]] inline std::string text_of(subject& the, std::string_view n) {
    auto info = head(the, n);
    if (!info) return "<" + std::string(to_string(info.error().code)) + ">";
    auto whole = read(the, n, {}, {}, static_cast<std::size_t>(info->size_bytes));
    return whole ? whole->text : "<" + std::string(to_string(whole.error().code)) + ">";
}

/// `count` bytes that differ from place to place and from seed to seed.
[[nodiscard]] inline std::string pattern(std::size_t count, unsigned seed = 0) {
    std::string text(count, '\0');
    std::uint32_t x = 2463534242U + seed;
    for (char& c : text) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        c = static_cast<char>(x & 0xFFU);
    }
    return text;
}

/// The code of a refusal, or nothing for a success. On the way the refusal is held against the rules for errors: it
/// changed nothing, and it says something for people.
template <class T>
[[nodiscard]] std::optional<errc> refusal(const result<T>& r) {
    if (r) return std::nullopt;
    CHECK(r.error().done == effect::none);
    CHECK_FALSE(r.error().message.empty());
    CHECK_FALSE(r.error().message.ends_with('.'));
    return r.error().code;
}

/// The same, of a refusal that is about the blob `n`. An end of the context is about no blob.
template <class T>
[[nodiscard]] std::optional<errc> refusal(const result<T>& r, std::string_view n) {
    const std::optional<errc> code = refusal(r);
    const bool ended = code == errc::cancelled || code == errc::deadline_exceeded;
    if (code && !(ended && r.error().subject.empty())) CHECK(r.error().subject == n);
    return code;
}

/// What a listing gave, all pages together.
struct listing {
    std::vector<std::string> blobs = {};
    std::vector<std::string> prefixes = {};

    friend bool operator==(const listing&, const listing&) = default;
};

/// Adds one page, which is held against the query's page size.
inline void append(listing& all, const list_query& q, const list_page& page) {
    if (q.page_size != 0) CHECK(page.blobs.size() + page.prefixes.size() <= q.page_size);
    for (const blob_info& info : page.blobs) all.blobs.push_back(info.name.text());
    all.prefixes.insert(all.prefixes.end(), page.prefixes.begin(), page.prefixes.end());
}

/// Every page of a listing. Ends the case if the listing fails or does not end.
[[nodiscard]] inline listing list(subject& the, list_query q = {}) {
    listing all;
    for (int pages = 0; pages < 10'000; ++pages) {
        const list_page page = the.store.list(the.c, q).value();
        append(all, q, page);
        q.cursor = page.cursor;
        if (q.cursor.empty()) return all;
    }
    FAIL("the listing does not end");
    return all;
}

/// The names of all blobs under `prefix`.
[[nodiscard]] inline std::vector<std::string> names(subject& the, std::string_view prefix = {}) {
    return list(the, {.prefix = std::string(prefix)}).blobs;
}

}  // namespace blobshift::conformance

namespace doctest {
template <>
struct StringMaker<blobshift::conformance::listing> {
    static String convert(const blobshift::conformance::listing& all) {
        return toString(all.blobs) + " and prefixes " + toString(all.prefixes);
    }
};
}  // namespace doctest

/// One case of the suite: a sentence, then a body that sees `blobshift::conformance::subject& the`. It runs over each
/// of BLOBSHIFT_STORES_UNDER_TEST.
#define CONFORMANCE_CASE(sentence) CONFORMANCE_CASE_NAMED(sentence, DOCTEST_ANONYMOUS(conformance_case_))
#define CONFORMANCE_CASE_NAMED(sentence, body)                                   \
    static void body(subject& the);                                              \
    TEST_CASE_TEMPLATE("blob store: " sentence, Fixture, BLOBSHIFT_STORES_UNDER_TEST) { run<Fixture>(&body); } \
    static void body(subject& the)

#endif
