// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_requests.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/requests.hpp>

using namespace blobshift;
using namespace blobshift::detail;
using test::container;
using test::name;
using test::shown;

TEST_CASE("a container is created, looked for and deleted") {
    CHECK(shown(create_container_request(container)) == "PUT " + container + "?restype=container\n");
    CHECK(shown(head_container_request(container)) == "HEAD " + container + "?restype=container\n");
    CHECK(shown(delete_container_request(container)) == "DELETE " + container + "?restype=container\n");
    CHECK(shown(delete_container_request(container, "lease")) ==
          "DELETE " + container + "?restype=container\nx-ms-lease-id: lease\n");
}

TEST_CASE("a blob is put with all that is said of it") {
    CHECK(shown(put_blob_request(container, name("a b"), as_bytes("content"), {})) ==
          "PUT " + container + "/a%20b\nx-ms-blob-type: BlockBlob\n\ncontent\n");
    write_options o{.when = condition::if_absent(),
                    .hash = digest{hash_algorithm::md5, bytes(16)},
                    .stored_md5 = digest{hash_algorithm::md5, bytes(16, std::byte{0xFF})},
                    .tier = "Cool",
                    .lease_id = "l"};
    attributes a{.content_type = "text/plain", .metadata = {{"m", "1"}}};
    CHECK(shown(put_blob_request(container, name("b"), {}, a, o)) ==
          "PUT " + container +
              "/b\nx-ms-blob-type: BlockBlob\nContent-MD5: AAAAAAAAAAAAAAAAAAAAAA==\n"
              "x-ms-blob-content-type: text/plain\nx-ms-meta-m: 1\nx-ms-blob-content-md5: /////////////////////w==\n"
              "If-None-Match: *\nx-ms-access-tier: Cool\nx-ms-lease-id: l\n");
    o = {.when = condition::if_match(etag("\"1\""))};
    CHECK(shown(put_blob_request(container, name("b"), {}, {}, o)) ==
          "PUT " + container + "/b\nx-ms-blob-type: BlockBlob\nIf-Match: \"1\"\n");
}

TEST_CASE("a blob is got whole without a range, and in parts with one") {
    const std::string line = "GET " + container + "/b\n";
    const auto made = [](const get_options& o) { return shown(get_blob_request(container, name("b"), o)); };
    CHECK(made({}) == line);
    CHECK(made({.offset = 10}) == line + "x-ms-range: bytes=10-\n");
    CHECK(made({.offset = 10, .length = 100}) == line + "x-ms-range: bytes=10-109\n");
    CHECK(made({.length = 1}) == line + "x-ms-range: bytes=0-0\n");
    CHECK(made({.offset = 0, .length = std::uint64_t{1} << 63}) == line + "x-ms-range: bytes=0-9223372036854775807\n");
    CHECK(made({.length = 4U << 20, .want_md5 = true, .pin = condition::if_match(etag("\"1\"")), .lease_id = "l"}) ==
          line + "x-ms-range: bytes=0-4194303\nx-ms-range-get-content-md5: true\nIf-Match: \"1\"\nx-ms-lease-id: l\n");
    CHECK(made({.snapshot = "2026-01-01T00:00:00.0000000Z"}) ==
          "GET " + container + "/b?snapshot=2026-01-01T00%3A00%3A00.0000000Z\n");
}

TEST_CASE("a range that Azure cannot express is refused before it is sent") {
    for (const get_options& o :
         {get_options{.length = 0}, get_options{.length = ~std::uint64_t{0}},
          get_options{.offset = ~std::uint64_t{0}, .length = 1}, get_options{.want_md5 = true},
          get_options{.length = (4U << 20) + 1, .want_md5 = true}, get_options{.pin = condition::if_absent()}}) {
        const auto made = get_blob_request(container, name("b"), o);
        REQUIRE(!made);
        CHECK(made.error().code == errc::invalid_argument);
    }
}

TEST_CASE("a blob is asked for its properties, and deleted") {
    const std::string blob = container + "/b";
    CHECK(shown(head_blob_request(container, name("b"))) == "HEAD " + blob + "\n");
    CHECK(shown(head_blob_request(container, name("b"), "t:1")) == "HEAD " + blob + "?snapshot=t%3A1\n");
    CHECK(shown(delete_blob_request(container, name("b"))) == "DELETE " + blob + "\n");
    CHECK(shown(delete_blob_request(container, name("b"), condition::if_match(etag("\"1\"")), delete_snapshots::include,
                                    "l")) ==
          "DELETE " + blob + "\nx-ms-delete-snapshots: include\nIf-Match: \"1\"\nx-ms-lease-id: l\n");
    CHECK(shown(delete_blob_request(container, name("b"), {}, delete_snapshots::only)) ==
          "DELETE " + blob + "\nx-ms-delete-snapshots: only\n");
}

TEST_CASE("a listing says what it wants, once and in order") {
    const std::string line = "GET " + container + "?restype=container&comp=list";
    const auto made = [](const list_options& o) { return shown(list_blobs_request(container, o)); };
    CHECK(made({}) == line + "\n");
    CHECK(made({.prefix = "a b/", .delimiter = "/", .marker = "2!76!MDAw+/==", .max_results = 7}) ==
          line + "&prefix=a%20b%2F&delimiter=%2F&marker=2%2176%21MDAw%2B%2F%3D%3D&maxresults=7\n");
    CHECK(made({.copy = true,
                .deleted = true,
                .metadata = true,
                .snapshots = true,
                .tags = true,
                .uncommitted = true,
                .versions = true,
                .immutability = true}) ==
          line +
              "&include=copy,deleted,immutabilitypolicy,legalhold,metadata,snapshots,tags,uncommittedblobs,versions\n");
    CHECK(made({.max_results = 5000}) == line + "&maxresults=5000\n");
    CHECK(made({.max_results = 5001}) == "invalid_argument: a page holds at most 5000 results");
    CHECK(made({.delimiter = "/", .snapshots = true}) ==
          "invalid_argument: snapshots cannot be listed with a delimiter");
}
