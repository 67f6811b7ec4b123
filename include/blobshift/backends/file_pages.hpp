// SPDX-License-Identifier: MIT
//
// The blobs below a root in the order of their names' bytes, page by page, with bounded memory.
//
// Row: backends (core, store).   Tests: tests/backends/file_pages.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_PAGES_HPP
#define BLOBSHIFT_BACKENDS_FILE_PAGES_HPP

#include <algorithm>    // max, max_element, min, nth_element, sort, unique
#include <array>        // array
#include <cstddef>      // byte, ptrdiff_t, size_t
#include <cstdint>      // int64_t
#include <mutex>        // mutex, scoped_lock
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_listing.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/store/blob_store.hpp>
#include <blobshift/store/byte_order.hpp>

namespace blobshift::inline v1::detail {

/// Ordered listings.
///
/// A directory's entries come unordered, so each page would read all of them again. Instead the least names behind the
/// page are kept until the next page is asked for: 65,536 of the first level, half as many on each level below, at
/// least 1,024. A listing of n entries reads its largest directory about n / 65,536 times. What is kept counts only
/// while each directory has the change time that it had: a page shows every write that ended before it was asked for.
///
/// \par Complexity  Memory for one listing: 131,072 names and 1,024 for each level below the seventh; for 4 listings
///                  between two pages at most.
/// \par Thread-safety  All members from any thread.
template <class Files>
class file_pages {
public:
    /// \param most_keys   Names kept of the first level.
    explicit file_pages(const file_tree<Files>& tree, std::size_t most_keys = 65'536) noexcept
        : tree_(&tree), most_keys_(most_keys), least_keys_((std::min)(most_keys, std::size_t{1'024})) {}

    /// \param most   Entries of the page at the most; at least 1.
    [[nodiscard]] result<list_page> list(const context& c, const list_query& q, std::size_t most) {
        walk w = resume(q);
        if (w.levels.empty()) {
            std::string top;
            if (!top_of(q.prefix, top) || !shows(q, top + '/')) return list_page{};
            if (!top.empty()) top += '/';
            if (auto fine = descend(c, q, w, std::move(top), first_candidate(q)); !fine) {
                return unexpected(std::move(fine).error());
            }
        }
        auto page = fill(c, q, most, w);
        if (page && !page->cursor.empty() && !w.skipped) suspend(q, page->cursor, std::move(w));
        return page;
    }

private:
    /// One directory on the way to the present name.
    struct level {
        std::string path;                    ///< From the root; "" or ends in '/'.
        std::vector<std::string> keys = {};  ///< Names in it, in order; those of directories end in '/'.
        std::size_t next = 0;                ///< The first key that was not given yet.
        bool more = false;                   ///< There are names behind the last key.
        file_facts as_read = {};             ///< Of the directory, before it was read.
        bool settled = false;                ///< Its last change was long enough ago for the next to show.
        file_handle<Files> folder = {};      ///< Open only while a page is made.
    };
    struct walk {
        list_query query = {};
        std::vector<level> levels = {};
        // What was looked at behind the last entry of the page, to see whether there is another one:
        std::vector<level> passed = {};  ///< Directories that were at their end.
        bool skipped = false;            ///< Entries that were no blobs; some may become one.
    };

    static constexpr std::size_t most_walks = 4;
    static constexpr std::size_t most_passed = 64;
    /// The system stamps directories with a clock that ticks each 1 to 10 ms.
    static constexpr std::int64_t tick_ns = 20'000'000;

    [[nodiscard]] static std::string without_slash(std::string_view path) {
        return std::string(path.substr(0, path.empty() ? 0 : path.size() - 1));
    }

    /// Goes down into `path` (a level), with the names that are not before `from`.
    [[nodiscard]] result<void> descend(const context& c, const list_query& q, walk& w, std::string path,
                                       const std::string& from) const {
        level down;
        down.path = std::move(path);
        if (auto fine = read_keys(c, q, down, w.levels.size(), from); !fine) return fine;
        w.levels.push_back(std::move(down));
        return {};
    }

    /// Fills `at.keys` with the least keys of the directory whose blobs are not all before `from`.
    [[nodiscard]] result<void> read_keys(const context& c, const list_query& q, level& at, std::size_t depth,
                                         const std::string& from) const {
        at.keys.clear();
        at.next = 0;
        at.more = false;
        at.folder = tree_->open(without_slash(at.path), open_for::entries);
        if (!at.folder) {
            return is_elsewhere(at.folder.code()) ? result<void>() : file_failure(at.folder.code(), cannot_list);
        }
        if (const int answer = tree_->files().facts_of(at.folder.fd(), at.as_read); answer < 0) {
            return file_failure(answer, cannot_list);
        }
        at.settled = at.as_read.mtime_ns + tick_ns < tree_->files().now_ns();

        const std::size_t keep = (std::max)(most_keys_ >> (std::min)(depth, std::size_t{16}), least_keys_);
        const auto least = [&] {
            if (at.keys.size() <= keep) return;
            std::nth_element(at.keys.begin(), at.keys.begin() + static_cast<std::ptrdiff_t>(keep), at.keys.end());
            at.keys.resize(keep);
            at.more = true;
        };
        std::string full = at.path;
        std::string bound;
        result<void> going;
        std::array<std::byte, 32768> buffer;
        const int answer = for_each_entry(tree_->files(), at.folder.fd(), buffer, [&](const folder_entry& e) {
            full.resize(at.path.size());
            full += e.name;
            const listed_as kind = classify(tree_->files(), at.folder.fd(), e, q, full);
            if (kind != listed_as::file && kind != listed_as::folder) return true;
            if (kind == listed_as::folder) full += '/';
            if (full < from && (kind == listed_as::file || !from.starts_with(full))) return true;
            const std::string_view key = std::string_view(full).substr(at.path.size());
            if (!bound.empty() && key > bound) return true;
            at.keys.emplace_back(key);
            if (at.keys.size() < 2 * keep) return true;
            least();
            bound = *std::max_element(at.keys.begin(), at.keys.end());
            going = c.proceed();
            return going.has_value();
        });
        if (answer < 0) return file_failure(answer, cannot_list);
        if (!going) return going;
        least();
        std::sort(at.keys.begin(), at.keys.end());
        // A file replaced while its directory is read may come twice.
        at.keys.erase(std::unique(at.keys.begin(), at.keys.end()), at.keys.end());
        return c.proceed();
    }

    [[nodiscard]] result<list_page> fill(const context& c, const list_query& q, std::size_t most, walk& w) const {
        list_page page;
        std::string last;
        while (!w.levels.empty()) {
            level& at = w.levels.back();
            if (at.next == at.keys.size()) {
                if (!at.more) {
                    leave(w);
                    continue;
                }
                const std::string behind = at.path + at.keys.back();
                const std::string from = behind.back() == '/' ? behind_all(behind) : just_behind(behind);
                if (auto fine = read_keys(c, q, at, w.levels.size() - 1, from); !fine) {
                    return unexpected(std::move(fine).error());
                }
                continue;
            }
            const std::string& key = at.keys[at.next];
            std::string full = at.path + key;
            const bool is_folder = key.back() == '/';
            if (is_folder && q.delimiter.empty()) {
                ++at.next;
                const std::string from = (std::max)(first_candidate(q), full);
                if (auto fine = descend(c, q, w, std::move(full), from); !fine) {
                    return unexpected(std::move(fine).error());
                }
                continue;
            }
            // Looked at before it is taken: a page that is full must know whether there is another entry.
            std::optional<blob_info> blob;
            if (is_folder) {
                const auto some = holds_blob(c, q, full);
                if (!some) return unexpected(some.error());
                if (!*some) {
                    ++at.next;
                    w.skipped = true;
                    continue;
                }
            } else {
                auto seen = look_at(q, at, key, full);
                if (!seen) return unexpected(std::move(seen).error());
                blob = *std::move(seen);
                if (!blob) {
                    ++at.next;
                    w.skipped = true;
                    continue;
                }
            }
            if (page.blobs.size() + page.prefixes.size() == most) {
                page.cursor = std::move(last);
                break;
            }
            ++at.next;
            if (blob)
                page.blobs.push_back(*std::move(blob));
            else
                page.prefixes.push_back(full);
            last = std::move(full);
            w.passed.clear();
            w.skipped = false;
        }
        return page;
    }

    /// Goes up from a directory that is at its end.
    static void leave(walk& w) {
        level done = std::move(w.levels.back());
        w.levels.pop_back();
        if (w.passed.size() == most_passed) {
            w.skipped = true;
            return;
        }
        done.keys = {};
        done.folder = {};
        w.passed.push_back(std::move(done));
    }

    [[nodiscard]] result<std::optional<blob_info>> look_at(const list_query& q, level& at, const std::string& key,
                                                           const std::string& full) const {
        auto name = blob_name::parse(full);
        if (!name) return std::optional<blob_info>();
        if (!at.folder) at.folder = tree_->open(without_slash(at.path), open_for::passage);
        if (!at.folder) {
            if (is_elsewhere(at.folder.code())) return std::optional<blob_info>();
            return file_failure(at.folder.code(), cannot_list);
        }
        return look(tree_->files(), at.folder.fd(), key.c_str(), *std::move(name), q.with_attributes);
    }

    /// A directory stands for a group only if there is a blob below it that the listing would show.
    [[nodiscard]] result<bool> holds_blob(const context& c, const list_query& q, const std::string& path) const {
        list_query below;
        below.prefix = path;
        below.start_after = q.start_after;
        bool some = false;
        auto seen = file_scan<Files>(*tree_, c, below).run([&](blob_info&&) -> result<void> {
            some = true;
            return fail(errc::cancelled, "one is enough");
        });
        if (!seen && !some) return unexpected(std::move(seen).error());
        return some;
    }

    [[nodiscard]] static bool same_listing(const list_query& a, const list_query& b) {
        return a.cursor == b.cursor && a.prefix == b.prefix && a.delimiter == b.delimiter &&
               a.start_after == b.start_after;
    }

    /// What is left of the listing that `q` goes on with, if no directory in it has changed since; else nothing.
    [[nodiscard]] walk resume(const list_query& q) {
        walk found;
        if (q.cursor.empty()) return found;
        {
            const std::scoped_lock lock(mutex_);
            for (std::size_t i = 0; i < walks_.size(); ++i) {
                if (!same_listing(walks_[i].query, q)) continue;
                found = std::move(walks_[i]);
                walks_.erase(walks_.begin() + static_cast<std::ptrdiff_t>(i));
                break;
            }
        }
        for (level& at : found.levels) {
            if (!is_unchanged(at)) return {};
        }
        for (level& at : found.passed) {
            if (!is_unchanged(at)) return {};
        }
        found.passed.clear();
        return found;
    }

    /// Opens the directory again and compares.
    [[nodiscard]] bool is_unchanged(level& at) const {
        at.folder = tree_->open(without_slash(at.path), open_for::passage);
        file_facts now;
        return at.settled && at.folder && tree_->files().facts_of(at.folder.fd(), now) >= 0 &&
               same_version(now, at.as_read);
    }

    void suspend(const list_query& q, const std::string& cursor, walk&& w) {
        for (level& at : w.levels) at.folder = {};
        for (level& at : w.passed) at.folder = {};
        w.query = q;
        w.query.cursor = cursor;
        const std::scoped_lock lock(mutex_);
        if (walks_.size() == most_walks) walks_.erase(walks_.begin());
        walks_.push_back(std::move(w));
    }

    const file_tree<Files>* tree_;
    std::size_t most_keys_;
    std::size_t least_keys_;
    std::mutex mutex_;
    std::vector<walk> walks_ = {};  ///< Guarded by mutex_; the one used last stands last.
};

}  // namespace blobshift::inline v1::detail

#endif
