// SPDX-License-Identifier: MIT
//
// What the owner of a file store may choose.
//
// Row: backends (standard library only).   Tests: tests/backends/file_store.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_STORE_OPTIONS_HPP
#define BLOBSHIFT_BACKENDS_FILE_STORE_OPTIONS_HPP

#include <cstddef>  // size_t

namespace blobshift::inline v1 {

/// What survives a power cut once a call has returned.
enum class durability : unsigned char {
    none,  ///< Whatever the system had written by then. A crash of the process alone loses nothing.
    data,  ///< If a name survives, so do its bytes and attributes: each file is synced before it gets its name.
    full,  ///< All of it: the directories of the name are synced, too, and those of a name that was removed.
};

/// How a blob is copied inside a store.
enum class copy_method : unsigned char {
    automatic,  ///< The first of the next three that the file system can.
    hard_link,  ///< O(1): a second name of the same file; else errc::unsupported.
    reflink,    ///< O(1): a new file that shares its blocks (btrfs, xfs); else errc::unsupported.
    byte_copy,  ///< A file of its own, copied inside the kernel where that is possible.
};

struct file_store_options {
    durability durable = durability::full;
    copy_method copying = copy_method::automatic;
    bool create = false;           ///< Make the root if it is missing (not the directories above it).
    std::size_t page_size = 5000;  ///< Most entries of a page of a listing. At least 1.
    unsigned file_mode = 0600;     ///< Of new files, exactly so under every umask.
    unsigned folder_mode = 0700;   ///< Of new directories.
};

}  // namespace blobshift::inline v1

#endif
