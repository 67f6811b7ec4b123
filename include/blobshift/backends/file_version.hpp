// SPDX-License-Identifier: MIT
//
// What a file's inode says of the blob: its version, its identity, its size, its time.
//
// Row: backends (core).   Tests: tests/backends/file_version.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_VERSION_HPP
#define BLOBSHIFT_BACKENDS_FILE_VERSION_HPP

#include <charconv>  // to_chars
#include <chrono>    // nanoseconds, floor
#include <cstdint>   // uint64_t
#include <string>    // string
#include <utility>   // move

#include <blobshift/backends/posix_files.hpp>
#include <blobshift/core/blob_info.hpp>

namespace blobshift::inline v1::detail {

inline void append_hex(std::string& text, std::uint64_t number) {
    char digits[16];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr);
}

/// The version of a file that is never changed in place: inode, time of its content, size.
///
/// Each put stamps its file with the nanosecond, so the same inode number used again later makes another version. The
/// change time has no part in it (a hard link moves it), nor has the device (it may get another number at each mount).
[[nodiscard]] inline etag version_of(const file_facts& f) {
    std::string text;
    text.reserve(3 * 17 + 1);
    append_hex(text += '"', f.inode);
    append_hex(text += '-', static_cast<std::uint64_t>(f.mtime_ns));
    append_hex(text += '-', f.size);
    return etag(std::move(text += '"'));
}

[[nodiscard]] inline bool same_version(const file_facts& a, const file_facts& b) noexcept {
    return a.device == b.device && a.inode == b.inode && a.mtime_ns == b.mtime_ns && a.size == b.size &&
           a.kind == b.kind;
}

/// All of a blob's info but its attributes.
[[nodiscard]] inline blob_info info_of(blob_name name, const file_facts& f) {
    blob_info info(std::move(name));
    info.size_bytes = f.size;
    info.tag = version_of(f);
    info.last_modified = utc_time(std::chrono::floor<std::chrono::milliseconds>(std::chrono::nanoseconds(f.mtime_ns)));
    // Equal for two hard links, and for nothing else at any time.
    append_hex(info.object_id, f.device);
    info.object_id += info.tag.text();
    return info;
}

}  // namespace blobshift::inline v1::detail

#endif
