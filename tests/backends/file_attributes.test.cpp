// SPDX-License-Identifier: MIT

#include <blobshift/backends/file_attributes.hpp>

#include <doctest/doctest.h>

#include <string>

#include <backends/files_on_disk.hpp>
#include <backends/scripted_files.hpp>
#include <support/print.hpp>

using namespace blobshift;
using detail::decode_attributes;
using detail::encode_attributes;

namespace {

attributes full() {
    return {.content_type = "application/dicom",
            .content_encoding = "gzip",
            .content_language = "de",
            .content_disposition = "attachment; filename=\"a b\"",
            .cache_control = "no-store",
            .metadata = {{"a", ""}, {"b_1", "x=y"}},
            .tags = {{"k = 1", "v:="}, {"empty", ""}}};
}

/// `body` with a first line that fits it.
std::string sealed(std::string_view body) {
    return "blobshift 1 " + detail::hex_text(xxh64_of(body)) + '\n' + std::string(body);
}

bool is_corrupt(std::string_view text) {
    const auto decoded = decode_attributes(text);
    return !decoded && decoded.error().code == errc::corrupt;
}

}  // namespace

TEST_CASE("attributes come back from their text to the letter") {
    attributes one;
    one.tags["only"] = "tag";
    for (const attributes& a : {full(), one, attributes{.content_type = "t"}}) {
        CHECK(decode_attributes(encode_attributes(a)).value() == a);
    }
}

TEST_CASE("the text is what the format says") {
    attributes a{.content_type = "image/png"};
    a.metadata["k"] = "v";
    CHECK(encode_attributes(a) == sealed("timage/png\nmk\tv\n"));
}

TEST_CASE("a text with any bit turned is corrupt") {
    const std::string good = encode_attributes(full());
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ (1U << bit));
            CAPTURE(i);
            CAPTURE(bit);
            CHECK(is_corrupt(bad));
        }
    }
}

TEST_CASE("a text that is cut off anywhere is corrupt") {
    const std::string good = encode_attributes(full());
    for (std::size_t i = 0; i < good.size(); ++i) CHECK(is_corrupt(good.substr(0, i)));
}

TEST_CASE("a text that nobody of us wrote is refused though its checksum fits") {
    for (const std::string body :
         {"x1\n", "t\n", "ta\ntb\n", "mk\n", "mk\tv\nmk\tv\n", "ta", "mK\tv\n", "t \n", "m\tv\n", "\n"}) {
        CAPTURE(body);
        CHECK(is_corrupt(sealed(body)));
    }
    CHECK(decode_attributes(sealed("")).value().empty());
}

TEST_CASE("another version is refused, not guessed at") {
    std::string text = encode_attributes(full());
    text.replace(text.find('1'), 1, "2");
    CHECK(is_corrupt(text));
}

TEST_CASE("attributes of any length that fits are read from a file") {
    const testing::disk disk;
    disk.write("f", "");
    const posix_files files;
    const int root = files.open_root(disk.path().c_str());
    const int fd = files.open_in(root, "f", open_for::content);
    CHECK(detail::read_attributes(files, fd).value().empty());
    for (const std::size_t length : {0U, 900U, 1000U, 2000U, 3500U}) {
        attributes a;
        a.metadata["k"] = std::string(length, 'v');
        REQUIRE(files.set_attribute(fd, detail::file_attribute_name, encode_attributes(a)) == 0);
        CHECK(detail::read_attributes(files, fd).value() == a);
    }
    files.close(fd);
    files.close(root);
}

TEST_CASE("a file system without attributes has files without attributes, and any other refusal is an error") {
    auto script = std::make_shared<testing::file_script>();
    const testing::scripted_files files(script);
    script->fail("get_attribute", -EOPNOTSUPP);
    CHECK(detail::read_attributes(files, 0).value().empty());
    script->fail("get_attribute", -EIO);
    CHECK(detail::read_attributes(files, 0).error().code == errc::io_error);
}
