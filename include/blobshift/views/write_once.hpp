// SPDX-License-Identifier: MIT
//
// A blob whose name stands for one content for ever: created, or found to hold that content already.
//
// Row: views (core, store).   Tests: tests/views/write_once.test.cpp

#ifndef BLOBSHIFT_VIEWS_WRITE_ONCE_HPP
#define BLOBSHIFT_VIEWS_WRITE_ONCE_HPP

#include <algorithm>  // equal, min
#include <chrono>     // milliseconds
#include <concepts>   // same_as
#include <cstddef>    // size_t
#include <utility>    // move

#include <blobshift/store/blob_store.hpp>
#include <blobshift/store/ops.hpp>

namespace blobshift::inline v1 {

/// A `ByteSource` that can start over: `t.rewind()`, and the next `read` gives the first byte again.
template <class T>
concept RewindableSource = ByteSource<T> && requires(T& t) {
    { t.rewind() } -> std::same_as<result<void>>;
};

/// Gives the bytes of a view, which it does not own, as often as they are asked for.
class rewindable_memory : public memory_source {
public:
    explicit rewindable_memory(byte_view content) noexcept : memory_source(content), all_(content) {}

    result<void> rewind() {
        static_cast<memory_source&>(*this) = memory_source(all_);
        return {};
    }

private:
    byte_view all_;
};

namespace detail {

/// Whether the bytes are all there: false while a store still copies them, and when it failed to.
[[nodiscard]] inline bool is_whole(const blob_info& info) noexcept {
    return info.copy == copy_state::none || info.copy == copy_state::succeeded;
}

/// Compares what is read with what `source` gives, and hashes it.
template <class Source>
class comparing_sink {
public:
    comparing_sink(Source& source, transfer_hash hash)
        : source_(source), hash_(std::move(hash)), buffer_(std::size_t{64} << 10) {}

    result<void> write(byte_view part) {
        hash_.update(part);
        while (equal_ && !part.empty()) {
            const byte_span room = buffer_.span().first((std::min)(part.size(), buffer_.span().size()));
            auto got = source_.read(room);
            if (!got) return unexpected(std::move(got).error());
            const byte_view same = room.first(*got);
            equal_ = !same.empty() && std::equal(same.begin(), same.end(), part.begin());
            part = part.subspan(*got);
        }
        return {};
    }
    /// Whether all was equal, and the source holds no more.
    [[nodiscard]] result<bool> equal() {
        if (!equal_) return false;
        auto rest = source_.read(buffer_.span());
        if (!rest) return unexpected(std::move(rest).error());
        return *rest == 0;
    }
    [[nodiscard]] const transfer_hash& hash() const noexcept { return hash_; }

private:
    Source& source_;
    transfer_hash hash_;
    block_buffer buffer_;
    bool equal_ = true;
};

/// Whether the blob `there` holds what `source` gives, and `attrs`: then what a put of them would have reported.
/// errc::already_exists when it holds something else.
template <BlobStore S, RewindableSource Source>
result<transfer_report> accept_own(S& store, const context& c, const blob_info& there, Source& source,
                                   const attributes& attrs, const upload_options& options) {
    const auto another = [&] {
        return fail(errc::already_exists, "other content is stored under this name", there.name.text());
    };
    if (there.attrs != attrs) return another();
    auto hash = transfer_hash::make(options.expected);
    if (!hash) return unexpected(std::move(hash).error());
    if (auto again = source.rewind(); !again) return unexpected(std::move(again).error());
    comparing_sink<Source> sink(source, *std::move(hash));
    auto read = download(store, c, there.name, sink,
                         {.block_size = options.block_size,
                          .parallelism = options.parallelism,
                          .when = condition::if_match(there.tag),
                          .blocks = options.blocks});
    if (!read) return read;
    auto same = sink.equal();
    if (!same) return unexpected(std::move(same).error());
    if (!*same) return another();
    if (auto agreed = sink.hash().agree(options.expected); !agreed) return unexpected(std::move(agreed).error());
    read->content = sink.hash().value();
    return read;
}

}  // namespace detail

/// Stores all that `source` gives as `n`, with `attrs`, if there is no `n`. If there is one with the same bytes and
/// attributes (an earlier attempt, or a migration that was faster), that is a success, too. Never replaces content: a
/// blob that differs is errc::already_exists.
///
/// A blob that the store still copies is waited for, some seconds at most (errc::conflict, may be repeated). One whose
/// copy failed has no content to lose and is replaced.
///
/// \return as `upload`; errc::corrupt if the source gives other bytes than `options.expected` says.
/// \par Complexity  That of `upload`; where a blob is met, one head and a download more.
template <BlobStore S, RewindableSource Source>
result<transfer_report> write_once(S& store, const context& c, const blob_name& n, Source& source,
                                   const attributes& attrs, const upload_options& options) {
    constexpr int most_looks = 6;
    condition when = condition::if_absent();
    for (int look = 1;; ++look) {
        if (auto again = source.rewind(); !again) return unexpected(std::move(again).error());
        auto stored = upload(store, c, n, source, attrs, when, options);
        if (stored) return stored;
        const errc code = stored.error().code;
        if (code != errc::already_exists && !(when.is_if_match() && code == errc::condition_failed)) return stored;

        auto there = store.head(c, n);
        when = condition::if_absent();  // unless its copy has failed; it may also go away while it is looked at
        if (there && detail::is_whole(*there)) {
            auto own = detail::accept_own(store, c, *there, source, attrs, options);
            if (own || own.error().code != errc::not_found) return own;
        } else if (there && there->copy != copy_state::pending) {
            when = condition::if_match(there->tag);
        } else if (!there && there.error().code != errc::not_found) {
            return unexpected(std::move(there).error());
        }
        if (look == most_looks) {
            error e = make_error(errc::conflict, "the blob under this name does not come to rest", n.text());
            e.again = retry_hint::wait;
            return unexpected(std::move(e));
        }
        if (!when.is_if_match()) {
            if (auto waited = c.pause(std::chrono::milliseconds(50) * (1 << look)); !waited) {
                return unexpected(std::move(waited).error());
            }
        }
    }
}

}  // namespace blobshift::inline v1

#endif
