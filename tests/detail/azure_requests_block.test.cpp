// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_requests_block.hpp>

#include <set>
#include <string>

#include <doctest/doctest.h>
#include <support/requests.hpp>

using namespace blobshift;
using namespace blobshift::detail;
using test::container;
using test::name;
using test::shown;

TEST_CASE("block ids are equally long, one for each index and upload") {
    std::set<std::string> ids;
    for (const char* nonce : {"0123456789abcdef01234567", "0123456789abcdef01234568"}) {
        for (const std::uint32_t index : {0U, 1U, 9U, 10U, 49'999U, 99'999'999U}) {
            const std::string id = block_id(index, nonce);
            CHECK(id.size() == 44);
            const bytes raw = from_base64(id).value();
            CHECK(raw.size() <= 64);
            CHECK(as_text(raw).substr(8) == nonce);
            ids.insert(id);
        }
    }
    CHECK(ids.size() == 12);
    CHECK(as_text(from_base64(block_id(42, "n")).value()) == "00000042n");
}

TEST_CASE("a block carries its id and hash, and no condition") {
    CHECK(shown(put_block_request(container, name("b"), "YQ+/", as_bytes("xyz"), digest{hash_algorithm::md5, bytes(16)},
                                  "l")) ==
          "PUT " + container +
              "/b?comp=block&blockid=YQ%2B%2F\nContent-MD5: AAAAAAAAAAAAAAAAAAAAAA==\nx-ms-lease-id: l\n\nxyz\n");
}

TEST_CASE("the commit names the blocks in order, and carries condition, attributes and the blob's own MD5") {
    CHECK(block_list_body(0, "n") == "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList></BlockList>");
    const std::string body = block_list_body(2, "n");
    CHECK(body == "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList><Uncommitted>" + block_id(0, "n") +
                      "</Uncommitted><Uncommitted>" + block_id(1, "n") + "</Uncommitted></BlockList>");
    attributes a{.content_type = "text/plain"};
    CHECK(shown(put_block_list_request(
              container, name("b"), body, a,
              {.when = condition::if_absent(), .stored_md5 = digest{hash_algorithm::md5, bytes(16)}})) ==
          "PUT " + container +
              "/b?comp=blocklist\nContent-Type: application/xml\nx-ms-blob-content-type: text/plain\n"
              "x-ms-blob-content-md5: AAAAAAAAAAAAAAAAAAAAAA==\nIf-None-Match: *\n\n" +
              body + "\n");
    CHECK(shown(get_block_list_request(container, name("b"))) ==
          "GET " + container + "/b?comp=blocklist&blocklisttype=all\n");
}
