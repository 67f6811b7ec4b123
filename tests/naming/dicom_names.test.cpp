// SPDX-License-Identifier: MIT
#include <blobshift/naming/dicom_names.hpp>

#include <cstdint>
#include <fstream>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <naming/ids.hpp>
#include <support/print.hpp>

#include <doctest/doctest.h>

using namespace blobshift;

namespace {

const uid_names old_names;
const prefix_names new_names;

blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

instance_id with_watermark(std::int64_t watermark) { return {"", "", "", watermark}; }

/// A line of tests/data/prefix.tsv: what the reference system's own code printed.
struct vector_line {
    std::int64_t watermark = 0;
    std::string prefix = {};
    std::vector<std::string> names = {};  ///< In the order of all_blob_kinds.
    std::string xxh64_hex = {}, xxh64_decimal = {}, prefix_8_0_62 = {};
};

std::vector<vector_line> vectors() {
    const std::string here = __FILE__;
    std::ifstream file(here.substr(0, here.rfind('/')) + "/../data/prefix.tsv");
    std::string line;
    std::getline(file, line);  // the heading
    std::vector<vector_line> all;
    while (std::getline(file, line)) {
        std::vector<std::string> cells(1);
        for (const char c : line) {
            if (c == '\t')
                cells.emplace_back();
            else
                cells.back() += c;
        }
        REQUIRE(cells.size() == 9);
        all.push_back(
            {std::stoll(cells[0]), cells[1], {cells[2], cells[3], cells[4], cells[5]}, cells[6], cells[7], cells[8]});
    }
    return all;
}

}  // namespace

static_assert(uid_names::traits() ==
              naming_traits{.unique = true, .immutable = true, .invertible = true, .personal = true});
static_assert(prefix_names::traits() ==
              naming_traits{.unique = true, .immutable = true, .invertible = false, .personal = false});

TEST_CASE("the names of study 1.2, series 1.3, instance 1.4, watermark 1") {
    const instance_id id{"1.2", "1.3", "1.4", 1};

    CHECK(old_names.name_of(id, blob_kind::instance).value() == name("1.2/1.3/1.4_1.dcm"));
    CHECK(old_names.name_of(id, blob_kind::metadata).value() == name("1.2/1.3/1.4_1_metadata.json"));
    CHECK(new_names.name_of(id, blob_kind::instance).value() == name("132_1.dcm"));
    CHECK(new_names.name_of(id, blob_kind::metadata).value() == name("132_1_metadata.json"));
    CHECK(new_names.name_of(id, blob_kind::frame_ranges).value() == name("132_1_frames_range.json"));
    CHECK(new_names.name_of(id, blob_kind::work_item).value() == name("132_1_workitem.json"));
}

TEST_CASE("new names are those of the reference system, hash, prefix and name, in every vector") {
    std::size_t named = 0;
    for (const vector_line& v : vectors()) {
        CAPTURE(v.watermark);
        const std::uint64_t hash = xxh64_of(std::to_string(v.watermark));
        CHECK(detail::number_text(hash).view() == v.xxh64_decimal);
        CHECK(std::string(16 - detail::number_text(hash, 16).view().size(), '0')
                  .append(detail::number_text(hash, 16).view()) == v.xxh64_hex);
        CHECK(std::to_string(hash).substr(0, 3) == v.prefix);
        for (std::size_t i = 0; i < all_blob_kinds.size(); ++i) {
            const blob_kind kind = all_blob_kinds[i];
            const blob_name spelled = name(v.names[i]);
            if (v.watermark < 1) {  // the algorithm's output, but never a name
                CHECK(new_names.name_of(with_watermark(v.watermark), kind).error().code == errc::invalid_argument);
                CHECK(new_names.parse(spelled).error().code == errc::invalid_argument);
                continue;
            }
            CHECK(new_names.name_of(with_watermark(v.watermark), kind).value() == spelled);
            const auto parsed = new_names.parse(spelled).value();
            CHECK(parsed.id == with_watermark(v.watermark));
            CHECK(parsed.kind == kind);
            CHECK(parsed.dialect.empty());
            ++named;
        }
    }
    CHECK(named >= 4 * 100);
}

TEST_CASE("names of release 8.0.62 are recognised as that dialect, in every vector") {
    for (const vector_line& v : vectors()) {
        if (v.watermark < 1) continue;
        CAPTURE(v.watermark);
        for (const blob_kind kind : all_blob_kinds) {
            const std::string text =
                v.prefix_8_0_62 + "_" + std::to_string(v.watermark) + std::string(detail::ending_of(kind));
            CHECK(new_names.name_of(with_watermark(v.watermark), kind, prefix_names::dialect_8_0_62).value() ==
                  name(text));
            const auto parsed = new_names.parse(name(text)).value();
            CHECK(parsed.id == with_watermark(v.watermark));
            CHECK(parsed.kind == kind);
            CHECK(parsed.dialect == (v.prefix_8_0_62 == v.prefix ? "" : prefix_names::dialect_8_0_62));
        }
    }
}

TEST_CASE("frame ranges with a stray space are recognised as that dialect, other kinds with one are not") {
    const auto parsed = new_names.parse(name("132_ 1_frames_range.json")).value();

    CHECK(parsed.id == with_watermark(1));
    CHECK(parsed.kind == blob_kind::frame_ranges);
    CHECK(parsed.dialect == prefix_names::dialect_spaced);
    CHECK(new_names.name_of(parsed.id, parsed.kind, parsed.dialect).value() == name("132_ 1_frames_range.json"));
    CHECK_FALSE(new_names.parse(name("132_ 1.dcm")));
    CHECK_FALSE(new_names.parse(name("132_ 1_metadata.json")));
    CHECK_FALSE(new_names.parse(name("132_  1_frames_range.json")));
    CHECK_FALSE(new_names.parse(name("299_ 1_frames_range.json")));  // both dialects at once: nobody wrote that
    CHECK(new_names.name_of(parsed.id, blob_kind::instance, prefix_names::dialect_spaced).error().code ==
          errc::unsupported);
    CHECK(new_names.name_of(parsed.id, blob_kind::instance, "9.0").error().code == errc::invalid_argument);
}

TEST_CASE("old work items are read, since their blobs must move, but not made, since an id has no key") {
    const auto parsed = old_names.parse(name("1.2.3_17_4_workitem.json")).value();

    CHECK(parsed.id == instance_id{"", "", "1.2.3", 4});
    CHECK(parsed.kind == blob_kind::work_item);
    CHECK(parsed.dialect == uid_names::dialect_keyed);
    CHECK(new_names.name_of(parsed.id, parsed.kind).value() == name("104_4_workitem.json"));
    for (const blob_kind kind : {blob_kind::work_item, blob_kind::frame_ranges}) {
        CHECK(old_names.name_of({"1.2", "1.3", "1.4", 1}, kind).error().code == errc::unsupported);
    }
}

TEST_CASE("what is not a name of the old scheme is refused") {
    const std::string long_uid(65, '1');
    for (const std::string& text : {std::string("132_1.dcm"),
                                    std::string("1.2/1.3_1.dcm"),
                                    std::string("1/1.2/1.3/1.4_1.dcm"),
                                    std::string("1.2/1.3/1.4.dcm"),
                                    std::string("1.2/1.3/1.4_.dcm"),
                                    std::string("1.2/1.3/1.4_0.dcm"),
                                    std::string("1.2/1.3/1.4_01.dcm"),
                                    std::string("1.2/1.3/1.4_+1.dcm"),
                                    std::string("1.2/1.3/1.4_-1.dcm"),
                                    std::string("1.2/1.3/1.4_9223372036854775808.dcm"),
                                    std::string("1.2/1.3/1.4_1.DCM"),
                                    std::string("1.2/1.3/1.4_1.dcm.bak"),
                                    std::string("1.2/1.3/1.4_1_2.dcm"),
                                    std::string("1.2/1.3/1.4_1"),
                                    std::string("1.2/1.3/1.4_1_frames_range.json"),
                                    std::string("1.2/1.3/1.4_1_workitem.json"),
                                    std::string("1.2/1.3/x_1.dcm"),
                                    std::string("a/1.3/1.4_1.dcm"),
                                    std::string("1.2/b/1.4_1.dcm"),
                                    std::string("1.2/1.3/_1.dcm"),
                                    std::string("1.2/1.3/1.4._1.dcm"),
                                    std::string(" 1.2/1.3/1.4_1.dcm"),
                                    "1.2/1.3/" + long_uid + "_1.dcm",
                                    std::string("readme"),
                                    std::string("_1_1_workitem.json"),
                                    std::string("1.2_workitem.json"),
                                    std::string("1.2_3_workitem.json"),
                                    std::string("1.2_0_3_workitem.json"),
                                    std::string("1.2_3_0_workitem.json"),
                                    std::string("1.2_3_4_metadata.json"),
                                    std::string("x_3_4_workitem.json")}) {
        CAPTURE(text);
        const auto parsed = old_names.parse(name(text));
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == errc::invalid_argument);
        CHECK(parsed.error().message == "not a name of the old scheme");
        CHECK(parsed.error().subject.empty());
    }
}

TEST_CASE("what is not a name of the new scheme is refused") {
    struct row {
        const char* text;
        const char* why;
    };
    for (const row& t :
         {row{"1.2/1.3/1.4_1.dcm", "not a name of the new scheme"}, row{"132", "not a name of the new scheme"},
          row{"1323_1.dcm", "not a name of the new scheme"}, row{"132_", "not a name of the new scheme"},
          row{"132_0.dcm", "not a name of the new scheme"}, row{"132_01.dcm", "not a name of the new scheme"},
          row{"132_+1.dcm", "not a name of the new scheme"}, row{"442_-1.dcm", "not a name of the new scheme"},
          row{"714_0.dcm", "not a name of the new scheme"},
          row{"132_9223372036854775808.dcm", "not a name of the new scheme"},
          row{"132_1.DCM", "not a name of the new scheme"}, row{"132_1", "not a name of the new scheme"},
          row{"132_1_2.dcm", "not a name of the new scheme"}, row{"x/132_1.dcm", "not a name of the new scheme"},
          row{"133_1.dcm", "the prefix does not fit the watermark"},
          row{"13_1.dcm", "the prefix does not fit the watermark"},
          row{"_1.dcm", "the prefix does not fit the watermark"},
          row{"b7b_1.dcm", "the prefix does not fit the watermark"}}) {
        CAPTURE(t.text);
        const auto parsed = new_names.parse(name(t.text));
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == errc::invalid_argument);
        CHECK(parsed.error().message == t.why);
        CHECK(parsed.error().subject.empty());
    }
}

TEST_CASE("an id that cannot be named is refused with the broken rule and without its UID") {
    struct row {
        instance_id id;
        const char* why;
    };
    for (const row& t :
         {row{{"", "1.3", "1.4", 1}, "a study UID is 1 to 64 digits and dots, the last one a digit"},
          row{{"1.2", "1.3/4", "1.4", 1}, "a series UID is 1 to 64 digits and dots, the last one a digit"},
          row{{"1.2", "1.3", "1.4_7", 1}, "a sop UID is 1 to 64 digits and dots, the last one a digit"},
          row{{"1.2", "1.3", "1.4", 0}, "a watermark is at least 1"},
          row{{"1.2", "1.3", "1.4", -1}, "a watermark is at least 1"}}) {
        CAPTURE(t.why);
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            const auto named = old_names.name_of(t.id, kind);
            REQUIRE_FALSE(named);
            CHECK(named.error().code == errc::invalid_argument);
            CHECK(named.error().message == t.why);
        }
    }
    CHECK(new_names.name_of(with_watermark((std::numeric_limits<std::int64_t>::min)()), blob_kind::instance)
              .error()
              .message == "a watermark is at least 1");
}

TEST_CASE("parse gives back what name_of was given, for random ids") {
    test::id_source source(1);
    for (int i = 0; i < 20'000; ++i) {
        const instance_id id = source.id();
        CAPTURE(id.study);
        CAPTURE(id.series);
        CAPTURE(id.sop);
        CAPTURE(id.watermark);
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            const auto parsed = old_names.parse(old_names.name_of(id, kind).value()).value();
            REQUIRE(parsed.id == id);
            REQUIRE(parsed.kind == kind);
            REQUIRE(parsed.dialect.empty());
        }
        for (const blob_kind kind : all_blob_kinds) {
            const auto parsed = new_names.parse(new_names.name_of(id, kind).value()).value();
            REQUIRE(parsed.id == with_watermark(id.watermark));
            REQUIRE(parsed.kind == kind);
            REQUIRE(parsed.dialect.empty());
        }
    }
}

TEST_CASE("no two ids and no two kinds share a name, and no name belongs to both schemes") {
    std::set<blob_name> names;
    std::size_t count = 0;
    for (const instance_id& id : test::confusable_ids()) {
        for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
            const blob_name n = old_names.name_of(id, kind).value();
            CHECK_FALSE(new_names.parse(n));
            names.insert(n);
            ++count;
        }
    }
    for (std::int64_t watermark = 1; watermark <= 20'000; ++watermark) {
        for (const blob_kind kind : all_blob_kinds) {
            const blob_name n = new_names.name_of(with_watermark(watermark), kind).value();
            REQUIRE_FALSE(old_names.parse(n));
            names.insert(n);
            ++count;
        }
    }
    CHECK(names.size() == count);
}

TEST_CASE("a name with one character changed is no name, or exactly the name of what it says") {
    constexpr std::string_view characters = "0123456789. _/+-xdcm";
    test::id_source source(2);
    std::size_t still_names = 0;
    for (int i = 0; i < 50'000; ++i) {
        const instance_id id = source.id();
        const bool of_old = i % 2 == 0;
        const blob_kind kind = all_blob_kinds[source.below(of_old ? 2 : 4)];
        std::string text = (of_old ? old_names.name_of(id, kind) : new_names.name_of(id, kind)).value().text();
        text[source.below(text.size())] = characters[source.below(characters.size())];
        const auto changed = blob_name::parse(text);
        if (!changed) continue;
        if (const auto parsed = old_names.parse(*changed); parsed && parsed->dialect.empty()) {
            REQUIRE(old_names.name_of(parsed->id, parsed->kind).value() == *changed);
            ++still_names;
        }
        if (const auto parsed = new_names.parse(*changed)) {
            REQUIRE(new_names.name_of(parsed->id, parsed->kind, parsed->dialect).value() == *changed);
            ++still_names;
        }
    }
    CHECK(still_names > 1'000);
}
