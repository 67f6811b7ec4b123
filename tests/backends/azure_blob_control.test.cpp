// SPDX-License-Identifier: MIT
#include <blobshift/backends/azure_blob_control.hpp>

#include <utility>  // exchange

#include <doctest/doctest.h>

#include <azure/fake_azure.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using testing::fake_place;
using testing::fake_store;
using testing::azure_fault;

[[nodiscard]] blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

TEST_CASE("a container is made once and removed once") {
    const fake_place at;
    at.service->containers.clear();
    fake_store store = at.open();
    CHECK_FALSE(store.control().container_exists(at.c()).value());
    CHECK(store.control().create_container(at.c()).value());
    CHECK_FALSE(store.control().create_container(at.c()).value());
    CHECK(store.control().container_exists(at.c()).value());
    CHECK(store.control().remove_container(at.c()).value());
    CHECK_FALSE(store.control().remove_container(at.c()).value());
    at.service->faults = [](const http_request&, std::string_view) {
        return azure_fault::answer(409, "ContainerBeingDeleted");
    };
    CHECK(store.control().create_container(at.c()).error().code == errc::conflict);
    CHECK(store.control().container_exists(at.c()).error().code == errc::conflict);
}

TEST_CASE("attributes change in place, under conditions, and only those that are meant") {
    const fake_place at;
    fake_store store = at.open();
    attributes a;
    a.content_type = "text/plain";
    a.metadata = {{"k", "v"}};
    a.tags = {{"t", "1"}};
    const blob_info made = store.put(at.c(), name("b"), as_bytes("content"), a, {}).value();
    const etag second =
        store.control().set_metadata(at.c(), name("b"), {{"other", "1"}}, condition::if_match(made.tag)).value();
    CHECK(second != made.tag);
    const auto stale = store.control().set_metadata(at.c(), name("b"), {}, condition::if_match(made.tag));
    CHECK(stale.error().code == errc::condition_failed);
    CHECK(stale.error().subject == "b");
    attributes headers;
    headers.content_language = "en";
    CHECK(
        store.control().set_content_headers(at.c(), name("b"), headers, made.stored_hash, condition::if_match(second)));
    CHECK(store.control().set_tags(at.c(), name("b"), {{"x", "y z"}}));
    const blob_info now = store.head(at.c(), name("b")).value();
    headers.metadata = {{"other", "1"}};
    headers.tags = {{"x", "y z"}};
    CHECK(now.attrs == headers);
    CHECK(now.stored_hash == made.stored_hash);
    CHECK(store.control().tags(at.c(), name("b")).value() == headers.tags);
    CHECK(store.control().set_content_headers(at.c(), name("b"), {}, std::nullopt));
    CHECK(store.head(at.c(), name("b")).value().stored_hash == std::nullopt);
}

TEST_CASE("attributes that are not valid are refused before anything is sent") {
    const fake_place at;
    fake_store store = at.open();
    attributes bad;
    bad.content_type = "two\nlines";
    CHECK(store.control().set_metadata(at.c(), name("b"), {{"Upper", "v"}}).error().code == errc::invalid_argument);
    CHECK(store.control().set_metadata(at.c(), name("b"), {{"blobshift_write_id", "v"}}).error().code ==
          errc::invalid_argument);
    CHECK(store.control().set_content_headers(at.c(), name("b"), bad, {}).error().code == errc::invalid_argument);
    CHECK(store.control().set_tags(at.c(), name("b"), {{"<", "v"}}).error().code == errc::invalid_argument);
    CHECK(store.control().acquire_lease(at.c(), name("b"), 61s).error().code == errc::invalid_argument);
    CHECK(at.service->total() == 0);
}

TEST_CASE("leases are taken, kept, handed on, given back and broken") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("b"), as_bytes("x"), {}, {}).value();
    const std::string id = store.control().acquire_lease(at.c(), name("b"), 15s).value();
    CHECK(store.head(at.c(), name("b")).value().obstacles.leased);
    CHECK(store.put(at.c(), name("b"), as_bytes("y"), {}, {}).error().code == errc::blocked);
    CHECK(store.remove(at.c(), name("b"), {}).error().code == errc::blocked);
    CHECK(store.control().acquire_lease(at.c(), name("b"), 15s).error().code == errc::blocked);
    CHECK(store.control().renew_lease(at.c(), name("b"), id));
    CHECK(store.control().change_lease(at.c(), name("b"), id, "another").value() == "another");
    CHECK(store.control().release_lease(at.c(), name("b"), id).error().code == errc::blocked);
    CHECK(store.control().release_lease(at.c(), name("b"), "another"));
    CHECK(store.control().renew_lease(at.c(), name("b"), "another").error().code == errc::conflict);
    CHECK(store.control().acquire_lease(at.c(), name("b"), std::nullopt));
    CHECK(store.control().break_lease(at.c(), name("b"), 0s).value() == 0s);
    CHECK(store.remove(at.c(), name("b"), {}).value());
}

TEST_CASE("snapshots are made and removed, and what was removed comes back") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("b"), as_bytes("x"), {}, {}).value();
    CHECK_FALSE(store.control().create_snapshot(at.c(), name("b")).value().empty());
    CHECK(store.remove(at.c(), name("b"), {}).error().code == errc::blocked);
    CHECK(store.control().remove_snapshots(at.c(), name("b"), false).value());
    CHECK(store.head(at.c(), name("b")));
    CHECK(store.control().remove_snapshots(at.c(), name("b"), true).value());
    CHECK_FALSE(store.control().remove_snapshots(at.c(), name("b"), true).value());
    CHECK(store.control().undelete(at.c(), name("b")));
    CHECK(store.head(at.c(), name("b")));
    CHECK(store.control().undelete(at.c(), name("never")).error().code == errc::not_found);
}

TEST_CASE("a lost answer does not make a liar of what is made, removed, taken or given back") {
    const fake_place at;
    fake_store store = at.open();
    const auto lose_one = [&] {
        at.service->faults = [lost = false](const http_request&, std::string_view) mutable {
            return std::exchange(lost, true) ? azure_fault{} : azure_fault::lost_after();
        };
    };
    store.put(at.c(), name("b"), as_bytes("x"), {}, {}).value();
    store.control().create_snapshot(at.c(), name("b")).value();
    lose_one();
    const std::string id = store.control().acquire_lease(at.c(), name("b"), 15s).value();
    CHECK(at.blob("b").lease == id);
    CHECK(id.size() == 36);
    lose_one();
    const std::string other = "11111111-2222-3333-4444-555555555555";
    CHECK(store.control().change_lease(at.c(), name("b"), id, other).value() == other);
    lose_one();
    CHECK(store.control().release_lease(at.c(), name("b"), other));
    CHECK(at.blob("b").lease.empty());
    CHECK(store.control().release_lease(at.c(), name("b"), other).error().code == errc::conflict);
    CHECK(store.control().acquire_lease(at.c(), name("b"), 15s));
    lose_one();
    CHECK(store.control().break_lease(at.c(), name("b"), 0s).value() == 0s);
    lose_one();
    CHECK(store.control().remove_snapshots(at.c(), name("b"), true).value());
    lose_one();
    CHECK(store.control().remove_container(at.c()).value());
    lose_one();
    CHECK(store.control().create_container(at.c()).value());
    at.service->faults = [n = 0](const http_request&, std::string_view) mutable {
        return ++n == 1 ? azure_fault::lost_after() : azure_fault::answer(409, "ContainerBeingDeleted");
    };
    CHECK(store.control().remove_container(at.c()).value());
}

TEST_CASE("a tier is set at once, but for the way out of Archive") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("b"), as_bytes("x"), {}, {}).value();
    CHECK(store.control().set_tier(at.c(), name("b"), "Cool").value());
    CHECK(store.control().set_tier(at.c(), name("b"), "Archive").value());
    CHECK(store.head(at.c(), name("b")).value().obstacles.archived);
    CHECK_FALSE(store.control().set_tier(at.c(), name("b"), "Hot", "High").value());
}

}  // namespace
