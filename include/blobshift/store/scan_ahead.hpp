// SPDX-License-Identifier: MIT
//
// A scan whose store works on a thread of its own, so that it lists on while its caller thinks.
//
// Row: store (core).   Tests: tests/store/scan_ahead.test.cpp

#ifndef BLOBSHIFT_STORE_SCAN_AHEAD_HPP
#define BLOBSHIFT_STORE_SCAN_AHEAD_HPP

#include <condition_variable>  // condition_variable
#include <cstddef>             // size_t
#include <deque>               // deque
#include <exception>           // exception_ptr
#include <mutex>               // mutex, unique_lock
#include <system_error>        // system_error
#include <thread>              // jthread
#include <utility>             // exchange, move
#include <vector>              // vector

#include <blobshift/store/bulk.hpp>

namespace blobshift::inline v1 {

namespace detail {

/// What the two threads of a `scan_ahead` share: batches on their way, never more than a few.
class blob_queue {
public:
    using batch = std::vector<blob_info>;
    static constexpr std::size_t batch_size = 256;
    static constexpr std::size_t most_batches = 16;

    /// Waits for room. \return false: nobody wants any more.
    bool push(batch&& full) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return given_up_ || batches_.size() < most_batches; });
        if (!given_up_) batches_.push_back(std::move(full));
        changed_.notify_all();
        return !given_up_;
    }
    /// No batch will follow.
    void close(result<void> outcome, std::exception_ptr thrown) {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
        outcome_ = std::move(outcome);
        thrown_ = std::move(thrown);
        changed_.notify_all();
    }
    /// Waits for a batch. \return false: there is none any more.
    bool pop(batch& next) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return closed_ || !batches_.empty(); });
        if (batches_.empty()) return false;
        next = std::move(batches_.front());
        batches_.pop_front();
        changed_.notify_all();
        return true;
    }
    /// The producer's next `push` says so.
    void give_up() {
        const std::scoped_lock lock(mutex_);
        given_up_ = true;
        changed_.notify_all();
    }
    /// Of the scan, once `pop` has returned false.
    result<void> outcome() {
        if (thrown_) std::rethrow_exception(thrown_);
        return std::move(outcome_);
    }

private:
    std::mutex mutex_ = {};
    std::condition_variable changed_ = {};
    std::deque<batch> batches_ = {};
    bool closed_ = false;
    bool given_up_ = false;
    result<void> outcome_ = {};
    std::exception_ptr thrown_ = {};
};

}  // namespace detail

/// `scan`, with the store on a thread of its own, ahead of `f` by at most some thousand blobs. `f` is called on the
/// caller's thread. Where the system refuses a thread, it is a plain `scan`.
///
/// \return as `scan`; an exception of the store is thrown on.
template <BlobReader S>
result<void> scan_ahead(S& store, const context& c, const list_query& q, on_blob f) {
    detail::blob_queue queue;
    const auto produce = [&] {
        try {
            detail::blob_queue::batch batch;
            auto listed = scan(store, c, q, [&](blob_info&& info) -> result<void> {
                if (batch.empty()) batch.reserve(detail::blob_queue::batch_size);
                batch.push_back(std::move(info));
                if (batch.size() < detail::blob_queue::batch_size) return {};
                if (queue.push(std::exchange(batch, {}))) return {};
                return fail(errc::cancelled, "the caller of the scan wants no more");
            });
            if (!batch.empty()) queue.push(std::move(batch));
            queue.close(std::move(listed), nullptr);
        } catch (...) {
            queue.close({}, std::current_exception());
        }
    };
    std::jthread producer;
    try {
        producer = std::jthread(produce);
    } catch (const std::system_error&) {
        return scan(store, c, q, f);
    }
    try {
        detail::blob_queue::batch batch;
        while (queue.pop(batch)) {
            for (blob_info& info : batch) {
                if (auto taken = f(std::move(info)); !taken) {
                    queue.give_up();
                    return taken;
                }
            }
        }
    } catch (...) {
        queue.give_up();  // the thread's end is waited for before anything that it uses is gone
        throw;
    }
    return queue.outcome();
}

}  // namespace blobshift::inline v1

#endif
