// SPDX-License-Identifier: MIT

#include <blobshift/detail/openssl.hpp>

#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace blobshift;
using namespace blobshift::detail;

TEST_CASE("HMAC-SHA-256 agrees with RFC 4231, for short, long and empty keys") {
    struct row {
        std::string key;
        std::string message;
        const char* code;
    };
    for (const row& t : {
             row{std::string(20, '\x0b'), "Hi There",
                 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
             row{"Jefe", "what do ya want for nothing?",
                 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
             row{std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
                 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
             row{"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
         }) {
        const hmac_sha256 hmac = hmac_sha256::with_key(as_bytes(t.key)).value();
        CHECK(to_hex(hmac(t.message)) == t.code);
        CHECK(to_hex(hmac(t.message)) == t.code);  // the key is still there
    }
}

TEST_CASE("one key signs on several threads at once") {
    const hmac_sha256 hmac = hmac_sha256::with_key(as_bytes("Jefe")).value();
    std::vector<int> wrong(4);
    {
        std::vector<std::jthread> threads;
        for (int& count : wrong) {
            threads.emplace_back([&] {
                for (int i = 0; i < 200; ++i)
                    count += to_hex(hmac("what do ya want for nothing?")).substr(0, 8) != "5bdcc146";
            });
        }
    }
    CHECK(wrong == std::vector<int>(4));
}

TEST_CASE("hashes agree with their standards, in one run and in pieces") {
    CHECK(to_hex(openssl_hash_of(hash_algorithm::md5, {}).value().value) == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(to_hex(openssl_hash_of(hash_algorithm::md5, as_bytes("abc")).value().value) ==
          "900150983cd24fb0d6963f7d28e17f72");
    CHECK(to_hex(openssl_hash_of(hash_algorithm::sha256, as_bytes("abc")).value().value) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    openssl_hash pieces(hash_algorithm::md5);
    pieces.update(as_bytes("a"));
    pieces.update({});
    pieces.update(as_bytes("bc"));
    CHECK(pieces.finish().value() == openssl_hash_of(hash_algorithm::md5, as_bytes("abc")).value());
    CHECK(!pieces.finish());  // used up
}

TEST_CASE("a hash that OpenSSL does not compute for us is unsupported") {
    for (const hash_algorithm a : {hash_algorithm::xxh64, hash_algorithm::crc64_nvme}) {
        const auto made = openssl_hash_of(a, as_bytes("abc"));
        REQUIRE(!made);
        CHECK(made.error().code == errc::unsupported);
    }
}
