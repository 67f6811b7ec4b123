// SPDX-License-Identifier: MIT

#include <blobshift/core/digest.hpp>

#include <doctest/doctest.h>

using blobshift::digest;
using blobshift::hash_algorithm;

TEST_CASE("every algorithm has a spelling of its own") {
    CHECK(to_string(hash_algorithm::xxh64) == "xxh64");
    CHECK(to_string(hash_algorithm::crc64_nvme) == "crc64nvme");
    CHECK(to_string(hash_algorithm::md5) == "md5");
    CHECK(to_string(hash_algorithm::sha256) == "sha256");
    CHECK(to_string(static_cast<hash_algorithm>(77)) == "unknown");
}

TEST_CASE("a 64-bit result is kept in the order in which it is printed") {
    const digest d = blobshift::make_digest(hash_algorithm::crc64_nvme, 0xAE8B14860A799888U);
    CHECK(d.algorithm == hash_algorithm::crc64_nvme);
    CHECK(blobshift::to_hex(d.value) == "ae8b14860a799888");
    CHECK(blobshift::to_hex(blobshift::make_digest(hash_algorithm::xxh64, 1).value) == "0000000000000001");
}

TEST_CASE("hexadecimal text has two lower-case digits for each byte") {
    CHECK(blobshift::to_hex({}).empty());
    CHECK(blobshift::to_hex(blobshift::as_bytes(std::string_view("\x00\x0F\xF0\xAB\xFF", 5))) == "000ff0abff");
}

TEST_CASE("digests are equal when algorithm and bytes are") {
    const digest a = blobshift::make_digest(hash_algorithm::xxh64, 5);
    CHECK(a == blobshift::make_digest(hash_algorithm::xxh64, 5));
    CHECK_FALSE(a == blobshift::make_digest(hash_algorithm::xxh64, 6));
    CHECK_FALSE(a == blobshift::make_digest(hash_algorithm::crc64_nvme, 5));
}
