// SPDX-License-Identifier: MIT
//
// What went wrong, in the three questions a caller must answer: what kind is it, may the call be repeated,
// and did it happen.
//
// Row: core (standard library only).   Tests: tests/core/error.test.cpp

#ifndef BLOBSHIFT_CORE_ERROR_HPP
#define BLOBSHIFT_CORE_ERROR_HPP

#include <chrono>       // milliseconds
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

namespace blobshift::inline v1 {

/// The kind of a failure. One enumerator for each decision that a caller can take.
enum class errc : unsigned char {
    invalid_argument,   ///< The caller's mistake; refused before anything was tried.
    unsupported,        ///< This store, or this blob's kind, cannot do that.
    not_found,          ///< No blob (or container, or upload) has that name.
    already_exists,     ///< `condition::if_absent` met a blob.
    condition_failed,   ///< `condition::if_match` met another version, or no blob.
    conflict,           ///< The store's present state forbids it: `a` beside `a/b`, a pending copy, a race lost.
    blocked,            ///< Archived, leased, immutable or held: a person or another program must release it.
    out_of_range,       ///< The range starts behind the last byte.
    unauthenticated,    ///< The store does not know who asks (HTTP 401, bad signature, expired SAS).
    permission_denied,  ///< The store knows, and says no.
    throttled,          ///< The store asks for less load (HTTP 429, 503 ServerBusy).
    unavailable,        ///< Connection, time-out, 5xx: the store did not do its work this time.
    no_space,           ///< Disk full, quota used up, too many open files: repeat only after making room.
    deadline_exceeded,  ///< The context's deadline passed.
    cancelled,          ///< The context's stop token was triggered.
    corrupt,            ///< Bytes, lengths or hashes that must agree do not.
    io_error,           ///< The device or the file system failed; see `error::system_code`.
};

/// May the same call be made again, unchanged?
enum class retry_hint : unsigned char {
    never,  ///< It would fail the same way.
    wait,   ///< Yes, after a pause (`error::retry_after` if the store named one).
};

/// What a failed call did to the store.
enum class effect : unsigned char {
    none,           ///< Nothing was changed.
    applied,        ///< It was done, and only something after it failed.
    indeterminate,  ///< Not known: look before you report anything.
};

/// A failure, as a value.
///
/// `message` is for people: lower case, no full stop, and neither a secret nor the name of a blob. `subject` and
/// `service_detail` are for programs: they may be personal data, and nothing in blobshift ever prints them.
struct error {
    errc code = errc::unavailable;
    retry_hint again = retry_hint::never;
    effect done = effect::none;
    std::string message = {};
    std::string subject = {};         ///< Blob name or path. Never printed by us.
    std::string service_detail = {};  ///< What the service said at length, e.g. the string it signed. Never printed.
    std::string service_code = {};    ///< e.g. "BlobNotFound"; empty when no service answered.
    std::string request_id = {};      ///< The service's own id of the request; empty when there was none.
    int http_status = 0;              ///< 0 when the failure was not an HTTP answer.
    int system_code = 0;              ///< errno, or 0.
    std::optional<std::chrono::milliseconds> retry_after = {};  ///< The store's own wish, if it gave one.

    /// Whether the failure passes by itself: waiting and repeating may help.
    [[nodiscard]] bool is_transient() const noexcept { return again == retry_hint::wait; }
};

/// The enumerator's own spelling.
[[nodiscard]] constexpr std::string_view to_string(errc code) noexcept {
    switch (code) {
        case errc::invalid_argument: return "invalid_argument";
        case errc::unsupported: return "unsupported";
        case errc::not_found: return "not_found";
        case errc::already_exists: return "already_exists";
        case errc::condition_failed: return "condition_failed";
        case errc::conflict: return "conflict";
        case errc::blocked: return "blocked";
        case errc::out_of_range: return "out_of_range";
        case errc::unauthenticated: return "unauthenticated";
        case errc::permission_denied: return "permission_denied";
        case errc::throttled: return "throttled";
        case errc::unavailable: return "unavailable";
        case errc::no_space: return "no_space";
        case errc::deadline_exceeded: return "deadline_exceeded";
        case errc::cancelled: return "cancelled";
        case errc::corrupt: return "corrupt";
        case errc::io_error: return "io_error";
    }
    return "unknown";
}

/// The enumerator's own spelling.
[[nodiscard]] constexpr std::string_view to_string(effect done) noexcept {
    switch (done) {
        case effect::none: return "none";
        case effect::applied: return "applied";
        case effect::indeterminate: return "indeterminate";
    }
    return "unknown";
}

/// One line for people: kind, message, and the service's code, status and request id where there are any.
///
/// Holds no name, no key and no SAS, whatever the error carries.
[[nodiscard]] inline std::string describe(const error& e) {
    std::string line{to_string(e.code)};
    if (!e.message.empty()) line += ": " + e.message;
    if (e.http_status == 0 && e.service_code.empty() && e.request_id.empty()) return line;
    std::string answer;
    if (e.http_status != 0) answer = "HTTP " + std::to_string(e.http_status);
    if (!e.service_code.empty()) answer += (answer.empty() ? "" : " ") + e.service_code;
    if (!e.request_id.empty()) answer += (answer.empty() ? "request id " : ", request id ") + e.request_id;
    return line + " (" + answer + ")";
}

/// The usual error: a kind and a message, nothing changed, not to be repeated.
[[nodiscard]] inline error make_error(errc code, std::string message, std::string_view subject = {}) {
    error e;
    e.code = code;
    e.message = std::move(message);
    e.subject = std::string(subject);
    return e;
}

}  // namespace blobshift::inline v1

#endif
