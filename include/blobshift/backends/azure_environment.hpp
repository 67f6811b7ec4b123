// SPDX-License-Identifier: MIT
//
// The one place where an identity is read from the machine: environment variables and the token file of a workload.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_environment.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_ENVIRONMENT_HPP
#define BLOBSHIFT_BACKENDS_AZURE_ENVIRONMENT_HPP

#include <array>    // array
#include <cstddef>  // size_t
#include <cstdio>   // fopen, fread
#include <cstdlib>  // getenv
#include <memory>   // unique_ptr
#include <string>   // string

#include <blobshift/backends/azure_identity.hpp>

namespace blobshift::inline v1 {

namespace detail {

[[nodiscard]] inline std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

/// What stands in the token file of a workload; at most 64 KiB.
///
/// \return errc::unauthenticated when it cannot be read: the workload has no identity.
[[nodiscard]] inline result<secret> read_token_file(const std::string& path) {
    const auto close = [](std::FILE* f) { static_cast<void>(std::fclose(f)); };
    const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
    std::array<char, std::size_t{64} << 10> room{};
    const std::size_t size = file ? std::fread(room.data(), 1, room.size(), file.get()) : 0;
    std::string_view text(room.data(), size);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) text.remove_suffix(1);
    secret content(text);
    wipe(room.data(), size);
    if (content.empty() || size == room.size()) {
        return fail(errc::unauthenticated, "the token file of the workload identity cannot be read", path);
    }
    return content;
}

}  // namespace detail

/// The identities that the usual variables name: an application with a secret, a workload, then the machine itself.
///
/// Reads AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_FEDERATED_TOKEN_FILE, AZURE_AUTHORITY_HOST,
/// IDENTITY_ENDPOINT, IDENTITY_HEADER and AZURE_POD_IDENTITY_AUTHORITY_HOST, now and not later.
[[nodiscard]] inline entra_credential entra_from_environment() {
    const std::string tenant = detail::environment("AZURE_TENANT_ID");
    const std::string client = detail::environment("AZURE_CLIENT_ID");
    const std::string host = detail::environment("AZURE_AUTHORITY_HOST");
    const std::string authority = host.empty() ? std::string(entra_authority) : host;
    entra_credential found;
    if (const std::string text = detail::environment("AZURE_CLIENT_SECRET");
        !tenant.empty() && !client.empty() && !text.empty()) {
        found.chain.push_back(entra_client_secret{tenant, client, secret(text), authority});
    }
    if (const std::string file = detail::environment("AZURE_FEDERATED_TOKEN_FILE");
        !tenant.empty() && !client.empty() && !file.empty()) {
        found.chain.push_back(entra_workload_identity{tenant, client, file, authority});
    }
    entra_managed_identity machine;
    machine.client_id = client;
    machine.endpoint = detail::environment("IDENTITY_ENDPOINT");
    machine.endpoint_header = secret(detail::environment("IDENTITY_HEADER"));
    if (machine.endpoint_header.empty()) machine.endpoint.clear();  // another product's variable of the same name
    if (const std::string imds = detail::environment("AZURE_POD_IDENTITY_AUTHORITY_HOST"); !imds.empty()) {
        machine.imds_host = imds;
    }
    found.chain.push_back(std::move(machine));
    return found;
}

}  // namespace blobshift::inline v1

#endif
