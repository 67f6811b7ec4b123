// SPDX-License-Identifier: MIT
//
// The sockets that libcurl uses for one lane: so that a connection can be looked at before it is used again.
//
// Row: detail (standard library and POSIX sockets).   Tests: tests/detail/curl_http_faults.test.cpp

#ifndef BLOBSHIFT_DETAIL_CURL_SOCKETS_HPP
#define BLOBSHIFT_DETAIL_CURL_SOCKETS_HPP

#include <algorithm>  // any_of, find_if
#include <new>        // bad_alloc
#include <vector>     // vector

#include <arpa/inet.h>   // ntohs
#include <netinet/in.h>  // sockaddr_in, sockaddr_in6
#include <sys/socket.h>  // getsockname, recv, socket
#include <unistd.h>      // close

namespace blobshift::inline v1::detail {

/// Opens sockets, and closes them. libcurl names a connection by its port on this side, not by its socket.
class open_sockets {
public:
    /// A program that this one starts does not inherit it. \return -1: there is none.
    [[nodiscard]] int open(int family, int type, int protocol) noexcept {
        try {
            all_.reserve(all_.size() + 1);
        } catch (const std::bad_alloc&) {
            return -1;
        }
        const int made = ::socket(family, type | SOCK_CLOEXEC, protocol);
        if (made >= 0) all_.push_back({made, 0});
        return made;
    }

    int close(int socket) noexcept {
        const auto found = std::find_if(all_.begin(), all_.end(), [&](const entry& e) { return e.socket == socket; });
        if (found != all_.end()) all_.erase(found);
        return ::close(socket);
    }

    /// Whether nothing has arrived on the connection from `port`, not even its end. False when it is not known.
    [[nodiscard]] bool is_quiet(int port) noexcept {
        bool found = false;
        for (entry& e : all_) {
            if (e.port == 0) e.port = port_of(e.socket);
            if (e.port != port) continue;  // one port may serve two connections, to different servers: then ask both
            char byte = 0;
            if (::recv(e.socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) return false;
            found = true;
        }
        return found;
    }

private:
    struct entry {
        int socket;
        int port;  ///< 0 until it is known.
    };

    [[nodiscard]] static int port_of(int socket) noexcept {
        union {
            sockaddr any;
            sockaddr_in v4;
            sockaddr_in6 v6;
        } address{};
        socklen_t size = sizeof address;
        if (::getsockname(socket, &address.any, &size) != 0) return 0;
        return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
    }

    std::vector<entry> all_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
