// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_requests_copy.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/requests.hpp>

using namespace blobshift;
using namespace blobshift::detail;
using test::container;
using test::name;
using test::shown;

namespace {

const std::string source_url = "https://account1.blob.core.windows.net/cont/old?sig=x";
const std::string target = "PUT " + container + "/new";
const condition version_1 = condition::if_match(etag("\"1\""));
const digest md5{hash_algorithm::md5, bytes(16)};

}  // namespace

TEST_CASE("a copy is conditional on its source and on its target, whichever way it is made") {
    const copy_source source{.url = source_url, .when = version_1};
    const azure_copy_options options{.when = condition::if_absent(), .tier = "Cool", .lease_id = "l"};
    const std::string common = "x-ms-copy-source: " + source_url + "\nx-ms-source-if-match: \"1\"\n";
    const std::string ends = "If-None-Match: *\nx-ms-access-tier: Cool\nx-ms-lease-id: l\n";
    CHECK(shown(start_copy_request(container, name("new"), source, options)) == target + "\n" + common + ends);
    CHECK(shown(copy_blob_request(container, name("new"), source, options)) ==
          target + "\nx-ms-requires-sync: true\n" + common + ends);
    CHECK(shown(put_blob_from_url_request(container, name("new"), source, options)) ==
          target + "\nx-ms-blob-type: BlockBlob\n" + common + ends);
    CHECK(shown(put_block_from_url_request(container, name("new"), "YQ==", source, 8, 4, "l")) ==
          target + "?comp=block&blockid=YQ%3D%3D\nx-ms-source-range: bytes=8-11\n" + common + "x-ms-lease-id: l\n");
}

TEST_CASE("the ways that read as a stranger take a hash and a token for the source") {
    const copy_source source{.url = source_url, .hash = md5, .bearer = secret("t")};
    const std::string common = "x-ms-copy-source: " + source_url +
                               "\nx-ms-source-content-md5: AAAAAAAAAAAAAAAAAAAAAA==\n"
                               "x-ms-copy-source-authorization: Bearer t\n";
    CHECK(shown(copy_blob_request(container, name("new"), source, {.copy_tags = true})) ==
          target + "\nx-ms-requires-sync: true\n" + common + "x-ms-copy-source-tag-option: COPY\n");
    CHECK(shown(put_blob_from_url_request(container, name("new"), source)) ==
          target + "\nx-ms-blob-type: BlockBlob\n" + common);
    CHECK(shown(put_block_from_url_request(container, name("new"), "YQ==", source, 0, 1)) ==
          target + "?comp=block&blockid=YQ%3D%3D\nx-ms-source-range: bytes=0-0\n" + common);
}

TEST_CASE("attributes of one's own replace those of the source, content headers only in a put from a URL") {
    const attributes a{.content_type = "text/plain", .metadata = {{"m", "1"}}, .tags = {{"t", "2"}}};
    const copy_source source{.url = source_url};
    CHECK(shown(copy_blob_request(container, name("new"), source, {.attrs = &a})) ==
          target + "\nx-ms-requires-sync: true\nx-ms-copy-source: " + source_url +
              "\nx-ms-meta-m: 1\nx-ms-tags: t=2\n");
    CHECK(
        shown(put_blob_from_url_request(container, name("new"), source, {.attrs = &a, .stored_md5 = md5})) ==
        target +
            "\nx-ms-blob-type: BlockBlob\nx-ms-copy-source-blob-properties: false\n"
            "x-ms-blob-content-type: text/plain\nx-ms-blob-content-md5: AAAAAAAAAAAAAAAAAAAAAA==\nx-ms-copy-source: " +
            source_url + "\nx-ms-meta-m: 1\nx-ms-tags: t=2\n");
}

TEST_CASE("what a way of copying does not know is refused, not ignored") {
    const copy_source plain{.url = source_url};
    const auto refused = [](const result<http_request>& made) {
        return !made && made.error().code == errc::invalid_argument &&
               describe(made.error()).find("sig=") == std::string::npos;
    };
    CHECK(refused(start_copy_request(container, name("new"), {.url = source_url, .hash = md5})));
    CHECK(refused(start_copy_request(container, name("new"), {.url = source_url, .bearer = secret("t")})));
    CHECK(refused(start_copy_request(container, name("new"), plain, {.copy_tags = true})));
    CHECK(refused(start_copy_request(container, name("new"), plain, {.stored_md5 = md5})));
    CHECK(refused(copy_blob_request(container, name("new"), plain, {.stored_md5 = md5})));
    CHECK(refused(put_block_from_url_request(container, name("new"), "YQ==", plain, 0, 0)));
    CHECK(refused(put_block_from_url_request(container, name("new"), "YQ==", plain, 0, max_block_bytes + 1)));
    CHECK(refused(put_block_from_url_request(container, name("new"), "YQ==", plain, ~std::uint64_t{0}, 1)));
    for (const copy_source& source : {copy_source{.url = source_url + std::string(2048, 'x')},
                                      copy_source{.url = source_url, .when = condition::if_absent()},
                                      copy_source{.url = "http://127.0.0.1/x?sig=y", .bearer = secret("t")}}) {
        CHECK(refused(copy_blob_request(container, name("new"), source)));
        CHECK(refused(start_copy_request(container, name("new"), source)));
        CHECK(refused(put_blob_from_url_request(container, name("new"), source)));
        CHECK(refused(put_block_from_url_request(container, name("new"), "YQ==", source, 0, 1)));
    }
    CHECK(refused(copy_blob_request(container, name("new"), {.url = source_url + "\nx-ms-evil: 1"})));
}

TEST_CASE("a copy is aborted by its id") {
    CHECK(shown(abort_copy_request(container, name("new"), "c-1", "l")) ==
          target + "?comp=copy&copyid=c-1\nx-ms-copy-action: abort\nx-ms-lease-id: l\n");
}
