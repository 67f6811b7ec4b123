// SPDX-License-Identifier: MIT
//
// Files that are not blobs yet: written out of sight, and swept when the process that wrote them died.
//
// Row: backends (core).   Tests: tests/backends/file_temps.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_TEMPS_HPP
#define BLOBSHIFT_BACKENDS_FILE_TEMPS_HPP

#include <algorithm>    // min
#include <array>        // array
#include <atomic>       // atomic
#include <cerrno>       // EEXIST ...
#include <charconv>     // from_chars
#include <cstddef>      // byte, size_t
#include <cstdint>      // int64_t, uint64_t
#include <memory>       // unique_ptr
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // exchange, move
#include <vector>       // vector

#include <blobshift/backends/file_attributes.hpp>
#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/core/context.hpp>
#include <blobshift/core/random.hpp>

namespace blobshift::inline v1::detail {

/// Where a store keeps what is no blob. No blob's name can be it: a segment that ends in a dot is none.
inline constexpr const char* private_folder = ".blobshift-store.";

/// Calls `f(entry)` for each entry of an open directory, until it returns false. \return 0, or a negative errno.
template <class Files, class F>
[[nodiscard]] int for_each_entry(const Files& files, int folder, std::span<std::byte> buffer, F&& f) {
    for (;;) {
        const std::int64_t filled = files.read_entries(folder, buffer);
        if (filled == -ENOENT) return 0;  // removed meanwhile, so it was empty
        if (filled <= 0) return static_cast<int>(filled);
        if (!unpack_entries(buffer.first(static_cast<std::size_t>(filled)), f)) return 0;
    }
}

/// A file that no listing shows, until it is published. Removed by the destructor unless it was published.
template <class Files>
class temp_file {
public:
    temp_file() = default;
    temp_file(const Files& files, int folder, std::string name, file_handle<Files> file)
        : files_(&files), folder_(folder), name_(std::move(name)), file_(std::move(file)) {}
    temp_file(temp_file&& other) noexcept
        : files_(std::exchange(other.files_, nullptr)),
          folder_(other.folder_),
          name_(std::move(other.name_)),
          file_(std::move(other.file_)) {}
    temp_file& operator=(temp_file&& other) noexcept {
        discard();
        files_ = std::exchange(other.files_, nullptr);
        folder_ = other.folder_;
        name_ = std::move(other.name_);
        file_ = std::move(other.file_);
        return *this;
    }
    ~temp_file() { discard(); }

    [[nodiscard]] int folder() const noexcept { return folder_; }
    [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }
    [[nodiscard]] int fd() const noexcept { return file_.fd(); }

    /// The name is gone from here.
    void published() noexcept { files_ = nullptr; }

    /// Writes all of `content` at `offset`, in pieces between which the context may end it.
    [[nodiscard]] result<void> write(const context& c, std::span<const std::byte> content, std::uint64_t offset) {
        while (!content.empty()) {
            if (auto go = c.proceed(); !go) return go;
            const auto piece = content.first((std::min)(content.size(), std::size_t{8} << 20));
            const std::int64_t written = files_->write_at(file_.fd(), piece, offset);
            if (written < 0) return file_failure(static_cast<int>(written), "cannot write the blob");
            if (written == 0) return file_failure(-EIO, "cannot write the blob");
            content = content.subspan(static_cast<std::size_t>(written));
            offset += static_cast<std::uint64_t>(written);
        }
        return {};
    }

    /// Gives the file all that a blob has beside its bytes, and makes it durable if `durable`.
    ///
    /// \param encoded   The value of its attribute; empty: it has none.
    [[nodiscard]] result<file_facts> finish(std::string_view encoded, std::int64_t stamp, unsigned mode, bool durable) {
        if (!encoded.empty()) {
            const int kept = files_->set_attribute(file_.fd(), file_attribute_name, encoded);
            if (kept < 0) return attribute_failure(kept);
        }
        file_facts facts;
        int answer = files_->set_mtime(file_.fd(), stamp);
        if (answer >= 0) answer = files_->facts_of(file_.fd(), facts);
        if (answer >= 0 && facts.mode != mode) answer = files_->set_mode(file_.fd(), mode);
        if (answer < 0) return file_failure(answer, "cannot complete the blob");
        if (facts.mtime_ns != stamp) {
            return fail(errc::unsupported,
                        "the file system keeps no times in nanoseconds, so versions of a blob could not be told apart");
        }
        if (durable) answer = files_->sync(file_.fd());
        if (answer < 0) return file_failure(answer, "cannot make the blob durable");
        return facts;
    }

    /// Some file systems tell only now that they could not write.
    [[nodiscard]] int close() noexcept { return file_.close(); }

private:
    [[nodiscard]] static unexpected attribute_failure(int answer) {
        if (answer == -ENOSPC || answer == -EDQUOT) {
            return file_failure(answer, "no room for the blob's attributes (ext4 has about 4 KiB for them)");
        }
        error e = file_error(answer, "cannot keep the blob's attributes");
        if (answer == -E2BIG || answer == -ERANGE) {
            e.code = errc::unsupported;
            e.message = "the blob's attributes are too large for this file system";
        } else if (answer == -EOPNOTSUPP) {
            e.message = "this file system keeps no attributes (user extended attributes)";
        }
        return unexpected(std::move(e));
    }

    void discard() noexcept {
        file_.close();
        if (const Files* files = std::exchange(files_, nullptr)) (void)files->remove_file(folder_, name_.c_str());
    }

    const Files* files_ = nullptr;
    int folder_ = -EBADF;
    std::string name_ = {};
    file_handle<Files> file_ = {};
};

/// The directory for temporary files of one store object, `tmp/<id>` in the private folder.
///
/// Byte `id` of the lock file says that its owner lives: it is taken before the directory is made and ends with the
/// process, so who can take it may sweep the directory.
template <class Files>
class temp_files {
public:
    /// \param home   The open private folder. \param locks  The open lock file, which must outlive the object.
    [[nodiscard]] static result<std::unique_ptr<temp_files>> begin(const file_tree<Files>& tree, int home, int locks,
                                                                   unsigned file_mode) {
        constexpr std::string_view doing = "cannot make the folder for temporary files";
        const Files& files = tree.files();
        int answer = tree.make_folder(home, tmp);
        if (answer < 0 && answer != -EEXIST) return file_failure(answer, doing);
        auto made = std::unique_ptr<temp_files>(new temp_files(files, file_mode));
        made->tmp_ = file_handle<Files>(files, files.open_in(home, tmp, open_for::passage));
        if (!made->tmp_) return file_failure(made->tmp_.code(), doing);
        do {
            made->id_ = lowest_id + random_u64() % lowest_id;
            answer = files.try_lock(locks, made->id_);
        } while (answer == -EAGAIN);
        if (answer < 0) return file_failure(answer, "cannot lock the folder for temporary files");
        const std::string name = hex_text(made->id_);
        answer = tree.make_folder(made->tmp_.fd(), name.c_str());
        if (answer < 0) return file_failure(answer, doing);
        made->own_ = file_handle<Files>(files, files.open_in(made->tmp_.fd(), name.c_str(), open_for::passage));
        if (!made->own_) return file_failure(made->own_.code(), doing);
        return made;
    }

    ~temp_files() {
        if (own_) (void)files_->remove_folder(tmp_.fd(), hex_text(id_).c_str());
    }

    [[nodiscard]] result<temp_file<Files>> create() {
        std::string name = next_name();
        file_handle<Files> file(*files_, files_->create_in(own_.fd(), name.c_str(), file_mode_ | 0600U));
        if (!file) return file_failure(file.code(), "cannot make a temporary file");
        return temp_file<Files>(*files_, own_.fd(), std::move(name), std::move(file));
    }

    /// A second name, out of sight, for the file `from`.
    [[nodiscard]] int link(int from_folder, const char* from, temp_file<Files>& out) {
        std::string name = next_name();
        const int answer = files_->link(from_folder, from, own_.fd(), name.c_str());
        if (answer >= 0) out = temp_file<Files>(*files_, own_.fd(), std::move(name), {});
        return answer;
    }

    /// Removes what dead owners left. What cannot be removed now stays for the next one who comes.
    static void sweep(const Files& files, int home, int locks) {
        const file_handle<Files> all(files, files.open_in(home, tmp, open_for::entries));
        if (!all) return;
        std::array<std::byte, 8192> buffer;
        std::vector<std::string> names;
        const auto note = [&](const folder_entry& e) { return names.emplace_back(e.name), true; };
        if (for_each_entry(files, all.fd(), buffer, note) < 0) return;
        for (const std::string& name : std::exchange(names, {})) {
            std::uint64_t id = 0;
            const char* end = name.data() + name.size();
            if (std::from_chars(name.data(), end, id, 16).ptr != end || id < lowest_id) continue;
            if (files.try_lock(locks, id) < 0) continue;  // alive
            {
                const file_handle<Files> dead(files, files.open_in(all.fd(), name.c_str(), open_for::entries));
                names.clear();
                if (dead && for_each_entry(files, dead.fd(), buffer, note) == 0) {
                    for (const std::string& file : names) (void)files.remove_file(dead.fd(), file.c_str());
                }
            }
            (void)files.remove_folder(all.fd(), name.c_str());
            files.unlock(locks, id);
        }
    }

private:
    static constexpr const char* tmp = "tmp";
    /// Ids are lock offsets: in [2^61, 2^62), far from the stripes, and all of 16 digits.
    static constexpr std::uint64_t lowest_id = std::uint64_t{1} << 61;

    temp_files(const Files& files, unsigned file_mode) : files_(&files), file_mode_(file_mode) {}

    [[nodiscard]] std::string next_name() { return hex_text(serial_.fetch_add(1, std::memory_order_relaxed)); }

    const Files* files_;
    unsigned file_mode_;
    std::uint64_t id_ = 0;
    std::atomic<std::uint64_t> serial_ = 0;
    file_handle<Files> tmp_ = {};
    file_handle<Files> own_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
