// SPDX-License-Identifier: MIT
#include <blobshift/views/instance_store.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <blobshift/backends/memory_store.hpp>
#include <support/print.hpp>
#include <views/service_bench.hpp>

namespace {

using namespace blobshift;
using namespace blobshift::testing;

struct race_bench {
    memory_store blobs;
    any_store state{memory_store{}};
    context c = {};
    instance_store<memory_store> store{containers(blobs), state, {}, format::old_names};

    [[nodiscard]] static instance_id id(std::int64_t w) { return service_bench::id(w); }
    [[nodiscard]] static std::string content(std::int64_t w) { return "instance " + std::to_string(w); }

    /// As a migration does: the other name is made first, then this one goes.
    void move(const blob_name& from, const blob_name& to) {
        blobs.copy(c, from, to, {}, condition::if_absent()).value();
        blobs.remove(c, from, {}).value();
    }
};

}  // namespace

TEST_CASE("instance_store: while blobs move from name to name, in either direction, no read fails") {
    race_bench b;
    constexpr std::int64_t count = 300;
    for (std::int64_t w = 1; w <= count; ++w) {
        REQUIRE(b.store.put(b.c, b.id(w), blob_kind::instance, as_bytes(b.content(w))));
    }

    struct row {
        format f;
        bool forth;
    };
    for (const row& t : {row{format::dual, true}, row{format::new_names, false}, row{format::new_names, true},
                         row{format::old_names, false}}) {
        CAPTURE(to_string(t.f));
        CAPTURE(t.forth);
        b.store.set_format(t.f);
        std::atomic<int> failed = 0;
        std::atomic<int> reads = 0;
        {
            std::vector<std::jthread> readers;
            for (std::uint64_t r = 0; r < 3; ++r) {
                readers.emplace_back([&b, &failed, &reads, r](const std::stop_token& stop) {
                    for (std::uint64_t i = r; !stop.stop_requested(); ++i) {
                        const auto w = static_cast<std::int64_t>(detail::mixed(i) % count) + 1;
                        const auto whole = b.store.get(b.c, b.id(w), blob_kind::instance, 100);
                        if (!whole || as_text(whole->content) != b.content(w)) ++failed;
                        ++reads;
                    }
                });
            }
            for (std::int64_t w = 1; w <= count; ++w) {
                const blob_name old_name = service_bench::old_name(b.id(w));
                const blob_name new_name = service_bench::new_name(b.id(w));
                if (t.forth) b.move(old_name, new_name);
                else b.move(new_name, old_name);
                if (w % 16 == 0) std::this_thread::yield();
            }
            while (reads < 1000) std::this_thread::yield();
        }
        CHECK(failed == 0);
    }
}

TEST_CASE("instance_store: threads that put, read and remove their own instances never see each other's") {
    race_bench b;
    std::atomic<int> wrong = 0;
    std::atomic<int> done = 0;
    {
        std::vector<std::jthread> threads;
        for (std::int64_t t = 0; t < 3; ++t) {
            threads.emplace_back([&b, &wrong, &done, t] {
                for (std::int64_t i = 1; i <= 60; ++i) {
                    const std::int64_t w = 3 * i + t;
                    const instance_id id = b.id(w);
                    const bool stored = b.store.put(b.c, id, blob_kind::instance, as_bytes(b.content(w))).has_value();
                    const auto whole = b.store.get(b.c, id, blob_kind::instance, 100);
                    const bool same = whole && as_text(whole->content) == b.content(w);
                    const bool kept = i % 3 == 0;
                    if (!kept && !b.store.remove(b.c, id)) ++wrong;
                    const auto after = b.store.head(b.c, id, blob_kind::instance);
                    const bool right = kept ? after.has_value() : !after && after.error().code == errc::not_found;
                    if (!stored || !same || !right) ++wrong;
                    ++done;
                }
            });
        }
        for (const format f : {format::dual, format::new_names}) {
            const int then = done;
            while (done < then + 20) std::this_thread::yield();
            b.store.set_format(f);
        }
    }
    CHECK(wrong == 0);
    std::size_t recorded = 0;
    REQUIRE(read_deletions(b.state, b.c, 0, [&](const deletion&) -> result<void> {
        ++recorded;
        return {};
    }));
    CHECK(recorded == 120);
    for (const format f : {format::old_names, format::dual, format::new_names}) CHECK(b.store.drained(f));
}
