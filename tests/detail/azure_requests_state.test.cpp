// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_requests_state.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/requests.hpp>

using namespace blobshift;
using namespace blobshift::detail;
using namespace std::chrono_literals;
using test::container;
using test::name;
using test::shown;

namespace {

const std::string blob = container + "/b";
const condition version_1 = condition::if_match(etag("\"1\""));

}  // namespace

TEST_CASE("metadata and properties are replaced, under a condition") {
    const attributes a{.content_type = "text/plain", .metadata = {{"m", "1"}}};
    CHECK(shown(set_metadata_request(container, name("b"), a, version_1, "l")) ==
          "PUT " + blob + "?comp=metadata\nx-ms-meta-m: 1\nIf-Match: \"1\"\nx-ms-lease-id: l\n");
    CHECK(shown(set_properties_request(container, name("b"), a, digest{hash_algorithm::md5, bytes(16)}, version_1,
                                       "l")) ==
          "PUT " + blob +
              "?comp=properties\nx-ms-blob-content-type: text/plain\nIf-Match: \"1\"\nx-ms-lease-id: l\n"
              "x-ms-blob-content-md5: AAAAAAAAAAAAAAAAAAAAAA==\n");
}

TEST_CASE("tags are set as a document and got as one") {
    CHECK(tags_body({}) == "<?xml version=\"1.0\" encoding=\"utf-8\"?><Tags><TagSet></TagSet></Tags>");
    const std::string body = tags_body({{"a<&>", "b&c"}, {"k", ""}});
    CHECK(body ==
          "<?xml version=\"1.0\" encoding=\"utf-8\"?><Tags><TagSet><Tag><Key>a&lt;&amp;&gt;</Key>"
          "<Value>b&amp;c</Value></Tag><Tag><Key>k</Key><Value></Value></Tag></TagSet></Tags>");
    CHECK(shown(set_tags_request(container, name("b"), body, "l")) ==
          "PUT " + blob + "?comp=tags\nContent-Type: application/xml\nx-ms-lease-id: l\n\n" + body + "\n");
    CHECK(shown(get_tags_request(container, name("b"))) == "GET " + blob + "?comp=tags\n");
}

TEST_CASE("tier, snapshot and undelete are one request each") {
    CHECK(shown(set_tier_request(container, name("b"), "Hot", "High", "l")) ==
          "PUT " + blob + "?comp=tier\nx-ms-access-tier: Hot\nx-ms-rehydrate-priority: High\nx-ms-lease-id: l\n");
    CHECK(shown(snapshot_request(container, name("b"), version_1)) ==
          "PUT " + blob + "?comp=snapshot\nIf-Match: \"1\"\n");
    CHECK(shown(undelete_request(container, name("b"))) == "PUT " + blob + "?comp=undelete\n");
}

TEST_CASE("a lease is acquired, renewed, changed, released and broken") {
    const std::string line = "PUT " + blob + "?comp=lease\nx-ms-lease-action: ";
    CHECK(shown(acquire_lease_request(container, name("b"), 15s, "id-1", version_1)) ==
          line + "acquire\nx-ms-lease-duration: 15\nx-ms-proposed-lease-id: id-1\nIf-Match: \"1\"\n");
    CHECK(shown(acquire_lease_request(container, name("b"), std::nullopt)) ==
          line + "acquire\nx-ms-lease-duration: -1\n");
    CHECK(shown(renew_lease_request(container, name("b"), "id-1")) == line + "renew\nx-ms-lease-id: id-1\n");
    CHECK(shown(change_lease_request(container, name("b"), "id-1", "id-2")) ==
          line + "change\nx-ms-lease-id: id-1\nx-ms-proposed-lease-id: id-2\n");
    CHECK(shown(release_lease_request(container, name("b"), "id-1")) == line + "release\nx-ms-lease-id: id-1\n");
    CHECK(shown(break_lease_request(container, name("b"))) == line + "break\n");
    CHECK(shown(break_lease_request(container, name("b"), 0s)) == line + "break\nx-ms-lease-break-period: 0\n");
}

TEST_CASE("a lease of another length is refused") {
    for (const auto duration : {-1s, 0s, 14s, 61s}) CHECK(!acquire_lease_request(container, name("b"), duration));
    CHECK(acquire_lease_request(container, name("b"), 60s));
    for (const auto period : {-1s, 61s}) CHECK(!break_lease_request(container, name("b"), period));
    CHECK(break_lease_request(container, name("b"), 60s));
}

TEST_CASE("a user delegation key is asked for with the times it shall hold") {
    const utc_time start = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2};
    const std::string body = key_info_body(start, start + 1h);
    CHECK(body ==
          "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>2026-01-02T00:00:00Z</Start>"
          "<Expiry>2026-01-02T01:00:00Z</Expiry></KeyInfo>");
    const azure_endpoint at = parse_endpoint("https://account1.blob.core.windows.net").value();
    CHECK(shown(user_delegation_key_request(at, body)) ==
          "POST https://account1.blob.core.windows.net/?restype=service&comp=userdelegationkey\n"
          "Content-Type: application/xml\n\n" +
              body + "\n");
}
