// SPDX-License-Identifier: MIT
#include <blobshift/config/change_feed.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <vector>

#include <support/print.hpp>

using namespace blobshift;

namespace {

/// A record's members as JSON, and how to change one of them.
struct record_text {
    std::map<std::string, std::string> members = {
        {"Sequence", "1"},
        {"StudyInstanceUid", "\"1.2\""},
        {"SeriesInstanceUid", "\"1.3\""},
        {"SopInstanceUid", "\"1.4\""},
        {"Action", "\"Delete\""},
        {"Timestamp", "\"2022-08-01T09:30:00.1234567Z\""},
        {"State", "\"Deleted\""},
    };

    /// \param value  Empty: the member is left out.
    [[nodiscard]] record_text with(const std::string& name, const std::string& value) const {
        record_text other = *this;
        other.members[name] = value;
        return other;
    }
    [[nodiscard]] record_text numbered(int sequence) const { return with("Sequence", std::to_string(sequence)); }
    [[nodiscard]] std::string text() const {
        std::string out;
        for (const auto& [name, value] : members) {
            if (!value.empty()) out += (out.empty() ? "\"" : ",\"") + name + "\":" + value;
        }
        return "{" + out + "}";
    }
};

struct read_feed {
    feed_counts counts = {};
    std::vector<feed_removal> removals = {};
    std::string refused = {};
};

[[nodiscard]] read_feed read(const std::string& text, const feed_filter& filter = {}) {
    read_feed all;
    memory_source source(as_bytes(text));
    const auto counts = read_change_feed(source, filter, [&](feed_removal&& removal) {
        all.removals.push_back(std::move(removal));
        return result<void>();
    });
    if (counts) {
        all.counts = *counts;
    } else {
        CHECK(counts.error().code == errc::invalid_argument);
        all.refused = counts.error().message;
    }
    return all;
}

/// Gives one character at a time, then fails if it is told to.
class slow_source {
public:
    slow_source(std::string text, bool fails) : text_(std::move(text)), fails_(fails) {}
    result<std::size_t> read(byte_span out) {
        if (next_ == text_.size()) {
            if (fails_) return fail(errc::io_error, "the disk is gone");
            return std::size_t{0};
        }
        out.front() = static_cast<std::byte>(text_[next_++]);
        return std::size_t{1};
    }

private:
    std::string text_;
    std::size_t next_ = 0;
    bool fails_;
};

}  // namespace

TEST_CASE("change feed: a removal says who was removed, when and whether it came back") {
    const record_text record;
    const read_feed all =
        read("[" + record.text() + "," +
             record.numbered(5).with("State", "\"replaced\"").with("OriginalWatermark", "77").text() + "]");
    CHECK(all.refused == "");
    REQUIRE(all.removals.size() == 2);
    CHECK(all.removals[0].sequence == 1);
    CHECK(all.removals[0].id == instance_id{"1.2", "1.3", "1.4", 0});
    CHECK(all.removals[0].when == parse_utc("2022-08-01T09:30:00.123Z"));
    CHECK(!all.removals[0].replaced);
    CHECK(all.removals[1].sequence == 5);
    CHECK(all.removals[1].id.watermark == 77);
    CHECK(all.removals[1].replaced);
    CHECK(all.counts.records == 2);
    CHECK(all.counts.last_sequence == 5);
}

TEST_CASE("change feed: other actions and other members are passed over") {
    const record_text record;
    const std::string metadata =
        R"({"00080018":{"vr":"UI","Value":["1.4"]},"Sequence":7,"Action":["Delete"],"00081115":{"Value":[{"Sequence":{"a":[]}}]}})";
    const read_feed all =
        read("[" + record.with("Action", "\"create\"").with("State", "\"current\"").with("Metadata", metadata).text() +
             "," + record.numbered(2).with("Action", "\"Update\"").with("State", "\"replaced\"").text() + "," +
             record.numbered(3)
                 .with("Metadata", "null")
                 .with("FilePath", "\"x\"")
                 .with("PartitionName", "\"Microsoft.Default\"")
                 .text() +
             "," + record.numbered(4).with("PartitionName", "null").with("Metadata", metadata).text() + "]");
    CHECK(all.refused == "");
    CHECK(all.counts.records == 4);
    CHECK(all.counts.removals == 2);
    REQUIRE(all.removals.size() == 2);
    CHECK(all.removals[0].sequence == 3);
    CHECK(all.removals[1].sequence == 4);
}

TEST_CASE("change feed: an array, pages of it one after another, or a record a line, in capital or small letters") {
    const record_text record;
    const std::string a = record.text();
    const std::string b = record.numbered(2).text();
    std::string small = b;
    std::transform(small.begin(), small.end(), small.begin(),
                   [](char c) { return c == 'T' || c == 'Z' ? c : detail::lower_case(c); });
    for (const std::string& text :
         {"[" + a + "," + b + "]", "\xEF\xBB\xBF [" + a + "\n,\n" + b + "]\n", "[" + a + "][" + b + "]\n",
          "[]\n[" + a + "," + b + "]", a + "\n" + b, a + "\r\n\r\n" + b + "\r\n", a + "[" + small + "]"}) {
        CAPTURE(text);
        const read_feed all = read(text);
        CHECK(all.refused == "");
        CHECK(all.removals.size() == 2);
        CHECK(all.counts.last_sequence == 2);
    }
    const read_feed none = read("[]");
    CHECK(none.refused == "");
    CHECK(none.counts.records == 0);
}

TEST_CASE("change feed: the filter lets through what is late enough, by its time or by its sequence") {
    const record_text record;
    const std::string text = record.text() + record.numbered(2).with("Timestamp", "\"2022-08-02T00:00:00Z\"").text() +
                             record.numbered(3).with("Timestamp", "\"2022-07-01T00:00:00Z\"").text();
    struct row {
        feed_filter filter;
        std::vector<std::int64_t> sequences;
    };
    for (const row& t :
         {row{{}, {1, 2, 3}}, row{{.since = parse_utc("2022-08-01T09:30:00.123Z")}, {1, 2}},
          row{{.since = parse_utc("2022-08-01T09:30:00.124Z")}, {2}}, row{{.since = parse_utc("2022-08-03")}, {}},
          row{{.since = std::nullopt, .after_sequence = 1}, {2, 3}},
          row{{.since = parse_utc("2022-08-01"), .after_sequence = 1}, {2}},
          row{{.since = std::nullopt, .after_sequence = 3}, {}}}) {
        const read_feed all = read(text, t.filter);
        std::vector<std::int64_t> sequences;
        for (const feed_removal& each : all.removals) sequences.push_back(each.sequence);
        CHECK(sequences == t.sequences);
        CHECK(all.counts.given == sequences.size());
        CHECK(all.counts.removals == 3);
    }
}

TEST_CASE("change feed: a record that lacks something, or says what cannot be, is refused with its line and number") {
    struct row {
        const char* name;
        const char* value;  // empty: left out
        const char* said;
    };
    const char* const number = "Sequence is a whole number above that of the record before it";
    const char* const uid = " is 1 to 64 digits and dots, the last one a digit";
    const char* const time = "Timestamp is a time with its zone, like 2022-08-01T09:30:00Z";
    const char* const state = "State is current, replaced or deleted";
    const char* const partition =
        "PartitionName is Microsoft.Default: removals in other data partitions cannot be told from it by name";
    const char* const watermark = "OriginalWatermark is a whole number of at least 1";
    for (const row& t : {
             row{"Sequence", "", number},
             row{"Sequence", "null", number},
             row{"Sequence", "1", number},
             row{"Sequence", "0", number},
             row{"Sequence", "-2", number},
             row{"Sequence", "2.0", number},
             row{"Sequence", "\"two\"", number},
             row{"Sequence", "{}", number},
             row{"Sequence", "9223372036854775808", number},
             row{"Sequence", "[2]", number},
             row{"StudyInstanceUid", "", "StudyInstanceUid"},
             row{"StudyInstanceUid", "\"\"", "StudyInstanceUid"},
             row{"SeriesInstanceUid", "\"1.2/../3\"", "SeriesInstanceUid"},
             row{"SopInstanceUid", "\"SECRET\"", "SopInstanceUid"},
             row{"SopInstanceUid", "14", nullptr},
             row{"Action", "", "Action is create, update or delete"},
             row{"Action", "\"SECRET\"", "Action is create, update or delete"},
             row{"Action", "1", "Action is create, update or delete"},
             row{"Timestamp", "", time},
             row{"Timestamp", "\"SECRET\"", time},
             row{"Timestamp", "\"2022-08-01T09:30:00\"", time},
             row{"Timestamp", "1659346200", time},
             row{"State", "", state},
             row{"State", "\"SECRET\"", state},
             row{"State", "\"current\"", "State is replaced or deleted after a removal"},
             row{"PartitionName", "\"SECRET\"", partition},
             row{"PartitionName", "\"\"", partition},
             row{"OriginalWatermark", "0", watermark},
             row{"OriginalWatermark", "\"SECRET\"", watermark},
         }) {
        CAPTURE(t.name);
        CAPTURE(t.value);
        const record_text record;
        const read_feed all = read("[" + record.text() + ",\n" + record.numbered(2).with(t.name, t.value).text() + "]");
        const std::string said = t.said == nullptr ? "" : t.said;
        const bool about_uid = said == t.name;
        CHECK(all.refused == (said.empty() ? "" : "line 2, record 2: " + said + (about_uid ? uid : "")));
        CHECK(all.removals.size() == (said.empty() ? 2 : 1));
    }
    std::string twice = record_text().text();
    twice.insert(1, "\"sequence\":1,");
    CHECK(read(twice).refused == "line 1, record 1: Sequence stands there twice");
}

TEST_CASE("change feed: what is no feed, torn or hostile is refused with its line") {
    const std::string record = record_text().text();
    struct row {
        std::string text;
        std::string said;
    };
    for (const row& t : {
             row{"", "it is empty; a feed without a record is []"},
             row{" \n\n", "it is empty; a feed without a record is []"},
             row{"\n\n[" + record, "line 3, record 1: it is not JSON"},
             row{record + "\n{\"Sequence\":2,\n", "line 3, record 2: it is not JSON"},
             row{"[" + record + ",]", "line 1, record 1: it is not JSON"},
             row{record + "\ntorn", "line 2, record 1: it is not JSON"},
             row{"{\"a\":\"\xFF\"}", "line 1, record 1: it is not JSON"},
             row{"5", "line 1, record 1: it is not an object"},
             row{"[5]", "line 1, record 1: it is not an object"},
             row{"[[" + record + "]]", "line 1, record 1: it is not an object"},
             row{"{\"value\":[" + record + "]}",
                 "line 1, record 1: Sequence is a whole number above that of the record before it"},
             row{"{\"a\":" + std::string(100'000, '['), "line 1, record 1: it nests deeper than 256 levels"},
             row{std::string(100'000, '['), "line 1, record 1: it is not an object"},
             row{"[{\"a\":\"" + std::string(std::size_t{17} << 20, 'x') + "\"}]",
                 "line 1, record 1: it is larger than 16 MiB"},
             row{"[" + std::string(std::size_t{17} << 20, ' ') + "]", "line 1: it is larger than 16 MiB"},
         }) {
        CAPTURE(t.text.substr(0, 60));
        CHECK(read(t.text).refused == t.said);
    }
}

TEST_CASE("change feed: failures of the source and of who takes the removals come through as they are") {
    const std::string text = "[" + record_text().text() + "]";
    const auto ignore = [](feed_removal&&) { return result<void>(); };
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{40}, text.size()}) {
        CAPTURE(length);
        slow_source broken(text.substr(0, length), true);
        const auto read = read_change_feed(broken, {}, ignore);
        REQUIRE(!read.has_value());
        CHECK(read.error().code == errc::io_error);
    }
    slow_source whole(text, false);
    CHECK(read_change_feed(whole, {}, ignore).value().given == 1);
    memory_source again(as_bytes(text));
    const auto refused =
        read_change_feed(again, {}, [](feed_removal&&) -> result<void> { return fail(errc::cancelled, "enough"); });
    REQUIRE(!refused.has_value());
    CHECK(refused.error().code == errc::cancelled);
}
