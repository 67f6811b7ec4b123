// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_hash.hpp>

#include <string>

#include <doctest/doctest.h>
#include <blobshift/core/crc64_nvme.hpp>
#include <support/vectors.hpp>

using namespace blobshift;
using namespace blobshift::detail;

TEST_CASE("every golden CRC-64 is written little-endian, as Azure does and S3 does not, and read again") {
    const auto& vectors = test::shared_key_vectors().at("crc64_vectors");
    CHECK(vectors.size() == 4);
    for (const auto& v : vectors) {
        const std::string data = v.at("data");
        CAPTURE(data);
        const digest hash = make_digest(hash_algorithm::crc64_nvme, crc64_nvme_of(std::string_view(data)));
        CHECK(to_hex(hash.value) == v.at("crc64_hex").get<std::string>());
        CHECK(azure_hash_text(hash) == v.at("azure_base64").get<std::string>());
        CHECK(to_base64(hash.value) == v.at("s3_base64").get<std::string>());
        CHECK(parse_azure_hash(hash_algorithm::crc64_nvme, v.at("azure_base64").get<std::string>()) == hash);
    }
}

TEST_CASE("an MD5 is written in base64 and read again") {
    const auto hash = parse_azure_hash(hash_algorithm::md5, "sQqNsWTgdUEFt6mb5y4/5Q==");
    REQUIRE(hash);
    CHECK(to_hex(hash->value) == "b10a8db164e0754105b7a99be72e3fe5");
    CHECK(azure_hash_text(*hash) == "sQqNsWTgdUEFt6mb5y4/5Q==");
}

TEST_CASE("text of another length or alphabet is no hash") {
    for (const char* text : {"", "AAAA", "b10a8db164e0754105b7a99be72e3fe5", "sQqNsWTgdUEFt6mb5y4/5Q", "not a hash"}) {
        CAPTURE(text);
        CHECK(!parse_azure_hash(hash_algorithm::md5, text));
        CHECK(!parse_azure_hash(hash_algorithm::crc64_nvme, text));
    }
    CHECK(!parse_azure_hash(hash_algorithm::md5, "iJh5CoYUi64="));
    CHECK(!parse_azure_hash(hash_algorithm::crc64_nvme, "sQqNsWTgdUEFt6mb5y4/5Q=="));
}
