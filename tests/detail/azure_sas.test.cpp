// SPDX-License-Identifier: MIT

#include <blobshift/detail/azure_sas.hpp>

#include <map>
#include <string>

#include <doctest/doctest.h>
#include <support/vectors.hpp>

namespace {

using namespace blobshift;
using namespace blobshift::detail;

std::string field(const nlohmann::json& v, const char* name) { return v.at("fields").value(name, ""); }

/// The query as a map, decoded.
std::map<std::string, std::string> parsed(std::string_view query) {
    std::map<std::string, std::string> fields;
    for (std::size_t at = 0; at < query.size();) {
        const std::size_t end = (std::min)(query.find('&', at), query.size());
        const std::string_view item = query.substr(at, end - at);
        fields[std::string(item.substr(0, item.find('=')))] = decode_percent(item.substr(item.find('=') + 1)).value();
        at = end + 1;
    }
    return fields;
}

account_sas account_sas_of(const nlohmann::json& v) {
    return {.version = field(v, "sv"),
            .services = field(v, "ss"),
            .resource_types = field(v, "srt"),
            .permissions = field(v, "sp"),
            .start = field(v, "st"),
            .expiry = field(v, "se"),
            .ip = field(v, "sip"),
            .protocol = field(v, "spr"),
            .encryption_scope = field(v, "ses")};
}

/// The container, blob and time are not among the fields: they are taken from the text that was signed.
service_sas service_sas_of(const nlohmann::json& v) {
    service_sas s{.version = field(v, "sv"),
                  .resource = field(v, "sr"),
                  .permissions = field(v, "sp"),
                  .start = field(v, "st"),
                  .expiry = field(v, "se"),
                  .identifier = field(v, "si"),
                  .ip = field(v, "sip"),
                  .protocol = field(v, "spr"),
                  .encryption_scope = field(v, "ses"),
                  .cache_control = field(v, "rscc"),
                  .content_disposition = field(v, "rscd"),
                  .content_encoding = field(v, "rsce"),
                  .content_language = field(v, "rscl"),
                  .content_type = field(v, "rsct")};
    const std::string text = v.at("string_to_sign");
    const std::string account = "/" + v.at("account").get<std::string>() + "/";
    const std::size_t at = text.find(account) + account.size();
    const std::string path = text.substr(at, text.find('\n', at) - at);
    s.container = path.substr(0, path.find('/'));
    if (path.find('/') != std::string::npos) s.blob = path.substr(path.find('/') + 1);
    if (s.resource == "bs" || s.resource == "bv") s.time = "2026-01-01T00:00:00.0000000Z";
    return s;
}

user_delegation_key delegation_of(const nlohmann::json& v) {
    const auto& k = v.at("user_delegation_key");
    return {.object_id = k.at("signedObjectId"),
            .tenant_id = k.at("signedTenantId"),
            .start = k.at("signedStartsOn"),
            .expiry = k.at("signedExpiresOn"),
            .service = k.at("signedService"),
            .version = k.at("signedVersion"),
            .value = secret(k.at("value").get<std::string>()),
            .correlation_id = field(v, "scid")};
}

const service_sas read_only = {
    .version = "2025-11-05", .container = "c", .blob = "b", .permissions = "r", .expiry = "2026-01-03T03:04:05Z"};
const shared_key some_key = shared_key::create("account", secret("Zm9v")).value();

}  // namespace

TEST_CASE("every golden SAS gets its string to sign, its signature and its query") {
    std::map<std::string, int> seen;
    for (const char* list : {"sas_vectors", "sas_vectors_generated"}) {
        for (const auto& v : test::shared_key_vectors().at(list)) {
            CAPTURE(v.at("name").get<std::string>());
            const std::string kind = v.at("kind");
            const std::string account = v.at("account");
            const shared_key key = shared_key::create(account, secret(v.at("key").get<std::string>())).value();
            std::string text;
            secret query;
            if (kind == "account") {
                text = string_to_sign(account_sas_of(v), account);
                query = sign_sas(account_sas_of(v), key).value();
            } else if (kind == "user-delegation") {
                text = string_to_sign(service_sas_of(v), account, delegation_of(v));
                query = sign_sas(service_sas_of(v), account, delegation_of(v)).value();
            } else {
                text = string_to_sign(service_sas_of(v), account);
                query = sign_sas(service_sas_of(v), key).value();
            }
            CHECK(text == v.at("string_to_sign").get<std::string>());
            auto fields = parsed(query.reveal());
            CHECK(fields["sig"] == v.at("signature").get<std::string>());
            fields.erase("sig");
            for (const auto& item : v.at("fields").items()) {
                const std::string& value = item.value().get_ref<const std::string&>();
                if (item.key() == "sig" || value.empty()) continue;
                CAPTURE(item.key());
                CHECK(fields[item.key()] == value);
                fields.erase(item.key());
            }
            CHECK(fields.empty());
            ++seen[kind.substr(0, 7)];
        }
    }
    CHECK(seen == std::map<std::string, int>{{"account", 3}, {"service", 13}, {"user-de", 13}});
}

TEST_CASE("the signature of a SAS is percent-encoded in its query") {
    service_sas s = read_only;
    bool encoded = false;
    for (int i = 0; i < 64; ++i) {
        s.blob = "b" + std::to_string(i);
        const secret query = sign_sas(s, some_key).value();
        const std::string_view signature = query.reveal().substr(query.reveal().find("sig=") + 4);
        CHECK(signature.find_first_of("+/=") == std::string_view::npos);
        encoded = encoded || signature.find("%2B") != std::string_view::npos;
    }
    CHECK(encoded);
}

TEST_CASE("a field that a SAS of that version does not sign is refused, not ignored") {
    struct row {
        const char* version;
        std::string service_sas::*member;
        const char* message;
    };
    for (const row& t :
         {row{"2013-08-15", &service_sas::ip, "the SAS field sip needs version 2015-04-05"},
          row{"2013-08-15", &service_sas::protocol, "the SAS field spr needs version 2015-04-05"},
          row{"2018-03-28", &service_sas::time, "the SAS field time needs version 2018-11-09"},
          row{"2019-12-12", &service_sas::directory_depth, "the SAS field sdd needs version 2020-02-10"},
          row{"2020-10-02", &service_sas::encryption_scope, "the SAS field ses needs version 2020-12-06"}}) {
        CAPTURE(t.message);
        service_sas s = read_only;
        s.version = t.version;
        CHECK(sign_sas(s, some_key));
        s.*t.member = "x";
        const auto made = sign_sas(s, some_key);
        REQUIRE(!made);
        CHECK(made.error().message == t.message);
    }
}

TEST_CASE("a user delegation SAS takes no field that is newer than its version, and no access policy") {
    struct row {
        const char* version;
        std::string user_delegation_key::*member;
        const char* message;
    };
    const user_delegation_key key{.object_id = "o", .value = secret("Zm9v")};
    for (const row& t :
         {row{"2019-12-12", &user_delegation_key::authorized_user, "the SAS field saoid needs version 2020-02-10"},
          row{"2019-12-12", &user_delegation_key::unauthorized_user, "the SAS field suoid needs version 2020-02-10"},
          row{"2019-12-12", &user_delegation_key::correlation_id, "the SAS field scid needs version 2020-02-10"},
          row{"2025-05-05", &user_delegation_key::delegated_tenant, "the SAS field skdutid needs version 2025-07-05"},
          row{"2025-05-05", &user_delegation_key::delegated_user, "the SAS field sduoid needs version 2025-07-05"}}) {
        CAPTURE(t.message);
        service_sas s = read_only;
        s.version = t.version;
        user_delegation_key k = key;
        CHECK(sign_sas(s, "account", k));
        k.*t.member = "x";
        const auto made = sign_sas(s, "account", k);
        REQUIRE(!made);
        CHECK(made.error().message == t.message);
    }
    service_sas s = read_only;
    s.identifier = "policy";
    CHECK(sign_sas(s, some_key));
    CHECK(!sign_sas(s, "account", key));
    s.version = "2018-03-28";
    s.identifier.clear();
    CHECK(sign_sas(s, "account", key).error().message == "the SAS field skoid needs version 2018-11-09");
    CHECK(sign_sas(read_only, "account", user_delegation_key{}).error().message == "the account key is not base64");
}

TEST_CASE("a user delegation SAS signs every field that its version knows") {
    const user_delegation_key k{.object_id = "oid",
                                .tenant_id = "tid",
                                .start = "kt",
                                .expiry = "ke",
                                .service = "b",
                                .version = "kv",
                                .value = secret("Zm9v"),
                                .authorized_user = "ao",
                                .unauthorized_user = "uo",
                                .correlation_id = "ci",
                                .delegated_tenant = "dt",
                                .delegated_user = "du"};
    CHECK(string_to_sign(read_only, "a", k) ==
          "r\n\n2026-01-03T03:04:05Z\n/blob/a/c/"
          "b\noid\ntid\nkt\nke\nb\nkv\nao\nuo\nci\ndt\ndu\n\n\n2025-11-05\nb\n\n\n\n\n\n\n");
}

TEST_CASE("text that would move a field of a SAS into another line is refused") {
    for (std::string service_sas::*member :
         {&service_sas::permissions, &service_sas::start, &service_sas::expiry, &service_sas::identifier,
          &service_sas::ip, &service_sas::protocol, &service_sas::container, &service_sas::blob, &service_sas::time,
          &service_sas::resource, &service_sas::content_type, &service_sas::cache_control,
          &service_sas::encryption_scope}) {
        service_sas s = read_only;
        s.*member = "r\nw";
        const auto made = sign_sas(s, some_key);
        REQUIRE(!made);
        CHECK(made.error().code == errc::invalid_argument);
    }
    account_sas a{.version = "2025-11-05", .resource_types = "o", .permissions = "r", .expiry = "2026-01-03T03:04:05Z"};
    CHECK(sign_sas(a, some_key));
    a.resource_types = "o\nc";
    CHECK(!sign_sas(a, some_key));
}

TEST_CASE("permissions out of order, repeated or unknown are refused, and so is a version that is no date") {
    for (const char* permissions : {"wr", "rr", "z", "r w", "R"}) {
        CAPTURE(permissions);
        service_sas s = read_only;
        s.permissions = permissions;
        CHECK(!sign_sas(s, some_key));
    }
    for (const char* permissions : {"", "r", "racwdl", "racwdxyltfmeopi"}) {
        CAPTURE(permissions);
        service_sas s = read_only;
        s.permissions = permissions;
        CHECK(sign_sas(s, some_key));
    }
    for (const char* version : {"", "2012-02-12", "2025-11", "2025-11-055"}) {
        service_sas s = read_only;
        s.version = version;
        CHECK(sign_sas(s, some_key).error().message == "the version of a SAS is a date since 2013-08-15");
    }
}
