// SPDX-License-Identifier: MIT
#include <blobshift/backends/azure_store.hpp>

#include <doctest/doctest.h>

#include <azure/fake_azure.hpp>
#include <blobshift/store/bulk.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using testing::fake_place;
using testing::fake_store;
using testing::azure_fault;

[[nodiscard]] blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

/// A azure_fault for the first request of that label only.
[[nodiscard]] auto once(std::string label, azure_fault f, std::function<void()> meanwhile = {}) {
    return [label = std::move(label), f, meanwhile, done = false](const http_request&, std::string_view l) mutable {
        if (done || l != label) return azure_fault{};
        done = true;
        if (meanwhile) meanwhile();
        return f;
    };
}

[[nodiscard]] std::string text_of(fake_store& store, const context& c, std::string_view n) {
    bytes room(1000);
    const auto got = store.read(c, name(n), {}, room, {});
    return got ? std::string(as_text(room).substr(0, got->count))
               : "<" + std::string(to_string(got.error().code)) + ">";
}

TEST_CASE("a put is one request, and its blob says nothing of how it was written") {
    const fake_place at;
    fake_store store = at.open();
    attributes a;
    a.content_type = "application/dicom";
    a.metadata = {{"k", "v"}};
    const auto made = store.put(at.c(), name("a/b c"), as_bytes("content"), a, condition::if_absent());
    REQUIRE(made);
    CHECK(at.service->total() == 1);
    CHECK(made->attrs == a);
    CHECK(made->stored_hash == testing::md5_of("content"));
    CHECK(at.blob("a/b c").attrs.metadata.contains("blobshift_write_id"));

    const auto seen = store.head(at.c(), name("a/b c"));
    REQUIRE(seen);
    CHECK(seen->attrs == a);
    CHECK(seen->tag == made->tag);
    CHECK(seen->last_modified == made->last_modified);
    CHECK(seen->stored_hash == made->stored_hash);
    CHECK(store.list(at.c(), {.with_attributes = true}).value().blobs.at(0).attrs == a);

    REQUIRE(store.put(at.c(), name("plain"), as_bytes("x"), {}, {}));
    CHECK(at.blob("plain").attrs.metadata.empty());
    CHECK(at.blob("plain").attrs.content_type == "application/octet-stream");
    CHECK(store.head(at.c(), name("plain")).value().attrs.empty());
}

TEST_CASE("the metadata name of write ids is not the caller's to set") {
    const fake_place at;
    attributes a;
    a.metadata = {{"blobshift_write_id", "mine"}};
    CHECK(at.open().put(at.c(), name("b"), as_bytes("x"), a, {}).error().code == errc::invalid_argument);
    CHECK(at.service->total() == 0);
}

TEST_CASE("a conditional put whose answer was lost is looked for, and found by its write id") {
    for (const bool replaces : {false, true}) {
        CAPTURE(replaces);
        const fake_place at;
        fake_store store = at.open();
        condition when = condition::if_absent();
        if (replaces) when = condition::if_match(store.put(at.c(), name("b"), as_bytes("old"), {}, {}).value().tag);
        at.service->requests.clear();
        at.service->faults = once("put", azure_fault::lost_after());
        const auto made = store.put(at.c(), name("b"), as_bytes("new"), {}, when);
        REQUIRE(made);
        CHECK(made->tag.text() == "\"" + at.blob("b").etag + "\"");
        CHECK(at.service->count("put") == 2);
        CHECK(at.service->count("head") == 1);
        CHECK(text_of(store, at.c(), "b") == "new");
    }
}

TEST_CASE("a conditional put that was lost before it was done is simply repeated") {
    const fake_place at;
    fake_store store = at.open();
    at.service->faults = once("put", azure_fault::lost_before());
    CHECK(store.put(at.c(), name("b"), as_bytes("new"), {}, condition::if_absent()));
    CHECK(at.service->count("put") == 2);
    CHECK(at.service->count("head") == 0);
}

TEST_CASE("after a lost answer, somebody else's blob is not taken for one's own") {
    const fake_place at;
    fake_store store = at.open();
    fake_store other = at.open();
    at.service->faults = once("put", azure_fault::lost_before(), [&] {
        CHECK(other.put(at.c(), name("b"), as_bytes("new"), {}, condition::if_absent()));
    });
    const auto refused = store.put(at.c(), name("b"), as_bytes("new"), {}, condition::if_absent());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::already_exists);
    CHECK(refused.error().done == effect::indeterminate);
}

TEST_CASE("a put without any answer is looked for once, and else unknown") {
    const fake_place at;
    fake_store store = at.open({.retry = {.max_attempts = 3}});
    bool applied = true;
    at.service->faults = [&](const http_request&, std::string_view label) {
        if (label != "put") return azure_fault{};
        return applied ? azure_fault::lost_after() : azure_fault::lost_before();
    };
    CHECK(store.put(at.c(), name("b"), as_bytes("x"), {}, condition::if_absent()));
    CHECK(at.service->count("put") == 3);
    applied = false;
    const auto unknown = store.put(at.c(), name("other"), as_bytes("x"), {}, condition::if_absent());
    CHECK(unknown.error().code == errc::unavailable);
    CHECK(unknown.error().done == effect::indeterminate);
    CHECK(unknown.error().subject == "other");
}

TEST_CASE("metadata that fills all room goes without a write id, and a lost answer stays unknown") {
    const fake_place at;
    fake_store store = at.open();
    attributes full;
    for (int i = 0; i < 8; ++i) full.metadata["k" + std::to_string(i)] = std::string(1022, 'v');
    at.service->faults = once("put", azure_fault::lost_after());
    const auto refused = store.put(at.c(), name("b"), as_bytes("x"), full, condition::if_absent());
    CHECK(refused.error().code == errc::already_exists);
    CHECK(refused.error().done == effect::indeterminate);
    CHECK(store.head(at.c(), name("b")).value().attrs == full);
}

TEST_CASE("what passes by itself is repeated, signed anew, after the service's own wait") {
    const fake_place at;
    fake_store store = at.open({.retry = {.longest_wait = 30min, .jitter = 0}});
    int refusals = 0;
    at.service->faults = [&](const http_request&, std::string_view) {
        // Twenty minutes: by then the date of the first try is refused.
        if (++refusals == 1) return azure_fault::answer(503, "ServerBusy", {{"retry-after", "1200"}});
        return refusals == 2 ? azure_fault::answer(500, "InternalError") : azure_fault{};
    };
    CHECK(store.put(at.c(), name("b"), as_bytes("x"), {}, {}));
    CHECK(at.service->count("put") == 3);
    CHECK(at.clock.pauses() == std::vector<std::chrono::nanoseconds>{1200s, 200ms});
}

TEST_CASE("what does not pass by itself is asked once") {
    struct row {
        int status;
        const char* code;
        errc expected;
    };
    for (const row& t :
         {row{501, "APINotImplemented", errc::unsupported}, row{500, "FeatureNotSupported", errc::unsupported},
          row{403, "AuthenticationFailed", errc::unauthenticated},
          row{401, "InvalidAuthenticationInfo", errc::unauthenticated},
          row{403, "AuthorizationPermissionMismatch", errc::permission_denied},
          row{412, "LeaseIdMissing", errc::blocked}}) {
        CAPTURE(t.code);
        const fake_place at;
        at.service->faults = [&](const http_request&, std::string_view) { return azure_fault::answer(t.status, t.code); };
        const auto refused = at.open().put(at.c(), name("SECRET/b"), as_bytes("x"), {}, condition::if_absent());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == t.expected);
        CHECK(refused.error().http_status == t.status);
        CHECK(refused.error().service_code == t.code);
        CHECK(refused.error().subject == "SECRET/b");
        CHECK_FALSE(refused.error().request_id.empty());
        CHECK(describe(refused.error()).find("SECRET") == std::string::npos);
        CHECK(at.service->total() == 1);
    }
}

TEST_CASE("retries come out of one budget for all calls of a store") {
    const fake_place at;
    fake_store store = at.open({.retry = {.max_attempts = 4, .earned_per_call = 0, .saved_at_most = 5}});
    at.service->faults = [](const http_request&, std::string_view) { return azure_fault::answer(503, "ServerBusy"); };
    for (int i = 0; i < 10; ++i) CHECK(store.head(at.c(), name("b")).error().code == errc::throttled);
    CHECK(at.service->count("head") == 10 + 5);
}

TEST_CASE("a wait that would pass the deadline is not begun") {
    const fake_place at;
    fake_store store = at.open();
    at.service->faults = [](const http_request&, std::string_view) {
        return azure_fault::answer(503, "ServerBusy", {{"retry-after", "10"}});
    };
    const auto late = store.head(at.c().with_timeout(5s), name("b"));
    CHECK(late.error().code == errc::deadline_exceeded);
    CHECK(late.error().service_code == "ServerBusy");
    CHECK(at.clock.pauses().empty());
}

TEST_CASE("uploads go with the checksum that was chosen, and damage on the way is repaired by repeating") {
    for (const azure_checksum how : {azure_checksum::md5, azure_checksum::crc64, azure_checksum::none}) {
        CAPTURE(static_cast<int>(how));
        const fake_place at;
        at.service->keep_seen = true;
        fake_store store = at.open({.checksum = how});
        at.service->faults = once("put", azure_fault::answer(400, "Md5Mismatch"));
        CHECK(store.put(at.c(), name("b"), as_bytes("content"), {}, condition::if_absent()));
        CHECK(at.service->count("put") == 2);
        const auto sent = [&](std::string_view header) {
            return std::count_if(at.service->seen[0].headers.begin(), at.service->seen[0].headers.end(),
                                 [&](const http_header& h) { return h.name == header; });
        };
        CHECK(sent("Content-MD5") == (how == azure_checksum::md5 ? 1 : 0));
        CHECK(sent("x-ms-content-crc64") == (how == azure_checksum::crc64 ? 1 : 0));
        CHECK(at.blob("b").md5 == testing::md5_of("content"));
    }
}

TEST_CASE("a removal whose answer was lost is a success, and of a missing blob it is false under any condition") {
    const fake_place at;
    fake_store store = at.open();
    const etag tag = store.put(at.c(), name("b"), as_bytes("x"), {}, {}).value().tag;
    at.service->faults = once("delete", azure_fault::lost_after());
    CHECK(store.remove(at.c(), name("b"), condition::if_match(tag)).value());
    CHECK_FALSE(store.remove(at.c(), name("b"), condition::if_match(tag)).value());
    CHECK_FALSE(store.remove(at.c(), name("b"), {}).value());
    // As emulators answer: 412 for a blob that is not there.
    at.service->faults = once("delete", azure_fault::answer(412, "ConditionNotMet"));
    CHECK_FALSE(store.remove(at.c(), name("b"), condition::if_match(tag)).value());
}

TEST_CASE("reads cost one request, and two where the size must be known first") {
    const fake_place at;
    fake_store store = at.open();
    const auto info = store.put(at.c(), name("ten"), as_bytes("0123456789"), {}, {}).value();
    store.put(at.c(), name("empty"), {}, {}, {}).value();
    bytes room(4);
    const auto cost = [&](std::string_view n, const read_range& range, const condition& when) {
        at.service->requests.clear();
        static_cast<void>(store.read(at.c(), name(n), range, room, when));
        return at.service->total();
    };
    CHECK(cost("ten", read_range::all(), {}) == 1);
    CHECK(cost("ten", read_range::from(8), condition::if_match(info.tag)) == 1);
    CHECK(cost("ten", read_range::from(10), {}) == 1);
    CHECK(cost("ten", read_range::last(3), {}) == 2);
    CHECK(cost("empty", read_range::all(), {}) == 2);
    CHECK(cost("absent", read_range::all(), {}) == 1);
    CHECK(cost("ten", read_range::all(), condition::if_match(etag("\"0x1\""))) == 2);
}

TEST_CASE("a suffix is of one version, also when the blob is replaced between the two requests") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("b"), as_bytes("first"), {}, {}).value();
    at.service->faults = once("get", {}, [&] { store.put(at.c(), name("b"), as_bytes("the second"), {}, {}).value(); });
    bytes room(20);
    const auto got = store.read(at.c(), name("b"), read_range::last(3), room, {});
    REQUIRE(got);
    CHECK(as_text(room).substr(0, got->count) == "ond");
    CHECK(got->offset == 7);
}

TEST_CASE("a read that the connection cuts is repeated into the same room") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("b"), as_bytes("content"), {}, {}).value();
    at.service->faults = once("get", azure_fault::lost_after());
    CHECK(text_of(store, at.c(), "b") == "content");
    CHECK(at.service->count("get") == 2);
}

TEST_CASE("tags cost a request only where there are some") {
    const fake_place at;
    fake_store store = at.open();
    attributes a;
    a.tags = {{"kind", "x & <y>"}};
    CHECK(store.put(at.c(), name("b"), as_bytes("x"), a, {}).error().code == errc::invalid_argument);
    a.tags = {{"kind", "x y"}};
    REQUIRE(store.put(at.c(), name("b"), as_bytes("x"), a, {}));
    at.service->requests.clear();
    CHECK(store.head(at.c(), name("b")).value().attrs == a);
    CHECK(at.service->count("get tags") == 1);
}

TEST_CASE("only an empty marker ends a listing") {
    const fake_place at;
    at.service->page = 2;
    at.service->empty_pages = true;
    fake_store store = at.open();
    std::vector<std::string> stored;
    for (int i = 0; i < 9; ++i)
        store.put(at.c(), name(stored.emplace_back("n" + std::to_string(i))), {}, {}, {}).value();
    std::vector<std::string> seen;
    CHECK(scan(store, at.c(), {}, [&](blob_info&& info) { return seen.push_back(info.name.text()), result<void>(); }));
    CHECK(seen == stored);
    CHECK(at.service->count("list") == 9);  // 5 pages with names, 4 without
    CHECK(store.list(at.c(), {.cursor = "forged"}).error().code == errc::invalid_argument);
}

TEST_CASE("a blob whose copy is not done can be seen and not read") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("b"), as_bytes("x"), {}, {}).value();
    for (const char* status : {"pending", "failed", "aborted"}) {
        CAPTURE(status);
        testing::fake_blob& b = at.blob("b");
        b.copy_id = "some-copy";
        b.copy_status = status;
        b.looks_until_copied = 100;
        CHECK(store.head(at.c(), name("b")).value().copy_id == "some-copy");
        CHECK(text_of(store, at.c(), "b") == "<conflict>");
        CHECK(store.list(at.c(), {}).value().blobs.at(0).copy == detail::parse_copy_state(status));
    }
}

TEST_CASE("blobs beyond the basic plane come in the order of UTF-16") {
    const fake_place at;
    fake_store store = at.open();
    // U+1F600 is written with surrogates, which stand before U+FF5E in UTF-16 and behind it in UTF-8.
    for (const char* n : {"\xEF\xBD\x9E", "\xF0\x9F\x98\x80", "z"}) store.put(at.c(), name(n), {}, {}, {}).value();
    const auto names_of = [](const list_page& page) {
        std::vector<std::string> all;
        for (const blob_info& info : page.blobs) all.push_back(info.name.text());
        return all;
    };
    using texts = std::vector<std::string>;
    CHECK(names_of(store.list(at.c(), {}).value()) == texts{"z", "\xF0\x9F\x98\x80", "\xEF\xBD\x9E"});
    CHECK(names_of(store.list(at.c(), {.start_after = "\xF0\x9F\x98\x80"}).value()) == texts{"\xEF\xBD\x9E"});
}

TEST_CASE("a commit whose answer was lost is found by the id of its upload") {
    const fake_place at;
    fake_store store = at.open();
    for (const condition& when : {condition::if_absent(), condition::always()}) {
        at.service->faults = {};
        const auto u = store.begin_upload(at.c(), name("b")).value();
        CHECK(store.stage_block(at.c(), u, 1, 3, as_bytes("def")));
        CHECK(store.stage_block(at.c(), u, 0, 0, as_bytes("abc")));
        at.service->faults = once("blocklist", azure_fault::lost_after());
        const auto made = store.commit_upload(at.c(), u, 2, 6, {}, when);
        REQUIRE(made);
        CHECK(made->attrs.empty());
        CHECK(text_of(store, at.c(), "b") == "abcdef");
        // A second commit of the same upload meets the first one.
        CHECK(store.commit_upload(at.c(), u, 2, 6, {}, when).value().tag == made->tag);
        store.remove(at.c(), name("b"), {}).value();
    }
}

TEST_CASE("an upload whose blocks another write has dropped has lost the race, if it had set a condition") {
    enum class meanwhile { put, commit, removal };
    for (const meanwhile other : {meanwhile::put, meanwhile::commit, meanwhile::removal}) {
        for (const bool late : {false, true}) {  // behind the look at the blocks
            CAPTURE(static_cast<int>(other));
            CAPTURE(late);
            const fake_place at;
            fake_store store = at.open();
            const auto write = [&] {
                at.service->containers.at("box").staged.clear();
                testing::fake_blob& b = at.service->containers.at("box").blobs["b"];
                if (other == meanwhile::put) b.content = "put";
                at.service->touch(b);
                if (other == meanwhile::removal) at.service->containers.at("box").blobs.erase("b");
            };
            const auto commit = [&](const condition& when) {
                const auto u = store.begin_upload(at.c(), name("b")).value();
                store.stage_block(at.c(), u, 0, 0, as_bytes("abc")).value();
                at.service->faults = once(late ? "blocklist" : "get blocklist", azure_fault{}, write);
                return store.commit_upload(at.c(), u, 1, 3, {}, when);
            };
            const etag before = store.put(at.c(), name("b"), as_bytes("x"), {}, {}).value().tag;
            CHECK(commit(condition::if_match(before)).error().code == errc::condition_failed);
            if (other == meanwhile::removal) continue;
            store.remove(at.c(), name("b"), {}).value();
            CHECK(commit(condition::if_absent()).error().code == errc::already_exists);
            CHECK(commit({}).error().code == errc::invalid_argument);
        }
    }
}

TEST_CASE("blocks that come in order give the blob its MD5, others none rather than a wrong one") {
    const fake_place at;
    fake_store store = at.open();
    const auto hash_after = [&](std::initializer_list<std::pair<std::uint32_t, const char*>> staged) {
        const auto u = store.begin_upload(at.c(), name("b")).value();
        for (const auto& [index, content] : staged) {
            CHECK(store.stage_block(at.c(), u, index, 3 * index, as_bytes(content)));
        }
        const auto made = store.commit_upload(at.c(), u, 2, 6, {}, {}).value();
        CHECK(made.stored_hash == store.head(at.c(), name("b")).value().stored_hash);
        return made.stored_hash;
    };
    CHECK(hash_after({{0, "abc"}, {1, "def"}}) == testing::md5_of("abcdef"));
    CHECK(hash_after({{0, "abc"}, {0, "abc"}, {1, "def"}}) == testing::md5_of("abcdef"));
    CHECK(hash_after({{0, "xyz"}, {0, "abc"}, {1, "def"}}) == std::nullopt);
    CHECK(hash_after({{1, "def"}, {0, "abc"}}) == std::nullopt);
    CHECK(hash_after({{0, "abc"}, {1, "def"}, {2, "not wanted"}}) == std::nullopt);
}

TEST_CASE("an upload that was not begun here is no upload") {
    const fake_place at;
    fake_store store = at.open();
    const upload_session u{name("b"), "no such upload"};
    CHECK(store.stage_block(at.c(), u, 0, 0, as_bytes("x")).error().code == errc::not_found);
    CHECK(store.commit_upload(at.c(), u, 1, 1, {}, {}).error().code == errc::not_found);
    CHECK(store.abandon_upload(at.c(), u).error().code == errc::not_found);
    const auto mine = store.begin_upload(at.c(), name("b")).value();
    CHECK(store.stage_block(at.c(), mine, 50'000, 0, as_bytes("x")).error().code == errc::invalid_argument);
    CHECK(store.stage_block(at.c(), mine, 0, 0, {}).error().code == errc::invalid_argument);
    CHECK(at.service->total() == 0);
}

TEST_CASE("a container that is not there is told from a blob that is not") {
    const fake_place at;
    at.service->containers.clear();
    fake_store store = at.open();
    CHECK(store.list(at.c(), {}).error().service_code == "ContainerNotFound");
    const auto gone = store.remove(at.c(), name("b"), {});
    REQUIRE_FALSE(gone);
    CHECK(gone.error().code == errc::not_found);
    CHECK(store.put(at.c(), name("b"), as_bytes("x"), {}, {}).error().code == errc::not_found);
}

TEST_CASE("a place is read from what people have, and refused with a reason that gives nothing away") {
    using place = azure_place;
    CHECK(place::from_connection_string("UseDevelopmentStorage=true", "box"));
    CHECK(place::from_url("https://acc.blob.core.windows.net/box?sv=2025-11-05&sig=x"));
    CHECK(place::from_url("https://acc.blob.core.windows.net/box", secret("a2V5")));
    CHECK(place::from_url("https://acc.blob.core.windows.net/box", entra_credential{}));
    const auto refused = [](const result<place>& p) {
        REQUIRE_FALSE(p);
        CHECK(p.error().code == errc::invalid_argument);
        CHECK(p.error().message.find("SECRET") == std::string::npos);
    };
    refused(place::from_connection_string("UseDevelopmentStorage=true", "SECRET"));
    refused(place::from_connection_string("AccountKey=SECRET", "box"));
    refused(place::from_url("http://acc.blob.core.windows.net/SECRET"));
    refused(place::from_url("https://acc.blob.core.windows.net/box?sig=SECRET", secret("a2V5")));
    refused(place::from_url("https://acc.blob.core.windows.net/box?sig=SECRET", entra_credential{}));
    refused(place::from_url("https://acc.blob.core.windows.net/box", secret("SECRET!")));
    refused(place::from_url("https://example.org/box", secret("a2V5")));
    refused(place::from_url("http://127.0.0.1:10000/devstoreaccount1/box", entra_credential{}));
}

TEST_CASE("options out of range are refused when the store is opened") {
    const fake_place at;
    const auto open = [&](const azure_options& options, azure_place place = fake_place::place()) {
        return fake_store::open(testing::fake_transport(at.service), std::move(place), options).has_value();
    };
    CHECK(open({}));
    CHECK_FALSE(open({.copy_block_bytes = 0}));
    CHECK_FALSE(open({.copy_block_bytes = std::size_t{4001} << 20}));
    CHECK_FALSE(open({.most_copied_at_once = (std::uint64_t{256} << 20) + 1}));
    CHECK_FALSE(open({.sas_lifetime = 0min}));
    azure_place nowhere = fake_place::place();
    nowhere.container = "NOT A CONTAINER";
    CHECK_FALSE(open({}, nowhere));
    azure_place in_the_clear = fake_place::place();
    in_the_clear.endpoint.secure = false;
    in_the_clear.credential = entra_credential{};
    CHECK_FALSE(open({}, in_the_clear));
}

TEST_CASE("a listing tells of snapshots, also when they are the last entries of a page and their blob is on the next") {
    const fake_place at;
    fake_store store = at.open({.list_obstacles = true});
    for (const char* each : {"a", "b", "c"}) REQUIRE(store.put(at.c(), name(each), as_bytes("x"), {}, {}));
    for (int i = 0; i < 2; ++i) REQUIRE(store.control().create_snapshot(at.c(), name("b")));
    for (const std::size_t page : {1U, 2U, 3U, 4U, 5U}) {
        CAPTURE(page);
        at.service->page = page;
        std::string seen;
        list_query q;
        do {
            const list_page found = store.list(at.c(), q).value();
            for (const blob_info& each : found.blobs) {
                seen += each.name.text() + (each.obstacles.has_snapshots ? "! " : " ");
            }
            q.cursor = found.cursor;
        } while (!q.cursor.empty());
        CHECK(seen == "a b! c ");
    }
}

TEST_CASE("names that are no blob_name are left out of listings, and counted over all pages") {
    const fake_place at;
    fake_store store = at.open();
    CHECK(store.count_foreign(at.c()).value() == 0);
    for (const char* each : {"1.2//1.3/1.4_5.dcm", "a/", "b."}) {
        at.service->touch(at.service->containers.at("box").blobs[each]);
    }
    for (const char* each : {"a/b", "c"}) REQUIRE(store.put(at.c(), name(each), as_bytes("x"), {}, {}));
    at.service->page = 2;
    CHECK(store.count_foreign(at.c()).value() == 3);
    at.service->faults = [](const http_request&, std::string_view) {
        return azure_fault::answer(403, "AuthorizationFailure");
    };
    CHECK(store.count_foreign(at.c()).error().code == errc::permission_denied);
    std::stop_source stop;
    stop.request_stop();
    context c = at.c();
    c.stop = stop.get_token();
    CHECK(store.count_foreign(c).error().code == errc::cancelled);
}

}  // namespace
