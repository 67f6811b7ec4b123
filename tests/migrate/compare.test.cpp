// SPDX-License-Identifier: MIT
#include <blobshift/migrate/compare.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "archive.hpp"

namespace {

using namespace blobshift_tests;

blob_facts facts(std::uint64_t size, std::string object_id = {}, std::string hash = {},
                 copy_state copy = copy_state::none) {
    blob_facts f;
    f.name = "n";
    f.size_bytes = size;
    f.tag = etag("\"t\"");
    f.object_id = std::move(object_id);
    f.stored_hash = std::move(hash);
    f.copy = copy;
    return f;
}

}  // namespace

TEST_CASE("compare_listed: judges no further than the listing allows") {
    struct row {
        blob_facts source;
        blob_facts target;
        bool equal;
        verify_level level;
        const char* why;
    };
    const row rows[] = {
        {facts(1), facts(1), true, verify_level::size, "equal lengths"},
        {facts(1), facts(2), false, verify_level::exists, "lengths differ"},
        {facts(1, "o"), facts(1, "o"), true, verify_level::read_bytes, "one object"},
        {facts(1, "o"), facts(2, "o"), false, verify_level::exists, "one object of two lengths is nonsense"},
        {facts(1, "o"), facts(1, "p"), true, verify_level::size, "two objects"},
        {facts(1, "", "md5:00"), facts(1, "", "md5:00"), true, verify_level::stored_hash, "equal hashes"},
        {facts(1, "", "md5:00"), facts(1, "", "md5:01"), false, verify_level::exists, "hashes differ"},
        {facts(1, "", "md5:00"), facts(1, "", "sha256:01"), true, verify_level::size, "hashes of two algorithms"},
        {facts(1, "", "md5:00"), facts(1), true, verify_level::size, "one hash only"},
        {facts(1), facts(1, "", "", copy_state::pending), false, verify_level::exists, "pending target"},
        {facts(1), facts(1, "", "", copy_state::failed), false, verify_level::exists, "failed target"},
        {facts(1), facts(1, "", "", copy_state::aborted), false, verify_level::exists, "aborted target"},
        {facts(1), facts(1, "", "", copy_state::succeeded), true, verify_level::size, "finished target"},
        {facts(1, "", "", copy_state::pending), facts(1), false, verify_level::exists, "pending source"},
    };
    for (const row& t : rows) {
        CAPTURE(t.why);
        const comparison known = compare_listed(t.source, t.target);
        CHECK(known.equal == t.equal);
        CHECK(known.level == t.level);
        CHECK(known.reason.empty() == t.equal);
    }
}

TEST_CASE("compare_known: a proof counts only for the versions it was made of, and never against the listing") {
    name_pair pair{.target = "t", .sources = {facts(1)}, .present = facts(1)};
    const auto& source = pair.sources.front();
    const auto proof = [&](const etag& target_tag, verify_level level) {
        return evidence{"t", level, evidence::fingerprint_of(source.name, source.tag, target_tag), 5};
    };
    pair.proofs = {proof(etag("\"other\""), verify_level::read_bytes)};
    CHECK(compare_known(pair).level == verify_level::size);
    pair.proofs.push_back(proof(pair.present->tag, verify_level::computed_hash));
    CHECK(compare_known(pair).level == verify_level::computed_hash);
    pair.proofs.push_back(proof(pair.present->tag, verify_level::exists));
    CHECK(compare_known(pair).level == verify_level::computed_hash);
    CHECK(compare_known(pair).content_hash == 5);
    pair.present->size_bytes = 2;
    CHECK_FALSE(compare_known(pair).equal);
}

TEST_CASE("compare_contents: finds a difference of one byte anywhere, whatever the size of the buffer") {
    const context c;
    for (const std::size_t size : {1U, 2U, 7U, 8U, 9U, 16U, 17U}) {
        for (const std::size_t buffer_size : {2U, 3U, 8U, 16U, 64U}) {
            for (std::size_t at = 0; at <= size; ++at) {
                CAPTURE(size);
                CAPTURE(buffer_size);
                CAPTURE(at);
                archive a;
                std::string content(size, 'x');
                a.put(name_of("a"), content);
                if (at < size) content[at] = 'y';
                a.put(name_of("b"), content);
                bytes buffer(buffer_size);
                const auto head = [&](const char* n) {
                    const blob_info info = a.store.head(c, name_of(n)).value();
                    blob_facts f = facts(info.size_bytes);
                    f.name = n;
                    f.tag = info.tag;
                    return f;
                };
                auto seen = compare_contents(a.store, c, head("a"), head("b"), buffer);
                REQUIRE(seen);
                CHECK(seen->equal == (at == size));
                if (seen->equal) CHECK(seen->content_hash == xxh64_of(content));
            }
        }
    }
}

TEST_CASE("compare_contents: empty blobs are equal, other attributes are a difference") {
    archive a;
    const auto look = [&](const char* n) {
        const blob_info info = a.store.head(a.c, name_of(n)).value();
        blob_facts f = facts(info.size_bytes);
        f.name = n;
        f.tag = info.tag;
        return f;
    };
    bytes buffer(16);
    a.put(name_of("a"), "");
    a.put(name_of("b"), "");
    CHECK(compare_contents(a.store, a.c, look("a"), look("b"), buffer)->equal);
    a.put(name_of("b"), "", {.content_type = "application/dicom"});
    auto seen = compare_contents(a.store, a.c, look("a"), look("b"), buffer);
    REQUIRE(seen);
    CHECK_FALSE(seen->equal);
    CHECK(seen->reason == "the attributes differ");
}

TEST_CASE("compare_contents: two reads that are cut short alike do not agree") {
    archive a;
    a.put(name_of("a"), "0123456789");
    a.put(name_of("b"), "0123456789");
    blob_facts left = facts(10);
    left.name = "a";
    left.tag = a.store.head(a.c, name_of("a"))->tag;
    blob_facts right = facts(10);
    right.name = "b";
    right.tag = a.store.head(a.c, name_of("b"))->tag;
    // The store now claims, in every answer, that both blobs are shorter than the listing said.
    a.store.hook().infos = [](blob_info& info) { info.size_bytes = 4; };
    bytes buffer(64);
    CHECK(compare_contents(a.store, a.c, left, right, buffer).error().code == errc::corrupt);
}

TEST_CASE("compare_contents: a blob that changed since it was listed is an error, not a difference") {
    archive a;
    a.put(name_of("a"), "same");
    a.put(name_of("b"), "same");
    blob_facts left = facts(4);
    left.name = "a";
    left.tag = a.store.head(a.c, name_of("a"))->tag;
    blob_facts right = facts(4);
    right.name = "b";
    right.tag = a.store.head(a.c, name_of("b"))->tag;
    a.put(name_of("b"), "same");
    bytes buffer(64);
    CHECK(compare_contents(a.store, a.c, left, right, buffer).error().code == errc::condition_failed);
    REQUIRE(a.store.remove(a.c, name_of("a"), {}).value());
    CHECK(compare_contents(a.store, a.c, left, right, buffer).error().code == errc::not_found);
}
