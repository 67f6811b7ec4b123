// SPDX-License-Identifier: MIT
//
// libcurl at arm's length: one transfer after the other on one easy handle. No other header includes <curl/curl.h>.
//
// Row: detail (core; libcurl >= 7.87 with OpenSSL).   Tests: tests/detail/curl_http.test.cpp

#ifndef BLOBSHIFT_DETAIL_CURL_EASY_HPP
#define BLOBSHIFT_DETAIL_CURL_EASY_HPP

#include <algorithm>    // min
#include <chrono>       // milliseconds, seconds
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <exception>    // exception_ptr
#include <memory>       // unique_ptr
#include <new>          // bad_alloc
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // exchange, move
#include <vector>       // vector

#include <curl/curl.h>

#include <blobshift/detail/curl_sockets.hpp>
#include <blobshift/detail/http_answer.hpp>
#include <blobshift/detail/openssl_tls.hpp>

namespace blobshift::inline v1 {

struct curl_transport_options {
    std::string ca_file = {};  ///< PEM, the only certificates to be trusted; "" = those of the distribution.
    std::string proxy = {};    ///< For all requests, e.g. "http://proxy:3128"; "" = none. May hold a password.
    bool https_proxy_from_environment = false;  ///< Without `proxy`: $https_proxy, for https, save $no_proxy's hosts.
    std::chrono::milliseconds connect_timeout{10'000};  ///< For name, connection and TLS together. At least 1.
    long stall_bytes_per_second = 100;        ///< A transfer that is slower ...
    std::chrono::seconds stall_timeout{60};   ///< ... for so long is given up; a server's silence counts. 0 = never.
    std::size_t max_header_bytes = 64 << 10;  ///< Of one answer, interim answers included.
    std::size_t idle_lanes = 16;  ///< Kept for later calls. A lane has the connections of one thread in `send`.
};

namespace detail {

struct easy_cleanup {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using easy_handle = std::unique_ptr<CURL, easy_cleanup>;

struct multi_cleanup {
    void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};
using multi_handle = std::unique_ptr<CURLM, multi_cleanup>;

/// What the transfers of a transport have in common; read when it was made.
struct curl_settings {
    curl_transport_options options;
    std::string ca_file;      ///< "" = libcurl's own default.
    std::string https_proxy;  ///< For https URLs; "" = none.
    std::string http_proxy;   ///< For http URLs; "" = none.
    std::string no_proxy;     ///< Hosts that are reached without `https_proxy`.
};

/// An easy handle, the request that it sends, and the answer that it collects. Its address must not change.
class curl_transfer {
public:
    /// \param settings  Must outlive the transfer, and `sockets` its connections. Throws std::bad_alloc.
    curl_transfer(const curl_settings& settings, open_sockets& sockets)
        : settings_(&settings),
          sockets_(&sockets),
          may_use_proxy_(!settings.https_proxy.empty() || !settings.http_proxy.empty()),
          answer_(settings.options.max_header_bytes),
          handle_(curl_easy_init()) {
        if (!handle_) throw std::bad_alloc();
        set(CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
        set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(sockets_));
        set(CURLOPT_CLOSESOCKETFUNCTION, &on_close_socket);
        set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(sockets_));
        set(CURLOPT_PRIVATE, static_cast<void*>(this));
        set(CURLOPT_HEADERFUNCTION, &on_header);
        set(CURLOPT_HEADERDATA, static_cast<void*>(this));
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, static_cast<void*>(this));
        set(CURLOPT_PREREQFUNCTION, &on_send);
        set(CURLOPT_PREREQDATA, static_cast<void*>(this));

        // What is sent is what was signed, and nobody else hears of it.
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_HTTP09_ALLOWED, 0L);
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(CURLOPT_PROXY, "");
        set(CURLOPT_NOPROXY, settings.no_proxy.c_str());
        set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(CURLOPT_SSL_CTX_FUNCTION, &on_tls_context);
        if (!settings.ca_file.empty()) {
            set(CURLOPT_CAINFO, settings.ca_file.c_str());
            set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
            set(CURLOPT_PROXY_CAINFO, settings.ca_file.c_str());
            set(CURLOPT_PROXY_CAPATH, static_cast<const char*>(nullptr));
        }

        set(CURLOPT_BUFFERSIZE, 128L << 10);  // with libcurl's 16 KiB, a page of a listing takes 250 turns of the loop
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_QUICK_EXIT, 1L);  // a transfer that is taken off does not wait for the name server
        set(CURLOPT_NOPROGRESS, 1L);
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.options.connect_timeout.count()));
        set(CURLOPT_LOW_SPEED_LIMIT, settings.options.stall_bytes_per_second);
        set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.options.stall_timeout.count()));
        usable_ = !refused_;
    }

    /// errc::unsupported when libcurl lacks what safety needs.
    [[nodiscard]] result<void> usable() const {
        if (!usable_) return fail(errc::unsupported, "libcurl lacks an option that safety needs");
        return {};
    }

    /// Gets ready to send `request`, which passed validate(). It and `options` must live until `finish` or `abandon`.
    [[nodiscard]] result<void> begin(const http_request& request, const response_options& options) {
        if (auto fine = usable(); !fine) return fine;
        request_ = &request;
        answer_.begin(request.method, options);
        failure_ = nullptr;
        refused_ = false;
        connection_is_spoilt_ = false;
        times_sent_ = 0;
        set(CURLOPT_FRESH_CONNECT, 0L);
        if (method_ != request.method) set_method();
        if (!is_safe_method(method_)) {
            set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : as_text(request.body).data());
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        }
        set_target(options.direct);
        set_headers();
        if (refused_) return fail(errc::invalid_argument, "libcurl does not take that request");
        return {};
    }

    /// Whether nothing was sent because the connection was no good. Then the transfer is ready to start on a new one.
    [[nodiscard]] bool wants_new_connection() {
        if (!std::exchange(connection_is_spoilt_, false)) return false;
        set(CURLOPT_FRESH_CONNECT, 1L);
        return true;
    }

    /// The answer, or why there is none. \param code  What libcurl said at the end of the transfer.
    [[nodiscard]] result<http_response> finish(CURLcode code) {
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
        auto answer = judge(code);
        if (!answer) answer.error().done = effect_of_failure();
        return answer;
    }

    /// The transfer was taken off before its end. \param why  errc::cancelled or errc::deadline_exceeded.
    [[nodiscard]] unexpected abandon(error why) const {
        why.done = effect_of_failure();
        return unexpected(std::move(why));
    }

    [[nodiscard]] CURL* handle() const noexcept { return handle_.get(); }
    /// Room for a call of which this transfer is the owner.
    [[nodiscard]] http_call& call() noexcept { return call_; }
    /// The transfer that uses `handle`.
    [[nodiscard]] static curl_transfer& of(CURL* handle) noexcept {
        void* self = nullptr;
        curl_easy_getinfo(handle, CURLINFO_PRIVATE, &self);
        return *static_cast<curl_transfer*>(self);
    }

private:
    template <class Value>
    void set(CURLoption option, Value value) {
        const CURLcode code = curl_easy_setopt(handle_.get(), option, value);
        if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
        if (code != CURLE_OK) refused_ = true;
    }

    /// Whatever the handle was used for before: GET forgets it, then the method at hand is set.
    void set_method() {
        method_.clear();  // should this throw
        set(CURLOPT_HTTPGET, 1L);
        if (request_->method == "HEAD") set(CURLOPT_NOBODY, 1L);
        else if (request_->method != "GET") set(CURLOPT_POST, 1L);
        set(CURLOPT_CUSTOMREQUEST, request_->method.c_str());
        if (!refused_) method_ = request_->method;
    }

    /// libcurl parses the server's part of the URL only. It sends the rest as it stands: what was signed cannot differ
    /// from what is sent, and each request is some percent cheaper.
    void set_target(bool direct) {
        const std::string_view url = request_->url;
        const bool tls = url.starts_with("https:");
        const std::string& proxy = tls ? settings_->https_proxy : settings_->http_proxy;
        const bool proxied = !direct && !proxy.empty();
        if (may_use_proxy_) set(CURLOPT_PROXY, proxied ? proxy.c_str() : "");
        const std::size_t end = (std::min)(url.find_first_of("/?", url.find("//") + 2), url.size());
        if (const std::string_view server = url.substr(0, end); server != server_) {
            server_.clear();  // should this throw
            target_.assign(server).push_back('/');
            set(CURLOPT_URL, target_.c_str());
            if (!refused_) server_ = server;
        }
        target_.assign(url.substr(proxied && !tls ? 0 : end));  // a proxy without a tunnel wants all of it
        if (end == url.size() || url[end] == '?') target_.insert(target_.size() - (url.size() - end), 1, '/');
        set(CURLOPT_REQUEST_TARGET, target_.c_str());
    }

    /// The list that libcurl wants, in two buffers that are used again and again. One item holds all headers, in lines:
    /// libcurl copies an item as it stands, but compares each with a dozen names. An empty one needs its own, with ";".
    void set_headers() {
        header_text_.clear();
        header_starts_.clear();
        bool goes_on = false;
        const auto add = [&](std::string_view name, std::string_view separator, std::string_view value) {
            if (goes_on && !value.empty()) {
                header_text_.back() = '\r';
                header_text_ += '\n';
            } else {
                header_starts_.push_back(header_text_.size());
            }
            header_text_.append(name).append(separator).append(value).push_back('\0');
            goes_on = !value.empty();
        };
        for (const http_header& h : request_->headers) add(h.name, h.value.empty() ? ";" : ": ", h.value);
        // What libcurl would add by itself, where it finds no item of that name, is left out.
        for (const std::string_view name : {"Accept", "Expect", "Content-Type"}) add(name, ":", "");
        header_list_.resize(header_starts_.size());
        for (std::size_t i = 0; i < header_list_.size(); ++i) {
            curl_slist* const next = i + 1 < header_list_.size() ? &header_list_[i + 1] : nullptr;
            header_list_[i] = {header_text_.data() + header_starts_[i], next};
        }
        set(CURLOPT_HTTPHEADER, header_list_.data());
    }

    [[nodiscard]] result<http_response> judge(CURLcode code) {
        if (answer_.was_stopped()) return answer_.finish();
        if (code != CURLE_OK) return unexpected(failure_of(code));
        auto answer = answer_.finish();
        if (answer && answer->is_success() && !sent_whole_body()) {
            return unexpected(transient(errc::corrupt, "the server accepted a request before all of it was sent"));
        }
        return answer;
    }

    [[nodiscard]] bool sent_whole_body() const noexcept {
        curl_off_t sent = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
        return static_cast<std::uint64_t>(sent) >= request_->body.size();
    }

    /// Without an answer: none when nothing was sent, or when it could do nothing.
    [[nodiscard]] effect effect_of_failure() const noexcept {
        return times_sent_ == 0 || is_safe_method(request_->method) ? effect::none : effect::indeterminate;
    }

    [[nodiscard]] static error transient(errc code, std::string message) {
        error e = make_error(code, std::move(message));
        e.again = retry_hint::wait;
        return e;
    }

    [[nodiscard]] error failure_of(CURLcode code) const {
        // libcurl's own texts for codes are fixed, unlike its messages for a transfer, which hold hosts and paths.
        std::string text = curl_easy_strerror(code);
        if (text.size() > 1 && text[1] >= 'a') text[0] = to_lower(text[0]);  // "Timeout ...", but "SSL ..."
        error e = transient(errc::unavailable, std::move(text));
        e.http_status = answer_.status();
        if (code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR) {
            long system_code = 0;  // otherwise that of an earlier transfer
            curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &system_code);
            e.system_code = static_cast<int>(system_code);
        }
        long proxy_status = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_HTTP_CONNECTCODE, &proxy_status);
        if (proxy_status >= 300) {
            e.message = "the proxy refused to connect (its HTTP status: " + std::to_string(proxy_status) + ")";
        }
        if (code == CURLE_UNSUPPORTED_PROTOCOL) e.message = "what answers does not speak HTTP/1.1";
        switch (code) {
            case CURLE_ABORTED_BY_CALLBACK:  // by on_send
                e.message = "the server closed the connection instead of answering";
                break;
            case CURLE_OUT_OF_MEMORY:  // also when one header is longer than libcurl's own limit
                e.message = "out of memory, or a header of the answer is too long";
                break;
            case CURLE_WEIRD_SERVER_REPLY:
            case CURLE_UNSUPPORTED_PROTOCOL:  // an answer of HTTP/0.9, or of none
            case CURLE_BAD_CONTENT_ENCODING:
                e.code = errc::corrupt;
                break;
            case CURLE_PEER_FAILED_VERIFICATION:
            case CURLE_SSL_ISSUER_ERROR: {
                long reason = 0;
                curl_easy_getinfo(handle_.get(), CURLINFO_SSL_VERIFYRESULT, &reason);
                e.message = "the server's certificate is not trusted (X.509 code " + std::to_string(reason) + ")";
                e.again = retry_hint::never;
                break;
            }
            case CURLE_SSL_CACERT_BADFILE:
                e.code = errc::invalid_argument;
                e.message = "the file of trusted certificates cannot be read";
                e.again = retry_hint::never;
                break;
            case CURLE_URL_MALFORMAT:
            case CURLE_LOGIN_DENIED:  // a user name in the URL
                e.code = errc::invalid_argument;
                e.again = retry_hint::never;
                break;
            default: break;
        }
        return e;
    }

    // What libcurl's C frames call. Nothing leaves these but a number; an exception waits in failure_.

    static std::size_t on_header(char* data, std::size_t, std::size_t count, void* self) noexcept {
        return static_cast<curl_transfer*>(self)->guarded(
            count, [&](http_answer& a) { return a.header_line({data, count}); });
    }
    static std::size_t on_body(char* data, std::size_t, std::size_t count, void* self) noexcept {
        return static_cast<curl_transfer*>(self)->guarded(
            count, [&](http_answer& a) { return a.body_part(as_bytes(std::string_view(data, count))); });
    }
    template <class F>
    std::size_t guarded(std::size_t count, F take) noexcept {
        try {
            return take(answer_) ? count : CURL_WRITEFUNC_ERROR;
        } catch (...) {
            failure_ = std::current_exception();
            return CURL_WRITEFUNC_ERROR;
        }
    }

    /// Before each sending.
    static int on_send(void* self, char*, char*, int, int local_port) noexcept {
        auto& t = *static_cast<curl_transfer*>(self);
        // libcurl sends again, unasked, when a used connection turns out to be closed. But the server may have done its
        // work and not have said so, and only a caller who knows of the first sending can find out.
        if (t.times_sent_ > 0 && !is_safe_method(t.request_->method)) return CURL_PREREQFUNC_ABORT;
        t.connection_is_spoilt_ = t.has_unread_input(local_port);
        if (t.connection_is_spoilt_) return CURL_PREREQFUNC_ABORT;
        ++t.times_sent_;
        return CURL_PREREQFUNC_OK;
    }

    /// Whether a used connection holds bytes that nobody asked for, or its end: libcurl would take them for the answer.
    [[nodiscard]] bool has_unread_input(int port) const noexcept {
        long made = 0;
        const curl_tlssessioninfo* tls = nullptr;
        curl_easy_getinfo(handle_.get(), CURLINFO_NUM_CONNECTS, &made);
        if (made > 0) return false;
        curl_easy_getinfo(handle_.get(), CURLINFO_TLS_SSL_PTR, &tls);
        return !sockets_->is_quiet(port) || (tls != nullptr && has_unread_tls(tls->internals));
    }

    static curl_socket_t on_open_socket(void* sockets, curlsocktype, curl_sockaddr* a) noexcept {
        return static_cast<open_sockets*>(sockets)->open(a->family, a->socktype, a->protocol);
    }
    static int on_close_socket(void* sockets, curl_socket_t socket) noexcept {
        return static_cast<open_sockets*>(sockets)->close(socket);
    }

    static CURLcode on_tls_context(CURL*, void* context, void*) noexcept {
        forget_tls_key_log(context);
        return CURLE_OK;
    }

    const curl_settings* settings_;
    open_sockets* sockets_;
    bool may_use_proxy_;
    bool usable_ = false;
    bool refused_ = false;  ///< libcurl did not take an option: the transfer must not start with another value.
    bool connection_is_spoilt_ = false;
    int times_sent_ = 0;
    http_call call_ = {};
    const http_request* request_ = nullptr;
    http_answer answer_;
    std::exception_ptr failure_ = {};
    std::string method_ = {};  ///< That the handle is set to.
    std::string server_ = {};  ///< The same; "" = none.
    std::string target_ = {};
    std::string header_text_ = {};
    std::vector<std::size_t> header_starts_ = {};
    std::vector<curl_slist> header_list_ = {};
    easy_handle handle_;  // last: libcurl may call back into the others while it cleans up
};

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
