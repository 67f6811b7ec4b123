// SPDX-License-Identifier: MIT

#include <blobshift/detail/xml_reader.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace blobshift;
using namespace blobshift::detail;

namespace {

/// The document as `name{children}` and `name=text`, or "fault".
std::string tree(std::string_view document) {
    xml_reader xml(document);
    std::string out;
    const auto walk = [&](const auto& self) -> void {
        while (xml.next()) {
            out += std::string(xml.name());
            const bool leaf = xml.name().starts_with('t');
            if (leaf) {
                out += "=" + xml_text(xml.text()) + ";";
            } else {
                out += "{";
                self(self);
                out += "}";
            }
        }
    };
    walk(walk);
    return xml.finish() ? out : "fault";
}

bool is_whole(std::string_view document) {
    xml_reader xml(document);
    if (!xml.next()) return false;
    xml.skip();
    return xml.finish();
}

}  // namespace

TEST_CASE("elements, texts, empty elements and white space between them are read") {
    CHECK(tree("<a/>") == "a{}");
    CHECK(tree("<a></a>") == "a{}");
    CHECK(tree("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<a>\n <b/> <t>x</t>\n</a>\n") == "a{b{}t=x;}");
    CHECK(tree("\xEF\xBB\xBF<?xml version='1.0' encoding='UTF-8'?><a ><t > x </t ><t/><t></t></a >") ==
          "a{t= x ;t=;t=;}");
    CHECK(tree("<?xml version=\"1.0\"?><a><b><c><d><t>1</t></d></c></b><b/></a>") == "a{b{c{d{t=1;}}}b{}}");
    CHECK(tree("<a><t>\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80 &amp;&lt;&gt;&quot;&apos;&#65;&#x42;&#xe9;]]></t></a>") ==
          "a{t=\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80 &<>\"'AB\xC3\xA9]]>;}");
}

TEST_CASE("attributes are found by name") {
    xml_reader xml("<a one=\"1 &amp; 2\"  two='\"' three=\"a=b\"><b/></a>");
    REQUIRE(xml.next());
    CHECK(xml_text(xml.attribute("one")) == "1 & 2");
    CHECK(xml.attribute("two") == "\"");
    CHECK(xml.attribute("three") == "a=b");
    CHECK(xml.attribute("four") == "");
    REQUIRE(xml.next());
    CHECK(xml.attribute("one") == "");
}

TEST_CASE("skip passes over whatever an element holds") {
    xml_reader xml("<a><b x='>'><c><d>text</d><e/></c> more </b><t>x</t></a>");
    REQUIRE(xml.next());
    REQUIRE(xml.next());
    CHECK(xml.name() == "b");
    xml.skip();
    REQUIRE(xml.next());
    CHECK(xml.name() == "t");
    CHECK(xml.text() == "x");
    CHECK(!xml.next());
    CHECK(xml.finish());
}

TEST_CASE("everything that is not plain, whole XML is a fault") {
    for (const std::string_view document : {
             "",
             " ",
             "x",
             "<",
             "<a",
             "<a>",
             "<a/",
             "<a></",
             "<a></a",
             "</a>",
             "<a></b>",
             "<a><b></a></b>",
             "<a/><b/>",
             "<a/>x",
             "x<a/>",
             "<a><t>x</a>",
             "<a>text<b/></a>",
             "<a><t>x<b/></t></a>",
             "<>",
             "< a/>",
             "<0a/>",
             "<-a/>",
             "<.a/>",
             "<a 0b=\"1\"/>",
             "<a b/>",
             "<a b=/>",
             "<a b=\"/>",
             "<a b=c/>",
             "<a b=\"1\"c=\"2\"/>",
             "<a b=\"<\"/>",
             "<a b = \"1\"/>",
             "<a/ >",
             "<!DOCTYPE a><a/>",
             "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
             "<a><!-- --></a>",
             "<a><![CDATA[x]]></a>",
             "<a><?pi?></a>",
             "<a/><?pi?>",
             "<?xml version=\"1.0\"<a/>",
             "<?xml version=\"1.0\" encoding=\"utf-16\"?><a/>",
             "<?xml version=\"1.0\" encoding=\"utf-8'?><a/>",
             "<?xml version=\"1.0\" encoding=?><a/>",
             "<a>&xxe;</a>",
             "<a>&</a>",
             "<a>&amp</a>",
             "<a>&#;</a>",
             "<a>&#x;</a>",
             "<a>&#0;</a>",
             "<a>&#1;</a>",
             "<a>&#xFFFE;</a>",
             "<a>&#xD800;</a>",
             "<a>&#x110000;</a>",
             "<a>&#99999999999999999999;</a>",
             "<a>&#6 5;</a>",
             "<a b=\"&xxe;\"/>",
             "<a>\x01</a>",
             "<a>\x0B</a>",
             "<a>\xC3</a>",
             "<a>\xC0\x80</a>",
             "<a>\xED\xA0\x80</a>",
             "<a>\xEF\xBF\xBE</a>",
             "<a>\xEF\xBF\xBF</a>",
             "<a>\xFF</a>",
             "\xFF\xFE<\0a\0/\0>\0",
         }) {
        CAPTURE(document);
        CHECK(tree(document) == "fault");
        if (document != "<a>text<b/></a>" && document != "<a><t>x<b/></t></a>") CHECK(!is_whole(document));
    }
    CHECK(tree(std::string_view("<a>\0</a>", 8)) == "fault");
}

TEST_CASE("eight levels are read, nine are not, and a million cost nothing") {
    const auto nested = [](std::size_t depth) {
        std::string text;
        for (std::size_t i = 0; i < depth; ++i) text += "<a>";
        for (std::size_t i = 0; i < depth; ++i) text += "</a>";
        return text;
    };
    CHECK(is_whole(nested(8)));
    CHECK(!is_whole(nested(9)));
    CHECK(!is_whole(nested(1'000'000)));
}

TEST_CASE("a document that is cut anywhere is not whole") {
    const std::string_view document =
        "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><a x=\"1\"><b/><t>x &amp; \xC3\xA9</t></a>";
    REQUIRE(is_whole(document));
    for (std::size_t size = 0; size < document.size(); ++size) {
        CAPTURE(size);
        CHECK(!is_whole(document.substr(0, size)));
    }
}

TEST_CASE("nothing is given after a fault") {
    xml_reader xml("<a><t>x</u></a>");
    REQUIRE(xml.next());
    REQUIRE(xml.next());
    CHECK(xml.text() == "");
    CHECK(xml.is_faulty());
    CHECK(!xml.next());
    CHECK(xml.text() == "");
    xml.skip();
    CHECK(!xml.finish());
}

TEST_CASE("a byte is found at every place of a text, and only where it is") {
    for (std::size_t size = 0; size < 24; ++size) {
        for (std::size_t at = 0; at <= size; ++at) {
            std::string text(size, '=');  // '=' is '<' + 1: what a careless search over words takes for it
            if (at < size) text[at] = '<';
            if (at + 1 < size) text[at + 1] = '<';
            CHECK(find_byte(text, '<') == at);
        }
    }
}

TEST_CASE("text is checked to its last byte, wherever the fault stands") {
    for (std::size_t size = 1; size < 24; ++size) {
        const std::string plain(size, 'x');
        CHECK(is_xml_text(plain));
        for (std::size_t at = 0; at < size; ++at) {
            for (const char bad : {'\0', '\x1F', '&', '\x80', '\xC3', '\xFF'}) {
                std::string text = plain;
                text[at] = bad;
                CHECK(!is_xml_text(text));
            }
            std::string text = plain;
            text.replace(at, 1, "\t\n\r\x7F&amp;\xC3\xA9");
            CHECK(is_xml_text(text));
        }
    }
}
