// SPDX-License-Identifier: MIT
#include <blobshift/migrate/record.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>

#include <blobshift/backends/memory_store.hpp>

#include "../support/flaky_store.hpp"

namespace {

using namespace blobshift;
using blobshift::testing::name;

const blob_name at = name(".blobshift/thing");

void put(any_store& state, std::string_view text) { state.put({}, at, as_bytes(text), {}, {}).value(); }

std::string document(std::string_view kind, std::initializer_list<std::string_view> records) {
    journal_lines lines(kind);
    for (const std::string_view record : records) lines.append(record);
    return lines.text();
}

}  // namespace

TEST_CASE("record: what was written is read, with the tag that the next change must match") {
    any_store state{memory_store{}};
    CHECK_FALSE(detail::read_record(state, {}, at, "thing").value());
    const etag first = detail::write_record(state, {}, at, "thing", "one", condition::if_absent()).value();
    CHECK(detail::read_record(state, {}, at, "thing").value()->text == "one");
    CHECK(detail::read_record(state, {}, at, "thing").value()->tag == first);
    CHECK(detail::write_record(state, {}, at, "thing", "two", condition::if_absent()).error().code == errc::already_exists);
    REQUIRE(detail::write_record(state, {}, at, "thing", "two", condition::if_match(first)));
    CHECK(detail::write_record(state, {}, at, "thing", "three", condition::if_match(first)).error().code ==
          errc::condition_failed);
    CHECK(detail::read_record(state, {}, at, "thing").value()->text == "two");
}

TEST_CASE("record: what is not exactly one record of its kind is refused with its line") {
    const std::string whole = document("thing", {"one"});
    struct row {
        std::string text;
        errc code;
        std::string_view says;
    };
    const row rows[] = {
        {"", errc::corrupt, "the thing record is empty"},
        {"hello\n", errc::corrupt, "line 1 of the thing record does not match its checksum"},
        {document("other", {"one"}), errc::unsupported, "line 1 is not 'blobshift thing 1'"},
        {document("thing", {}), errc::corrupt, "line 2 of the thing record is missing or cut short"},
        {whole.substr(0, whole.size() - 1), errc::corrupt, "line 2 of the thing record is missing or cut short"},
        {document("thing", {"one", "two"}), errc::corrupt, "line 3 of the thing record is one too many"},
        {whole + "x", errc::corrupt, "line 3 of the thing record is no record"},
        {std::string(70'000, 'x'), errc::corrupt, "line 1 of the thing record is not ours"},
    };
    for (const row& r : rows) {
        CAPTURE(r.says);
        any_store state{memory_store{}};
        put(state, r.text);
        const auto read = detail::read_record(state, {}, at, "thing");
        REQUIRE_FALSE(read);
        CHECK(read.error().code == r.code);
        CHECK(read.error().message.find(r.says) != std::string::npos);
    }
}

TEST_CASE("record: a write whose answer was lost is looked for before it is told") {
    const auto script = std::make_shared<blobshift::testing::fault_script>();
    any_store state{blobshift::testing::flaky_store(script)};
    script->fail_after(operation::put, blobshift::testing::lost_answer());
    const auto written = detail::write_record(state, {}, at, "thing", "one", condition::if_absent());
    REQUIRE(written);
    CHECK(detail::read_record(state, {}, at, "thing").value()->tag == *written);
    script->fail_before(operation::put, blobshift::testing::lost_answer());
    CHECK(detail::write_record(state, {}, at, "thing", "two", condition::if_match(*written)).error().code ==
          errc::unavailable);
    script->fail_before(operation::read, make_error(errc::permission_denied, "no"));
    CHECK(detail::read_record(state, {}, at, "thing").error().code == errc::permission_denied);
}

TEST_CASE("record: fields are read back as they were written, and anything else is malformed") {
    detail::field_writer fields;
    fields.add("word").add(std::uint64_t{18446744073709551615U}).add(utc_time(std::chrono::milliseconds(-5)));
    fields.add(std::chrono::milliseconds(60'000));
    const auto read = [](std::string_view text) {
        const detail::kept_record kept{at, std::string(text)};
        detail::field_reader back(kept);
        const bool same = back.word() == "word" && back.number<std::uint64_t>() == 18446744073709551615U &&
                          back.time() == utc_time(std::chrono::milliseconds(-5)) &&
                          back.duration() == std::chrono::milliseconds(60'000);
        return same && back.finish("thing").has_value();
    };
    CHECK(read(fields.text()));
    for (const char* wrong : {"", "word", "word\t1", "word\t18446744073709551615\t-5\t60000\t",
                              "word\t18446744073709551615\t-5\t60000\t7", "word\t18446744073709551616\t-5\t60000",
                              "word\t18446744073709551615\t-5\t60000x", "word\t-1\t-5\t60000"}) {
        CAPTURE(wrong);
        CHECK_FALSE(read(wrong));
    }
    const detail::kept_record kept{at, "x"};
    detail::field_reader malformed(kept);
    (void)malformed.number<int>();
    const error wrong = malformed.finish("thing").error();
    CHECK(wrong.message == "line 2 of the thing record is malformed");
    CHECK(wrong.subject == at.text());
}
