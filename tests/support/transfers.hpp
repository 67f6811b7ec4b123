// SPDX-License-Identifier: MIT
//
// For tests of transfers: content, sources, sinks and stores that misbehave.
//
// Needs blobshift's core, store, backends and layers rows.

#ifndef BLOBSHIFT_TESTS_SUPPORT_TRANSFERS_HPP
#define BLOBSHIFT_TESTS_SUPPORT_TRANSFERS_HPP

#include <algorithm>  // copy_n, min
#include <cstddef>    // byte, size_t
#include <cstdint>    // uint64_t
#include <memory>     // make_shared, shared_ptr

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/store/ops.hpp>

#include <support/flaky_store.hpp>
#include <support/virtual_clock.hpp>

namespace blobshift::testing {

inline bytes pattern(std::size_t size) {
    bytes content(size);
    std::uint64_t state = size;
    for (std::byte& b : content) b = static_cast<std::byte>((state = detail::mixed(state)) & 0xFFU);
    return content;
}

inline digest xxh64_digest(byte_view content) { return make_digest(hash_algorithm::xxh64, xxh64_of(content)); }

/// A source that does not know its size and gives `at_once` bytes a time.
inline auto trickle(byte_view content, std::size_t at_once) {
    return callable_source([rest = content, at_once](byte_span out) mutable -> result<std::size_t> {
        const std::size_t count = (std::min)({out.size(), rest.size(), at_once});
        std::copy_n(rest.begin(), count, out.begin());
        rest = rest.subspan(count);
        return count;
    });
}

/// A flaky store, on a clock of its own.
struct transfer_bench {
    std::shared_ptr<fault_script> script = std::make_shared<fault_script>();
    virtual_clock clock = {};
    context c = context_of(clock);
    flaky_store store{script};
    any_store& truth() { return store.inner(); }
    bool stored(const char* n) { return *exists(truth(), {}, name(n)); }
    int staged() const { return script->calls(operation::stage_block); }
};

inline const upload_options small_up{.block_size = 10, .parallelism = 3, .blocks = {.max_attempts = 3, .seed = 1}};
inline const download_options small_down{.block_size = 10, .parallelism = 3, .blocks = {.max_attempts = 3, .seed = 1}};

/// Flips a bit in what is read from `from` on.
struct rotten : memory_store {
    explicit rotten(std::uint64_t at) : from(at) {}
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        auto got = memory_store::read(c, n, range, out, when);
        if (got && got->count > 0 && got->offset >= from) out[got->count - 1] ^= std::byte{1};
        return got;
    }
    std::uint64_t from;
};

struct noting_sink : memory_sink {
    void abandon() noexcept {
        ++abandoned;
        memory_sink::abandon();
    }
    int abandoned = 0;
};

}  // namespace blobshift::testing

#endif
