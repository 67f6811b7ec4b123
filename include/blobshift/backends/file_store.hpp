// SPDX-License-Identifier: MIT
//
// A store in a directory: each blob is one plain file, and the whole contract holds between processes.
//
// Row: backends (core, store).   Tests: tests/backends/file_store.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_BACKENDS_FILE_STORE_HPP
#define BLOBSHIFT_BACKENDS_FILE_STORE_HPP

#include <algorithm>  // clamp, max, min
#include <cerrno>     // ENOENT ...
#include <cstddef>    // byte, size_t
#include <cstdint>    // int64_t, uint64_t
#include <memory>     // unique_ptr
#include <mutex>      // mutex, scoped_lock
#include <optional>   // optional
#include <span>       // span
#include <string>     // string
#include <utility>    // forward, move
#include <vector>     // vector

#include <blobshift/backends/file_attributes.hpp>
#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_groups.hpp>
#include <blobshift/backends/file_listing.hpp>
#include <blobshift/backends/file_pages.hpp>
#include <blobshift/backends/file_reader.hpp>
#include <blobshift/backends/file_store_options.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/backends/file_uploads.hpp>
#include <blobshift/backends/file_version.hpp>
#include <blobshift/backends/file_writer.hpp>
#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1 {

/// A `BlobStore` in a directory. Listings are in the order of the names' UTF-8 bytes.
///
/// \par What is where
/// The blob `a/b/c` is the file `a/b/c` below the root. It is never changed in place: a put writes a temporary file and
/// renames it. Attributes are an extended attribute of the file (`user.blobshift`, see file_attributes.hpp), written
/// before the rename. A file that another program put there is a blob without attributes; other programs must put and
/// replace files whole, by rename, and must not move directories about. `.blobshift-store.` in the root holds locks and
/// temporary files; the first write makes it. What a crash left there is swept when the store is opened.
///
/// \par What is no blob
/// Symbolic links are never followed below the root: a name that leads through one is errc::conflict. Links, devices,
/// sockets and files whose names no blob can have are neither listed nor touched; `count_foreign` counts them.
///
/// \par Limits
///   - All below the root is one file system, with times in nanoseconds (versions are told apart by them) and open file
///     description locks (Linux 3.15); errc::unsupported without.
///   - `a` and `a/b` cannot both be files: errc::conflict. An empty directory is in nobody's way.
///   - A part of a name has at most 255 bytes: errc::invalid_argument.
///   - Attributes must fit the file system (about 4 KiB on ext4): errc::no_space.
///   - A copy by link has its source's time of change, and its bytes are as durable as that one's put made them.
///   - A child made by fork shares its parent's locks: it must open a store of its own.
///   - A `scan` may meet a blob twice that is replaced meanwhile, where the file system files a renamed entry anew
///     (tmpfs, btrfs).
///
/// \par Thread-safety  All members but the move operations, from any thread.
template <class Files>
class basic_file_store {
public:
    /// \param path   The root: an existing directory (any path, links included), unless `options.create`.
    /// \return errc::not_found if there is none, errc::invalid_argument if it is no directory.
    [[nodiscard]] static result<basic_file_store> open(const std::string& path, file_store_options options = {},
                                                       Files files = {}) {
        if (path.empty() || path.find('\0') != std::string::npos || options.page_size == 0 ||
            (options.file_mode & ~0777U) != 0 || (options.folder_mode & ~0777U) != 0) {
            return fail(errc::invalid_argument, "a file store needs a path, modes up to 0777 and a page size above 0",
                        path);
        }
        int root = files.open_root(path.c_str());
        if (root == -ENOENT && options.create) {
            if (const int made = make_root(files, path, options); made < 0) {
                return detail::file_failure(made, "cannot make the root of the store", path);
            }
            root = files.open_root(path.c_str());
        }
        if (root == -ENOTDIR) return fail(errc::invalid_argument, "the root of the store is not a directory", path);
        if (root < 0) return detail::file_failure(root, "cannot open the root of the store", path);
        basic_file_store store(std::make_unique<state>(std::move(files), root, options));
        store.state_->writer.sweep();
        return store;
    }

    result<blob_info> head(const context& c, const blob_name& n) {
        if (auto go = c.proceed(); !go) return detail::about(std::move(go), n);
        return state_->reader.head(n);
    }

    result<etag> etag_of(const context& c, const blob_name& n) {
        if (auto go = c.proceed(); !go) return detail::about(std::move(go), n);
        return state_->reader.etag_of(n);
    }

    /// One file is opened once: all bytes are of one version. A file that became shorter meanwhile is errc::corrupt.
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        if (auto go = c.proceed(); !go) return detail::about(std::move(go), n);
        if (auto fine = detail::validate_pin(when); !fine) return detail::about(std::move(fine), n);
        return state_->reader.read(c, n, range, out, when);
    }

    /// See file_pages.hpp for what it costs.
    result<list_page> list(const context& c, const list_query& q) {
        if (auto fine = detail::validate_query(q); !fine) return unexpected(std::move(fine).error());
        if (auto go = can_list(c); !go) return unexpected(std::move(go).error());
        const std::size_t most = state_->page_size;
        return state_->pages.list(c, q, q.page_size == 0 ? most : (std::min)(q.page_size, most));
    }

    /// \par Complexity  Reads each directory once. Memory: 32 KiB for each level; with `concurrency`, which counts up
    ///                  to 8, also up to four open directories and 1,024 blobs for each thread.
    result<void> scan(const context& c, const list_query& q, on_blob f) {
        if (auto fine = detail::validate_scan(q); !fine) return fine;
        if (auto go = can_list(c); !go) return go;
        return detail::file_scan<Files>(state_->tree, c, q).run(f);
    }

    /// The entries below the root that are no blobs and hold none, and which the store therefore leaves alone.
    result<std::uint64_t> count_foreign(const context& c) {
        if (auto go = can_list(c); !go) return unexpected(std::move(go).error());
        const list_query everything;
        detail::file_scan<Files> all(state_->tree, c, everything);
        auto seen = all.run([](blob_info&&) { return result<void>(); });
        if (!seen) return unexpected(std::move(seen).error());
        return all.foreign();
    }

    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        if (auto go = c.proceed(); !go) return detail::about(std::move(go), n);
        if (auto fine = validate(attrs); !fine) return detail::about(std::move(fine), n);
        if (auto met = state_->reader.foresee(n, when); !met) return detail::about(std::move(met), n);
        auto temp = begin(c, n);
        if (!temp) return unexpected(std::move(temp).error());
        if (auto all = temp->write(c, content, 0); !all) return detail::about(std::move(all), n);
        return publish(c, n, *temp, attrs, when, false);
    }

    /// Directories that become empty are removed, too.
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        std::optional<result<bool>> answer;
        const remove_request request{n, when};
        state_->groups.remove(c, {&request, 1}, [&](std::size_t, result<bool>&& one) { answer = std::move(one); });
        return *std::move(answer);
    }

    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        std::optional<result<copy_result>> answer;
        const copy_request request{from, to, source, target};
        state_->groups.copy(c, {&request, 1}, [&](std::size_t, result<copy_result>&& one) { answer = std::move(one); });
        return *std::move(answer);
    }

    /// In groups: all their copies, then one sync of each directory, then their results.
    void copy_many(const context& c, std::span<const copy_request> requests, const bulk_options& options, on_copied f) {
        state_->groups.look_up(c, requests, options.concurrency);
        state_->groups.in_pool(requests, options, f,
                               [&](auto group, auto&& report) { state_->groups.copy(c, group, report); });
    }

    /// In groups, as `copy_many`. With durability::full, all that could be seen before is durable before anything goes:
    /// a blob that goes because another is there must not survive it only in the cache, where a writer that was killed
    /// left that other one.
    void remove_many(const context& c, std::span<const remove_request> requests, const bulk_options& options,
                     on_removed f) {
        if (const int answer = requests.empty() ? 0 : state_->writer.sync_all(); answer < 0) {
            for (std::size_t i = 0; i < requests.size(); ++i) {
                f(i, detail::file_failure(answer, "cannot make durable what must outlive the blob",
                                          requests[i].name.text()));
            }
            return;
        }
        state_->groups.in_pool(requests, options, f,
                               [&](auto group, auto&& report) { state_->groups.remove(c, group, report); });
    }

    result<upload_session> begin_upload(const context& c, const blob_name& n) {
        auto temp = begin(c, n);
        if (!temp) return unexpected(std::move(temp).error());
        return upload_session{n, state_->uploads.add(*std::move(temp))};
    }

    result<void> stage_block(const context& c, const upload_session& u, std::uint32_t index, std::uint64_t offset,
                             byte_view content) {
        if (auto go = c.proceed(); !go) return detail::about(std::move(go), u.name);
        auto upload = state_->uploads.find(u.id);
        if (!upload) return detail::about(std::move(upload), u.name);
        const std::scoped_lock lock((*upload)->mutex);
        if ((*upload)->over) return detail::about(state_->uploads.none(), u.name);
        (*upload)->blocks.make_room(index, offset, content.size());
        if (auto all = (*upload)->temp.write(c, content, offset); !all) return detail::about(std::move(all), u.name);
        (*upload)->blocks.add(index, offset, content.size());
        return {};
    }

    result<blob_info> commit_upload(const context& c, const upload_session& u, std::uint32_t block_count,
                                    std::uint64_t size_bytes, const attributes& attrs, const condition& when) {
        if (auto go = c.proceed(); !go) return detail::about(std::move(go), u.name);
        if (auto fine = validate(attrs); !fine) return detail::about(std::move(fine), u.name);
        auto upload = state_->uploads.find(u.id);
        if (!upload) return detail::about(std::move(upload), u.name);
        const std::scoped_lock lock((*upload)->mutex);
        if ((*upload)->over) return detail::about(state_->uploads.none(), u.name);
        auto all = (*upload)->blocks.complete(block_count, size_bytes);
        if (!all) return detail::about(std::move(all), u.name);
        if (auto met = state_->reader.foresee(u.name, when); !met) return detail::about(std::move(met), u.name);
        if (const int cut = state_->tree.files().resize((*upload)->temp.fd(), size_bytes); cut < 0) {
            return detail::file_failure(cut, "cannot complete the blob", u.name.text());
        }
        auto done = publish(c, u.name, (*upload)->temp, attrs, when, true);
        // A condition that was not met can be met another time; what the medium refused is not asked for again.
        if (done || done.error().done != effect::none || done.error().system_code != 0) {
            (*upload)->over = true;
            state_->uploads.remove(u.id);
        }
        return done;
    }

    result<void> abandon_upload(const context& c, const upload_session& u) {
        if (auto go = c.proceed(); !go) return detail::about(std::move(go), u.name);
        auto upload = state_->uploads.find(u.id);
        if (!upload) return detail::about(std::move(upload), u.name);
        state_->uploads.remove(u.id);
        const std::scoped_lock lock((*upload)->mutex);
        (*upload)->over = true;
        return {};
    }

private:
    using file_handle = detail::file_handle<Files>;
    using temp_file = detail::temp_file<Files>;

    /// Everything with an address: what refers to each other must not move with the store.
    struct state {
        state(Files system, int root, const file_store_options& o)
            : page_size(o.page_size),
              tree(std::move(system), root, o.folder_mode),
              pages(tree),
              reader(tree),
              writer(tree, o),
              groups(o, tree, reader, writer) {}

        const std::size_t page_size;
        const detail::file_tree<Files> tree;
        detail::file_pages<Files> pages;
        const detail::file_reader<Files> reader;
        detail::file_writer<Files> writer;
        detail::file_groups<Files> groups;
        detail::file_uploads<Files> uploads = {};  ///< Last: its files go before their folder does.
    };

    explicit basic_file_store(std::unique_ptr<state> s) : state_(std::move(s)) {}

    [[nodiscard]] static int make_root(const Files& files, const std::string& path, const file_store_options& options) {
        int answer = files.make_root(path.c_str(), options.folder_mode);
        if (answer == -EEXIST) return 0;
        if (answer < 0) return answer;
        const file_handle root(files, files.open_root(path.c_str()));
        answer = root ? files.set_mode(root.fd(), options.folder_mode) : root.code();
        if (answer < 0 || options.durable != durability::full) return answer;
        const file_handle above(files, files.open_root((path + "/..").c_str()));
        return above ? files.sync(above.fd()) : above.code();
    }

    [[nodiscard]] result<void> can_list(const context& c) const {
        if (auto go = c.proceed(); !go) return go;
        if (const int gone = state_->tree.root_is_gone(); gone < 0) {
            return detail::file_failure(gone, "the root of the store is gone");
        }
        return {};
    }

    /// What a put and an upload need before their first byte.
    [[nodiscard]] result<temp_file> begin(const context& c, const blob_name& n) {
        if (auto go = c.proceed(); !go) return detail::about(std::move(go), n);
        if (auto fine = detail::can_hold(n); !fine) return unexpected(std::move(fine).error());
        auto temp = state_->writer.create_temp();
        if (!temp) return detail::about(std::move(temp), n);
        return temp;
    }

    /// \param again   Keep the file open until it is a blob, so that a publication that is refused can be repeated.
    [[nodiscard]] result<blob_info> publish(const context& c, const blob_name& n, temp_file& temp,
                                            const attributes& attrs, const condition& when, bool again) {
        const std::string encoded = attrs.empty() ? std::string() : detail::encode_attributes(attrs);
        const auto facts = state_->writer.complete(temp, encoded);
        if (!facts) return detail::about(facts, n);
        if (!again) {
            const int closed = temp.close();
            if (closed < 0) return detail::file_failure(closed, "cannot write the blob", n.text());
        }
        if (auto done = state_->writer.publish(c, n, temp, when); !done) return detail::about(std::move(done), n);
        int answer = temp.close();
        detail::touched_folders touched;
        touched.add(detail::folder_of(n.text()));
        if (answer >= 0) answer = state_->writer.sync(touched.all(true));
        if (answer < 0) return unexpected(detail::unsynced(answer, n.text()));
        blob_info info = detail::info_of(n, *facts);
        info.attrs = attrs;
        return info;
    }

    std::unique_ptr<state> state_;
};

/// The store for programs; tests put other calls in the place of the system's.
using file_store = basic_file_store<posix_files>;

static_assert(Scanner<file_store> && BulkCopier<file_store> && BulkRemover<file_store> && BlockStore<file_store> &&
              EtagReader<file_store>);

}  // namespace blobshift::inline v1

#endif
