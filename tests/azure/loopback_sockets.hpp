// SPDX-License-Identifier: MIT
//
// Connections and a listener on 127.0.0.1, as the scripted server and the cutting relay need them.

#ifndef BLOBSHIFT_TESTS_AZURE_LOOPBACK_SOCKETS_HPP
#define BLOBSHIFT_TESTS_AZURE_LOOPBACK_SOCKETS_HPP

#include <algorithm>   // min
#include <atomic>
#include <chrono>
#include <cstddef>     // size_t
#include <cstdint>     // uint16_t
#include <functional>  // function
#include <list>
#include <mutex>
#include <set>
#include <stdexcept>   // runtime_error
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <azure/scripted_server.hpp>

namespace blobshift_test {

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// A socket, closed once. Another thread may only `interrupt` it.
class connection {
public:
    explicit connection(int fd) : fd_(fd) {
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    ~connection() { ::close(fd_); }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    [[nodiscard]] int fd() const { return fd_; }
    void interrupt() const { ::shutdown(fd_, SHUT_RDWR); }
    void reset_at_close() const {
        const linger now{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    std::size_t read(char* out, std::size_t room) const {
        const ssize_t n = ::recv(fd_, out, room, 0);
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    bool write(std::string_view data) const {
        while (!data.empty()) {
            const ssize_t n = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            data.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

private:
    int fd_;
};

/// Accepts connections on a free port and gives each to `serve`, on a thread of its own.
class listener {
public:
    using server = std::function<void(const connection&, std::size_t index)>;

    explicit listener(server serve) : serve_(std::move(serve)), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        if (fd_ < 0 || ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 512) != 0 ||
            ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error("cannot listen on 127.0.0.1");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { accept_all(); });
    }
    ~listener() {
        stopping_ = true;
        ::shutdown(fd_, SHUT_RDWR);
        thread_.join();
        ::close(fd_);
        {
            const std::scoped_lock lock(mutex_);
            for (const connection* c : live_) c->interrupt();
        }
        for (served& s : threads_) s.thread.join();
    }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::size_t accepted() const { return accepted_; }
    [[nodiscard]] bool stopping() const { return stopping_; }

    /// Until the client closes, the listener stops, or `time` is over. Reads nothing. \return false: it is over.
    bool idle(const connection& c, std::chrono::milliseconds time) const {
        const auto end = std::chrono::steady_clock::now() + time;
        while (!stopping_ && std::chrono::steady_clock::now() < end) {
            pollfd p{c.fd(), POLLRDHUP, 0};
            if (::poll(&p, 1, 10) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) return false;
        }
        return !stopping_;
    }

private:
    struct served {
        std::thread thread = {};
        std::atomic<bool> over = false;
    };

    void accept_all() {
        // OpenSSL writes without MSG_NOSIGNAL. Blocked here, and so in the threads that are made here, but nowhere
        // else: the tests must see it if a client lets the signal through.
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        for (;;) {
            const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
            if (stopping_) {
                if (fd >= 0) ::close(fd);
                return;
            }
            if (fd < 0) continue;
            // Thousands of connections are not as many threads.
            threads_.remove_if([](served& s) {
                const bool over = s.over;
                if (over) s.thread.join();
                return over;
            });
            const std::size_t index = accepted_++;
            served& mine = threads_.emplace_back();
            mine.thread = std::thread([this, fd, index, &mine] {
                const connection c(fd);
                {
                    const std::scoped_lock lock(mutex_);
                    live_.insert(&c);
                    if (stopping_) c.interrupt();
                }
                serve_(c, index);
                const std::scoped_lock lock(mutex_);
                live_.erase(&c);
                mine.over = true;
            });
        }
    }

    server serve_;
    int fd_;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<std::size_t> accepted_ = 0;
    std::mutex mutex_;
    std::set<const connection*> live_;
    std::list<served> threads_;  // of the accepting thread, until it has ended
    std::thread thread_;
};

inline void end_connection(const connection& c, ending how, const listener& l) {
    if (how == ending::rst) c.reset_at_close();
    if (how == ending::hang) l.idle(c, std::chrono::hours(1));
    if (how == ending::fin || how == ending::hang) {
        // A close with unread bytes would be a reset: say that it is over, then read what is left.
        ::shutdown(c.fd(), SHUT_WR);
        char rest[4096];
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
        pollfd p{c.fd(), POLLIN, 0};
        while (!l.stopping() && std::chrono::steady_clock::now() < end && ::poll(&p, 1, 10) >= 0) {
            if (p.revents != 0 && c.read(rest, sizeof rest) == 0) return;
        }
    }
}

/// Passes bytes both ways until one side closes, or `most` bytes came from the port. \return whether all was passed on.
inline bool pass_on(const connection& client, std::uint16_t port, std::size_t most, std::atomic<std::size_t>* seen) {
    const connection server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    if (::connect(server.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
    char data[16384];
    if (most == 0) return false;
    for (;;) {
        pollfd p[2] = {{client.fd(), POLLIN, 0}, {server.fd(), POLLIN, 0}};
        if (::poll(p, 2, -1) < 0) return true;
        if (p[0].revents != 0) {
            const std::size_t n = client.read(data, sizeof data);
            if (n == 0 || !server.write({data, n})) return true;
        }
        if (p[1].revents != 0) {
            const std::size_t n = (std::min)(server.read(data, sizeof data), most);
            if (seen != nullptr) *seen += n;  // before the client can know
            if (n == 0 || !client.write({data, n})) return true;
            if (most != everything && (most -= n) == 0) return false;
        }
    }
}

}  // namespace blobshift_test

#endif
