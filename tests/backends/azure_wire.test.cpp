// SPDX-License-Identifier: MIT
//
// A store, libcurl and a socket, where the service documents what emulators never send, and where something else
// answers in its place.
#include <blobshift/backends/azure_store.hpp>

#include <doctest/doctest.h>

#include <azure/wire_azure.hpp>
#include <support/print.hpp>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using blobshift_test::chunked_bytes;
using blobshift_test::ending;
using blobshift_test::http_bytes;
using blobshift_test::received_request;
using blobshift_test::reply;
using blobshift_test::scripted_server;
using testing::rerouted_transport;
using testing::wire_store;

constexpr std::string_view id = "x-ms-request-id: 1\r\nx-ms-version: 2025-11-05\r\n";
constexpr std::string_view version = "ETag: \"0x1\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n";

[[nodiscard]] blob_name name(std::string_view text) { return blob_name::parse(text).value(); }
[[nodiscard]] std::string headers(std::string_view more = {}) { return std::string(id).append(version).append(more); }

/// A store whose every request is answered by one function or one list of replies.
struct scripted_store {
    template <class Script>
    explicit scripted_store(Script script, azure_place place = testing::fake_place::place(), int attempts = 1)
        : server(std::move(script)) {
        azure_options options;
        options.retry.max_attempts = attempts;
        store.emplace(wire_store::open(rerouted_transport(transport, server.url()), std::move(place), options).value());
    }

    [[nodiscard]] context c() const { return testing::context_of(clock); }

    testing::virtual_clock clock;
    curl_transport transport = curl_transport::open({.stall_timeout = 20s}).value();
    scripted_server server;
    std::optional<wire_store> store = {};
};

[[nodiscard]] std::vector<reply> always(std::string bytes, ending then = ending::keep) {
    return {reply{.bytes = std::move(bytes), .then = then}};
}

/// Everything that a store may be asked, each with the effect that an answer from nowhere leaves.
[[nodiscard]] std::vector<std::pair<std::string, std::optional<error>>> ask_everything(wire_store& s,
                                                                                       const context& c) {
    const blob_name n = name("b");
    bytes room(100);
    std::vector<std::pair<std::string, std::optional<error>>> all;
    const auto note = [&](std::string what, const auto& got) {
        all.emplace_back(std::move(what), got ? std::nullopt : std::optional<error>(got.error()));
    };
    note("head", s.head(c, n));
    note("read", s.read(c, n, {}, room, {}));
    note("list", s.list(c, {}));
    note("put", s.put(c, n, as_bytes("content"), {}, {}));
    note("put if absent", s.put(c, n, as_bytes("content"), {}, condition::if_absent()));
    note("remove", s.remove(c, n, {}));
    note("copy", s.copy(c, n, name("to"), {}, {}));
    const upload_session u = s.begin_upload(c, n).value();
    note("stage", s.stage_block(c, u, 0, 0, as_bytes("x")));
    note("commit", s.commit_upload(c, u, 1, 1, {}, {}));
    s.remove_many(c, std::vector<remove_request>{{n}}, {},
                  [&](std::size_t, result<bool>&& r) { note("remove many", r); });
    const source_facts known{7, testing::md5_of("content"), ""};
    s.copy_many(c, std::vector<copy_request>{{n, name("to"), condition::if_match(etag("\"0x1\"")), {}, known}}, {},
                [&](std::size_t, result<copy_result>&& r) { note("copy many", r); });
    auto& control = s.control();
    note("create container", control.create_container(c));
    note("container exists", control.container_exists(c));
    note("remove container", control.remove_container(c));
    note("set metadata", control.set_metadata(c, n, {}));
    note("set tags", control.set_tags(c, n, {}));
    note("tags", control.tags(c, n));
    note("set tier", control.set_tier(c, n, "Cool"));
    note("snapshot", control.create_snapshot(c, n));
    note("undelete", control.undelete(c, n));
    note("acquire lease", control.acquire_lease(c, n, 15s));
    note("release lease", control.release_lease(c, n, "id"));
    return all;
}

TEST_CASE("on the wire: what answers in place of the service is never believed, whatever it says") {
    struct row {
        const char* what;
        std::function<std::string(const received_request&)> bytes;
    };
    const row table[] = {
        {"a login page", [](const received_request&) { return http_bytes(200, version, "<html>Log in</html>"); }},
        {"a proxy that is polite",
         [](const received_request& r) {
             const int status = r.method == "PUT" ? 201 : r.method == "GET" || r.method == "HEAD" ? 200 : 202;
             return http_bytes(status, std::string(version) + "x-ms-lease-id: 1\r\nx-ms-snapshot: 1\r\n");
         }},
        {"one that has nothing", [](const received_request&) { return http_bytes(404); }},
        {"one that changed nothing", [](const received_request&) { return "HTTP/1.1 304 X\r\n\r\n"; }},
        {"a way to somewhere else",
         [](const received_request&) { return http_bytes(302, "Location: http://127.0.0.1:1/SECRET\r\n"); }},
        {"a way to somewhere else, with an id",
         [](const received_request&) { return http_bytes(307, headers("Location: http://127.0.0.1:1/SECRET\r\n")); }},
    };
    for (const row& t : table) {
        CAPTURE(std::string(t.what));
        scripted_store at([&](const received_request& r) { return reply{.bytes = t.bytes(r)}; });
        const auto all = ask_everything(*at.store, at.c());
        CHECK(all.size() == 22);
        for (const auto& asked : all) {
            CAPTURE(asked.first);
            REQUIRE(asked.second);
            CHECK(asked.second->code != errc::not_found);
            CHECK(asked.second->code != errc::already_exists);
            CHECK(describe(*asked.second).find("SECRET") == std::string::npos);
        }
    }
}

TEST_CASE(
    "on the wire: an error without a body, or with a body of somebody else's, is known by its status and header") {
    const std::string code = "x-ms-error-code: ServerBusy\r\n";
    struct row {
        std::string bytes;
        errc code;
    };
    const row table[] = {
        {http_bytes(503, headers(code)), errc::throttled},
        {http_bytes(503, headers(), "<html>Service Unavailable</html>"), errc::throttled},
        {http_bytes(500, headers()), errc::unavailable},
        {http_bytes(500, headers("Content-Encoding: gzip\r\n"), "\x1f\x8b\x08 not really"), errc::unavailable},
        {http_bytes(400, headers()), errc::invalid_argument},
        {http_bytes(416, headers("x-ms-error-code: InvalidRange\r\n"), std::string(200, 'x')), errc::out_of_range},
        {chunked_bytes(404, headers("x-ms-error-code: BlobNotFound\r\n"), {}), errc::not_found},
    };
    for (const row& t : table) {
        CAPTURE(t.bytes);
        scripted_store at(always(t.bytes));
        bytes room(10);
        const auto got = at.store->read(at.c(), name("b"), read_range::from(5), room, {});
        REQUIRE_FALSE(got);
        CHECK(got.error().code == t.code);
        CHECK(room == bytes(10));  // no error goes where the bytes of a blob belong
        CHECK(at.server.connection_count() == 1);
    }
}

TEST_CASE("on the wire: a service that is busy is asked again over the same connection, when it wishes") {
    const std::string busy =
        http_bytes(503, headers("x-ms-error-code: ServerBusy\r\nRetry-After: 7\r\n"), "<Error>busy</Error>");
    scripted_store at(std::vector<reply>{{.bytes = busy}, {.bytes = busy}, {.bytes = http_bytes(201, headers())}},
                      testing::fake_place::place(), 5);
    CHECK(at.store->put(at.c(), name("b"), as_bytes("content"), {}, {}));
    CHECK(at.clock.pauses() == std::vector<std::chrono::nanoseconds>(2, 7s));
    CHECK(at.server.connection_count() == 1);
    for (const received_request& r : at.server.requests()) CHECK(r.body == "content");
    // Signed anew for each try.
    CHECK(at.server.requests().at(0).header("x-ms-date") != at.server.requests().at(2).header("x-ms-date"));
}

TEST_CASE("on the wire: a challenge brings one new token, and nothing that libcurl knows by itself") {
    entra_credential identity;
    identity.chain.push_back(entra_client_secret{"tenant", "client", secret("SECRET")});
    auto place = azure_place::from_url(std::string(testing::fake_service::origin) + "/box", identity).value();
    int tokens = 0;
    scripted_store at(
        [&](const received_request& r) {
            if (r.target.starts_with("/tenant/")) {
                return reply{
                    .bytes = http_bytes(
                        200, "", R"({"access_token":"t)" + std::to_string(++tokens) + R"(","expires_in":3600})")};
            }
            return reply{
                .bytes = http_bytes(
                    401,
                    headers("x-ms-error-code: InvalidAuthenticationInfo\r\nWWW-Authenticate: Bearer "
                            "authorization_uri=https://127.0.0.1:1/SECRET\r\nWWW-Authenticate: Basic realm=x\r\n"
                            "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"),
                    "<Error/>")};
        },
        std::move(place), 5);
    const auto refused = at.store->put(at.c(), name("b"), as_bytes("content"), {}, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::unauthenticated);
    CHECK(describe(refused.error()).find("SECRET") == std::string::npos);
    std::vector<std::string> shown;
    for (const received_request& r : at.server.requests()) {
        CHECK(r.count("authorization") == (r.target.starts_with("/tenant/") ? 0 : 1));
        if (r.count("authorization") == 1) shown.push_back(r.header("authorization"));
    }
    CHECK(shown == std::vector<std::string>{"Bearer t1", "Bearer t2"});
}

TEST_CASE("on the wire: a range that is not the one that was asked for is refused, and nothing goes behind the room") {
    struct row {
        const char* what;
        std::string bytes;
    };
    const row table[] = {
        {"the whole of a larger blob", http_bytes(200, headers(), std::string(50, 'x'))},
        {"the same in chunks", chunked_bytes(200, headers(), {std::string(9, 'x'), std::string(41, 'x')})},
        {"another part", http_bytes(206, headers("Content-Range: bytes 6-15/50\r\n"), std::string(10, 'x'))},
        {"a shorter part", http_bytes(206, headers("Content-Range: bytes 5-10/50\r\n"), std::string(6, 'x'))},
        {"fewer bytes than the part",
         http_bytes(206, headers("Content-Range: bytes 5-14/50\r\n"), std::string(6, 'x'))},
        {"more bytes than the part",
         chunked_bytes(206, headers("Content-Range: bytes 5-14/50\r\n"), {std::string(11, 'x')})},
        {"several parts", http_bytes(206, headers("Content-Type: multipart/byteranges; boundary=b\r\n"), "--b")},
        {"no part", http_bytes(204, headers())},
    };
    for (const row& t : table) {
        CAPTURE(std::string(t.what));
        scripted_store at(always(t.bytes));
        bytes room(20, std::byte{'.'});
        const auto got = at.store->read(at.c(), name("b"), read_range::part(5, 10), byte_span(room).first(10), {});
        REQUIRE_FALSE(got);
        CHECK(got.error().code != errc::out_of_range);
        CHECK(as_text(room).substr(10) == "..........");
        CHECK(at.server.requests().at(0).header("x-ms-range") == "bytes=5-14");
    }
}

TEST_CASE("on the wire: a listing is read whatever the chunks it comes in, and its mark at the front is no text") {
    const std::string xml =
        "\xEF\xBB\xBF<?xml version=\"1.0\" "
        "encoding=\"utf-8\"?><EnumerationResults><Blobs><Blob><Name>\xE4\xB8\xAD&amp;</Name>"
        "<Properties><Last-Modified>Mon, 01 Jan 2024 00:00:00 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>1"
        "</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob></Blobs><NextMarker/></EnumerationResults>";
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{7}, xml.size()}) {
        CAPTURE(size);
        std::vector<std::string> chunks;
        for (std::size_t at = 0; at < xml.size(); at += size) chunks.push_back(xml.substr(at, size));
        scripted_store at(always(chunked_bytes(200, id, chunks)));
        const auto page = at.store->list(at.c(), {});
        REQUIRE(page);
        REQUIRE(page->blobs.size() == 1);
        CHECK(page->blobs[0].name.text() == "\xE4\xB8\xAD&");
        CHECK(page->blobs[0].tag == etag("\"0x1\""));
        CHECK(page->cursor.empty());
    }
}

TEST_CASE("on the wire: a HEAD that comes with a body says what its headers say, and so does the next one") {
    const std::string head = "HTTP/1.1 200 OK\r\n" + headers("Content-Length: 5\r\n") + "\r\n";
    scripted_store at(always(head + "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"));
    for (int i = 0; i < 3; ++i) {
        const auto info = at.store->head(at.c(), name("b"));
        REQUIRE(info);
        CHECK(info->size_bytes == 5);
    }
}

TEST_CASE("on the wire: headers that come twice are taken once, and never joined") {
    scripted_store at(always(http_bytes(200,
                                        headers("x-ms-request-id: 2\r\netag: \"0x2\"\r\nX-MS-META-k: first\r\n"
                                                "x-ms-meta-k: second\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n"),
                                        "content")));
    bytes room(10);
    const auto got = at.store->read(at.c(), name("b"), {}, room, {});
    REQUIRE(got);
    CHECK(got->info.tag == etag("\"0x1\""));
    CHECK(got->info.attrs.content_type == "a/b");
    CHECK(got->info.attrs.metadata.at("k") == "second");
    CHECK(got->count == 7);
}

TEST_CASE("on the wire: a large upload that is refused at once is refused, not lost") {
    for (const bool goes_on : {false, true}) {
        CAPTURE(goes_on);
        const std::string refusal = http_bytes(
            409, headers("x-ms-error-code: BlobAlreadyExists\r\n") + (goes_on ? "" : "Connection: close\r\n"),
            "<Error/>");
        scripted_server server(always((goes_on ? "HTTP/1.1 100 Continue\r\n\r\n" : "") + refusal),
                               {.reads_bodies = false});
        curl_transport transport = curl_transport::open({.stall_timeout = 20s}).value();
        auto store =
            wire_store::open(rerouted_transport(transport, server.url()), testing::fake_place::place()).value();
        const testing::virtual_clock clock;
        const auto refused =
            store.put(testing::context_of(clock), name("b"), bytes(8 << 20), {}, condition::if_absent());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == errc::already_exists);
        CHECK(refused.error().done == effect::none);
        CHECK(server.request_count() == 1);
        CHECK(server.requests().at(0).count("expect") == 0);
    }
}

TEST_CASE("on the wire: a service that closes after each answer is only slower") {
    for (const bool says_so : {false, true}) {
        const std::string made = http_bytes(201, headers(says_so ? "Connection: close\r\n" : ""));
        scripted_store at(always(made, ending::fin), testing::fake_place::place(), 3);
        for (int i = 0; i < 5; ++i) CHECK(at.store->put(at.c(), name("b"), as_bytes("content"), {}, {}));
        CHECK(at.server.connection_count() >= 5);
    }
}

}  // namespace
