// SPDX-License-Identifier: MIT
#include <blobshift/migrate/ledger.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <blobshift/backends/memory_store.hpp>

using namespace blobshift;

TEST_CASE("ledger: entries are read back as they were written") {
    any_store state{memory_store{}};
    ledger_writer writer(state);
    const std::vector<ledger_entry> entries = {
        {blob_name::parse("1.2/1.3/1.4_1.dcm").value(), blob_name::parse("132_1.dcm").value(), 0},
        {blob_name::parse(" odd name/\xE6\x97\xA5").value(), blob_name::parse("x y").value(),
         (std::numeric_limits<std::uint64_t>::max)(), "md5:00ff", etag("\"0x8D\"")}};
    for (const ledger_entry& e : entries) {
        writer.add(e.source.text(), e.target.text(), e.size_bytes, e.stored_hash, e.tag);
    }
    REQUIRE(writer.flush({}));
    std::vector<ledger_entry> back;
    REQUIRE(read_ledger(state, {}, [&](const ledger_entry& e) -> result<void> {
        back.push_back(e);
        return {};
    }));
    CHECK(back == entries);
    CHECK_FALSE(back[0].is_promise());
    CHECK(back[1].is_promise());
}

TEST_CASE("ledger: a withdrawal, an entry of three fields, and a tag that no line can hold") {
    any_store state{memory_store{}};
    journal_writer older(state, ledger_journal);
    older.append("a\tb\t7");
    REQUIRE(older.flush({}));
    ledger_writer writer(state);
    writer.withdraw("b");
    writer.add("c", "d", 8, "md5:00", etag("two\nlines"));
    REQUIRE(writer.flush({}));
    int promises = 0;
    int withdrawals = 0;
    REQUIRE(read_ledger(state, {}, [&](const ledger_entry& e) -> result<void> {
        CHECK(e.tag.empty());
        promises += e.is_promise() ? 1 : 0;
        withdrawals += e.is_withdrawal() ? 1 : 0;
        return {};
    }));
    CHECK(promises == 2);
    CHECK(withdrawals == 1);
}

TEST_CASE("ledger: a malformed record is refused") {
    for (const char* record : {"", "no tabs", "a\tb", "a\tb\t", "a\tb\tx", "a\tb\t-1", "a\tb\t1x", "\tb\t1", "a\t\t1",
                               "a/../b\tc\t1", "a\tb\t1\tmd5:00", "a\tb\t1\t\t\t", "a\tb\tc\t1", "a\tb\t99999999999999999999999"}) {
        CAPTURE(record);
        any_store state{memory_store{}};
        journal_writer journal(state, ledger_journal);
        journal.append(record);
        REQUIRE(journal.flush({}));
        CHECK(read_ledger(state, {}, [](const ledger_entry&) -> result<void> { return {}; }).error().code ==
              errc::corrupt);
    }
}
