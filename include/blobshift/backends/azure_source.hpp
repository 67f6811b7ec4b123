// SPDX-License-Identifier: MIT
//
// How the service reads the source of a copy: by a URL that says who may read, since it asks as a stranger.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_copy.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_SOURCE_HPP
#define BLOBSHIFT_BACKENDS_AZURE_SOURCE_HPP

#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <variant>      // get_if

#include <blobshift/backends/azure_client.hpp>
#include <blobshift/detail/azure_requests_copy.hpp>
#include <blobshift/detail/azure_sas.hpp>

namespace blobshift::inline v1::detail {

/// The tier that a copy asks for, to have that of its source; empty for words that cannot be asked for.
[[nodiscard]] inline std::string settable_tier(std::string_view tier) {
    return tier == "Hot" || tier == "Cool" || tier == "Cold" ? std::string(tier) : std::string();
}

/// Read access to one blob, for as long as a copy may take.
[[nodiscard]] inline result<secret> sign_source(const shared_key& key, std::string_view container, const blob_name& n,
                                                bool secure, utc_time expiry) {
    service_sas access;
    access.version = azure_version;
    access.container = container;
    access.blob = n.text();
    access.permissions = "rt";  // the bytes, and the tags
    access.expiry = to_iso8601(expiry);
    access.protocol = secure ? "https" : "https,http";
    return sign_sas(access, key);
}

/// The source of a copy that is pinned to a version. With an account key, access is signed for this blob alone; a SAS
/// or a token of the store's own is passed on.
template <PipelinedTransport T>
result<copy_source> source_of(const context& c, azure_client<T>& client, const blob_name& n, const condition& pin) {
    auto who = client.credential(c);
    if (!who) return unexpected(std::move(who).error());
    copy_source source;
    source.url = blob_url(client.container(), n);
    source.when = pin;
    if (const auto* key = std::get_if<shared_key>(who->get())) {
        auto sas = sign_source(*key, client.container_name(), n, client.endpoint().secure,
                               c.clock->utc_now() + client.options().sas_lifetime);
        if (!sas) return unexpected(std::move(sas).error());
        (source.url += '?') += sas->reveal();
    } else if (const auto* sas = std::get_if<sas_token>(who->get())) {
        (source.url += '?') += sas->query.reveal();
    } else if (const auto* bearer = std::get_if<bearer_token>(who->get())) {
        source.bearer = bearer->token;
    }
    return source;
}

}  // namespace blobshift::inline v1::detail

#endif
