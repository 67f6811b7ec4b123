// SPDX-License-Identifier: MIT
//
// How a blob is read from its file: opened once, so that all that is said and given is of one version.
//
// Row: backends (core, store).   Tests: tests/backends/file_reader.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_READER_HPP
#define BLOBSHIFT_BACKENDS_FILE_READER_HPP

#include <algorithm>  // min
#include <cerrno>     // ENOENT ...
#include <cstddef>    // size_t
#include <cstdint>    // int64_t, uint64_t
#include <string>     // string
#include <utility>    // forward, move

#include <blobshift/backends/file_attributes.hpp>
#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/backends/file_version.hpp>
#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1::detail {

/// The same failure, with the name of the blob that it is about.
template <class R>
[[nodiscard]] unexpected about(R&& failed, const blob_name& n) {
    error e = std::forward<R>(failed).error();
    e.subject = n.text();
    return unexpected(std::move(e));
}

[[nodiscard]] inline unexpected no_blob(const blob_name& n) {
    return fail(errc::not_found, "no blob has this name", n.text());
}

/// What a reader makes of an answer about a blob's path.
template <class Files>
[[nodiscard]] unexpected cannot_reach(const file_tree<Files>& tree, int answer, const blob_name& n) {
    // ENXIO: a socket. A component that is too long, or a file where a directory should be, means: no such blob.
    if (answer == -ENOENT || answer == -ENOTDIR || answer == -ENAMETOOLONG) {
        if (const int gone = tree.root_is_gone(); gone < 0) return file_failure(gone, "the root of the store is gone");
        return no_blob(n);
    }
    if (answer == -ENXIO) return fail(errc::conflict, "something that is no regular file has this name", n.text());
    return file_failure(answer, "cannot open the blob", n.text());
}

/// Opens and reads. \par Thread-safety  All members from any thread.
template <class Files>
class file_reader {
public:
    explicit file_reader(const file_tree<Files>& tree) noexcept : tree_(&tree) {}

    struct opened_blob {
        file_handle<Files> file;
        file_facts facts = {};
    };

    [[nodiscard]] result<opened_blob> open(const blob_name& n) const {
        opened_blob b{tree_->open(n.text(), open_for::content)};
        int answer = b.file.code();
        if (answer >= 0) answer = tree_->files().facts_of(b.file.fd(), b.facts);
        if (answer < 0) return cannot_reach(*tree_, answer, n);
        if (b.facts.kind == file_kind::directory) return no_blob(n);
        if (b.facts.kind != file_kind::regular) return cannot_reach(*tree_, -ENXIO, n);
        return b;
    }

    [[nodiscard]] result<blob_info> info_with_attributes(const blob_name& n, const opened_blob& b) const {
        auto attrs = read_attributes(tree_->files(), b.file.fd());
        if (!attrs) return about(std::move(attrs), n);
        blob_info info = info_of(n, b.facts);
        info.attrs = *std::move(attrs);
        return info;
    }

    [[nodiscard]] result<blob_info> head(const blob_name& n) const {
        auto blob = open(n);
        if (!blob) return unexpected(std::move(blob).error());
        return info_with_attributes(n, *blob);
    }

    /// As `head`, without opening the file: whether it can be read, and what attributes it has, stays open.
    [[nodiscard]] result<etag> etag_of(const blob_name& n) const {
        file_facts facts;
        const int answer = facts_at(n, facts);
        if (answer < 0) return cannot_reach(*tree_, answer, n);
        if (facts.kind == file_kind::directory) return no_blob(n);
        if (facts.kind == file_kind::link) return cannot_reach(*tree_, -ELOOP, n);
        if (facts.kind != file_kind::regular) return cannot_reach(*tree_, -ENXIO, n);
        return version_of(facts);
    }

    [[nodiscard]] result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                                           const condition& when) const {
        auto blob = open(n);
        if (!blob) return unexpected(std::move(blob).error());
        const etag tag = version_of(blob->facts);
        if (auto met = test_condition(when, &tag); !met) return about(std::move(met), n);
        auto part = resolve(range, blob->facts.size, out.size());
        if (!part) return about(std::move(part), n);
        auto info = info_with_attributes(n, *blob);
        if (!info) return unexpected(std::move(info).error());
        if (auto all = read_all(c, blob->file.fd(), part->offset, out.first(part->count)); !all) {
            return about(std::move(all), n);
        }
        return read_result{*std::move(info), part->offset, part->count};
    }

    /// A condition that fails already spares writing the bytes; only the test under the lock counts.
    [[nodiscard]] result<void> foresee(const blob_name& n, const condition& when) const {
        if (when.is_always()) return {};
        file_facts facts;
        const int answer = facts_at(n, facts);
        if (answer < 0 && answer != -ENOENT) return {};
        const bool is_blob = answer >= 0 && facts.kind == file_kind::regular;
        const etag tag = is_blob ? version_of(facts) : etag();
        return test_condition(when, is_blob ? &tag : nullptr);
    }

private:
    /// What stands at the name of a blob, which is not opened. \return 0 or a negative errno.
    [[nodiscard]] int facts_at(const blob_name& n, file_facts& facts) const {
        const auto folder = tree_->open(std::string(folder_of(n.text())), open_for::passage);
        return folder ? tree_->files().facts_in(folder.fd(), leaf_of(n.text()), facts) : folder.code();
    }

    [[nodiscard]] result<void> read_all(const context& c, int fd, std::uint64_t offset, byte_span out) const {
        while (!out.empty()) {
            if (auto go = c.proceed(); !go) return go;
            const auto piece = out.first((std::min)(out.size(), std::size_t{8} << 20));
            const std::int64_t got = tree_->files().read_at(fd, piece, offset);
            if (got < 0) return file_failure(static_cast<int>(got), "cannot read the blob");
            if (got == 0) return fail(errc::corrupt, "the blob's file became shorter while it was read");
            out = out.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::uint64_t>(got);
        }
        return {};
    }

    const file_tree<Files>* tree_;
};

}  // namespace blobshift::inline v1::detail

#endif
