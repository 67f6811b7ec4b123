// SPDX-License-Identifier: MIT
#include <blobshift/store/journal.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <blobshift/backends/memory_store.hpp>
#include <support/flaky_store.hpp>

namespace {

using namespace blobshift;

struct parsed {
    std::vector<std::string> records = {};
    result<std::size_t> cut = std::size_t{0};
};

parsed parse(std::string_view document, std::string_view kind = "test") {
    parsed p;
    p.cut = journal_lines::parse(document, kind, [&](std::string_view record) -> result<void> {
        p.records.emplace_back(record);
        return {};
    });
    return p;
}

std::string three_records() {
    journal_lines lines("test");
    for (const char* record : {"first\trecord", "", "third \xC3\xA9"}) lines.append(record);
    return lines.text();
}

/// Where reads wait for each other.
struct meeting {
    std::mutex mutex = {};
    std::condition_variable arrived = {};
    int present = 0;
    int most = 0;
    int awaited = 1;  ///< So many must be there together once, or each waits for ten seconds.

    void enter() {
        std::unique_lock lock(mutex);
        most = std::max(most, ++present);
        arrived.notify_all();
        arrived.wait_for(lock, std::chrono::seconds(10), [&] { return most >= awaited; });
        --present;
    }
};

struct meeting_store : memory_store {
    explicit meeting_store(std::shared_ptr<meeting> where) : met(std::move(where)) {}

    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        met->enter();
        return memory_store::read(c, n, range, out, when);
    }

    std::shared_ptr<meeting> met;
};

const std::vector<std::string> three = {"first\trecord", "", "third \xC3\xA9"};

}  // namespace

TEST_CASE("journal_lines: what was appended is parsed again, in order") {
    const parsed p = parse(three_records());
    REQUIRE(p.cut);
    CHECK(*p.cut == 0);
    CHECK(p.records == three);
}

TEST_CASE("journal_lines: a tail torn at any byte is cut and the whole lines before it are kept") {
    const std::string document = three_records();
    const std::size_t header = document.find('\n') + 1;
    std::size_t whole = 0;
    for (std::size_t size = header; size < document.size(); ++size) {
        CAPTURE(size);
        if (document[size - 1] == '\n' && size > header) ++whole;
        const parsed p = parse(std::string_view(document).substr(0, size));
        REQUIRE(p.cut);
        CHECK(p.records == std::vector<std::string>(three.begin(), three.begin() + static_cast<std::ptrdiff_t>(whole)));
        CHECK((*p.cut == 0) == (document[size - 1] == '\n'));
    }
    for (std::size_t size = 0; size < header; ++size) {
        CAPTURE(size);
        CHECK(parse(std::string_view(document).substr(0, size)).cut.error().code == errc::corrupt);
    }
}

TEST_CASE("journal_lines: any bit that flips is found out, and the line is named") {
    const std::string document = three_records();
    for (std::size_t i = 0; i < document.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string flipped = document;
            flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
            CAPTURE(i);
            CAPTURE(bit);
            const parsed p = parse(flipped);
            if (i + 1 == document.size()) {  // without its newline, the last line is taken for a torn tail
                REQUIRE(p.cut);
                CHECK(p.records.size() == 2);
            } else {
                REQUIRE_FALSE(p.cut);
                CHECK(p.cut.error().message.find("line ") != std::string::npos);
            }
        }
    }
}

TEST_CASE("journal_lines: lines that were moved, doubled or dropped are found out") {
    const std::string document = three_records();
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < document.size();) {
        const std::size_t end = document.find('\n', at) + 1;
        lines.push_back(document.substr(at, end - at));
        at = end;
    }
    REQUIRE(lines.size() == 4);
    CHECK(parse(lines[0] + lines[2] + lines[1] + lines[3]).cut.error().code == errc::corrupt);
    CHECK(parse(lines[0] + lines[1] + lines[1] + lines[2]).cut.error().code == errc::corrupt);
    CHECK(parse(lines[0] + lines[2] + lines[3]).cut.error().code == errc::corrupt);
    CHECK(parse(lines[1] + lines[2] + lines[3]).cut.error().code == errc::corrupt);
}

TEST_CASE("journal_lines: another kind, another version or no journal at all is refused") {
    CHECK(parse(three_records(), "other").cut.error().code == errc::unsupported);
    CHECK(parse(detail::sealed_line(0, "blobshift test 2")).cut.error().code == errc::unsupported);
    CHECK(parse("hello\n").cut.error().code == errc::corrupt);
    CHECK(parse("").cut.error().code == errc::corrupt);
    CHECK(parse(std::string(100, '\0')).cut.error().code == errc::corrupt);
}

TEST_CASE("journal_lines: the reader's own error ends the parsing") {
    auto stopped = journal_lines::parse(three_records(), "test",
                                        [](std::string_view) -> result<void> { return fail(errc::cancelled, "enough"); });
    CHECK(stopped.error().code == errc::cancelled);
}

TEST_CASE("journal: segments of several writers are all read, a writer's own in its order, and erased") {
    any_store state{memory_store{}};
    const context c;
    {
        journal_writer a(state, "test");
        journal_writer b(state, "test");
        a.append("a1");
        CHECK(a.pending_bytes() > 0);
        REQUIRE(a.flush(c));
        CHECK(a.pending_bytes() == 0);
        REQUIRE(a.flush(c));  // nothing to write: no segment
        b.append("b1");
        REQUIRE(b.flush(c));
        a.append("a2");
        a.append("a3");
        REQUIRE(a.flush(c));
        b.append("forgotten");
    }
    std::string all;
    std::string of_a;
    REQUIRE(read_journal(state, c, "test", [&](std::string_view record) -> result<void> {
        all += std::string(record) + " ";
        if (record[0] == 'a') of_a += record;
        return {};
    }));
    CHECK(all.size() == 4 * 3);
    CHECK(of_a == "a1a2a3");
    CHECK(journal_segments(state, c, "other").value().empty());
    CHECK(erase_journal(state, c, "test").value() == 3);
    CHECK(journal_segments(state, c, "test").value().empty());
}

TEST_CASE("journal: segments are read several at a time, and handed on in their order") {
    any_store state{memory_store{}};
    const context c;
    journal_writer writer(state, "test");
    std::string written;
    for (int i = 0; i < 300; ++i) {
        writer.append(std::to_string(i));
        REQUIRE(writer.flush(c));
        written += std::to_string(i) + " ";
    }
    const auto read = [&](any_store& from, unsigned concurrency) {
        std::string all;
        const auto take = [&](std::string_view record) -> result<void> {
            all += std::string(record) + " ";
            return {};
        };
        REQUIRE(read_journal(from, c, "test", take, concurrency));
        return all;
    };
    for (const unsigned concurrency : {0U, 1U, 2U, 8U}) CHECK(read(state, concurrency) == written);
}

TEST_CASE("journal: as many reads as it may make are under way at once, and no more") {
    const auto met = std::make_shared<meeting>();
    any_store state{meeting_store(met)};
    const context c;
    journal_writer writer(state, "test");
    for (int i = 0; i < 40; ++i) {
        writer.append("x");
        REQUIRE(writer.flush(c));
    }
    const auto take = [](std::string_view) -> result<void> { return {}; };
    met->awaited = 4;
    REQUIRE(read_journal(state, c, "test", take, 4));
    CHECK(met->most == 4);
    met->awaited = 1;
    met->most = 0;
    REQUIRE(read_journal(state, c, "test", take));
    CHECK(met->most == 1);
}

TEST_CASE("journal: the first failure among reads that are under way together ends the reading, and is told") {
    any_store state{memory_store{}};
    const auto plant = [&](const char* segment, std::string_view text) {
        const auto name = blob_name::parse(std::string(".blobshift/test/") + segment).value();
        state.put({}, name, as_bytes(text), {}, {}).value();
    };
    journal_lines whole("test");
    whole.append("one");
    plant("a-00000000", whole.text());
    plant("b-00000000", "nonsense\nmore\n");
    plant("c-00000000", whole.text());
    int taken = 0;
    const auto read = read_journal(
        state, {}, "test", [&](std::string_view) { return ++taken, result<void>(); }, 8);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == errc::corrupt);
    CHECK(read.error().subject == ".blobshift/test/b-00000000");
    CHECK(taken == 1);
}

TEST_CASE("journal: what does not work is not tried with every segment") {
    const auto script = std::make_shared<blobshift::testing::fault_script>();
    any_store state{blobshift::testing::flaky_store{script}};
    const context c;
    journal_writer writer(state, "test");
    for (int i = 0; i < 1000; ++i) {
        writer.append("x");
        REQUIRE(writer.flush(c));
    }
    script->by_rule = [](operation verb) -> std::optional<blobshift::testing::fault> {
        if (verb != operation::read && verb != operation::remove_many) return std::nullopt;
        return blobshift::testing::fault{verb, make_error(errc::permission_denied, "no")};
    };
    const auto take = [](std::string_view) -> result<void> { return {}; };
    CHECK(read_journal(state, c, "test", take, 8).error().code == errc::permission_denied);
    CHECK(script->calls(operation::read) <= 8);
    CHECK(erase_journal(state, c, "test", 8).error().code == errc::permission_denied);
    CHECK(script->calls(operation::remove_many) <= 256);
    CHECK(erase_journal(state, c, "test").error().code == errc::permission_denied);
    CHECK(script->calls(operation::remove_many) <= 257);
}

TEST_CASE("journal: a corrupt segment is an error, never skipped") {
    any_store state{memory_store{}};
    state.put({}, blob_name::parse(".blobshift/test/0-00000000").value(), as_bytes("nonsense\nmore\n"), {}, {}).value();
    const auto read = read_journal(state, {}, "test", [](std::string_view) -> result<void> { return {}; });
    REQUIRE_FALSE(read);
    CHECK(read.error().code == errc::corrupt);
    CHECK(read.error().subject == ".blobshift/test/0-00000000");
}
