// SPDX-License-Identifier: MIT

#include <blobshift/core/result.hpp>

#include <memory>       // unique_ptr
#include <string>       // string
#include <type_traits>  // is_same_v
#include <vector>       // vector

#include <doctest/doctest.h>

#include <support/print.hpp>

using blobshift::errc;
using blobshift::fail;
using blobshift::result;

namespace {

result<int> half(int n) {
    if (n % 2 != 0) return fail(errc::invalid_argument, "an odd number has no half", std::to_string(n));
    return n / 2;
}

struct no_default {
    explicit no_default(int v) : value(v) {}
    int value;
};

TEST_CASE("what is taken from a temporary lives as long as the loop over a part of it") {
    struct page {
        std::vector<std::string> names;
    };
    const auto list = [] { return result<page>(page{{std::string(100, 'a'), std::string(100, 'b')}}); };
    std::string all;
    for (const std::string& name : list().value().names) all += name;
    CHECK(all == std::string(100, 'a') + std::string(100, 'b'));
    static_assert(std::is_same_v<decltype(list().value()), page>);
}

}  // namespace

static_assert(std::is_default_constructible_v<result<int>>);
static_assert(!std::is_default_constructible_v<result<no_default>>);
static_assert(!std::is_copy_constructible_v<result<std::unique_ptr<int>>>);
static_assert(std::is_nothrow_move_constructible_v<result<std::unique_ptr<int>>>);
static_assert(!std::is_convertible_v<result<int>, bool>, "a result is no number by accident");
static_assert(!std::is_convertible_v<result<void>, result<bool>>, "a failure is never a value `false` by accident");
static_assert(!std::is_convertible_v<result<int>, result<bool>>);
static_assert(!std::is_convertible_v<int, result<no_default>> && std::is_constructible_v<result<no_default>, int>);
static_assert(std::is_convertible_v<const char*, result<std::string>>);

TEST_CASE("a result holds a value or an error") {
    const result<int> three = half(6);
    REQUIRE(three.has_value());
    CHECK(static_cast<bool>(three));
    CHECK(*three == 3);
    CHECK(three.value() == 3);

    const result<int> none = half(7);
    REQUIRE_FALSE(none.has_value());
    CHECK_FALSE(static_cast<bool>(none));
    CHECK(none.error().code == errc::invalid_argument);
    CHECK(none.error().subject == "7");
}

TEST_CASE("only value() throws, and what it throws carries the error but no name") {
    const result<int> none = half(7);
    try {
        static_cast<void>(none.value());
        FAIL("value() returned");
    } catch (const blobshift::bad_result_access& e) {
        CHECK(e.error().code == errc::invalid_argument);
        CHECK(e.error().subject == "7");
        CHECK(std::string_view(e.what()) == "invalid_argument: an odd number has no half");
    }
    CHECK_THROWS_AS(half(7).value(), blobshift::bad_result_access);
    result<int> changeable = half(7);
    CHECK_THROWS_AS(changeable.value(), blobshift::bad_result_access);
}

TEST_CASE("a default result holds a default value") {
    CHECK(result<int>().value() == 0);
    CHECK(result<void>().has_value());
}

TEST_CASE("a result of a moving type gives its value away") {
    result<std::unique_ptr<int>> r = std::make_unique<int>(4);
    CHECK(**r == 4);
    const std::unique_ptr<int> taken = std::move(r).value();
    CHECK(*taken == 4);
    result<std::unique_ptr<int>> other = std::make_unique<int>(5);
    const std::unique_ptr<int> also = *std::move(other);
    CHECK(*also == 5);
}

TEST_CASE("a result can be changed in place") {
    result<std::string> r = std::string("a");
    *r += "b";
    r->append("c");
    r.value() += "d";
    CHECK(*r == "abcd");
    CHECK(std::as_const(r)->size() == 4);
    r = fail(errc::corrupt, "gone");
    r.error().subject = "x";
    CHECK(r.error().subject == "x");
    r = std::string("back");
    CHECK(r.value() == "back");
}

TEST_CASE("value_or takes the other value for an error only") {
    const result<int> none = half(7);
    CHECK(half(6).value_or(9) == 3);
    CHECK(half(7).value_or(9) == 9);
    CHECK(none.value_or(9) == 9);
    CHECK(result<std::string>(std::string("a")).value_or("b") == "a");
}

TEST_CASE("and_then goes on with a value and stops at an error") {
    CHECK(half(12).and_then(half).value() == 3);
    CHECK(half(6).and_then(half).error().subject == "3");
    int calls = 0;
    const auto count = [&](int) -> result<std::string> { return ++calls, "called"; };
    CHECK(half(7).and_then(count).error().subject == "7");
    CHECK(calls == 0);
    CHECK(half(6).and_then(count).value() == "called");
    CHECK(calls == 1);
}

TEST_CASE("transform changes a value and keeps an error") {
    CHECK(half(6).transform([](int n) { return std::to_string(n); }).value() == "3");
    CHECK(half(7).transform([](int n) { return std::to_string(n); }).error().subject == "7");
}

TEST_CASE("a result without a value chains, throws and keeps its error as the others do") {
    const auto check_positive = [](int n) -> result<void> {
        if (n <= 0) return fail(errc::out_of_range, "not positive");
        return {};
    };
    CHECK(check_positive(1));
    CHECK_NOTHROW(check_positive(1).value());
    *check_positive(1);
    CHECK(check_positive(0).error().code == errc::out_of_range);
    CHECK_THROWS_AS(check_positive(0).value(), blobshift::bad_result_access);
    CHECK(check_positive(1).and_then([] { return half(8); }).value() == 4);
    CHECK(check_positive(0).and_then([] { return half(8); }).error().code == errc::out_of_range);
    result<void> failed = check_positive(0);
    failed.error().subject = "x";
    CHECK(std::move(failed).error().subject == "x");
}

TEST_CASE("an error travels from a result of one type into one of another") {
    const auto second = [](int n) -> result<std::string> {
        auto first = half(n);
        if (!first) return blobshift::unexpected(std::move(first).error());
        return std::to_string(*first);
    };
    CHECK(second(6).value() == "3");
    CHECK(second(7).error().subject == "7");
}
