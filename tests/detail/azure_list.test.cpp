// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_list.hpp>

#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <pugixml.hpp>

#include <detail/same_page.hpp>

using namespace blobshift;
using namespace blobshift::detail;

namespace {

const std::string head =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"https://h/\" "
    "ContainerName=\"c\"><Prefix>p</Prefix><MaxResults>2</MaxResults><Blobs>";

std::string page(const std::string& entries, const std::string& marker = "<NextMarker />") {
    return head + entries + "</Blobs>" + marker + "</EnumerationResults>";
}

/// A blob as the service writes it; `more` goes behind the usual properties, `behind` behind all of them.
std::string blob(const std::string& name, const std::string& more = "", const std::string& behind = "<OrMetadata />") {
    return "<Blob><Name>" + name +
           "</Name><Properties><Creation-Time>Thu, 01 Jan 2026 00:00:00 GMT</Creation-Time>"
           "<Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified><Etag>0x8D1</Etag>"
           "<Content-Length>5</Content-Length><Content-Type>application/dicom</Content-Type><Content-Encoding />"
           "<Content-Language /><Content-MD5>sQqNsWTgdUEFt6mb5y4/5Q==</Content-MD5><Cache-Control />"
           "<Content-Disposition /><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
           "<LeaseStatus>unlocked</LeaseStatus>" +
           more + "</Properties>" + behind + "</Blob>";
}

std::vector<std::string> names(const result<azure_page>& p) {
    std::vector<std::string> found;
    for (const blob_info& b : p.value().blobs) found.push_back(b.name.text());
    return found;
}

std::string behind_name(const std::string& entry) { return entry.substr(entry.find("</Name>") + 7); }

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a blob of a listing has all that the service says of it") {
    const std::string entry =
        "<Blob><Name>a/b &amp; c</Name><Properties><Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified>"
        "<Etag>0x8D1</Etag><Content-Length>5368709120</Content-Length><Content-Type>text/plain</Content-Type>"
        "<Content-Encoding>gzip</Content-Encoding><Content-Language>en</Content-Language><Content-CRC64 />"
        "<Content-MD5>sQqNsWTgdUEFt6mb5y4/5Q==</Content-MD5><Cache-Control>no-cache</Cache-Control>"
        "<Content-Disposition>inline</Content-Disposition><AccessTier>Archive</AccessTier>"
        "<ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus><LeaseStatus>locked</LeaseStatus>"
        "<LeaseState>leased</LeaseState><CopyId>c-1</CopyId><CopyStatus>pending</CopyStatus>"
        "<CopySource>https://h/x</CopySource><ImmutabilityPolicyUntilDate>x</ImmutabilityPolicyUntilDate></Properties>"
        "<Metadata><One>1</One><two>a &lt; b</two><x-ms-invalid-name>no-name</x-ms-invalid-name></Metadata>"
        "<Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>e</Key><Value /></Tag></TagSet></Tags></Blob>";
    const auto p = parse_list(page(entry)).value();
    REQUIRE(p.blobs.size() == 1);
    const blob_info& b = p.blobs[0];
    CHECK(b.name.text() == "a/b & c");
    CHECK(b.size_bytes == 5368709120U);
    CHECK(b.tag == etag("\"0x8D1\""));
    CHECK(b.last_modified == from_rfc1123("Fri, 02 Jan 2026 03:04:05 GMT"));
    CHECK(b.attrs == attributes{.content_type = "text/plain",
                                .content_encoding = "gzip",
                                .content_language = "en",
                                .content_disposition = "inline",
                                .cache_control = "no-cache",
                                .metadata = {{"one", "1"}, {"two", "a < b"}},
                                .tags = {{"k", "v"}, {"e", ""}}});
    CHECK(b.stored_hash == parse_azure_hash(hash_algorithm::md5, "sQqNsWTgdUEFt6mb5y4/5Q=="));
    CHECK(b.tier == "Archive");
    CHECK(b.copy == copy_state::pending);
    CHECK(b.copy_id == "c-1");
    CHECK(b.obstacles == blob_obstacles{.archived = true, .leased = true, .immutable = true});
    CHECK(p.marker == "");
}

TEST_CASE("attributes that nobody asked for are left out, and nothing else") {
    const std::string entries = blob("a", "", "<Metadata><one>1</one></Metadata>") + blob("b");
    const auto with = parse_list(page(entries)).value();
    const auto without = parse_list(page(entries), {.with_attributes = false}).value();
    REQUIRE(without.blobs.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(without.blobs[i].attrs == attributes{});
        CHECK(with.blobs[i].attrs != attributes{});
        CHECK(without.blobs[i].stored_hash == with.blobs[i].stored_hash);
        CHECK(without.blobs[i].tier == "Hot");
        CHECK(without.blobs[i].size_bytes == 5);
    }
}

TEST_CASE("metadata of a blob that is not shown does not become that of the next") {
    const auto p = parse_list(page(blob("a.", "", "<Metadata><one>1</one></Metadata>") + blob("b") + blob("c", "", "<Metadata />")));
    CHECK(names(p) == strings{"b", "c"});
    for (const blob_info& b : p.value().blobs) CHECK(b.attrs == attributes{.content_type = "application/dicom"});
}

TEST_CASE("a blob without obstacles has none, whatever blob stood before it") {
    const auto p =
        parse_list(page(blob("a", "<LegalHold>true</LegalHold><CopyStatus>success</CopyStatus><CopyId>1</CopyId>") +
                        blob("b", "<LegalHold>false</LegalHold>") + blob("c")))
            .value();
    REQUIRE(p.blobs.size() == 3);
    CHECK(p.blobs[0].obstacles == blob_obstacles{.immutable = true});
    CHECK(p.blobs[0].copy == copy_state::succeeded);
    CHECK(p.blobs[1].obstacles == blob_obstacles{});
    CHECK(p.blobs[1].copy == copy_state::none);
    CHECK(p.blobs[1].copy_id == "");
    CHECK(p.blobs[2].obstacles == blob_obstacles{});
    CHECK(p.blobs[2].attrs == attributes{.content_type = "application/dicom"});
}

TEST_CASE("only an empty marker is the end, and an empty page may have one") {
    CHECK(parse_list(page("", "<NextMarker>2!76!MDAw+/==</NextMarker>")).value().marker == "2!76!MDAw+/==");
    CHECK(parse_list(page("")).value().marker == "");
    CHECK(parse_list(page("", "<NextMarker></NextMarker>")).value().marker == "");
    CHECK(parse_list(page("", "")).value().marker == "");
    CHECK(parse_list("\xEF\xBB\xBF" + page(blob("a"), "<NextMarker>m &amp; n</NextMarker>")).value().marker == "m & n");
    CHECK(parse_list("<EnumerationResults><Blobs /></EnumerationResults>").value().blobs.empty());
}

TEST_CASE("prefixes stand anywhere among the blobs") {
    const auto p =
        parse_list(page("<BlobPrefix><Name>a/</Name></BlobPrefix>" + blob("b") +
                        "<BlobPrefix><Name>c &amp; d/</Name><Properties><x/></Properties></BlobPrefix>" + blob("e")));
    CHECK(names(p) == strings{"b", "e"});
    CHECK(p.value().prefixes == strings{"a/", "c & d/"});
}

TEST_CASE("a name is decoded where the listing says that it is encoded, and only there") {
    const auto encoded = [](std::string text) {
        const std::size_t at = text.find("<Name>");
        return text.replace(at, 6, "<Name Encoded=\"true\">");
    };
    CHECK(names(parse_list(page(blob("a%2Fb") + encoded(blob("a%2Fb")) + blob("c%2Fd")))) ==
          strings{"a%2Fb", "a/b", "c%2Fd"});
    const auto p = parse_list(page(encoded(blob("x%EF%BF%BEy")) + blob("z")));
    CHECK(names(p) == strings{"z"});
    CHECK(p.value().foreign_names == 1);
    CHECK(!parse_list(page(encoded(blob("a%2")))));
    CHECK(parse_list(page("<BlobPrefix><Name Encoded=\"true\">a%2Fb/</Name></BlobPrefix>")).value().prefixes ==
          strings{"a/b/"});
    CHECK(!parse_list(page("<BlobPrefix><Name Encoded=\"true\">a%2</Name></BlobPrefix>")));
}

TEST_CASE("white space in a name stays") {
    CHECK(names(parse_list(page(blob(" ") + blob("  a ") + blob("b&#32;")))) == strings{" ", "  a ", "b "});
}

TEST_CASE("names that are no blob names are counted, and nothing else is lost") {
    const auto p = parse_list(page(blob("a.") + blob("ok") + blob("a//b") + blob("a\\b") + blob("../x") + blob("a/") +
                                   blob(std::string(1025, 'n')) + blob("ok2")));
    CHECK(names(p) == strings{"ok", "ok2"});
    CHECK(p.value().foreign_names == 6);
}

TEST_CASE("blocks without a blob, deleted blobs, old versions and directories are counted, not given") {
    const std::string uncommitted =
        "<Blob><Name>u</Name><Properties><Content-Length>0</Content-Length></Properties></Blob>";
    const std::string deleted = "<Blob><Name>d</Name><Deleted>true</Deleted>" + behind_name(blob("d"));
    const std::string old = "<Blob><Name>v</Name><VersionId>1</VersionId>" + behind_name(blob("v"));
    const std::string current =
        "<Blob><Name>v</Name><VersionId>2</VersionId><IsCurrentVersion>true</IsCurrentVersion>" +
        behind_name(blob("v"));
    const std::string directory = blob("dir", "<ResourceType>directory</ResourceType>");
    const std::string entries = uncommitted + deleted + old + current + directory + blob("z");
    const auto p = parse_list(page(entries), {.with_versions = true});
    CHECK(names(p) == strings{"v", "z"});
    CHECK(p.value().uncommitted == 1);
    CHECK(p.value().deleted == 1);
    CHECK(p.value().old_versions == 1);
    CHECK(p.value().directories == 1);
    // Versions that nobody asked for are the present ones, also where the service does not say so.
    CHECK(names(parse_list(page(old))) == strings{"v"});
}

TEST_CASE("a blob with snapshots says so, before or after them and across pages") {
    const auto snapshot = [](const std::string& name) {
        return "<Blob><Name>" + name + "</Name><Snapshot>2026-01-01T00:00:00.0000000Z</Snapshot>" +
               behind_name(blob(name));
    };
    const auto flags = [](const result<azure_page>& p) {
        std::string text;
        for (const blob_info& b : p.value().blobs) text += b.obstacles.has_snapshots ? '1' : '0';
        return text;
    };
    auto p = parse_list(page(blob("a") + snapshot("b") + snapshot("b") + blob("b") + blob("c")));
    CHECK(names(p) == strings{"a", "b", "c"});
    CHECK(flags(p) == "010");
    CHECK(p.value().snapshots == 2);
    CHECK(p.value().last_snapshot == "");
    CHECK(flags(parse_list(page(blob("a") + snapshot("a") + blob("b")))) == "10");
    p = parse_list(page(blob("a") + snapshot("b")));
    CHECK(p.value().last_snapshot == "b");
    CHECK(flags(parse_list(page(blob("b") + blob("c")), {.snapshot_before = "b"})) == "10");
    CHECK(flags(parse_list(page(blob("bb")), {.snapshot_before = "b"})) == "0");
    CHECK(parse_list(page(""), {.snapshot_before = "b"}).value().last_snapshot == "b");
}

TEST_CASE("a page that is not whole, or not a listing, is an error to be repeated: never the end") {
    const std::string good = page(blob("a"));
    REQUIRE(parse_list(good));
    const auto without = [&](const std::string& part) {
        std::string text = good;
        REQUIRE(text.find(part) != std::string::npos);
        return text.erase(text.find(part), part.size());
    };
    const auto with = [&](const std::string& part, const std::string& other) {
        std::string text = good;
        REQUIRE(text.find(part) != std::string::npos);
        return text.replace(text.find(part), part.size(), other);
    };
    for (const std::string& document : {
             std::string(),
             std::string("<html><body>proxy</body></html>"),
             std::string("<Error><Code>ServerBusy</Code></Error>"),
             std::string("<EnumerationResults></EnumerationResults>"),
             std::string("<EnumerationResults><NextMarker/></EnumerationResults>"),
             "<!DOCTYPE x [<!ENTITY a \"b\">]>" + good,
             page(blob("a"), "<NextMarker>1</NextMarker><NextMarker>2</NextMarker>"),
             page(blob("a"), "<Blobs></Blobs>"),
             page(blob("a")) + page(blob("a")),
             page("<BlobPrefix></BlobPrefix>"),
             page("<Blob></Blob>"),
             page(blob("")),
             page(blob("&#1;")),
             without("<Etag>0x8D1</Etag>"),
             without("<Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT</Last-Modified>"),
             without("<Content-Length>5</Content-Length>"),
             with("<Content-Length>5", "<Content-Length>-5"),
             with("<Content-Length>5", "<Content-Length>5x"),
             with("<Content-Length>5", "<Content-Length>99999999999999999999"),
             with("Fri, 02 Jan 2026", "Fri, 32 Jan 2026"),
             with("</Etag>", "</etag>"),
             page(blob("a") + with("</Etag>", "</etag>").substr(head.size(), blob("a").size())),
         }) {
        CAPTURE(document);
        const auto p = parse_list(document);
        REQUIRE(!p);
        CHECK(p.error().code == errc::corrupt);
        CHECK(p.error().is_transient());
        CHECK(p.error().message == "the answer is not a whole list of blobs");
    }
}

TEST_CASE("a page that is cut at any byte is an error") {
    const std::string good =
        "\xEF\xBB\xBF" + page(blob("a") + blob("\xC3\xA9") + "<BlobPrefix><Name>p/</Name></BlobPrefix>" + blob("c"),
                              "<NextMarker>m</NextMarker>");
    REQUIRE(parse_list(good));
    for (std::size_t size = 0; size < good.size(); ++size) {
        if (parse_list(std::string_view(good).substr(0, size))) FAIL("cut at " << size);
    }
}

TEST_CASE("blobs of any shapes in any order are read as each of them alone") {
    const std::vector<std::string> shapes = {
        blob("same"),
        blob("same2"),
        blob("more", "<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"),
        blob("meta", "", "<Metadata><m>1</m></Metadata>"),
        blob("emptymeta", "", "<Metadata />"),
        blob("tags", "", "<Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags>"),
        blob("unknown", "<New><deep>1</deep></New>", "<Other>1</Other>"),
        blob("unknown2", "<New><deep>2</deep></New>", "<Other>2</Other>"),
        blob("a &amp; b"),
        "<Blob>\n <Name>spaced</Name>\n " + behind_name(blob("spaced")),
        "<Blob><Properties><Etag>0x1</Etag><Content-Length>1</Content-Length><Last-Modified>Fri, 02 Jan 2026 03:04:05 "
        "GMT"
        "</Last-Modified></Properties><Name>behind</Name></Blob>",
        "<Blob><Name>short</Name><Properties><Last-Modified>Fri, 02 Jan 2026 03:04:05 "
        "GMT</Last-Modified><Etag>0x2</Etag>"
        "<Content-Length>2</Content-Length><Content-Type></Content-Type><Content-MD5></Content-MD5></Properties></"
        "Blob>",
        "<Blob><Name>short2</Name><Properties><Last-Modified>Fri, 02 Jan 2026 03:04:05 "
        "GMT</Last-Modified><Etag>0x2</Etag>"
        "<Content-Length>2</Content-Length><Content-Type>x</Content-Type><Content-MD5></Content-MD5></Properties></"
        "Blob>",
    };
    for (const std::string& first : shapes) {
        for (const std::string& second : shapes) {
            const auto together = parse_list(page(first + second + first)).value();
            const auto a = parse_list(page(first)).value();
            const auto b = parse_list(page(second)).value();
            REQUIRE(together.blobs.size() == 3);
            CHECK(testing::same_blob(together.blobs[0], a.blobs.at(0)));
            CHECK(testing::same_blob(together.blobs[1], b.blobs.at(0)));
            CHECK(testing::same_blob(together.blobs[2], a.blobs.at(0)));
        }
    }
}

TEST_CASE("what is read of a damaged page, another parser reads as well") {
    const std::string good =
        page(blob("a") + blob("b &amp; c") + "<BlobPrefix><Name>p/</Name></BlobPrefix>" + blob("d"),
             "<NextMarker>m</NextMarker>");
    std::size_t taken = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const char c : {'<', '>', '/', '&', '"', ' ', 'x', '\0', '\x80'}) {
            std::string damaged = good;
            damaged[at] = c;
            const auto p = parse_list(damaged);
            if (!p) continue;
            ++taken;
            pugi::xml_document tree;
            const auto parsed =
                tree.load_buffer(damaged.data(), damaged.size(), pugi::parse_default | pugi::parse_ws_pcdata_single);
            if (!parsed) FAIL("taken, though not XML: byte " << at << " as " << c);
            std::size_t entries = 0;
            for (const auto& b : p->blobs) {
                bool found = false;
                for (const auto node : tree.child("EnumerationResults").child("Blobs").children("Blob")) {
                    found = found || b.name.text() == node.child_value("Name");
                }
                if (!found) FAIL("a name that is not there: byte " << at << " as " << c);
                ++entries;
            }
            entries += p->foreign_names + p->uncommitted + p->deleted + p->snapshots + p->directories;
            const auto blobs = tree.child("EnumerationResults").child("Blobs").children("Blob");
            if (entries != static_cast<std::size_t>(std::distance(blobs.begin(), blobs.end()))) {
                FAIL("an entry is lost: byte " << at << " as " << c);
            }
            if (p->marker != tree.child("EnumerationResults").child_value("NextMarker"))
                FAIL("another marker: byte " << at);
        }
    }
    CHECK(taken > 500);
}

TEST_CASE("a blob without an inside does not take what stands behind it for one, and the last of two properties counts") {
    CHECK(!parse_list(page(blob("a") + "<Blob/>" + blob("b").substr(6))));
    const std::string twice = "<Content-MD5 />";
    const auto p = parse_list(page(blob("a", twice) + blob("b", twice) + blob("c") + blob("d", twice))).value();
    REQUIRE(p.blobs.size() == 4);
    for (const std::size_t i : {0U, 1U, 3U}) CHECK_FALSE(p.blobs[i].stored_hash);
    CHECK(p.blobs[2].stored_hash);
}
