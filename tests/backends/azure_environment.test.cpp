// SPDX-License-Identifier: MIT
#include <blobshift/backends/azure_environment.hpp>

#include <fstream>

#include <doctest/doctest.h>

#include <support/temporary_folder.hpp>

namespace {

using namespace blobshift;

/// Sets variables, and takes all that Azure knows away again.
struct variables {
    explicit variables(std::initializer_list<std::pair<const char*, const char*>> set) {
        clear();
        for (const auto& [name, value] : set) ::setenv(name, value, 1);
    }
    ~variables() { clear(); }
    variables(const variables&) = delete;
    variables& operator=(const variables&) = delete;

    static void clear() {
        for (const char* name :
             {"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE",
              "AZURE_AUTHORITY_HOST", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_POD_IDENTITY_AUTHORITY_HOST"}) {
            ::unsetenv(name);
        }
    }
};

TEST_CASE("without variables there is the machine's own identity, and nothing else") {
    const variables none({});
    const entra_credential found = entra_from_environment();
    REQUIRE(found.chain.size() == 1);
    const auto& machine = std::get<entra_managed_identity>(found.chain[0]);
    CHECK(machine.endpoint.empty());
    CHECK(machine.imds_host == "http://169.254.169.254");
}

TEST_CASE("the variables name identities in the order in which they are asked") {
    const variables all({{"AZURE_TENANT_ID", "t"},
                         {"AZURE_CLIENT_ID", "c"},
                         {"AZURE_CLIENT_SECRET", "s"},
                         {"AZURE_FEDERATED_TOKEN_FILE", "/f"},
                         {"AZURE_AUTHORITY_HOST", "https://login.example.org"},
                         {"IDENTITY_ENDPOINT", "http://127.0.0.1:1"},
                         {"IDENTITY_HEADER", "h"}});
    const entra_credential found = entra_from_environment();
    REQUIRE(found.chain.size() == 3);
    CHECK(std::get<entra_client_secret>(found.chain[0]).client_secret.reveal() == "s");
    CHECK(std::get<entra_client_secret>(found.chain[0]).authority == "https://login.example.org");
    CHECK(std::get<entra_workload_identity>(found.chain[1]).token_file == "/f");
    CHECK(std::get<entra_managed_identity>(found.chain[2]).endpoint == "http://127.0.0.1:1");
    CHECK(std::get<entra_managed_identity>(found.chain[2]).client_id == "c");
}

TEST_CASE("half of an identity is none") {
    const variables half({{"AZURE_TENANT_ID", "t"},
                          {"AZURE_CLIENT_SECRET", "s"},
                          {"AZURE_FEDERATED_TOKEN_FILE", "/f"},
                          {"IDENTITY_ENDPOINT", "http://127.0.0.1:1"},
                          {"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:2"}});
    const entra_credential found = entra_from_environment();
    REQUIRE(found.chain.size() == 1);
    CHECK(std::get<entra_managed_identity>(found.chain[0]).endpoint.empty());
    CHECK(std::get<entra_managed_identity>(found.chain[0]).imds_host == "http://127.0.0.1:2");
}

TEST_CASE("a token file gives its text without the line end, and else no identity") {
    const testing::temporary_folder folder;
    const std::string file = std::string(folder.path()) + "/token";
    const auto content_after = [&](const std::string& text) {
        std::ofstream(file) << text;
        return detail::read_token_file(file);
    };
    CHECK(content_after("abc.def\r\n").value().reveal() == "abc.def");
    for (const auto& bad : {content_after(""), content_after(" \n"), content_after(std::string(65'536, 'x')),
                            detail::read_token_file(file + "-absent")}) {
        REQUIRE_FALSE(bad);
        CHECK(bad.error().code == errc::unauthenticated);
        CHECK(bad.error().message.find(file) == std::string::npos);
    }
}

}  // namespace
