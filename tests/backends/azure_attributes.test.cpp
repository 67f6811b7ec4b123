// SPDX-License-Identifier: MIT
#include <blobshift/backends/azure_attributes.hpp>

#include <doctest/doctest.h>

namespace {

using namespace blobshift;

TEST_CASE("a write id goes with the metadata and is taken out again") {
    attributes a;
    a.content_type = "text/plain";
    a.metadata = {{"k", "v"}};
    auto sent = detail::attributes_to_send(a, "0123").value();
    CHECK(sent.metadata == std::map<std::string, std::string>{{"blobshift_write_id", "0123"}, {"k", "v"}});
    CHECK(detail::take_write_id(sent) == "0123");
    CHECK(sent == a);
    CHECK(detail::take_write_id(sent).empty());
    CHECK(detail::attributes_to_send(a, "").value() == a);
}

TEST_CASE("a write id is left out where it would not fit, and never displaces what the caller wants kept") {
    attributes a;
    a.metadata = {{"k", std::string(8192 - 1 - 18 - 16, 'v')}};
    CHECK(detail::attributes_to_send(a, detail::new_write_id()).value().metadata.size() == 2);
    a.metadata["k"] += 'v';
    CHECK(detail::attributes_to_send(a, detail::new_write_id()).value() == a);
}

TEST_CASE("attributes that are not valid, or use our name, are refused") {
    attributes a;
    a.metadata = {{"Upper", "v"}};
    CHECK(detail::attributes_to_send(a, "").error().code == errc::invalid_argument);
    a.metadata = {{"blobshift_write_id", "v"}};
    CHECK(detail::attributes_to_send(a, "").error().code == errc::invalid_argument);
}

TEST_CASE("the content type that the service makes of none reads as none") {
    attributes a;
    a.content_type = "application/octet-stream";
    detail::take_write_id(a);
    CHECK(a.content_type.empty());
}

TEST_CASE("write ids differ") {
    CHECK(detail::new_write_id().size() == 16);
    CHECK(detail::new_write_id() != detail::new_write_id());
}

}  // namespace
