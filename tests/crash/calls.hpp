// SPDX-License-Identifier: MIT
//
// The system calls that a job may make, and the ways in which one of them is made to fail.

#ifndef BLOBSHIFT_TESTS_CRASH_CALLS_HPP
#define BLOBSHIFT_TESTS_CRASH_CALLS_HPP

#include <cerrno>  // EIO ...
#include <string>  // string
#include <vector>  // vector

namespace crash_test {

inline const std::vector<std::string> changing = {
    "write",  "pwrite64", "writev",          "pwritev",   "ftruncate",      "fallocate", "fsync",    "fdatasync",
    "syncfs", "rename",   "renameat",        "renameat2", "link",           "linkat",    "unlink",   "unlinkat",
    "rmdir",  "mkdir",    "mkdirat",         "fsetxattr", "utimensat",      "fchmod",    "fchmodat", "fchmodat2",
    "fcntl",  "ioctl",    "copy_file_range", "symlinkat", "sync_file_range"};
inline const std::vector<std::string> looking = {"openat", "openat2", "read",  "pread64",    "newfstatat",
                                                 "fstat",  "statx",   "lseek", "getdents64", "fgetxattr"};
inline const std::vector<std::string> harmless = {"execve",
                                                  "brk",
                                                  "mmap",
                                                  "munmap",
                                                  "mprotect",
                                                  "arch_prctl",
                                                  "access",
                                                  "futex",
                                                  "rseq",
                                                  "prlimit64",
                                                  "getrandom",
                                                  "close",
                                                  "exit_group",
                                                  "madvise",
                                                  "clock_gettime",
                                                  "set_tid_address",
                                                  "set_robust_list",
                                                  "clock_nanosleep",
                                                  "sched_getaffinity",
                                                  "sysinfo",
                                                  "mremap",
                                                  "rt_sigaction",
                                                  "rt_sigprocmask"};

struct fault_kind {
    const char* name;
    const char* how;  ///< For strace.
    int number;       ///< The errno that must be reported; 0 = the call only did less than it was asked for.
};
inline const std::vector<fault_kind> errors = {{"EIO", "error=EIO", EIO},          {"ENOSPC", "error=ENOSPC", ENOSPC},
                                               {"EDQUOT", "error=EDQUOT", EDQUOT}, {"EMFILE", "error=EMFILE", EMFILE},
                                               {"EACCES", "error=EACCES", EACCES}, {"EROFS", "error=EROFS", EROFS},
                                               {"EINTR", "error=EINTR", EINTR},    {"short", "retval=3", 0}};
inline const std::vector<fault_kind> more_errors = {{"ENOSYS", "error=ENOSYS", ENOSYS},
                                                    {"EPERM", "error=EPERM", EPERM}};

}  // namespace crash_test

#endif
