// SPDX-License-Identifier: MIT
//
// Instead of azure_address.cpp, where the library was built without its azure component.
#include "azure_address.hpp"

#include "exit_code.hpp"

namespace blobshift::cli {

any_store open_azure(const std::string& /*address*/, opening /*how*/) {
    throw wrong_use("this build has no Azure support; use a file: address, or a build with the azure component");
}

}  // namespace blobshift::cli
