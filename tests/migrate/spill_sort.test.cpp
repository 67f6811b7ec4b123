// SPDX-License-Identifier: MIT
#include <blobshift/migrate/spill_sort.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/layers/read_only.hpp>

namespace {

using namespace blobshift;

using records = std::vector<std::pair<std::string, std::string>>;

records random_records(std::uint32_t seed, std::size_t count, std::size_t keys) {
    std::mt19937 random(seed);
    records made;
    for (std::size_t i = 0; i < count; ++i) {
        std::string payload = std::to_string(i);
        payload.append(random() % 40, static_cast<char>(random() % 256));
        made.emplace_back("key " + std::to_string(random() % keys), std::move(payload));
    }
    return made;
}

records drained(spill_sorter& sorter) {
    records all;
    while (sorter.next().value()) all.emplace_back(std::string(sorter.key()), std::string(sorter.payload()));
    return all;
}

std::size_t left_in(any_store& scratch) {
    return scratch.list({}, {.prefix = std::string(reserved_prefix)}).value().blobs.size();
}

struct row {
    std::size_t count;
    std::size_t memory_bytes;
    std::size_t merge_width;
    bool spills;
};

}  // namespace

TEST_CASE("spill_sorter: gives every record once, by key and then in the order of adding, twice over") {
    for (const row& t : {row{0, 1 << 20, 128, false}, row{1, 1 << 20, 128, false}, row{500, 1 << 20, 128, false},
                         row{20000, 65536, 2, true}, row{20000, 65536, 3, true}, row{20000, 65536, 128, true},
                         row{3000, 0, 0, true}}) {
        CAPTURE(t.count);
        CAPTURE(t.merge_width);
        any_store scratch{memory_store{}};
        const records made = random_records(7, t.count, 1 + t.count / 3);
        const std::multimap<std::string, std::string> ordered(made.begin(), made.end());  // keeps the order of adding
        const records expected(ordered.begin(), ordered.end());
        {
            spill_sorter sorter(scratch, {}, {.memory_bytes = t.memory_bytes, .merge_width = t.merge_width});
            for (const auto& [key, payload] : made) REQUIRE(sorter.add(key, payload));
            for (int round = 0; round < 2; ++round) {
                REQUIRE(sorter.rewind());
                CHECK(drained(sorter) == expected);
            }
            CHECK((sorter.spilled_runs() > 0) == t.spills);
            CHECK((left_in(scratch) > 0) == t.spills);
            REQUIRE(sorter.discard());
            CHECK(left_in(scratch) == 0);
        }
        CHECK(left_in(scratch) == 0);
    }
}

TEST_CASE("spill_sorter: leaves nothing behind when it is abandoned half-way") {
    any_store scratch{memory_store{}};
    {
        spill_sorter sorter(scratch, {}, {.memory_bytes = 65536});
        for (const auto& [key, payload] : random_records(1, 5000, 100)) REQUIRE(sorter.add(key, payload));
        REQUIRE(left_in(scratch) > 0);
    }
    CHECK(left_in(scratch) == 0);
}

TEST_CASE("spill_sorter: a record larger than its memory is sorted all the same") {
    any_store scratch{memory_store{}};
    spill_sorter sorter(scratch, {}, {.memory_bytes = 65536});
    const std::string huge(300'000, 'x');
    REQUIRE(sorter.add("b", huge));
    REQUIRE(sorter.add("c", "last"));
    REQUIRE(sorter.add("a", huge + "y"));
    REQUIRE(sorter.rewind());
    CHECK(drained(sorter) == records{{"a", huge + "y"}, {"b", huge}, {"c", "last"}});
}

TEST_CASE("spill_sorter: a scratch store that cannot be written is an error, not a shorter result") {
    any_store scratch{read_only<memory_store>(memory_store{})};
    spill_sorter sorter(scratch, {}, {.memory_bytes = 65536});
    result<void> added;
    for (const auto& [key, payload] : random_records(1, 5000, 100)) {
        if (added = sorter.add(key, payload); !added) break;
    }
    REQUIRE_FALSE(added);
    CHECK(added.error().code == errc::permission_denied);
}

TEST_CASE("spill_sorter: a spilled part that was cut or lost is an error, not a shorter result") {
    for (const bool lost : {true, false}) {
        CAPTURE(lost);
        any_store scratch{memory_store{}};
        spill_sorter sorter(scratch, {}, {.memory_bytes = 65536});
        for (const auto& [key, payload] : random_records(1, 5000, 100)) REQUIRE(sorter.add(key, payload));
        REQUIRE(sorter.rewind());
        auto parts = scratch.list({}, {.prefix = std::string(reserved_prefix)}).value().blobs;
        REQUIRE(parts.size() > 1);
        for (const blob_info& part : parts) {
            if (lost) {
                REQUIRE(scratch.remove({}, part.name, {}).value());
            } else {
                bytes half(part.size_bytes - 5);
                scratch.read({}, part.name, {}, half, {}).value();
                scratch.put({}, part.name, half, {}, {}).value();
            }
        }
        auto outcome = sorter.rewind();
        result<bool> more = true;
        while (outcome && more && *more) more = sorter.next();
        REQUIRE_FALSE((outcome && more));
        CHECK((outcome ? more.error() : outcome.error()).code == (lost ? errc::not_found : errc::corrupt));
    }
}
