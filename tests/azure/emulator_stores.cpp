// SPDX-License-Identifier: MIT
//
// The conformance suite over Azurite.

#include <azure/emulator.hpp>

#include <conformance/subject.hpp>

namespace blobshift::conformance {

struct azurite {
    testing::emulator_container container;

    azure_store make() { return container.open(); }
    azure_store reopen() { return container.open(); }

    static constexpr traits is = {.order = listing_order::utf16_units, .staged_blocks_show = true, .slow = true};
};

}  // namespace blobshift::conformance

#define BLOBSHIFT_STORES_UNDER_TEST azurite
#include <conformance/conformance.hpp>
