// SPDX-License-Identifier: MIT
//
// Who may do what in the in-process Azure of the tests: it computes every signature again, from what was sent.

#ifndef BLOBSHIFT_TESTS_AZURE_FAKE_AZURE_AUTH_HPP
#define BLOBSHIFT_TESTS_AZURE_FAKE_AZURE_AUTH_HPP

#include <blobshift/detail/azure_sas.hpp>

#include <azure/fake_azure_state.hpp>

namespace blobshift::testing {

[[nodiscard]] inline const detail::shared_key& fake_key() {
    static const detail::shared_key key =
        detail::shared_key::create(fake_service::account, secret(fake_service::key)).value();
    return key;
}

/// Whether the SAS in a query allows all of `permissions` (letters) on that blob or container.
[[nodiscard]] inline bool sas_allows(const fake_service& s, const fake_request& q, std::string_view permissions) {
    detail::service_sas access;
    access.version = q.param("sv");
    access.resource = q.param("sr");
    access.container = q.container;
    access.blob = access.resource == "b" ? q.blob : "";
    access.permissions = q.param("sp");
    access.start = q.param("st");
    access.expiry = q.param("se");
    access.protocol = q.param("spr");
    const auto signed_again = detail::sign_sas(access, fake_key());
    if (!signed_again) return false;
    const std::string sent = "&sig=" + detail::encode_component(q.param("sig"));
    if (!std::string_view(signed_again->reveal()).ends_with(sent)) return false;
    if (access.expiry.empty() || (s.minds_clocks && access.expiry <= detail::to_iso8601(s.now()))) return false;
    for (const char p : permissions) {
        if (access.permissions.find(p) == std::string::npos) return false;
    }
    return true;
}

/// Nothing when the request may go on.
[[nodiscard]] inline std::optional<http_response> authenticate(const fake_service& s, const fake_request& q,
                                                               bool in_batch) {
    const std::string version = q.header("x-ms-version");
    if (in_batch ? !version.empty() : version != detail::azure_version) return refuse(400, "InvalidHeaderValue");
    const auto date = detail::from_rfc1123(q.header("x-ms-date"));
    const auto skew = date ? std::chrono::abs(*date - s.now()) : std::chrono::milliseconds(0);
    if (!date || (s.minds_clocks && skew > std::chrono::minutes(15))) {
        return refuse(403, "AuthenticationFailed");
    }
    const std::string authorization = q.header("authorization");
    if (q.query.contains("sig")) {
        if (!authorization.empty()) return refuse(403, "AuthenticationFailed");
        return sas_allows(s, q, "") ? std::nullopt : std::optional(refuse(403, "AuthenticationFailed"));
    }
    if (authorization.starts_with("Bearer ")) {
        if (!s.bearer.empty() && authorization == "Bearer " + s.bearer) return std::nullopt;
        return refuse(401, "InvalidAuthenticationInfo",
                      {{"www-authenticate", "Bearer authorization_uri=https://login"}});
    }
    if (authorization.empty()) return refuse(401, "NoAuthenticationInformation");
    http_request plain = *q.raw;
    std::erase_if(plain.headers,
                  [](const http_header& h) { return detail::equals_ignoring_case(h.name, "authorization"); });
    if (fake_key().authorization(plain) == authorization) return std::nullopt;
    return refuse(403, "AuthenticationFailed");
}

/// Whether the service, asking as a stranger, may read the source of a copy: a signed URL, or a bearer beside it.
[[nodiscard]] inline std::optional<http_response> authenticate_source(const fake_service& s, const fake_request& q,
                                                                      const fake_request& source, bool tags) {
    const auto cannot = [](int status, std::string code) {
        return refuse(status, "CannotVerifyCopySource",
                      {{"x-ms-copy-source-status-code", std::to_string(status)},
                       {"x-ms-copy-source-error-code", std::move(code)}});
    };
    if (s.firewall) return cannot(403, "AuthorizationFailure");
    const std::string bearer = q.header("x-ms-copy-source-authorization");
    if (!bearer.empty()) {
        if (bearer == "Bearer " + s.bearer) return std::nullopt;
        return cannot(401, "InvalidAuthenticationInfo");
    }
    if (!source.query.contains("sig")) return cannot(401, "NoAuthenticationInformation");
    if (!sas_allows(s, source, tags ? "rt" : "r")) return cannot(403, "AuthenticationFailed");
    return std::nullopt;
}

}  // namespace blobshift::testing

#endif
