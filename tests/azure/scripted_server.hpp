// SPDX-License-Identifier: MIT
//
// A loopback HTTP server that sends exactly the bytes it is told to, and breaks off where it is told to: for faults
// that no well-behaved server has. Also a relay that cuts any connection, and certificates for TLS, good and bad.

#ifndef BLOBSHIFT_TESTS_AZURE_SCRIPTED_SERVER_HPP
#define BLOBSHIFT_TESTS_AZURE_SCRIPTED_SERVER_HPP

#include <chrono>      // milliseconds, seconds
#include <cstddef>     // size_t
#include <cstdint>     // uint16_t
#include <functional>  // function
#include <memory>      // unique_ptr
#include <optional>    // optional
#include <string>
#include <string_view>
#include <vector>

namespace blobshift_test {

inline constexpr std::size_t everything = static_cast<std::size_t>(-1);

/// How a connection goes on, or ends, after some bytes.
enum class ending : unsigned char {
    keep,  ///< The next request may come.
    fin,   ///< Closed in order; with TLS, without the close_notify.
    rst,   ///< Reset: what the client has not read yet is lost to it.
    hang,  ///< Silence: nothing is sent or read until the client closes, or the server stops.
};

/// One request, as it came in.
struct received_request {
    std::string method;
    std::string target;  ///< As sent: path and query, encoded.
    std::vector<std::pair<std::string, std::string>> headers;  ///< Spelt and ordered as sent; values trimmed.
    std::string body;
    std::size_t head_bytes = 0;  ///< On the wire; with the empty line, without the body.
    std::size_t connection = 0;  ///< 0 for the first that was accepted.

    /// The value of the first header of that name (any case), or "".
    [[nodiscard]] std::string header(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const;
};

/// What the server does about one request.
struct reply {
    std::string bytes = {};              ///< Raw: status line, headers, body.
    std::size_t cut_at = everything;     ///< Only so many of `bytes` are sent.
    ending then = ending::keep;
    std::chrono::milliseconds delay{0};  ///< Before the first byte.
    std::size_t piece = everything;      ///< Sent so many bytes at a time, with `pause` in between.
    std::chrono::milliseconds pause{0};
    bool endless = false;                ///< `bytes` are sent over and over, until the client closes.
    std::function<void()> after = {};    ///< Called when the client has all of it, or has gone.
    std::uint16_t tunnel_to = 0;         ///< A loopback port: after `bytes`, everything is passed on, both ways.
};

/// "HTTP/1.1 STATUS X", the headers ("name: value\r\n" each), a Content-Length, and `body`.
[[nodiscard]] std::string http_bytes(int status, std::string_view headers = {}, std::string_view body = {});
/// The same, chunked: each piece of `body` a chunk of its own.
[[nodiscard]] std::string chunked_bytes(int status, std::string_view headers, const std::vector<std::string>& body);

/// What a TLS server shows: PEM texts.
struct certificate {
    std::string chain;
    std::string key;
};

/// Makes certificates that a client believes which trusts `ca_file()`.
class test_authority {
public:
    struct request {
        std::string host = "127.0.0.1";                     ///< An IPv4 address, or a DNS name.
        std::chrono::seconds valid_from{-3600};             ///< From now.
        std::chrono::seconds valid_until{24 * 3600};        ///< From now.
        bool self_signed = false;                           ///< Not by this authority.
    };

    test_authority();
    ~test_authority();
    test_authority(const test_authority&) = delete;
    test_authority& operator=(const test_authority&) = delete;

    [[nodiscard]] certificate issue(const request& r) const;
    [[nodiscard]] certificate issue() const { return issue(request{}); }
    /// A PEM file that lives as long as this object.
    [[nodiscard]] const std::string& ca_file() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// What becomes of a connection before any reply: set for H5, a server that dies while the client sends.
struct connection_fault {
    std::size_t read_at_most = everything;  ///< Bytes off the wire; 0 = right after the connection was accepted.
    ending then = ending::fin;
};

struct server_options {
    std::optional<certificate> tls = {};  ///< https with that certificate; else http.
    int tls_max_version = 0;              ///< 0 = any; else e.g. 0x0302 for TLS 1.1.
    bool reads_bodies = true;  ///< false: a request is its head; its body is never read.
    /// Asked for each connection, by its number. May be empty.
    std::function<connection_fault(std::size_t connection)> on_accept = {};
};

/// Listens on a free port of 127.0.0.1 from construction to destruction. One thread for each connection.
class scripted_server {
public:
    /// Called for each request, on the connection's thread, one call at a time.
    using handler = std::function<reply(const received_request&)>;

    explicit scripted_server(handler h, server_options options = {});
    /// Answers the first request with the first reply and so on; the last one over and over.
    explicit scripted_server(std::vector<reply> script, server_options options = {});
    /// Ends all connections and waits for their threads.
    ~scripted_server();
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    /// "http://127.0.0.1:PORT" or "https://..."; with `path`, which begins with a slash.
    [[nodiscard]] std::string url(std::string_view path = {}) const;

    /// Whole requests so far, in the order in which they were complete.
    [[nodiscard]] std::vector<received_request> requests() const;
    [[nodiscard]] std::size_t request_count() const;
    [[nodiscard]] std::size_t connection_count() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Passes bytes between its clients and a loopback port, and ends each connection after so many bytes from the server.
class cutting_relay {
public:
    cutting_relay(std::uint16_t target_port, std::size_t bytes_from_server, ending then);
    ~cutting_relay();
    cutting_relay(const cutting_relay&) = delete;
    cutting_relay& operator=(const cutting_relay&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    /// From the server, over all connections; at most so many were passed on.
    [[nodiscard]] std::size_t bytes_seen() const;
    void cut(std::size_t bytes_from_server, ending then);  ///< For connections from now on.

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace blobshift_test

#endif
