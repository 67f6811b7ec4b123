// SPDX-License-Identifier: MIT
//
// A blob of any size out of a store: in blocks, several at once, with bounded memory, from one version.
//
// Row: store (core).   Tests: tests/store/download.test.cpp

#ifndef BLOBSHIFT_STORE_DOWNLOAD_HPP
#define BLOBSHIFT_STORE_DOWNLOAD_HPP

#include <algorithm>           // max, min
#include <atomic>              // atomic
#include <condition_variable>  // condition_variable
#include <cstddef>             // size_t
#include <cstdint>             // uint64_t
#include <mutex>               // mutex, unique_lock
#include <optional>            // optional
#include <type_traits>         // remove_reference_t
#include <utility>             // move

#include <blobshift/store/attempts.hpp>
#include <blobshift/store/blob_store.hpp>
#include <blobshift/store/bulk.hpp>
#include <blobshift/store/transfer.hpp>

namespace blobshift::inline v1 {

struct download_options {
    std::size_t block_size = std::size_t{8} << 20;  ///< Bytes of one read. At least 1.
    unsigned parallelism = 4;                       ///< Most reads at once. 0 is taken as 1.
    condition when = {};                            ///< `always`, or `if_match`: only this version.
    std::optional<digest> expected = {};            ///< Of the content, by xxh64 or crc64nvme; else errc::corrupt.
    retry_options blocks = {.max_attempts = 3};     ///< For a block that failed in passing; it is read again, alone.
};

namespace detail {

/// Reads blocks of one version of a blob, and says whether the store kept its word about them.
template <BlobReader S>
class block_reader {
public:
    block_reader(S& store, const context& c, const blob_name& n, const retry_options& options)
        : store_(&store), context_(&c), name_(&n), options_(&options) {}

    /// As many bytes as blob and `out` have from `offset` on.
    result<read_result> read(std::uint64_t offset, byte_span out, const condition& when) const {
        attempts tries(*context_, *options_, options_->seed + offset);
        auto call = [&]() -> result<read_result> {
            if (auto go = context_->proceed(); !go) return unexpected(std::move(go).error());
            return store_->read(*context_, *name_, read_range::part(offset, out.size()), out, when);
        };
        auto got = repeated(tries, call);
        if (!got) return got;
        const std::uint64_t left = got->info.size_bytes - (std::min)(got->info.size_bytes, offset);
        if (got->offset != offset || got->count != (std::min)(left, std::uint64_t{out.size()})) {
            return fail(errc::corrupt, "the store gave other bytes than were asked for", name_->text());
        }
        return got;
    }

private:
    S* store_;
    const context* context_;
    const blob_name* name_;
    const retry_options* options_;
};

/// Lets several threads hand over their parts in order. A failure lets all of them go.
class in_order {
public:
    /// Calls `work()` once all parts before `index` were handed over; false: there was a failure before that.
    template <class Work>
    bool when_it_is(std::uint64_t index, Work work) {
        std::unique_lock lock(mutex_);
        moved_.wait(lock, [&] { return failed_ || next_ == index; });
        if (failed_) return false;
        work();
        ++next_;
        moved_.notify_all();
        return true;
    }
    void give_up() noexcept {
        const std::scoped_lock lock(mutex_);
        failed_ = true;
        moved_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable moved_;
    std::uint64_t next_ = 0;
    bool failed_ = false;
};

/// Reads the version `info` from `first_offset` to its end on several threads and gives it to `take`, in order.
template <BlobReader S, class Take>
result<void> read_rest(const block_reader<S>& reader, const blob_info& info, std::uint64_t first_offset,
                       const download_options& options, Take take) {
    const std::uint64_t size = info.size_bytes;
    const std::size_t block_size = (std::max)(options.block_size, std::size_t{1});
    const std::uint64_t blocks = size <= first_offset ? 0 : (size - first_offset - 1) / block_size + 1;
    const condition same_version = condition::if_match(info.tag);
    std::atomic<std::uint64_t> next = 0;
    first_failure failure;
    in_order order;
    const auto give_up = [&](error e) {
        failure.set(std::move(e));
        order.give_up();
    };
    const std::uint64_t wanted = (std::max)(options.parallelism, 1U);
    const auto workers = static_cast<unsigned>((std::min)(blocks, wanted));
    for_each_index(workers, workers, [&](std::size_t /*worker*/) {
        try {
            const block_buffer buffer(static_cast<std::size_t>((std::min)(size, std::uint64_t{block_size})));
            for (std::uint64_t i = next.fetch_add(1); i < blocks && !failure.happened(); i = next.fetch_add(1)) {
                const std::uint64_t offset = first_offset + i * block_size;
                const auto count = static_cast<std::size_t>((std::min)(size - offset, std::uint64_t{block_size}));
                const byte_span part = buffer.span().first(count);
                if (auto got = reader.read(offset, part, same_version); !got) return give_up(std::move(got).error());
                result<void> taken;
                if (!order.when_it_is(i, [&] { taken = take(part); })) return;
                if (!taken) return give_up(std::move(taken).error());
            }
        } catch (...) {  // out of memory, or a sink that throws: the others must not wait for this thread's turn
            order.give_up();
            throw;
        }
    });
    return std::move(failure).outcome();
}

template <class Sink>
void abandon(Sink& sink) {
    if constexpr (requires { sink.abandon(); }) sink.abandon();
}

}  // namespace detail

/// Reads all of one version of `n` and writes it to `sink`, in order.
///
/// The first block is read alone and tells size and version; the others are read `parallelism` at a time and pinned to
/// that version. If the blob changes meanwhile the download fails with errc::condition_failed: bytes of two versions
/// are never mixed. After any failure, a digest that differs included (errc::corrupt), the sink's `abandon` is called.
///
/// \par Complexity  One read for each block. Memory: block_size x parallelism bytes, and less for a smaller blob.
/// \par Exceptions  std::bad_alloc, and what the sink throws.
template <BlobReader S, class Sink>
    requires ByteSink<std::remove_reference_t<Sink>>
result<transfer_report> download(S& store, const context& c, const blob_name& n, Sink&& sink,
                                 const download_options& options = {}) {
    const auto run = [&]() -> result<transfer_report> {
        auto hash = detail::transfer_hash::make(options.expected);
        if (!hash) return unexpected(std::move(hash).error());
        const auto take = [&](byte_view part) -> result<void> {
            if (part.empty()) return {};
            hash->update(part);
            return sink.write(part);
        };
        const detail::block_reader<S> reader(store, c, n, options.blocks);
        auto first = [&]() -> result<read_result> {
            const detail::block_buffer buffer((std::max)(options.block_size, std::size_t{1}));
            auto got = reader.read(0, buffer.span(), options.when);
            if (!got) return got;
            if (auto taken = take(buffer.span().first(got->count)); !taken) return unexpected(std::move(taken).error());
            return got;
        }();
        if (!first) return unexpected(std::move(first).error());
        if (auto rest = detail::read_rest(reader, first->info, first->count, options, take); !rest) {
            return unexpected(std::move(rest).error());
        }
        if (auto same = hash->agree(options.expected); !same) return unexpected(std::move(same).error());
        return transfer_report{std::move(first->info), hash->size_bytes(), hash->value()};
    };
    auto report = run();
    if (!report) detail::abandon(sink);
    return report;
}

}  // namespace blobshift::inline v1

#endif
