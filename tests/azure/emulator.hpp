// SPDX-License-Identifier: MIT
//
// Stores on containers of Azurite, the emulator, which with_azurite.sh starts.

#ifndef BLOBSHIFT_TESTS_AZURE_EMULATOR_HPP
#define BLOBSHIFT_TESTS_AZURE_EMULATOR_HPP

#include <blobshift/backends/azure_store.hpp>

#include <cstdlib>  // getenv
#include <string>   // string

namespace blobshift::testing {

/// A container of its own, gone when the object is.
class emulator_container {
public:
    emulator_container() { open().control().create_container({}).value(); }
    ~emulator_container() { static_cast<void>(open().control().remove_container({})); }
    emulator_container(const emulator_container&) = delete;
    emulator_container& operator=(const emulator_container&) = delete;

    [[nodiscard]] azure_store open(const azure_options& options = {}) const {
        curl_transport_options connection;
        connection.ca_file = variable("BLOBSHIFT_AZURITE_CA");
        auto place = azure_place::from_connection_string(variable("BLOBSHIFT_AZURITE"), name_);
        return azure_store::open(std::move(place).value(), options, connection).value();
    }

private:
    [[nodiscard]] static std::string variable(const char* name) {
        const char* const text = std::getenv(name);
        return text == nullptr ? "" : text;
    }

    std::string name_ = "c" + detail::new_write_id();
};

}  // namespace blobshift::testing

#endif
