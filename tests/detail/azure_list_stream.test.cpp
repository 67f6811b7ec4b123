// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_list_stream.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <detail/same_page.hpp>

using namespace blobshift;
using namespace blobshift::detail;
using blobshift::testing::same_page;

namespace {

const std::string head =
    "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"https://h/\">"
    "<Prefix>p</Prefix><Blobs>";
const std::string tail = "</Blobs><NextMarker>2!m &amp; n</NextMarker></EnumerationResults>";

std::string blob(const std::string& name, const std::string& properties = "", const std::string& behind = "") {
    return "<Blob><Name>" + name + "</Name>" + behind +
           "<Properties><Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified><Etag>0x8D1</Etag>"
           "<Content-Length>5</Content-Length><Content-Type>text/plain</Content-Type>" +
           properties + "</Properties></Blob>";
}

/// Every kind of entry, in turns that suit no piece.
std::string entries(int count) {
    std::string all;
    for (int i = 0; i < count; ++i) {
        const std::string n = std::to_string(i);
        switch (i % 11) {
            case 0: all += blob("a&lt;" + n); break;
            case 1: all += blob("b" + n, "", "<Snapshot>2026</Snapshot>") + blob("b" + n); break;
            case 2: all += blob("c" + n, "<CopyId>" + n + "</CopyId><CopyStatus>success</CopyStatus>"); break;
            case 3: all += "<BlobPrefix><Name>p" + n + "/</Name></BlobPrefix>"; break;
            case 4: all += blob("d" + n) + "<Metadata>not here</Metadata>"; break;
            case 5: all += blob("\xE4\xB8\xAD\xF0\x9F\x98\x80" + n); break;
            case 6: all += blob("no/../blob" + n); break;
            case 7: all += blob("e" + n, "<Other><Blob></Blob></Other>"); break;
            case 8: all += "<Blob><Name Encoded=\"true\">f%25" + n + "</Name>" + blob("").substr(19); break;
            case 9: all += "\n  " + blob("g" + n, "<Content-MD5>sQqNsWTgdUEFt6mb5y4/5Q==</Content-MD5>"); break;
            default: all += blob("h" + n, "<AccessTier>Cool</AccessTier>"); break;
        }
    }
    return all;
}
std::string with_metadata(const std::string& value) {
    return "<Blob><Name>m</Name><Properties><Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified>"
           "<Etag>0x8D1</Etag><Content-Length>5</Content-Length></Properties><Metadata><k>" +
           value + "</k></Metadata></Blob>";
}

result<azure_page> streamed(std::string_view document, std::size_t piece, const list_reading& how = {},
                            std::size_t read_from = 1) {
    azure_list_stream stream(how, read_from);
    stream.begin();
    for (; !document.empty(); document.remove_prefix((std::min)(piece, document.size()))) {
        stream.take(as_bytes(document.substr(0, piece)));
    }
    return stream.finish();
}

}  // namespace

TEST_CASE("a page that is read while it arrives is the page that is read at once") {
    const std::string document = head + entries(500) + with_metadata("v") + entries(40) + tail;
    for (const bool with_attributes : {true, false}) {
        const list_reading how{.with_attributes = with_attributes, .snapshot_before = "a<0"};
        const auto whole = parse_list(document, how).value();
        REQUIRE(whole.blobs.size() > 300);
        REQUIRE(whole.foreign_names > 40);
        REQUIRE(whole.snapshots > 40);
        REQUIRE(whole.prefixes.size() > 40);
        for (const std::size_t piece : {1U, 7U, 100U, 1000U, 16384U, 1000000U}) {
            CAPTURE(piece);
            CHECK(same_page(streamed(document, piece, how).value(), whole));
            CHECK(same_page(streamed(document, piece, how, 64 << 10).value(), whole));
        }
    }
}

TEST_CASE("a page that is cut anywhere while it arrives is refused") {
    const std::string document = head + entries(30) + tail;
    for (std::size_t size = 0; size < document.size(); ++size) {
        const auto page = streamed(std::string_view(document).substr(0, size), 97);
        if (page) FAIL("cut at " << size);
        CHECK(page.error().code == errc::corrupt);
        CHECK(page.error().again == retry_hint::wait);
    }
}

TEST_CASE("what is refused at once is refused while it arrives, and what is taken is taken") {
    const std::string e = entries(12);
    const std::string md5 = "<Content-MD5>sQqNsWTgdUEFt6mb5y4/5Q==</Content-MD5>";
    const std::string bad_date =
        "<Blob><Name>x</Name><Properties><Last-Modified>yesterday</Last-Modified></Properties></Blob>";
    for (const std::string& document : std::vector<std::string>{
             head + e + bad_date + e + tail,
             head + e + "<Blob></Blob>" + e + tail,
             head + e + "</>" + e + tail,
             head + e + "</Blob>" + e + tail,
             head + e + "text" + e + tail,
             head + blob("a") + "<Blob/>" + blob("b").substr(6) + e + tail,
             head + blob("a", md5 + "<Content-MD5 />") + blob("b", md5 + "<Content-MD5 />") + blob("c", md5) + e + tail,
             head + e + "&bogus;" + e + tail,
             head + e + blob("\xFF") + e + tail,
             head + e + blob("&am>p;") + e + tail,
             head + e + "<BlobPrefix></BlobPrefix>" + e + tail,
             head + e + "<BlobPrefix><Name>p/</Name><Other></BlobPrefix>" + e + tail,
             head + e + "<!-- -->" + e + tail,
             head + e + "</Blobs><Blobs>" + e + tail,
             head + e + tail + blob("behind"),
             head + e + "<A><B><C><D><E><F></F></E></D></C></B></A>" + e + tail,
             head + e + "<A><B><C><D><E><F><G></G></F></E></D></C></B></A>" + e + tail,
             "<EnumerationResults><Blobs />" + tail.substr(8),
             "<EnumerationResults><Blobs />" + e + tail,
             "<EnumerationResults><Other><Blobs>" + e + "</Blobs></Other><Blobs>" + e + tail,
             "<EnumerationResults><Other><Blobs>" + e + "</Blobs></Other></EnumerationResults>",
             "<EnumerationResults><NextMarker>m</NextMarker><Blobs>" + e + "</Blobs></EnumerationResults>",
             "<EnumerationResults><NextMarker>m</NextMarker><Blobs>" + e + tail,
             "<Other><Blobs>" + e + "</Blobs></Other>",
             "<Blobs>" + e + "</Blobs>",
             head.substr(3, 30) + e + tail,
             "<?xml version=\"1.0\" encoding=\"utf-16\"?><EnumerationResults><Blobs>" + e + tail}) {
        const auto whole = parse_list(document);
        for (const std::size_t piece : {1U, 64U, 5000U}) {
            const auto page = streamed(document, piece);
            CAPTURE(document.substr(0, 200));
            CHECK(page.has_value() == whole.has_value());
            if (page && whole) CHECK(same_page(*page, *whole));
        }
    }
}

TEST_CASE("an answer that begins anew makes the one before void") {
    const std::string first = head + entries(40);
    const std::string second = head + entries(7) + tail;
    azure_list_stream stream({}, 1);
    stream.begin();
    stream.take(as_bytes(first));
    stream.begin();
    stream.take(as_bytes(second));
    CHECK(same_page(stream.finish().value(), parse_list(second).value()));
}

TEST_CASE("an entry much longer than a piece is read without being tried at each") {
    const std::string document = head + with_metadata(std::string(8 << 20, 'v')) + entries(3) + tail;
    const auto page = streamed(document, 512);  // by squares: 64 GB to read
    REQUIRE(page);
    CHECK(page->blobs.at(0).attrs.metadata.at("k").size() == 8 << 20);
    CHECK(same_page(*page, parse_list(document).value()));
}
