// SPDX-License-Identifier: MIT
//
// A part of a store, seen as a whole one. It must not reach, list or name any blob outside of its prefix.
//
// Row: layers (core, store).   Tests: tests/layers/prefix.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_LAYERS_PREFIX_HPP
#define BLOBSHIFT_LAYERS_PREFIX_HPP

#include <concepts>     // same_as
#include <cstddef>      // size_t
#include <cstdint>      // uint32_t, uint64_t
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1 {

/// The blobs of `S` whose names begin with a fixed prefix, under the rest of their names.
///
/// A name that would be too long behind the prefix is errc::invalid_argument. The view has reserved names of its own:
/// they stand below prefix + `reserved_prefix` in `S`, and the view's listings hide them, which can leave a page empty
/// that is not the last. Cursors are those of `S` and do hold the prefix.
///
/// \par Complexity  One concatenation for each name; a bulk verb holds the mapped names of all its requests.
template <BlobStore S>
class prefix {
public:
    /// \param text  One or more whole segments, each followed by '/', e.g. "tenants/7/"; else errc::invalid_argument.
    ///              Whole segments, so that no name of the view can complete a segment of the prefix.
    [[nodiscard]] static result<prefix> make(S store, std::string_view text) {
        if (!text.ends_with('/')) return fail(errc::invalid_argument, "a prefix ends in '/'", text);
        if (auto name = blob_name::parse(text.substr(0, text.size() - 1)); !name) {
            return unexpected(std::move(name).error());
        }
        return prefix(std::move(store), text);
    }

    /// All of the store; what is done to it directly is not confined.
    [[nodiscard]] S& inner() noexcept { return inner_; }

    /// What the store inside can do by itself.
    [[nodiscard]] capabilities native() const noexcept { return native_capabilities(inner_); }

    result<blob_info> head(const context& c, const blob_name& n) {
        const auto full = outside(n);
        if (!full) return unexpected(full.error());
        return inside(inner_.head(c, *full));
    }
    result<etag> etag_of(const context& c, const blob_name& n)
        requires EtagReader<S>
    {
        const auto full = outside(n);
        if (!full) return unexpected(full.error());
        return inside(inner_.etag_of(c, *full));
    }
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        const auto full = outside(n);
        if (!full) return unexpected(full.error());
        return inside(inner_.read(c, *full, range, out, when));
    }
    result<list_page> list(const context& c, const list_query& q) {
        auto page = inner_.list(c, outside(q));
        if (!page) return inside(std::move(page));
        list_page shown;
        shown.cursor = std::move(page->cursor);
        shown.blobs.reserve(page->blobs.size());
        for (blob_info& info : page->blobs) {
            if (auto named = rename(info); !named) return unexpected(std::move(named).error());
            if (detail::shows(q, info.name.text())) shown.blobs.push_back(std::move(info));
        }
        for (std::string& group : page->prefixes) {
            if (!group.starts_with(text_)) return stray();
            group.erase(0, text_.size());
            if (detail::shows(q, group)) shown.prefixes.push_back(std::move(group));
        }
        return shown;
    }
    result<void> scan(const context& c, const list_query& q, on_blob f)
        requires Scanner<S>
    {
        return inside(inner_.scan(c, outside(q), [&](blob_info&& info) -> result<void> {
            if (auto named = rename(info); !named) return named;
            if (!detail::shows(q, info.name.text())) return {};
            return f(std::move(info));
        }));
    }
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        const auto full = outside(n);
        if (!full) return unexpected(full.error());
        return inside(inner_.put(c, *full, content, attrs, when));
    }
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        const auto full = outside(n);
        if (!full) return unexpected(full.error());
        return inside(inner_.remove(c, *full, when));
    }
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        const auto full_from = outside(from);
        if (!full_from) return unexpected(full_from.error());
        const auto full_to = outside(to);
        if (!full_to) return unexpected(full_to.error());
        return inside(inner_.copy(c, *full_from, *full_to, source, target));
    }
    void copy_many(const context& c, std::span<const copy_request> requests, const bulk_options& options, on_copied f)
        requires BulkCopier<S>
    {
        each(requests, f,
             [&](std::span<const copy_request> mapped, on_copied g) { inner_.copy_many(c, mapped, options, g); });
    }
    void remove_many(const context& c, std::span<const remove_request> requests, const bulk_options& options,
                     on_removed f)
        requires BulkRemover<S>
    {
        each(requests, f,
             [&](std::span<const remove_request> mapped, on_removed g) { inner_.remove_many(c, mapped, options, g); });
    }
    result<upload_session> begin_upload(const context& c, const blob_name& n)
        requires BlockStore<S>
    {
        const auto full = outside(n);
        if (!full) return unexpected(full.error());
        auto u = inside(inner_.begin_upload(c, *full));
        if (u) u->name = n;
        return u;
    }
    result<void> stage_block(const context& c, const upload_session& u, std::uint32_t index, std::uint64_t offset,
                             byte_view content)
        requires BlockStore<S>
    {
        const auto full = outside(u);
        if (!full) return unexpected(full.error());
        return inside(inner_.stage_block(c, *full, index, offset, content));
    }
    result<blob_info> commit_upload(const context& c, const upload_session& u, std::uint32_t block_count,
                                    std::uint64_t size_bytes, const attributes& attrs, const condition& when)
        requires BlockStore<S>
    {
        const auto full = outside(u);
        if (!full) return unexpected(full.error());
        return inside(inner_.commit_upload(c, *full, block_count, size_bytes, attrs, when));
    }
    result<void> abandon_upload(const context& c, const upload_session& u)
        requires BlockStore<S>
    {
        const auto full = outside(u);
        if (!full) return unexpected(full.error());
        return inside(inner_.abandon_upload(c, *full));
    }

private:
    prefix(S inner, std::string_view text) : inner_(std::move(inner)), text_(text) {
        static_assert(preserves<prefix, S>, "a layer has every refinement of the store inside");
    }

    // From the view's names to the store's.

    [[nodiscard]] result<blob_name> outside(const blob_name& n) const {
        auto full = blob_name::parse(text_ + n.text());
        if (!full) return fail(errc::invalid_argument, "the name is too long for its prefix", n.text());
        return full;
    }
    [[nodiscard]] result<upload_session> outside(const upload_session& u) const {
        auto full = outside(u.name);
        if (!full) return unexpected(std::move(full).error());
        return upload_session{std::move(*full), u.id};
    }
    [[nodiscard]] list_query outside(list_query q) const {
        q.prefix.insert(0, text_);
        if (!q.start_after.empty()) q.start_after.insert(0, text_);
        return q;
    }
    [[nodiscard]] result<copy_request> outside(const copy_request& r) const {
        auto from = outside(r.from);
        if (!from) return unexpected(std::move(from).error());
        auto to = outside(r.to);
        if (!to) return unexpected(std::move(to).error());
        return copy_request{std::move(*from), std::move(*to), r.source, r.target, r.known};
    }
    [[nodiscard]] result<remove_request> outside(const remove_request& r) const {
        auto full = outside(r.name);
        if (!full) return unexpected(std::move(full).error());
        return remove_request{std::move(*full), r.when};
    }

    // And back. An error's subject loses the prefix, too.

    [[nodiscard]] static unexpected stray() {
        return fail(errc::corrupt, "the store answered with a name outside of the prefix");
    }
    result<void> rename(blob_info& info) const {
        if (!info.name.text().starts_with(text_)) return stray();
        auto rest = blob_name::parse(std::string_view(info.name.text()).substr(text_.size()));
        if (!rest) return stray();
        info.name = std::move(*rest);
        return {};
    }
    result<void> rename(read_result& r) const { return rename(r.info); }
    result<void> rename(copy_result& r) const { return rename(r.info); }

    template <class T>
    [[nodiscard]] result<T> inside(result<T> outcome) const {
        if (!outcome) {
            std::string& subject = outcome.error().subject;
            if (subject.starts_with(text_)) subject.erase(0, text_.size());
        } else if constexpr (std::same_as<T, blob_info> || std::same_as<T, read_result> ||
                             std::same_as<T, copy_result>) {
            if (auto named = rename(*outcome); !named) return unexpected(std::move(named).error());
        }
        return outcome;
    }

    template <class Request, class OnResult, class Call>
    void each(std::span<const Request> requests, OnResult f, Call call) const {
        std::vector<Request> mapped;
        std::vector<std::size_t> index;
        mapped.reserve(requests.size());
        index.reserve(requests.size());
        for (std::size_t i = 0; i < requests.size(); ++i) {
            auto full = outside(requests[i]);
            if (!full) {
                f(i, unexpected(std::move(full).error()));
                continue;
            }
            mapped.push_back(std::move(*full));
            index.push_back(i);
        }
        call(mapped, [&](std::size_t i, auto&& outcome) { f(index[i], inside(std::move(outcome))); });
    }

    S inner_;
    std::string text_;
};

}  // namespace blobshift::inline v1

#endif
