// SPDX-License-Identifier: MIT
//
// What layers share: a store that hands every verb, and every refinement, of the store inside to one function of the
// layer. A layer that lost one does not compile.
//
// Row: layers (core, store).   Tests: tests/layers/layer.test.cpp

#ifndef BLOBSHIFT_LAYERS_LAYER_HPP
#define BLOBSHIFT_LAYERS_LAYER_HPP

#include <algorithm>    // min
#include <concepts>     // same_as
#include <cstdint>      // uint64_t
#include <span>         // span
#include <string_view>  // string_view
#include <type_traits>  // conditional_t
#include <utility>      // move

#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1 {

/// The verbs of a store.
enum class operation : unsigned char {
    head,
    read,
    list,
    scan,
    put,
    remove,
    copy,
    copy_many,
    remove_many,
    begin_upload,
    stage_block,
    commit_upload,
    abandon_upload,
};

/// The enumerator's own spelling.
[[nodiscard]] constexpr std::string_view to_string(operation verb) noexcept {
    switch (verb) {
        case operation::head: return "head";
        case operation::read: return "read";
        case operation::list: return "list";
        case operation::scan: return "scan";
        case operation::put: return "put";
        case operation::remove: return "remove";
        case operation::copy: return "copy";
        case operation::copy_many: return "copy_many";
        case operation::remove_many: return "remove_many";
        case operation::begin_upload: return "begin_upload";
        case operation::stage_block: return "stage_block";
        case operation::commit_upload: return "commit_upload";
        case operation::abandon_upload: return "abandon_upload";
    }
    return "unknown";
}

/// Whether the verb can change what a store holds, staged blocks included.
[[nodiscard]] constexpr bool is_write(operation verb) noexcept {
    return verb != operation::head && verb != operation::read && verb != operation::list && verb != operation::scan;
}

/// A call on its way to the store, as layers see it: what it is and how large, never whose.
struct call_info {
    operation verb = operation::head;
    std::uint64_t bytes = 0;  ///< Content on its way in, or room for content on its way out.
};

/// What one request of a bulk verb is answered with.
template <class Request>
using answer_to = std::conditional_t<std::same_as<Request, copy_request>, copy_result, bool>;

/// A store around the store `S`, and the base of `Layer`, which derives from it and supplies, for its eyes only:
///
/// | function                                  | must                                                                 |
/// |-------------------------------------------|----------------------------------------------------------------------|
/// | `around(info, c, call)`                   | return what `call()` returns, or an error in its place               |
/// | `around_many(info, c, requests, f, call)` | give each request's result to `f`; `call(part, g)` does a part       |
///
/// A layer that treats a verb on its own declares that verb again. Each instance proves that no refinement was lost.
template <class Layer, BlobStore S>
class layer {
public:
    /// The store inside; what is done to it directly, the layer does not see.
    [[nodiscard]] S& inner() noexcept { return inner_; }

    /// What the store inside can do by itself.
    [[nodiscard]] capabilities native() const noexcept { return native_capabilities(inner_); }

    result<blob_info> head(const context& c, const blob_name& n) {
        return self().around({operation::head}, c, [&] { return inner_.head(c, n); });
    }
    result<etag> etag_of(const context& c, const blob_name& n)
        requires EtagReader<S>
    {
        return self().around({operation::head}, c, [&] { return inner_.etag_of(c, n); });
    }
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        const std::uint64_t room = (std::min)(range.length, std::uint64_t{out.size()});
        return self().around({operation::read, room}, c, [&] { return inner_.read(c, n, range, out, when); });
    }
    result<list_page> list(const context& c, const list_query& q) {
        return self().around({operation::list}, c, [&] { return inner_.list(c, q); });
    }
    result<void> scan(const context& c, const list_query& q, on_blob f)
        requires Scanner<S>
    {
        return self().around({operation::scan}, c, [&] { return inner_.scan(c, q, f); });
    }
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        return self().around({operation::put, content.size()}, c,
                             [&] { return inner_.put(c, n, content, attrs, when); });
    }
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        return self().around({operation::remove}, c, [&] { return inner_.remove(c, n, when); });
    }
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        return self().around({operation::copy}, c, [&] { return inner_.copy(c, from, to, source, target); });
    }
    void copy_many(const context& c, std::span<const copy_request> requests, const bulk_options& options, on_copied f)
        requires BulkCopier<S>
    {
        self().around_many(
            {operation::copy_many}, c, requests, f,
            [&](std::span<const copy_request> part, on_copied g) { inner_.copy_many(c, part, options, g); });
    }
    void remove_many(const context& c, std::span<const remove_request> requests, const bulk_options& options,
                     on_removed f)
        requires BulkRemover<S>
    {
        self().around_many(
            {operation::remove_many}, c, requests, f,
            [&](std::span<const remove_request> part, on_removed g) { inner_.remove_many(c, part, options, g); });
    }
    result<upload_session> begin_upload(const context& c, const blob_name& n)
        requires BlockStore<S>
    {
        return self().around({operation::begin_upload}, c, [&] { return inner_.begin_upload(c, n); });
    }
    result<void> stage_block(const context& c, const upload_session& u, std::uint32_t index, std::uint64_t offset,
                             byte_view content)
        requires BlockStore<S>
    {
        return self().around({operation::stage_block, content.size()}, c,
                             [&] { return inner_.stage_block(c, u, index, offset, content); });
    }
    result<blob_info> commit_upload(const context& c, const upload_session& u, std::uint32_t block_count,
                                    std::uint64_t size_bytes, const attributes& attrs, const condition& when)
        requires BlockStore<S>
    {
        return self().around({operation::commit_upload}, c,
                             [&] { return inner_.commit_upload(c, u, block_count, size_bytes, attrs, when); });
    }
    result<void> abandon_upload(const context& c, const upload_session& u)
        requires BlockStore<S>
    {
        return self().around({operation::abandon_upload}, c, [&] { return inner_.abandon_upload(c, u); });
    }

protected:
    explicit layer(S inner) : inner_(std::move(inner)) {
        static_assert(preserves<Layer, S>, "a layer has every refinement of the store inside");
    }

private:
    [[nodiscard]] Layer& self() noexcept { return static_cast<Layer&>(*this); }

    S inner_;
};

}  // namespace blobshift::inline v1

#endif
