// SPDX-License-Identifier: MIT
//
// The scripted server and the cutting relay: sockets and threads. The certificates are in test_authority.cpp.

#include <azure/scripted_server.hpp>

#include <algorithm>  // count_if, equal, min
#include <atomic>
#include <cctype>     // tolower
#include <mutex>
#include <stdexcept>  // runtime_error

#include <openssl/ssl.h>

#include <azure/loopback_sockets.hpp>

namespace blobshift_test {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    return std::string(text);
}

struct ssl_free {
    void operator()(SSL* p) const { SSL_free(p); }
    void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};

std::unique_ptr<SSL_CTX, ssl_free> tls_context(const server_options& options) {
    std::unique_ptr<SSL_CTX, ssl_free> context(SSL_CTX_new(TLS_server_method()));
    const auto pem = [](const std::string& text) {
        return std::unique_ptr<BIO, ssl_free>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    };
    const std::unique_ptr<X509, ssl_free> shown(
        PEM_read_bio_X509(pem(options.tls->chain).get(), nullptr, nullptr, nullptr));
    const std::unique_ptr<EVP_PKEY, ssl_free> key(
        PEM_read_bio_PrivateKey(pem(options.tls->key).get(), nullptr, nullptr, nullptr));
    if (SSL_CTX_use_certificate(context.get(), shown.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
        throw std::runtime_error("the certificate cannot be used");
    }
    if (options.tls_max_version != 0) {
        SSL_CTX_set_security_level(context.get(), 0);
        SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context.get(), options.tls_max_version);
    }
    return context;
}

/// The bytes of HTTP on a connection: through TLS or not.
class stream {
public:
    stream(const connection& c, SSL_CTX* context) : connection_(&c) {
        if (context == nullptr) return;
        tls_.reset(SSL_new(context));
        SSL_set_fd(tls_.get(), c.fd());
        if (SSL_accept(tls_.get()) != 1) broken_ = true;
    }
    [[nodiscard]] bool broken() const { return broken_; }
    std::size_t read(char* out, std::size_t room) {
        if (!tls_) return connection_->read(out, room);
        const int n = SSL_read(tls_.get(), out, static_cast<int>(room));
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    bool write(std::string_view data) {
        if (!tls_) return connection_->write(data);
        return data.empty() || SSL_write(tls_.get(), data.data(), static_cast<int>(data.size())) > 0;
    }

private:
    const connection* connection_;
    std::unique_ptr<SSL, ssl_free> tls_;
    bool broken_ = false;
};

}  // namespace

std::string received_request::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (same_name(key, name)) return value;
    }
    return {};
}

std::size_t received_request::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(headers.begin(), headers.end(), [&](const auto& h) { return same_name(h.first, name); }));
}

std::string http_bytes(int status, std::string_view headers, std::string_view body) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string(headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string chunked_bytes(int status, std::string_view headers, const std::vector<std::string>& body) {
    std::string out = "HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string(headers) +
                      "Transfer-Encoding: chunked\r\n\r\n";
    constexpr std::string_view digits = "0123456789abcdef";
    for (const std::string& piece : body) {
        std::string size;
        for (std::size_t n = piece.size(); n > 0; n /= 16) size.insert(size.begin(), digits[n % 16]);
        out += size + "\r\n" + piece + "\r\n";
    }
    return out + "0\r\n\r\n";
}

struct scripted_server::state {
    state(handler h, server_options o)
        : handle(std::move(h)), options(std::move(o)), context(options.tls ? tls_context(options) : nullptr),
          listening([this](const connection& c, std::size_t index) { serve(c, index); }) {}

    void serve(const connection& c, std::size_t index) {
        const connection_fault fault = options.on_accept ? options.on_accept(index) : connection_fault{};
        if (fault.read_at_most != everything) {
            char data[4096];
            for (std::size_t left = fault.read_at_most, n = 1; left > 0 && n > 0; left -= n) {
                n = c.read(data, (std::min)(left, sizeof data));
            }
            end_connection(c, fault.then, listening);
            return;
        }
        stream s(c, context.get());
        if (s.broken()) return;
        std::string input;
        while (one_request(c, s, input, index)) {
        }
    }

    bool one_request(const connection& c, stream& s, std::string& input, std::size_t index) {
        std::size_t end = 0;
        while ((end = input.find("\r\n\r\n")) == std::string::npos) {
            if (!more(s, input)) return false;
        }
        received_request r = parse(std::string_view(input).substr(0, end));
        r.head_bytes = end + 4;
        r.connection = index;
        input.erase(0, end + 4);
        const std::string length = r.header("content-length");
        const std::size_t size = length.empty() ? 0 : std::stoull(length);
        if (options.reads_bodies) {
            while (input.size() < size) {
                if (!more(s, input)) return false;
            }
            r.body = input.substr(0, size);
            input.erase(0, size);
        }
        reply out;
        {
            const std::scoped_lock lock(mutex);
            seen.push_back(r);
            out = handle(seen.back());
        }
        if (!options.reads_bodies && size > 0 && out.then == ending::keep) out.then = ending::hang;
        return answer(c, s, out);
    }

    /// \return whether another request may follow on the connection.
    bool answer(const connection& c, stream& s, const reply& out) {
        const bool sent = send(c, s, out);
        const bool ends = !sent || out.then != ending::keep || out.cut_at < out.bytes.size() || out.tunnel_to != 0;
        if (sent && out.tunnel_to != 0) pass_on(c, out.tunnel_to, everything, nullptr);
        if (sent && out.then == ending::fin) ::shutdown(c.fd(), SHUT_WR);
        if (out.after) out.after();
        if (sent && ends && out.tunnel_to == 0) end_connection(c, out.then, listening);
        return !ends;
    }

    /// \return false: the client has gone.
    bool send(const connection& c, stream& s, const reply& out) const {
        if (out.delay.count() > 0 && !listening.idle(c, out.delay)) return false;
        std::string_view rest = std::string_view(out.bytes).substr(0, out.cut_at);
        do {
            for (; !rest.empty(); rest.remove_prefix((std::min)(out.piece, rest.size()))) {
                if (!s.write(rest.substr(0, out.piece))) return false;
                if (out.pause.count() > 0 && !listening.idle(c, out.pause)) return false;
            }
            rest = out.bytes;
        } while (out.endless && !listening.stopping());
        return true;
    }

    static received_request parse(std::string_view head) {
        received_request r;
        std::size_t at = head.find("\r\n");
        const std::string_view line = head.substr(0, at);
        r.method = line.substr(0, line.find(' '));
        const std::string_view target = line.substr((std::min)(line.size(), r.method.size() + 1));
        r.target = target.substr(0, target.rfind(' '));
        while (at != std::string_view::npos) {
            head.remove_prefix(at + 2);
            at = head.find("\r\n");
            const std::string_view field = head.substr(0, at);
            const std::size_t colon = (std::min)(field.find(':'), field.size());
            r.headers.emplace_back(field.substr(0, colon), trimmed(field.substr((std::min)(colon + 1, field.size()))));
        }
        return r;
    }

    static bool more(stream& s, std::string& input) {
        char data[16384];
        const std::size_t n = s.read(data, sizeof data);
        input.append(data, n);
        return n > 0;
    }

    handler handle;
    server_options options;
    std::unique_ptr<SSL_CTX, ssl_free> context;
    std::mutex mutex;
    std::vector<received_request> seen;
    listener listening;  // last: its threads use the others
};

scripted_server::scripted_server(handler h, server_options options)
    : state_(std::make_unique<state>(std::move(h), std::move(options))) {}

scripted_server::scripted_server(std::vector<reply> script, server_options options)
    : scripted_server(
          [script = std::move(script), next = std::size_t{0}](const received_request&) mutable {
              const reply& now = script.at((std::min)(next, script.size() - 1));
              ++next;
              return now;
          },
          std::move(options)) {}

scripted_server::~scripted_server() = default;

std::uint16_t scripted_server::port() const { return state_->listening.port(); }

std::string scripted_server::url(std::string_view path) const {
    const std::string scheme = state_->options.tls ? "https" : "http";
    return scheme + "://127.0.0.1:" + std::to_string(port()) + std::string(path);
}

std::vector<received_request> scripted_server::requests() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->seen;
}

std::size_t scripted_server::request_count() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->seen.size();
}

std::size_t scripted_server::connection_count() const { return state_->listening.accepted(); }

struct cutting_relay::state {
    state(std::uint16_t port, std::size_t bytes, ending end)
        : target(port), most(bytes), then(end), listening([this](const connection& c, std::size_t) { serve(c); }) {}

    void serve(const connection& c) {
        if (!pass_on(c, target, most, &seen)) end_connection(c, then, listening);
    }

    std::uint16_t target;
    std::atomic<std::size_t> most;
    std::atomic<ending> then;
    std::atomic<std::size_t> seen = 0;
    listener listening;
};

cutting_relay::cutting_relay(std::uint16_t target_port, std::size_t bytes_from_server, ending then)
    : state_(std::make_unique<state>(target_port, bytes_from_server, then)) {}
cutting_relay::~cutting_relay() = default;
std::uint16_t cutting_relay::port() const { return state_->listening.port(); }
std::size_t cutting_relay::bytes_seen() const { return state_->seen; }
void cutting_relay::cut(std::size_t bytes_from_server, ending then) {
    state_->most = bytes_from_server;
    state_->then = then;
}

}  // namespace blobshift_test
