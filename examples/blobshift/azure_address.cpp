// SPDX-License-Identifier: MIT
#include "azure_address.hpp"

#include <cstdlib>
#include <utility>

#include <blobshift/backends/azure_store.hpp>

#include "exit_code.hpp"

namespace blobshift::cli {

namespace {

[[nodiscard]] std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

[[nodiscard]] azure_place must(result<azure_place> place, const std::string& what) {
    if (place) return *std::move(place);
    throw wrong_use(what + " is not valid: " + place.error().message);
}

[[nodiscard]] azure_place place_of_url(const std::string& url) {
    azure_place place = must(azure_place::from_url(url), "the address of the container");
    const bool has_sas = url.find('?') != std::string::npos;
    if (has_sas) return place;
    if (const std::string key = variable("AZURE_STORAGE_KEY"); !key.empty()) {
        return must(azure_place::from_url(url, secret(key)), "AZURE_STORAGE_KEY, or the address,");
    }
    if (std::string sas = variable("AZURE_STORAGE_SAS_TOKEN"); !sas.empty()) {
        if (sas.starts_with('?')) sas.erase(0, 1);
        return must(azure_place::from_url(url + "?" + sas), "AZURE_STORAGE_SAS_TOKEN");
    }
    return must(azure_place::from_url(url, entra_from_environment()), "the address, with an identity of Entra,");
}

[[nodiscard]] azure_place place_of(const std::string& address) {
    constexpr std::string_view scheme = "azure://";
    if (!detail::equals_ignoring_case(std::string_view(address).substr(0, scheme.size()), scheme)) {
        return place_of_url(address);
    }
    const std::string container = address.substr(scheme.size());
    if (const std::string text = variable("AZURE_STORAGE_CONNECTION_STRING"); !text.empty()) {
        return must(azure_place::from_connection_string(text, container),
                    "AZURE_STORAGE_CONNECTION_STRING, or the container,");
    }
    const std::string account = variable("AZURE_STORAGE_ACCOUNT");
    if (account.empty()) {
        throw wrong_use("azure:// needs AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCOUNT in the environment");
    }
    return place_of_url("https://" + account + ".blob.core.windows.net/" + container);
}

/// A failure before anything was done: unless it passes by itself, somebody has to mend what it was asked with.
[[nodiscard]] failure not_opened(const std::string& doing, const error& e) {
    const bool passes = exit_code_of(e) == exit_code::interrupted;
    return {passes ? exit_code::interrupted : exit_code::wrong_use, doing + ": " + describe(e)};
}

[[nodiscard]] azure_store open_container(const std::string& address, const azure_options& options) {
    curl_transport_options connection;
    connection.ca_file = variable("SSL_CERT_FILE");
    connection.https_proxy_from_environment = true;
    auto store = azure_store::open(place_of(address), options, connection);
    if (!store) throw not_opened("cannot open the container", store.error());
    return *std::move(store);
}

}  // namespace

any_store open_azure(const context& c, const std::string& address, opening how, bool list_obstacles) {
    azure_options options;
    options.list_obstacles = list_obstacles;
    azure_store store = open_container(address, options);
    auto& control = store.control();
    const auto there = how == opening::create ? control.create_container(c) : control.container_exists(c);
    if (!there && there.error().code != errc::permission_denied) {  // who may use blobs need not be allowed to see this
        throw not_opened("cannot reach the container", there.error());
    }
    if (how == opening::existing && there && !*there) {
        throw wrong_use("there is no such container; check the address, or import something to make it");
    }
    return any_store(std::move(store));
}

std::uint64_t count_foreign_in_azure(const context& c, const std::string& address, double requests_per_second) {
    azure_options options;
    options.requests_per_second = requests_per_second;
    return or_fail(open_container(address, options).count_foreign(c), "cannot list the container");
}

}  // namespace blobshift::cli
