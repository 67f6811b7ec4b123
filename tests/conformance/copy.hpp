// SPDX-License-Identifier: MIT
//
// Conformance: copies within a store. Part of <conformance/conformance.hpp>.

#ifndef BLOBSHIFT_TESTS_CONFORMANCE_COPY_HPP
#define BLOBSHIFT_TESTS_CONFORMANCE_COPY_HPP

#include <conformance/subject.hpp>

namespace blobshift::conformance {

/// Attributes of every kind that the store keeps.
[[nodiscard]] inline attributes some_attributes(const traits& is) {
    attributes a;
    if (is.keeps_attributes) {
        a.content_type = "application/dicom";
        a.content_language = "en";
        a.metadata = {{"writer", "first"}, {"watermark", "17"}};
    }
    if (is.keeps_attributes && is.keeps_tags) a.tags = {{"kind", "instance"}};
    return a;
}

CONFORMANCE_CASE("a copy has the bytes and the attributes of its source and leaves the source alone") {
    const std::string large = pattern(the.is.slow ? 100'000 : 3'000'000);
    for (const std::string& content : {std::string(), std::string("x"), large}) {
        CAPTURE(content.size());
        const attributes a = some_attributes(the.is);
        const blob_info from = put(the, "from/blob", content, a);
        const auto made = copy(the, "from/blob", "to/deeply/nested/blob");
        REQUIRE(made);
        CHECK(made->source_tag == from.tag);
        CHECK(made->info.name == name("to/deeply/nested/blob"));
        CHECK(made->info.size_bytes == content.size());
        CHECK(text_of(the, "to/deeply/nested/blob") == content);

        const blob_info to = head(the, "to/deeply/nested/blob").value();
        CHECK(to.attrs == a);
        CHECK(to.tag == made->info.tag);
        CHECK((to.copy == copy_state::none || to.copy == copy_state::succeeded));
        CHECK(head(the, "from/blob").value().tag == from.tag);
        CHECK(text_of(the, "from/blob") == content);
        if (made->proof == copy_proof::same_object) {
            CHECK_FALSE(to.object_id.empty());
            CHECK(to.object_id == head(the, "from/blob").value().object_id);
        }
    }
    CHECK(names(the) == std::vector<std::string>{"from/blob", "to/deeply/nested/blob"});
}

CONFORMANCE_CASE("a copy does not alias its source") {
    put(the, "a", "first", some_attributes(the.is));
    copy(the, "a", "b").value();

    put(the, "a", "changed");
    CHECK(text_of(the, "b") == "first");
    CHECK(head(the, "b").value().attrs == some_attributes(the.is));
    CHECK(head(the, "a").value().attrs.empty());

    copy(the, "a", "c").value();
    remove(the, "a").value();
    CHECK(text_of(the, "c") == "changed");

    put(the, "b", "b's own");
    CHECK(text_of(the, "c") == "changed");
    const blob_info b = head(the, "b").value();
    if (!b.object_id.empty()) CHECK(b.object_id != head(the, "c").value().object_id);
}

CONFORMANCE_CASE("a copy over a blob replaces its bytes and attributes") {
    attributes other;
    if (the.is.keeps_attributes) other.metadata = {{"b", "2"}};
    put(the, "from", "new content", some_attributes(the.is));
    const etag before = put(the, "to", "a much longer old content", other).tag;
    const auto made = copy(the, "from", "to");
    REQUIRE(made);
    CHECK(made->info.tag != before);
    CHECK(text_of(the, "to") == "new content");
    CHECK(head(the, "to").value().attrs == some_attributes(the.is));
    CHECK(refusal(read(the, "to", {}, condition::if_match(before)), "to") == errc::condition_failed);
}

CONFORMANCE_CASE("copying the same again is a success with the same outcome") {
    put(the, "from", "content", some_attributes(the.is));
    copy(the, "from", "to").value();
    CHECK(copy(the, "from", "to"));
    CHECK(text_of(the, "to") == "content");
    CHECK(text_of(the, "from") == "content");
}

CONFORMANCE_CASE("a copy without a source is not_found and leaves the target alone") {
    put(the, "to", "before");
    put(the, "dir/inside");
    for (const std::string_view from : {"absent", "dir", "dir/insid", "dir/inside2"}) {
        CAPTURE(from);
        CHECK(refusal(copy(the, from, "to"), from) == errc::not_found);
        CHECK(refusal(copy(the, from, "new"), from) == errc::not_found);
        CHECK(refusal(copy(the, from, "new", {}, condition::if_absent()), from) == errc::not_found);
        CHECK(refusal(copy(the, from, "new", condition::if_match(etag("\"x\""))), from) == errc::not_found);
    }
    CHECK(text_of(the, "to") == "before");
    CHECK(names(the) == std::vector<std::string>{"dir/inside", "to"});
}

CONFORMANCE_CASE("a blob is never copied onto itself") {
    const etag tag = put(the, "blob").tag;
    CHECK(refusal(copy(the, "blob", "blob"), "blob") == errc::invalid_argument);
    CHECK(refusal(copy(the, "blob", "blob", condition::if_match(tag), condition::if_match(tag)), "blob") ==
          errc::invalid_argument);
    CHECK(refusal(copy(the, "absent", "absent"), "absent") == errc::invalid_argument);
    CHECK(head(the, "blob").value().tag == tag);
    CHECK(text_of(the, "blob") == "content");
}

CONFORMANCE_CASE("a copy is pinned to the version of its source") {
    const etag first = put(the, "from", "first").tag;
    const etag second = put(the, "from", "other").tag;
    CHECK(refusal(copy(the, "from", "to", condition::if_match(first)), "from") == errc::condition_failed);
    CHECK(refusal(head(the, "to"), "to") == errc::not_found);

    const auto made = copy(the, "from", "to", condition::if_match(second), condition::if_absent());
    REQUIRE(made);
    CHECK(made->source_tag == second);
    CHECK(text_of(the, "to") == "other");
    CHECK(refusal(copy(the, "from", "to2", condition::if_absent())) == errc::invalid_argument);
}

CONFORMANCE_CASE("a copy asks both conditions") {
    const etag source = put(the, "from", "new").tag;
    const etag target = put(the, "to", "before").tag;
    const condition fits_source = condition::if_match(source);
    const condition stale = condition::if_match(etag("\"never given\""));
    CHECK(refusal(copy(the, "from", "to", fits_source, condition::if_absent()), "to") == errc::already_exists);
    CHECK(refusal(copy(the, "from", "to", fits_source, stale), "to") == errc::condition_failed);
    CHECK(refusal(copy(the, "from", "to", stale, condition::if_match(target)), "from") == errc::condition_failed);
    CHECK(refusal(copy(the, "from", "to", stale, stale)) == errc::condition_failed);
    CHECK(text_of(the, "to") == "before");
    CHECK(head(the, "to").value().tag == target);
    REQUIRE(copy(the, "from", "to", fits_source, condition::if_match(target)));
    CHECK(text_of(the, "to") == "new");
}

CONFORMANCE_CASE("copies of copies, and back, keep the content") {
    put(the, "n0", "content", some_attributes(the.is));
    const std::size_t length = the.times(20, 4);
    for (std::size_t i = 0; i < length; ++i) {
        copy(the, "n" + std::to_string(i), "n" + std::to_string(i + 1), {}, condition::if_absent()).value();
        remove(the, "n" + std::to_string(i)).value();
    }
    const std::string last = "n" + std::to_string(length);
    copy(the, last, "n0", {}, condition::if_absent()).value();
    for (const std::string& n : {last, std::string("n0")}) {
        CHECK(text_of(the, n) == "content");
        CHECK(head(the, n).value().attrs == some_attributes(the.is));
    }
    CHECK(names(the).size() == 2);
}

}  // namespace blobshift::conformance

#endif
