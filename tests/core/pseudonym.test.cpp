// SPDX-License-Identifier: MIT

#include <blobshift/core/pseudonym.hpp>

#include <doctest/doctest.h>

using blobshift::pseudonymizer;

namespace {

/// Entry n is the hash of the bytes 0 to n - 1 under the key 00 01 .. 0F (vectors_sip64 of its authors).
constexpr std::uint64_t siphash_vectors[64] = {
    0x726FDB47DD0E0E31U, 0x74F839C593DC67FDU, 0x0D6C8009D9A94F5AU, 0x85676696D7FB7E2DU,
    0xCF2794E0277187B7U, 0x18765564CD99A68DU, 0xCBC9466E58FEE3CEU, 0xAB0200F58B01D137U,
    0x93F5F5799A932462U, 0x9E0082DF0BA9E4B0U, 0x7A5DBBC594DDB9F3U, 0xF4B32F46226BADA7U,
    0x751E8FBC860EE5FBU, 0x14EA5627C0843D90U, 0xF723CA908E7AF2EEU, 0xA129CA6149BE45E5U,
    0x3F2ACC7F57C29BDBU, 0x699AE9F52CBE4794U, 0x4BC1B3F0968DD39CU, 0xBB6DC91DA77961BDU,
    0xBED65CF21AA2EE98U, 0xD0F2CBB02E3B67C7U, 0x93536795E3A33E88U, 0xA80C038CCD5CCEC8U,
    0xB8AD50C6F649AF94U, 0xBCE192DE8A85B8EAU, 0x17D835B85BBB15F3U, 0x2F2E6163076BCFADU,
    0xDE4DAAACA71DC9A5U, 0xA6A2506687956571U, 0xAD87A3535C49EF28U, 0x32D892FAD841C342U,
    0x7127512F72F27CCEU, 0xA7F32346F95978E3U, 0x12E0B01ABB051238U, 0x15E034D40FA197AEU,
    0x314DFFBE0815A3B4U, 0x027990F029623981U, 0xCADCD4E59EF40C4DU, 0x9ABFD8766A33735CU,
    0x0E3EA96B5304A7D0U, 0xAD0C42D6FC585992U, 0x187306C89BC215A9U, 0xD4A60ABCF3792B95U,
    0xF935451DE4F21DF2U, 0xA9538F0419755787U, 0xDB9ACDDFF56CA510U, 0xD06C98CD5C0975EBU,
    0xE612A3CB9ECBA951U, 0xC766E62CFCADAF96U, 0xEE64435A9752FE72U, 0xA192D576B245165AU,
    0x0A8787BF8ECB74B2U, 0x81B3E73D20B49B6FU, 0x7FA8220BA3B2ECEAU, 0x245731C13CA42499U,
    0xB78DBFAF3A8D83BDU, 0xEA1AD565322A1A0BU, 0x60E61C23A3795013U, 0x6606D7E446282B93U,
    0x6CA4ECB15C5F91E1U, 0x9F626DA15C9625F3U, 0xE51B38608EF25F57U, 0x958A324CEB064572U,
};

}  // namespace

TEST_CASE("the hash is SipHash-2-4 as its authors published it") {
    constexpr pseudonymizer published(0x0706050403020100U, 0x0F0E0D0C0B0A0908U);
    std::string message;
    for (std::size_t n = 0; n < 64; ++n) {
        CAPTURE(n);
        CHECK(published.hash(message) == siphash_vectors[n]);
        message += static_cast<char>(n);
    }
}

TEST_CASE("the hash counts its length modulo 256 and reads bytes as unsigned") {
    constexpr pseudonymizer key(1, 2);
    CHECK(key.hash(std::string(256, 'a')) != key.hash(""));
    CHECK(key.hash("\x80") != key.hash("\xFF"));
    CHECK(key.hash(std::string_view("\0", 1)) != key.hash(""));
}

TEST_CASE("a pseudonym is 16 hexadecimal digits, the same for a name and a key") {
    const pseudonymizer a(1, 2);
    const pseudonymizer b(1, 3);
    const std::string of_name = a("1.2.840.1/2/3_4.dcm");
    CHECK(of_name.size() == 16);
    CHECK(of_name.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(a("1.2.840.1/2/3_4.dcm") == of_name);
    CHECK(a("1.2.840.1/2/3_5.dcm") != of_name);
    CHECK(b("1.2.840.1/2/3_4.dcm") != of_name);
    const pseudonymizer published(0x0706050403020100U, 0x0F0E0D0C0B0A0908U);
    CHECK(published("") == "726fdb47dd0e0e31");
}

TEST_CASE("two fresh keys do not know each other's pseudonyms") {
    const pseudonymizer a;
    const pseudonymizer b;
    CHECK(a("name") == a("name"));
    CHECK(a("name") != b("name"));
}
