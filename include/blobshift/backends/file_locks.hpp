// SPDX-License-Identifier: MIT
//
// The locks under which the writers of one root, in all processes, test a condition and act on it.
//
// Row: backends (core).   Tests: tests/backends/file_locks.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_LOCKS_HPP
#define BLOBSHIFT_BACKENDS_FILE_LOCKS_HPP

#include <algorithm>    // min, max
#include <array>        // array
#include <cerrno>       // EAGAIN
#include <chrono>       // microseconds, milliseconds
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <mutex>        // mutex, unique_lock
#include <string_view>  // string_view
#include <utility>      // exchange, move

#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/core/context.hpp>
#include <blobshift/core/xxh64.hpp>

namespace blobshift::inline v1::detail {

/// The file that carries the locks, made if it is missing: for whoever may write into directories of that mode.
template <class Files>
[[nodiscard]] file_handle<Files> open_lock_file(const Files& files, int home, unsigned folder_mode) {
    const unsigned mode = 0600U | (folder_mode & 0066U);
    file_handle<Files> file(files, files.open_lock_in(home, "locks", mode));
    file_facts facts;
    if (file && files.facts_of(file.fd(), facts) >= 0 && (facts.mode & mode) != mode) {
        (void)files.set_mode(file.fd(), facts.mode | mode);  // umask; another user's file stays as it is
    }
    return file;
}

/// Locks for names, shared out over 256 stripes by a hash of the name.
///
/// Stripe `i` is a mutex for the threads of this object and byte `i` of a lock file for all others. The system ends a
/// file's locks with the process that holds them. A child made by fork shares its parent's open file, hence its locks:
/// it must open a store of its own.
template <class Files>
class file_locks {
public:
    static constexpr std::size_t stripes = 256;

    /// \param file   The open lock file.
    file_locks(const Files& files, file_handle<Files> file) noexcept : files_(&files), file_(std::move(file)) {}

    /// One stripe, held.
    class guard {
    public:
        guard() = default;
        guard(const file_locks& locks, std::size_t stripe, std::unique_lock<std::mutex> threads) noexcept
            : locks_(&locks), stripe_(stripe), threads_(std::move(threads)) {}
        guard(guard&& other) noexcept
            : locks_(std::exchange(other.locks_, nullptr)),
              stripe_(other.stripe_),
              threads_(std::move(other.threads_)) {}
        guard& operator=(guard&& other) noexcept {
            release();
            locks_ = std::exchange(other.locks_, nullptr);
            stripe_ = other.stripe_;
            threads_ = std::move(other.threads_);
            return *this;
        }
        ~guard() { release(); }

        void release() noexcept {
            if (const file_locks* locks = std::exchange(locks_, nullptr)) {
                locks->unlock(stripe_);
                threads_.unlock();
            }
        }

    private:
        const file_locks* locks_ = nullptr;
        std::size_t stripe_ = 0;
        std::unique_lock<std::mutex> threads_ = {};
    };

    /// Two names, in the one order that keeps two callers from waiting for each other.
    struct pair_guard {
        guard first = {};
        guard second = {};
    };

    /// Waits until the name is free, its context's stop or its deadline.
    [[nodiscard]] result<guard> hold(const context& c, std::string_view name) {
        return hold_stripe(c, stripe_of(name));
    }

    [[nodiscard]] result<pair_guard> hold(const context& c, std::string_view one, std::string_view other) {
        const std::size_t a = stripe_of(one);
        const std::size_t b = stripe_of(other);
        pair_guard both;
        auto first = hold_stripe(c, (std::min)(a, b));
        if (!first) return unexpected(std::move(first).error());
        both.first = *std::move(first);
        if (a != b) {
            auto second = hold_stripe(c, (std::max)(a, b));
            if (!second) return unexpected(std::move(second).error());
            both.second = *std::move(second);
        }
        return both;
    }

private:
    [[nodiscard]] static std::size_t stripe_of(std::string_view name) noexcept {
        return static_cast<std::size_t>(xxh64_of(name) % stripes);
    }

    [[nodiscard]] result<guard> hold_stripe(const context& c, std::size_t stripe) {
        std::unique_lock threads(mutexes_[stripe]);
        // Another process holds a stripe for a few microseconds, unless it was stopped meanwhile. Waiting in the kernel
        // would be deaf to the context.
        std::chrono::nanoseconds wait = std::chrono::microseconds(20);
        for (;;) {
            const int answer = files_->try_lock(file_.fd(), stripe);
            if (answer >= 0) return guard(*this, stripe, std::move(threads));
            if (answer != -EAGAIN) return file_failure(answer, "cannot lock the blob's name");
            if (auto go = c.pause(wait); !go) return unexpected(std::move(go).error());
            wait = (std::min<std::chrono::nanoseconds>)(2 * wait, std::chrono::milliseconds(2));
        }
    }

    /// Tries again, for nobody else would: all others would wait for the stripe until this file is closed.
    void unlock(std::size_t stripe) const noexcept {
        for (int tries = 0; tries < 3 && files_->unlock(file_.fd(), stripe) < 0; ++tries) {}
    }

    const Files* files_;
    file_handle<Files> file_;
    std::array<std::mutex, stripes> mutexes_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
