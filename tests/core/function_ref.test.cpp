// SPDX-License-Identifier: MIT

#include <blobshift/core/function_ref.hpp>

#include <memory>  // unique_ptr
#include <string>  // string

#include <doctest/doctest.h>

using blobshift::function_ref;

namespace {

int call_with_four(function_ref<int(int)> f) { return f(4); }

struct counter {
    int calls = 0;
    int operator()(int n) { return ++calls, n; }
};

}  // namespace

static_assert(sizeof(function_ref<void()>) <= 2 * sizeof(void*));
static_assert(std::is_trivially_copyable_v<function_ref<void()>>);
static_assert(!std::is_constructible_v<function_ref<int(int)>, int>);
static_assert(!std::is_constructible_v<function_ref<int(int)>, void (*)(int)>);
static_assert(!std::is_default_constructible_v<function_ref<void()>>);

TEST_CASE("a function_ref calls what it refers to, and no copy of it") {
    counter c;
    const function_ref<int(int)> f = c;
    CHECK(f(1) == 1);
    CHECK(f(2) == 2);
    CHECK(c.calls == 2);
    const function_ref<int(int)> same = f;
    CHECK(same(3) == 3);
    CHECK(c.calls == 3);
}

TEST_CASE("a function_ref takes lambdas, const callables and function pointers") {
    const int two = 2;
    CHECK(call_with_four([&](int n) { return n * two; }) == 8);
    const auto half = [](int n) { return n / 2; };
    CHECK(call_with_four(half) == 2);
    int (*const pointer)(int) = +[](int n) { return n + 1; };
    CHECK(call_with_four(pointer) == 5);
}

TEST_CASE("arguments and results are handed through as they are") {
    std::unique_ptr<int> taken;
    const auto take = [&](std::unique_ptr<int>&& p) -> std::unique_ptr<int>& { return taken = std::move(p); };
    const function_ref<std::unique_ptr<int>&(std::unique_ptr<int>&&)> f = take;
    CHECK(&f(std::make_unique<int>(7)) == &taken);
    CHECK(*taken == 7);

    const auto grow = [](std::string& text) { text += "!"; };
    const function_ref<void(std::string&)> g = grow;
    std::string text = "a";
    g(text);
    CHECK(text == "a!");
}

TEST_CASE("a result may be converted or dropped") {
    const auto seven = [] { return 7; };
    CHECK(function_ref<long()>(seven)() == 7L);
    function_ref<void()>{seven}();
}

TEST_CASE("an exception passes through") {
    const auto thrower = [](int n) -> int { throw n; };
    CHECK_THROWS_AS(call_with_four(thrower), int);
}
