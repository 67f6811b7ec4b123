// SPDX-License-Identifier: MIT
//
// From an address that a person types to an open store: the one place that knows the kinds of stores.

#ifndef BLOBSHIFT_CLI_STORE_ADDRESS_HPP
#define BLOBSHIFT_CLI_STORE_ADDRESS_HPP

#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/backends/file_store.hpp>
#include <blobshift/store/any_store.hpp>

namespace blobshift::cli {

/// What `--help` says of addresses.
inline constexpr std::string_view address_help =
    "file:PATH, a directory; azure://CONTAINER or https://ACCOUNT.blob.core.windows.net/CONTAINER[?SAS]";

/// Whether a store that is missing is made. Only commands that bring content make one.
enum class opening { existing, create };

struct store_settings {
    durability durable = durability::full;  ///< Of a file store.
    double requests_per_second = 0;         ///< 0 = no limit.
};

/// Opens the store at `address`.
///
/// \throws failure  wrong_use with what is wrong with the address and what to do; nothing was changed.
[[nodiscard]] any_store open_store(const std::string& address, opening how, const store_settings& settings = {});

/// The address of a container in an account: of a directory in `file:PATH`, of a container in `azure://` or
/// `https://ACCOUNT.blob.core.windows.net[?SAS]`.
[[nodiscard]] std::string address_of_container(const std::string& account, const std::string& container);

/// Reads "none", "data" or "full". \throws failure
[[nodiscard]] durability parse_durability(std::string_view text);

}  // namespace blobshift::cli

#endif
