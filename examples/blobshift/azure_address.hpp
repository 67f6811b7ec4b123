// SPDX-License-Identifier: MIT
//
// Addresses of containers of Azure Blob Storage, and where their credentials come from.

#ifndef BLOBSHIFT_CLI_AZURE_ADDRESS_HPP
#define BLOBSHIFT_CLI_AZURE_ADDRESS_HPP

#include <string>  // string

#include "store_address.hpp"

namespace blobshift::cli {

/// Opens the container. The address may hold a SAS: no message repeats it.
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
/// \throws failure  wrong_use with what is wrong and what to do.
[[nodiscard]] any_store open_azure(const std::string& address, opening how);

}  // namespace blobshift::cli

#endif
