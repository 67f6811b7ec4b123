// SPDX-License-Identifier: MIT
//
// What a listing says of a blob in a directory: looked up where it is met, or by several threads ahead of the one that
// lists.
//
// Row: backends (core, store).   Tests: tests/backends/file_look.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_LOOK_HPP
#define BLOBSHIFT_BACKENDS_FILE_LOOK_HPP

#include <algorithm>           // min
#include <atomic>              // atomic
#include <cerrno>              // ENOENT ...
#include <condition_variable>  // condition_variable
#include <cstddef>             // size_t
#include <exception>           // exception_ptr
#include <list>                // list
#include <memory>              // shared_ptr
#include <mutex>               // mutex, unique_lock
#include <optional>            // optional
#include <string>              // string
#include <string_view>         // string_view
#include <system_error>        // system_error
#include <thread>              // jthread
#include <utility>             // move
#include <vector>              // vector

#include <blobshift/backends/file_attributes.hpp>
#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/backends/file_version.hpp>
#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1::detail {

inline constexpr std::string_view cannot_list = "cannot list the blobs";

/// Whether an answer about a path means: there is no such thing any more, or it is nothing of ours. Listings go on.
[[nodiscard]] inline bool is_elsewhere(int answer) noexcept {
    return answer == -ENOENT || answer == -ENOTDIR || answer == -ELOOP || answer == -ENXIO || answer == -ENAMETOOLONG;
}

/// The blob `name` at `leaf` in an open directory, or nothing: it is gone, or no blob any more.
template <class Files>
[[nodiscard]] result<std::optional<blob_info>> look(const Files& files, int folder, const char* leaf, blob_name name,
                                                    bool with_attributes) {
    using found = std::optional<blob_info>;
    file_facts facts;
    file_handle<Files> file;
    int answer = 0;
    if (with_attributes) {
        file = file_handle<Files>(files, files.open_in(folder, leaf, open_for::content));
        answer = file ? files.facts_of(file.fd(), facts) : file.code();
    } else {
        answer = files.facts_in(folder, leaf, facts);
    }
    if (is_elsewhere(answer)) return found();
    if (answer < 0) return file_failure(answer, cannot_list, name.text());
    if (facts.kind != file_kind::regular) return found();
    found info(info_of(std::move(name), facts));
    if (with_attributes) {
        auto attrs = read_attributes(files, file.fd());
        if (!attrs) return unexpected(std::move(attrs).error());
        info->attrs = *std::move(attrs);
    }
    return info;
}

/// Looks at blobs on up to `concurrency` threads, the caller's included, and hands what they are to one function, on
/// the caller's thread.
///
/// Names are taken in pieces of one directory. At most four pieces for each of at most eight threads are under way, so
/// memory and open directories are bounded; where the system refuses a thread, the others do its work.
template <class Files>
class look_ahead {
public:
    using folder = std::shared_ptr<const file_handle<Files>>;

    static constexpr unsigned most_threads = 8;
    static constexpr std::size_t piece_size = 256;

    look_ahead(const Files& files, const context& c, const list_query& q, on_blob f)
        : files_(&files),
          context_(&c),
          with_attributes_(q.with_attributes),
          threads_((std::min)(q.concurrency, most_threads)),
          f_(f) {}
    look_ahead(const look_ahead&) = delete;
    look_ahead& operator=(const look_ahead&) = delete;
    ~look_ahead() {
        {
            const std::scoped_lock lock(mutex_);
            is_over_ = true;
        }
        work_.notify_all();
    }

    /// Takes one name in an open directory. \return what a look or the function said of an earlier one.
    [[nodiscard]] result<void> add(const folder& in, blob_name name) {
        if (!next_.empty() && (next_.front().in != in || next_.front().names.size() == piece_size)) {
            if (auto begun = begin(); !begun) return begun;
        }
        if (next_.empty()) next_.emplace_back().in = in;
        next_.front().names.push_back(std::move(name));
        return {};
    }

    /// The rest. Not after a failure.
    [[nodiscard]] result<void> finish() {
        if (auto begun = begin(); !begun) return begun;
        return bring_below(1);
    }

private:
    struct piece {
        folder in = {};
        std::vector<blob_name> names = {};
        std::vector<blob_info> found = {};
        result<void> looked = {};
        std::exception_ptr thrown = {};
    };
    /// Pieces go from list to list, which needs no memory: a thread of its own must not run out of it.
    using pieces = std::list<piece>;

    [[nodiscard]] static pieces taken_from(pieces& these) noexcept {
        pieces one;
        one.splice(one.begin(), these, these.begin());
        return one;
    }

    [[nodiscard]] result<void> begin() {
        if (next_.empty()) return {};
        if (auto room = bring_below(std::size_t{4} * threads_); !room) return room;
        bool wants_help = false;
        {
            const std::scoped_lock lock(mutex_);
            wants_help = !to_do_.empty() && helpers_.size() + 1 < threads_;
            to_do_.splice(to_do_.end(), next_);
            ++under_way_;
        }
        if (wants_help) start();
        work_.notify_one();
        return {};
    }

    void start() {
        try {
            helpers_.emplace_back([this] { help(); });
        } catch (const std::system_error&) {
            threads_ = static_cast<unsigned>(helpers_.size()) + 1;
        }
    }

    /// Hands out what is done, and does what nobody has begun, until fewer than so many pieces are under way.
    [[nodiscard]] result<void> bring_below(std::size_t most) {
        std::unique_lock lock(mutex_);
        while (!done_.empty() || under_way_ >= most) {
            pieces one;
            if (!done_.empty()) {
                one = taken_from(done_);
            } else if (!to_do_.empty()) {
                one = taken_from(to_do_);
                lock.unlock();
                look_at(one.front());
                lock.lock();
            } else {
                ready_.wait(lock);
                continue;
            }
            --under_way_;
            lock.unlock();
            if (auto taken = hand_out(one.front()); !taken) return taken;
            lock.lock();
        }
        return {};
    }

    [[nodiscard]] result<void> hand_out(piece& one) const {
        if (one.thrown) std::rethrow_exception(one.thrown);
        for (blob_info& info : one.found) {
            if (auto go = context_->proceed(); !go) return go;
            if (auto taken = f_(std::move(info)); !taken) return taken;
        }
        return one.looked;
    }

    void look_at(piece& one) const noexcept {
        try {
            one.found.reserve(one.names.size());
            std::string leaf;
            for (blob_name& name : one.names) {
                if (is_over_) return;
                one.looked = context_->proceed();
                if (!one.looked) return;
                leaf = leaf_of(name.text());
                auto info = look(*files_, one.in->fd(), leaf.c_str(), std::move(name), with_attributes_);
                if (!info) {
                    one.looked = unexpected(std::move(info).error());
                    return;
                }
                if (*info) one.found.push_back(std::move(**info));
            }
        } catch (...) {
            one.thrown = std::current_exception();
        }
    }

    void help() {
        std::unique_lock lock(mutex_);
        for (;;) {
            work_.wait(lock, [this] { return is_over_ || !to_do_.empty(); });
            if (is_over_) return;
            pieces one = taken_from(to_do_);
            lock.unlock();
            look_at(one.front());
            lock.lock();
            done_.splice(done_.end(), one);
            ready_.notify_one();
        }
    }

    const Files* files_;
    const context* context_;
    bool with_attributes_;
    unsigned threads_;
    on_blob f_;
    pieces next_ = {};                    ///< One at the most, not yet begun.
    std::atomic<bool> is_over_ = false;
    std::mutex mutex_ = {};               ///< Of all that follows but the threads.
    std::condition_variable work_ = {};
    std::condition_variable ready_ = {};
    pieces to_do_ = {};
    pieces done_ = {};
    std::size_t under_way_ = 0;           ///< Begun, and not yet handed out.
    std::vector<std::jthread> helpers_ = {};  ///< Last: they end before what they use.
};

}  // namespace blobshift::inline v1::detail

#endif
