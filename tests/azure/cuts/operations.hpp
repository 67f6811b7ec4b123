// SPDX-License-Identifier: MIT
//
// Every request that an Azure store can make, as operations that can be run over and over from the same state, and say
// what they were told.

#ifndef BLOBSHIFT_TESTS_AZURE_CUTS_OPERATIONS_HPP
#define BLOBSHIFT_TESTS_AZURE_CUTS_OPERATIONS_HPP

#include <functional>
#include <string>
#include <vector>

#include <azure/wire_azure.hpp>

namespace blobshift::testing {

/// What a call said of one blob ("" = of the container): a text of all that matters, or why there is none.
struct told {
    std::string about;
    result<std::string> what;
};

/// With what an operation is run.
struct on_the_wire {
    wire_store& store;
    const context& c;
    fake_service& service;  ///< To compare with: which version is the current one.

    [[nodiscard]] std::string tag_of(const std::string& blob) const {
        const std::scoped_lock lock(service.guard);
        const auto& blobs = service.containers["box"].blobs;
        const auto found = blobs.find(blob);
        return found == blobs.end() ? std::string() : "\"" + found->second.etag + "\"";
    }
    /// What the service has.
    [[nodiscard]] condition pin(const std::string& blob) const { return condition::if_match(etag(tag_of(blob))); }
};

enum class asking_as { key, application, machine };

struct wire_operation {
    std::string name;
    std::function<std::vector<told>(const on_the_wire&)> run;
    std::function<void(fake_service&)> before = {};  ///< Changes the usual state.
    azure_options options = {};
    asking_as who = asking_as::key;
    std::string or_else = {};  ///< What it may say as well when an answer was lost.
};

/// The state in which every operation finds the service.
void set_up(fake_service& s);

[[nodiscard]] std::vector<wire_operation> wire_operations();

}  // namespace blobshift::testing

#endif
