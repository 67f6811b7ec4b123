// SPDX-License-Identifier: MIT
#include <blobshift/migrate/inventory.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "archive.hpp"

namespace {

using namespace blobshift_tests;

std::vector<name_pair> pairs_of(archive& a, inventory_options options = {}) {
    inventory all(a.scratch, a.c, options);
    all.collect_evidence(a.state, a.to).value();
    all.collect(a.store, a.from, a.to, a.heard).value();
    std::vector<name_pair> pairs;
    for (;;) {
        auto pair = all.next().value();
        if (!pair) return pairs;
        pairs.push_back(std::move(*pair));
    }
}

}  // namespace

TEST_CASE("inventory: joins old and new names whatever the order of the listing, spilled or not") {
    archive a;
    a.fill(300);
    for (std::int64_t w = 1; w <= 300; w += 2) a.put(a.new_name(w), archive::content(w));
    a.put(a.new_name(1000, blob_kind::frame_ranges), "only new");
    for (const std::size_t memory : {std::size_t{1}, std::size_t{24} << 20}) {
        CAPTURE(memory);
        const auto pairs = pairs_of(a, {.spill = {.memory_bytes = memory, .merge_width = 2}});
        REQUIRE(pairs.size() == 601);
        std::string before;
        for (const name_pair& pair : pairs) {
            CHECK(before < pair.target);
            before = pair.target;
            const auto known = a.to.parse(name_of(pair.target)).value();
            const std::int64_t w = known.id.watermark;
            if (known.kind == blob_kind::frame_ranges) {
                CHECK(pair.sources.empty());
                CHECK(pair.present);
                continue;
            }
            REQUIRE(pair.sources.size() == 1);
            const blob_info info = a.store.head(a.c, a.old_name(w, known.kind)).value();
            CHECK(pair.sources[0].name == info.name.text());
            CHECK(pair.sources[0].size_bytes == info.size_bytes);
            CHECK(pair.sources[0].tag == info.tag);
            CHECK(pair.sources[0].object_id == info.object_id);
            CHECK(pair.present.has_value() == (known.kind == blob_kind::instance && w % 2 == 1));
        }
    }
}

TEST_CASE("inventory: keeps everything that a listing says of a blob") {
    archive a;
    a.put(a.old_name(1), "x");
    a.store.hook().infos = [](blob_info& info) {
        info.size_bytes = 0x123456789ABCDEFU;
        info.copy = copy_state::aborted;
        info.obstacles = {.archived = true, .leased = false, .immutable = true, .has_snapshots = true};
        info.stored_hash = digest{hash_algorithm::md5, to_bytes("\x01\xFF")};
    };
    const auto pairs = pairs_of(a);
    REQUIRE(pairs.size() == 1);
    const blob_facts& f = pairs[0].sources.at(0);
    CHECK(f.size_bytes == 0x123456789ABCDEFU);
    CHECK(f.copy == copy_state::aborted);
    CHECK(f.obstacles == blob_obstacles{.archived = true, .leased = false, .immutable = true, .has_snapshots = true});
    CHECK(f.stored_hash == "md5:01ff");
}

TEST_CASE("inventory: names of neither policy are told and counted, reserved ones are not even that") {
    archive a;
    a.put(name_of("readme.txt"), "?");
    a.put(name_of("999_1.dcm"), "a wrong prefix");
    a.put(name_of(".blobshift/ledger/1"), "ours");
    inventory all(a.scratch, a.c);
    REQUIRE(all.collect(a.store, a.from, a.to, a.heard));
    CHECK_FALSE(all.next().value());
    CHECK(all.counts().foreign == 2);
    CHECK(a.heard.last["readme.txt"] == "foreign");
    CHECK(a.heard.last["999_1.dcm"] == "foreign");
    CHECK(a.heard.events == 2);
}

TEST_CASE("inventory: other spellings of new names are counted, and taken as sources only on request") {
    archive a;
    a.put(name_of("299_1.dcm"), "the spelling of 8.0.62");
    a.put(a.new_name(2), "usual");
    {
        inventory all(a.scratch, a.c);
        REQUIRE(all.collect(a.store, a.from, a.to, a.heard));
        CHECK(all.counts().dialects == 1);
        CHECK(all.counts().sources == 0);
        CHECK(all.counts().targets == 1);
    }
    const auto pairs = pairs_of(a, {.normalize_dialects = true});
    REQUIRE(pairs.size() == 2);
    CHECK(pairs[0].target == "132_1.dcm");
    CHECK(pairs[0].sources.at(0).name == "299_1.dcm");
}

TEST_CASE("inventory: two old names of one new name stand together") {
    archive a;
    a.put(name_of("1.2/1.3/1.4_5.dcm"), "one");
    a.put(name_of("1.2/1.3/1.5_5.dcm"), "another");
    const auto pairs = pairs_of(a);
    REQUIRE(pairs.size() == 1);
    CHECK(pairs[0].sources.size() == 2);
}

TEST_CASE("inventory: a listing that gives a name twice makes no collision") {
    archive a;
    a.put(a.old_name(1), "x");
    struct twice {
        hooked_store& inner;
        result<blob_info> head(const context& c, const blob_name& n) { return inner.head(c, n); }
        result<read_result> read(const context& c, const blob_name& n, const read_range& r, byte_span out,
                                 const condition& when) {
            return inner.read(c, n, r, out, when);
        }
        result<list_page> list(const context& c, const list_query& q) {
            auto page = inner.list(c, q);
            if (page) page->blobs.insert(page->blobs.end(), page->blobs.begin(), page->blobs.end());
            return page;
        }
    } store{a.store};
    inventory all(a.scratch, a.c);
    REQUIRE(all.collect(store, a.from, a.to, a.heard));
    auto pair = all.next().value();
    REQUIRE(pair);
    CHECK(pair->sources.size() == 1);
}

TEST_CASE("inventory: shards part the names without loss or overlap") {
    archive a;
    a.fill(200);
    for (std::int64_t w = 1; w <= 100; ++w) a.put(a.new_name(w), archive::content(w));
    std::map<std::string, std::size_t> seen;
    for (std::uint32_t i = 0; i < 3; ++i) {
        const auto pairs = pairs_of(a, {.part = {i, 3}});
        CHECK(pairs.size() > 80);
        for (const name_pair& pair : pairs) seen[pair.target] += pair.sources.size() + (pair.present ? 1 : 0);
    }
    CHECK(seen.size() == 400);
    std::size_t blobs = 0;
    for (const auto& [target, count] : seen) blobs += count;
    CHECK(blobs == 500);
}

TEST_CASE("inventory: a proof is joined with its pair, and a proof without blobs is no pair") {
    archive a;
    a.fill(1);
    evidence_writer writer(a.state);
    for (const char* target : {"132_1.dcm", "999_nobody"}) REQUIRE(writer.add(a.c, evidence{.target = target}));
    REQUIRE(writer.flush(a.c));
    const auto pairs = pairs_of(a);
    REQUIRE(pairs.size() == 2);
    CHECK(pairs[0].proofs.size() == 1);
    CHECK(pairs[1].proofs.empty());
}

TEST_CASE("inventory: rewind gives the same pairs again without another listing") {
    archive a;
    a.fill(50);
    inventory all(a.scratch, a.c, {.spill = {.memory_bytes = 1}});
    REQUIRE(all.collect(a.store, a.from, a.to, a.heard));
    const int lists = a.store.hook().calls["list"];
    for (int round = 0; round < 3; ++round) {
        std::set<std::string> targets;
        for (;;) {
            auto pair = all.next().value();
            if (!pair) break;
            targets.insert(pair->target);
        }
        CHECK(targets.size() == 100);
        REQUIRE(all.rewind());
    }
    CHECK(a.store.hook().calls["list"] == lists);
}

TEST_CASE("inventory: a listing that fails is an error, never an empty listing") {
    archive a;
    a.fill(5);
    a.store.hook().before = [](std::string_view verb, std::string_view) -> std::optional<error> {
        if (verb == "list") return make_error(errc::unavailable, "the wire broke");
        return std::nullopt;
    };
    inventory all(a.scratch, a.c);
    CHECK(all.collect(a.store, a.from, a.to, a.heard).error().code == errc::unavailable);
}

TEST_CASE("inventory: by watermark, every record of a name still meets, spilled or not") {
    archive a;
    a.fill(40);
    evidence_writer writer(a.state);
    for (std::int64_t w = 1; w <= 40; w += 2) {
        a.put(a.new_name(w), archive::content(w));
        REQUIRE(writer.add(a.c, evidence{.target = a.new_name(w).text()}));
    }
    REQUIRE(writer.flush(a.c));
    const auto by_name = pairs_of(a);
    for (const std::size_t memory : {std::size_t{1}, std::size_t{24} << 20}) {
        CAPTURE(memory);
        auto pairs = pairs_of(a, {.spill = {.memory_bytes = memory, .merge_width = 2}, .by_watermark = true});
        REQUIRE(pairs.size() == by_name.size());
        std::int64_t before = 0;
        for (const name_pair& pair : pairs) {
            const std::int64_t now = a.to.parse(name_of(pair.target)).value().id.watermark;
            CHECK(before <= now);
            before = now;
        }
        std::sort(pairs.begin(), pairs.end(), [](const auto& x, const auto& y) { return x.target < y.target; });
        std::size_t proofs = 0;
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            CHECK(pairs[i].target == by_name[i].target);
            CHECK(pairs[i].sources.size() == by_name[i].sources.size());
            CHECK(pairs[i].present.has_value() == by_name[i].present.has_value());
            CHECK(pairs[i].proofs.size() == by_name[i].proofs.size());
            proofs += pairs[i].proofs.size();
        }
        CHECK(proofs == 20);
    }
}
