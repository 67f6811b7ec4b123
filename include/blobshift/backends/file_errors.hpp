// SPDX-License-Identifier: MIT
//
// What a refusal of the operating system means to the caller of a store.
//
// Row: backends (core).   Tests: tests/backends/file_errors.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_ERRORS_HPP
#define BLOBSHIFT_BACKENDS_FILE_ERRORS_HPP

#include <cerrno>       // EACCES ...
#include <string>       // string, to_string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/result.hpp>

namespace blobshift::inline v1::detail {

struct file_error_row {
    errc code = errc::io_error;
    const char* text = "";
};

/// `number` is a positive errno.
[[nodiscard]] inline file_error_row explain_errno(int number) noexcept {
    switch (number) {
        case ENOENT: return {errc::not_found, "there is no such file or directory"};
        case EEXIST: return {errc::already_exists, "the name is taken"};
        case EACCES:
        case EPERM: return {errc::permission_denied, "the permissions of the file or directory forbid it"};
        case EROFS: return {errc::permission_denied, "the file system is read-only"};
        case ENOSPC: return {errc::no_space, "the file system is full"};
        case EDQUOT: return {errc::no_space, "the disk quota is used up"};
        case EFBIG: return {errc::no_space, "the file would be longer than the system allows"};
        case EMFILE: return {errc::no_space, "this process has too many open files (see ulimit -n)"};
        case ENFILE: return {errc::no_space, "the system has too many open files"};
        case ENOMEM: return {errc::no_space, "the system is short of memory"};
        case EMLINK: return {errc::no_space, "the file or directory has too many links"};
        case ENOLCK: return {errc::no_space, "the system has no more file locks"};
        case ENAMETOOLONG: return {errc::invalid_argument, "a part of the name is longer than the file system allows"};
        case ENOTDIR: return {errc::conflict, "a part of the name before a '/' is not a directory"};
        case EISDIR:
        case ENOTEMPTY: return {errc::conflict, "a directory that is not empty has this name"};
        case ELOOP: return {errc::conflict, "a symbolic link is in the way, and none is followed"};
        case EXDEV: return {errc::unsupported, "it would cross file systems"};
        case ENOSYS:
        case EINVAL:
        case EOPNOTSUPP: return {errc::unsupported, "the file system or the kernel cannot do that"};
        case EAGAIN:
        case EBUSY:
        case ETXTBSY: return {errc::unavailable, "the file is in use"};
        case ESTALE: return {errc::io_error, "the file system was mounted anew, or its server lost the file"};
        case EIO: return {errc::io_error, "the device or the file system failed"};
        default: return {errc::io_error, "the operating system refused"};
    }
}

/// The error for `answer`, a negative errno, that came while `doing` (e.g. "cannot write the blob").
[[nodiscard]] inline error file_error(int answer, std::string_view doing, std::string_view subject = {}) {
    const file_error_row row = explain_errno(-answer);
    std::string message(doing);
    message += ": ";
    message += row.text;
    if (row.code == errc::io_error) message += " (errno " + std::to_string(-answer) + ")";
    error e = make_error(row.code, std::move(message), subject);
    e.system_code = -answer;
    if (row.code == errc::unavailable) e.again = retry_hint::wait;
    return e;
}

[[nodiscard]] inline unexpected file_failure(int answer, std::string_view doing, std::string_view subject = {}) {
    return unexpected(file_error(answer, doing, subject));
}

/// The same for a call that changes a name. A device that fails leaves open whether it did.
[[nodiscard]] inline unexpected name_failure(int answer, std::string_view doing, std::string_view subject = {}) {
    error e = file_error(answer, doing, subject);
    if (e.code == errc::io_error) e.done = effect::indeterminate;
    return unexpected(std::move(e));
}

/// The effect stands, but whether it outlives a power cut is not known: a sync failed, and is never tried again, for
/// the system may have dropped what it could not write.
[[nodiscard]] inline error unsynced(int answer, std::string_view subject = {}) {
    error e = file_error(answer, "done, but cannot be made durable", subject);
    e.done = effect::applied;
    return e;
}

}  // namespace blobshift::inline v1::detail

#endif
