// SPDX-License-Identifier: MIT
//
// The golden vectors of SharedKey, SAS and CRC-64: tests/data/sharedkey.json.

#ifndef BLOBSHIFT_TESTS_SUPPORT_VECTORS_HPP
#define BLOBSHIFT_TESTS_SUPPORT_VECTORS_HPP

#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

namespace blobshift::test {

inline const nlohmann::json& shared_key_vectors() {
    static const nlohmann::json vectors = [] {
        const std::string here = __FILE__;
        std::ifstream file(here.substr(0, here.rfind('/')) + "/../data/sharedkey.json");
        return nlohmann::json::parse(file);
    }();
    return vectors;
}

}  // namespace blobshift::test

#endif
