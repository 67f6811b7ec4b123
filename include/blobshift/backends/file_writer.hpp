// SPDX-License-Identifier: MIT
//
// How a file becomes a blob, a second blob or none, under its conditions: the part of a file store that writes.
//
// Row: backends (core, store).   Tests: tests/backends/file_writer.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_WRITER_HPP
#define BLOBSHIFT_BACKENDS_FILE_WRITER_HPP

#include <algorithm>    // max, min, sort, unique
#include <atomic>       // atomic
#include <cerrno>       // ENOENT ...
#include <cstddef>      // size_t
#include <cstdint>      // int64_t
#include <memory>       // unique_ptr
#include <mutex>        // mutex, scoped_lock
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_locks.hpp>
#include <blobshift/backends/file_reader.hpp>
#include <blobshift/backends/file_store_options.hpp>
#include <blobshift/backends/file_temps.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/backends/file_version.hpp>
#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1::detail {

/// The directories whose entries a run of operations changed.
class touched_folders {
public:
    void add(std::string_view folder) {
        if (folders_.empty() || folders_.back() != folder) folders_.emplace_back(folder);
    }
    /// Each one once. \param with_ancestors  And all above it: those that were made have to last, whoever made them.
    [[nodiscard]] std::vector<std::string> all(bool with_ancestors) const {
        std::vector<std::string> list = folders_;
        if (with_ancestors) {
            for (const std::string& folder : folders_) {
                for (std::string_view above = folder; !above.empty();) list.emplace_back(above = folder_of(above));
            }
        }
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
        return list;
    }

private:
    std::vector<std::string> folders_ = {};
};

/// Publishes, links and unlinks files. One for each store; touches nothing before it first writes.
///
/// The test of a condition and its effect stand under the name's lock. Names that come to be without one (`link` to a
/// name that must be free) need none: the system tests and acts in one step, and no holder of the lock ever counts on a
/// name to stay free.
///
/// \par Thread-safety  All members from any thread.
template <class Files>
class file_writer {
public:
    file_writer(const file_tree<Files>& tree, const file_store_options& options) noexcept
        : tree_(&tree), options_(options) {}

    /// Removes what writers left that died. Silent where nobody can write.
    void sweep() const {
        const Files& files = tree_->files();
        const file_handle<Files> home(files, files.open_in(tree_->root(), private_folder, open_for::passage));
        if (!home) return;
        const file_handle<Files> file = open_lock_file(files, home.fd(), options_.folder_mode);
        if (file) temp_files<Files>::sweep(files, home.fd(), file.fd());
    }

    [[nodiscard]] result<temp_file<Files>> create_temp() {
        auto s = begun();
        if (!s) return unexpected(std::move(s).error());
        return (*s)->temps->create();
    }

    /// Gives a temporary file all that a blob has beside its bytes, as the store's options say.
    [[nodiscard]] result<file_facts> complete(temp_file<Files>& temp, std::string_view encoded_attributes) {
        return temp.finish(encoded_attributes, next_stamp(), options_.file_mode, options_.durable != durability::none);
    }

    /// Makes `temp` the blob `n`. Nothing has changed when it fails.
    [[nodiscard]] result<void> publish(const context& c, const blob_name& n, temp_file<Files>& temp,
                                       const condition& when) {
        auto s = begun();
        if (!s) return about(std::move(s), n);
        const auto lock = (*s)->locks.hold(c, n.text());
        if (!lock) return about(lock, n);
        return publish_locked(n, temp, when);
    }

    /// The same as a copy of `from`, which must still have the version `copied`. \return false: it has another.
    [[nodiscard]] result<bool> publish_copy(const context& c, const blob_name& from, const file_facts& copied,
                                            const blob_name& to, temp_file<Files>& temp, const condition& target) {
        auto s = begun();
        if (!s) return about(std::move(s), to);
        const auto lock = (*s)->locks.hold(c, from.text(), to.text());
        if (!lock) return about(lock, to);
        open_folders<Files> folders(*tree_);
        file_facts now;
        const int folder = folders.find(folder_of(from.text()), false).fd;
        const int answer = folder < 0 ? folder : tree_->files().facts_in(folder, leaf_of(from.text()), now);
        if (answer < 0) return cannot_reach(*tree_, answer, from);
        if (!same_version(now, copied)) return false;
        if (auto done = publish_locked(to, temp, target); !done) return unexpected(std::move(done).error());
        return true;
    }

    /// Makes `r.to` a second name of the file of `r.from`. \return nothing: this file system cannot link those two.
    [[nodiscard]] result<std::optional<copy_result>> link(const context& c, open_folders<Files>& folders,
                                                          const copy_request& r) {
        const bool fresh_name = r.target.is_if_absent();
        auto s = begun();
        if (!s) return about(std::move(s), r.to);
        const auto lock = (*s)->locks.hold(c, r.from.text(), fresh_name ? r.from.text() : r.to.text());
        if (!lock) return about(lock, r.to);
        const std::string_view to_folder = folder_of(r.to.text());
        for (int tries = 0; tries < most_tries; ++tries) {
            file_facts source;
            const int from_fd = folders.find(folder_of(r.from.text()), false).fd;
            int answer = from_fd < 0 ? from_fd : tree_->files().facts_in(from_fd, leaf_of(r.from.text()), source);
            if (answer == -ENOENT && tries == 0) {  // perhaps only the descriptor is of yesterday
                folders.forget(folder_of(r.from.text()));
                continue;
            }
            if (answer < 0) return cannot_reach(*tree_, answer, r.from);
            if (source.kind == file_kind::directory) return no_blob(r.from);
            if (source.kind != file_kind::regular) return no_file(r.from);
            const etag tag = version_of(source);
            if (auto met = test_condition(r.source, &tag); !met) return about(std::move(met), r.from);

            const auto to = folders.find(to_folder, true);
            if (to.fd < 0) return cannot_place(to.fd, r.to, to.kept);
            auto linked = fresh_name ? link_new(from_fd, to.fd, r) : link_over(*(*s)->temps, from_fd, to.fd, r, source);
            if (!linked) return undo(std::move(linked), r.to, to.kept);
            answer = *linked;
            if (answer == -ENOENT) {
                folders.forget(folder_of(r.from.text()));
                folders.forget(to_folder);
                continue;
            }
            if (answer < 0) {
                undo_folder(r.to, to.kept);
                return std::optional<copy_result>();
            }
            file_facts target;
            answer = tree_->files().facts_in(to.fd, leaf_of(r.to.text()), target);
            if (answer < 0 || !same_version(source, target)) return unproved(answer, r.to);
            return std::optional<copy_result>(copy_result{info_of(r.to, target), tag, copy_proof::same_object});
        }
        return too_busy(r.to);
    }

    /// Takes the file of `n` away, but not the directories that it leaves empty.
    [[nodiscard]] result<bool> unlink(const context& c, open_folders<Files>& folders, const blob_name& n,
                                      const condition& when) {
        auto s = begun();
        if (!s) return about(std::move(s), n);
        const auto lock = (*s)->locks.hold(c, n.text());
        if (!lock) return about(lock, n);
        for (int tries = 0; tries < 2; ++tries) {
            file_facts facts;
            const int folder = folders.find(folder_of(n.text()), false).fd;
            int answer = folder < 0 ? folder : tree_->files().facts_in(folder, leaf_of(n.text()), facts);
            if (answer >= 0) {
                if (facts.kind == file_kind::directory) return false;
                if (facts.kind != file_kind::regular) return no_file(n);
                const etag tag = version_of(facts);
                if (auto met = test_condition(when, &tag); !met) return about(std::move(met), n);
                answer = tree_->files().remove_file(folder, leaf_of(n.text()));
            }
            if (answer >= 0) return true;
            if (answer != -ENOENT && answer != -ENOTDIR && answer != -ENAMETOOLONG) {
                return name_failure(answer, "cannot remove the blob", n.text());
            }
            folders.forget(folder_of(n.text()));
        }
        if (const int gone = tree_->root_is_gone(); gone < 0) {
            return file_failure(gone, "the root of the store is gone");
        }
        return false;
    }

    /// Makes names durable, if the options want that. A failure says of everything under `folders` that it may not be.
    [[nodiscard]] int sync(const std::vector<std::string>& folders) const {
        if (options_.durable != durability::full) return 0;
        for (const std::string& folder : folders) {
            if (const int answer = tree_->sync(folder); answer < 0) return answer;
        }
        return 0;
    }

    /// Makes durable what anybody has written here, if the options want anything of that kind.
    [[nodiscard]] int sync_all() const {
        return options_.durable == durability::full ? tree_->files().sync_all(tree_->root()) : 0;
    }

private:
    /// Each further try needs somebody who took away a directory in between.
    static constexpr int most_tries = 1000;

    /// What only writers need: made by the first of them.
    struct session {
        session(const Files& files, file_handle<Files> lock_file) noexcept : locks(files, std::move(lock_file)) {}

        file_locks<Files> locks;
        std::unique_ptr<temp_files<Files>> temps = {};
    };

    [[nodiscard]] result<session*> begun() {
        if (session* there = ready_.load(std::memory_order_acquire)) return there;
        const std::scoped_lock lock(beginning_);
        if (session_) return session_.get();
        const Files& files = tree_->files();
        const int answer = tree_->make_folder(tree_->root(), private_folder);
        if (answer < 0 && answer != -EEXIST) return file_failure(answer, "cannot write to the root of the store");
        const file_handle<Files> home(files, files.open_in(tree_->root(), private_folder, open_for::passage));
        if (!home) return file_failure(home.code(), "cannot open the store's own folder");
        file_handle<Files> file = open_lock_file(files, home.fd(), options_.folder_mode);
        if (!file) return file_failure(file.code(), "cannot open the store's lock file");
        const int locks = file.fd();
        auto made = std::make_unique<session>(files, std::move(file));
        auto temps = temp_files<Files>::begin(*tree_, home.fd(), locks, options_.file_mode);
        if (!temps) return unexpected(std::move(temps).error());
        made->temps = *std::move(temps);
        session_ = std::move(made);
        ready_.store(session_.get(), std::memory_order_release);
        return session_.get();
    }

    /// Nanoseconds since 1970, each time more than before, though the clock may be set back.
    [[nodiscard]] std::int64_t next_stamp() noexcept {
        const std::int64_t now = tree_->files().now_ns();
        std::int64_t before = stamp_.load(std::memory_order_relaxed);
        std::int64_t next = 0;
        do {
            next = (std::max)(now, before + 1);
        } while (!stamp_.compare_exchange_weak(before, next, std::memory_order_relaxed));
        return next;
    }

    [[nodiscard]] static unexpected no_file(const blob_name& n) {
        return fail(errc::conflict, "something that is no regular file has this name", n.text());
    }
    [[nodiscard]] static unexpected too_busy(const blob_name& n) {
        error e = make_error(errc::conflict, "the blob's directory is removed again and again", n.text());
        e.again = retry_hint::wait;
        return unexpected(std::move(e));
    }
    /// The name was made, but it cannot be promised that it leads to the version that was tested: only a program that
    /// does not use these locks, or a failing device, can bring that about.
    [[nodiscard]] static unexpected unproved(int answer, const blob_name& to) {
        error e = answer < 0 ? file_error(answer, "the copy cannot be looked at", to.text())
                             : make_error(errc::conflict, "another program changed the files while they were copied",
                                          to.text());
        e.done = effect::applied;
        return unexpected(std::move(e));
    }

    void undo_folder(const blob_name& n, std::size_t kept) const {
        (void)tree_->prune(std::string(folder_of(n.text())), kept);
    }
    template <class R>
    [[nodiscard]] unexpected undo(R&& failed, const blob_name& n, std::size_t kept) const {
        undo_folder(n, kept);
        return about(std::forward<R>(failed), n);
    }
    [[nodiscard]] unexpected cannot_place(int answer, const blob_name& n, std::size_t kept) const {
        undo_folder(n, kept);
        if (answer == -ENOTDIR) {
            return fail(errc::conflict, "a blob has the name of a directory that this blob needs", n.text());
        }
        return name_failure(answer, "cannot store the blob", n.text());
    }

    /// What stands at a name that is to be written, held against the condition. A directory that is empty is removed.
    ///
    /// \return whether a blob is there; its facts are in `present`.
    [[nodiscard]] result<bool> make_way(int folder, const char* leaf, const condition& when,
                                        file_facts& present) const {
        const int answer = tree_->files().facts_in(folder, leaf, present);
        if (answer < 0 && answer != -ENOENT) return file_failure(answer, "cannot store the blob");
        const bool is_blob = answer >= 0 && present.kind == file_kind::regular;
        const etag tag = is_blob ? version_of(present) : etag();
        if (auto met = test_condition(when, is_blob ? &tag : nullptr); !met) return unexpected(std::move(met).error());
        if (answer >= 0 && !is_blob) {
            if (present.kind != file_kind::directory) {
                return fail(errc::conflict, "something that is no regular file has this name");
            }
            const int removed = tree_->files().remove_folder(folder, leaf);
            if (removed == -ENOTEMPTY || removed == -EEXIST) {
                return fail(errc::conflict, "a directory that is not empty has this name, so no blob can");
            }
            if (removed < 0 && removed != -ENOENT) return file_failure(removed, "cannot remove an empty directory");
        }
        return is_blob;
    }

    [[nodiscard]] result<void> publish_locked(const blob_name& n, temp_file<Files>& temp, const condition& when) {
        open_folders<Files> folders(*tree_);
        for (int tries = 0; tries < most_tries; ++tries) {
            const auto folder = folders.find(folder_of(n.text()), true);
            if (folder.fd < 0) return cannot_place(folder.fd, n, folder.kept);
            file_facts present;
            auto way = make_way(folder.fd, leaf_of(n.text()), when, present);
            if (!way) return undo(std::move(way), n, folder.kept);
            const int answer = *way ? tree_->files().rename(temp.folder(), temp.name(), folder.fd, leaf_of(n.text()))
                                    : rename_new(temp, folder.fd, leaf_of(n.text()));
            if (answer >= 0) {
                temp.published();
                return {};
            }
            // ENOENT: the directory was removed as empty. EEXIST: something came that takes no locks, a copy say.
            if (answer != -ENOENT && answer != -EEXIST) return cannot_place(answer, n, folder.kept);
            if (answer == -ENOENT) folders.forget(folder_of(n.text()));
        }
        return too_busy(n);
    }

    /// Moves the file to a name that must be free, however this file system can.
    [[nodiscard]] int rename_new(const temp_file<Files>& temp, int folder, const char* leaf) const {
        const Files& files = tree_->files();
        const int answer = files.rename_new(temp.folder(), temp.name(), folder, leaf);
        if (answer != -EINVAL && answer != -ENOSYS && answer != -EOPNOTSUPP) return answer;
        const int linked = files.link(temp.folder(), temp.name(), folder, leaf);
        if (linked >= 0) (void)files.remove_file(temp.folder(), temp.name());
        return linked;
    }

    [[nodiscard]] static bool cannot_link(int answer) noexcept {
        return answer == -EXDEV || answer == -EPERM || answer == -EOPNOTSUPP || answer == -EMLINK ||
               answer == -ENOSYS || answer == -EINVAL;
    }
    /// 0, -ENOENT (a directory is gone: try again), or another errno that means that a link is impossible here.
    [[nodiscard]] static result<int> link_answer(int answer) {
        if (answer >= 0 || answer == -ENOENT || cannot_link(answer)) return answer;
        return name_failure(answer, "cannot link the blob");
    }

    [[nodiscard]] result<int> link_new(int from, int to, const copy_request& r) const {
        const Files& files = tree_->files();
        const char* leaf = leaf_of(r.to.text());
        for (int tries = 0; tries < 2; ++tries) {
            const int answer = files.link(from, leaf_of(r.from.text()), to, leaf);
            if (answer != -EEXIST) return link_answer(answer);
            file_facts present;
            if (auto way = make_way(to, leaf, r.target, present); !way) return unexpected(std::move(way).error());
        }
        return -ENOENT;
    }

    [[nodiscard]] result<int> link_over(temp_files<Files>& temps, int from, int to, const copy_request& r,
                                        const file_facts& source) const {
        const char* leaf = leaf_of(r.to.text());
        file_facts present;
        auto way = make_way(to, leaf, r.target, present);
        if (!way) return unexpected(std::move(way).error());
        // To rename one name of a file over another one does nothing at all, so the first would stay.
        if (*way && same_version(present, source)) return 0;
        temp_file<Files> second;
        const int answer = temps.link(from, leaf_of(r.from.text()), second);
        if (answer < 0) return link_answer(answer);
        file_facts linked;
        const int seen = tree_->files().facts_in(second.folder(), second.name(), linked);
        if (seen < 0) return file_failure(seen, "cannot link the blob");
        if (!same_version(linked, source)) return -ENOENT;
        const int renamed = tree_->files().rename(second.folder(), second.name(), to, leaf);
        if (renamed >= 0) second.published();
        if (renamed >= 0 || renamed == -ENOENT) return renamed;
        return name_failure(renamed, "cannot store the blob");
    }

    const file_tree<Files>* tree_;
    const file_store_options options_;
    std::atomic<std::int64_t> stamp_ = 0;
    std::mutex beginning_ = {};
    std::unique_ptr<session> session_ = {};  ///< Made under beginning_.
    std::atomic<session*> ready_ = nullptr;  ///< The same, once it is there.
};

}  // namespace blobshift::inline v1::detail

#endif
