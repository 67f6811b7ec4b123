// SPDX-License-Identifier: MIT
//
// Content of any size into a store: one put when it is short, else in blocks, several at once, with bounded memory.
//
// Row: store (core).   Tests: tests/store/upload.test.cpp

#ifndef BLOBSHIFT_STORE_UPLOAD_HPP
#define BLOBSHIFT_STORE_UPLOAD_HPP

#include <algorithm>    // max
#include <chrono>       // seconds
#include <concepts>     // convertible_to
#include <cstddef>      // size_t
#include <cstdint>      // uint32_t, uint64_t
#include <mutex>        // mutex, scoped_lock
#include <optional>     // optional
#include <type_traits>  // remove_reference_t
#include <utility>      // move

#include <blobshift/store/attempts.hpp>
#include <blobshift/store/blob_store.hpp>
#include <blobshift/store/bulk.hpp>
#include <blobshift/store/download.hpp>
#include <blobshift/store/transfer.hpp>

namespace blobshift::inline v1 {

struct upload_options {
    std::size_t block_size = std::size_t{8} << 20;  ///< Bytes of a block; what is shorter goes in one put. At least 1.
    unsigned parallelism = 4;                       ///< Most blocks under way at once. 0 is taken as 1.
    std::optional<digest> expected = {};            ///< Of the content, by xxh64 or crc64nvme; else errc::corrupt.
    bool read_back = false;                         ///< Read what was stored and compare digests.
    retry_options blocks = {.max_attempts = 3};     ///< For a block that failed in passing; it is sent again, alone.
};

namespace detail {

/// The source, taken block by block by several threads; counted and hashed in its own order.
template <class Source>
class block_feed {
public:
    /// A part of the content; `count` is 0 behind the end.
    struct block {
        std::uint32_t index = 0;
        std::uint64_t offset = 0;
        std::size_t count = 0;
    };

    block_feed(Source& source, transfer_hash hash) : source_(&source), hash_(std::move(hash)) {
        if constexpr (requires { { source.size_bytes() } -> std::convertible_to<std::uint64_t>; }) {
            declared_ = source.size_bytes();
        }
    }

    /// Fills `room`, unless the content ends before.
    result<block> fill(byte_span room) {
        const std::scoped_lock lock(mutex_);
        block next{count_, hash_.size_bytes(), 0};
        while (!ended_ && next.count < room.size()) {
            auto got = source_->read(room.subspan(next.count));
            if (!got) return unexpected(std::move(got).error());
            if (*got > room.size() - next.count) {
                return fail(errc::invalid_argument, "the source gave more than was asked for");
            }
            ended_ = *got == 0;
            next.count += *got;
        }
        hash_.update(room.first(next.count));
        if (declared_ && (hash_.size_bytes() > *declared_ || (ended_ && hash_.size_bytes() < *declared_))) {
            return fail(errc::corrupt, "the source gave more or fewer bytes than it had declared");
        }
        if (next.count > 0) ++count_;
        return next;
    }

    // Read when no thread fills any more.
    [[nodiscard]] const std::optional<std::uint64_t>& declared() const noexcept { return declared_; }
    [[nodiscard]] std::uint32_t blocks() const noexcept { return count_; }
    [[nodiscard]] const transfer_hash& hash() const noexcept { return hash_; }

private:
    std::mutex mutex_;
    Source* source_;
    transfer_hash hash_;
    std::optional<std::uint64_t> declared_ = {};
    std::uint32_t count_ = 0;
    bool ended_ = false;
};

/// Stages the block in `first`, which is `filled`, and all that follow it, on several threads.
template <BlockStore S, class Feed>
result<void> stage_all(S& store, const context& c, const upload_session& u, Feed& feed, const block_buffer& first,
                       typename Feed::block filled, const upload_options& options) {
    first_failure failure;
    const auto stage_next = [&](byte_span room, typename Feed::block b) -> result<bool> {
        if (b.count == 0) {
            if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
            auto next = feed.fill(room);
            if (!next) return unexpected(std::move(next).error());
            if (next->count == 0) return false;
            b = *next;
        }
        attempts tries(c, options.blocks, options.blocks.seed + b.index);
        auto call = [&] { return store.stage_block(c, u, b.index, b.offset, room.first(b.count)); };
        if (auto staged = repeated(tries, call); !staged) return unexpected(std::move(staged).error());
        return true;
    };
    const unsigned workers = (std::max)(options.parallelism, 1U);
    for_each_index(workers, workers, [&](std::size_t worker) {
        try {
            const block_buffer own(worker == 0 ? 0 : options.block_size);
            const byte_span room = worker == 0 ? first.span() : own.span();
            for (typename Feed::block b = worker == 0 ? filled : typename Feed::block{}; !failure.happened(); b = {}) {
                auto staged = stage_next(room, b);
                if (!staged) failure.set(std::move(staged).error());
                if (!staged || !*staged) return;
            }
        } catch (...) {  // out of memory, or a source that throws: the others need not go on
            failure.set(make_error(errc::cancelled, "another thread of the upload failed"));
            throw;
        }
    });
    return std::move(failure).outcome();
}

/// An upload in blocks that is given up unless it was committed, within seconds even where the context allows no more.
template <BlockStore S>
class upload_guard {
public:
    upload_guard(S& store, const context& c, upload_session u)
        : store_(store), clock_(c.clock), session_(std::move(u)) {}
    upload_guard(const upload_guard&) = delete;
    upload_guard& operator=(const upload_guard&) = delete;
    ~upload_guard() {
        if (committed_) return;
        context last_words;
        last_words.clock = clock_;
        // Where even that fails, what is left is no blob, and the store's own sweeping finds it.
        (void)store_.abandon_upload(last_words.with_timeout(std::chrono::seconds(5)), session_);
    }

    [[nodiscard]] const upload_session& session() const noexcept { return session_; }
    void committed() noexcept { committed_ = true; }

private:
    S& store_;
    const time_source* clock_;
    upload_session session_;
    bool committed_ = false;
};

template <BlockStore S, class Feed>
result<blob_info> put_blocks(S& store, const context& c, const blob_name& n, Feed& feed, const block_buffer& first,
                             typename Feed::block filled, const attributes& attrs, const condition& when,
                             const upload_options& options) {
    auto u = store.begin_upload(c, n);
    if (!u) return unexpected(std::move(u).error());
    upload_guard<S> guard(store, c, std::move(*u));
    if (auto staged = stage_all(store, c, guard.session(), feed, first, filled, options); !staged) {
        return unexpected(std::move(staged).error());
    }
    if (auto same = feed.hash().agree(options.expected); !same) return unexpected(std::move(same).error());
    auto stored = store.commit_upload(c, guard.session(), feed.blocks(), feed.hash().size_bytes(), attrs, when);
    if (stored) guard.committed();
    return stored;
}

/// Reads the version `stored` and compares it with what was sent: errc::corrupt when it differs.
template <BlobReader S>
result<void> compare_stored(S& store, const context& c, const blob_info& stored, const transfer_hash& sent,
                            const upload_options& options) {
    const download_options reading{.block_size = options.block_size,
                                   .parallelism = options.parallelism,
                                   .when = condition::if_match(stored.tag),
                                   .expected = sent.value(),
                                   .blocks = options.blocks};
    auto read = download(store, c, stored.name, callable_sink([](byte_view) -> result<void> { return {}; }), reading);
    if (!read) return unexpected(std::move(read).error());
    return {};
}

/// Looks for what an upload whose answer was lost may have stored. \return its info; `lost` when it is not there.
template <BlobReader S>
result<blob_info> look_again(S& store, const context& c, const blob_name& n, const transfer_hash& sent,
                             const attributes& attrs, const upload_options& options, error lost) {
    auto there = store.head(c, n);
    if (there && there->size_bytes == sent.size_bytes() && there->attrs == attrs &&
        compare_stored(store, c, *there, sent, options)) {
        return there;
    }
    return unexpected(std::move(lost));
}

}  // namespace detail

/// Stores all that `source` gives as `n`, with `attrs`, under the condition `when`: all of it or nothing.
///
/// Content shorter than `block_size` goes in one put, other content in blocks, for which the store must be a
/// `BlockStore` (an `any_store`: hold one), else errc::unsupported. A failed block is sent again; the put and the
/// commit, which are the caller's to repeat, are not. When the answer to one of them is lost, the blob is read and
/// compared: the same bytes and attributes are success, anything else leaves the error with effect indeterminate.
///
/// A source that gives more or fewer bytes than it declared is errc::corrupt, as is a digest other than `expected`:
/// nothing is stored. A blob that reads back differently is errc::corrupt with effect applied.
///
/// \par Complexity  One put; or one call for each block and two more. Memory: block_size x parallelism bytes, and less
/// for a source that declares less. `read_back` adds a download.
/// \par Exceptions  std::bad_alloc, and what the source throws.
template <BlobStore S, class Source>
    requires ByteSource<std::remove_reference_t<Source>>
result<transfer_report> upload(S& store, const context& c, const blob_name& n, Source&& source,
                               const attributes& attrs = {}, const condition& when = {},
                               const upload_options& options = {}) {
    auto hash = detail::transfer_hash::make(options.expected);
    if (!hash) return unexpected(std::move(hash).error());
    upload_options o = options;
    o.block_size = (std::max)(o.block_size, std::size_t{1});
    detail::block_feed<std::remove_reference_t<Source>> feed(source, *std::move(hash));
    const bool fits = feed.declared() && *feed.declared() < o.block_size;
    const detail::block_buffer first(fits ? static_cast<std::size_t>(*feed.declared()) + 1 : o.block_size);
    const auto filled = feed.fill(first.span());
    if (!filled) return unexpected(filled.error());

    auto stored = [&]() -> result<blob_info> {
        if (filled->count < first.span().size()) {
            if (auto same = feed.hash().agree(options.expected); !same) return unexpected(std::move(same).error());
            return store.put(c, n, first.span().first(filled->count), attrs, when);
        }
        if constexpr (BlockStore<S>) {
            if (native_capabilities(store).blocks) {
                return detail::put_blocks(store, c, n, feed, first, *filled, attrs, when, o);
            }
        }
        return fail(errc::unsupported,
                    "this store takes no uploads in blocks: choose a block size above the size of the content",
                    n.text());
    }();

    if (!stored && stored.error().done != effect::none) {
        stored = detail::look_again(store, c, n, feed.hash(), attrs, o, std::move(stored).error());
    } else if (stored && o.read_back) {
        if (auto same = detail::compare_stored(store, c, *stored, feed.hash(), o); !same) {
            stored = unexpected(std::move(same).error());
            stored.error().done = effect::applied;
        }
    }
    if (!stored) return unexpected(std::move(stored).error());
    return transfer_report{std::move(*stored), feed.hash().size_bytes(), feed.hash().value()};
}

}  // namespace blobshift::inline v1

#endif
