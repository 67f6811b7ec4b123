// SPDX-License-Identifier: MIT
//
// From an address that a person types to an open store: the one place that knows the kinds of stores.

#ifndef BLOBSHIFT_CLI_STORE_ADDRESS_HPP
#define BLOBSHIFT_CLI_STORE_ADDRESS_HPP

#include <cstdint>      // uint64_t
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
    bool list_obstacles = false;            ///< Listings tell of all that a removal would meet; see `azure_options`.
};

/// Opens the store at `address`.
///
/// \throws failure  With what is wrong and what to do: wrong_use, or interrupted when the store could not be reached.
///                  Nothing was changed.
[[nodiscard]] any_store open_store(const context& c, const std::string& address, opening how,
                                   const store_settings& settings = {});

/// Opens the store at `address`, which is there, for the state of the files' container, or of the metadata's: each has
/// its own place in it, so that what is kept of the second is never taken for the first's. \throws failure
[[nodiscard]] any_store open_state(const context& c, const std::string& address, bool is_metadata,
                                   const store_settings& settings = {});

/// Counts what lies in the store at `address` and is no blob to it, as `count_foreign` of the stores does. One listing.
///
/// \param requests_per_second  The most, where a listing takes requests; 0: as fast as it goes.
/// \throws failure
[[nodiscard]] std::uint64_t count_foreign(const context& c, const std::string& address, double requests_per_second = 0);
inline constexpr std::string_view foreign_names_help =
    " entries of the store are no blobs, by name or by kind, and are left alone: rename or remove them by other "
    "means";

/// The address of a container in an account: of a directory in `file:PATH`, of a container in `azure://` or
/// `https://ACCOUNT.blob.core.windows.net[?SAS]`.
[[nodiscard]] std::string address_of_container(const std::string& account, const std::string& container);

/// Whether two addresses lead to one store, as far as can be seen: the same text, or one directory by two paths.
[[nodiscard]] bool is_same_store(const std::string& a, const std::string& b);

/// Refuses stores of one service that are one, or of which one lies within another: what is kept in the one would be
/// taken for blobs of the other. Empty addresses are none. \throws failure
void refuse_overlaps(const std::string& store, const std::string& metadata, const std::string& state);

/// Reads "none", "data" or "full". \throws failure
[[nodiscard]] durability parse_durability(std::string_view text);

}  // namespace blobshift::cli

#endif
