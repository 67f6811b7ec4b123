// SPDX-License-Identifier: MIT
//
// Instead of azure_address.cpp, where the library was built without its azure component.
#include "azure_address.hpp"

#include "exit_code.hpp"

namespace blobshift::cli {

namespace {

[[nodiscard]] failure no_azure() {
    return wrong_use("this build has no Azure support; use a file: address, or a build with the azure component");
}

}  // namespace

any_store open_azure(const context& /*c*/, const std::string& /*address*/, opening /*how*/, bool /*list_obstacles*/) {
    throw no_azure();
}

std::uint64_t count_foreign_in_azure(const context& /*c*/, const std::string& /*address*/, double /*rate*/) {
    throw no_azure();
}

}  // namespace blobshift::cli
