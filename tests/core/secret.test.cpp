// SPDX-License-Identifier: MIT

#include <blobshift/core/secret.hpp>

#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

using namespace blobshift;

namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
    out << value;
};

template <class T>
concept Textual = std::is_convertible_v<T, std::string> || std::is_convertible_v<T, std::string_view>;

}  // namespace

TEST_CASE("a secret is given away by reveal alone") {
    static_assert(Printable<std::string> && !Printable<secret>);
    static_assert(Textual<const char*> && !Textual<secret>);
    static_assert(!std::is_convertible_v<std::string, secret>);
    const secret s("canary");
    CHECK(s.reveal() == "canary");
    CHECK(!s.empty());
    CHECK(secret().empty());
    CHECK(secret().reveal() == "");
}

TEST_CASE("a moved secret leaves nothing behind, a copy is one of its own") {
    secret first("canary");
    const secret copy = first;
    const char* const place = first.reveal().data();
    secret second = std::move(first);
    CHECK(second.reveal().data() == place);  // moved, not copied: no second place to wipe
    CHECK(first.empty());
    CHECK(copy.reveal() == "canary");
    CHECK(copy.reveal().data() != place);
    second = copy;
    CHECK(second.reveal() == "canary");
    second = secret("other");
    CHECK(second.reveal() == "other");
    const secret& same = second;
    second = same;
    CHECK(second.reveal() == "other");
}

TEST_CASE("wiping overwrites every byte and no other") {
    std::string text = "[canary]";
    detail::wipe(text.data() + 1, 6);
    CHECK(text == std::string("[\0\0\0\0\0\0]", 8));
    detail::wipe(nullptr, 0);
}
