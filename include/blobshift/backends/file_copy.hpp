// SPDX-License-Identifier: MIT
//
// The bytes of one open file into another, the cheapest way that the file system has.
//
// Row: backends (core).   Tests: tests/backends/file_copy.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_COPY_HPP
#define BLOBSHIFT_BACKENDS_FILE_COPY_HPP

#include <algorithm>  // min
#include <cerrno>     // EXDEV ...
#include <cstddef>    // byte, size_t
#include <cstdint>    // int64_t, uint64_t
#include <span>       // span
#include <vector>     // vector

#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_store_options.hpp>
#include <blobshift/backends/file_temps.hpp>
#include <blobshift/core/context.hpp>

namespace blobshift::inline v1::detail {

/// Fills `to`, which is empty, with the `size` bytes of the open file `from`.
///
/// \return errc::corrupt if `from` turns out shorter: somebody changes it.
template <class Files>
[[nodiscard]] result<void> copy_content(const context& c, const Files& files, int from, temp_file<Files>& to,
                                        std::uint64_t size, copy_method method) {
    if (method == copy_method::automatic || method == copy_method::reflink) {
        const int cloned = files.clone(from, to.fd());
        if (cloned >= 0) return {};
        if (method == copy_method::reflink) {
            error e = file_error(cloned, "this file system cannot share the blocks of two files");
            e.code = errc::unsupported;
            return unexpected(std::move(e));
        }
    }
    constexpr std::size_t piece = std::size_t{8} << 20;
    bool in_kernel = true;
    std::vector<std::byte> buffer;
    for (std::uint64_t done = 0; done < size;) {
        if (auto go = c.proceed(); !go) return go;
        const std::size_t wanted = static_cast<std::size_t>((std::min)(size - done, std::uint64_t{piece}));
        if (in_kernel) {
            const std::int64_t moved = files.copy_range(from, to.fd(), done, wanted);
            // Old kernels and some file systems refuse, or say 0 where there is more: then by hand, and for good.
            if (moved > 0)
                done += static_cast<std::uint64_t>(moved);
            else if (moved == -EIO || moved == -ENOSPC || moved == -EDQUOT) {
                return file_failure(static_cast<int>(moved), "cannot copy the blob");
            } else
                in_kernel = false;
            continue;
        }
        buffer.resize((std::min)(piece / 8, wanted));
        const std::int64_t got = files.read_at(from, buffer, done);
        if (got < 0) return file_failure(static_cast<int>(got), "cannot read the blob");
        if (got == 0) return fail(errc::corrupt, "the blob's file became shorter while it was copied");
        const std::span<const std::byte> part(buffer.data(), static_cast<std::size_t>(got));
        if (auto all = to.write(c, part, done); !all) return all;
        done += part.size();
    }
    return {};
}

}  // namespace blobshift::inline v1::detail

#endif
