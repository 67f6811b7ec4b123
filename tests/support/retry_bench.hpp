// SPDX-License-Identifier: MIT
//
// For tests of retry: the layer over a store that fails as a script says, on a clock of its own.
//
// Needs blobshift's core, store, backends and layers rows.

#ifndef BLOBSHIFT_TESTS_SUPPORT_RETRY_BENCH_HPP
#define BLOBSHIFT_TESTS_SUPPORT_RETRY_BENCH_HPP

#include <memory>  // make_shared, shared_ptr
#include <string>  // string

#include <blobshift/layers/retry.hpp>

#include <support/flaky_store.hpp>
#include <support/virtual_clock.hpp>

namespace blobshift::testing {

/// A retry over a flaky store, on a clock of its own.
struct retry_bench {
    std::shared_ptr<fault_script> script = std::make_shared<fault_script>();
    virtual_clock clock = {};
    context c = context_of(clock);
    retry<flaky_store> store;

    explicit retry_bench(retry_options options = {}) : store(flaky_store(script), steady(options)) {}

    static retry_options steady(retry_options options) {
        options.jitter = 0;
        return options;
    }
    /// The store as it is, without faults and repetitions.
    any_store& truth() { return store.inner().inner(); }
    std::string content(const char* n) {
        bytes room(100);
        const auto got = truth().read({}, name(n), read_range::all(), room, {});
        return got ? std::string(as_text(byte_view(room).first(got->count))) : "(nothing)";
    }
};

}  // namespace blobshift::testing

#endif
