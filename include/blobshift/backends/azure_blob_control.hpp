// SPDX-License-Identifier: MIT
//
// What Azure can do beyond the contract of stores: the container itself, leases, snapshots, tiers, and attributes in
// place.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_blob_control.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_BLOB_CONTROL_HPP
#define BLOBSHIFT_BACKENDS_AZURE_BLOB_CONTROL_HPP

#include <chrono>       // seconds
#include <cstddef>      // size_t
#include <map>          // map
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/backends/azure_reader.hpp>

namespace blobshift::inline v1 {

/// Verbs that only Azure has. Those that a lost answer makes unclear say so in `error::done`.
///
/// \par Complexity  One request each, unless it says otherwise. \par Thread-safety  All members, from any thread.
template <PipelinedTransport T>
class azure_blob_control {
public:
    azure_blob_control(detail::azure_client<T>& client, detail::azure_reader<T>& reader) noexcept
        : client_(client), reader_(reader) {}

    // ---- the container

    /// Makes the container. \return false: it was there, and no earlier try of this call can have made it.
    result<bool> create_container(const context& c) {
        detail::attempts tries = client_.begin(c);
        auto made = send(c, tries, detail::create_container_request(url()), 201);
        if (made) return true;
        if (made.error().code == errc::already_exists) return tries.lost();
        return unexpected(std::move(made).error());
    }
    result<bool> container_exists(const context& c) {
        return client_.perform(c, detail::head_container_request(url()), &detail::read_container_exists);
    }
    /// Removes the container and every blob in it. Its name is free again after half a minute or more (errc::conflict).
    ///
    /// \return false: it was not there, and no earlier try of this call can have removed it.
    result<bool> remove_container(const context& c, std::string_view lease_id = {}) {
        detail::attempts tries = client_.begin(c);
        auto gone = send(c, tries, detail::delete_container_request(url(), lease_id), 202);
        if (gone) return true;
        const error& e = gone.error();
        if (e.code == errc::not_found) return tries.lost();
        if (tries.lost() && e.service_code == "ContainerBeingDeleted") return true;
        return unexpected(std::move(gone).error());
    }

    // ---- attributes in place

    /// Replaces the metadata, and leaves the rest. \return the new version.
    result<etag> set_metadata(const context& c, const blob_name& n, const std::map<std::string, std::string>& metadata,
                              const condition& when = {}) {
        attributes attrs;
        attrs.metadata = metadata;
        auto sent = detail::attributes_to_send(attrs, {});
        if (!sent) return unexpected(std::move(sent).error());
        return written(c, n, detail::set_metadata_request(url(), n, *sent, when));
    }
    /// Replaces the content headers by those of `attrs`, and leaves the rest. \return the new version.
    ///
    /// \param stored_md5  The service forgets the blob's MD5 with this; here is the one that it is to keep.
    result<etag> set_content_headers(const context& c, const blob_name& n, const attributes& attrs,
                                     const std::optional<digest>& stored_md5, const condition& when = {}) {
        if (auto fine = validate(attrs); !fine) return unexpected(std::move(fine).error());
        return written(c, n, detail::set_properties_request(url(), n, attrs, stored_md5, when));
    }
    /// Replaces the tags. They are not part of the version.
    result<void> set_tags(const context& c, const blob_name& n, const std::map<std::string, std::string>& tags) {
        attributes attrs;
        attrs.tags = tags;
        if (auto fine = validate(attrs); !fine) return fine;
        const std::string body = detail::tags_body(tags);
        return send(c, n, detail::set_tags_request(url(), n, body), 204);
    }
    result<std::map<std::string, std::string>> tags(const context& c, const blob_name& n) { return reader_.tags(c, n); }

    // ---- tiers, snapshots, undelete

    /// Moves the blob to Hot, Cool, Cold or Archive. \return false: it is on its way out of Archive, which takes hours.
    ///
    /// \param priority  Of that: "Standard" or "High"; empty = Standard.
    result<bool> set_tier(const context& c, const blob_name& n, std::string_view tier, std::string_view priority = {}) {
        auto read = [](const http_request& r, const http_response& a) -> result<bool> {
            if (auto fine = detail::expect(r, a, {200, 202}); !fine) return unexpected(std::move(fine).error());
            return a.status == 200;
        };
        return about(client_.perform(c, detail::set_tier_request(url(), n, tier, priority), read), n);
    }
    /// Keeps the blob as it is now, beside it. \return the time that names the snapshot.
    result<std::string> create_snapshot(const context& c, const blob_name& n, const condition& when = {}) {
        return named(c, n, detail::snapshot_request(url(), n, when), 201, "x-ms-snapshot");
    }
    /// Removes the blob's snapshots; with `blob_too`, the blob as well. \return false: there was nothing to remove.
    result<bool> remove_snapshots(const context& c, const blob_name& n, bool blob_too, const condition& when = {}) {
        const auto what = blob_too ? detail::delete_snapshots::include : detail::delete_snapshots::only;
        detail::attempts tries = client_.begin(c);
        auto gone = client_.perform(c, tries, detail::delete_blob_request(url(), n, when, what),
                                    client_.service_answer(), &detail::read_deleted);
        if (gone) return *gone || tries.lost();
        return detail::about_blob(std::move(gone).error(), n);
    }
    /// Brings back what was removed, with its snapshots, where the account keeps removed blobs for a while.
    result<void> undelete(const context& c, const blob_name& n) {
        return send(c, n, detail::undelete_request(url(), n), 200);
    }

    // ---- leases

    /// Takes the sole right to write and remove. \return the id that later calls need.
    ///
    /// \param duration     15 to 60 s; nullopt = until it is released.
    /// \param proposed_id  A GUID; "" = a new one. Whoever holds the lease of that id takes it again.
    result<std::string> acquire_lease(const context& c, const blob_name& n,
                                      std::optional<std::chrono::seconds> duration, std::string_view proposed_id = {}) {
        // Never the service's choice: after a lost answer nobody would know the id of the lease.
        const std::string id = proposed_id.empty() ? new_lease_id() : std::string(proposed_id);
        return named(c, n, detail::acquire_lease_request(url(), n, duration, id), 201, "x-ms-lease-id");
    }
    result<void> renew_lease(const context& c, const blob_name& n, std::string_view lease_id) {
        return send(c, n, detail::renew_lease_request(url(), n, lease_id), 200);
    }
    /// \param new_id  A GUID. \return the id from now on.
    result<std::string> change_lease(const context& c, const blob_name& n, std::string_view lease_id,
                                     std::string_view new_id) {
        return named(c, n, detail::change_lease_request(url(), n, lease_id, new_id), 200, "x-ms-lease-id");
    }
    result<void> release_lease(const context& c, const blob_name& n, std::string_view lease_id) {
        detail::attempts tries = client_.begin(c);
        auto released = send(c, tries, detail::release_lease_request(url(), n, lease_id), 200);
        if (!released && tries.lost() && released.error().service_code.ends_with("WithLeaseOperation")) {
            return {};  // the lease is not there, or is somebody else's by now: an earlier try gave it back
        }
        return about(std::move(released), n);
    }
    /// Ends somebody's lease. \return the time until it ends.
    ///
    /// \param period  At most so long; nullopt = what is left of it.
    result<std::chrono::seconds> break_lease(const context& c, const blob_name& n,
                                             std::optional<std::chrono::seconds> period = {}) {
        auto left = named(c, n, detail::break_lease_request(url(), n, period), 202, "x-ms-lease-time");
        if (!left) return unexpected(std::move(left).error());
        return std::chrono::seconds(detail::parse_size(*left).value_or(0));
    }

private:
    [[nodiscard]] const std::string& url() const noexcept { return client_.container(); }

    template <class R>
    [[nodiscard]] static R about(R outcome, const blob_name& n) {
        if (!outcome) outcome.error().subject = n.text();
        return outcome;
    }

    /// A GUID.
    [[nodiscard]] static std::string new_lease_id() {
        std::string id = detail::new_write_id() + detail::new_write_id();
        for (const std::size_t at : {20U, 16U, 12U, 8U}) id.insert(at, 1, '-');
        return id;
    }

    result<void> send(const context& c, detail::attempts& tries, const result<http_request>& request, int status) {
        return client_.perform(
            c, tries, request, client_.service_answer(),
            [status](const http_request& r, const http_response& a) { return detail::expect(r, a, {status}); });
    }
    result<void> send(const context& c, const blob_name& n, const result<http_request>& request, int status) {
        detail::attempts tries = client_.begin(c);
        return about(send(c, tries, request, status), n);
    }
    result<etag> written(const context& c, const blob_name& n, const result<http_request>& request) {
        auto read = [](const http_request& r, const http_response& a) { return detail::read_written(r, a, 200); };
        auto made = client_.perform(c, request, read);
        if (!made) return detail::about_blob(std::move(made).error(), n);
        return std::move(made->tag);
    }
    result<std::string> named(const context& c, const blob_name& n, const result<http_request>& request, int status,
                              std::string_view header) {
        auto read = [&](const http_request& r, const http_response& a) {
            return detail::read_named(r, a, status, header);
        };
        return about(client_.perform(c, request, read), n);
    }

    detail::azure_client<T>& client_;
    detail::azure_reader<T>& reader_;
};

}  // namespace blobshift::inline v1

#endif
