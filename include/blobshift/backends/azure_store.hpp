// SPDX-License-Identifier: MIT
//
// A store in a container of Azure Blob Storage, over its REST API: nothing to install but libcurl, OpenSSL and pugixml.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_store.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_BACKENDS_AZURE_STORE_HPP
#define BLOBSHIFT_BACKENDS_AZURE_STORE_HPP

#include <cstdint>  // uint32_t, uint64_t
#include <memory>   // unique_ptr
#include <span>     // span
#include <utility>  // move

#include <blobshift/backends/azure_blob_control.hpp>
#include <blobshift/backends/azure_bulk.hpp>
#include <blobshift/backends/azure_client.hpp>
#include <blobshift/backends/azure_copier.hpp>
#include <blobshift/backends/azure_options.hpp>
#include <blobshift/backends/azure_reader.hpp>
#include <blobshift/backends/azure_writer.hpp>
#include <blobshift/detail/curl_http.hpp>
#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1 {

/// A `BlobStore` in one container.
///
///     auto place = azure_place::from_connection_string(text, "dicom");
///     auto store = azure_store::open(*std::move(place));
///
/// \par Order  Listings are in the order of the names' UTF-16 code units; in accounts with a hierarchical namespace '/'
///      comes first, and `start_after` is not to be used.
/// \par What is ours
/// A conditional put, every upload in blocks, and every asynchronous copy leaves a metadata value `blobshift_write_id`
/// on the blob, which tells after a lost answer whether it was done. It is neither shown nor taken.
/// \par What the service makes of things
/// No content type is application/octet-stream, and either reads as none. Names of metadata are in lower case. Tags
/// cost a request to read. A blob whose asynchronous copy is pending or has failed can be looked at, not read
/// (errc::conflict). Blocks that were staged and not committed stay for a week. Of an upload in blocks, the stored MD5
/// is ours. Page and append blobs can be read and removed; writing to them is errc::unsupported.
/// \par Retries
/// Every request is repeated as `azure_options::retry` says, signed anew. `layers/retry` on top adds nothing.
/// \par Thread-safety  All members but the move operations, from any thread.
template <PipelinedTransport T>
class basic_azure_store {
public:
    /// Sends nothing: the container is asked for by the first call that needs it.
    ///
    /// \return errc::invalid_argument for options out of range, or a token over plain http.
    [[nodiscard]] static result<basic_azure_store> open(T transport, azure_place place,
                                                        const azure_options& options = {}) {
        if (options.copy_block_bytes < 1 || options.copy_block_bytes > detail::max_block_bytes ||
            options.most_copied_at_once > detail::max_sync_copy_bytes ||
            options.sas_lifetime < std::chrono::minutes(1)) {
            return fail(errc::invalid_argument, "an option of the store is out of range");
        }
        if (!detail::is_container_name(place.container)) {
            return fail(errc::invalid_argument,
                        "a container has 3 to 63 lower-case letters, digits and single hyphens");
        }
        if (std::holds_alternative<entra_credential>(place.credential) && !place.endpoint.secure) {
            return fail(errc::invalid_argument, "a bearer token is sent over https only");
        }
        return basic_azure_store(std::make_unique<state>(std::move(transport), std::move(place), options));
    }

    /// The same with a transport of its own.
    [[nodiscard]] static result<basic_azure_store> open(
        azure_place place, const azure_options& options = {},
        const curl_transport_options& connection = {}) requires std::same_as<T, curl_transport> {
        auto transport = curl_transport::open(connection);
        if (!transport) return unexpected(std::move(transport).error());
        return open(*std::move(transport), std::move(place), options);
    }

    /// \par Complexity  One request; two for a blob with tags.
    result<blob_info> head(const context& c, const blob_name& n) {
        if (auto go = c.proceed(); !go) return detail::about_blob(std::move(go).error(), n);
        return state_->reader.head(c, n);
    }
    /// \par Complexity  See `azure_reader::read`: one request in the common cases.
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        return state_->reader.read(c, n, range, out, when);
    }
    /// \par Complexity  One request for each page, of at most 5,000 names.
    result<list_page> list(const context& c, const list_query& q) { return state_->reader.list(c, q); }
    /// The blobs whose names are no `blob_name`, which listings leave out and nothing here touches.
    ///
    /// \par Complexity  One listing.
    result<std::uint64_t> count_foreign(const context& c) { return state_->reader.count_foreign(c); }

    /// \par Complexity  One request.
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        return state_->writer.put(c, n, content, attrs, when);
    }
    /// \par Complexity  One request.
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        return state_->writer.remove(c, n, when);
    }
    /// \par Complexity  Two requests: a look at the source, and the copy. See `azure_copier` for large ones.
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        return state_->copier.copy(c, {from, to, source, target});
    }

    /// \par Complexity  One request for each copy whose source is `known`; else as `copy`.
    void copy_many(const context& c, std::span<const copy_request> requests, const bulk_options& options, on_copied f) {
        detail::azure_copy_work<T>(state_->copier, c, requests, f).run(state_->client, options.concurrency);
    }
    /// \par Complexity  One request for 256 removals.
    void remove_many(const context& c, std::span<const remove_request> requests, const bulk_options& options,
                     on_removed f) {
        detail::azure_remove_work<T>(state_->client, state_->writer, c, requests, f).run(options.concurrency);
    }

    result<upload_session> begin_upload(const context& c, const blob_name& n) {
        return state_->writer.begin_upload(c, n);
    }
    result<void> stage_block(const context& c, const upload_session& u, std::uint32_t index, std::uint64_t /*offset*/,
                             byte_view content) {
        return state_->writer.stage_block(c, u, index, content);
    }
    result<blob_info> commit_upload(const context& c, const upload_session& u, std::uint32_t block_count,
                                    std::uint64_t size_bytes, const attributes& attrs, const condition& when) {
        return state_->writer.commit_upload(c, u, block_count, size_bytes, attrs, when);
    }
    result<void> abandon_upload(const context& c, const upload_session& u) {
        return state_->writer.abandon_upload(c, u);
    }

    /// What the service can do beyond the contract of stores; lives as long as the store.
    [[nodiscard]] azure_blob_control<T>& control() noexcept { return state_->control; }

private:
    struct state {
        state(T transport, azure_place place, const azure_options& options)
            : client(std::move(transport), std::move(place), options),
              reader(client),
              writer(client, reader),
              copier(client, reader, writer),
              control(client, reader) {}

        detail::azure_client<T> client;
        detail::azure_reader<T> reader;
        detail::azure_writer<T> writer;
        detail::azure_copier<T> copier;
        azure_blob_control<T> control;
    };

    explicit basic_azure_store(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}

    std::unique_ptr<state> state_;
};

/// Over libcurl.
using azure_store = basic_azure_store<curl_transport>;

static_assert(BlockStore<azure_store> && BulkCopier<azure_store> && BulkRemover<azure_store>);

}  // namespace blobshift::inline v1

#endif
