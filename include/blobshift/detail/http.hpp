// SPDX-License-Identifier: MIT
//
// HTTP as values: a request, an answer, and what a transport promises (`HttpTransport`). No I/O here.
//
// Row: detail (core).   Tests: tests/detail/http.test.cpp

#ifndef BLOBSHIFT_DETAIL_HTTP_HPP
#define BLOBSHIFT_DETAIL_HTTP_HPP

#include <algorithm>    // all_of, any_of, equal, none_of
#include <array>        // array
#include <chrono>       // nanoseconds
#include <concepts>     // same_as
#include <cstddef>      // ptrdiff_t, size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <blobshift/core/bytes.hpp>
#include <blobshift/core/context.hpp>
#include <blobshift/core/eight_bytes.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1 {

struct http_header {
    std::string name;
    std::string value;
};

/// One request. A transport adds Host and Content-Length by itself, and no other header.
struct http_request {
    std::string method = "GET";              ///< Upper case.
    std::string url = {};                    ///< Complete and percent-encoded; exactly these bytes are sent.
    std::vector<http_header> headers = {};   ///< In the order in which they are sent.
    byte_view body = {};                     ///< Not owned. With a method other than GET and HEAD, also when empty.
};

/// One whole answer: nothing of it is missing, whatever its status.
struct http_response {
    int status = 0;
    std::vector<http_header> headers = {};  ///< Names in lower case, values trimmed, in the order of arrival.
    bytes body = {};                        ///< Empty where the body went into `response_options::into` or `sink`.
    std::uint64_t body_bytes = 0;           ///< Bytes of the body that are kept, wherever they went.
    bool body_cut = false;                  ///< The body of an error was longer than it may be; its beginning is kept.

    /// The value of the first header of that (lower-case) name, or null.
    [[nodiscard]] const std::string* header(std::string_view name) const noexcept {
        for (const http_header& h : headers) {
            if (h.name == name) return &h.value;
        }
        return nullptr;
    }
    [[nodiscard]] bool is_success() const noexcept { return status >= 200 && status < 300; }
};

/// Takes a body as it arrives. Nothing of it counts before the whole answer is there.
class body_sink {
public:
    /// A body begins: whatever came before belongs to an answer that broke off.
    virtual void begin() = 0;
    /// The next bytes. May throw std::bad_alloc.
    virtual void take(byte_view part) = 0;

protected:
    ~body_sink() = default;
};

/// What to do with an answer.
struct response_options {
    /// The body of a 2xx goes here, not into `http_response::body`. Not owned; unspecified content after a failure.
    std::optional<byte_span> into = {};
    body_sink* sink = nullptr;                    ///< The same, for a body of any length; null = none. Not owned.
    std::size_t max_body_bytes = 16 << 20;        ///< Of a 2xx without `into`; a longer one is errc::corrupt.
    std::size_t max_error_body_bytes = 64 << 10;  ///< Of every other answer; the rest is cut off (`body_cut`).
    /// Lower case, not owned; "" = none. An answer without it comes from somebody else (a proxy, a login page):
    /// errc::corrupt, to be repeated.
    std::string_view require_header = {};
    bool direct = false;  ///< Never through a proxy.
};

/// Sends one request at a time.
///
/// \par Synopsis  (`t` is an lvalue of `T`, `c` a context, `r` an http_request, `o` a response_options)
/// | expression        | result                | meaning                                                      |
/// |-------------------|-----------------------|--------------------------------------------------------------|
/// | `t.send(c, r, o)` | result<http_response> | the whole answer, whatever its status; or why there is none  |
///
/// \par Semantic requirements (no compiler checks these; the tests of each transport do)
///   - An answer is given only when all of it arrived: the headers ended, one length was declared, so many bytes came.
///   - A sink hears `begin` before the first byte of each body of a 2xx, also of one that is empty.
///   - The request is sent as it stands, once; a GET or a HEAD may be sent twice. A redirect is an answer as any other.
///   - `error::done` is effect::none for a GET, a HEAD, and whatever was not sent; else it is indeterminate.
///   - Stop and deadline end a transfer within 200 ms, also one that stands still.
///   - No message holds a part of the URL, of a header or of a body.
///   - `send` may be called from several threads at once. It throws nothing but std::bad_alloc.
///
/// \par Models  curl_transport.
template <class T>
concept HttpTransport = requires(T& t, const context& c, const http_request& r, const response_options& o) {
    { t.send(c, r, o) } -> std::same_as<result<http_response>>;
};

/// One of many requests in flight.
struct http_call {
    std::uint64_t id = 0;           ///< The caller's own; comes back with the answer.
    http_request request = {};      ///< What its `body` points to lives until `finished`.
    response_options options = {};  ///< What its `into` points to lives until `finished`.
};

/// What a `call_source` has to say when it is asked for a call.
enum class pulled : unsigned char {
    call,   ///< Here is one: send it now.
    pause,  ///< None right now (a rate limit, a retry that waits). Ask again after `pause()`, or after the next answer.
    end,    ///< None any more, unless an answer that is still to come brings one.
};

/// Where `send_many` takes its requests from, and where it brings the answers. All calls come from its one thread.
class call_source {
public:
    /// Asked, often, while fewer than `concurrency()` calls are in flight. `call` is a used slot: assign every member.
    [[nodiscard]] virtual pulled next(http_call& call) = 0;
    /// How long to wait before `next` is asked again; looked at after pulled::pause.
    [[nodiscard]] virtual std::chrono::nanoseconds pause() const = 0;
    /// The most calls in flight; may change from one question to the next. 0 counts as 1.
    [[nodiscard]] virtual unsigned concurrency() const = 0;
    /// One answer, as `send` would give it, once for each call, which may be moved from. Then `next` may have more.
    virtual void finished(http_call& call, result<http_response> answer) = 0;

protected:
    ~call_source() = default;
};

/// Keeps many requests in flight on the calling thread.
///
/// `t.send_many(c, source)` returns success when `source` is at its end and every call has been `finished`. After a
/// stop or the deadline no more calls are pulled, those in flight are `finished` with errc::cancelled or
/// errc::deadline_exceeded, and that error is returned. What `source` throws ends the run, is thrown on, and leaves the
/// calls in flight unfinished.
template <class T>
concept PipelinedTransport = HttpTransport<T> && requires(T& t, const context& c, call_source& source) {
    { t.send_many(c, source) } -> std::same_as<result<void>>;
};

namespace detail {

/// Whether a request of that method changes nothing on the server, so that it may be sent twice.
[[nodiscard]] inline bool is_safe_method(std::string_view method) noexcept {
    return method == "GET" || method == "HEAD";
}

/// ASCII only, whatever the locale.
[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

/// By character, whether it may stand in a header's name or in a method (RFC 9110, token).
inline constexpr std::array<bool, 256> token_chars = [] {
    std::array<bool, 256> is{};
    for (char c = '0'; c <= '9'; ++c) is[static_cast<unsigned char>(c)] = true;
    for (char c = 'A'; c <= 'Z'; ++c) is[static_cast<unsigned char>(c)] = true;
    for (char c = 'a'; c <= 'z'; ++c) is[static_cast<unsigned char>(c)] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) is[static_cast<unsigned char>(c)] = true;
    return is;
}();

[[nodiscard]] constexpr bool is_token_char(char c) noexcept { return token_chars[static_cast<unsigned char>(c)]; }

[[nodiscard]] inline bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_token_char(c); });
}

/// No byte that could end a line or be taken for something else: printable, tab, or above ASCII.
[[nodiscard]] inline bool is_field_value(std::string_view text) noexcept {
    const auto ends_line = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; };
    std::size_t i = 0;
    for (; text.size() - i >= 8; i += 8) {
        const std::uint64_t w = eight_bytes::load(text.data() + i);
        if ((eight_bytes::unprintable(w) | eight_bytes::holds(w, 0x7F)) == 0) continue;
        if (std::any_of(text.data() + i, text.data() + i + 8, ends_line)) return false;
    }
    return std::none_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), ends_line);
}

/// Without the spaces and tabs at both ends.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Whether `r` can be sent as it stands, and says nothing that a transport must say itself.
[[nodiscard]] inline result<void> validate(const http_request& r) {
    if (!is_token(r.method)) return fail(errc::invalid_argument, "the HTTP method is not a token");
    if (!r.url.starts_with("https://") && !r.url.starts_with("http://")) {
        return fail(errc::invalid_argument, "the URL is neither https nor http");
    }
    if (!std::all_of(r.url.begin(), r.url.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; })) {
        return fail(errc::invalid_argument, "the URL holds a character that must be percent-encoded");
    }
    if (!r.body.empty() && is_safe_method(r.method)) {
        return fail(errc::invalid_argument, "a GET or HEAD with a body");
    }
    for (const http_header& h : r.headers) {
        if (!is_token(h.name)) return fail(errc::invalid_argument, "the name of a header is not a token");
        if (!is_field_value(h.value)) {
            return fail(errc::invalid_argument, "the value of a header holds a control character");
        }
        for (const std::string_view own : {"host", "content-length", "transfer-encoding", "connection", "expect"}) {
            if (equals_ignoring_case(h.name, own)) {
                return fail(errc::invalid_argument, "the transport itself sends the header " + std::string(own));
            }
        }
    }
    return {};
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
