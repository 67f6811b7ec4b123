// SPDX-License-Identifier: MIT
//
// The conformance suite over the Azure store and libcurl, on an Azure behind a socket that is stricter than any
// emulator.

#include <blobshift/backends/azure_store.hpp>

#include <azure/wire_azure.hpp>
#include <conformance/subject.hpp>

namespace blobshift::conformance {

struct azure_behind_a_socket {
    azure_behind_a_socket() {
        place.service.clock = &system_time::instance();
        place.service.minds_clocks = false;  // the suite has clocks of its own
    }

    testing::wire_store make() { return place.open(); }
    testing::wire_store reopen() { return place.open(); }

    static constexpr traits is = {.order = listing_order::utf16_units, .slow = true};

    testing::wire_place place{testing::framing::chunked};
};

}  // namespace blobshift::conformance

#define BLOBSHIFT_STORES_UNDER_TEST azure_behind_a_socket
#include <conformance/conformance.hpp>
