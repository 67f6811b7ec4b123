// SPDX-License-Identifier: MIT
//
// What Azure can do beyond the contract of stores, as far as Azurite can do it, too; and how it differs.

#include <azure/emulator.hpp>

#include <doctest/doctest.h>

#include <support/print.hpp>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;

[[nodiscard]] blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

TEST_CASE("emulator: a container is made once and removed once") {
    const testing::emulator_container container;
    azure_store store = container.open();
    CHECK(store.control().container_exists({}).value());
    CHECK_FALSE(store.control().create_container({}).value());
    CHECK(store.control().remove_container({}).value());
    CHECK_FALSE(store.control().container_exists({}).value());
    CHECK_FALSE(store.control().remove_container({}).value());
    CHECK(store.list({}, {}).error().code == errc::not_found);
}

TEST_CASE("emulator: metadata, content headers and tags change in place") {
    const testing::emulator_container container;
    azure_store store = container.open();
    const blob_name n = name("a/b c");
    attributes a;
    a.content_type = "text/plain";
    a.metadata = {{"k", "v"}};
    const blob_info made = store.put({}, n, as_bytes("content"), a, {}).value();
    const etag second = store.control().set_metadata({}, n, {{"other", "1"}}, condition::if_match(made.tag)).value();
    CHECK(second != made.tag);
    CHECK(store.control().set_metadata({}, n, {}, condition::if_match(made.tag)).error().code ==
          errc::condition_failed);
    attributes headers;
    headers.cache_control = "no-store";
    CHECK(store.control().set_content_headers({}, n, headers, made.stored_hash, condition::if_match(second)));
    CHECK(store.control().set_tags({}, n, {{"x", "a b"}, {"y", "+-./:=_"}}));
    CHECK(store.control().tags({}, n).value() == std::map<std::string, std::string>{{"x", "a b"}, {"y", "+-./:=_"}});
    const blob_info now = store.head({}, n).value();
    CHECK(now.attrs.content_type.empty());
    CHECK(now.attrs.cache_control == "no-store");
    CHECK(now.attrs.metadata == std::map<std::string, std::string>{{"other", "1"}});
    CHECK(now.attrs.tags.size() == 2);
    CHECK(now.stored_hash == made.stored_hash);
}

TEST_CASE("emulator: a lease keeps others from writing and removing") {
    const testing::emulator_container container;
    azure_store store = container.open();
    const blob_name n = name("leased");
    store.put({}, n, as_bytes("content"), {}, {}).value();
    const std::string id = store.control().acquire_lease({}, n, 15s).value();
    CHECK(store.head({}, n).value().obstacles.leased);
    CHECK(store.put({}, n, as_bytes("x"), {}, {}).error().code == errc::blocked);
    CHECK(store.remove({}, n, {}).error().code == errc::blocked);
    CHECK(store.control().acquire_lease({}, n, 15s).error().code == errc::blocked);
    CHECK(store.control().renew_lease({}, n, id));
    const std::string other = "11111111-2222-3333-4444-555555555555";
    CHECK(store.control().change_lease({}, n, id, other).value() == other);
    CHECK(store.control().release_lease({}, n, other));
    CHECK(store.control().acquire_lease({}, n, std::nullopt));
    CHECK(store.control().break_lease({}, n, 0s).value() == 0s);
    CHECK(store.remove({}, n, {}).value());
    CHECK(store.control().acquire_lease({}, n, 5s).error().code == errc::invalid_argument);
}

TEST_CASE("emulator: a blob with snapshots is removed with them, or not at all") {
    const testing::emulator_container container;
    azure_store store = container.open({.list_obstacles = true});
    const blob_name n = name("with snapshots");
    store.put({}, n, as_bytes("content"), {}, {}).value();
    CHECK_FALSE(store.control().create_snapshot({}, n).value().empty());
    const list_page page = store.list({}, {}).value();
    REQUIRE(page.blobs.size() == 1);
    CHECK(page.blobs[0].obstacles.has_snapshots);
    CHECK(store.remove({}, n, {}).error().code == errc::blocked);
    CHECK(store.control().remove_snapshots({}, n, false).value());
    CHECK(store.head({}, n));
    CHECK(store.control().create_snapshot({}, n));
    CHECK(store.control().remove_snapshots({}, n, true).value());
    CHECK(store.head({}, n).error().code == errc::not_found);
    CHECK_FALSE(store.control().remove_snapshots({}, n, true).value());
}

TEST_CASE("emulator: tiers are set, kept by copies, and Archive is told from them") {
    const testing::emulator_container container;
    azure_store store = container.open();
    store.put({}, name("from"), as_bytes("content"), {}, {}).value();
    CHECK(store.control().set_tier({}, name("from"), "Cool").value());
    CHECK(store.copy({}, name("from"), name("to"), {}, {}));
    CHECK(store.head({}, name("to")).value().tier == "Cool");
    CHECK(store.control().set_tier({}, name("from"), "Archive").value());
    CHECK(store.head({}, name("from")).value().obstacles.archived);
    CHECK(store.copy({}, name("from"), name("to2"), {}, {}).error().code == errc::blocked);
    bytes room(10);
    CHECK(store.read({}, name("from"), {}, room, {}).error().code == errc::blocked);
}

TEST_CASE("emulator: what it cannot do is said, and asked once") {
    const testing::emulator_container container;
    azure_store store = container.open();
    CHECK(store.control().undelete({}, name("b")).error().code == errc::unsupported);
}

TEST_CASE("emulator: large copies go another way where there are no blocks from URLs") {
    for (const azure_fallback how : {azure_fallback::stream, azure_fallback::asynchronous}) {
        const testing::emulator_container container;
        azure_store store =
            container.open({.unreadable_source = how, .copy_block_bytes = 1000, .most_copied_at_once = 3000});
        attributes a;
        a.metadata = {{"k", "v"}};
        a.tags = {{"t", "1"}};
        const std::string content(10'000, 'x');
        store.put({}, name("from"), as_bytes(content), a, condition::if_absent()).value();
        const auto made = store.copy({}, name("from"), name("to"), {}, condition::if_absent());
        REQUIRE(made);
        const blob_info to = store.head({}, name("to")).value();
        CHECK(to.size_bytes == content.size());
        CHECK(to.attrs == a);
    }
}

}  // namespace
