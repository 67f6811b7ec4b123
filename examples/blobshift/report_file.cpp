// SPDX-License-Identifier: MIT
#include "report_file.hpp"

#include <array>
#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_code.hpp"

namespace blobshift::cli {

namespace {

/// Whether `fd` is a file that may be emptied: ordinary, ours, of one name, and empty or begun as a report.
[[nodiscard]] bool is_old_report(int fd) {
    struct ::stat s {};
    if (::fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || s.st_uid != ::geteuid() || s.st_nlink != 1) return false;
    std::array<char, report_beginning.size()> found{};
    const ::ssize_t count = ::pread(fd, found.data(), found.size(), 0);
    return count == 0 ||
           std::string_view(found.data(), count < 0 ? 0 : static_cast<std::size_t>(count)) == report_beginning;
}

}  // namespace

report_file::report_file(const std::string& path) {
    constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    file_ = file_descriptor(::open(path.c_str(), flags | O_CREAT | O_EXCL, 0600));
    if (file_) created_ = path;
    if (!file_ && errno == EEXIST) {
        file_ = file_descriptor(::open(path.c_str(), flags));
        if (!file_ || !is_old_report(file_.get()) || ::fchmod(file_.get(), 0600) != 0 ||
            ::ftruncate(file_.get(), 0) != 0) {
            throw wrong_use("the file of --report exists and is not a report of yours; name another one");
        }
    }
    if (!file_) {
        throw wrong_use("cannot create the file of --report: " + system_failure(path).error().message +
                        "; name another one");
    }
}

report_file::~report_file() {
    flush();
    if (!begun_ && !created_.empty()) ::unlink(created_.c_str());
}

void report_file::write(std::string_view line) {
    begun_ = true;
    pending_ += line;
    if (pending_.size() >= std::size_t{1} << 16) flush();
}

result<void> report_file::finish() {
    begun_ = true;
    flush();
    return outcome_;
}

void report_file::flush() {
    if (outcome_) outcome_ = write_all(file_.get(), as_bytes(pending_));
    pending_.clear();
}

}  // namespace blobshift::cli
