// SPDX-License-Identifier: MIT
//
// What uploads and downloads share: where content comes from, where it goes to, and what is reported of it.
//
// Row: store (core).   Tests: tests/store/upload.test.cpp, tests/store/download.test.cpp

#ifndef BLOBSHIFT_STORE_TRANSFER_HPP
#define BLOBSHIFT_STORE_TRANSFER_HPP

#include <algorithm>    // copy_n, min
#include <atomic>       // atomic
#include <concepts>     // same_as
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <memory>       // make_unique_for_overwrite
#include <mutex>        // mutex, scoped_lock
#include <optional>     // optional
#include <utility>      // move

#include <blobshift/core/blob_info.hpp>
#include <blobshift/core/bytes.hpp>
#include <blobshift/core/crc64_nvme.hpp>
#include <blobshift/core/digest.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/core/xxh64.hpp>

namespace blobshift::inline v1 {

/// Gives content from its beginning to its end: `t.read(out)` fills the front of `out`, which is never empty, and
/// returns how many bytes it gave; 0 = the end.
///
/// A source that knows how much it will give may say so: `t.size_bytes()` as `std::uint64_t`. It is then held to it.
/// One call at a time, perhaps from different threads.
template <class T>
concept ByteSource = requires(T& t, byte_span out) {
    { t.read(out) } -> std::same_as<result<std::size_t>>;
};

/// Takes content from its beginning to its end: `t.write(part)`. One call at a time, perhaps from different threads.
///
/// A sink with `t.abandon()` is told so when what it was given is not, or not all of, the blob.
template <class T>
concept ByteSink = requires(T& t, byte_view part) {
    { t.write(part) } -> std::same_as<result<void>>;
};

/// Gives the bytes of a view, which it does not own.
class memory_source {
public:
    explicit memory_source(byte_view content) noexcept : rest_(content), size_(content.size()) {}

    [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_; }
    result<std::size_t> read(byte_span out) {
        const std::size_t count = (std::min)(out.size(), rest_.size());
        std::copy_n(rest_.begin(), count, out.begin());
        rest_ = rest_.subspan(count);
        return count;
    }

private:
    byte_view rest_;
    std::uint64_t size_;
};

/// Keeps everything; empty again after a download that failed.
class memory_sink {
public:
    result<void> write(byte_view part) {
        content_.insert(content_.end(), part.begin(), part.end());
        return {};
    }
    void abandon() noexcept { content_.clear(); }

    [[nodiscard]] const bytes& content() const& noexcept { return content_; }
    [[nodiscard]] bytes content() && noexcept { return std::move(content_); }

private:
    bytes content_;
};

/// A source made of a function `result<std::size_t>(byte_span)`.
template <class F>
struct callable_source {
    explicit callable_source(F f) : read(std::move(f)) {}
    F read;
};

/// A sink made of a function `result<void>(byte_view)`.
template <class F>
struct callable_sink {
    explicit callable_sink(F f) : write(std::move(f)) {}
    F write;
};

/// What a transfer did.
struct transfer_report {
    blob_info info;                ///< Of the version that was written or read.
    std::uint64_t size_bytes = 0;  ///< That went through the source or sink.
    digest content = {};           ///< Of those bytes, computed on the way; by the algorithm of `expected`, else xxh64.
};

namespace detail {

/// The digest of a transfer, and the count of its bytes.
class transfer_hash {
public:
    /// errc::unsupported for an algorithm that is not in core.
    [[nodiscard]] static result<transfer_hash> make(const std::optional<digest>& expected) {
        const hash_algorithm algorithm = expected ? expected->algorithm : hash_algorithm::xxh64;
        if (algorithm != hash_algorithm::xxh64 && algorithm != hash_algorithm::crc64_nvme) {
            return fail(errc::unsupported, "a transfer can be held to a digest by xxh64 or crc64nvme only");
        }
        return transfer_hash(algorithm);
    }

    void update(byte_view part) noexcept {
        size_ += part.size();
        if (algorithm_ == hash_algorithm::xxh64) xxh64_.update(part);
        else crc64_.update(part);
    }
    [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_; }
    [[nodiscard]] digest value() const {
        return make_digest(algorithm_, algorithm_ == hash_algorithm::xxh64 ? xxh64_.value() : crc64_.value());
    }
    [[nodiscard]] result<void> agree(const std::optional<digest>& expected) const {
        if (!expected || *expected == value()) return {};
        return fail(errc::corrupt, "the content does not have the expected digest");
    }

private:
    explicit transfer_hash(hash_algorithm algorithm) noexcept : algorithm_(algorithm) {}

    hash_algorithm algorithm_;
    xxh64 xxh64_{};
    crc64_nvme crc64_{};
    std::uint64_t size_ = 0;
};

/// Memory for one block. Not cleared: what is not used is not touched.
class block_buffer {
public:
    explicit block_buffer(std::size_t size) : room_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}

    [[nodiscard]] byte_span span() const noexcept { return {room_.get(), size_}; }

private:
    std::unique_ptr<std::byte[]> room_;
    std::size_t size_;
};

/// The first failure among several threads that work on one transfer.
class first_failure {
public:
    void set(error e) {
        const std::scoped_lock lock(mutex_);
        if (!error_) error_ = std::move(e);
        happened_ = true;
    }
    [[nodiscard]] bool happened() const noexcept { return happened_; }
    [[nodiscard]] result<void> outcome() && {
        if (error_) return unexpected(*std::move(error_));
        return {};
    }

private:
    std::mutex mutex_;
    std::optional<error> error_;
    std::atomic<bool> happened_ = false;
};

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
