// SPDX-License-Identifier: MIT
//
// A store whose type is chosen when the program runs.
//
// Row: store (core).   Tests: tests/store/any_store.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_STORE_ANY_STORE_HPP
#define BLOBSHIFT_STORE_ANY_STORE_HPP

#include <memory>   // unique_ptr
#include <span>     // span
#include <utility>  // move

#include <blobshift/store/blob_store.hpp>
#include <blobshift/store/bulk.hpp>

namespace blobshift::inline v1 {

/// Owns any `BlobStore` and is one.
///
/// `scan`, `etag_of`, `copy_many` and `remove_many` are the store's own where it has them and otherwise the general
/// ones of store/bulk.hpp, so they always work. Uploads in blocks cannot be made up: where the store has none,
/// `native().blocks` is false and they are errc::unsupported. `upload` in store/ops.hpp asks before it uses them.
///
/// \par Thread-safety  That of the store inside. A moved-from any_store may only be assigned to or destroyed.
/// \par Complexity  One virtual call for each operation.
class any_store {
public:
    template <class S>
        requires(!std::same_as<S, any_store> && BlobStore<S>)  // in this order: BlobStore asks for movable
    explicit any_store(S store) : inner_(std::make_unique<holder<S>>(std::move(store))) {}

    /// What the store inside can do by itself.
    [[nodiscard]] capabilities native() const noexcept { return inner_->native(); }

    result<blob_info> head(const context& c, const blob_name& n) { return inner_->head(c, n); }
    result<etag> etag_of(const context& c, const blob_name& n) { return inner_->etag_of(c, n); }
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        return inner_->read(c, n, range, out, when);
    }
    result<list_page> list(const context& c, const list_query& q) { return inner_->list(c, q); }
    result<void> scan(const context& c, const list_query& q, on_blob f) { return inner_->scan(c, q, f); }
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        return inner_->put(c, n, content, attrs, when);
    }
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        return inner_->remove(c, n, when);
    }
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        return inner_->copy(c, from, to, source, target);
    }
    void copy_many(const context& c, std::span<const copy_request> requests, const bulk_options& options, on_copied f) {
        inner_->copy_many(c, requests, options, f);
    }
    void remove_many(const context& c, std::span<const remove_request> requests, const bulk_options& options,
                     on_removed f) {
        inner_->remove_many(c, requests, options, f);
    }
    result<upload_session> begin_upload(const context& c, const blob_name& n) { return inner_->begin_upload(c, n); }
    result<void> stage_block(const context& c, const upload_session& u, std::uint32_t index, std::uint64_t offset,
                             byte_view content) {
        return inner_->stage_block(c, u, index, offset, content);
    }
    result<blob_info> commit_upload(const context& c, const upload_session& u, std::uint32_t block_count,
                                    std::uint64_t size_bytes, const attributes& attrs, const condition& when) {
        return inner_->commit_upload(c, u, block_count, size_bytes, attrs, when);
    }
    result<void> abandon_upload(const context& c, const upload_session& u) { return inner_->abandon_upload(c, u); }

private:
    struct face {
        virtual ~face() = default;
        [[nodiscard]] virtual capabilities native() const noexcept = 0;
        virtual result<blob_info> head(const context&, const blob_name&) = 0;
        virtual result<etag> etag_of(const context&, const blob_name&) = 0;
        virtual result<read_result> read(const context&, const blob_name&, const read_range&, byte_span,
                                         const condition&) = 0;
        virtual result<list_page> list(const context&, const list_query&) = 0;
        virtual result<void> scan(const context&, const list_query&, on_blob) = 0;
        virtual result<blob_info> put(const context&, const blob_name&, byte_view, const attributes&,
                                      const condition&) = 0;
        virtual result<bool> remove(const context&, const blob_name&, const condition&) = 0;
        virtual result<copy_result> copy(const context&, const blob_name&, const blob_name&, const condition&,
                                         const condition&) = 0;
        virtual void copy_many(const context&, std::span<const copy_request>, const bulk_options&, on_copied) = 0;
        virtual void remove_many(const context&, std::span<const remove_request>, const bulk_options&, on_removed) = 0;
        virtual result<upload_session> begin_upload(const context&, const blob_name&) = 0;
        virtual result<void> stage_block(const context&, const upload_session&, std::uint32_t, std::uint64_t,
                                         byte_view) = 0;
        virtual result<blob_info> commit_upload(const context&, const upload_session&, std::uint32_t, std::uint64_t,
                                                const attributes&, const condition&) = 0;
        virtual result<void> abandon_upload(const context&, const upload_session&) = 0;
    };

    template <class S>
    struct holder final : face {
        explicit holder(S s) : store(std::move(s)) {}

        [[nodiscard]] capabilities native() const noexcept override { return native_capabilities(store); }
        result<blob_info> head(const context& c, const blob_name& n) override { return store.head(c, n); }
        result<etag> etag_of(const context& c, const blob_name& n) override { return blobshift::etag_of(store, c, n); }
        result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                                 const condition& when) override {
            return store.read(c, n, range, out, when);
        }
        result<list_page> list(const context& c, const list_query& q) override { return store.list(c, q); }
        result<void> scan(const context& c, const list_query& q, on_blob f) override {
            return blobshift::scan(store, c, q, f);
        }
        result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                              const condition& when) override {
            return store.put(c, n, content, attrs, when);
        }
        result<bool> remove(const context& c, const blob_name& n, const condition& when) override {
            return store.remove(c, n, when);
        }
        result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                                 const condition& target) override {
            return store.copy(c, from, to, source, target);
        }
        void copy_many(const context& c, std::span<const copy_request> requests, const bulk_options& options,
                       on_copied f) override {
            blobshift::copy_many(store, c, requests, options, f);
        }
        void remove_many(const context& c, std::span<const remove_request> requests, const bulk_options& options,
                         on_removed f) override {
            blobshift::remove_many(store, c, requests, options, f);
        }
        result<upload_session> begin_upload(const context& c, const blob_name& n) override {
            if constexpr (BlockStore<S>) return store.begin_upload(c, n);
            else return no_blocks();
        }
        result<void> stage_block(const context& c, const upload_session& u, std::uint32_t index, std::uint64_t offset,
                                 byte_view content) override {
            if constexpr (BlockStore<S>) return store.stage_block(c, u, index, offset, content);
            else return no_blocks();
        }
        result<blob_info> commit_upload(const context& c, const upload_session& u, std::uint32_t block_count,
                                        std::uint64_t size_bytes, const attributes& attrs,
                                        const condition& when) override {
            if constexpr (BlockStore<S>) return store.commit_upload(c, u, block_count, size_bytes, attrs, when);
            else return no_blocks();
        }
        result<void> abandon_upload(const context& c, const upload_session& u) override {
            if constexpr (BlockStore<S>) return store.abandon_upload(c, u);
            else return no_blocks();
        }

        [[nodiscard]] static unexpected no_blocks() {
            return fail(errc::unsupported, "this store takes no uploads in blocks");
        }

        S store;
    };

    std::unique_ptr<face> inner_;
};

static_assert(preserves<any_store, any_store> && Scanner<any_store> && BulkCopier<any_store> &&
              BulkRemover<any_store> && BlockStore<any_store> && EtagReader<any_store>);

}  // namespace blobshift::inline v1

#endif
