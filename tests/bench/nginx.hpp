// SPDX-License-Identifier: MIT
//
// An nginx of our own on a free loopback port, which answers with what it was configured to: the fastest server there
// is to measure a client against. It lives in a temporary folder and ends with the object, or with the program.

#ifndef BLOBSHIFT_TESTS_BENCH_NGINX_HPP
#define BLOBSHIFT_TESTS_BENCH_NGINX_HPP

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <support/temporary_folder.hpp>

namespace blobshift::testing {

/// Debian: nginx-light.
class nginx {
public:
    /// A socket for one port of this machine.
    class loopback_socket {
    public:
        explicit loopback_socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
            address_.sin_family = AF_INET;
            address_.sin_port = htons(port);
            address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        }
        ~loopback_socket() { ::close(fd_); }
        loopback_socket(const loopback_socket&) = delete;
        loopback_socket& operator=(const loopback_socket&) = delete;

        [[nodiscard]] bool connects() const { return ::connect(fd_, address(), sizeof address_) == 0; }
        /// The port that the system chose for it; 0 = none.
        [[nodiscard]] std::uint16_t bound() {
            socklen_t size = sizeof address_;
            if (::bind(fd_, address(), size) != 0) return 0;
            if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size) != 0) return 0;
            return ntohs(address_.sin_port);
        }

    private:
        [[nodiscard]] const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }

        int fd_;
        sockaddr_in address_ = {};
    };

    /// The headers that each answer of the service has, for a `location`.
    static constexpr std::string_view service_headers =
        "add_header x-ms-request-id 4b3e8c60-601e-0009-2b1c-a1b2c3000000 always;"
        "add_header x-ms-version 2025-11-05 always;";

    nginx() : port_(loopback_socket(0).bound()) {
        if (port_ == 0) throw std::runtime_error("nginx: no free port");
    }
    nginx(const nginx&) = delete;
    nginx& operator=(const nginx&) = delete;
    ~nginx() {
        if (child_ <= 0) return;
        ::kill(child_, SIGTERM);
        ::waitpid(child_, nullptr, 0);
    }

    /// \param locations  What stands inside `server { }`; `root` is `folder()`.
    void start(std::string_view locations) {
        write("nginx.conf", configuration(locations));
        child_ = ::fork();
        if (child_ < 0) throw std::runtime_error("nginx: fork");
        if (child_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGTERM);
            const std::string file = folder() + "/nginx.conf";
            for (const char* program : {"nginx", "/usr/sbin/nginx"}) {
                ::execlp(program, "nginx", "-p", folder().c_str(), "-c", file.c_str(), "-e", "stderr", nullptr);
            }
            ::_exit(127);
        }
        for (int i = 0; i < 500; ++i) {
            if (loopback_socket(port_).connects()) return;
            if (::waitpid(child_, nullptr, WNOHANG) != 0) break;
            ::usleep(10'000);
        }
        throw std::runtime_error("nginx did not start (Debian package nginx-light)");
    }

    /// A file below `folder()`.
    void write(const std::string& name, std::string_view content) const {
        std::ofstream file(folder() + "/" + name, std::ios::binary);
        file << content;
        if (!file.flush()) throw std::runtime_error("nginx: cannot write " + name);
    }

    [[nodiscard]] const std::string& folder() const noexcept { return folder_.path(); }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    [[nodiscard]] std::string configuration(std::string_view locations) const {
        std::string text = "daemon off; master_process off; pid nginx.pid; error_log stderr crit;\n"
                           "events { worker_connections 1024; }\n"
                           "http {\n access_log off; server_tokens off; default_type application/octet-stream;\n"
                           " sendfile on; tcp_nodelay on; keepalive_timeout 1h; keepalive_requests 1000000000;\n"
                           " client_max_body_size 0; client_body_buffer_size 16m; proxy_max_temp_file_size 0;\n";
        for (const std::string_view path : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
            text += " " + std::string(path) + "_temp_path temp_" + std::string(path) + ";\n";
        }
        text += " server {\n listen 127.0.0.1:" + std::to_string(port_) + " backlog=1024;\n root " + folder() + ";\n";
        text += locations;
        return text + "\n }\n}\n";
    }

    temporary_folder folder_ = {};
    std::uint16_t port_;
    pid_t child_ = -1;
};

}  // namespace blobshift::testing

#endif
