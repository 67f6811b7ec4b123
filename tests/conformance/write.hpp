// SPDX-License-Identifier: MIT
//
// Conformance: put and remove, and the attributes that travel with a blob. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_WRITE_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_WRITE_HPP

#include <conformance/subject.hpp>

namespace blobshift::conformance {

CONFORMANCE_CASE("a put replaces all of what was there") {
    put(the, "blob", "a long first content");
    put(the, "blob", "short");
    CHECK(text_of(the, "blob") == "short");
    put(the, "blob", "");
    CHECK(text_of(the, "blob").empty());
    put(the, "blob", "again");
    CHECK(text_of(the, "blob") == "again");
    CHECK(names(the) == std::vector<std::string>{"blob"});
}

CONFORMANCE_CASE("every write is seen at once by head, read and list") {
    for (std::size_t i = 0, rounds = the.times(50, 5); i < rounds; ++i) {
        CAPTURE(i);
        const std::string content = std::to_string(i);
        const etag tag = put(the, "dir/blob", content).tag;
        CHECK(head(the, "dir/blob").value().tag == tag);
        CHECK(text_of(the, "dir/blob") == content);
        const list_page page = the.store.list(the.c, {}).value();
        REQUIRE(page.blobs.size() == 1);
        CHECK(page.blobs.front().tag == tag);
        CHECK(page.blobs.front().size_bytes == content.size());

        CHECK(remove(the, "dir/blob").value());
        CHECK(refusal(head(the, "dir/blob"), "dir/blob") == errc::not_found);
        CHECK(refusal(read(the, "dir/blob"), "dir/blob") == errc::not_found);
        CHECK(names(the).empty());
    }
}

CONFORMANCE_CASE("a larger blob comes back whole and in parts") {
    const std::size_t size = the.is.slow ? 300'001 : 5'000'001;
    const std::string content = pattern(size);
    CHECK(put(the, "large", content).size_bytes == size);
    CHECK(text_of(the, "large") == content);
    std::string parts;
    while (parts.size() < size) {
        auto part = read(the, "large", read_range::from(parts.size()), {}, 100'003);
        REQUIRE(part);
        REQUIRE_FALSE(part->text.empty());
        parts += part->text;
    }
    CHECK(parts == content);
}

CONFORMANCE_CASE("the caller's bytes may change after put returned") {
    std::string content = "before";
    put(the, "blob", content);
    content = "AFTER!";
    CHECK(text_of(the, "blob") == "before");
}

CONFORMANCE_CASE("remove says whether the blob was there") {
    put(the, "dir/blob");
    put(the, "dir/other");
    CHECK(remove(the, "dir/blob").value());
    CHECK_FALSE(remove(the, "dir/blob").value());
    CHECK_FALSE(remove(the, "never/there").value());
    CHECK_FALSE(remove(the, "dir").value());
    CHECK_FALSE(remove(the, "dir/othe").value());
    CHECK(names(the) == std::vector<std::string>{"dir/other"});
}

CONFORMANCE_CASE("removing an empty blob and a blob among neighbours takes only that one") {
    put(the, "dir/a", "");
    put(the, "dir/a-b");
    put(the, "dir/a.b");
    put(the, "dir/aa");
    CHECK(remove(the, "dir/a").value());
    CHECK(names(the) == std::vector<std::string>{"dir/a-b", "dir/a.b", "dir/aa"});
}

CONFORMANCE_CASE("a blob that was removed can be made again, and is a new one") {
    attributes a;
    if (the.is.keeps_attributes) a.metadata = {{"writer", "first"}};
    const etag first = put(the, "blob", "first", a).tag;
    CHECK(remove(the, "blob").value());
    const etag second = put(the, "blob", "other").tag;
    CHECK(first != second);
    CHECK(text_of(the, "blob") == "other");
    CHECK(head(the, "blob").value().attrs.empty());
}

CONFORMANCE_CASE("a tag changes with every change and never without one") {
    std::vector<etag> seen;
    for (std::size_t i = 0, rounds = the.times(60, 8); i < rounds; ++i) {
        const etag tag = put(the, "blob", i % 2 == 0 ? "same size A" : "same size B").tag;
        CHECK_FALSE(tag.empty());
        for (std::size_t before = 0; before < seen.size(); ++before) {
            if ((i - before) % 2 == 1) CHECK(seen[before] != tag);  // other bytes, other tag; however fast
        }
        seen.push_back(tag);
    }
    const etag last = seen.back();
    CHECK(text_of(the, "blob").starts_with("same size"));
    CHECK(names(the).size() == 1);
    put(the, "neighbour");
    copy(the, "blob", "copy").value();
    remove(the, "copy").value();
    CHECK(refusal(the.store.put(the.c, name("blob"), as_bytes("x"), {}, condition::if_absent()), "blob") ==
          errc::already_exists);
    CHECK(head(the, "blob").value().tag == last);

    if (!the.is.keeps_attributes) return;
    attributes a;
    a.content_type = "text/plain";
    const etag typed = put(the, "blob", "same", a).tag;
    a.content_type = "text/html";
    CHECK(put(the, "blob", "same", a).tag != typed);
}

CONFORMANCE_CASE("attributes are kept to the letter") {
    attributes all;
    all.content_type = "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50";
    all.content_encoding = "gzip";
    all.content_language = "de-DE, en";
    all.content_disposition = "attachment; filename=\"a b.dcm\"; x='%41+&<>'";
    all.cache_control = "no-cache, max-age=0";
    all.metadata = {{"a", "1"},
                    {"watermark", "9223372036854775807"},
                    {"x_1", "Case, KEPT; =\"quoted\" \\ %20 +&#?"},
                    {"empty", ""},
                    {"letters_digits_0123456789", "~`!@#$%^&*()_-+={[}]|:;<,>.?/"}};
    if (!the.is.keeps_attributes) {
        auto refused = the.store.put(the.c, name("blob"), as_bytes("x"), all, {});
        CHECK(refusal(refused, "blob") == errc::unsupported);
        CHECK(names(the).empty());
        return;
    }
    put(the, "blob", "content", all);
    CHECK(head(the, "blob").value().attrs == all);
    CHECK(read(the, "blob").value().info.attrs == all);
    CHECK(the.store.list(the.c, {.with_attributes = true}).value().blobs.at(0).attrs == all);
    CHECK(text_of(the, "blob") == "content");

    attributes none;
    none.content_type = "";
    put(the, "empty", "", all);
    CHECK(head(the, "empty").value().attrs == all);
    put(the, "plain", "content", none);
    CHECK(head(the, "plain").value().attrs == none);
}

CONFORMANCE_CASE("tags are kept to the letter or refused as a whole") {
    attributes tagged;
    tagged.tags = {{"project", "A/B + C_d=e:f.g-h"}, {"Empty", ""}, {"x y", "1 2"}};
    auto stored = the.store.put(the.c, name("blob"), as_bytes("content"), tagged, {});
    if (the.is.keeps_attributes && the.is.keeps_tags) {
        REQUIRE(stored);
        CHECK(head(the, "blob").value().attrs == tagged);
        put(the, "blob", "content");
        CHECK(head(the, "blob").value().attrs.tags.empty());
    } else {
        CHECK(refusal(stored, "blob") == errc::unsupported);
        CHECK(names(the).empty());
    }
}

CONFORMANCE_CASE("a content type is never guessed from name or bytes") {
    put(the, "page.html", "<html></html>");
    put(the, "image.png", "\x89PNG\r\n\x1A\n");
    put(the, "data.json", "{}");
    for (const std::string_view n : {"page.html", "image.png", "data.json"}) {
        CAPTURE(n);
        CHECK(head(the, n).value().attrs.empty());
    }
}

CONFORMANCE_CASE("a put replaces the attributes, too; none means none") {
    if (!the.is.keeps_attributes) return;
    attributes first;
    first.content_type = "text/plain";
    first.cache_control = "no-store";
    first.metadata = {{"a", "1"}, {"b", "2"}};
    attributes second;
    second.metadata = {{"b", "3"}};
    put(the, "blob", "content", first);
    put(the, "blob", "content", second);
    CHECK(head(the, "blob").value().attrs == second);
    put(the, "blob", "content");
    CHECK(head(the, "blob").value().attrs.empty());
}

CONFORMANCE_CASE("the most metadata that is allowed is kept, and a byte more refused") {
    if (!the.is.keeps_attributes) return;
    attributes full;
    for (int i = 0; i < 8; ++i) full.metadata["k" + std::to_string(i)] = std::string(1022, 'v');
    const auto stored = the.store.put(the.c, name("blob"), as_bytes("content"), full, {});
    if (stored || the.is.keeps_full_attributes) {
        REQUIRE(stored);
        CHECK(head(the, "blob").value().attrs == full);
    } else {
        CHECK(refusal(stored, "blob") == errc::no_space);
        CHECK(names(the).empty());
        put(the, "blob");
    }
    full.metadata["k0"] += 'v';
    CHECK(refusal(the.store.put(the.c, name("blob"), as_bytes("x"), full, {})) == errc::invalid_argument);
    CHECK(text_of(the, "blob") == "content");
}

CONFORMANCE_CASE("attributes that some store could not keep are refused by every store, and nothing changes") {
    const auto with_type = [](std::string_view text) {
        attributes a;
        a.content_type = std::string(text);
        return a;
    };
    const auto with_metadata = [](std::string_view key, std::string_view value) {
        attributes a;
        a.metadata = {{std::string(key), std::string(value)}};
        return a;
    };
    put(the, "blob", "before");
    const etag before = head(the, "blob").value().tag;
    for (const attributes& bad :
         {with_type("text/plain\r\nx-ms-meta-evil: 1"), with_type(" text/plain"), with_type("text/\xC3\xA4"),
          with_metadata("", "v"), with_metadata("Upper", "v"), with_metadata("1digit", "v"), with_metadata("a-b", "v"),
          with_metadata("a", "line\nbreak"), with_metadata("a", " outer"), with_metadata("a", "two  spaces"),
          with_metadata("a", "\xFF\xFE"), with_metadata("a", std::string_view("nul\0", 4))}) {
        CHECK(refusal(the.store.put(the.c, name("blob"), as_bytes("after"), bad, {})) == errc::invalid_argument);
        CHECK(refusal(the.store.put(the.c, name("new"), as_bytes("after"), bad, {})) == errc::invalid_argument);
    }
    CHECK(text_of(the, "blob") == "before");
    CHECK(head(the, "blob").value().tag == before);
    CHECK(names(the) == std::vector<std::string>{"blob"});
}

}  // namespace blobshift::conformance

#endif
