// SPDX-License-Identifier: MIT
//
// What an answer that is no success means: which kind, may it be repeated, did it happen, how long to wait.
//
// Row: detail (core).   Tests: tests/detail/azure_errors.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_ERRORS_HPP
#define BLOBSHIFT_DETAIL_AZURE_ERRORS_HPP

#include <charconv>          // from_chars
#include <chrono>            // milliseconds
#include <cstdint>           // int64_t
#include <initializer_list>  // initializer_list
#include <optional>          // optional
#include <string>            // string
#include <string_view>       // string_view

#include <blobshift/core/result.hpp>
#include <blobshift/detail/azure_xml.hpp>
#include <blobshift/detail/characters.hpp>
#include <blobshift/detail/http.hpp>
#include <blobshift/detail/http_date.hpp>

namespace blobshift::inline v1::detail {

/// The kind of failure, whether it passes by itself, and a text that holds nothing of the answer.
struct failure {
    errc code = errc::unavailable;
    retry_hint again = retry_hint::never;
    std::string_view message = {};
};

/// What the service's code means, whatever the status. The same code may come with several statuses.
struct code_meaning {
    std::string_view service_code;
    failure meaning;
};

inline constexpr failure wait_throttled{errc::throttled, retry_hint::wait, "the service asks for less load"};
inline constexpr failure wait_unavailable{errc::unavailable, retry_hint::wait, "the service failed"};
inline constexpr failure wait_corrupt{errc::corrupt, retry_hint::wait, "the content did not arrive as it was sent"};
inline constexpr failure is_absent{errc::not_found, retry_hint::never, "no blob has this name"};
inline constexpr failure is_there{errc::already_exists, retry_hint::never, "a blob with this name exists"};
inline constexpr failure is_other_version{errc::condition_failed, retry_hint::never, "the blob has another version"};
inline constexpr failure is_leased{errc::blocked, retry_hint::never, "the blob is leased"};
inline constexpr failure is_lost_lease{errc::conflict, retry_hint::never,
                                       "the lease is not in the state that this needs"};
inline constexpr failure is_archived{errc::blocked, retry_hint::never, "the blob is archived"};
inline constexpr failure is_immutable{errc::blocked, retry_hint::never,
                                      "a policy or a legal hold keeps the blob as it is"};
inline constexpr failure is_unsupported{errc::unsupported, retry_hint::never, "the service cannot do that here"};
inline constexpr failure is_unknown_caller{errc::unauthenticated, retry_hint::never,
                                           "the service does not accept the credential"};
inline constexpr failure is_forbidden{errc::permission_denied, retry_hint::never, "the credential does not allow this"};
inline constexpr failure is_out_of_range{errc::out_of_range, retry_hint::never,
                                         "the range starts behind the last byte"};
inline constexpr failure is_invalid{errc::invalid_argument, retry_hint::never, "the service refuses the request"};
inline constexpr failure is_conflict{errc::conflict, retry_hint::never, "the present state of the blob forbids this"};

/// Codes that mean something else than their status, or more.
inline constexpr code_meaning code_meanings[] = {
    {"AccountBeingCreated", wait_unavailable},
    {"AccountIsDisabled", is_forbidden},
    {"AuthenticationFailed", is_unknown_caller},
    {"BlobAccessTierNotSupportedForAccountType", is_unsupported},
    {"BlobAlreadyExists", is_there},
    {"BlobArchived", is_archived},
    {"BlobBeingRehydrated", is_archived},
    {"BlobImmutableDueToLegalHold", is_immutable},
    {"BlobImmutableDueToPolicy", is_immutable},
    {"BlobTierInadequateForContentLength", is_unsupported},
    {"BlobUsesCustomerSpecifiedEncryption", is_unsupported},
    {"BlockCountExceedsLimit", is_invalid},
    {"ConditionHeadersNotSupported", is_unsupported},
    {"ContainerAlreadyExists", {errc::already_exists, retry_hint::never, "a container with this name exists"}},
    {"ContainerBeingDeleted", {errc::conflict, retry_hint::never, "the container is being deleted"}},
    {"ContainerDisabled", is_forbidden},
    {"ContainerNotFound", {errc::not_found, retry_hint::never, "no container has this name"}},
    {"CopyAcrossAccountsNotSupported", is_unsupported},
    {"Crc64Mismatch", wait_corrupt},
    {"FeatureNotSupported", is_unsupported},
    {"FeatureNotYetSupportedForHierarchicalNamespaceAccounts", is_unsupported},
    {"InfiniteLeaseDurationRequired", is_leased},
    {"InvalidAuthenticationInfo", is_unknown_caller},
    {"InvalidBlobTier", is_unsupported},
    {"InvalidBlobType", {errc::unsupported, retry_hint::never, "the blob is of a kind that cannot do that"}},
    {"InvalidSourceBlobType",
     {errc::unsupported, retry_hint::never, "the source is of a kind that cannot be copied so"}},
    {"LeaseAlreadyPresent", is_leased},
    {"LeaseIdMissing", is_leased},
    {"LeaseIdMismatchWithBlobOperation", is_leased},
    {"LeaseIdMismatchWithContainerOperation", is_leased},
    {"LeaseIdMismatchWithLeaseOperation", is_leased},
    {"LeaseIsBreakingAndCannotBeAcquired", is_leased},
    {"LeaseAlreadyBroken", is_lost_lease},
    {"LeaseIsBreakingAndCannotBeChanged", is_lost_lease},
    {"LeaseIsBrokenAndCannotBeRenewed", is_lost_lease},
    {"LeaseLost", is_lost_lease},
    {"LeaseNotPresentWithBlobOperation", is_lost_lease},
    {"LeaseNotPresentWithContainerOperation", is_lost_lease},
    {"LeaseNotPresentWithLeaseOperation", is_lost_lease},
    {"Md5Mismatch", wait_corrupt},
    {"NoAuthenticationInformation", is_unknown_caller},
    {"OperationTimedOut", wait_unavailable},
    {"PendingCopyOperation", {errc::conflict, retry_hint::never, "a copy to this blob is under way"}},
    {"PublicAccessNotPermitted", is_forbidden},
    {"ServerBusy", wait_throttled},
    {"SnapshotOperationRateExceeded", wait_throttled},
    {"SnapshotsPresent", {errc::blocked, retry_hint::never, "the blob has snapshots"}},
    {"SystemInUse", wait_unavailable},
    {"UnsupportedHttpVerb", is_unsupported},
};

/// What the status means where the code adds nothing.
[[nodiscard]] constexpr failure meaning_of_status(int status) noexcept {
    switch (status) {
        case 304: return is_other_version;
        case 400: return is_invalid;
        case 401: return is_unknown_caller;
        case 403: return is_forbidden;
        case 404: return is_absent;
        case 405: return is_unsupported;
        case 408: return wait_unavailable;
        case 409: return is_conflict;
        case 411: return is_invalid;
        case 412: return is_other_version;
        case 413:
            return {errc::invalid_argument, retry_hint::never, "the content is larger than the service takes at once"};
        case 416: return is_out_of_range;
        case 429: return wait_throttled;
        case 500: return wait_unavailable;
        case 501: return is_unsupported;
        case 502: return wait_unavailable;
        case 503: return wait_throttled;
        case 504: return wait_unavailable;
        case 507: return {errc::no_space, retry_hint::never, "the account has no room left"};
        default: break;
    }
    if (status >= 200 && status < 300) {
        return {errc::corrupt, retry_hint::wait, "the service gave an answer that does not fit the request"};
    }
    if (status >= 300 && status < 400) {
        return {errc::unsupported, retry_hint::never, "the answer is a redirect, which is never followed"};
    }
    if (status >= 400 && status < 500) return is_invalid;
    return wait_unavailable;
}

/// What a request that reads another blob (or URL) met there. The service sees the source as a stranger does, so "not
/// found" or "forbidden" may mean a firewall: callers who can read the source themselves then do so.
[[nodiscard]] inline failure meaning_of_source(int status, std::string_view code) noexcept {
    if (code == "ServerBusy" || status == 503 || status == 429) return wait_throttled;
    if (code == "InternalError" || code == "OperationTimedOut" || status >= 500) return wait_unavailable;
    if (status == 404) return {errc::not_found, retry_hint::never, "the service finds no source to copy from"};
    if (status == 412 || status == 304) {
        return {errc::condition_failed, retry_hint::never, "the source has another version"};
    }
    if (status == 409) return {errc::blocked, retry_hint::never, "the state of the source forbids copying"};
    return {errc::permission_denied, retry_hint::never, "the service may not read the source"};
}

/// A wait in whole seconds or milliseconds. Longer than a day counts as a day; what is no number is nothing.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> parse_wait(std::string_view text,
                                                                         std::int64_t unit) noexcept {
    constexpr std::int64_t day = 86'400'000;
    if (text.empty()) return std::nullopt;
    std::int64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
        if (value * unit >= day) value = day / unit;
    }
    return std::chrono::milliseconds(value * unit);
}

/// How long the service wants to be left alone: `x-ms-retry-after-ms`, `retry-after-ms`, or `retry-after` in seconds or
/// as a date (held against the answer's own Date, so that our clock does not matter). Garbage is ignored.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> retry_after(const http_response& r) {
    for (const std::string_view name : {"x-ms-retry-after-ms", "retry-after-ms"}) {
        if (const std::string* text = r.header(name)) {
            if (const auto wait = parse_wait(*text, 1)) return wait;
        }
    }
    constexpr std::chrono::milliseconds day = std::chrono::hours(24);
    const std::string* text = r.header("retry-after");
    if (text == nullptr) return std::nullopt;
    if (const auto wait = parse_wait(*text, 1000)) return wait;
    const std::string* date = r.header("date");
    const auto until = from_rfc1123(*text);
    const auto now = date == nullptr ? std::nullopt : from_rfc1123(*date);
    if (!until || !now) return std::nullopt;
    if (*until <= *now) return std::chrono::milliseconds(0);
    return *until - *now < day ? *until - *now : day;
}

/// Whether an answer to `request` that failed may have changed something: a server that failed in the middle, or gave
/// an answer that makes no sense, may have done its work.
[[nodiscard]] inline effect effect_of(const http_request& request, int status) noexcept {
    if (is_safe_method(request.method)) return effect::none;
    const bool refused = status >= 300 && status < 500 && status != 408;
    return refused ? effect::none : effect::indeterminate;
}

/// `text` if it is a plain word of the service's, such as a code or an id. These are printed, and an answer may come
/// from anybody.
[[nodiscard]] inline std::string plain_word(std::string_view text) {
    const bool plain = text.size() <= 64 && every(text, [](char c) { return is_letter_or_digit(c) || c == '-'; });
    return plain ? std::string(text) : std::string();
}

/// The error that an answer stands for.
///
/// `service_detail` gets what the service said at length, which may hold the name of the blob; the message is our own.
[[nodiscard]] inline error service_error(const http_request& request, const http_response& answer) {
    azure_error_body body = parse_error_body(as_text(answer.body));
    const std::string* code = answer.header("x-ms-error-code");
    if (code != nullptr && !code->empty()) body.code = *code;
    if (const std::string* source = answer.header("x-ms-copy-source-error-code")) body.copy_source_code = *source;
    if (const std::string* status = answer.header("x-ms-copy-source-status-code")) {
        std::from_chars(status->data(), status->data() + status->size(), body.copy_source_status);
    }

    failure f = meaning_of_status(answer.status);
    const bool has_meaning = answer.status >= 300;
    for (const code_meaning& m : code_meanings) {
        if (has_meaning && m.service_code == body.code) f = m.meaning;
    }
    if (has_meaning && body.code == "CannotVerifyCopySource") {
        f = meaning_of_source(body.copy_source_status != 0 ? body.copy_source_status : answer.status,
                              body.copy_source_code);
    } else if (body.code == "SourceConditionNotMet") {
        f = meaning_of_source(412, {});
    } else if (f.code == errc::condition_failed) {
        // A target that must be absent, and is there: 409 BlobAlreadyExists, or 412, which says only that it was
        // refused.
        for (const http_header& h : request.headers) {
            if (equals_ignoring_case(h.name, "if-none-match")) f = is_there;
        }
    }

    error e = make_error(f.code, std::string(f.message));
    e.again = f.again;
    e.done = f.code == errc::unsupported ? effect::none : effect_of(request, answer.status);
    e.http_status = answer.status;
    e.service_code = plain_word(body.code);
    e.service_detail = std::move(body.authentication_detail.empty() ? body.message : body.authentication_detail);
    if (const std::string* id = answer.header("x-ms-request-id")) e.request_id = plain_word(*id);
    if (f.again == retry_hint::wait) e.retry_after = retry_after(answer);
    return e;
}

/// Whether `answer` is the success that `request` waits for, from the service itself.
///
/// \return `service_error`; or, for a 2xx without a request id (a proxy, a login page), errc::corrupt, to be repeated.
[[nodiscard]] inline result<void> expect(const http_request& request, const http_response& answer,
                                         std::initializer_list<int> statuses) {
    bool expected = false;
    for (const int status : statuses) expected = expected || status == answer.status;
    const std::string* id = answer.header("x-ms-request-id");
    if (expected && id != nullptr && !id->empty()) return {};
    error e = service_error(request, answer);
    if (expected) e.message = "the answer does not come from the service";
    return unexpected(std::move(e));
}

}  // namespace blobshift::inline v1::detail

#endif
