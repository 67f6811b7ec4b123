// SPDX-License-Identifier: MIT
//
// A store in memory: the reference model of the contract, for tests and for programs that need no more.
//
// Row: backends (core, store).   Tests: tests/backends/memory_store.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_BACKENDS_MEMORY_STORE_HPP
#define BLOBSHIFT_BACKENDS_MEMORY_STORE_HPP

#include <algorithm>    // copy_n
#include <charconv>     // to_chars
#include <cstddef>      // ptrdiff_t, size_t
#include <cstdint>      // uint64_t
#include <functional>   // less
#include <map>          // map
#include <memory>       // unique_ptr, shared_ptr
#include <mutex>        // mutex, unique_lock
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/store/blob_store.hpp>
#include <blobshift/store/byte_order.hpp>

namespace blobshift::inline v1 {

struct memory_store_options {
    bool share_copies = true;      ///< A copy shares its source's bytes (`object_id` says so); false: it gets its own.
    std::size_t page_size = 5000;  ///< Most entries of a page of a listing. At least 1.
};

/// A `BlobStore` in memory. Listings are in the order of the names' UTF-8 bytes.
///
/// One mutex guards the map. Contents are never changed in place, so a read copies its bytes outside of the lock.
///
/// \par Thread-safety  All members but the move operations, from any thread.
class memory_store {
public:
    explicit memory_store(memory_store_options options = {})
        : state_(std::make_unique<state>()), options_(options) {}

    /// \par Complexity  O(log n).
    result<blob_info> head(const context& c, const blob_name& n) {
        if (auto go = c.proceed(); !go) return refuse(std::move(go), n);
        const std::unique_lock lock(state_->mutex);
        const entry* found = state_->find(n);
        if (found == nullptr) return absent(n);
        return info_of(*found, true);
    }

    /// \par Complexity  O(log n), and the copy of the bytes outside of the lock.
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        if (auto go = c.proceed(); !go) return refuse(std::move(go), n);
        if (auto fine = detail::validate_pin(when); !fine) return refuse(std::move(fine), n);
        std::unique_lock lock(state_->mutex);
        const entry* found = state_->find(n);
        if (found == nullptr) return absent(n);
        if (auto met = detail::test_condition(when, &found->tag); !met) return refuse(std::move(met), n);
        auto part = detail::resolve(range, found->content->data.size(), out.size());
        if (!part) return refuse(std::move(part), n);
        const std::shared_ptr<const shared_content> content = found->content;
        read_result answer{info_of(*found, true), part->offset, part->count};
        lock.unlock();
        std::copy_n(content->data.begin() + static_cast<std::ptrdiff_t>(part->offset), part->count, out.begin());
        return answer;
    }

    /// \par Complexity  O(log n + entries of the page), under the lock.
    result<list_page> list(const context& c, const list_query& q) {
        if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
        if (auto fine = detail::validate_query(q); !fine) return unexpected(std::move(fine).error());
        const std::size_t most = q.page_size == 0 ? options_.page_size : (std::min)(q.page_size, options_.page_size);
        const std::unique_lock lock(state_->mutex);
        const auto& blobs = state_->blobs;
        list_page page;
        std::string last;
        for (auto at = blobs.lower_bound(detail::first_candidate(q)); at != blobs.end();) {
            const std::string_view text = at->first;
            if (!text.starts_with(q.prefix)) break;
            if (!detail::shows(q, text)) {
                at = blobs.lower_bound(detail::behind_all(reserved_prefix));
                continue;
            }
            if (page.blobs.size() + page.prefixes.size() == most) {
                page.cursor = last;
                break;
            }
            if (const std::string_view group = detail::group_of(q, text); !group.empty()) {
                last = group;
                page.prefixes.push_back(last);
                at = blobs.lower_bound(detail::behind_all(last));
            } else {
                last = text;
                page.blobs.push_back(info_of(at->second, q.with_attributes));
                ++at;
            }
        }
        return page;
    }

    /// Scans page by page; `f` runs outside of the lock and may call the store.
    result<void> scan(const context& c, const list_query& q, on_blob f) {
        if (auto fine = detail::validate_scan(q); !fine) return fine;
        list_query rest = q;
        do {
            auto page = list(c, rest);
            if (!page) return unexpected(std::move(page).error());
            for (blob_info& info : page->blobs) {
                if (auto taken = f(std::move(info)); !taken) return taken;
            }
            rest.cursor = std::move(page->cursor);
        } while (!rest.cursor.empty());
        return {};
    }

    /// \par Complexity  O(log n), and one copy of the bytes outside of the lock.
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        if (auto go = c.proceed(); !go) return refuse(std::move(go), n);
        if (auto fine = validate(attrs); !fine) return unexpected(std::move(fine).error());
        return publish(c, n, to_bytes(content), attrs, when);
    }

    /// \par Complexity  O(log n).
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        if (auto go = c.proceed(); !go) return refuse(std::move(go), n);
        if (auto fine = detail::validate_pin(when); !fine) return refuse(std::move(fine), n);
        const std::unique_lock lock(state_->mutex);
        const entry* found = state_->find(n);
        if (found == nullptr) return false;
        if (auto met = detail::test_condition(when, &found->tag); !met) return refuse(std::move(met), n);
        state_->blobs.erase(n.text());
        return true;
    }

    /// \par Complexity  O(log n); with `share_copies` no byte is copied.
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        if (auto go = c.proceed(); !go) return refuse(std::move(go), from);
        if (auto fine = detail::validate_copy(from, to, source); !fine) return unexpected(std::move(fine).error());
        const std::unique_lock lock(state_->mutex);
        const entry* found = state_->find(from);
        if (found == nullptr) return absent(from);
        if (auto met = detail::test_condition(source, &found->tag); !met) return refuse(std::move(met), from);
        entry made = *found;
        made.name = to;
        if (!options_.share_copies) made.content = state_->own(bytes(found->content->data));
        auto stored = state_->store(c, std::move(made), target);
        if (!stored) return refuse(std::move(stored), to);
        return copy_result{info_of(**stored, true), found->tag,
                           options_.share_copies ? copy_proof::same_object : copy_proof::none};
    }

    result<upload_session> begin_upload(const context& c, const blob_name& n) {
        if (auto go = c.proceed(); !go) return refuse(std::move(go), n);
        const std::unique_lock lock(state_->mutex);
        upload_session u{n, number(++state_->serial)};
        state_->uploads.try_emplace(u.id);
        return u;
    }

    result<void> stage_block(const context& c, const upload_session& u, std::uint32_t index, std::uint64_t offset,
                             byte_view content) {
        if (auto go = c.proceed(); !go) return go;
        block staged{offset, to_bytes(content)};
        const std::unique_lock lock(state_->mutex);
        const auto found = state_->uploads.find(u.id);
        if (found == state_->uploads.end()) return no_upload(u);
        found->second.insert_or_assign(index, std::move(staged));
        return {};
    }

    result<blob_info> commit_upload(const context& c, const upload_session& u, std::uint32_t block_count,
                                    std::uint64_t size_bytes, const attributes& attrs, const condition& when) {
        if (auto go = c.proceed(); !go) return refuse(std::move(go), u.name);
        if (auto fine = validate(attrs); !fine) return unexpected(std::move(fine).error());
        bytes content;
        {
            const std::unique_lock lock(state_->mutex);
            const auto found = state_->uploads.find(u.id);
            if (found == state_->uploads.end()) return no_upload(u);
            for (std::uint32_t i = 0; i < block_count; ++i) {
                const auto staged = found->second.find(i);
                if (staged == found->second.end() || staged->second.offset != content.size()) {
                    return fail(errc::invalid_argument, "the upload misses block " + std::to_string(i), u.name.text());
                }
                content.insert(content.end(), staged->second.data.begin(), staged->second.data.end());
            }
        }
        if (content.size() != size_bytes) {
            return fail(errc::invalid_argument, "the upload's blocks are not size_bytes together", u.name.text());
        }
        auto published = publish(c, u.name, std::move(content), attrs, when);
        if (published) {
            const std::unique_lock lock(state_->mutex);
            state_->uploads.erase(u.id);
        }
        return published;
    }

    result<void> abandon_upload(const context& c, const upload_session& u) {
        if (auto go = c.proceed(); !go) return go;
        const std::unique_lock lock(state_->mutex);
        if (state_->uploads.erase(u.id) == 0) return no_upload(u);
        return {};
    }

private:
    struct shared_content {
        bytes data;
        std::string id;
    };
    struct entry {
        blob_name name;
        std::shared_ptr<const shared_content> content;
        attributes attrs = {};
        etag tag = {};
        utc_time last_modified = {};
    };
    struct block {
        std::uint64_t offset = 0;
        bytes data = {};
    };

    [[nodiscard]] static std::string number(std::uint64_t n) {
        char text[20];
        return {text, std::to_chars(text, text + sizeof text, n).ptr};
    }

    struct state {
        std::mutex mutex;
        std::map<std::string, entry, std::less<>> blobs;
        std::map<std::string, std::map<std::uint32_t, block>, std::less<>> uploads;
        std::uint64_t serial = 0;

        [[nodiscard]] const entry* find(const blob_name& n) const {
            const auto found = blobs.find(n.text());
            return found == blobs.end() ? nullptr : &found->second;
        }
        [[nodiscard]] std::shared_ptr<const shared_content> own(bytes data) {
            return std::make_shared<const shared_content>(shared_content{std::move(data), number(++serial)});
        }
        result<const entry*> store(const context& c, entry made, const condition& when) {
            const entry* present = find(made.name);
            if (auto met = detail::test_condition(when, present == nullptr ? nullptr : &present->tag); !met) {
                return unexpected(std::move(met).error());
            }
            made.tag = etag("\"m" + number(++serial) + "\"");
            made.last_modified = c.clock->utc_now();
            std::string key = made.name.text();
            return &blobs.insert_or_assign(std::move(key), std::move(made)).first->second;
        }
    };

    result<blob_info> publish(const context& c, const blob_name& n, bytes content, const attributes& attrs,
                              const condition& when) {
        const std::unique_lock lock(state_->mutex);
        auto stored = state_->store(c, entry{n, state_->own(std::move(content)), attrs}, when);
        if (!stored) return refuse(std::move(stored), n);
        return info_of(**stored, true);
    }

    [[nodiscard]] static blob_info info_of(const entry& e, bool with_attributes) {
        blob_info info(e.name);
        info.size_bytes = e.content->data.size();
        info.tag = e.tag;
        info.last_modified = e.last_modified;
        info.object_id = e.content->id;
        if (with_attributes) info.attrs = e.attrs;
        return info;
    }

    template <class R>
    [[nodiscard]] static unexpected refuse(R&& failed, const blob_name& n) {
        error e = std::forward<R>(failed).error();
        e.subject = n.text();
        return unexpected(std::move(e));
    }
    [[nodiscard]] static unexpected absent(const blob_name& n) {
        return fail(errc::not_found, "no blob has this name", n.text());
    }
    [[nodiscard]] static unexpected no_upload(const upload_session& u) {
        return fail(errc::not_found, "no such upload: it was committed, abandoned or never begun", u.name.text());
    }

    std::unique_ptr<state> state_;
    memory_store_options options_;
};

static_assert(Scanner<memory_store> && BlockStore<memory_store>);

}  // namespace blobshift::inline v1

#endif
