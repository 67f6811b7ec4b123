// SPDX-License-Identifier: MIT
//
// Who asks: a shared key, a SAS, a bearer token or nobody; and how a request is stamped and signed with it.
//
// Row: detail (core).   Tests: tests/detail/azure_credential.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_CREDENTIAL_HPP
#define BLOBSHIFT_DETAIL_AZURE_CREDENTIAL_HPP

#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <variant>      // variant, get_if

#include <blobshift/core/attributes.hpp>
#include <blobshift/core/blob_info.hpp>
#include <blobshift/core/secret.hpp>
#include <blobshift/detail/azure_sign.hpp>
#include <blobshift/detail/http.hpp>
#include <blobshift/detail/http_date.hpp>

namespace blobshift::inline v1::detail {

/// The version of the protocol that all requests ask for.
inline constexpr std::string_view azure_version = "2025-11-05";

struct anonymous {};

struct sas_token {
    secret query;  ///< Without '?'; appended to the URL to the letter.
};

struct bearer_token {
    secret token;
};

using azure_credential = std::variant<anonymous, shared_key, sas_token, bearer_token>;

/// What differs from one try of a request to the next.
struct request_stamp {
    utc_time now = {};
    std::string_view client_request_id = {};  ///< Echoed by the service. Left out unless it is header text of 1..1024.
};

/// `r` with date and authorization. Call it anew for each try: the service refuses a date older than 15 minutes.
///
/// \param r  As the functions of azure_requests make it. One part of a batch carries no version of its own; it has
///           none.
/// \return   errc::invalid_argument for a bearer token over plain http, which anybody on the way could use.
[[nodiscard]] inline result<http_request> authorize(http_request r, const azure_credential& credential,
                                                    const request_stamp& stamp) {
    r.headers.push_back({"x-ms-date", to_rfc1123(stamp.now)});
    const std::string_view id = stamp.client_request_id;
    if (!id.empty() && id.size() <= 1024 && is_header_text(id)) {
        r.headers.push_back({"x-ms-client-request-id", std::string(id)});
    }
    if (const auto* key = std::get_if<shared_key>(&credential)) {
        r.headers.push_back({"Authorization", key->authorization(r)});
    } else if (const auto* sas = std::get_if<sas_token>(&credential)) {
        r.url += r.url.find('?') == std::string::npos ? '?' : '&';
        r.url += sas->query.reveal();
    } else if (const auto* bearer = std::get_if<bearer_token>(&credential)) {
        if (!r.url.starts_with("https://")) {
            return fail(errc::invalid_argument, "a bearer token is sent over https only");
        }
        r.headers.push_back({"Authorization", "Bearer " + std::string(bearer->token.reveal())});
    }
    return r;
}

}  // namespace blobshift::inline v1::detail

#endif
