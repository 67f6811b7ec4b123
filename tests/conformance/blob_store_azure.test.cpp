// SPDX-License-Identifier: MIT
//
// The conformance suite over the Azure store, on an Azure in the process that is stricter than any emulator.

#include <blobshift/backends/azure_store.hpp>

#include <azure/fake_azure.hpp>
#include <conformance/subject.hpp>

namespace blobshift::conformance {

struct azure_in_the_process {
    azure_in_the_process() {
        service->clock = &system_time::instance();
        service->minds_clocks = false;  // the suite has clocks of its own
    }

    testing::fake_store make() { return open(); }
    testing::fake_store reopen() { return open(); }

    static constexpr traits is = {.order = listing_order::utf16_units};

    std::shared_ptr<testing::fake_service> service = std::make_shared<testing::fake_service>();

private:
    testing::fake_store open() {
        return testing::fake_store::open(testing::fake_transport(service), testing::fake_place::place()).value();
    }
};

struct azure_of_small_pages : azure_in_the_process {
    azure_of_small_pages() { service->page = 2; }
};

/// Where the service cannot read a source, every copy goes through the client.
struct azure_behind_a_firewall : azure_in_the_process {
    azure_behind_a_firewall() { service->firewall = true; }
};

}  // namespace blobshift::conformance

#define BLOBSHIFT_STORES_UNDER_TEST azure_in_the_process, azure_of_small_pages, azure_behind_a_firewall
#include <conformance/conformance.hpp>
