// SPDX-License-Identifier: MIT
//
// The conformance suite over each layer that writes, over layers of layers, and over layers of a type-erased store.

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/layers/fault.hpp>
#include <blobshift/layers/observe.hpp>
#include <blobshift/layers/prefix.hpp>
#include <blobshift/layers/retry.hpp>
#include <blobshift/layers/throttle.hpp>

#include <conformance/subject.hpp>

namespace blobshift::conformance {

struct retry_over_memory {
    auto make() { return retry(memory_store()); }
};

struct throttle_over_memory {
    auto make() { return throttle(memory_store()); }
};

struct observe_over_memory {
    auto make() {
        return observe(memory_store(), [](const operation_event&) {});
    }
};

struct fault_over_memory {
    auto make() { return fault(memory_store()); }
};

/// A view of a part of a store that holds blobs before, behind and around it.
struct prefix_over_memory {
    auto make() {
        memory_store whole;
        for (const char* n :
             {"tenants/6/a", "tenants/7", "tenants/7-/a", "tenants/70/a", "tenants/8/a", ".blobshift/x"}) {
            whole.put({}, name(n), as_bytes("not of this part"), {}, {}).value();
        }
        return prefix<memory_store>::make(std::move(whole), "tenants/7/").value();
    }

    static constexpr traits is = {.longest_name_units = 1024 - 10, .most_segments = 254 - 2};
};

struct layers_over_any_store {
    auto make() {
        return observe(retry(prefix<any_store>::make(any_store(memory_store({.page_size = 3})), "p/").value()),
                       [](const operation_event&) {});
    }

    static constexpr traits is = {.longest_name_units = 1024 - 2, .most_segments = 254 - 1};
};

}  // namespace blobshift::conformance

#define BLOBSHIFT_STORES_UNDER_TEST \
    retry_over_memory, throttle_over_memory, observe_over_memory, fault_over_memory, prefix_over_memory, \
        layers_over_any_store
#include <conformance/conformance.hpp>
