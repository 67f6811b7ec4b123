// SPDX-License-Identifier: MIT
//
// The MD5 of a blob that is uploaded in blocks: the service makes none of such a blob, and keeps the one that it is
// given.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_store.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_UPLOAD_HASH_HPP
#define BLOBSHIFT_BACKENDS_AZURE_UPLOAD_HASH_HPP

#include <cstddef>   // size_t
#include <cstdint>   // uint32_t, uint64_t
#include <map>       // map
#include <memory>    // shared_ptr
#include <mutex>     // mutex, scoped_lock
#include <optional>  // optional
#include <string>    // string
#include <vector>    // vector

#include <blobshift/core/xxh64.hpp>
#include <blobshift/detail/openssl.hpp>

namespace blobshift::inline v1::detail {

/// Hashes the blocks of uploads as they are staged. It works for blocks that come in their order, as `upload` sends
/// them; where one overtakes another or is replaced by other bytes, the blob gets no MD5 rather than a wrong one.
///
/// \par Thread-safety  All members, from any thread.
class azure_upload_hashes {
public:
    void begin(const std::string& upload) {
        const std::scoped_lock lock(guard_);
        if (running_.size() < most_uploads) running_.try_emplace(upload, std::make_shared<running>());
    }

    /// Call before the block is sent: the caller's bytes may be gone afterwards.
    void add(const std::string& upload, std::uint32_t index, byte_view content) {
        const auto found = find(upload);
        if (!found) return;
        running& r = *found;
        const std::uint64_t mark = xxh64_of(content);
        const std::scoped_lock lock(r.guard);
        if (index < r.blocks.size()) {
            r.broken = r.broken || r.blocks[index] != mark;
        } else if (index == r.blocks.size() && !r.broken) {
            r.blocks.push_back(mark);
            r.size_bytes += content.size();
            r.md5.update(content);
        } else {
            r.broken = true;
        }
    }

    /// The hash of exactly these blocks, if it is known. To be asked once.
    [[nodiscard]] std::optional<digest> finish(const std::string& upload, std::uint32_t block_count,
                                               std::uint64_t size_bytes) {
        const auto found = find(upload);
        forget(upload);
        if (!found) return std::nullopt;
        const std::scoped_lock lock(found->guard);
        if (found->broken || found->blocks.size() != block_count || found->size_bytes != size_bytes)
            return std::nullopt;
        auto value = found->md5.finish();
        if (!value) return std::nullopt;
        return *std::move(value);
    }

    void forget(const std::string& upload) {
        const std::scoped_lock lock(guard_);
        running_.erase(upload);
    }

private:
    static constexpr std::size_t most_uploads = 1024;  ///< Begun and neither committed nor abandoned; more get no MD5.

    struct running {
        std::mutex guard = {};
        openssl_hash md5 = openssl_hash(hash_algorithm::md5);
        std::vector<std::uint64_t> blocks = {};  ///< A mark of each block that was hashed.
        std::uint64_t size_bytes = 0;
        bool broken = false;
    };

    [[nodiscard]] std::shared_ptr<running> find(const std::string& upload) {
        const std::scoped_lock lock(guard_);
        const auto found = running_.find(upload);
        return found == running_.end() ? nullptr : found->second;
    }

    std::mutex guard_;
    std::map<std::string, std::shared_ptr<running>> running_;
};

}  // namespace blobshift::inline v1::detail

#endif
