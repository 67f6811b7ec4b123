// SPDX-License-Identifier: MIT
//
// Paths below one directory: opened without ever leaving it, made when a file needs them, removed when empty.
//
// Row: backends (core).   Tests: tests/backends/file_tree.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_TREE_HPP
#define BLOBSHIFT_BACKENDS_FILE_TREE_HPP

#include <algorithm>    // min, rotate
#include <cerrno>       // ENOENT ...
#include <cstddef>      // ptrdiff_t, size_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // exchange, move
#include <vector>       // vector

#include <blobshift/backends/posix_files.hpp>

namespace blobshift::inline v1::detail {

/// An open file, or the negative errno that stands in its place. Closes what it owns; a borrowed one it leaves open.
template <class Files>
class file_handle {
public:
    file_handle() = default;
    file_handle(const Files& owner, int fd) noexcept : files_(&owner), fd_(fd) {}
    [[nodiscard]] static file_handle borrowed(int fd) noexcept {
        file_handle h;
        h.fd_ = fd;
        return h;
    }
    file_handle(file_handle&& other) noexcept
        : files_(std::exchange(other.files_, nullptr)), fd_(std::exchange(other.fd_, -EBADF)) {}
    file_handle& operator=(file_handle&& other) noexcept {
        if (this != &other) {
            close();
            files_ = std::exchange(other.files_, nullptr);
            fd_ = std::exchange(other.fd_, -EBADF);
        }
        return *this;
    }
    ~file_handle() { close(); }

    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int fd() const noexcept { return fd_; }
    /// The negative errno of an open that failed.
    [[nodiscard]] int code() const noexcept { return fd_ < 0 ? fd_ : 0; }

    /// Some file systems tell only now that they could not write.
    int close() noexcept {
        const int fd = std::exchange(fd_, -EBADF);
        return files_ != nullptr && fd >= 0 ? files_->close(fd) : 0;
    }

private:
    const Files* files_ = nullptr;
    int fd_ = -EBADF;
};

/// The folder of a path: all before its last '/', "" for the top.
[[nodiscard]] inline std::string_view folder_of(std::string_view path) noexcept {
    const std::size_t cut = path.rfind('/');
    return cut == std::string_view::npos ? std::string_view{} : path.substr(0, cut);
}

/// The last part of a path. Ends in NUL, as the path does.
[[nodiscard]] inline const char* leaf_of(const std::string& path) noexcept {
    const std::size_t cut = path.rfind('/');
    return path.c_str() + (cut == std::string::npos ? 0 : cut + 1);
}

/// One directory and what is below it. Paths are relative, of parts that are neither empty nor "." nor "..".
///
/// A symbolic link below the root gives -ELOOP, for whatever it is opened.
template <class Files>
class file_tree {
public:
    using handle = file_handle<Files>;

    /// \param root   An open directory, owned by the tree.
    file_tree(Files system, int root, unsigned folder_mode)
        : files_(std::move(system)), root_(root), folder_mode_(folder_mode) {
        const handle probe(files_, files_.open_beneath(root_, ".", open_for::passage));
        // EPERM: a filter of system calls that is older than the call.
        atomic_ = probe.code() != -ENOSYS && probe.code() != -EPERM;
    }
    ~file_tree() { files_.close(root_); }
    file_tree(const file_tree&) = delete;
    file_tree& operator=(const file_tree&) = delete;

    [[nodiscard]] const Files& files() const noexcept { return files_; }
    [[nodiscard]] int root() const noexcept { return root_; }

    /// Whether the root still has a name; an unlinked directory looks empty, which must not be taken for "no blobs".
    [[nodiscard]] int root_is_gone() const noexcept {
        file_facts facts;
        if (const int answer = files_.facts_of(root_, facts); answer < 0) return answer;
        return facts.links == 0 ? -ESTALE : 0;
    }

    [[nodiscard]] handle open(const std::string& path, open_for use) const {
        if (path.empty()) {
            if (use == open_for::passage) return handle::borrowed(root_);
            return handle(files_, files_.open_in(root_, ".", use));  // its own position among the entries
        }
        if (atomic_) return handle(files_, files_.open_beneath(root_, path.c_str(), use));
        return step_by_step(path, use, false, nullptr);
    }

    /// Opens a directory and makes what is missing of it. `kept` becomes the length of the part of `path` that was
    /// there before: hand it to `prune` when nothing came to be in the new part.
    [[nodiscard]] handle open_or_make(const std::string& path, open_for use, std::size_t& kept) const {
        kept = path.size();
        handle found = open(path, use);
        // Somebody who prunes may take away again what was made here; he needs a removed blob for each time.
        for (int tries = 0; tries < 1000 && found.code() == -ENOENT && !path.empty(); ++tries) {
            found = step_by_step(path, use, true, &kept);
        }
        return found;
    }

    /// A directory at `name` in an open one. Its mode is exact, whatever umask and inherited access lists say.
    [[nodiscard]] int make_folder(int dir, const char* name) const {
        if (const int made = files_.make_folder(dir, name, folder_mode_); made < 0) return made;
        file_facts facts;
        int answer = files_.facts_in(dir, name, facts);
        if (answer == 0 && facts.mode != folder_mode_) answer = files_.set_mode_in(dir, name, folder_mode_);
        if (answer < 0 && answer != -ENOENT) (void)files_.remove_folder(dir, name);
        return answer;
    }

    /// Removes `path` and the directories above it as far as they are empty, but none of the first `kept` characters.
    ///
    /// \return the deepest directory that remains.
    std::string prune(std::string path, std::size_t kept = 0) const {
        while (path.size() > kept) {
            const std::string above(folder_of(path));
            const handle parent = open(above, open_for::passage);
            const int answer = parent ? files_.remove_folder(parent.fd(), leaf_of(path)) : parent.code();
            if (answer < 0 && answer != -ENOENT) break;
            path = above;
        }
        return path;
    }

    /// Makes the entries of a directory durable. Of one that is gone, that it is: somebody else took it away, and may
    /// not have made that durable yet.
    [[nodiscard]] int sync(std::string path) const {
        for (bool gone = false;; path.resize(folder_of(path).size())) {
            const handle folder = open(path, open_for::entries);
            const bool is_gone = folder.code() == -ENOENT || folder.code() == -ENOTDIR;
            if (!folder && (!is_gone || path.empty())) return folder.code();
            if (folder) {
                if (const int answer = files_.sync(folder.fd()); answer < 0 || !gone || path.empty()) return answer;
            }
            gone = true;
        }
    }

private:
    [[nodiscard]] handle step_by_step(const std::string& path, open_for use, bool make, std::size_t* kept) const {
        handle at = handle::borrowed(root_);
        for (std::size_t start = 0; start < path.size();) {
            const std::size_t end = (std::min)(path.find('/', start), path.size());
            const std::string part = path.substr(start, end - start);
            const open_for how = end == path.size() ? use : open_for::passage;
            handle next(files_, files_.open_in(at.fd(), part.c_str(), how));
            if (make && next.code() == -ENOENT) {
                const int made = make_folder(at.fd(), part.c_str());
                if (made < 0 && made != -EEXIST) return handle(files_, made);
                if (made >= 0) *kept = (std::min)(*kept, start == 0 ? 0 : start - 1);
                next = handle(files_, files_.open_in(at.fd(), part.c_str(), how));
            }
            if (next.code() == -ENOTDIR && is_link(at.fd(), part.c_str())) return handle(files_, -ELOOP);
            if (!next) return next;
            at = std::move(next);
            start = end + 1;
        }
        return at;
    }

    [[nodiscard]] bool is_link(int dir, const char* name) const {
        file_facts facts;
        return files_.facts_in(dir, name, facts) == 0 && facts.kind == file_kind::link;
    }

    Files files_;
    int root_;
    unsigned folder_mode_;
    bool atomic_ = true;  ///< openat2 is there: one call opens a path.
};

/// The directories that a run of operations uses, opened once each; the ones used last are kept open.
///
/// One that was removed meanwhile answers -ENOENT to everything: `forget` it and look again.
template <class Files>
class open_folders {
public:
    explicit open_folders(const file_tree<Files>& tree) noexcept : tree_(&tree) {}

    struct found {
        int fd = -ENOENT;      ///< Open for passage, or a negative errno. Not owned.
        std::size_t kept = 0;  ///< See open_or_make.
    };

    /// The descriptor lives through the next `most` - 1 calls.
    [[nodiscard]] found find(std::string_view path, bool make) {
        for (std::size_t i = open_.size(); i-- > 0;) {
            if (open_[i].path != path) continue;
            if (i + 1 != open_.size()) std::rotate(place(i), place(i + 1), open_.end());
            return {open_.back().handle.fd(), open_.back().kept};
        }
        folder fresh{std::string(path), {}, path.size()};
        fresh.handle = make ? tree_->open_or_make(fresh.path, open_for::passage, fresh.kept)
                            : tree_->open(fresh.path, open_for::passage);
        const found answer{fresh.handle.fd(), fresh.kept};
        if (fresh.handle) {
            if (open_.size() == most) open_.erase(open_.begin());
            open_.push_back(std::move(fresh));
        }
        return answer;
    }

    void forget(std::string_view path) noexcept {
        for (std::size_t i = 0; i < open_.size(); ++i) {
            if (open_[i].path == path) return void(open_.erase(place(i)));
        }
    }

private:
    static constexpr std::size_t most = 8;

    struct folder {
        std::string path;
        file_handle<Files> handle;
        std::size_t kept = 0;
    };

    [[nodiscard]] auto place(std::size_t i) noexcept { return open_.begin() + static_cast<std::ptrdiff_t>(i); }

    const file_tree<Files>* tree_;
    std::vector<folder> open_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
