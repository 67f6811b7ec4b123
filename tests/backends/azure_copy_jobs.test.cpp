// SPDX-License-Identifier: MIT
#include <blobshift/backends/azure_slow_copier.hpp>

#include <doctest/doctest.h>

#include <azure/fake_azure.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using testing::azure_fault;
using testing::fake_place;
using testing::fake_store;

[[nodiscard]] blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

TEST_CASE("a copy by the service's own job is one only when it is done") {
    const auto run = [](int looks, auto meanwhile, auto&& judge) {
        const fake_place at;
        at.service->firewall = true;
        at.service->copies_pend = looks;
        fake_store store = at.open({.unreadable_source = azure_fallback::asynchronous});
        store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
        at.service->faults = [&](const http_request&, std::string_view label) {
            if (label == "head") meanwhile(*at.service);
            return azure_fault{};
        };
        judge(at, store, store.copy(at.c().with_timeout(1h), name("from"), name("to"), {}, condition::if_absent()));
    };
    const auto nothing = [](testing::fake_service&) {};
    run(5, nothing, [](const fake_place& at, fake_store&, const result<copy_result>& made) {
        REQUIRE(made);
        CHECK(made->info.size_bytes == 7);
        CHECK(made->proof == copy_proof::none);
        CHECK(at.blob("to").content == "content");
        CHECK(at.clock.pauses() == std::vector<std::chrono::nanoseconds>(4, 500ms));
    });
    // One that fails leaves nothing behind.
    run(-1, nothing, [](const fake_place& at, fake_store& store, const result<copy_result>& made) {
        CHECK(made.error().code == errc::unavailable);
        CHECK(made.error().done == effect::none);
        CHECK(store.head(at.c(), name("to")).error().code == errc::not_found);
    });
    // Somebody else's copy that took its place is not ours.
    const auto replaced = [](testing::fake_service& s) {
        auto& blobs = s.containers.at("box").blobs;
        if (const auto to = blobs.find("to"); to != blobs.end()) to->second.copy_id = "another";
    };
    run(5, replaced, [](const fake_place&, fake_store&, const result<copy_result>& made) {
        CHECK(made.error().code == errc::conflict);
        CHECK(made.error().done == effect::indeterminate);
    });
    // One that does not end in time is unknown.
    run(1'000'000, nothing, [](const fake_place&, fake_store&, const result<copy_result>& made) {
        CHECK(made.error().code == errc::deadline_exceeded);
        CHECK(made.error().done == effect::indeterminate);
    });
}

TEST_CASE("a job whose start was answered to nobody is found again, and awaited") {
    for (const bool replaces : {false, true}) {
        CAPTURE(replaces);
        const fake_place at;
        at.service->firewall = true;
        at.service->copies_pend = 3;
        fake_store store = at.open({.unreadable_source = azure_fallback::asynchronous});
        attributes a;
        a.metadata = {{"k", "v"}};
        store.put(at.c(), name("from"), as_bytes("content"), a, {}).value();
        if (replaces) store.put(at.c(), name("to"), as_bytes("old"), {}, {}).value();
        at.service->faults = [lost = false](const http_request&, std::string_view label) mutable {
            if (lost || label != "start copy") return azure_fault{};
            lost = true;
            return azure_fault::lost_after();
        };
        const auto made =
            store.copy(at.c(), name("from"), name("to"), {}, replaces ? condition() : condition::if_absent());
        REQUIRE(made);
        CHECK(made->info.copy_id == at.blob("to").copy_id);
        CHECK(at.blob("to").content == "content");
        CHECK(store.head(at.c(), name("to")).value().attrs == a);
    }
}

TEST_CASE("what is stored in the place of a copy that failed stays, however late it comes") {
    for (const bool at_the_removal : {true, false}) {
        CAPTURE(at_the_removal);
        const fake_place at;
        at.service->firewall = true;
        at.service->copies_pend = -1;
        fake_store store = at.open({.unreadable_source = azure_fallback::asynchronous});
        store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
        bool stored = false;
        at.service->faults = [&](const http_request&, std::string_view label) {
            auto& blobs = at.service->containers.at("box").blobs;
            const auto to = blobs.find("to");
            if (label != (at_the_removal ? "delete" : "head") || to == blobs.end() || stored) return azure_fault{};
            stored = true;
            to->second = {.content = "acknowledged", .md5 = testing::md5_of("acknowledged")};
            at.service->touch(to->second);
            return azure_fault{};
        };
        const auto made = store.copy(at.c(), name("from"), name("to"), {}, condition::if_absent());
        REQUIRE(stored);
        CHECK(made.error().code == (at_the_removal ? errc::unavailable : errc::conflict));
        CHECK(made.error().done == (at_the_removal ? effect::applied : effect::indeterminate));
        CHECK(at.blob("to").content == "acknowledged");
    }
}

TEST_CASE("a copy that failed has done something for as long as what it left is there") {
    struct row {
        azure_fault removal;  ///< What becomes of the removal of what is left.
        bool replaces;
        effect done;
    };
    const auto denied = azure_fault::answer(403, "AuthorizationPermissionMismatch");
    for (const row& t :
         {row{{}, false, effect::none}, row{azure_fault::lost_after(), false, effect::none},
          row{denied, false, effect::applied}, row{azure_fault::answer(412, "LeaseIdMissing"), false, effect::applied},
          row{{}, true, effect::applied}}) {
        CAPTURE(t.removal.code);
        CAPTURE(t.replaces);
        CAPTURE(static_cast<int>(t.removal.what));
        const fake_place at;
        at.service->firewall = true;
        at.service->copies_pend = -1;
        fake_store store = at.open({.unreadable_source = azure_fallback::asynchronous});
        store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
        if (t.replaces) store.put(at.c(), name("to"), as_bytes("old"), {}, {}).value();
        int removals = 0;
        at.service->faults = [&](const http_request&, std::string_view label) {
            if (label != "delete") return azure_fault{};
            return ++removals == 1 ? t.removal : azure_fault{};
        };
        const auto made =
            store.copy(at.c(), name("from"), name("to"), {}, t.replaces ? condition() : condition::if_absent());
        REQUIRE_FALSE(made);
        CHECK(made.error().code == errc::unavailable);
        CHECK(made.error().done == t.done);
        CHECK((at.service->containers.at("box").blobs.count("to") == 0) == (t.done == effect::none));
        CHECK((removals == 0) == t.replaces);
    }
}

}  // namespace
