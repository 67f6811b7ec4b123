// SPDX-License-Identifier: MIT
#include <blobshift/naming/template_names.hpp>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/naming/format.hpp>
#include <naming/ids.hpp>
#include <support/print.hpp>

#include <doctest/doctest.h>

using namespace blobshift;

namespace {

constexpr std::string_view as_uid_names = "{study}/{series}/{sop}_{watermark}{kind:instance,metadata}";
constexpr std::string_view as_prefix_names = "{xxh64(watermark):dec[0:3]}_{watermark}{kind}";

template_names made(std::string_view text) { return template_names::parse(text).value(); }
blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

/// What the names of `t` hold of `id`: all that a parse can give back.
instance_id held_by(const template_names& t, std::string_view text, instance_id id) {
    if (t.traits().invertible) return id;
    if (text.find("{study}") == std::string_view::npos) id.study.clear();
    if (text.find("{series}") == std::string_view::npos) id.series.clear();
    if (text.find("{sop}") == std::string_view::npos) id.sop.clear();
    return id;
}

}  // namespace

TEST_CASE("the two schemes of the reference system can be written as templates, with identical names for random ids") {
    const template_names old_template = made(as_uid_names);
    const template_names new_template = made(as_prefix_names);
    test::id_source source(3);
    for (int i = 0; i < 5'000; ++i) {
        const instance_id id = source.id();
        CAPTURE(id.watermark);
        for (const blob_kind kind : all_blob_kinds) {
            const auto old_name = uid_names{}.name_of(id, kind);
            const auto same = old_template.name_of(id, kind);
            REQUIRE(old_name.has_value() == same.has_value());
            if (old_name)
                REQUIRE(*same == *old_name);
            else
                REQUIRE(same.error().code == old_name.error().code);
            REQUIRE(new_template.name_of(id, kind).value() == prefix_names{}.name_of(id, kind).value());
        }
    }
    CHECK(old_template.traits() == uid_names::traits());
    CHECK(new_template.traits() == prefix_names::traits());
}

TEST_CASE("every field, every way of writing digits, every slice") {
    struct row {
        std::string_view text;
        std::string_view instance;  // of study 1.2, series 1.3, instance 1.4, watermark 26
    };
    for (const row& t :
         {row{"{watermark}{kind}", "26.dcm"}, row{"{watermark:dec}{kind}", "26.dcm"},
          row{"{watermark:dec0}{kind}", "0000000000000000026.dcm"}, row{"{watermark:hex}{kind}", "1a.dcm"},
          row{"{watermark:hex0}{kind}", "000000000000001a.dcm"}, row{"{watermark:dec[0:19]}{kind}", "26.dcm"},
          row{"{watermark:dec0[17:19]}/{watermark}{kind}", "26/26.dcm"},
          row{"{watermark:dec[0:1]}/{watermark}{kind}", "2/26.dcm"},
          row{"{watermark}_{study}-{series}-{sop}{kind}", "26_1.2-1.3-1.4.dcm"},
          row{"v1/{kind:instance=file,metadata=meta}/{watermark}", "v1/file/26"},
          row{"{kind:instance}{watermark}", ".dcm26"}, row{"b\xC3\xA4r {watermark}{kind}", "b\xC3\xA4r 26.dcm"}}) {
        CAPTURE(t.text);
        const template_names names = made(t.text);
        const instance_id id{"1.2", "1.3", "1.4", 26};
        CHECK(names.name_of(id, blob_kind::instance).value() == name(t.instance));
        CHECK(names.parse(name(t.instance)).value().id == held_by(names, t.text, id));
    }
}

TEST_CASE("hashes are those of the field's text, in the digits asked for") {
    // tests/data/prefix.tsv: the hash of 2147483647 is short in both bases, so padding shows.
    const instance_id id{"2147483647", "1.3", "1.4", 2147483647};
    struct row {
        std::string_view hash;
        std::string_view text;
    };
    for (const row& t :
         {row{"{xxh64(watermark):hex}", "141af9c83dcc762"}, row{"{xxh64(watermark):hex0}", "0141af9c83dcc762"},
          row{"{xxh64(watermark):dec}", "90546554286163810"}, row{"{xxh64(watermark):dec0}", "00090546554286163810"},
          row{"{xxh64(watermark):dec[0:3]}", "905"}, row{"{xxh64(watermark):dec0[17:20]}", "810"},
          row{"{xxh64(watermark):hex0[0:2]}/{xxh64(watermark):hex0[2:4]}", "01/41"},
          row{"{study}/{xxh64(study):hex0[14:16]}", "2147483647/62"}}) {
        CAPTURE(t.hash);
        const template_names names = made(std::string(t.hash) + "-{watermark}{kind}");
        CHECK(names.name_of(id, blob_kind::instance).value() == name(std::string(t.text) + "-2147483647.dcm"));
    }
}

TEST_CASE("a template that breaks a rule is refused with the reason and the place") {
    struct row {
        std::string_view text;
        std::string_view why;
    };
    for (const row& t :
         {row{"", "names would not be unique: {watermark} is missing (byte 0 of the template)"},
          row{"{study}/{series}/{sop}{kind}",
              "names would not be unique: {watermark} is missing (byte 28 of the template)"},
          row{"{watermark:dec[0:18]}{kind}",
              "names would not be unique: {watermark} is missing (byte 27 of the template)"},
          row{"{xxh64(watermark):hex0}{kind}",
              "names would not be unique: {watermark} is missing (byte 29 of the template)"},
          row{"{watermark}.dcm", "names would not be unique: {kind} is missing (byte 15 of the template)"},
          row{"{sop}{watermark}{kind}", "it cannot be told where the field before this ends (byte 5 of the template)"},
          row{"{sop}.{watermark}{kind}", "it cannot be told where the field before this ends (byte 5 of the template)"},
          row{"{sop}.7_{watermark}{kind}",
              "it cannot be told where the field before this ends (byte 5 of the template)"},
          row{"{watermark}0{kind}", "it cannot be told where the field before this ends (byte 11 of the template)"},
          row{"{watermark:hex}a{kind}", "it cannot be told where the field before this ends (byte 15 of the template)"},
          row{"{watermark}{kind:instance=1,metadata=m}",
              "it cannot be told where the field before this ends (byte 11 of the template)"},
          row{"{xxh64(watermark):dec[0:3]}{watermark}{kind}",
              "it cannot be told where the field before this ends (byte 27 of the template)"},
          row{"{xxh64(sop):hex}/{watermark}{kind}",
              "the hash of a UID can be checked only where the name holds the UID, too (byte 0 of the template)"},
          row{"{kind}{watermark}{kind}", "{kind} stands once (byte 17 of the template)"},
          row{"{watermark}{kind:instance,instance}", "this kind has an ending already (byte 26 of the template)"},
          row{"{watermark}{kind:instance=}", "the ending of a kind is not empty (byte 17 of the template)"},
          row{"{watermark}{kind:}",
              "a kind is instance, metadata, frame_ranges or work_item (byte 17 of the template)"},
          row{"{watermark}{kind:file}",
              "a kind is instance, metadata, frame_ranges or work_item (byte 17 of the template)"},
          row{"{watermark}{kind:instance=.a,metadata=.a}",
              "the ending of one kind is the beginning of another's (byte 11 of the template)"},
          row{"{watermark}{kind:instance=.a,metadata=.ab}",
              "the ending of one kind is the beginning of another's (byte 11 of the template)"},
          row{"{sopp}", "a field is study, series, sop, watermark, kind or xxh64(...) (byte 1 of the template)"},
          row{"a{}", "a field is study, series, sop, watermark, kind or xxh64(...) (byte 2 of the template)"},
          row{"{md5(sop):hex}",
              "a field is study, series, sop, watermark, kind or xxh64(...) (byte 1 of the template)"},
          row{"{now}", "a field is study, series, sop, watermark, kind or xxh64(...) (byte 1 of the template)"},
          row{"{sop", "a '}' is missing here (byte 4 of the template)"},
          row{"{sop[0:2]}", "a '}' is missing here (byte 4 of the template)"},
          row{"{watermark:dec{", "a '}' is missing here (byte 14 of the template)"},
          row{"a}b", "a '}' without its '{' (byte 1 of the template)"},
          row{"{xxh64}", "a hash is written like xxh64(watermark):dec (byte 1 of the template)"},
          row{"{xxh64(now):dec}", "a hash is written like xxh64(watermark):dec (byte 1 of the template)"},
          row{"{xxh64(watermark)}", "a hash is written like xxh64(watermark):dec (byte 1 of the template)"},
          row{"{xxh64(watermark:dec}", "a hash is written like xxh64(watermark):dec (byte 1 of the template)"},
          row{"{watermark:oct}", "digits are dec or hex, or with leading zeros dec0 or hex0 (byte 11 of the template)"},
          row{"{watermark[0:3]}",
              "digits are dec or hex, or with leading zeros dec0 or hex0 (byte 10 of the template)"},
          row{"{watermark:dec[3:3]}", "a slice is [from:to] with from < to <= 19 (byte 15 of the template)"},
          row{"{watermark:hex[0:17]}", "a slice is [from:to] with from < to <= 16 (byte 15 of the template)"},
          row{"{xxh64(sop):dec0[0:21]}", "a slice is [from:to] with from < to <= 20 (byte 17 of the template)"},
          row{"{watermark:dec[-1:3]}", "a slice is [from:to] with from < to <= 19 (byte 15 of the template)"},
          row{"{watermark:dec[0:99999999999999999999]}",
              "a slice is [from:to] with from < to <= 19 (byte 15 of the template)"},
          row{"{watermark:dec[0:3}", "a slice is [from:to] with from < to <= 19 (byte 15 of the template)"},
          row{"{watermark:dec[0", "a slice is [from:to] with from < to <= 19 (byte 15 of the template)"},
          row{"{watermark:dec[1:3]}", "a slice that does not begin at 0 needs dec0 or hex0 (byte 15 of the template)"},
          row{".blobshift/{watermark}{kind}", "names would be reserved ones (byte 0 of the template)"},
          row{"{kind:metadata=.blobshift}/{watermark}", "names would be reserved ones (byte 0 of the template)"},
          row{"{study}//{watermark}{kind}", "no segment of a blob name is empty"},
          row{"/{watermark}{kind}", "no segment of a blob name is empty"},
          row{"../{watermark}{kind}", "no segment of a blob name is '.' or '..'"},
          row{"a\\{watermark}{kind}", "a blob name has no backslash"},
          row{"{watermark}{kind:work_item=.}", "no segment of a blob name ends in a dot"},
          row{"{watermark}\n{kind}", "a blob name has no control character"},
          row{"\xFF{watermark}{kind}", "a blob name is well-formed UTF-8"}}) {
        CAPTURE(t.text);
        const auto parsed = template_names::parse(t.text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == errc::invalid_argument);
        CHECK(parsed.error().message == t.why);
        CHECK(parsed.error().subject == t.text);
    }
}

TEST_CASE("a template whose longest names would be too long is refused") {
    std::string text = "{watermark}{kind}";
    for (int i = 0; i < 15; ++i) text = "{study}/" + text;  // 15 * 65 + 19 + 18 units

    CHECK(template_names::parse(text));
    CHECK(template_names::parse("{study}/" + text).error().message == "a blob name has at most 1024 UTF-16 code units");
}

TEST_CASE("where an id must be read back, a template without all three UIDs is refused") {
    CHECK(template_names::parse(as_uid_names, {.must_invert = true}));
    for (const std::string_view text : {"{study}/{series}/{watermark}{kind}", "{study}/{sop}/{watermark}{kind}",
                                        "{series}/{sop}/{watermark}{kind}"}) {
        CAPTURE(text);
        CHECK(made(text).traits() ==
              naming_traits{.unique = true, .immutable = true, .invertible = false, .personal = true});
        CHECK(template_names::parse(text, {.must_invert = true}).error().message ==
              "an id could not be read back: {study}, {series} or {sop} is missing (byte " +
                  std::to_string(text.size()) + " of the template)");
    }
}

TEST_CASE("an id is refused for what the template asks of it, and only for that") {
    const template_names names = made("{study}/{watermark}{kind:instance}");

    CHECK(names.name_of({"1.2", "", "?", 1}, blob_kind::instance).value() == name("1.2/1.dcm"));
    CHECK(names.name_of({"1.2.", "", "", 1}, blob_kind::instance).error().message ==
          "a study UID is 1 to 64 digits and dots, the last one a digit");
    CHECK(names.name_of({"1.2", "", "", 0}, blob_kind::instance).error().message == "a watermark is at least 1");
    CHECK(names.name_of({"1.2", "", "", 1}, blob_kind::metadata).error().code == errc::unsupported);
}

TEST_CASE("what the template does not print is not a name of it") {
    struct row {
        std::string_view text;
        std::string_view foreign;
    };
    for (const row& t : {row{as_uid_names, "132_1.dcm"},
                         row{as_uid_names, "1.2/1.3/1.4_01.dcm"},
                         row{as_uid_names, "1.2/1.3/1.4_0.dcm"},
                         row{as_uid_names, "1.2/1.3/1.4_1.dcmx"},
                         row{as_uid_names, "1.2/1.3/1.4_1_workitem.json"},
                         row{as_uid_names, "1.2/1.3/x_1.dcm"},
                         row{as_uid_names, "1.2/1.3/1.4_9223372036854775808.dcm"},
                         row{as_prefix_names, "133_1.dcm"},
                         row{as_prefix_names, "1323_1.dcm"},
                         row{as_prefix_names, "299_1.dcm"},
                         row{as_prefix_names, "132_ 1_frames_range.json"},
                         row{as_prefix_names, "132"},
                         row{"{watermark:hex0}{kind}", "1a.dcm"},
                         row{"{watermark:hex}{kind}", "1A.dcm"},
                         row{"{watermark:hex}{kind}", "01.dcm"},
                         row{"{watermark:hex0}{kind}", "8000000000000000.dcm"},
                         row{"{watermark:dec0}{kind}", "000000000000000001x.dcm"},
                         row{"{watermark:hex0}{kind}", "00"},
                         row{"{study}/{xxh64(study):hex}/{watermark}{kind}", "1.2/1/1.dcm"},
                         row{"{study}/{study}/{watermark}{kind}", "1.2/1.3/1.dcm"}}) {
        CAPTURE(t.text);
        CAPTURE(t.foreign);
        const auto parsed = made(t.text).parse(name(t.foreign));
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == errc::invalid_argument);
        CHECK(parsed.error().message == "not a name of this template");
        CHECK(parsed.error().subject.empty());
    }
}

TEST_CASE("whatever template is accepted, no two ids share a name and parse gives back what a name holds") {
    constexpr std::array<std::string_view, 26> pieces = {"{study}",
                                                         "{series}",
                                                         "{sop}",
                                                         "{watermark}",
                                                         "{watermark}",
                                                         "{watermark:dec0}",
                                                         "{watermark:hex}",
                                                         "{kind}",
                                                         "{kind}",
                                                         "{kind:instance=1,metadata=a}",
                                                         "{kind:instance=.,metadata=1.}",
                                                         "{kind:instance=x,metadata=.x}",
                                                         "{xxh64(watermark):dec[0:3]}",
                                                         "{xxh64(watermark):hex0[3:5]}",
                                                         "{xxh64(study):hex}",
                                                         "{watermark:hex0[15:16]}",
                                                         "{watermark:dec[0:1]}",
                                                         "/",
                                                         "_",
                                                         ".",
                                                         "1",
                                                         "a",
                                                         "/",
                                                         "-x",
                                                         "._",
                                                         ".1"};
    const auto ids = test::confusable_ids();
    test::id_source source(4);
    std::size_t accepted = 0;
    for (int i = 0; i < 40'000; ++i) {
        std::string text;
        for (std::size_t n = 2 + source.below(6); n > 0; --n) text += pieces[source.below(pieces.size())];
        const auto names = template_names::parse(text);
        if (!names) continue;
        ++accepted;
        CAPTURE(text);
        std::map<blob_name, std::pair<instance_id, blob_kind>> owners;
        for (int k = 0; k < 60; ++k) {
            const instance_id id = held_by(*names, text, ids[source.below(ids.size())]);
            for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata}) {
                const auto n = names->name_of(id, kind);
                REQUIRE(n);
                const auto parsed = names->parse(*n);
                REQUIRE(parsed);
                REQUIRE(parsed->id == id);
                REQUIRE(parsed->kind == kind);
                const auto owner = owners.emplace(*n, std::pair(id, kind)).first;
                REQUIRE(owner->second == std::pair(id, kind));
            }
        }
    }
    CHECK(accepted > 400);
}

TEST_CASE("templates are paired like any other policy") {
    const auto pair =
        dual_names<uid_names, template_names>::pair({}, made("{xxh64(watermark):hex0[0:2]}/{watermark}{kind}"));
    const auto names = pair.value().to_write(format::dual, {"1.2", "1.3", "1.4", 1}, blob_kind::instance).value();

    REQUIRE(names.size() == 2);
    CHECK(names[0] == name("1.2/1.3/1.4_1.dcm"));
    CHECK(names[1] == name("b7/1.dcm"));
}
