// SPDX-License-Identifier: MIT
//
// The seam for files: every call that file_store makes to the operating system, in the words that it needs.
//
// Row: backends (POSIX, with what Linux adds).   Tests: tests/backends/posix_files.test.cpp

#ifndef BLOBSHIFT_BACKENDS_POSIX_FILES_HPP
#define BLOBSHIFT_BACKENDS_POSIX_FILES_HPP

#include <cerrno>       // errno, ENOSYS ...
#include <cstddef>      // byte, offsetof, size_t
#include <cstdint>      // int64_t, uint64_t
#include <cstdio>       // RENAME_NOREPLACE
#include <cstring>      // memcpy
#include <ctime>        // clock_gettime
#include <span>         // span
#include <string_view>  // string_view

#include <dirent.h>         // dirent64
#include <fcntl.h>          // openat, fcntl
#include <linux/openat2.h>  // open_how
#include <sys/ioctl.h>      // ioctl
#include <sys/stat.h>       // fstatat
#include <sys/syscall.h>    // SYS_openat2
#include <sys/xattr.h>      // fsetxattr
#include <unistd.h>         // pread

namespace blobshift::inline v1 {

enum class file_kind : unsigned char { regular, directory, link, other };

/// What the file system says of one file.
struct file_facts {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;     ///< Bytes.
    std::int64_t mtime_ns = 0;  ///< Of its content, since 1970, UTC.
    std::uint64_t links = 0;    ///< 0 = it has no name any more.
    unsigned mode = 0;          ///< Permission bits, 07777.
    file_kind kind = file_kind::other;
};

/// What a file is opened for. None follows a symbolic link, waits for the other end of a FIFO, or survives exec.
enum class open_for : unsigned char {
    content,  ///< To read bytes and attributes.
    entries,  ///< A directory: to list it, to sync it.
    passage,  ///< A directory: only to reach what is in it; needs no permission to list it.
};

/// The operating system. Stateless; another class with these members can take its place in a test.
///
/// Members that can fail return a negative errno instead of what they promise. Interrupted calls are repeated here.
class posix_files {
public:
    /// A directory by any path, links included: only for the root, whose place is its owner's choice.
    [[nodiscard]] int open_root(const char* path) const noexcept {
        return again([&] { return ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    }
    [[nodiscard]] int make_root(const char* path, unsigned mode) const noexcept { return code(::mkdir(path, mode)); }

    /// `path` below `root`, through directories only. -ENOSYS where the kernel (before Linux 5.6) cannot promise that.
    [[nodiscard]] int open_beneath(int root, const char* path, open_for use) const noexcept {
        open_how how{};
        how.flags = static_cast<std::uint64_t>(flags_of(use) & ~O_NOFOLLOW);  // a last link is refused as others are
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
        // EAGAIN: something was renamed on the way, and the kernel could not rule out an escape.
        int fd = -EAGAIN;
        for (int tries = 0; tries < 64 && fd == -EAGAIN; ++tries) {
            fd = again([&] { return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how)); });
        }
        return fd;
    }
    /// One name in `dir`. A link gives -ELOOP or, for a directory, -ENOTDIR.
    [[nodiscard]] int open_in(int dir, const char* name, open_for use) const noexcept {
        return again([&] { return ::openat(dir, name, flags_of(use)); });
    }
    /// A file that is not there yet, to write.
    [[nodiscard]] int create_in(int dir, const char* name, unsigned mode) const noexcept {
        return again([&] { return ::openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode); });
    }
    /// The file that carries the locks, made if it is missing.
    [[nodiscard]] int open_lock_in(int dir, const char* name, unsigned mode) const noexcept {
        return again([&] { return ::openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode); });
    }
    /// Never to be repeated: the descriptor is gone whatever the answer is.
    int close(int fd) const noexcept {
        const int answer = code(::close(fd));
        return answer == -EINTR ? 0 : answer;
    }

    [[nodiscard]] int facts_of(int fd, file_facts& out) const noexcept {
        struct ::stat s;
        if (::fstat(fd, &s) != 0) return -errno;
        out = facts_from(s);
        return 0;
    }
    /// Of the name itself, not of what a link points to.
    [[nodiscard]] int facts_in(int dir, const char* name, file_facts& out) const noexcept {
        struct ::stat s;
        if (::fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
        out = facts_from(s);
        return 0;
    }

    [[nodiscard]] int make_folder(int dir, const char* name, unsigned mode) const noexcept {
        return code(::mkdirat(dir, name, mode));
    }
    [[nodiscard]] int remove_folder(int dir, const char* name) const noexcept {
        return code(::unlinkat(dir, name, AT_REMOVEDIR));
    }
    [[nodiscard]] int remove_file(int dir, const char* name) const noexcept { return code(::unlinkat(dir, name, 0)); }
    [[nodiscard]] int rename(int from_dir, const char* from, int to_dir, const char* to) const noexcept {
        return code(::renameat(from_dir, from, to_dir, to));
    }
    /// -EEXIST if `to` is taken; -EINVAL or -ENOSYS where the file system cannot promise that.
    [[nodiscard]] int rename_new(int from_dir, const char* from, int to_dir, const char* to) const noexcept {
        return code(::renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE));
    }
    /// A second name for the same file; -EEXIST if it is taken.
    [[nodiscard]] int link(int from_dir, const char* from, int to_dir, const char* to) const noexcept {
        return code(::linkat(from_dir, from, to_dir, to, 0));
    }

    /// Bytes read, 0 at the end; may be fewer than asked for.
    [[nodiscard]] std::int64_t read_at(int fd, std::span<std::byte> out, std::uint64_t offset) const noexcept {
        return again([&] { return ::pread(fd, out.data(), out.size(), static_cast<::off_t>(offset)); });
    }
    /// Bytes written; may be fewer than given.
    [[nodiscard]] std::int64_t write_at(int fd, std::span<const std::byte> in, std::uint64_t offset) const noexcept {
        return again([&] { return ::pwrite(fd, in.data(), in.size(), static_cast<::off_t>(offset)); });
    }
    [[nodiscard]] int resize(int fd, std::uint64_t size) const noexcept {
        return again([&] { return ::ftruncate(fd, static_cast<::off_t>(size)); });
    }
    /// Shares the blocks of `from` with the empty file `to`, where the file system can.
    [[nodiscard]] int clone(int from, int to) const noexcept {
        constexpr unsigned long ficlone = 0x40049409;  // FICLONE of <linux/fs.h>, whose macros nobody wants
        return code(::ioctl(to, ficlone, from));
    }
    /// Copies at most `count` bytes inside the kernel; the bytes copied, 0 at the end of `from`.
    [[nodiscard]] std::int64_t copy_range(int from, int to, std::uint64_t offset, std::size_t count) const noexcept {
        return again([&] {
            auto in = static_cast<::off64_t>(offset);
            auto out = in;
            return ::copy_file_range(from, &in, to, &out, count, 0);
        });
    }

    [[nodiscard]] int set_mode(int fd, unsigned mode) const noexcept { return code(::fchmod(fd, mode)); }
    [[nodiscard]] int set_mode_in(int dir, const char* name, unsigned mode) const noexcept {
        return code(::fchmodat(dir, name, mode, AT_SYMLINK_NOFOLLOW));
    }
    [[nodiscard]] int set_mtime(int fd, std::int64_t ns) const noexcept {
        const struct ::timespec times[2] = {
            {0, UTIME_OMIT}, {static_cast<::time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)}};
        return code(::futimens(fd, times));
    }
    [[nodiscard]] int set_attribute(int fd, const char* name, std::string_view value) const noexcept {
        return code(::fsetxattr(fd, name, value.data(), value.size(), 0));
    }
    /// The attribute's length; with an empty `out` only that. -ENODATA if there is none.
    [[nodiscard]] std::int64_t get_attribute(int fd, const char* name, std::span<char> out) const noexcept {
        const ::ssize_t length = ::fgetxattr(fd, name, out.data(), out.size());
        return length < 0 ? -errno : length;
    }
    /// Content, size, times and attributes of a file, or the entries of a directory, to the medium.
    ///
    /// A sync that failed is never tried again: the system tells once of bytes that it could not write, then drops
    /// them, and the next sync succeeds. EINTR is no such failure (POSIX, fsync(2)): a signal came before the answer,
    /// and what could not be written is still to be told of. So that one, alone, is asked again.
    [[nodiscard]] int sync(int fd) const noexcept {
        return again([&] { return ::fsync(fd); });
    }

    /// All that the file system of `fd` holds, whoever wrote it, to the medium.
    [[nodiscard]] int sync_all(int fd) const noexcept {
        return again([&] { return ::syncfs(fd); });
    }

    /// Takes byte `at` of a lock file without waiting; -EAGAIN if another open file description has it.
    ///
    /// The lock belongs to the open file description: it ends when the last process that has it closes it or dies.
    [[nodiscard]] int try_lock(int fd, std::uint64_t at) const noexcept { return lock_byte(fd, at, F_WRLCK); }
    int unlock(int fd, std::uint64_t at) const noexcept { return lock_byte(fd, at, F_UNLCK); }

    /// Some entries of a directory, as the system packs them; bytes filled, 0 at the end.
    [[nodiscard]] std::int64_t read_entries(int dir, std::span<std::byte> out) const noexcept {
        return again([&] { return ::getdents64(dir, out.data(), out.size()); });
    }

    /// Nanoseconds since 1970, UTC: finer than what the file system would stamp by itself (often 4 ms).
    [[nodiscard]] std::int64_t now_ns() const noexcept {
        struct ::timespec now {};
        ::clock_gettime(CLOCK_REALTIME, &now);
        return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    }

private:
    [[nodiscard]] static int code(int answer) noexcept { return answer < 0 ? -errno : answer; }

    template <class Call>
    [[nodiscard]] static auto again(Call call) noexcept -> decltype(call()) {
        for (;;) {
            const auto answer = call();
            if (answer >= 0) return answer;
            if (errno != EINTR) return -errno;
        }
    }

    [[nodiscard]] static int flags_of(open_for use) noexcept {
        switch (use) {
            case open_for::content: return O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
            case open_for::entries: return O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
            case open_for::passage: return O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        }
        return O_PATH | O_CLOEXEC;
    }

    [[nodiscard]] static file_facts facts_from(const struct ::stat& s) noexcept {
        file_facts f;
        f.device = s.st_dev;
        f.inode = s.st_ino;
        f.size = static_cast<std::uint64_t>(s.st_size);
        f.mtime_ns = std::int64_t{s.st_mtim.tv_sec} * 1'000'000'000 + s.st_mtim.tv_nsec;
        f.links = s.st_nlink;
        f.mode = s.st_mode & 07777U;
        if (S_ISREG(s.st_mode)) f.kind = file_kind::regular;
        if (S_ISDIR(s.st_mode)) f.kind = file_kind::directory;
        if (S_ISLNK(s.st_mode)) f.kind = file_kind::link;
        return f;
    }

    [[nodiscard]] static int lock_byte(int fd, std::uint64_t at, short type) noexcept {
        struct ::flock range {};
        range.l_type = type;
        range.l_whence = SEEK_SET;
        range.l_start = static_cast<::off_t>(at);
        range.l_len = 1;
        const int answer = again([&] { return ::fcntl(fd, F_OFD_SETLK, &range); });
        return answer == -EACCES ? -EAGAIN : answer;
    }
};

/// One entry of a directory. `kind` is a hint that some file systems leave out.
struct folder_entry {
    const char* name = "";  ///< Ends in NUL; lives as long as the buffer.
    bool kind_known = false;
    file_kind kind = file_kind::other;
};

namespace detail {

/// Hands each entry in `packed` (see `read_entries`), but `.` and `..`, to `f`, until it returns false.
///
/// \return whether `f` took them all.
template <class F>
bool unpack_entries(std::span<const std::byte> packed, F&& f) {
    while (!packed.empty()) {
        unsigned short length = 0;
        unsigned char type = 0;
        std::memcpy(&length, packed.data() + offsetof(struct ::dirent64, d_reclen), sizeof length);
        std::memcpy(&type, packed.data() + offsetof(struct ::dirent64, d_type), sizeof type);
        folder_entry entry;
        entry.name = reinterpret_cast<const char*>(packed.data() + offsetof(struct ::dirent64, d_name));
        entry.kind_known = type != DT_UNKNOWN;
        if (type == DT_REG) entry.kind = file_kind::regular;
        if (type == DT_DIR) entry.kind = file_kind::directory;
        if (type == DT_LNK) entry.kind = file_kind::link;
        const std::string_view name = entry.name;
        if (name != "." && name != ".." && !f(entry)) return false;
        packed = packed.subspan(length);
    }
    return true;
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
