// SPDX-License-Identifier: MIT
#include <blobshift/backends/azure_copier.hpp>

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

/// What a listing says of a blob, as `copy_many` is given it.
[[nodiscard]] copy_request listed(fake_store& store, const context& c, std::string_view from, std::string_view to) {
    const blob_info info = store.list(c, {.prefix = std::string(from)}).value().blobs.at(0);
    copy_request r{name(from), name(to), condition::if_match(info.tag)};
    r.known = source_facts{info.size_bytes, info.stored_hash, info.tier};
    return r;
}

/// One copy by `copy_many`.
[[nodiscard]] result<copy_result> copy_listed(fake_store& store, const context& c, const copy_request& r) {
    result<copy_result> got = fail(errc::corrupt, "no result came");
    store.copy_many(c, std::span(&r, 1), {}, [&](std::size_t, result<copy_result>&& made) { got = std::move(made); });
    return got;
}

TEST_CASE("a copy that a listing describes is one request, checked by the service against the source's own hash") {
    const fake_place at;
    at.service->keep_seen = true;
    fake_store store = at.open();
    attributes a;
    a.content_type = "application/dicom";
    a.metadata = {{"k", "v"}};
    a.tags = {{"t", "1"}};
    store.put(at.c(), name("from"), as_bytes("content"), a, condition::if_absent()).value();
    at.blob("from").tier = "Cool";
    const copy_request r = listed(store, at.c(), "from", "to");
    at.service->requests.clear();
    at.service->seen.clear();
    const auto made = copy_listed(store, at.c(), r);
    REQUIRE(made);
    CHECK(at.service->total() == 1);
    CHECK(made->proof == copy_proof::computed_hash);
    CHECK(made->source_tag == r.source.tag());
    CHECK(made->info.size_bytes == 7);
    CHECK(made->info.copy == copy_state::succeeded);
    // The service reads with an access of its own, to this one blob, to read it, for an hour.
    const std::string source = [&] {
        for (const http_header& h : at.service->seen.at(0).headers) {
            if (h.name == "x-ms-copy-source") return h.value;
        }
        return std::string();
    }();
    CHECK(source.starts_with("https://fakeaccount.blob.core.windows.net/box/from?sv=2025-11-05"));
    CHECK(source.find("&se=2020-01-01T01%3A00%3A00Z&spr=https&sr=b&sp=rt&sig=") != std::string::npos);

    const blob_info to = store.head(at.c(), name("to")).value();
    CHECK(to.attrs == a);
    CHECK(to.tag == made->info.tag);
    CHECK(to.tier == "Cool");
    CHECK(to.stored_hash == testing::md5_of("content"));
}

TEST_CASE("without a hash of the source the copy proves nothing, and says so") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
    at.blob("from").md5.reset();
    CHECK(copy_listed(store, at.c(), listed(store, at.c(), "from", "to")).value().proof == copy_proof::none);
}

TEST_CASE("a copy of which nothing is known looks at the source first") {
    const fake_place at;
    fake_store store = at.open();
    const etag tag = store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value().tag;
    at.service->requests.clear();
    const auto made = store.copy(at.c(), name("from"), name("to"), {}, condition::if_absent());
    REQUIRE(made);
    CHECK(at.service->total() == 2);
    CHECK(made->proof == copy_proof::computed_hash);
    CHECK(made->source_tag == tag);
}

TEST_CASE("what a listing said is not used without the version that it said it of") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
    copy_request r = listed(store, at.c(), "from", "to");
    r.source = condition::always();
    r.known->stored_hash = testing::md5_of("something else");
    CHECK(copy_listed(store, at.c(), r));
}

TEST_CASE("bytes that do not have the hash that their blob carries are not copied") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
    at.blob("from").content = "CONTENT";
    for (const bool firewall : {false, true}) {
        at.service->firewall = firewall;
        at.service->requests.clear();
        const auto refused = copy_listed(store, at.c(), listed(store, at.c(), "from", "to"));
        CHECK(refused.error().code == errc::corrupt);
        CHECK_FALSE(refused.error().is_transient());
        CHECK(at.service->count("copy") == 1);
        CHECK(store.head(at.c(), name("to")).error().code == errc::not_found);
    }
}

TEST_CASE("a refused copy says which of the two blobs was minded") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
    const etag there = store.put(at.c(), name("taken"), as_bytes("x"), {}, {}).value().tag;
    const copy_request good = listed(store, at.c(), "from", "taken");
    struct row {
        copy_request r;
        errc code;
        const char* subject;
    };
    std::vector<row> rows(4, row{good, errc::already_exists, "taken"});
    rows[1] = {good, errc::condition_failed, "taken"};
    rows[1].r.target = condition::if_match(etag("\"0x1\""));
    rows[2] = {good, errc::condition_failed, "from"};
    rows[2].r.source = condition::if_match(etag("\"0x1\""));
    rows[3] = {good, errc::not_found, "absent"};
    rows[3].r.from = name("absent");
    for (const row& t : rows) {
        CAPTURE(t.subject);
        CAPTURE(static_cast<int>(t.code));
        const auto refused = copy_listed(store, at.c(), t.r);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == t.code);
        CHECK(refused.error().subject == t.subject);
        CHECK(refused.error().done == effect::none);
    }
    // Some services say of every condition only that it was not met.
    at.service->faults = [](const http_request&, std::string_view label) {
        return label == "copy" ? azure_fault::answer(412, "ConditionNotMet") : azure_fault{};
    };
    CHECK(copy_listed(store, at.c(), rows[0].r).error().code == errc::already_exists);
    CHECK(copy_listed(store, at.c(), rows[2].r).error().subject == "from");
    copy_request over = good;
    over.target = condition::if_match(there);
    CHECK(copy_listed(store, at.c(), over).error().code == errc::condition_failed);
}

TEST_CASE("a copy whose answer was lost is a success when the target is that copy") {
    for (const bool done : {true, false}) {
        CAPTURE(done);
        const fake_place at;
        fake_store store = at.open();
        store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
        int copies = 0;
        at.service->faults = [&](const http_request&, std::string_view label) {
            if (label != "copy" || ++copies > 1) return azure_fault{};
            if (!done)
                at.service->containers.at("box").blobs["to"] = {
                    .content = "another", .etag = "0x1", .md5 = testing::md5_of("another")};
            return done ? azure_fault::lost_after() : azure_fault::lost_before();
        };
        const auto made = copy_listed(store, at.c(), listed(store, at.c(), "from", "to"));
        if (done) {
            REQUIRE(made);
            CHECK(made->proof == copy_proof::none);  // nobody saw the service's word for it
            CHECK(made->info.size_bytes == 7);
        } else {
            CHECK(made.error().code == errc::already_exists);
            CHECK(made.error().done == effect::indeterminate);
        }
    }
}

TEST_CASE("a source that is replaced between look and copy is looked at again") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("from"), as_bytes("first"), {}, {}).value();
    int copies = 0;
    at.service->faults = [&](const http_request&, std::string_view label) {
        if (label == "copy" && ++copies == 1) {
            testing::fake_blob& b = at.blob("from");
            b.content = "second";
            b.md5 = testing::md5_of("second");
            at.service->touch(b);
        }
        return azure_fault{};
    };
    CHECK(store.copy(at.c(), name("from"), name("to"), {}, {}));
    CHECK(at.blob("to").content == "second");
    CHECK(copies == 2);
}

TEST_CASE("what is larger than one request may copy goes in blocks, with all that the source had") {
    const fake_place at;
    fake_store store = at.open({.copy_block_bytes = 4, .most_copied_at_once = 10});
    attributes a;
    a.content_language = "en";
    a.metadata = {{"k", "v"}};
    a.tags = {{"t", "1"}};
    store.put(at.c(), name("from"), as_bytes("more than ten bytes"), a, condition::if_absent()).value();
    at.blob("from").tier = "Cold";
    at.service->requests.clear();
    const auto made = copy_listed(store, at.c(), listed(store, at.c(), "from", "to"));
    REQUIRE(made);
    CHECK(made->proof == copy_proof::none);
    CHECK(at.service->count("block from url") == 5);
    CHECK(at.blob("to").content == "more than ten bytes");
    CHECK(at.blob("to").md5 == testing::md5_of("more than ten bytes"));
    CHECK(at.blob("to").tier == "Cold");
    CHECK(store.head(at.c(), name("to")).value().attrs == a);
    CHECK(copy_listed(store, at.c(), listed(store, at.c(), "from", "to")).error().code == errc::already_exists);
}

TEST_CASE("a source that changes between two blocks is not copied") {
    const fake_place at;
    fake_store store = at.open({.copy_block_bytes = 4, .most_copied_at_once = 10});
    store.put(at.c(), name("from"), as_bytes("more than ten bytes"), {}, {}).value();
    int blocks = 0;
    at.service->faults = [&](const http_request&, std::string_view label) {
        if (label == "block from url" && ++blocks == 3) at.service->touch(at.blob("from"));
        return azure_fault{};
    };
    const auto refused = copy_listed(store, at.c(), listed(store, at.c(), "from", "to"));
    CHECK(refused.error().code == errc::condition_failed);
    CHECK(store.head(at.c(), name("to")).error().code == errc::not_found);
}

TEST_CASE("where the service cannot read the source, the client does, and compares the hash itself") {
    for (const std::size_t size : {std::size_t{0}, std::size_t{7}, (std::size_t{8} << 20) + 5}) {
        CAPTURE(size);
        const fake_place at;
        at.service->firewall = true;
        fake_store store = at.open();
        const std::string content(size, 'x');
        attributes a;
        a.content_type = "application/dicom";
        a.tags = {{"t", "1"}};
        store.put(at.c(), name("from"), as_bytes(content), a, {}).value();
        const auto made = copy_listed(store, at.c(), listed(store, at.c(), "from", "to"));
        REQUIRE(made);
        CHECK(made->proof == copy_proof::computed_hash);
        CHECK(at.blob("to").content == content);
        CHECK(store.head(at.c(), name("to")).value().attrs == a);
        CHECK(copy_listed(store, at.c(), listed(store, at.c(), "from", "to")).error().code == errc::already_exists);
    }
}

TEST_CASE("a service without blocks from URLs is answered in the way that was chosen") {
    for (const azure_fallback how : {azure_fallback::stream, azure_fallback::asynchronous, azure_fallback::fail}) {
        CAPTURE(static_cast<int>(how));
        const fake_place at;
        at.service->no_blocks_from_urls = true;
        fake_store store = at.open({.unreadable_source = how, .most_copied_at_once = 3});
        attributes a;
        a.metadata = {{"k", "v"}};
        a.tags = {{"t", "1"}};
        store.put(at.c(), name("from"), as_bytes("content"), a, {}).value();
        const auto made = copy_listed(store, at.c(), listed(store, at.c(), "from", "to"));
        if (how == azure_fallback::fail) {
            CHECK(made.error().code == errc::unsupported);
            continue;
        }
        REQUIRE(made);
        CHECK(at.service->count("start copy") == (how == azure_fallback::asynchronous ? 1 : 0));
        CHECK(at.blob("to").content == "content");
        CHECK(store.head(at.c(), name("to")).value().attrs == a);
    }
}

TEST_CASE("a firewall is an error where no other way is wanted") {
    const fake_place at;
    at.service->firewall = true;
    fake_store store = at.open({.unreadable_source = azure_fallback::fail});
    store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
    const auto refused = store.copy(at.c(), name("from"), name("to"), {}, {});
    CHECK(refused.error().code == errc::permission_denied);
    CHECK(refused.error().subject == "from");
}

TEST_CASE("an account that knows no tags is copied in without, after one refusal") {
    const fake_place at;
    at.service->no_tags = true;
    fake_store store = at.open();
    for (const char* n : {"a", "b", "c"}) store.put(at.c(), name(n), as_bytes("content"), {}, {}).value();
    at.service->requests.clear();
    for (const char* n : {"a", "b", "c"}) {
        CHECK(copy_listed(store, at.c(), listed(store, at.c(), n, "to/" + std::string(n))));
    }
    CHECK(at.service->count("copy") == 4);
}

TEST_CASE("what cannot be copied now says so before anything is sent") {
    const fake_place at;
    fake_store store = at.open();
    store.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();
    at.blob("from").tier = "Archive";
    CHECK(store.copy(at.c(), name("from"), name("to"), {}, {}).error().code == errc::blocked);
    CHECK(copy_listed(store, at.c(), listed(store, at.c(), "from", "to")).error().code == errc::blocked);
    at.blob("from").tier = "Hot";
    at.blob("from").copy_id = "c";
    at.blob("from").copy_status = "failed";
    CHECK(store.copy(at.c(), name("from"), name("to"), {}, {}).error().code == errc::conflict);
    CHECK(store.copy(at.c(), name("from"), name("from"), {}, {}).error().code == errc::invalid_argument);
    CHECK(store.copy(at.c(), name("from"), name("to"), condition::if_absent(), {}).error().code ==
          errc::invalid_argument);
}

TEST_CASE("names whose URL is too long for the service go through the client") {
    const fake_place at;
    fake_store store = at.open();
    std::string wide;
    for (int i = 0; i < 1'000; ++i) wide += "\xE6\x97\xA5";
    store.put(at.c(), name(wide), as_bytes("content"), {}, {}).value();
    CHECK(copy_listed(store, at.c(), listed(store, at.c(), wide, "to")));
    CHECK(at.service->count("copy") == 0);
    CHECK(at.blob("to").content == "content");
}

TEST_CASE("a store with a SAS or a token gives the service its own access to read with") {
    const fake_place at;
    fake_store with_key = at.open();
    with_key.put(at.c(), name("from"), as_bytes("content"), {}, {}).value();

    detail::service_sas access;
    access.version = detail::azure_version;
    access.resource = "c";
    access.container = "box";
    access.permissions = "rcwdlt";
    access.expiry = "2020-01-02T00:00:00Z";
    const secret sas = detail::sign_sas(access, testing::fake_key()).value();
    azure_place place =
        azure_place::from_url(std::string(testing::fake_service::origin) + "/box?" + std::string(sas.reveal())).value();
    fake_store with_sas = fake_store::open(testing::fake_transport(at.service), place).value();
    CHECK(with_sas.copy(at.c(), name("from"), name("to"), {}, condition::if_absent()).value().proof ==
          copy_proof::computed_hash);

    at.service->bearer = "token";
    place.credential = detail::azure_credential(detail::bearer_token{secret("token")});
    fake_store with_token = fake_store::open(testing::fake_transport(at.service), place).value();
    CHECK(with_token.copy(at.c(), name("from"), name("to2"), {}, condition::if_absent()).value().proof ==
          copy_proof::computed_hash);
}

}  // namespace
