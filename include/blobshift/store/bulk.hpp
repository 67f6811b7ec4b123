// SPDX-License-Identifier: MIT
//
// Many operations with few words: scans, copies and removals over any store, by its own means or by a bounded pool.
//
// Row: store (core).   Tests: tests/store/bulk.test.cpp

#ifndef BLOBSHIFT_STORE_BULK_HPP
#define BLOBSHIFT_STORE_BULK_HPP

#include <algorithm>     // min, max
#include <atomic>        // atomic
#include <cstddef>       // size_t
#include <exception>     // exception_ptr
#include <mutex>         // mutex, scoped_lock
#include <span>          // span
#include <system_error>  // system_error
#include <thread>        // jthread
#include <utility>       // move
#include <vector>        // vector

#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1 {

namespace detail {

/// Calls `work(i)` for each i below `count` on up to `threads` threads, the caller's included.
///
/// Where the system refuses a thread, those that there are do the work. An exception of `work` ends the run: the others
/// finish the call they are in, and the first exception is thrown on.
template <class Work>
void for_each_index(std::size_t count, unsigned threads, Work work) {
    std::atomic<std::size_t> next = 0;
    std::exception_ptr failure;
    std::mutex failing;
    const auto run = [&] {
        try {
            for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) work(i);
        } catch (...) {
            next = count;
            const std::scoped_lock lock(failing);
            if (!failure) failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> helpers;
        const std::size_t wanted = (std::min)(std::size_t{(std::max)(threads, 1U)}, count);
        for (std::size_t i = 1; i < wanted; ++i) {
            try {
                helpers.emplace_back(run);
            } catch (const std::system_error&) {
                break;
            }
        }
        run();
    }
    if (failure) std::rethrow_exception(failure);
}

/// Runs `call(request)` for each request in the pool and hands each result to `f`, one at a time.
template <class Request, class Call, class OnResult>
void pooled(const context& c, std::span<const Request> requests, const bulk_options& options, Call call, OnResult f) {
    std::mutex reporting;
    for_each_index(requests.size(), options.concurrency, [&](std::size_t i) {
        auto outcome = [&]() -> decltype(call(requests[i])) {
            if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
            return call(requests[i]);
        }();
        const std::scoped_lock lock(reporting);
        f(i, std::move(outcome));
    });
}

}  // namespace detail

/// Which version `n` is now: by the store's own means, or by `head`, whose errors it has.
template <BlobReader S>
result<etag> etag_of(S& store, const context& c, const blob_name& n) {
    if constexpr (EtagReader<S>) {
        return store.etag_of(c, n);
    } else {
        auto info = store.head(c, n);
        if (!info) return unexpected(std::move(info).error());
        return std::move(info->tag);
    }
}

/// Gives every blob under `q.prefix` to `f`, one call at a time: in one pass and in no order where the store is a
/// `Scanner`, else page by page in the store's order.
///
/// \return the first error of the store or of `f`; a listing that failed is never taken for one that ended.
/// \par Complexity  Memory: one page at the most. Requests: one for each page.
template <BlobReader S>
result<void> scan(S& store, const context& c, const list_query& q, on_blob f) {
    if constexpr (Scanner<S>) {
        return store.scan(c, q, f);
    } else {
        if (auto fine = detail::validate_scan(q); !fine) return fine;
        list_query rest = q;
        do {
            auto page = store.list(c, rest);
            if (!page) return unexpected(std::move(page).error());
            for (blob_info& info : page->blobs) {
                if (auto taken = f(std::move(info)); !taken) return taken;
            }
            if (!page->cursor.empty() && page->cursor == rest.cursor) {
                return fail(errc::corrupt, "the store gave the same cursor twice: its listing does not advance");
            }
            rest.cursor = std::move(page->cursor);
        } while (!rest.cursor.empty());
        return {};
    }
}

/// Copies many blobs, by the store's own means or by a pool of threads. Each request gets exactly one result, as it
/// finishes, one call of `f` at a time; after a stop or the deadline the rest get errc::cancelled or
/// errc::deadline_exceeded without being started.
///
/// \par Complexity  One `copy` for each request; memory: nothing that grows with their number.
template <BlobStore S>
void copy_many(S& store, const context& c, std::span<const copy_request> requests, const bulk_options& options,
               on_copied f) {
    if constexpr (BulkCopier<S>) {
        store.copy_many(c, requests, options, f);
    } else {
        detail::pooled(
            c, requests, options,
            [&](const copy_request& r) { return store.copy(c, r.from, r.to, r.source, r.target); }, f);
    }
}

/// Removes many blobs; results as for `copy_many`.
template <BlobStore S>
void remove_many(S& store, const context& c, std::span<const remove_request> requests, const bulk_options& options,
                 on_removed f) {
    if constexpr (BulkRemover<S>) {
        store.remove_many(c, requests, options, f);
    } else {
        detail::pooled(c, requests, options, [&](const remove_request& r) { return store.remove(c, r.name, r.when); },
                       f);
    }
}

}  // namespace blobshift::inline v1

#endif
