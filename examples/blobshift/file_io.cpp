// SPDX-License-Identifier: MIT
#include "file_io.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_code.hpp"

namespace blobshift::cli {

int file_descriptor::close() noexcept {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0 || errno == EINTR ? 0 : -1;
}

void open_closed_streams() noexcept {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        // The lowest free descriptor is the one that is given.
        if (::open("/dev/null", O_WRONLY) != fd) ::_exit(static_cast<int>(exit_code::wrong_use));
    }
}

unexpected system_failure(const std::string& path) {
    const int code = errno;
    const errc kind = code == ENOENT || code == ENOTDIR  ? errc::not_found
                      : code == EACCES || code == EPERM  ? errc::permission_denied
                      : code == ENOSPC || code == EDQUOT ? errc::no_space
                                                         : errc::io_error;
    error e = make_error(kind, std::strerror(code), path);
    e.system_code = code;
    return unexpected(std::move(e));
}

result<void> write_all(int fd, byte_view content) {
    while (!content.empty()) {
        const ::ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure({});
        content = content.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

result<std::size_t> read_some(int fd, byte_span out) {
    for (;;) {
        const ::ssize_t count = ::read(fd, out.data(), out.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return system_failure({});
    }
}

result<std::size_t> stdin_source::read(byte_span out) { return read_some(STDIN_FILENO, out); }

result<file_source> file_source::open(const std::string& path) {
    file_source source;
    source.file_ = file_descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct ::stat s {};
    if (!source.file_ || ::fstat(source.file_.get(), &s) != 0) return system_failure(path);
    if (!S_ISREG(s.st_mode)) return fail(errc::invalid_argument, "it is no ordinary file", path);
    source.size_ = static_cast<std::uint64_t>(s.st_size);
    return source;
}

result<file_sink> file_sink::open(const std::string& path) {
    file_sink sink;
    if (path == "-") {
        sink.file_ = file_descriptor(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
        if (!sink.file_) return system_failure(path);
        return sink;
    }
    sink.path_ = path;
    struct ::stat s {};
    if (::stat(path.c_str(), &s) == 0) {
        if (S_ISDIR(s.st_mode)) return fail(errc::invalid_argument, "it is a directory", path);
        if (!S_ISREG(s.st_mode)) {
            sink.file_ = file_descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
            if (!sink.file_) return system_failure(path);
            return sink;
        }
        // The file that a link leads to is replaced, not the link.
        const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
        if (!real) return system_failure(path);
        sink.path_ = real.get();
    }
    sink.temporary_ = sink.path_ + ".XXXXXX";
    sink.file_ = file_descriptor(::mkostemp(sink.temporary_.data(), O_CLOEXEC));
    if (!sink.file_) {
        sink.temporary_.clear();
        return system_failure(path);
    }
    return sink;
}

result<void> file_sink::write(byte_view part) { return write_all(file_.get(), part); }

result<void> file_sink::commit() {
    if (temporary_.empty()) return file_.close() == 0 ? result<void>() : system_failure(path_);
    if (::fsync(file_.get()) != 0 || file_.close() != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
        const auto failed = system_failure(path_);
        abandon();
        return failed;
    }
    temporary_.clear();
    return {};
}

void file_sink::abandon() noexcept {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    temporary_.clear();
}

}  // namespace blobshift::cli
