// SPDX-License-Identifier: MIT
#include <blobshift/migrate/evidence.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <blobshift/backends/memory_store.hpp>

namespace {

using namespace blobshift;

evidence sample() {
    return {.target = "132_1.dcm",
            .level = verify_level::read_bytes,
            .fingerprint = evidence::fingerprint_of("1.2/1.3/1.4_1.dcm", etag("\"a\""), etag("\"b\"")),
            .content_hash = 0xFEDCBA9876543210U};
}

}  // namespace

TEST_CASE("evidence: levels have one spelling each and are parsed back") {
    for (const verify_level level : {verify_level::exists, verify_level::size, verify_level::stored_hash,
                                     verify_level::computed_hash, verify_level::read_bytes}) {
        CHECK(parse_verify_level(to_string(level)) == level);
    }
    CHECK_FALSE(parse_verify_level("content"));
    CHECK_FALSE(parse_verify_level(""));
}

TEST_CASE("evidence: is read back as it was written") {
    std::string text;
    sample().append_to(text);
    auto back = evidence::parse("132_1.dcm", text);
    REQUIRE(back);
    CHECK(back->target == sample().target);
    CHECK(back->level == sample().level);
    CHECK(back->fingerprint == sample().fingerprint);
    CHECK(back->content_hash == sample().content_hash);
}

TEST_CASE("evidence: a malformed record is refused") {
    std::string good;
    sample().append_to(good);
    for (std::size_t size = 0; size < good.size(); ++size) {
        CHECK(evidence::parse("x", good.substr(0, size)).error().code == errc::corrupt);
    }
    CHECK(evidence::parse("x", good + "0").error().code == errc::corrupt);
    CHECK(evidence::parse("x", "5" + good.substr(1)).error().code == errc::corrupt);
    CHECK(evidence::parse("x", "4" + std::string(47, '0') + "g").error().code == errc::corrupt);
    CHECK(evidence::parse("x", "4-" + good.substr(2)).error().code == errc::corrupt);
}

TEST_CASE("evidence: holds for exactly the versions it was made of") {
    struct row {
        const char* source;
        const char* source_tag;
        const char* target_tag;
        bool holds;
    };
    for (const row& t : {row{"1.2/1.3/1.4_1.dcm", "\"a\"", "\"b\"", true}, row{"1.2/1.3/1.5_1.dcm", "\"a\"", "\"b\"", false},
                         row{"1.2/1.3/1.4_1.dcm", "\"c\"", "\"b\"", false},
                         row{"1.2/1.3/1.4_1.dcm", "\"a\"", "\"c\"", false},
                         row{"1.2/1.3/1.4_1.dcm", "\"b\"", "\"a\"", false}, row{"1.2/1.3/1.4_1.dcm", "", "\"b\"", false}}) {
        CAPTURE(t.source_tag);
        CAPTURE(t.target_tag);
        CHECK(sample().holds_for(t.source, etag(t.source_tag), etag(t.target_tag)) == t.holds);
    }
}

TEST_CASE("evidence: proves nothing with tags that are weak or empty, even the ones it was made of") {
    for (const char* tag : {"W/\"a\"", ""}) {
        evidence proof = sample();
        proof.fingerprint = evidence::fingerprint_of("s", etag(tag), etag("\"b\""));
        CHECK_FALSE(proof.holds_for("s", etag(tag), etag("\"b\"")));
        proof.fingerprint = evidence::fingerprint_of("s", etag("\"b\""), etag(tag));
        CHECK_FALSE(proof.holds_for("s", etag("\"b\""), etag(tag)));
    }
}

TEST_CASE("evidence: kept proofs are all read, and a record of something else is refused") {
    any_store state{memory_store{}};
    const context c;
    evidence_writer writer(state);
    for (int i = 0; i < 20'000; ++i) {
        evidence proof = sample();
        proof.target = std::to_string(i);
        REQUIRE(writer.add(c, proof));
    }
    REQUIRE(writer.flush(c));
    CHECK(journal_segments(state, c, evidence_journal).value().size() > 1);
    int seen = 0;
    REQUIRE(read_evidence(state, c, [&](const evidence& proof) -> result<void> {
        CHECK(proof.fingerprint == sample().fingerprint);
        ++seen;
        return {};
    }));
    CHECK(seen == 20'000);

    journal_writer wrong(state, evidence_journal);
    wrong.append("no tab here");
    REQUIRE(wrong.flush(c));
    CHECK(read_evidence(state, c, [](const evidence&) -> result<void> { return {}; }).error().code == errc::corrupt);
}
