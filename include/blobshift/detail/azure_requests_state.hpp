// SPDX-License-Identifier: MIT
//
// The requests that change what a blob says or allows, not its bytes: metadata, properties, tags, tier, snapshots,
// leases.
//
// Row: detail (core).   Tests: tests/detail/azure_requests_state.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_REQUESTS_STATE_HPP
#define BLOBSHIFT_DETAIL_AZURE_REQUESTS_STATE_HPP

#include <chrono>       // seconds
#include <map>          // map
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/detail/azure_requests.hpp>
#include <blobshift/detail/http_date.hpp>

namespace blobshift::inline v1::detail {

/// Replaces all metadata.
[[nodiscard]] inline result<http_request> set_metadata_request(std::string_view container, const blob_name& n,
                                                               const attributes& attrs, const condition& when = {},
                                                               std::string_view lease_id = {}) {
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "metadata")
        .metadata(attrs)
        .when(when)
        .header("x-ms-lease-id", lease_id)
        .finish();
}

/// Replaces all content headers. What is left out is cleared, the stored MD5 too: give it again.
[[nodiscard]] inline result<http_request> set_properties_request(std::string_view container, const blob_name& n,
                                                                 const attributes& attrs,
                                                                 const std::optional<digest>& stored_md5,
                                                                 const condition& when = {},
                                                                 std::string_view lease_id = {}) {
    azure_request r("PUT", blob_url(container, n));
    r.query("comp", "properties").content_headers(attrs).when(when).header("x-ms-lease-id", lease_id);
    if (stored_md5) r.header("x-ms-blob-content-md5", azure_hash_text(*stored_md5));
    return r.finish();
}

/// Appends text with what XML would read as markup escaped.
inline void append_escaped(std::string& xml, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '&': xml += "&amp;"; break;
            case '<': xml += "&lt;"; break;
            case '>': xml += "&gt;"; break;
            default: xml += c;
        }
    }
}

/// The body of `set_tags_request`.
[[nodiscard]] inline std::string tags_body(const std::map<std::string, std::string>& tags) {
    std::string body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><Tags><TagSet>";
    for (const auto& [name, value] : tags) {
        append_escaped(body += "<Tag><Key>", name);
        append_escaped(body += "</Key><Value>", value);
        body += "</Value></Tag>";
    }
    return body + "</TagSet></Tags>";
}

/// Replaces all tags by those in `body` (not owned, see `tags_body`). Tags have no version: no condition on the ETag.
[[nodiscard]] inline result<http_request> set_tags_request(std::string_view container, const blob_name& n,
                                                           std::string_view body, std::string_view lease_id = {}) {
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "tags")
        .body(as_bytes(body), "application/xml")
        .header("x-ms-lease-id", lease_id)
        .finish();
}

[[nodiscard]] inline result<http_request> get_tags_request(std::string_view container, const blob_name& n) {
    return azure_request("GET", blob_url(container, n)).query("comp", "tags").finish();
}

/// Moves the blob to another tier. Out of Archive this takes hours: 202, and `archived` stays until it is done.
///
/// \param priority  Of such a rehydration: "Standard" or "High"; empty = Standard.
[[nodiscard]] inline result<http_request> set_tier_request(std::string_view container, const blob_name& n,
                                                           std::string_view tier, std::string_view priority = {},
                                                           std::string_view lease_id = {}) {
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "tier")
        .header("x-ms-access-tier", tier)
        .header("x-ms-rehydrate-priority", priority)
        .header("x-ms-lease-id", lease_id)
        .finish();
}

/// Answers with x-ms-snapshot, the time that names the snapshot.
[[nodiscard]] inline result<http_request> snapshot_request(std::string_view container, const blob_name& n,
                                                           const condition& when = {}) {
    return azure_request("PUT", blob_url(container, n)).query("comp", "snapshot").when(when).finish();
}

/// Brings back a blob that was deleted softly, and its snapshots.
[[nodiscard]] inline result<http_request> undelete_request(std::string_view container, const blob_name& n) {
    return azure_request("PUT", blob_url(container, n)).query("comp", "undelete").finish();
}

/// Answers with x-ms-lease-id.
///
/// \param duration     15 to 60 s; nullopt = until it is released.
/// \param proposed_id  A GUID; empty = the service makes one.
/// \return             errc::invalid_argument for another duration.
[[nodiscard]] inline result<http_request> acquire_lease_request(std::string_view container, const blob_name& n,
                                                                std::optional<std::chrono::seconds> duration,
                                                                std::string_view proposed_id = {},
                                                                const condition& when = {}) {
    using std::chrono::seconds;
    if (duration && (*duration < seconds(15) || *duration > seconds(60))) {
        return fail(errc::invalid_argument, "a lease lasts 15 to 60 seconds, or until it is released");
    }
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "lease")
        .header("x-ms-lease-action", "acquire")
        .header("x-ms-lease-duration", duration ? std::to_string(duration->count()) : "-1")
        .header("x-ms-proposed-lease-id", proposed_id)
        .when(when)
        .finish();
}

[[nodiscard]] inline result<http_request> renew_lease_request(std::string_view container, const blob_name& n,
                                                              std::string_view lease_id) {
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "lease")
        .header("x-ms-lease-action", "renew")
        .header("x-ms-lease-id", lease_id)
        .finish();
}

[[nodiscard]] inline result<http_request> change_lease_request(std::string_view container, const blob_name& n,
                                                               std::string_view lease_id, std::string_view new_id) {
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "lease")
        .header("x-ms-lease-action", "change")
        .header("x-ms-lease-id", lease_id)
        .header("x-ms-proposed-lease-id", new_id)
        .finish();
}

[[nodiscard]] inline result<http_request> release_lease_request(std::string_view container, const blob_name& n,
                                                                std::string_view lease_id) {
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "lease")
        .header("x-ms-lease-action", "release")
        .header("x-ms-lease-id", lease_id)
        .finish();
}

/// Ends somebody's lease, whoever holds it. Answers with x-ms-lease-time, the seconds until then.
///
/// \param period  At most so long, 0 to 60 s; nullopt = what is left of it, and at once when it has no end.
/// \return        errc::invalid_argument for another period.
[[nodiscard]] inline result<http_request> break_lease_request(std::string_view container, const blob_name& n,
                                                              std::optional<std::chrono::seconds> period = {}) {
    using std::chrono::seconds;
    if (period && (*period < seconds(0) || *period > seconds(60))) {
        return fail(errc::invalid_argument, "a lease is broken within 0 to 60 seconds");
    }
    return azure_request("PUT", blob_url(container, n))
        .query("comp", "lease")
        .header("x-ms-lease-action", "break")
        .header("x-ms-lease-break-period", period ? std::to_string(period->count()) : "")
        .finish();
}

/// The body of `user_delegation_key_request`.
[[nodiscard]] inline std::string key_info_body(utc_time start, utc_time expiry) {
    return "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>" + to_iso8601(start) + "</Start><Expiry>" +
           to_iso8601(expiry) + "</Expiry></KeyInfo>";
}

/// A key for signing in the name of a bearer, at most seven days. Bearer only. `body` is not owned, see
/// `key_info_body`.
[[nodiscard]] inline result<http_request> user_delegation_key_request(const azure_endpoint& at, std::string_view body) {
    return azure_request("POST", at.url + "/")
        .query("restype", "service")
        .query("comp", "userdelegationkey")
        .body(as_bytes(body), "application/xml")
        .finish();
}

}  // namespace blobshift::inline v1::detail

#endif
