// SPDX-License-Identifier: MIT
#include <blobshift/views/numbered_journal.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <blobshift/backends/memory_store.hpp>
#include <support/flaky_store.hpp>
#include <support/print.hpp>
#include <support/virtual_clock.hpp>

namespace {

using namespace blobshift;
using namespace blobshift::testing;

struct numbered_bench {
    virtual_clock clock = {};
    context c = context_of(clock);
    std::shared_ptr<fault_script> script = std::make_shared<fault_script>();
    any_store state{flaky_store{script}};

    [[nodiscard]] std::vector<std::pair<std::uint64_t, std::string>> records(std::uint64_t after = 0) {
        std::vector<std::pair<std::uint64_t, std::string>> all;
        read_numbered(state, c, "test", after, [&](std::uint64_t number, std::string_view record) -> result<void> {
            all.emplace_back(number, record);
            return {};
        }).value();
        return all;
    }
    [[nodiscard]] errc reading() {
        return read_numbered(state, c, "test", 0, [](std::uint64_t, std::string_view) -> result<void> { return {}; })
            .error()
            .code;
    }
    void plant(std::string_view n, std::string_view text) {
        state.put(c, name(n), as_bytes(text), {}, condition::always()).value();
    }
};

journal_lines one(std::string_view record) {
    journal_lines lines("test");
    lines.append(record);
    return lines;
}

using numbered = std::vector<std::pair<std::uint64_t, std::string>>;

}  // namespace

TEST_CASE("numbered_journal: segments are numbered from 1, and read in order from any number on") {
    numbered_bench b;
    numbered_writer writer(b.state, "test");
    journal_lines two("test");
    two.append("a");
    two.append("b");
    CHECK(writer.append(b.c, two).value() == 1);
    for (std::uint64_t n = 2; n <= 12; ++n) CHECK(writer.append(b.c, one(std::to_string(n))).value() == n);
    const numbered all = b.records();
    REQUIRE(all.size() == 13);
    CHECK(all[0] == std::pair<std::uint64_t, std::string>(1, "a"));
    CHECK(all[1] == std::pair<std::uint64_t, std::string>(1, "b"));
    CHECK(all[12] == std::pair<std::uint64_t, std::string>(12, "12"));
    CHECK(b.records(10) == numbered{{11, "11"}, {12, "12"}});
    CHECK(b.records(12).empty());
    CHECK(b.records(99).empty());
    CHECK(b.script->calls(operation::put) == 12);
}

TEST_CASE("numbered_journal: a writer lists once and then needs one put for each call") {
    numbered_bench b;
    REQUIRE(numbered_writer(b.state, "test").append(b.c, one("first")));
    numbered_writer later(b.state, "test");
    CHECK(b.script->calls(operation::list) == 1);
    CHECK(later.append(b.c, one("second")).value() == 2);
    CHECK(later.append(b.c, one("third")).value() == 3);
    CHECK(b.script->calls(operation::list) == 2);
    CHECK(b.script->calls(operation::put) == 3);
}

TEST_CASE("numbered_journal: writers that take turns share no number, and one that was away catches up by listing") {
    numbered_bench b;
    numbered_writer idle(b.state, "test");
    numbered_writer busy(b.state, "test");
    CHECK(idle.append(b.c, one("idle")).value() == 1);
    CHECK(busy.append(b.c, one("busy")).value() == 2);
    CHECK(idle.append(b.c, one("idle")).value() == 3);
    for (std::uint64_t n = 4; n <= 100; ++n) CHECK(busy.append(b.c, one("busy")).value() == n);
    const int puts = b.script->calls(operation::put);
    const int lists = b.script->calls(operation::list);
    CHECK(idle.append(b.c, one("idle")).value() == 101);
    CHECK(b.script->calls(operation::put) - puts == 9);
    CHECK(b.script->calls(operation::list) - lists == 1);
    CHECK(b.records().size() == 101);
}

TEST_CASE("numbered_journal: threads of several writers lose nothing and leave no gap") {
    numbered_bench b;
    numbered_writer first(b.state, "test");
    numbered_writer second(b.state, "test");
    constexpr int each = 50;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&writer = t % 2 == 0 ? first : second, t] {
                for (int i = 0; i < each; ++i) (void)writer.append({}, one(std::to_string(t * each + i)));
            });
        }
    }
    const numbered all = b.records();
    REQUIRE(all.size() == 4 * each);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].first == i + 1);
        texts.push_back(all[i].second);
    }
    std::sort(texts.begin(), texts.end());
    CHECK(std::unique(texts.begin(), texts.end()) == texts.end());
}

TEST_CASE("numbered_journal: a lost answer repeats the put, so the record stands once or twice but never not") {
    SUBCASE("the put was made: it stands twice") {
        numbered_bench b;
        numbered_writer writer(b.state, "test");
        b.script->fail_after(operation::put, lost_answer());
        CHECK(writer.append(b.c, one("x")).value() == 2);
        CHECK(b.records() == numbered{{1, "x"}, {2, "x"}});
    }
    SUBCASE("it was not: it stands once") {
        numbered_bench b;
        numbered_writer writer(b.state, "test");
        b.script->fail_before(operation::put, lost_answer());
        CHECK(writer.append(b.c, one("x")).value() == 1);
        CHECK(b.records() == numbered{{1, "x"}});
    }
    SUBCASE("no answer at all: the error says that nobody knows") {
        numbered_bench b;
        numbered_writer writer(b.state, "test");
        b.script->by_rule = [](operation verb) -> std::optional<fault> {
            if (verb != operation::put) return std::nullopt;
            return fault{verb, lost_answer(), fault::moment::before_effect};
        };
        const auto failed = writer.append(b.c, one("x"));
        CHECK(failed.error().code == errc::unavailable);
        CHECK(failed.error().done == effect::indeterminate);
        CHECK(b.script->calls(operation::put) == 4);
    }
}

TEST_CASE("numbered_journal: a failure that changed nothing is told as such, and the number is used again") {
    numbered_bench b;
    numbered_writer writer(b.state, "test");
    SUBCASE("of the first listing: an unknown end is never taken for an empty journal") {
        b.plant(".blobshift/test/00000000000000000001", one("there").text());
        b.script->fail_before(operation::list, make_error(errc::io_error, "broken"));
        CHECK(writer.append(b.c, one("x")).error().code == errc::io_error);
        CHECK(writer.append(b.c, one("x")).value() == 2);
    }
    SUBCASE("of the put") {
        b.script->fail_before(operation::put, make_error(errc::no_space, "full"));
        const auto failed = writer.append(b.c, one("x"));
        CHECK(failed.error().code == errc::no_space);
        CHECK(failed.error().done == effect::none);
        CHECK(writer.append(b.c, one("y")).value() == 1);
    }
    SUBCASE("of a listing on the way") {
        numbered_writer busy(b.state, "test");
        REQUIRE(writer.append(b.c, one("x")));
        for (int i = 0; i < 20; ++i) REQUIRE(busy.append(b.c, one("y")));
        b.script->fail_before(operation::list, make_error(errc::io_error, "broken"));
        CHECK(writer.append(b.c, one("z")).error().code == errc::io_error);
        CHECK(writer.append(b.c, one("z")).value() == 22);
    }
}

TEST_CASE("numbered_journal: emptied segments hold no record, and their numbers are never given again") {
    numbered_bench b;
    numbered_writer stale(b.state, "test");
    REQUIRE(stale.append(b.c, one("1")));
    {
        numbered_writer other(b.state, "test");
        for (int n = 2; n <= 5; ++n) REQUIRE(other.append(b.c, one(std::to_string(n))));
    }
    CHECK(empty_segments(b.state, b.c, "test", 4).value() == 4);
    CHECK(b.records() == numbered{{5, "5"}});
    CHECK(empty_segments(b.state, b.c, "test", 4).value() == 0);
    CHECK(empty_segments(b.state, b.c, "test", 99).value() == 1);
    CHECK(b.records().empty());
    CHECK(stale.append(b.c, one("6")).value() == 6);
    numbered_writer fresh(b.state, "test");
    CHECK(fresh.append(b.c, one("7")).value() == 7);
    CHECK(b.records() == numbered{{6, "6"}, {7, "7"}});

    b.script->fail_before(operation::put, make_error(errc::io_error, "broken"));
    CHECK(empty_segments(b.state, b.c, "test", 99).error().code == errc::io_error);
    b.script->fail_before(operation::list, make_error(errc::io_error, "broken"));
    CHECK(empty_segments(b.state, b.c, "test", 99).error().code == errc::io_error);
    CHECK(b.records().size() == 2);
}

TEST_CASE("numbered_journal: a segment that a seal destroys while it is to be emptied does not come back") {
    struct destroyed_meanwhile : memory_store {
        destroyed_meanwhile() = default;
        result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                              const condition& when) {
            if (++puts == 5) {
                for (const blob_info& each : list(c, {.prefix = ".blobshift/"}).value().blobs) {
                    remove(c, each.name, condition::always()).value();
                }
            }
            return memory_store::put(c, n, content, attrs, when);
        }
        int puts = 0;
    };
    virtual_clock clock;
    const context c = context_of(clock);
    any_store state{destroyed_meanwhile()};
    numbered_writer writer(state, "test");
    for (int i = 1; i <= 3; ++i) REQUIRE(writer.append(c, one(std::to_string(i))));
    CHECK(empty_segments(state, c, "test", 3).value() == 1);
    CHECK(journal_segments(state, c, "test").value().empty());
}

TEST_CASE("numbered_journal: a segment whose tag a listing does not know is not passed over as if it were empty") {
    struct with_weak_tags : memory_store {
        with_weak_tags() = default;
        result<list_page> list(const context& c, const list_query& q) {
            auto page = memory_store::list(c, q);
            for (blob_info& each : page->blobs) each.tag = etag("W/" + each.tag.text());
            return page;
        }
    };
    virtual_clock clock;
    const context c = context_of(clock);
    any_store state{with_weak_tags()};
    numbered_writer writer(state, "test");
    REQUIRE(writer.append(c, one("1")));
    const auto emptied = empty_segments(state, c, "test", 1);
    REQUIRE_FALSE(emptied);
    CHECK(emptied.error().code == errc::condition_failed);
}

TEST_CASE("numbered_journal: what is damaged or foreign is refused, never skipped") {
    const std::string whole = one("record").text();
    struct row {
        const char* why;
        std::string name;
        std::string text;
        errc code;
    };
    const std::string first = ".blobshift/test/00000000000000000001";
    const row rows[] = {
        {"changed", first, "x" + whole.substr(1), errc::corrupt},
        {"cut: a put is all or nothing", first, whole.substr(0, whole.size() - 3), errc::corrupt},
        {"empty", first, "", errc::corrupt},
        {"of another kind", first, journal_lines("other").text() + " ", errc::unsupported},
        {"a number too short", ".blobshift/test/1", whole, errc::corrupt},
        {"not a number", ".blobshift/test/0000000000000000000x", whole, errc::corrupt},
        {"deeper", first + "/x", whole, errc::corrupt},
    };
    for (const row& t : rows) {
        CAPTURE(t.why);
        numbered_bench b;
        b.plant(t.name, t.text);
        CHECK(b.reading() == t.code);
    }
}

TEST_CASE("numbered_journal: the errors of store and reader end the reading") {
    numbered_bench b;
    REQUIRE(numbered_writer(b.state, "test").append(b.c, one("x")));
    b.script->fail_before(operation::list, make_error(errc::io_error, "broken"));
    CHECK(b.reading() == errc::io_error);
    b.script->fail_before(operation::read, make_error(errc::io_error, "broken"));
    CHECK(b.reading() == errc::io_error);
    const auto stopped = read_numbered(b.state, b.c, "test", 0, [](std::uint64_t, std::string_view) -> result<void> {
        return fail(errc::cancelled, "enough");
    });
    CHECK(stopped.error().code == errc::cancelled);
}

TEST_CASE("numbered_journal: read and emptied by several requests at once, it is the same journal") {
    numbered_bench b;
    numbered_writer writer(b.state, "test");
    for (int i = 1; i <= 100; ++i) REQUIRE(writer.append(b.c, one(std::to_string(i))));
    const auto read = [&](unsigned concurrency) {
        numbered all;
        const auto take = [&](std::uint64_t number, std::string_view record) -> result<void> {
            all.emplace_back(number, record);
            return {};
        };
        REQUIRE(read_numbered(b.state, b.c, "test", 0, take, concurrency));
        return all;
    };
    CHECK(read(8) == b.records());
    CHECK(read(8).size() == 100);
    CHECK(empty_segments(b.state, b.c, "test", 60, 8).value() == 60);
    CHECK(read(8) == b.records(60));
    CHECK(read(8).size() == 40);
}

TEST_CASE("numbered_journal: a journal of many pages is read whole, and a listing that does not advance is refused") {
    virtual_clock clock;
    const context c = context_of(clock);
    any_store paged{memory_store(memory_store_options{.page_size = 3})};
    numbered_writer writer(paged, "test");
    for (int i = 0; i < 10; ++i) REQUIRE(writer.append(c, one("x")));
    numbered_writer later(paged, "test");
    CHECK(later.append(c, one("x")).value() == 11);
    int records = 0;
    REQUIRE(read_numbered(paged, c, "test", 0, [&](std::uint64_t, std::string_view) -> result<void> {
        ++records;
        return {};
    }));
    CHECK(records == 11);

    struct stuck : bare_store {
        result<list_page> list(const context&, const list_query&) { return list_page{.cursor = "x"}; }
    };
    any_store broken{stuck{}};
    CHECK(numbered_writer(broken, "test").append(c, one("x")).error().code == errc::corrupt);
}
