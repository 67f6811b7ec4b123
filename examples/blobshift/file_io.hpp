// SPDX-License-Identifier: MIT
//
// Files outside of any store, as sources and sinks: what is put, where a blob is written to.

#ifndef BLOBSHIFT_CLI_FILE_IO_HPP
#define BLOBSHIFT_CLI_FILE_IO_HPP

#include <cstddef>  // size_t
#include <cstdint>  // uint64_t
#include <string>   // string
#include <utility>  // exchange

#include <blobshift/core/bytes.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::cli {

/// An open file descriptor, or none.
class file_descriptor {
public:
    file_descriptor() = default;
    explicit file_descriptor(int fd) noexcept : fd_(fd) {}
    file_descriptor(file_descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    file_descriptor& operator=(file_descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~file_descriptor() { (void)close(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    /// Some file systems tell only now that they could not write. \return 0 or -1 with errno.
    int close() noexcept;

private:
    int fd_ = -1;
};

/// Opens what the caller has closed of stdin, stdout and stderr: else the first file that is opened would be taken for
/// it, and messages be written into a report or a blob. What is written goes nowhere; reading is an error, for nothing
/// must not be stored as an empty blob. Call it before anything is opened; ends the program when it cannot be done.
void open_closed_streams() noexcept;

/// errc::io_error and friends for the present `errno`. The path is its subject.
[[nodiscard]] unexpected system_failure(const std::string& path);

/// Writes all of `content`, however many calls that takes.
[[nodiscard]] result<void> write_all(int fd, byte_view content);

/// Reads at most `out.size()` bytes; 0 = the end.
[[nodiscard]] result<std::size_t> read_some(int fd, byte_span out);

/// A `ByteSource`: what stdin gives.
class stdin_source {
public:
    result<std::size_t> read(byte_span out);
};

/// A `ByteSource`: an ordinary file, all of it, in the length that it had when it was opened.
class file_source {
public:
    /// \return errc::invalid_argument for what is no ordinary file.
    [[nodiscard]] static result<file_source> open(const std::string& path);

    [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_; }
    result<std::size_t> read(byte_span out) { return read_some(file_.get(), out); }

private:
    file_descriptor file_;
    std::uint64_t size_ = 0;
};

/// A `ByteSink` that is the whole new file or does not touch the old one: bytes go to a file beside it (mode 0600),
/// which `commit` renames. A terminal, pipe or device is written to as it is.
class file_sink {
public:
    /// \param path  "-" is stdout.
    [[nodiscard]] static result<file_sink> open(const std::string& path);
    file_sink(file_sink&& other) noexcept = default;
    file_sink& operator=(file_sink&&) = delete;
    ~file_sink() { abandon(); }

    result<void> write(byte_view part);
    [[nodiscard]] result<void> commit();
    void abandon() noexcept;

private:
    file_sink() = default;

    file_descriptor file_;
    std::string path_;
    std::string temporary_;  ///< Empty: there is none, or it is renamed or removed.
};

}  // namespace blobshift::cli

#endif
