// SPDX-License-Identifier: MIT
//
// What programs do with stores, whole: upload, download, read_all, list_all, exists, copy_between.
//
// Row: store (core).   Tests: tests/store/ops.test.cpp

#ifndef BLOBSHIFT_STORE_OPS_HPP
#define BLOBSHIFT_STORE_OPS_HPP

#include <algorithm>    // min
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <iterator>     // make_move_iterator
#include <utility>      // move

#include <blobshift/store/blob_store.hpp>
#include <blobshift/store/download.hpp>
#include <blobshift/store/transfer.hpp>
#include <blobshift/store/upload.hpp>

namespace blobshift::inline v1 {

/// A blob, all of it.
struct whole_blob {
    blob_info info;
    bytes content = {};
};

/// Whether `n` is there. Only *not found* means no; every other error is one. \par Complexity  One head.
template <BlobReader S>
result<bool> exists(S& store, const context& c, const blob_name& n) {
    auto info = store.head(c, n);
    if (info) return true;
    if (info.error().code == errc::not_found) return false;
    return unexpected(std::move(info).error());
}

/// Reads one version of `n` into memory.
///
/// \param largest  The most bytes that the caller wants to hold; a larger blob is errc::invalid_argument.
/// \par Complexity  One read up to 64 KiB; two for a larger blob. Memory: the blob's size.
template <BlobReader S>
result<whole_blob> read_all(S& store, const context& c, const blob_name& n, std::uint64_t largest,
                            const condition& when = {}) {
    bytes content(static_cast<std::size_t>((std::min)(largest, std::uint64_t{1} << 16)));
    const retry_options once{.max_attempts = 1, .seed = 0};
    const detail::block_reader<S> reader(store, c, n, once);
    auto got = reader.read(0, content, when);
    if (!got) return unexpected(std::move(got).error());
    const std::uint64_t size = got->info.size_bytes;
    if (size > largest) return fail(errc::invalid_argument, "the blob is larger than the caller allows", n.text());
    content.resize(static_cast<std::size_t>(size));
    if (got->count < size) {
        auto rest = reader.read(got->count, byte_span(content).subspan(got->count), condition::if_match(got->info.tag));
        if (!rest) return unexpected(std::move(rest).error());
    }
    return whole_blob{std::move(got->info), std::move(content)};
}

/// Gives all that `q` lists as one page, in the store's order, its cursor empty.
///
/// \param at_most  The most entries that the caller wants to hold; more are errc::invalid_argument. `scan` in
///                 store/bulk.hpp has no such bound.
/// \par Complexity  One list for each page. Memory: all entries.
template <BlobReader S>
result<list_page> list_all(S& store, const context& c, list_query q, std::size_t at_most = 1'000'000) {
    list_page all;
    do {
        auto page = store.list(c, q);
        if (!page) return page;
        const auto append = [](auto& to, auto& from) {
            to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
        };
        append(all.blobs, page->blobs);
        append(all.prefixes, page->prefixes);
        if (all.blobs.size() + all.prefixes.size() > at_most) {
            return fail(errc::invalid_argument, "the listing has more entries than the caller allows");
        }
        if (!page->cursor.empty() && page->cursor == q.cursor) {
            return fail(errc::corrupt, "the store gave the same cursor twice: its listing does not advance");
        }
        q.cursor = std::move(page->cursor);
    } while (!q.cursor.empty());
    return all;
}

/// The content of a blob as a `ByteSource`, pinned to one version: if that changes, reading fails.
template <BlobReader S>
class blob_source {
public:
    /// \par Complexity  One head, and one read for each call of `read`.
    [[nodiscard]] static result<blob_source> open(S& store, const context& c, const blob_name& n) {
        auto info = store.head(c, n);
        if (!info) return unexpected(std::move(info).error());
        return blob_source(store, c, std::move(*info));
    }

    [[nodiscard]] const blob_info& info() const noexcept { return info_; }
    [[nodiscard]] std::uint64_t size_bytes() const noexcept { return info_.size_bytes; }

    result<std::size_t> read(byte_span out) {
        if (offset_ == info_.size_bytes) return std::size_t{0};
        const retry_options tries{.max_attempts = 3, .seed = info_.size_bytes};
        const detail::block_reader<S> reader(*store_, *context_, info_.name, tries);
        auto got = reader.read(offset_, out, condition::if_match(info_.tag));
        if (!got) return unexpected(std::move(got).error());
        offset_ += got->count;
        return got->count;
    }

private:
    blob_source(S& store, const context& c, blob_info info) : store_(&store), context_(&c), info_(std::move(info)) {}

    S* store_;
    const context* context_;
    blob_info info_;
    std::uint64_t offset_ = 0;
};

/// Copies one version of a blob from one store to another, through this program: bytes and attributes.
///
/// The target is read back, whatever `options.read_back` says, and its digest compared with that of the bytes on their
/// way. Inside one store, `copy` is cheaper and better.
///
/// \par Complexity  One head and the source's bytes in reads, one after the other; an upload; the read back. Memory:
/// that of the upload.
template <BlobReader From, BlobStore To>
result<transfer_report> copy_between(From& from, const blob_name& from_name, To& to, const blob_name& to_name,
                                     const context& c, const condition& when = {}, upload_options options = {}) {
    auto source = blob_source<From>::open(from, c, from_name);
    if (!source) return unexpected(std::move(source).error());
    const attributes attrs = source->info().attrs;
    options.read_back = true;
    return upload(to, c, to_name, *source, attrs, when, options);
}

}  // namespace blobshift::inline v1

#endif
