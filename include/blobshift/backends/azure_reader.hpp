// SPDX-License-Identifier: MIT
//
// Reading an Azure container: the properties of a blob, its bytes, its tags, and the pages of a listing.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_store.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_BACKENDS_AZURE_READER_HPP
#define BLOBSHIFT_BACKENDS_AZURE_READER_HPP

#include <algorithm>    // min
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // erase_if

#include <blobshift/backends/azure_attributes.hpp>
#include <blobshift/backends/azure_client.hpp>
#include <blobshift/detail/azure_list_stream.hpp>
#include <blobshift/detail/azure_requests_state.hpp>
#include <blobshift/detail/azure_responses.hpp>
#include <blobshift/store/blob_store.hpp>

namespace blobshift::inline v1::detail {

/// Whether `a` comes before `b` in the order of UTF-16 code units, in which the service lists. Both are UTF-8.
///
/// It differs from the order of the bytes only between U+E000..U+FFFF (EE and EF in UTF-8) and what lies beyond (F0..).
[[nodiscard]] inline bool utf16_before(std::string_view a, std::string_view b) noexcept {
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
    if (i == a.size() || i == b.size()) return a.size() < b.size();
    const auto x = static_cast<unsigned char>(a[i]);
    const auto y = static_cast<unsigned char>(b[i]);
    if (x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0)) return x >= 0xF0;
    return x < y;
}

/// A blob, and the id of the write that made it.
struct azure_head {
    blob_info info;
    std::string write_id = {};
};

template <PipelinedTransport T>
class azure_reader {
public:
    explicit azure_reader(azure_client<T>& client) noexcept : client_(client) {}

    /// Properties and tags. \par Complexity  One request; two for a blob with tags.
    result<azure_head> look(const context& c, const blob_name& n) {
        std::uint64_t tags = 0;
        auto read = [&](const http_request& r, const http_response& a) {
            tags = parse_size(header_text(a, "x-ms-tag-count")).value_or(0);
            return read_head(r, a, n);
        };
        auto info = client_.perform(c, head_blob_request(client_.container(), n), read);
        if (!info) return about_blob(std::move(info).error(), n);
        azure_head head{*std::move(info)};
        head.write_id = take_write_id(head.info.attrs);
        if (tags > 0) {
            auto found = this->tags(c, n);
            if (!found) return unexpected(std::move(found).error());
            head.info.attrs.tags = *std::move(found);
        }
        return head;
    }

    result<blob_info> head(const context& c, const blob_name& n) {
        auto seen = look(c, n);
        if (!seen) return unexpected(std::move(seen).error());
        return std::move(seen->info);
    }

    result<std::map<std::string, std::string>> tags(const context& c, const blob_name& n) {
        auto read = [](const http_request& r, const http_response& a) -> result<std::map<std::string, std::string>> {
            if (auto fine = expect(r, a, {200}); !fine) return unexpected(std::move(fine).error());
            return parse_tags(as_text(a.body));
        };
        auto found = client_.perform(c, get_tags_request(client_.container(), n), read);
        if (!found) return about_blob(std::move(found).error(), n);
        return found;
    }

    /// \par Complexity  One request. One more for a range that counts from the end, one of no bytes, an empty blob, and
    ///                  for a refusal by `when`; one more for the tags of a blob that has some, when the read starts at
    ///                  its first byte.
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        if (auto go = c.proceed(); !go) return about_blob(std::move(go).error(), n);
        if (auto fine = validate_pin(when); !fine) return about_blob(std::move(fine).error(), n);
        const std::uint64_t most = (std::min)(range.length, std::uint64_t{out.size()});
        if (!range.from_end && most > 0 && range.offset < far_behind) {
            auto got = get(c, n, range.offset, out.first(static_cast<std::size_t>(most)), when);
            const bool perhaps_empty = !got && got.error().code == errc::out_of_range && range.offset == 0;
            const bool perhaps_absent = !got && got.error().code == errc::condition_failed;
            if (!perhaps_empty && !perhaps_absent) return got;
        }
        for (int tries = 1;; ++tries) {
            auto info = head(c, n);
            if (!info) return unexpected(std::move(info).error());
            if (auto met = test_condition(when, &info->tag); !met) return about_blob(std::move(met).error(), n);
            if (auto whole = is_content(*info); !whole) return unexpected(std::move(whole).error());
            auto part = resolve(range, info->size_bytes, out.size());
            if (!part) return about_blob(std::move(part).error(), n);
            if (part->count == 0) return read_result{*std::move(info), part->offset, 0};
            auto got = get(c, n, part->offset, out.first(part->count), condition::if_match(info->tag));
            const bool replaced = !got && got.error().code == errc::condition_failed && when.is_always();
            if (!replaced || tries == most_races) return got;
        }
    }

    /// \par Complexity  One request; with `start_after` and a delimiter perhaps one more.
    result<list_page> list(const context& c, const list_query& q) {
        if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
        if (auto fine = validate_query(q); !fine) return unexpected(std::move(fine).error());
        list_options options;
        options.prefix = q.prefix;
        options.delimiter = q.delimiter;
        // A cursor is the last group that was given, and the service's marker: a group that grew behind it meanwhile is
        // not given again. Where snapshots are listed there are no groups; there it is the blob whose snapshots came
        // last.
        const std::size_t cut = q.cursor.rfind(cursor_cut);
        if (!q.cursor.empty() && cut == std::string::npos)
            return fail(errc::invalid_argument, "the cursor is none of this store");
        std::string last_group = q.cursor.substr(0, q.cursor.empty() ? 0 : cut);
        if (!q.cursor.empty()) options.marker = q.cursor.substr(cut + 1);
        options.max_results = (std::min)(q.page_size, std::size_t{5000});
        options.copy = true;
        options.metadata = options.tags = q.with_attributes;
        options.immutability = client_.options().list_obstacles;
        options.snapshots = client_.options().list_obstacles && q.delimiter.empty();
        list_reading how{.with_attributes = q.with_attributes};
        if (options.snapshots) how.snapshot_before = last_group;
        auto page = get_page(c, options, how);
        if (!page) return unexpected(std::move(page).error());

        list_page shown;
        shown.blobs = std::move(page->blobs);
        std::erase_if(shown.blobs, [&](const blob_info& info) {
            return !shows(q, info.name.text()) || !is_behind(q, info.name.text());
        });
        if (q.with_attributes) {
            for (blob_info& info : shown.blobs) take_write_id(info.attrs);
        }
        for (std::string& group : page->prefixes) {
            if (!shows(q, group) || group == last_group) continue;
            last_group = group;
            auto reaches = reaches_behind(c, q, group);
            if (!reaches) return unexpected(std::move(reaches).error());
            if (*reaches) shown.prefixes.push_back(std::move(group));
        }
        if (options.snapshots) last_group = std::move(page->last_snapshot);
        if (!page->marker.empty()) shown.cursor = last_group + cursor_cut + page->marker;
        return shown;
    }

    /// \par Complexity  One listing.
    result<std::uint64_t> count_foreign(const context& c) {
        std::uint64_t found = 0;
        list_options options;
        do {
            if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
            auto page = get_page(c, options, {.with_attributes = false});
            if (!page) return unexpected(std::move(page).error());
            found += page->foreign_names;
            options.marker = std::move(page->marker);
        } while (!options.marker.empty());
        return found;
    }

private:
    static constexpr int most_races = 5;      ///< With writers that replace the blob between two requests of one read.
    static constexpr char cursor_cut = '\n';  ///< Neither in names nor in markers.
    static constexpr std::uint64_t far_behind = std::uint64_t{1} << 62;  ///< Offsets that no blob has.

    result<azure_page> get_page(const context& c, const list_options& options, const list_reading& how) {
        azure_list_stream page(how);
        auto read = [&](const http_request& r, const http_response& a) -> result<azure_page> {
            if (auto fine = expect(r, a, {200}); !fine) return unexpected(std::move(fine).error());
            return page.finish();
        };
        attempts tries = client_.begin(c);
        response_options wanted = client_.service_answer();
        wanted.sink = &page;
        wanted.max_body_bytes = std::size_t{256} << 20;  // 5,000 blobs with all the metadata that they may have
        return client_.perform(c, tries, list_blobs_request(client_.container(), options), wanted, read);
    }

    /// Whether the blob's bytes are all there.
    [[nodiscard]] static result<void> is_content(const blob_info& info) {
        if (info.copy == copy_state::none || info.copy == copy_state::succeeded) return {};
        error e =
            make_error(errc::conflict, "the copy that makes this blob is not done, or has failed", info.name.text());
        if (info.copy == copy_state::pending) e.again = retry_hint::wait;
        return unexpected(std::move(e));
    }

    /// Bytes from `offset` on, as many as `out` holds (at least 1) and there are.
    result<read_result> get(const context& c, const blob_name& n, std::uint64_t offset, byte_span out,
                            const condition& pin) {
        std::uint64_t tags = 0;
        auto read = [&](const http_request& r, const http_response& a) -> result<azure_content> {
            if (a.status == 206 && a.body_bytes == 0 &&
                offset == 0) {  // the emulator's answer to a range of an empty blob
                return fail(errc::out_of_range, "the blob is empty", n.text());
            }
            tags = parse_size(header_text(a, "x-ms-tag-count")).value_or(0);
            return read_content(r, a, n, offset, out.size());
        };
        attempts tries = client_.begin(c);
        response_options wanted = client_.service_answer();
        wanted.into = out;
        const auto request =
            get_blob_request(client_.container(), n, {.offset = offset, .length = out.size(), .pin = pin});
        auto content = client_.perform(c, tries, request, wanted, read);
        if (!content) return about_blob(std::move(content).error(), n);
        if (auto whole = is_content(content->info); !whole) return unexpected(std::move(whole).error());
        take_write_id(content->info.attrs);
        if (tags > 0 && offset == 0) {
            auto found = this->tags(c, n);
            if (!found) return unexpected(std::move(found).error());
            content->info.attrs.tags = *std::move(found);
        }
        return read_result{std::move(content->info), offset, static_cast<std::size_t>(content->count)};
    }

    [[nodiscard]] static bool is_behind(const list_query& q, std::string_view name) noexcept {
        return q.start_after.empty() || utf16_before(q.start_after, name);
    }

    /// Whether a group holds a name behind `start_after`: they are all on one side of it, unless it lies within the
    /// group.
    result<bool> reaches_behind(const context& c, const list_query& q, const std::string& group) {
        if (!std::string_view(q.start_after).starts_with(group)) return is_behind(q, group);
        list_query inside;
        inside.prefix = group;
        inside.start_after = q.start_after;
        do {
            auto page = list(c, inside);
            if (!page) return unexpected(std::move(page).error());
            if (!page->blobs.empty()) return true;
            inside.cursor = std::move(page->cursor);
        } while (!inside.cursor.empty());
        return false;
    }

    azure_client<T>& client_;
};

}  // namespace blobshift::inline v1::detail

#endif
