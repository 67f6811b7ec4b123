// SPDX-License-Identifier: MIT
//
// The conformance suite over the memory store, its options, and what a lesser store would be.

#include <blobshift/backends/memory_store.hpp>

#include <conformance/subject.hpp>
#include <support/flaky_store.hpp>

namespace blobshift::conformance {

struct memory {
    memory_store make() { return memory_store(); }
};

struct memory_of_own_copies {
    memory_store make() { return memory_store({.share_copies = false}); }
};

struct memory_of_small_pages {
    memory_store make() { return memory_store({.page_size = 2}); }
};

/// What a slow, remote store would run.
struct memory_taken_for_slow {
    memory_store make() { return memory_store(); }

    static constexpr traits is = {.slow = true};
};

/// All that a store may leave out: no refinement and no attributes.
struct memory_without_all_that_may_be_missing {
    struct store : testing::bare_store {
        result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                              const condition& when) {
            if (auto fine = validate(attrs); !fine) return unexpected(std::move(fine).error());
            if (!attrs.empty()) return fail(errc::unsupported, "this store keeps no attributes", n.text());
            return bare_store::put(c, n, content, attrs, when);
        }
    };
    store make() { return {}; }

    static constexpr traits is = {.keeps_attributes = false, .keeps_tags = false};
};

}  // namespace blobshift::conformance

#define BLOBSHIFT_STORES_UNDER_TEST \
    memory, memory_of_own_copies, memory_of_small_pages, memory_taken_for_slow, memory_without_all_that_may_be_missing
#include <conformance/conformance.hpp>
