// SPDX-License-Identifier: MIT

#include <blobshift/core/crc64_nvme.hpp>

#include <doctest/doctest.h>

using blobshift::crc64_nvme;
using blobshift::crc64_nvme_of;

static_assert(crc64_nvme_of("") == 0);
static_assert(crc64_nvme_of("123456789") == 0xAE8B14860A799888U);

namespace {

/// Bit by bit, as the polynomial is defined; no table, no slicing.
std::uint64_t slow_crc(std::string_view text) {
    std::uint64_t crc = ~std::uint64_t{0};
    for (const char c : text) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0x9A6C9329AC4BC9B5U : 0U);
    }
    return ~crc;
}

std::string some_text(std::size_t count) {
    std::string text(count, '\0');
    for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>(i * 131 + i / 7);
    return text;
}

}  // namespace

TEST_CASE("crc64_nvme gives the published values") {
    CHECK(crc64_nvme_of("") == 0);
    CHECK(crc64_nvme_of("123456789") == 0xAE8B14860A799888U);
    CHECK(crc64_nvme_of("Hello Azure!") == 0xC7A37FBFA4D9D80EU);
    CHECK(crc64_nvme_of("abc") == 0x05E5CABB3FC1FAEBU);
    // NVM Express NVM Command Set 1.0, table 121
    CHECK(crc64_nvme_of(std::string(4096, '\0')) == 0x6482D367EB22B64EU);
    CHECK(crc64_nvme_of(std::string(4096, '\xFF')) == 0xC0DDBA7302ECA3ACU);
}

TEST_CASE("crc64_nvme agrees with its definition on every length from 0 to 300") {
    for (std::size_t length = 0; length <= 300; ++length) {
        CAPTURE(length);
        CHECK(crc64_nvme_of(some_text(length)) == slow_crc(some_text(length)));
    }
}

TEST_CASE("crc64_nvme does not mind how its message is cut into pieces") {
    const std::string text = some_text(300);
    for (std::size_t piece = 1; piece <= 40; ++piece) {
        crc64_nvme crc;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            CHECK(crc.value() == slow_crc(text.substr(0, at)));
            crc.update(std::string_view(text).substr(at, piece));
        }
        CHECK(crc.value() == slow_crc(text));
    }
}

TEST_CASE("crc64_nvme of text is that of its bytes") {
    CHECK(crc64_nvme_of(blobshift::as_bytes("123456789")) == crc64_nvme_of("123456789"));
    crc64_nvme crc;
    crc.update(blobshift::as_bytes("12345"));
    crc.update(std::string_view("6789"));
    CHECK(crc.value() == 0xAE8B14860A799888U);
}
