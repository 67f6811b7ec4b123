// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_request.hpp>

#include <string>

#include <doctest/doctest.h>
#include <support/requests.hpp>

using namespace blobshift;
using namespace blobshift::detail;
using test::shown;

TEST_CASE("a query gets its names and encoded values, and no empty ones") {
    CHECK(shown(azure_request("GET", "https://h/c")
                    .query("comp", "list")
                    .query("prefix", "a b+c/\xC3\xA9&=")
                    .query("x", "")
                    .query("include", "a,b")
                    .finish()) == "GET https://h/c?comp=list&prefix=a%20b%2Bc%2F%C3%A9%26%3D&include=a,b\n");
}

TEST_CASE("a condition becomes the header that says it, for the target and for the source of a copy") {
    const auto made = [](const condition& c) { return shown(azure_request("PUT", "https://h/c").when(c).finish()); };
    const auto of_source = [](const condition& c) {
        return shown(azure_request("PUT", "https://h/c").source_when(c).finish());
    };
    CHECK(made(condition::always()) == "PUT https://h/c\n");
    CHECK(made(condition::if_absent()) == "PUT https://h/c\nIf-None-Match: *\n");
    CHECK(made(condition::if_match(etag("\"0x8D1\""))) == "PUT https://h/c\nIf-Match: \"0x8D1\"\n");
    CHECK(of_source(condition::if_match(etag("\"0x8D1\""))) == "PUT https://h/c\nx-ms-source-if-match: \"0x8D1\"\n");
    CHECK(of_source(condition::if_absent()) == "PUT https://h/c\nx-ms-source-if-none-match: *\n");
}

TEST_CASE("a tag that names no single version matches none") {
    for (const char* tag : {"", "*", "0x8D1", "\"", "\"\"", "W/\"0x8D1\"", "\"a\", \"b\"", "\"a\"\"b\"",
                            "\"a\r\nx: y\"", "\"a b\"", "\"\xC3\xA9\""}) {
        CAPTURE(tag);
        CHECK(if_match_text(etag(tag)) == "\"no-such-version\"");
    }
    CHECK(if_match_text(etag("\"0x8D1\"")) == "\"0x8D1\"");
}

TEST_CASE("text that no header can carry is refused, so that no header can be smuggled in") {
    struct row {
        const char* value;
        bool taken;
    };
    for (const row& t :
         {row{"plain text", true}, row{"a\r\nx-ms-evil: 1", false}, row{"a\nb", false}, row{"a\tb", false},
          row{" a", false}, row{"a ", false}, row{"a  b", false}, row{"\xC3\xA9", false}, row{"\x7F", false}}) {
        CAPTURE(t.value);
        const auto made = azure_request("PUT", "https://h/c").header("x-ms-test", t.value).finish();
        CHECK(made.has_value() == t.taken);
        if (!made) CHECK(made.error().message == "the header x-ms-test holds text that no header can carry");
        attributes a;
        a.metadata["name"] = t.value;
        CHECK(azure_request("PUT", "https://h/c").metadata(a).finish().has_value() == t.taken);
        a.metadata = {{t.value, "x"}};
        CHECK(!azure_request("PUT", "https://h/c").metadata(a).finish());
    }
    attributes a;
    a.metadata["canary"] = "canary\n";
    CHECK(azure_request("PUT", "https://h/c").metadata(a).finish().error().message ==
          "the header of a metadata value holds text that no header can carry");
}

TEST_CASE("attributes become headers, tags in one of them, and an empty metadata value stays") {
    attributes a{.content_type = "text/plain; charset=utf-8",
                 .content_encoding = "gzip",
                 .content_language = "en",
                 .content_disposition = "inline",
                 .cache_control = "no-cache",
                 .metadata = {{"a", "1"}, {"b_2", ""}},
                 .tags = {{"k1", "v 1"}, {"k+2", "v/2"}}};
    CHECK(shown(azure_request("PUT", "https://h/c").all_attributes(a).finish()) ==
          "PUT https://h/c\nx-ms-blob-content-type: text/plain; charset=utf-8\nx-ms-blob-content-encoding: gzip\n"
          "x-ms-blob-content-language: en\nx-ms-blob-content-disposition: inline\nx-ms-blob-cache-control: no-cache\n"
          "x-ms-meta-a: 1\nx-ms-meta-b_2: \nx-ms-tags: k%2B2=v%2F2&k1=v%201\n");
    CHECK(shown(azure_request("PUT", "https://h/c").all_attributes({}).finish()) == "PUT https://h/c\n");
}

TEST_CASE("a hash goes into the header of its kind, and one that the service does not know is refused") {
    const digest md5{hash_algorithm::md5, bytes(16)};
    const digest crc = make_digest(hash_algorithm::crc64_nvme, 0xae8b14860a799888U);
    const auto body = [](const digest& d) { return shown(azure_request("PUT", "https://h/c").body_hash(d).finish()); };
    const auto source = [](const digest& d) {
        return shown(azure_request("PUT", "https://h/c").source_hash(d).finish());
    };
    CHECK(body(md5) == "PUT https://h/c\nContent-MD5: AAAAAAAAAAAAAAAAAAAAAA==\n");
    CHECK(body(crc) == "PUT https://h/c\nx-ms-content-crc64: iJh5CoYUi64=\n");
    CHECK(source(md5) == "PUT https://h/c\nx-ms-source-content-md5: AAAAAAAAAAAAAAAAAAAAAA==\n");
    CHECK(source(crc) == "PUT https://h/c\nx-ms-source-content-crc64: iJh5CoYUi64=\n");
    CHECK(!azure_request("PUT", "https://h/c").body_hash(make_digest(hash_algorithm::xxh64, 1)).finish());
    CHECK(!azure_request("PUT", "https://h/c").source_hash(digest{hash_algorithm::sha256, bytes(32)}).finish());
}
