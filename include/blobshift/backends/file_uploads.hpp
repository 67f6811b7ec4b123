// SPDX-License-Identifier: MIT
//
// Uploads in blocks: temporary files, and which parts of them have arrived.
//
// Row: backends (core, store).   Tests: tests/backends/file_uploads.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_UPLOADS_HPP
#define BLOBSHIFT_BACKENDS_FILE_UPLOADS_HPP

#include <cstdint>   // uint32_t, uint64_t
#include <iterator>  // prev
#include <map>       // map
#include <memory>    // shared_ptr
#include <mutex>     // mutex, scoped_lock
#include <string>    // string, to_string
#include <utility>   // move

#include <blobshift/backends/file_temps.hpp>
#include <blobshift/core/random.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1::detail {

/// Where the blocks of one upload stand in its file.
///
/// A block that is written over another one's bytes takes its place: the other must come again.
class block_map {
public:
    /// Block `index` is about to be written: it and those whose bytes it takes are not there any more.
    void make_room(std::uint32_t index, std::uint64_t offset, std::uint64_t length) {
        if (const auto known = blocks_.find(index); known != blocks_.end()) {
            starts_.erase(known->second.offset);
            blocks_.erase(known);
        }
        if (length == 0) return;
        auto at = starts_.lower_bound(offset);
        if (at != starts_.begin() && blocks_.at(std::prev(at)->second).end() > offset) --at;
        while (at != starts_.end() && at->first < offset + length) {
            blocks_.erase(at->second);
            at = starts_.erase(at);
        }
    }
    /// Block `index` was written.
    void add(std::uint32_t index, std::uint64_t offset, std::uint64_t length) {
        blocks_[index] = {offset, length};
        if (length > 0) starts_[offset] = index;
    }

    /// Whether blocks 0 to `count` - 1 follow each other without a gap and are `size` bytes together.
    [[nodiscard]] result<void> complete(std::uint32_t count, std::uint64_t size) const {
        std::uint64_t end = 0;
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto known = blocks_.find(i);
            if (known == blocks_.end() || known->second.offset != end) {
                return fail(errc::invalid_argument, "the upload misses block " + std::to_string(i));
            }
            end = known->second.end();
        }
        if (end != size) return fail(errc::invalid_argument, "the upload's blocks are not size_bytes together");
        return {};
    }

private:
    struct block {
        std::uint64_t offset = 0;
        std::uint64_t length = 0;
        [[nodiscard]] std::uint64_t end() const noexcept { return offset + length; }
    };
    std::map<std::uint32_t, block> blocks_ = {};          ///< By index.
    std::map<std::uint64_t, std::uint32_t> starts_ = {};  ///< Index of each block that is not empty, by its offset.
};

template <class Files>
struct file_upload {
    explicit file_upload(temp_file<Files> t) : temp(std::move(t)) {}

    std::mutex mutex = {};  ///< Held while bytes are written: the system would let only one write at a time anyway.
    temp_file<Files> temp;
    block_map blocks = {};
    bool over = false;  ///< Committed, abandoned, or beyond repair.
};

/// The uploads of one store. \par Thread-safety  All members from any thread.
template <class Files>
class file_uploads {
public:
    using upload_ptr = std::shared_ptr<file_upload<Files>>;

    [[nodiscard]] std::string add(temp_file<Files> temp) {
        auto fresh = std::make_shared<file_upload<Files>>(std::move(temp));
        const std::scoped_lock lock(mutex_);
        std::string id = hex_text(random_u64());  // of this object only: another one's is not found here
        uploads_.emplace(id, std::move(fresh));
        return id;
    }
    [[nodiscard]] result<upload_ptr> find(const std::string& id) const {
        const std::scoped_lock lock(mutex_);
        const auto found = uploads_.find(id);
        if (found == uploads_.end()) return none();
        return found->second;
    }
    void remove(const std::string& id) {
        const std::scoped_lock lock(mutex_);
        uploads_.erase(id);
    }
    [[nodiscard]] static unexpected none() {
        return fail(errc::not_found, "no such upload: it was committed, abandoned or never begun");
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, upload_ptr> uploads_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
