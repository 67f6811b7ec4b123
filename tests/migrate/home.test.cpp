// SPDX-License-Identifier: MIT
#include <blobshift/migrate/home.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <blobshift/backends/memory_store.hpp>

using namespace blobshift;

namespace {

/// Two containers, and two states beside them.
struct stores {
    any_store files{memory_store()};
    any_store metadata{memory_store()};
    any_store state{memory_store()};
    any_store other{memory_store()};
    context c = {};

    /// The codes of what speaks against naming these together.
    [[nodiscard]] std::vector<std::string_view> against(const named_stores& named) const {
        std::vector<std::string_view> codes;
        const auto found = obstacles_of_home(named, c).value();
        for (const obstacle& each : found) {
            CHECK(each.objects == 1);
            CHECK(!each.text.empty());
            codes.push_back(each.code);
        }
        return codes;
    }
};

using codes = std::vector<std::string_view>;

std::size_t records_of(any_store& store) { return list_all(store, {}, {.prefix = ".blobshift/"})->blobs.size(); }

}  // namespace

TEST_CASE("home: a single container that keeps its records itself needs no record") {
    stores t;
    REQUIRE(bind_home({t.files, {&t.files}}, t.c));
    CHECK(records_of(t.files) == 0);
    CHECK(t.against({t.files, {&t.files}}).empty());
}

TEST_CASE("home: who forgets the state of its own, or names another one, is told") {
    stores t;
    REQUIRE(bind_home({t.state, {&t.files}}, t.c));
    REQUIRE(bind_home({t.state, {&t.files}}, t.c));
    CHECK(records_of(t.files) == 1);
    CHECK(records_of(t.state) == 1);
    CHECK(t.against({t.state, {&t.files}}).empty());
    CHECK(t.against({t.files, {&t.files}}) == codes{"another_state"});
    CHECK(t.against({t.other, {&t.files}}) == codes{"another_state"});
    REQUIRE(bind_home({t.other, {&t.metadata}}, t.c));  // now it is somebody's state
    CHECK(t.against({t.other, {&t.files}}) == codes{"another_state"});
    const auto refused = bind_home({t.other, {&t.files}}, t.c);
    CHECK(refused.error().code == errc::blocked);
    CHECK(t.against({t.state, {&t.files}}).empty());
    // The second container comes later.
    CHECK(t.against({t.state, {&t.files, &t.metadata}}) == codes{"another_state"});
}

TEST_CASE("home: a state that is lost can be replaced, if one says so") {
    stores t;
    REQUIRE(bind_home({t.state, {&t.files, &t.metadata}}, t.c));
    CHECK(t.against({t.other, {&t.files, &t.metadata}}) == codes{"another_state", "another_state"});
    REQUIRE(bind_home({t.other, {&t.files, &t.metadata}}, t.c, true));
    CHECK(t.against({t.other, {&t.files, &t.metadata}}).empty());
    CHECK(t.against({t.state, {&t.files, &t.metadata}}).size() == 2);
    REQUIRE(bind_home({t.files, {&t.files, &t.metadata}}, t.c, true));  // and there is none of its own any more
    CHECK(t.against({t.files, {&t.files, &t.metadata}}).empty());
    CHECK(t.against({t.other, {&t.files, &t.metadata}}).size() == 2);
}

TEST_CASE("home: one of two containers, or both in the other order, is not what was bound") {
    stores t;
    SUBCASE("the state is in the first") {
        REQUIRE(bind_home({t.files, {&t.files, &t.metadata}}, t.c));
        CHECK(t.against({t.files, {&t.files, &t.metadata}}).empty());
        CHECK(t.against({t.metadata, {&t.metadata}}) == codes{"another_container"});
        CHECK(t.against({t.metadata, {&t.metadata, &t.files}}) == codes{"another_container"});
        CHECK(t.against({t.state, {&t.files}}) == codes{"own_records"});
        CHECK(t.against({t.files, {&t.files}}).empty());  // told by the number of containers on record
    }
    SUBCASE("the state is a store of its own") {
        REQUIRE(bind_home({t.state, {&t.files, &t.metadata}}, t.c));
        CHECK(t.against({t.state, {&t.metadata}}) == codes{"another_container"});
        CHECK(t.against({t.state, {&t.metadata, &t.files}}) == codes{"another_container", "another_container"});
        CHECK(t.against({t.files, {&t.files, &t.metadata}}) == codes{"another_state", "another_state"});
        CHECK(t.against({t.metadata, {&t.metadata}}) == codes{"another_container"});
        // Not even a state that is lost makes another container of it.
        CHECK(bind_home({t.state, {&t.metadata}}, t.c, true).error().code == errc::blocked);
    }
}

TEST_CASE("home: records that stand in the container itself are not left behind for a state of its own") {
    stores t;
    t.files.put(t.c, blob_name::parse(".blobshift/stage").value(), as_bytes("x"), {}, {}).value();
    CHECK(t.against({t.state, {&t.files}}) == codes{"own_records"});
    CHECK(bind_home({t.state, {&t.files}}, t.c, true).error().code == errc::blocked);
    CHECK(records_of(t.state) == 0);
    CHECK(t.against({t.files, {&t.files}}).empty());
    CHECK(t.against({t.files, {&t.files, &t.metadata}}).empty());
}

TEST_CASE("home: a damaged record is an error that says which one it is, never none") {
    for (const char* content : {"", "x\t1\n", "blobshift home 1\nx\t1\n", "blobshift identity 1\nx\n"}) {
        for (const char* which : {".blobshift/home", ".blobshift/identity"}) {
            CAPTURE(content);
            CAPTURE(which);
            stores t;
            REQUIRE(bind_home({t.state, {&t.files}}, t.c));
            any_store& damaged = std::string_view(which) == ".blobshift/home" ? t.files : t.state;
            damaged.put(t.c, blob_name::parse(which).value(), as_bytes(std::string_view(content)), {}, {}).value();
            for (const auto& e : {obstacles_of_home({t.state, {&t.files}}, t.c).error(),
                                  bind_home({t.state, {&t.files}}, t.c).error()}) {
                CHECK(e.code == errc::corrupt);
                CHECK(e.subject == which);
            }
        }
    }
}
