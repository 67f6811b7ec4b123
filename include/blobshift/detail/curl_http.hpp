// SPDX-License-Identifier: MIT
//
// The transport over libcurl: connections that are used again, limits on everything, and no answer but a whole one.
//
// Row: detail (core; libcurl through curl_multi).   Tests: tests/detail/curl_http.test.cpp

#ifndef BLOBSHIFT_DETAIL_CURL_HTTP_HPP
#define BLOBSHIFT_DETAIL_CURL_HTTP_HPP

#include <algorithm>    // max, min
#include <chrono>       // milliseconds, nanoseconds
#include <cstdlib>      // getenv
#include <memory>       // unique_ptr
#include <mutex>        // mutex, scoped_lock
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <unistd.h>  // access, getpid

#include <blobshift/detail/curl_multi.hpp>

namespace blobshift::inline v1 {

namespace detail {

/// The file of trusted certificates: the caller's choice, else libcurl's where that exists (a libcurl that was built
/// elsewhere names a file of another distribution), else the first that does.
[[nodiscard]] inline std::string find_ca_file(const std::string& chosen) {
    if (!chosen.empty()) return chosen;
    const char* const built_in = curl_version_info(CURLVERSION_NOW)->cainfo;
    for (const char* file : {built_in,
                             "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch
                             "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, Red Hat
                             "/etc/pki/tls/certs/ca-bundle.crt",                   // the same, older
                             "/etc/ssl/ca-bundle.pem",                             // SUSE
                             "/etc/ssl/cert.pem"}) {                               // Alpine, BSD, macOS
        if (file != nullptr && ::access(file, R_OK) == 0) return file;
    }
    return {};
}

/// The first of those variables that is set and not empty, or "".
[[nodiscard]] inline std::string variable(const char* lower_case, const char* upper_case) {
    for (const char* name : {lower_case, upper_case}) {
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
    }
    return {};
}

[[nodiscard]] inline curl_settings settle(curl_transport_options options) {
    curl_settings s;
    s.ca_file = find_ca_file(options.ca_file);
    s.http_proxy = s.https_proxy = options.proxy;
    if (options.proxy.empty() && options.https_proxy_from_environment) {
        s.https_proxy = variable("https_proxy", "HTTPS_PROXY");
        s.no_proxy = variable("no_proxy", "NO_PROXY");
    }
    s.options = std::move(options);
    return s;
}

}  // namespace detail

/// A `PipelinedTransport` over libcurl. It owns its connections; nothing of it is global, and it has no thread.
///
/// A connection is never shared between two transports: give each set of credentials or TLS settings its own.
///
/// \par Environment  Neither http_proxy nor all_proxy, SSLKEYLOGFILE, NETRC or .curlrc have an effect.
/// \par Thread-safety  `send` and `send_many` from any thread. Where libcurl is not thread-safe by itself
///      (CURL_VERSION_THREADSAFE), open the first transport before there is a second thread.
/// \par fork  A child must not use, and may destroy, a transport of its parent: calls are refused there, and its
///      connections are left alone. It opens its own.
/// \par Complexity  One connection for each call at a time, used again by later calls.
class curl_transport {
public:
    /// \return errc::unsupported when libcurl lacks what safety needs, errc::invalid_argument for options out of range.
    [[nodiscard]] static result<curl_transport> open(curl_transport_options options = {}) {
        using std::chrono::milliseconds;
        if (options.connect_timeout < milliseconds(1) || options.stall_timeout < milliseconds(0) ||
            options.stall_bytes_per_second < 0) {
            return fail(errc::invalid_argument, "a limit of the transport is out of range");
        }
        // Once for the program, and never undone: other parts of it may use libcurl, too.
        static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
        if (ready != CURLE_OK) return fail(errc::unsupported, "libcurl cannot be initialised");
        const char* const tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
        if (tls == nullptr || tls != detail::tls_library_name()) {
            return fail(errc::unsupported, "libcurl does not use the OpenSSL that this program uses");
        }
        curl_transport t(detail::settle(std::move(options)));
        auto first = t.borrow();
        if (!first) return unexpected(std::move(first).error());
        if (auto usable = (*first)->spare().usable(); !usable) return unexpected(std::move(usable).error());
        return t;
    }

    curl_transport(curl_transport&&) noexcept = default;
    curl_transport& operator=(curl_transport&&) noexcept = default;
    ~curl_transport() = default;

    [[nodiscard]] result<http_response> send(const context& c, const http_request& request,
                                             const response_options& options) {
        if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
        auto lane = borrow();
        if (!lane) return unexpected(std::move(lane).error());
        if (auto started = start(**lane, request, options); !started) return unexpected(std::move(started).error());
        for (;;) {
            (*lane)->drive();
            CURLcode code = CURLE_OK;
            if (detail::curl_transfer* ended = (*lane)->take_ended(code)) return ended->finish(code);
            if (auto go = c.proceed(); !go) return (*lane)->take_any()->abandon(std::move(go).error());
            (*lane)->wait(patience(c));
        }
    }

    result<void> send_many(const context& c, call_source& source) {
        auto lane = borrow();
        if (!lane) return unexpected(std::move(lane).error());
        for (;;) {
            if (auto go = c.proceed(); !go) {
                while (detail::curl_transfer* cut = (*lane)->take_any()) {
                    source.finished(cut->call(), cut->abandon(go.error()));
                }
                return go;
            }
            const pulled last = fill(**lane, source);
            if ((*lane)->in_flight() == 0) {
                if (last == pulled::end) return {};
                if (auto rested = c.pause(source.pause()); !rested) return rested;
                continue;
            }
            (*lane)->drive();
            bool any = false;
            for (CURLcode code = CURLE_OK; detail::curl_transfer* ended = (*lane)->take_ended(code); any = true) {
                source.finished(ended->call(), ended->finish(code));
            }
            if (!any) (*lane)->wait(last == pulled::pause ? (std::min)(patience(c), source.pause()) : patience(c));
        }
    }

private:
    /// The lanes that nobody uses, the one used last at the back: its connections are the least likely to be stale.
    struct pool {
        explicit pool(detail::curl_settings s) : settings(std::move(s)) { idle.reserve(settings.options.idle_lanes); }
        pool(const pool&) = delete;
        pool& operator=(const pool&) = delete;
        ~pool() {
            // To close a TLS connection is to write to it, and in a child of the owner it is still the owner's.
            if (::getpid() != owner) {
                for (auto& lane : idle) static_cast<void>(lane.release());
            }
        }

        detail::curl_settings settings;
        pid_t owner = ::getpid();
        std::mutex guard = {};
        std::vector<std::unique_ptr<detail::curl_lane>> idle = {};
    };

    /// Brings a lane back.
    struct give_back {
        pool* home;
        void operator()(detail::curl_lane* used) const noexcept {
            std::unique_ptr<detail::curl_lane> lane(used);
            lane->clear();
            const std::scoped_lock lock(home->guard);
            if (home->idle.size() < home->idle.capacity()) home->idle.push_back(std::move(lane));
        }
    };
    using borrowed_lane = std::unique_ptr<detail::curl_lane, give_back>;

    explicit curl_transport(detail::curl_settings settings) : pool_(std::make_unique<pool>(std::move(settings))) {}

    [[nodiscard]] result<borrowed_lane> borrow() {
        if (::getpid() != pool_->owner) {  // before the lock: in a child, nobody may be left to open it
            return fail(errc::invalid_argument, "a transport cannot be used behind a fork: open one in the child");
        }
        {
            const std::scoped_lock lock(pool_->guard);
            if (!pool_->idle.empty()) {
                borrowed_lane lane(pool_->idle.back().release(), give_back{pool_.get()});
                pool_->idle.pop_back();
                return lane;
            }
        }
        return borrowed_lane(std::make_unique<detail::curl_lane>(pool_->settings).release(), give_back{pool_.get()});
    }

    [[nodiscard]] static result<void> start(detail::curl_lane& lane, const http_request& request,
                                            const response_options& options) {
        if (auto fine = detail::validate(request); !fine) return fine;
        if (auto ready = lane.spare().begin(request, options); !ready) return ready;
        lane.start_spare();
        return {};
    }

    /// Starts calls until enough are in flight. \return what the source said last.
    [[nodiscard]] static pulled fill(detail::curl_lane& lane, call_source& source) {
        while (lane.in_flight() < (std::max)(source.concurrency(), 1U)) {
            http_call& call = lane.spare().call();
            if (const pulled said = source.next(call); said != pulled::call) return said;
            if (auto started = start(lane, call.request, call.options); !started) {
                source.finished(call, unexpected(std::move(started).error()));
            }
        }
        return pulled::call;
    }

    /// How long a wait may last before stop and deadline must be looked at.
    [[nodiscard]] static std::chrono::nanoseconds patience(const context& c) {
        const std::chrono::nanoseconds most = std::chrono::milliseconds(100);
        return (std::min)(most, c.remaining().value_or(most));
    }

    std::unique_ptr<pool> pool_;
};

static_assert(PipelinedTransport<curl_transport>);

}  // namespace blobshift::inline v1

#endif
