// SPDX-License-Identifier: MIT
//
// Identities of Entra: what a program says to get a token for the service, and what it is answered. No I/O here.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_identity.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_IDENTITY_HPP
#define BLOBSHIFT_BACKENDS_AZURE_IDENTITY_HPP

#include <algorithm>         // all_of
#include <charconv>          // from_chars
#include <chrono>            // seconds
#include <cstdint>           // int64_t
#include <initializer_list>  // initializer_list
#include <optional>          // optional
#include <string>            // string
#include <string_view>       // string_view
#include <utility>           // pair
#include <variant>           // variant
#include <vector>            // vector

#include <blobshift/core/secret.hpp>
#include <blobshift/core/time.hpp>
#include <blobshift/detail/http.hpp>
#include <blobshift/detail/json_members.hpp>
#include <blobshift/detail/percent.hpp>

namespace blobshift::inline v1 {

inline constexpr std::string_view entra_authority = "https://login.microsoftonline.com";

/// An application that has a secret.
struct entra_client_secret {
    std::string tenant = {};
    std::string client_id = {};
    secret client_secret = {};
    std::string authority = std::string(entra_authority);  ///< https, or a loopback address.
};

/// A workload whose cluster vouches for it in a file. The file is read anew for each token: it is replaced every hour.
struct entra_workload_identity {
    std::string tenant = {};
    std::string client_id = {};
    std::string token_file = {};
    std::string authority = std::string(entra_authority);  ///< https, or a loopback address.
};

/// The identity of the machine, which an address on it vouches for.
struct entra_managed_identity {
    std::string client_id = {};  ///< Of an identity that was assigned to the machine. At most one of these three;
    std::string object_id = {};  ///< none = the machine's own.
    std::string resource_id = {};
    std::string endpoint = {};    ///< Of App Service (`IDENTITY_ENDPOINT`); empty = the address of virtual machines.
    secret endpoint_header = {};  ///< Of App Service (`IDENTITY_HEADER`).
    std::string imds_host = "http://169.254.169.254";  ///< `AZURE_POD_IDENTITY_AUTHORITY_HOST`
};

using entra_identity = std::variant<entra_client_secret, entra_workload_identity, entra_managed_identity>;

/// Identities in the order in which they are asked. The first that there is gives the tokens.
struct entra_credential {
    std::vector<entra_identity> chain = {};
};

namespace detail {

/// A request for a token. `request.body` is set by `seal`, when the object does not move any more.
struct token_request {
    http_request request = {};
    std::string form = {};
    bool local = false;  ///< To the machine itself: without a proxy.

    void seal() noexcept { request.body = as_bytes(form); }
};

/// A token and how long it lasts.
struct token_answer {
    secret token = {};
    std::chrono::seconds expires_in{0};
    std::chrono::seconds refresh_in{0};  ///< When to get the next one.
};

[[nodiscard]] inline std::string form_of(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    std::string text;
    for (const auto& [name, value] : fields) {
        ((text += text.empty() ? "" : "&") += name) += '=';
        append_encoded(text, value);
    }
    return text;
}

/// Asks an authority. \return errc::invalid_argument for an authority over plain http, or a tenant that is none.
[[nodiscard]] inline result<token_request> authority_request(std::string_view authority, std::string_view tenant,
                                                             std::string form) {
    const bool plain = !tenant.empty() && std::all_of(tenant.begin(), tenant.end(), is_unreserved);
    if (!plain) return fail(errc::invalid_argument, "a tenant is a GUID or a domain");
    while (authority.ends_with('/')) authority.remove_suffix(1);
    if (!authority.starts_with("https://") && !authority.starts_with("http://127.0.0.1:")) {
        return fail(errc::invalid_argument, "the authority of an identity is an https address");
    }
    token_request r;
    r.request.method = "POST";
    ((r.request.url = authority) += '/').append(tenant) += "/oauth2/v2.0/token";
    r.request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    r.form = std::move(form);
    return r;
}

inline constexpr std::string_view token_scope = "https://storage.azure.com/.default";

[[nodiscard]] inline result<token_request> request_token(const entra_client_secret& i) {
    return authority_request(i.authority, i.tenant,
                             form_of({{"grant_type", "client_credentials"},
                                      {"client_id", i.client_id},
                                      {"client_secret", i.client_secret.reveal()},
                                      {"scope", token_scope}}));
}

/// \param assertion  What stands in the token file now.
[[nodiscard]] inline result<token_request> request_token(const entra_workload_identity& i, const secret& assertion) {
    return authority_request(
        i.authority, i.tenant,
        form_of({{"grant_type", "client_credentials"},
                 {"client_id", i.client_id},
                 {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                 {"client_assertion", assertion.reveal()},
                 {"scope", token_scope}}));
}

/// Asks the machine. Plain http, and therefore only to where nobody listens: a link-local or loopback address, or where
/// App Service says.
[[nodiscard]] inline result<token_request> request_token(const entra_managed_identity& i) {
    const bool of_app_service = !i.endpoint.empty();
    token_request r;
    r.local = true;
    r.request.url = of_app_service ? i.endpoint : i.imds_host + "/metadata/identity/oauth2/token";
    r.request.url += of_app_service ? "?api-version=2019-08-01" : "?api-version=2018-02-01";
    r.request.url += "&resource=https%3A%2F%2Fstorage.azure.com";
    const auto add = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) append_encoded(((r.request.url += '&') += name) += '=', value);
    };
    add("client_id", i.client_id);
    add("object_id", i.object_id);
    add(of_app_service ? "mi_res_id" : "msi_res_id", i.resource_id);
    if (of_app_service)
        r.request.headers.push_back({"X-IDENTITY-HEADER", std::string(i.endpoint_header.reveal())});
    else
        r.request.headers.push_back({"Metadata", "true"});
    return r;
}

/// When the next token should be fetched: in good time, so that a failure leaves room for another try.
[[nodiscard]] inline std::chrono::seconds refresh_after(std::chrono::seconds lifetime,
                                                        std::optional<std::chrono::seconds> wished) noexcept {
    using std::chrono::minutes;
    if (wished && wished->count() > 0 && *wished < lifetime) return *wished;
    const bool is_long = lifetime >= minutes(120);
    return lifetime > minutes(10) && !is_long ? lifetime - minutes(5) : lifetime / 2;
}

/// Reads the answer of an authority or of the machine.
///
/// \return errc::unauthenticated when the identity is refused (with the service's own word for it), errc::unavailable
///         or throttled, to be repeated, when there is no answer right now; errc::corrupt for what is no token.
[[nodiscard]] inline result<token_answer> read_token(const http_response& answer, bool local, utc_time now) {
    const auto members = json_members::parse(as_text(answer.body));
    const auto member = [&](const char* name) -> std::optional<std::string_view> {
        if (!members) return std::nullopt;
        const auto found = members->find(name);
        return found == members->end() ? std::nullopt : std::optional<std::string_view>(found->second);
    };
    if (!answer.is_success()) {
        error e = make_error(errc::unauthenticated, "the identity was refused a token");
        e.http_status = answer.status;
        const std::string_view code = member("error").value_or("");
        if (code.size() <= 64 && is_token(code)) e.service_code = code;
        e.service_detail = member("error_description").value_or("");
        // A machine that starts, or gets its identity just now, answers 404 and 410 for a while.
        const bool later = answer.status == 408 || answer.status == 429 || answer.status >= 500 ||
                           (local && (answer.status == 404 || answer.status == 410));
        if (later) {
            e.code = answer.status == 429 ? errc::throttled : errc::unavailable;
            e.message = "no token can be had right now";
            e.again = retry_hint::wait;
        }
        return unexpected(std::move(e));
    }
    const auto seconds_of = [&](const char* name) -> std::optional<std::chrono::seconds> {
        const auto text = member(name);
        std::int64_t count = 0;
        if (!text || std::from_chars(text->data(), text->data() + text->size(), count).ec != std::errc{})
            return std::nullopt;
        constexpr std::int64_t most = 1'000'000'000'000;  // far from where the times of C++ end
        return std::chrono::seconds((std::clamp)(count, -most, most));
    };
    auto lifetime = seconds_of("expires_in");
    if (!lifetime) {
        if (const auto until = seconds_of("expires_on")) {
            lifetime = *until - std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
        }
    }
    const std::string_view token = member("access_token").value_or("");
    const bool sound =
        !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (!sound || !lifetime || *lifetime <= std::chrono::seconds(0)) {
        return fail(errc::corrupt, "the answer for an identity holds no token that is valid");
    }
    lifetime = (std::min<std::chrono::seconds>)(*lifetime, std::chrono::days(30));
    return token_answer{secret(token), *lifetime, refresh_after(*lifetime, seconds_of("refresh_in"))};
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
