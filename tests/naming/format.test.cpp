// SPDX-License-Identifier: MIT
#include <blobshift/naming/format.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <blobshift/naming/dicom_names.hpp>
#include <support/print.hpp>

#include <doctest/doctest.h>

using namespace blobshift;

namespace {

/// The new names with traits that are what the test asks for, known at compile time.
template <bool Unique, bool Immutable>
struct claims : prefix_names {
    static constexpr naming_traits traits() noexcept { return {.unique = Unique, .immutable = Immutable}; }
};

/// The same, known at run time.
struct claims_later : prefix_names {
    naming_traits said = prefix_names::traits();
    naming_traits traits() const noexcept { return said; }
};

/// Names nothing.
struct nameless : prefix_names {
    result<blob_name> name_of(const instance_id&, blob_kind) const { return fail(errc::unsupported, "no names"); }
};

template <class Old, class New>
concept Pairable = requires {
    typename dual_names<Old, New>;
};

static_assert(Pairable<uid_names, prefix_names> && Pairable<prefix_names, uid_names>);
static_assert(!Pairable<claims<false, true>, prefix_names> && !Pairable<uid_names, claims<false, true>>);
static_assert(!Pairable<claims<true, false>, prefix_names> && !Pairable<uid_names, claims<true, false>>);
static_assert(FixedTraits<uid_names> && !FixedTraits<claims_later>);
static_assert(std::is_default_constructible_v<dual_names<uid_names, prefix_names>>);
static_assert(!std::is_default_constructible_v<dual_names<uid_names, claims_later>>);

const dual_names<uid_names, prefix_names> pair;
const instance_id id{"1.2", "1.3", "1.4", 1};

std::vector<std::string> texts(const result<std::vector<blob_name>>& names) {
    std::vector<std::string> all;
    for (const blob_name& n : names.value()) all.push_back(n.text());
    return all;
}

using list = std::vector<std::string>;

}  // namespace

TEST_CASE("the names of an instance, in every format, in the order of writing, reading and removing") {
    const std::string o = "1.2/1.3/1.4_1.dcm";
    const std::string n = "132_1.dcm";
    struct row {
        format f;
        bool sealed;
        list write, read, remove;
    };
    for (const row& t :
         {row{format::old_names, false, {o}, {o, n}, {o, n}}, row{format::dual, false, {o, n}, {o, n}, {o, n}},
          row{format::new_names, false, {n}, {n, o}, {o, n}}, row{format::new_names, true, {n}, {n}, {n}},
          row{format::old_names, true, {o}, {o, n}, {o, n}}, row{format::dual, true, {o, n}, {o, n}, {o, n}}}) {
        CAPTURE(to_string(t.f));
        CAPTURE(t.sealed);
        CHECK(texts(pair.to_write(t.f, id, blob_kind::instance)) == t.write);
        CHECK(texts(pair.to_read(t.f, id, blob_kind::instance, t.sealed)) == t.read);
        CHECK(texts(pair.to_remove(t.f, id, blob_kind::instance, t.sealed)) == t.remove);
    }
}

TEST_CASE("a kind that only New has a name for is written, read and removed under New in every format") {
    for (const blob_kind kind : {blob_kind::frame_ranges, blob_kind::work_item}) {
        const list n = {prefix_names{}.name_of(id, kind).value().text()};
        for (const format f : {format::old_names, format::dual, format::new_names}) {
            CHECK(texts(pair.to_write(f, id, kind)) == n);
            CHECK(texts(pair.to_read(f, id, kind)) == n);
            CHECK(texts(pair.to_remove(f, id, kind)) == n);
        }
    }
}

TEST_CASE("a kind that only Old has a name for is never written in New") {
    const dual_names<uid_names, nameless> dropping;

    CHECK(texts(dropping.to_write(format::dual, id, blob_kind::instance)) == list{"1.2/1.3/1.4_1.dcm"});
    CHECK(texts(dropping.to_read(format::new_names, id, blob_kind::instance)) == list{"1.2/1.3/1.4_1.dcm"});
    CHECK(dropping.to_write(format::new_names, id, blob_kind::instance).error().code == errc::unsupported);
    CHECK(dropping.to_read(format::new_names, id, blob_kind::instance, true).error().code == errc::unsupported);
}

TEST_CASE("where both policies give the same name it stands once, so that nothing is copied onto itself") {
    const dual_names<prefix_names, prefix_names> same;

    for (const format f : {format::old_names, format::dual, format::new_names}) {
        CHECK(texts(same.to_write(f, id, blob_kind::instance)) == list{"132_1.dcm"});
        CHECK(texts(same.to_read(f, id, blob_kind::instance)) == list{"132_1.dcm"});
        CHECK(texts(same.to_remove(f, id, blob_kind::instance)) == list{"132_1.dcm"});
    }
}

TEST_CASE("an id that one of the two policies cannot name is refused wherever that policy is asked") {
    const instance_id without_uids{"", "", "", 1};

    CHECK(pair.to_write(format::dual, without_uids, blob_kind::instance).error().code == errc::invalid_argument);
    CHECK(pair.to_read(format::new_names, without_uids, blob_kind::instance).error().code == errc::invalid_argument);
    CHECK(pair.to_read(format::old_names, {"1.2", "1.3", "1.4", 0}, blob_kind::instance).error().code ==
          errc::invalid_argument);
    CHECK(texts(pair.to_write(format::new_names, without_uids, blob_kind::instance)) == list{"132_1.dcm"});
    CHECK(texts(pair.to_read(format::new_names, without_uids, blob_kind::instance, true)) == list{"132_1.dcm"});
}

TEST_CASE("policies with traits known only at run time are paired when they are unique and immutable") {
    using late = dual_names<uid_names, claims_later>;
    claims_later fine;
    claims_later not_unique;
    not_unique.said.unique = false;
    claims_later not_immutable;
    not_immutable.said.immutable = false;

    CHECK(texts(late::pair({}, fine).value().to_write(format::dual, id, blob_kind::instance)) ==
          list{"1.2/1.3/1.4_1.dcm", "132_1.dcm"});
    CHECK(late::pair({}, not_unique).error().message == "a policy whose names are not unique cannot be paired");
    CHECK(late::pair({}, not_immutable).error().message ==
          "a policy whose names stand for changing content cannot be paired");
    CHECK((dual_names<claims_later, prefix_names>::pair(not_unique, {}).error().code) == errc::invalid_argument);
}

TEST_CASE("the policies of a pair can be asked themselves") {
    const dual_names both(uid_names{}, prefix_names{});

    CHECK(both.older().name_of(id, blob_kind::instance).value().text() == "1.2/1.3/1.4_1.dcm");
    CHECK(both.newer().name_of(id, blob_kind::instance).value().text() == "132_1.dcm");
}

TEST_CASE("a format is read in any case or as its number, and nothing else is") {
    for (const format f : {format::old_names, format::dual, format::new_names})
        CHECK(parse_format(to_string(f)).value() == f);
    CHECK(parse_format("OLD").value() == format::old_names);
    CHECK(parse_format("dual").value() == format::dual);
    CHECK(parse_format("nEW").value() == format::new_names);
    CHECK(parse_format("0").value() == format::old_names);
    CHECK(parse_format("1").value() == format::dual);
    CHECK(parse_format("2").value() == format::new_names);
    for (const std::string_view text : {"", "3", "-1", "00", "Ne", "News", " New", "New ", "both", "D\xC3\xBC"}) {
        CAPTURE(text);
        const auto parsed = parse_format(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == errc::invalid_argument);
        CHECK(parsed.error().message == "a format is Old, Dual or New");
        CHECK(parsed.error().subject == text);
    }
    CHECK(to_string(static_cast<format>(9)) == "unknown");
}
