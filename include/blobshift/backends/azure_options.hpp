// SPDX-License-Identifier: MIT
//
// How an Azure store behaves: retries, checksums, how it copies.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_store.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_OPTIONS_HPP
#define BLOBSHIFT_BACKENDS_AZURE_OPTIONS_HPP

#include <chrono>   // milliseconds, minutes
#include <cstddef>  // size_t
#include <cstdint>  // uint64_t

#include <blobshift/store/attempts.hpp>

namespace blobshift::inline v1 {

/// The hash that goes with uploaded bytes, for the service to compare with what arrives.
enum class azure_checksum : unsigned char {
    md5,    ///< Kept as the blob's stored hash, too: later copies of the blob can be checked by it.
    crc64,  ///< Cheaper, and not kept. For where MD5 is forbidden; emulators before 3.37 do not know it.
    none,
};

/// What a copy does when the service cannot read the source by its URL (a firewall, a private endpoint).
enum class azure_fallback : unsigned char {
    stream,        ///< Through the client: reads and writes every byte, in blocks.
    asynchronous,  ///< The service's own job, polled until it ends. Until then, and after a failure, readers find an empty
                   ///< blob that says so (`blob_info::copy`): not for targets that are in use.
    fail,          ///< errc::permission_denied.
};

struct azure_options {
    retry_options retry = {};                       ///< Of every request; the saved-up retries are shared by all calls.
    azure_checksum checksum = azure_checksum::md5;  ///< Of every upload.
    bool list_obstacles = false;                    ///< Listings tell of snapshots, retention and legal holds.
    azure_fallback unreadable_source = azure_fallback::stream;
    std::size_t copy_block_bytes = std::size_t{64} << 20;  ///< Of a copy that goes in blocks. 1 to 4000 MiB.
    std::uint64_t most_copied_at_once = std::uint64_t{256}
                                        << 20;  ///< Bytes that one request may copy; the service takes
                                                ///< 256 MiB. A larger blob is copied in blocks.
    std::chrono::milliseconds copy_poll{500};   ///< Between two looks at an asynchronous copy.
    std::chrono::minutes sas_lifetime{60};      ///< Of the read access that is signed for each copy.
    /// Of all calls together, repetitions included; each part of a batch is one. 0 = no limit.
    double requests_per_second = 0;
    /// How much idle time of that can be saved up and then be used at once.
    std::chrono::milliseconds request_burst{1000};
};

}  // namespace blobshift::inline v1

#endif
