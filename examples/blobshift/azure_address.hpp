// SPDX-License-Identifier: MIT
//
// Addresses of containers of Azure Blob Storage, and where their credentials come from.

#ifndef BLOBSHIFT_CLI_AZURE_ADDRESS_HPP
#define BLOBSHIFT_CLI_AZURE_ADDRESS_HPP

#include <cstdint>  // uint64_t
#include <string>   // string

#include "store_address.hpp"

namespace blobshift::cli {

/// Opens the container, and looks whether it is there. The address may hold a SAS: no message repeats it.
///
/// | address                    | credential                                                                            |
/// |----------------------------|---------------------------------------------------------------------------------------|
/// | `azure://CONTAINER`        | AZURE_STORAGE_CONNECTION_STRING; else AZURE_STORAGE_ACCOUNT and the rest as below     |
/// | `https://.../CONTAINER?SAS`| the SAS                                                                               |
/// | `https://.../CONTAINER`    | AZURE_STORAGE_KEY; else AZURE_STORAGE_SAS_TOKEN; else the identity that the variables |
/// |                            | of Entra name, or the machine has                                                     |
///
/// Certificates: the file that SSL_CERT_FILE names, else the system's.
///
/// \param list_obstacles  As of `azure_options`.
/// \throws failure  With what is wrong and what to do: wrong_use, or interrupted when the service could not be reached.
[[nodiscard]] any_store open_azure(const context& c, const std::string& address, opening how, bool list_obstacles);

/// The blobs in the container whose names are no `blob_name`. \throws failure  As `open_azure`.
[[nodiscard]] std::uint64_t count_foreign_in_azure(const context& c, const std::string& address,
                                                   double requests_per_second);

}  // namespace blobshift::cli

#endif
