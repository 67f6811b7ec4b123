// SPDX-License-Identifier: MIT
#include <blobshift/layers/layer.hpp>

#include <optional>  // optional
#include <string>    // string
#include <utility>   // move
#include <vector>    // vector

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/layers/observe.hpp>
#include <blobshift/layers/prefix.hpp>
#include <blobshift/layers/read_only.hpp>
#include <blobshift/layers/retry.hpp>
#include <blobshift/layers/throttle.hpp>

#include <doctest/doctest.h>

#include <support/flaky_store.hpp>
#include <support/print.hpp>

using namespace blobshift;
using namespace blobshift::testing;

namespace {

// Every layer, over stores with no, some and all refinements, keeps exactly those.

struct silent {
    void operator()(const operation_event&) const {}
};

template <class S>
constexpr bool every_layer_keeps = preserves<retry<S>, S> && preserves<throttle<S>, S> &&
                                   preserves<observe<S, silent>, S> && preserves<prefix<S>, S> &&
                                   preserves<read_only<S>, S>;
template <class S>
constexpr bool no_layer_invents =
    capabilities_of<retry<S>> == capabilities_of<S> && capabilities_of<throttle<S>> == capabilities_of<S> &&
    capabilities_of<observe<S, silent>> == capabilities_of<S> && capabilities_of<prefix<S>> == capabilities_of<S> &&
    capabilities_of<read_only<S>> == capabilities_of<S>;

static_assert(every_layer_keeps<bare_store> && no_layer_invents<bare_store>);
static_assert(every_layer_keeps<memory_store> && no_layer_invents<memory_store>);
static_assert(every_layer_keeps<any_store> && no_layer_invents<any_store>);
static_assert(every_layer_keeps<retry<throttle<memory_store>>> && no_layer_invents<retry<throttle<memory_store>>>);

/// A layer that notes what passes it.
template <BlobStore S>
class noting : public layer<noting<S>, S> {
public:
    explicit noting(S store) : layer<noting, S>(std::move(store)) {}

    std::vector<std::string> notes = {};

private:
    friend class layer<noting, S>;

    template <class Call>
    auto around(const call_info& info, const context&, Call call) -> std::invoke_result_t<Call&> {
        notes.push_back(std::string(to_string(info.verb)) + " " + std::to_string(info.bytes));
        return call();
    }
    template <class Request, class OnResult, class Call>
    void around_many(const call_info& info, const context&, std::span<const Request> requests, OnResult f, Call call) {
        notes.push_back(std::string(to_string(info.verb)) + " " + std::to_string(requests.size()));
        call(requests, f);
    }
};

}  // namespace

TEST_CASE("layer: every verb passes through the layer, with its name and size") {
    noting store{any_store(memory_store{})};
    const context c;
    bytes room(10);
    CHECK(store.put(c, name("a"), as_bytes("123"), {}, {}));
    CHECK(store.head(c, name("a")));
    CHECK(store.read(c, name("a"), read_range::all(), room, {}));
    CHECK(store.read(c, name("a"), read_range::part(0, 2), room, {}));
    CHECK(store.list(c, {}));
    CHECK(store.scan(c, {}, [](blob_info&&) -> result<void> { return {}; }));
    CHECK(store.copy(c, name("a"), name("b"), {}, {}));
    const std::vector<copy_request> copies = {{name("a"), name("c")}, {name("a"), name("d")}};
    store.copy_many(c, copies, {}, [](std::size_t, result<copy_result>&& r) { CHECK(r); });
    const std::vector<remove_request> removals = {{name("c"), {}}};
    store.remove_many(c, removals, {}, [](std::size_t, result<bool>&& r) { CHECK(r); });
    CHECK(store.remove(c, name("a"), {}));
    const auto u = store.begin_upload(c, name("u"));
    REQUIRE(u);
    CHECK(store.stage_block(c, *u, 0, 0, as_bytes("12")));
    CHECK(store.commit_upload(c, *u, 1, 2, {}, {}));
    CHECK_FALSE(store.abandon_upload(c, *u));

    CHECK(store.notes == std::vector<std::string>{"put 3", "head 0", "read 10", "read 2", "list 0", "scan 0", "copy 0",
                                                  "copy_many 2", "remove_many 1", "remove 0", "begin_upload 0",
                                                  "stage_block 2", "commit_upload 0", "abandon_upload 0"});
}

TEST_CASE("layer: what an any_store inside can do by itself is known outside, through any number of layers") {
    CHECK_FALSE(retry(throttle(any_store(bare_store{}))).native().blocks);
    CHECK(retry(throttle(any_store(memory_store{}))).native().blocks);
    CHECK_FALSE(any_store(read_only(any_store(bare_store{}))).native().blocks);
    CHECK_FALSE(prefix<any_store>::make(any_store(bare_store{}), "p/")->native().blocks);
}

TEST_CASE("layer: each verb has a name of its own, and the reading ones are no writes") {
    std::vector<std::string_view> reading;
    for (int i = 0; i <= static_cast<int>(operation::abandon_upload); ++i) {
        const auto verb = static_cast<operation>(i);
        CHECK(to_string(verb) != "unknown");
        if (!is_write(verb)) reading.push_back(to_string(verb));
    }
    CHECK(reading == std::vector<std::string_view>{"head", "read", "list", "scan"});
}
