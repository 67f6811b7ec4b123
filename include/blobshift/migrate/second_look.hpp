// SPDX-License-Identifier: MIT
//
// Which version a name has now, asked once more for many names in the cheapest way that the store has.
//
// Row: migrate (core, store).   Tests: tests/migrate/second_look.test.cpp

#ifndef BLOBSHIFT_MIGRATE_SECOND_LOOK_HPP
#define BLOBSHIFT_MIGRATE_SECOND_LOOK_HPP

#include <algorithm>    // all_of
#include <cstddef>      // size_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/etag.hpp>
#include <blobshift/store/bulk.hpp>

namespace blobshift::inline v1::detail {

/// A name that is looked at again.
struct second_question {
    std::string_view name;
    /// false: where it costs no listing more, the blob must also still be one that can be opened (`head`).
    bool tag_suffices = false;
};

/// Looks at names again, batch after batch in rising order, each batch just before something depends on it.
///
/// A store that scans by its own means is asked for each name (`head`, or `etag_of` where the tag suffices). Any other
/// one is asked by one more listing, which walks beside the batches: 5,000 names for a request instead of one. A name
/// that the listing does not show where it should be (it is gone, it came out of order, or the store sorts in another
/// way) is asked for, so that a listing alone never says that something is missing. Nothing is remembered from one
/// batch to the next but the place in the listing.
template <BlobReader S>
class second_look {
public:
    explicit second_look(S& store, unsigned concurrency)
        : store_(store), concurrency_(concurrency), walks_(!native_capabilities(store).scan) {}

    /// The tags of `names` now, in their order; or for each why it is not known (errc::not_found: it is gone).
    ///
    /// \return the tags; or the failure of the listing.
    /// \par Complexity  A request for each name, or, over all batches, one listing, a page more for each batch, and a
    ///                  request for each name that is not where it should be.
    result<std::vector<result<etag>>> at(const context& c, const std::vector<second_question>& names) {
        is_fresh_ = false;
        std::vector<std::optional<etag>> listed(names.size());
        for (std::size_t i = 0; walks_ && i < names.size(); ++i) {
            if (!is_ascii(names[i].name)) continue;  // stores sort such names in different ways
            auto passed = walk_to(c, names[i].name);
            if (!passed) return unexpected(std::move(passed).error());
            if (at_ == page_.blobs.size() || page_.blobs[at_].name.text() != names[i].name) continue;
            if (!page_.blobs[at_].tag.empty()) listed[i] = page_.blobs[at_].tag;
        }
        std::vector<result<etag>> seen(names.size(), fail(errc::cancelled, "not looked at"));
        for_each_index(names.size(), concurrency_, [&](std::size_t i) {
            if (listed[i]) {
                seen[i] = *std::move(listed[i]);
            } else {
                seen[i] = look(c, names[i]);
            }
        });
        return seen;
    }

private:
    [[nodiscard]] static bool is_ascii(std::string_view text) noexcept {
        return std::all_of(text.begin(), text.end(),
                           [](char letter) { return static_cast<unsigned char>(letter) < 0x80; });
    }

    [[nodiscard]] result<etag> look(const context& c, const second_question& asked) const {
        auto name = blob_name::parse(asked.name);
        if (!name) return unexpected(std::move(name).error());
        if (asked.tag_suffices) return etag_of(store_, c, *name);
        auto info = store_.head(c, *name);
        if (!info) return unexpected(std::move(info).error());
        return std::move(info->tag);
    }

    /// Goes on in the listing to the first name that is not before `name`.
    result<void> walk_to(const context& c, std::string_view name) {
        for (;;) {
            if (!is_fresh_) {
                auto page = store_.list(c, {.cursor = cursor_});
                if (!page) return unexpected(std::move(page).error());
                page_ = *std::move(page);
                at_ = 0;
                is_fresh_ = true;
            }
            while (at_ < page_.blobs.size() && page_.blobs[at_].name.text().compare(name) < 0) ++at_;
            if (at_ < page_.blobs.size() || page_.cursor.empty()) return {};
            if (page_.cursor == cursor_) {
                return fail(errc::corrupt, "the store gave the same cursor twice: its listing does not advance");
            }
            cursor_ = page_.cursor;
            is_fresh_ = false;
        }
    }

    S& store_;
    unsigned concurrency_;
    bool walks_;
    std::string cursor_ = {};  ///< That `page_` begins at.
    list_page page_ = {};
    std::size_t at_ = 0;       ///< In it, of the first name that was not yet passed.
    bool is_fresh_ = false;    ///< `page_` was listed for this batch.
};

}  // namespace blobshift::inline v1::detail

#endif
