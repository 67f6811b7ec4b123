// SPDX-License-Identifier: MIT

#include <blobshift/core/condition.hpp>

#include <doctest/doctest.h>

#include <support/print.hpp>

using blobshift::condition;
using blobshift::errc;
using blobshift::etag;

TEST_CASE("a condition is exactly one of its three kinds") {
    CHECK(condition() == condition::always());
    CHECK(condition::always().is_always());
    CHECK_FALSE(condition::always().is_if_absent());
    CHECK_FALSE(condition::always().is_if_match());
    CHECK(condition::if_absent().is_if_absent());
    CHECK_FALSE(condition::if_absent().is_always());
    const condition match = condition::if_match(etag("\"1\""));
    CHECK(match.is_if_match());
    CHECK_FALSE(match.is_if_absent());
    CHECK(match.tag() == etag("\"1\""));
    CHECK(match.which() == condition::kind::if_match);
    CHECK(match != condition::if_match(etag("\"2\"")));
    CHECK(match != condition::always());
}

TEST_CASE("a condition is held against what is there") {
    const etag one("\"1\"");
    const etag weak("W/\"1\"");
    const etag none;
    struct row {
        condition wanted;
        const etag* present;
        std::optional<errc> refusal;
    };
    const row rows[] = {
        {condition::always(), nullptr, {}},
        {condition::always(), &one, {}},
        {condition::if_absent(), nullptr, {}},
        {condition::if_absent(), &one, errc::already_exists},
        {condition::if_absent(), &none, errc::already_exists},
        {condition::if_match(one), &one, {}},
        {condition::if_match(one), nullptr, errc::condition_failed},
        {condition::if_match(etag("\"2\"")), &one, errc::condition_failed},
        {condition::if_match(weak), &weak, errc::condition_failed},
        {condition::if_match(none), &none, errc::condition_failed},
        {condition::if_match(none), nullptr, errc::condition_failed},
        {condition::if_match(etag("*")), &one, errc::condition_failed},
    };
    for (const row& t : rows) {
        CAPTURE(t.wanted.tag());
        const auto met = blobshift::detail::test_condition(t.wanted, t.present);
        CHECK((met ? std::nullopt : std::optional(met.error().code)) == t.refusal);
    }
}
