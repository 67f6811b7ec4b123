// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_address.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace blobshift;
using namespace blobshift::detail;

TEST_CASE("the URL of a container says endpoint, account, container and SAS") {
    struct row {
        const char* url;
        const char* endpoint;
        const char* account;
        const char* container;
        const char* sas;
    };
    for (const row& t : {
             row{"https://account1.blob.core.windows.net/cont-1", "https://account1.blob.core.windows.net", "account1",
                 "cont-1", ""},
             row{"https://account1.blob.core.windows.net/cont-1/", "https://account1.blob.core.windows.net", "account1",
                 "cont-1", ""},
             row{"HTTPS://Account1.Blob.Core.Windows.Net/cont-1?sv=2025&sig=a%2Bb",
                 "https://account1.blob.core.windows.net", "account1", "cont-1", "sv=2025&sig=a%2Bb"},
             row{"https://account1.z12.blob.storage.azure.net/$web", "https://account1.z12.blob.storage.azure.net",
                 "account1", "$web", ""},
             row{"https://account1-secondary.blob.core.windows.net/c-c",
                 "https://account1-secondary.blob.core.windows.net", "account1", "c-c", ""},
             row{"https://account1-secondary-ipv6.blob.core.windows.net/ccc",
                 "https://account1-secondary-ipv6.blob.core.windows.net", "account1", "ccc", ""},
             row{"https://account1-dualstack.blob.core.windows.net/ccc",
                 "https://account1-dualstack.blob.core.windows.net", "account1", "ccc", ""},
             row{"http://127.0.0.1:10000/devstoreaccount1/cont-1", "http://127.0.0.1:10000/devstoreaccount1",
                 "devstoreaccount1", "cont-1", ""},
             row{"http://localhost:10000/devstoreaccount1/cont-1?sig=x", "http://localhost:10000/devstoreaccount1",
                 "devstoreaccount1", "cont-1", "sig=x"},
             row{"http://[::1]:10000/devstoreaccount1/cont-1", "http://[::1]:10000/devstoreaccount1",
                 "devstoreaccount1", "cont-1", ""},
             row{"https://azurite:10000/devstoreaccount1/cont-1", "https://azurite:10000/devstoreaccount1",
                 "devstoreaccount1", "cont-1", ""},
             row{"http://account1.blob.localhost:10000/cont-1", "http://account1.blob.localhost:10000", "account1",
                 "cont-1", ""},
             row{"https://blobs.example.org/cont-1", "https://blobs.example.org", "", "cont-1", ""},
         }) {
        CAPTURE(t.url);
        const auto a = parse_address(t.url);
        REQUIRE(a);
        CHECK(a->endpoint.url == t.endpoint);
        CHECK(a->endpoint.account == t.account);
        CHECK(a->endpoint.secure == std::string_view(t.endpoint).starts_with("https://"));
        CHECK(a->container == t.container);
        CHECK(a->sas.reveal() == t.sas);
    }
}

TEST_CASE("an address that two parsers could read differently is refused, and no message holds a part of it") {
    const char* const no_url = "an address begins with https://";
    const char* const encode = "an address holds a character that must be percent-encoded";
    const char* const odd = "an address holds a backslash, a fragment or a character that must be percent-encoded";
    const char* const user = "an address has no user or password before its host";
    const char* const host = "the host of an address is not a plain name or IP address";
    const char* const port = "the port of an address is 1 to 65535";
    const char* const container =
        "the path of an address is a container: 3 to 63 lower-case letters, digits and single hyphens";
    const char* const path_account =
        "the path of an address begins with an account: 3 to 24 lower-case letters and digits";
    const char* const host_account =
        "the host of an address begins with an account: 3 to 24 lower-case letters and digits";
    struct row {
        const char* url;
        const char* why;
    };
    for (const row& t : {
             row{"", no_url},
             row{"account1.blob.core.windows.net/ccc", no_url},
             row{"ftp://account1.blob.core.windows.net/ccc", no_url},
             row{"https:/account1.blob.core.windows.net/ccc", no_url},
             row{" https://account1.blob.core.windows.net/ccc", encode},
             row{"https://account1.blob.core.windows.net/ccc\n", encode},
             row{"https://account1.blob.core.windows.net/c\xC3\xA9", encode},
             row{"https://b\xC3\xBC"
                 "cher.example/ccc",
                 encode},
             row{"https://account1.blob.core.windows.net\\@evil.example/ccc", odd},
             row{"https://account1.blob.core.windows.net/ccc#fragment", odd},
             row{"https://account1.blob.core.windows.net@evil.example/ccc", user},
             row{"https://account1.blob.core.windows.net:443@evil.example/ccc", user},
             row{"https://user:secret-word@account1.blob.core.windows.net/ccc", user},
             row{"https://account1.blob.core.windows.net%2F@evil.example/ccc", user},
             row{"https://evil.example%2F.blob.core.windows.net/ccc", host},
             row{"https://evil.example%00.blob.core.windows.net/ccc", host},
             row{"https:///ccc", host},
             row{"https://account1.blob.core.windows.net./ccc", host},
             row{"https://.blob.core.windows.net/ccc", host},
             row{"https://account1..core.windows.net/ccc", host},
             row{"https://-account1.blob.core.windows.net/ccc", host},
             row{"https://account1-.blob.core.windows.net/ccc", host},
             row{"https://account_1.blob.core.windows.net/ccc", host},
             row{"http://127.1/account1/ccc", host},
             row{"http://2130706433/account1/ccc", host},
             row{"http://0x7f000001/account1/ccc", host},
             row{"http://127.0.0.01/account1/ccc", host},
             row{"http://127.0.0.256/account1/ccc", host},
             row{"http://127.0.0.1.1/account1/ccc", host},
             row{"http://[::1/account1/ccc", host},
             row{"http://[::1%25lo]/account1/ccc", host},
             row{"http://[]/account1/ccc", host},
             row{"http://[abc]/account1/ccc", host},
             row{"http://[::1]x/account1/ccc", host},
             row{"http://127.0.0.1:/account1/ccc", port},
             row{"http://127.0.0.1:0/account1/ccc", port},
             row{"http://127.0.0.1:65536/account1/ccc", port},
             row{"http://127.0.0.1:4294967297/account1/ccc", port},
             row{"http://127.0.0.1:10000:1/account1/ccc", port},
             row{"http://127.0.0.1:1e3/account1/ccc", port},
             row{"https://account1.blob.core.windows.net", container},
             row{"https://account1.blob.core.windows.net/", container},
             row{"https://account1.blob.core.windows.net//ccc", container},
             row{"https://account1.blob.core.windows.net/ccc//", container},
             row{"https://account1.blob.core.windows.net/cc", container},
             row{"https://account1.blob.core.windows.net/CCC", container},
             row{"https://account1.blob.core.windows.net/c--c", container},
             row{"https://account1.blob.core.windows.net/ccc/blob", container},
             row{"https://account1.blob.core.windows.net/..", container},
             row{"https://account1.blob.core.windows.net/c%63c", container},
             row{"http://127.0.0.1:10000/devstoreaccount1", container},
             row{"http://127.0.0.1:10000", path_account},
             row{"http://127.0.0.1:10000/../ccc", path_account},
             row{"http://127.0.0.1:10000//ccc", path_account},
             row{"https://ac.blob.core.windows.net/ccc", host_account},
             row{"https://account-1.blob.core.windows.net/ccc", host_account},
             row{"https://account1.blob.core.windows.net/ccc?sv=1", "a SAS has a signature: sig="},
             row{"https://account1.blob.core.windows.net/ccc?sig=[",
                 "a SAS holds a character that must be percent-encoded"},
         }) {
        CAPTURE(t.url);
        const auto a = parse_address(t.url);
        REQUIRE(!a);
        CHECK(a.error().code == errc::invalid_argument);
        CHECK(a.error().message == t.why);
        CHECK(a.error().subject == "");
    }
}

TEST_CASE("plain http is for loopback, unless it is allowed") {
    const char* const far = "http://account1.blob.core.windows.net/ccc";
    CHECK(parse_address(far).error().message ==
          "plain http is for loopback addresses only, unless it is allowed explicitly");
    CHECK(parse_address(far, {.allow_http = true}).value().endpoint.url == "http://account1.blob.core.windows.net");
    for (const char* url :
         {"http://128.0.0.1/account1/ccc", "http://[::2]/account1/ccc", "http://localhost.evil.example/ccc",
          "http://127.0.0.1.evil.example/ccc", "http://azurite:10000/account1/ccc"}) {
        CAPTURE(url);
        CHECK(!parse_address(url));
    }
    for (const char* url : {"http://127.9.8.7/account1/ccc", "http://LOCALHOST/account1/ccc"}) {
        CAPTURE(url);
        CHECK(parse_address(url));
    }
}

TEST_CASE("an endpoint is an account's, without a query and without more of a path") {
    CHECK(parse_endpoint("https://account1.blob.core.windows.net/").value().url ==
          "https://account1.blob.core.windows.net");
    CHECK(parse_endpoint("http://127.0.0.1:10000/devstoreaccount1").value().account == "devstoreaccount1");
    CHECK(parse_endpoint("https://account1.blob.core.windows.net/ccc").error().message ==
          "an endpoint has no path behind the account");
    CHECK(parse_endpoint("https://account1.blob.core.windows.net?sig=x").error().message == "an endpoint has no query");
    CHECK(!parse_endpoint("nonsense"));
}

TEST_CASE("account and container names follow the service's rules") {
    for (const char* name : {"abc", "a1b2c3", "abcdefghijklmnopqrstuvwx"}) CHECK(is_account_name(name));
    for (const char* name : {"", "ab", "Abc", "a-c", "a.c", "abcdefghijklmnopqrstuvwxy"}) CHECK(!is_account_name(name));
    const std::string longest(63, 'c');
    for (const std::string& name : {std::string("abc"), std::string("1-2"), longest, std::string("$root"),
                                    std::string("$logs"), std::string("$blobchangefeed")}) {
        CHECK(is_container_name(name));
    }
    for (const std::string& name :
         {std::string(""), std::string("ab"), longest + "c", std::string("-ab"), std::string("ab-"),
          std::string("a--b"), std::string("A-b"), std::string("a_b"), std::string("a/b"), std::string("a?b"),
          std::string("..."), std::string("$other")}) {
        CHECK(!is_container_name(name));
    }
}

TEST_CASE("a SAS is kept to the letter, its question mark apart") {
    CHECK(parse_sas("?sv=1&sig=a%2Fb%3D").value().reveal() == "sv=1&sig=a%2Fb%3D");
    CHECK(parse_sas("sig=a/b=").value().reveal() == "sig=a/b=");
    for (const char* text :
         {"", "?", "??sig=a", "sv=1", "xsig=1", "sv=1&sig=a b", "sig=a#b", "sig=a\nb", "sig=\"a\""}) {
        CAPTURE(text);
        CHECK(!parse_sas(text));
    }
    for (const char* text : {"sv=1&canary", "??sig=canary", "sig=canary b", "sig=canary#"}) {
        CAPTURE(text);
        CHECK(describe(parse_sas(text).error()).find("canary") == std::string::npos);
    }
}

TEST_CASE("the name of a blob is encoded into its URL in one spelling") {
    const azure_endpoint at = parse_endpoint("http://127.0.0.1:10000/devstoreaccount1").value();
    const std::string container = container_url(at, "ccc");
    CHECK(container == "http://127.0.0.1:10000/devstoreaccount1/ccc");
    struct row {
        const char* name;
        const char* path;
    };
    for (const row& t : {row{"a/b-._~c", "a/b-._~c"}, row{"a b", "a%20b"}, row{"100%", "100%25"}, row{"%2F", "%252F"},
                         row{"a+b#c?d&e=f", "a%2Bb%23c%3Fd%26e%3Df"}, row{"o'neil (1)!*", "o%27neil%20%281%29%21%2A"},
                         row{"\xC3\xA9/\xE6\x97\xA5", "%C3%A9/%E6%97%A5"}, row{"a:b@c", "a%3Ab%40c"}}) {
        CAPTURE(t.name);
        CHECK(blob_url(container, blob_name::parse(t.name).value()) == container + "/" + t.path);
    }
}
