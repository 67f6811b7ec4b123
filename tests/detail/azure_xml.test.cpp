// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_xml.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace blobshift;
using namespace blobshift::detail;

namespace {

const std::string bom = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>";

}  // namespace

TEST_CASE("the body of an error is read, with or without a byte order mark") {
    const auto body = parse_error_body(
        bom +
        "<Error><Code>AuthenticationFailed</Code><Message>Server failed.\nRequestId:1</Message>"
        "<AuthenticationErrorDetail>The MAC signature found in the HTTP request 'x' is not the same as any computed "
        "signature. Server used following string to sign: 'GET&#10;/a/b'.</AuthenticationErrorDetail>"
        "<CopySourceStatusCode>404</CopySourceStatusCode><CopySourceErrorCode>BlobNotFound</CopySourceErrorCode></"
        "Error>");
    CHECK(body.code == "AuthenticationFailed");
    CHECK(body.message == "Server failed.\nRequestId:1");
    CHECK(body.authentication_detail.ends_with("'GET\n/a/b'."));
    CHECK(body.copy_source_code == "BlobNotFound");
    CHECK(body.copy_source_status == 404);
    CHECK(parse_error_body("<Error><Code>X</Code></Error>").code == "X");
}

TEST_CASE("a body that is no error of the service says nothing") {
    for (const char* text :
         {"", "<html><body>502</body></html>", "<Error><Code>X</Code>", "{\"error\":1}", "<Error>\x01</Error>",
          "<!DOCTYPE Error [<!ENTITY a \"b\">]><Error><Code>&a;</Code></Error>", "<Error><Code>&xxe;</Code></Error>",
          "<error><Code>X</Code></error>", "\xFF\xFE<"}) {
        CAPTURE(text);
        const auto body = parse_error_body(text);
        CHECK(body.code == "");
        CHECK(body.message == "");
        CHECK(body.copy_source_status == 0);
    }
    CHECK(parse_error_body("<Error><CopySourceStatusCode>many</CopySourceStatusCode></Error>").copy_source_status == 0);
}

TEST_CASE("a list of blocks is read") {
    const auto list =
        parse_block_list(bom +
                         "<BlockList><CommittedBlocks><Block><Name>YQ==</Name><Size>4194304000</Size></Block>"
                         "<Block><Name>Yg==</Name><Size>0</Size></Block></CommittedBlocks><UncommittedBlocks>"
                         "<Block><Name>Yw==</Name><Size>7</Size></Block></UncommittedBlocks></BlockList>")
            .value();
    REQUIRE(list.committed.size() == 2);
    CHECK(list.committed[0].id == "YQ==");
    CHECK(list.committed[0].size_bytes == 4194304000U);
    CHECK(list.committed[1].size_bytes == 0);
    REQUIRE(list.uncommitted.size() == 1);
    CHECK(list.uncommitted[0].id == "Yw==");
    CHECK(parse_block_list("<BlockList />").value().committed.empty());
}

TEST_CASE("a broken list of blocks is an error, to be repeated") {
    for (const char* text :
         {"", "<BlockList>", "<Tags/>",
          "<BlockList><CommittedBlocks><Block><Size>1</Size></Block></CommittedBlocks></BlockList>",
          "<BlockList><CommittedBlocks><Block><Name>YQ==</Name></Block></CommittedBlocks></BlockList>",
          "<BlockList><UncommittedBlocks><Block><Name>YQ==</Name><Size>-1</Size></Block></UncommittedBlocks></"
          "BlockList>",
          "<BlockList><UncommittedBlocks><Block><Name>YQ==</Name><Size>1x</Size></Block></UncommittedBlocks></"
          "BlockList>"}) {
        CAPTURE(text);
        const auto list = parse_block_list(text);
        REQUIRE(!list);
        CHECK(list.error().code == errc::corrupt);
        CHECK(list.error().is_transient());
    }
}

TEST_CASE("tags are read, values of white space and none at all too") {
    const auto tags = parse_tags(bom +
                                 "<Tags><TagSet><Tag><Key>k+1</Key><Value>a &amp; b</Value></Tag><Tag><Key>space</Key>"
                                 "<Value> </Value></Tag><Tag><Key>none</Key><Value /></Tag></TagSet></Tags>");
    CHECK(tags.value() == std::map<std::string, std::string>{{"k+1", "a & b"}, {"none", ""}, {"space", " "}});
    CHECK(parse_tags("<Tags><TagSet /></Tags>").value().empty());
    CHECK(parse_tags("<Tags><TagSet>").error().message == "the answer is not a whole set of tags");
}

TEST_CASE("a user delegation key is read, and refused when a part is missing") {
    const std::string good =
        "<UserDelegationKey><SignedOid>o</SignedOid><SignedTid>t</SignedTid><SignedStart>s</SignedStart>"
        "<SignedExpiry>e</SignedExpiry><SignedService>b</SignedService><SignedVersion>v</SignedVersion>"
        "<Value>Zm9v</Value></UserDelegationKey>";
    const auto key = parse_user_delegation_key(bom + good).value();
    CHECK(key.object_id == "o");
    CHECK(key.tenant_id == "t");
    CHECK(key.start == "s");
    CHECK(key.expiry == "e");
    CHECK(key.service == "b");
    CHECK(key.version == "v");
    CHECK(key.value.reveal() == "Zm9v");
    for (const char* part :
         {"SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion", "Value"}) {
        CAPTURE(part);
        std::string text = good;
        for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part)) text[at] = 'X';
        CHECK(!parse_user_delegation_key(text));
    }
    CHECK(!parse_user_delegation_key("<UserDelegationKey"));
}
