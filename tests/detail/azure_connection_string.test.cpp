// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_connection_string.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace blobshift;
using namespace blobshift::detail;

namespace {

/// What the credential is, as one letter: nobody, key, SAS.
char kind_of(const azure_credential& c) {
    return std::holds_alternative<shared_key>(c) ? 'k' : std::holds_alternative<sas_token>(c) ? 's' : 'n';
}

}  // namespace

TEST_CASE("a connection string says endpoint, account and credential") {
    struct row {
        const char* text;
        const char* endpoint;
        const char* account;
        char credential;
    };
    for (const row& t : {
             row{"AccountName=account1;AccountKey=Zm9vYg==", "https://account1.blob.core.windows.net", "account1", 'k'},
             row{"DefaultEndpointsProtocol=https;AccountName=account1;AccountKey=Zm9v;EndpointSuffix=core.windows.net",
                 "https://account1.blob.core.windows.net", "account1", 'k'},
             row{"EndpointSuffix=Core.ChinaCloudAPI.cn;AccountKey=Zm9v;AccountName=account1;;",
                 "https://account1.blob.core.chinacloudapi.cn", "account1", 'k'},
             row{";;accountname=account1;ACCOUNTKEY=Zm9v", "https://account1.blob.core.windows.net", "account1", 'k'},
             row{"AccountName=account1;SharedAccessSignature=?sv=1&sig=a%3D", "https://account1.blob.core.windows.net",
                 "account1", 's'},
             row{"BlobEndpoint=https://account1.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=a%3D",
                 "https://account1.blob.core.windows.net", "account1", 's'},
             row{"BlobEndpoint=https://account1.blob.core.windows.net", "https://account1.blob.core.windows.net",
                 "account1", 'n'},
             row{"BlobEndpoint=https://blobs.example.org;AccountName=account1;AccountKey=Zm9v",
                 "https://blobs.example.org", "account1", 'k'},
             row{"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Zm9v;"
                 "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/"
                 "devstoreaccount1;"
                 "TableEndpoint=x;FileEndpoint=x;DfsEndpoint=x;BlobSecondaryEndpoint=x;AccountKeyName=key1",
                 "http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1", 'k'},
             row{"UseDevelopmentStorage=true", "http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1", 'k'},
             row{"UseDevelopmentStorage=True;DevelopmentStorageProxyUri=http://localhost",
                 "http://localhost:10000/devstoreaccount1", "devstoreaccount1", 'k'},
             row{"DevelopmentStorageProxyUri=https://azurite/;UseDevelopmentStorage=true",
                 "https://azurite:10000/devstoreaccount1", "devstoreaccount1", 'k'},
         }) {
        CAPTURE(t.text);
        const auto a = parse_connection_string(t.text);
        REQUIRE(a);
        CHECK(a->endpoint.url == t.endpoint);
        CHECK(a->endpoint.account == t.account);
        CHECK(kind_of(a->credential) == t.credential);
        if (const auto* key = std::get_if<shared_key>(&a->credential)) CHECK(key->account() == t.account);
        if (const auto* sas = std::get_if<sas_token>(&a->credential)) CHECK(sas->query.reveal() == "sv=1&sig=a%3D");
    }
}

TEST_CASE("the emulator's account signs with its public key") {
    const auto a = parse_connection_string("UseDevelopmentStorage=true").value();
    const auto key = shared_key::create("devstoreaccount1", secret(emulator_key)).value();
    CHECK(std::get<shared_key>(a.credential).sign("text") == key.sign("text"));
}

TEST_CASE("a connection string with a fault is refused: the key is named, its value never") {
    struct row {
        const char* text;
        const char* message;
    };
    for (const row& t : {
             row{"", "the connection string names no account"},
             row{";;", "the connection string names no account"},
             row{"AccountName=account1", "the connection string has neither AccountKey nor SharedAccessSignature"},
             row{"SharedAccessSignature=sig=canary", "the connection string names no account"},
             row{"AccountKey=Y2FuYXJ5", "AccountKey in the connection string needs AccountName"},
             row{"BlobEndpoint=https://account1.blob.core.windows.net;AccountKey=Y2FuYXJ5",
                 "AccountKey in the connection string needs AccountName"},
             row{"AccountName=account1;canary", "segment 2 of the connection string has no '='"},
             row{"AccountName=account1;AccountKey=Y2FuYXJ5;AccountName=account2",
                 "AccountName in the connection string stands there twice"},
             row{"AccountName=account1;accountname=account1;AccountKey=Y2FuYXJ5",
                 "AccountName in the connection string stands there twice"},
             row{"AccountName=;AccountKey=Y2FuYXJ5", "AccountName in the connection string has no value"},
             row{"AccountName=account1;AccountKey=", "AccountKey in the connection string has no value"},
             row{"AccountName=account1;AccountKey=Y2FuYXJ5;Timeout=30",
                 "the connection string has an unknown key: Timeout"},
             row{"AccountName=account1;Y2FuYXJ5c2VjcmV0a2V5Y2FuYXJ5c2VjcmV0==",
                 "the connection string has an unknown key in segment 2"},
             row{" AccountName=account1;AccountKey=Y2FuYXJ5", "the connection string has an unknown key in segment 1"},
             row{"=x", "the connection string has an unknown key in segment 1"},
             row{"AccountName=account1;AccountKey=canary!", "AccountKey in the connection string is not base64"},
             row{"AccountName=account1;AccountKey=Y2FuYXJ5\n", "AccountKey in the connection string is not base64"},
             row{"AccountName=account1;AccountKey= Y2FuYXJ5", "AccountKey in the connection string is not base64"},
             row{"AccountName=account1;AccountKey=Y2FuYXJ", "AccountKey in the connection string is not base64"},
             row{"AccountName=account1;AccountKey=Y2FuYXJ5;SharedAccessSignature=sig=canary",
                 "AccountKey in the connection string cannot stand beside SharedAccessSignature"},
             row{"AccountName=Canary;AccountKey=Y2FuYXJ5",
                 "AccountName in the connection string is not 3 to 24 lower-case letters and digits"},
             row{"AccountName=canary/../x;AccountKey=Y2FuYXJ5",
                 "AccountName in the connection string is not 3 to 24 lower-case letters and digits"},
             row{"AccountName=account1;SharedAccessSignature=canary",
                 "SharedAccessSignature in the connection string is refused: a SAS has a signature: sig="},
             row{"AccountName=account1;SharedAccessSignature=sig=canary canary",
                 "SharedAccessSignature in the connection string is refused: a SAS holds a character that must be "
                 "percent-encoded"},
             row{"DefaultEndpointsProtocol=ftp;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "DefaultEndpointsProtocol in the connection string is neither https nor http"},
             row{"DefaultEndpointsProtocol=http;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "DefaultEndpointsProtocol in the connection string is refused: plain http is for loopback addresses "
                 "only, "
                 "unless it is allowed explicitly"},
             row{"EndpointSuffix=https://canary;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "EndpointSuffix in the connection string is not a domain"},
             row{"EndpointSuffix=canary/;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "EndpointSuffix in the connection string is not a domain"},
             row{"EndpointSuffix=x@canary;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "EndpointSuffix in the connection string is not a domain"},
             row{"EndpointSuffix=canary#;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "EndpointSuffix in the connection string is not a domain"},
             row{"EndpointSuffix=.canary;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "EndpointSuffix in the connection string is not a domain"},
             row{"BlobEndpoint=http://blobs.example.org;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "BlobEndpoint in the connection string is refused: plain http is for loopback addresses only, unless "
                 "it is "
                 "allowed explicitly"},
             row{"BlobEndpoint=https://account1.blob.core.windows.net/canary;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "BlobEndpoint in the connection string is refused: an endpoint has no path behind the account"},
             row{"BlobEndpoint=https://canary@evil.example;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "BlobEndpoint in the connection string is refused: an address has no user or password before its "
                 "host"},
             row{"DefaultEndpointsProtocol=ftp;BlobEndpoint=https://canary.example;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "DefaultEndpointsProtocol in the connection string is neither https nor http"},
             row{"BlobSecondaryEndpoint=https://canary.example;AccountName=account1;AccountKey=Y2FuYXJ5",
                 "BlobSecondaryEndpoint in the connection string needs BlobEndpoint"},
             row{"UseDevelopmentStorage=false", "UseDevelopmentStorage in the connection string is not true"},
             row{"UseDevelopmentStorage=true;AccountName=account1",
                 "AccountName in the connection string cannot stand beside UseDevelopmentStorage"},
             row{"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=canary",
                 "DevelopmentStorageProxyUri in the connection string is not the URL of a host"},
             row{"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://localhost/canary",
                 "DevelopmentStorageProxyUri in the connection string is not the URL of a host"},
             row{"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://canary.example",
                 "DevelopmentStorageProxyUri in the connection string is refused: plain http is for loopback addresses "
                 "only, unless it is allowed explicitly"},
             row{"DevelopmentStorageProxyUri=http://localhost",
                 "DevelopmentStorageProxyUri in the connection string needs UseDevelopmentStorage=true"},
         }) {
        CAPTURE(t.text);
        const auto a = parse_connection_string(t.text);
        REQUIRE(!a);
        CHECK(a.error().code == errc::invalid_argument);
        CHECK(a.error().message == t.message);
        CHECK(a.error().subject == "");
        CHECK(describe(a.error()).find("canary") == std::string::npos);
        CHECK(describe(a.error()).find("Y2Fu") == std::string::npos);
    }
}

TEST_CASE("plain http is taken where it is allowed") {
    const auto a = parse_connection_string("DefaultEndpointsProtocol=http;AccountName=account1;AccountKey=Zm9v",
                                           {.allow_http = true});
    CHECK(a.value().endpoint.url == "http://account1.blob.core.windows.net");
}
