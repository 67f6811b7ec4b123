// SPDX-License-Identifier: MIT
//
// What is a blob in a directory and what is not, and all the blobs of a tree in one pass, in no order.
//
// Row: backends (core, store).   Tests: tests/backends/file_listing.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_LISTING_HPP
#define BLOBSHIFT_BACKENDS_FILE_LISTING_HPP

#include <array>        // array
#include <cstddef>      // byte, size_t
#include <cstdint>      // int64_t, uint64_t
#include <memory>       // unique_ptr
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/backends/file_errors.hpp>
#include <blobshift/backends/file_look.hpp>
#include <blobshift/backends/file_temps.hpp>
#include <blobshift/backends/file_tree.hpp>
#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1::detail {

/// The directory in which all names with `prefix` are, as far as the prefix tells. \return false: no name has it.
[[nodiscard]] inline bool top_of(std::string_view prefix, std::string& folder) {
    const std::size_t cut = prefix.rfind('/');
    folder.clear();
    if (cut == std::string_view::npos) return true;
    folder = prefix.substr(0, cut);
    return blob_name::parse(folder).has_value();
}

/// What a listing makes of one entry of a directory; whether a file's name is a blob's is left to the one who needs it.
enum class listed_as : unsigned char { nothing, file, folder, foreign };

/// \param full   The entry's path from the root.
template <class Files>
[[nodiscard]] listed_as classify(const Files& files, int folder, const folder_entry& entry, const list_query& q,
                                 const std::string& full) {
    if (!full.starts_with(q.prefix) || full == private_folder) return listed_as::nothing;
    file_kind kind = entry.kind;
    if (!entry.kind_known) {
        file_facts facts;
        if (files.facts_in(folder, entry.name, facts) < 0) return listed_as::nothing;
        kind = facts.kind;
    }
    if (kind == file_kind::regular) return listed_as::file;
    std::size_t offset = 0;
    if (kind != file_kind::directory || broken_name_rule(full, offset) != nullptr) return listed_as::foreign;
    return shows(q, full + '/') ? listed_as::folder : listed_as::nothing;
}

/// One pass through a tree, in the order in which the system gives the entries; with more than one thread about in that
/// order. Memory: one buffer for each level, and what `look_ahead` says.
template <class Files>
class file_scan {
public:
    file_scan(const file_tree<Files>& tree, const context& c, const list_query& q)
        : tree_(&tree), context_(&c), query_(&q) {}

    [[nodiscard]] result<void> run(on_blob f) {
        if (!top_of(query_->prefix, path_)) return {};
        if (!shows(*query_, path_ + '/')) return {};
        const folder top = std::make_shared<const file_handle<Files>>(tree_->open(path_, open_for::entries));
        if (!*top) return is_elsewhere(top->code()) ? result<void>() : file_failure(top->code(), cannot_list);
        if (!path_.empty()) path_ += '/';
        if (query_->concurrency > 1) ahead_.emplace(tree_->files(), *context_, *query_, f);
        auto all = visit(top, 0, f);
        return all && ahead_ ? ahead_->finish() : all;
    }

    /// Entries that are no blobs and hold none: links, devices, names that no blob can have.
    [[nodiscard]] std::uint64_t foreign() const noexcept { return foreign_; }

private:
    using buffer = std::array<std::byte, 32768>;
    using folder = typename look_ahead<Files>::folder;

    [[nodiscard]] result<void> visit(const folder& in, std::size_t depth, on_blob f) {
        if (buffers_.size() == depth) buffers_.push_back(std::unique_ptr<buffer>(new buffer));
        buffer& entries = *buffers_[depth];
        result<void> taken = context_->proceed();
        if (!taken) return taken;
        const int answer = for_each_entry(tree_->files(), in->fd(), entries, [&](const folder_entry& e) {
            const std::size_t length = path_.size();
            path_ += e.name;
            taken = take(in, e, depth, f);
            path_.resize(length);
            return taken.has_value();
        });
        if (answer < 0) return file_failure(answer, cannot_list);
        return taken;
    }

    [[nodiscard]] result<void> take(const folder& in, const folder_entry& e, std::size_t depth, on_blob f) {
        switch (classify(tree_->files(), in->fd(), e, *query_, path_)) {
            case listed_as::nothing: return {};
            case listed_as::foreign: ++foreign_; return {};
            case listed_as::file: return give(in, e.name, f);
            case listed_as::folder: break;
        }
        path_ += '/';
        if (path_ < query_->start_after && !query_->start_after.starts_with(path_)) return {};
        const auto next = std::make_shared<const file_handle<Files>>(
            tree_->files(), tree_->files().open_in(in->fd(), e.name, open_for::entries));
        if (!*next) return is_elsewhere(next->code()) ? result<void>() : file_failure(next->code(), cannot_list, path_);
        return visit(next, depth + 1, f);
    }

    [[nodiscard]] result<void> give(const folder& in, const char* leaf, on_blob f) {
        if (auto go = context_->proceed(); !go) return go;
        auto name = blob_name::parse(path_);
        if (!name) ++foreign_;
        if (!name || path_ <= query_->start_after) return {};
        if (ahead_) return ahead_->add(in, *std::move(name));
        auto info = look(tree_->files(), in->fd(), leaf, *std::move(name), query_->with_attributes);
        if (!info) return unexpected(std::move(info).error());
        return *info ? f(std::move(**info)) : result<void>();
    }

    const file_tree<Files>* tree_;
    const context* context_;
    const list_query* query_;
    std::string path_ = {};
    std::uint64_t foreign_ = 0;
    std::vector<std::unique_ptr<buffer>> buffers_ = {};
    std::optional<look_ahead<Files>> ahead_ = {};  ///< Only with more than one thread.
};

}  // namespace blobshift::inline v1::detail

#endif
