// SPDX-License-Identifier: MIT
//
// What the service knows of its instances: a small blob for each, in the state store, shared by all nodes.
//
// A service of any size keeps this in a database. What matters is the order: an instance exists from the moment in
// which its row says `stored` until the moment in which it says `removing`; its blobs are there before the one and
// until after the other. A catalogue that is lost is made anew from the stores: see stock.hpp.

#ifndef DUAL_SERVICE_CATALOGUE_HPP
#define DUAL_SERVICE_CATALOGUE_HPP

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <blobshift/naming/naming_policy.hpp>
#include <blobshift/store/any_store.hpp>

namespace dual_service {

enum class row_state : unsigned char {
    found,     ///< Its blobs were seen in the store. Whether it exists is being looked into.
    storing,   ///< Its blobs are on their way.
    stored,    ///< It exists.
    removing,  ///< It does not exist any more; its blobs are about to go.
};

struct row {
    blobshift::instance_id id;
    row_state state = row_state::storing;
    std::uint64_t size_bytes = 0;
    std::string node = {};         ///< Who stores it.
    blobshift::etag tag = {};      ///< Of the row.
    std::vector<std::int64_t> older = {};  ///< Watermarks of versions that an import left: removed with the instance.

    /// What must be removed for it to be gone.
    [[nodiscard]] std::vector<blobshift::instance_id> versions() const;

    friend bool operator==(const row&, const row&) = default;
};

/// \par Thread-safety  All members, from any thread.
class catalogue {
public:
    /// \param node  What this process is called; must be one to a process.
    catalogue(blobshift::any_store& state, std::string node) : state_(state), node_(std::move(node)) {}

    /// A number that no instance ever had, on no node. One write for each hundred.
    blobshift::result<std::int64_t> next_watermark(const blobshift::context& c);
    /// Sees to it that `watermark`, which a client chose, is never given to somebody else.
    ///
    /// \return errc::already_exists if it may have been.
    blobshift::result<void> claim_watermark(const blobshift::context& c, std::int64_t watermark);

    /// Sees to it that no number up to `watermark` is given from now on. Numbers that a node holds already, it gives.
    blobshift::result<void> skip_watermarks(const blobshift::context& c, std::int64_t watermark);

    /// Adds a row, by this node. errc::already_exists: these UIDs have a row.
    blobshift::result<row> begin(const blobshift::context& c, row made);
    /// Changes the state of a row, if it is still as it was read; else errc::condition_failed.
    blobshift::result<void> change(const blobshift::context& c, row& r, row_state to);
    /// Removes the row, whatever it says.
    blobshift::result<void> forget(const blobshift::context& c, const row& r);

    /// The row with these UIDs, in whatever state; or errc::not_found.
    blobshift::result<row> find(const blobshift::context& c, std::string_view study, std::string_view series,
                                std::string_view sop);
    /// All rows; or those of a study; or those of one of its series. One read for each.
    blobshift::result<std::vector<row>> list(const blobshift::context& c, std::string_view study = {},
                                             std::string_view series = {});

private:
    blobshift::result<std::int64_t> reserve(const blobshift::context& c, std::int64_t at_least, std::int64_t count);
    blobshift::result<row> read(const blobshift::context& c, const blobshift::blob_name& name);

    blobshift::any_store& state_;
    std::string node_;
    std::mutex mutex_;
    std::int64_t next_ = 0;  ///< Watermarks from here to `end_` are this process's own.
    std::int64_t end_ = 0;
};

}  // namespace dual_service

#endif
