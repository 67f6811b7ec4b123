// SPDX-License-Identifier: MIT
//
// What the headers of a successful answer say: the properties of a blob, what was written, how a copy stands.
//
// Row: detail (core).   Tests: tests/detail/azure_responses.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_RESPONSES_HPP
#define BLOBSHIFT_DETAIL_AZURE_RESPONSES_HPP

#include <charconv>     // from_chars
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/blob_info.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/detail/azure_errors.hpp>
#include <blobshift/detail/azure_hash.hpp>
#include <blobshift/detail/azure_list.hpp>
#include <blobshift/detail/http.hpp>

namespace blobshift::inline v1::detail {

/// The value of a header, or empty.
[[nodiscard]] inline std::string_view header_text(const http_response& r, std::string_view name) noexcept {
    const std::string* text = r.header(name);
    return text == nullptr ? std::string_view{} : std::string_view(*text);
}

/// The whole of `text` as a number.
[[nodiscard]] inline std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || number.ec != std::errc() || number.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A success that lacks what every such answer has. A write was done all the same.
[[nodiscard]] inline unexpected broken_answer(const http_request& request, const http_response& answer,
                                              std::string_view what) {
    error e = service_error(request, answer);
    e.message = std::string("the answer has no valid ").append(what);
    return unexpected(std::move(e));
}

/// The properties of a blob, all but its size, from an answer to HEAD or GET.
inline void read_properties(const http_response& r, blob_info& info) {
    info.tag = etag(std::string(header_text(r, "etag")));
    info.last_modified = from_rfc1123(header_text(r, "last-modified")).value_or(utc_time{});
    info.attrs.content_type = header_text(r, "content-type");
    info.attrs.content_encoding = header_text(r, "content-encoding");
    info.attrs.content_language = header_text(r, "content-language");
    info.attrs.content_disposition = header_text(r, "content-disposition");
    info.attrs.cache_control = header_text(r, "cache-control");
    constexpr std::string_view meta = "x-ms-meta-";
    for (const http_header& h : r.headers) {
        if (h.name.starts_with(meta)) info.attrs.metadata.insert_or_assign(h.name.substr(meta.size()), h.value);
    }
    // On a range, Content-MD5 is that of the range, and the blob's own has another name.
    const std::string_view whole = header_text(r, "x-ms-blob-content-md5");
    info.stored_hash =
        parse_azure_hash(hash_algorithm::md5, whole.empty() && r.status != 206 ? header_text(r, "content-md5") : whole);
    info.tier = header_text(r, "x-ms-access-tier");
    info.copy = parse_copy_state(header_text(r, "x-ms-copy-status"));
    if (info.copy != copy_state::none) info.copy_id = header_text(r, "x-ms-copy-id");
    info.obstacles.archived = info.tier == "Archive" || !header_text(r, "x-ms-archive-status").empty();
    info.obstacles.leased = header_text(r, "x-ms-lease-status") == "locked";
    info.obstacles.immutable =
        !header_text(r, "x-ms-immutability-policy-until-date").empty() || header_text(r, "x-ms-legal-hold") == "true";
}

/// The blob that an answer to HEAD describes. Tags are not in it: only how many there are.
///
/// \return errc::corrupt, to be repeated, when ETag, Last-Modified or the length are missing.
[[nodiscard]] inline result<blob_info> read_head(const http_request& request, const http_response& answer,
                                                 const blob_name& n) {
    if (auto fine = expect(request, answer, {200}); !fine) return unexpected(std::move(fine).error());
    const auto size = parse_size(header_text(answer, "content-length"));
    if (!size) return broken_answer(request, answer, "length");
    blob_info info(n);
    info.size_bytes = *size;
    read_properties(answer, info);
    if (info.tag.empty()) return broken_answer(request, answer, "etag");
    if (info.last_modified == utc_time{}) return broken_answer(request, answer, "time of modification");
    return info;
}

/// What an answer to GET brought.
struct azure_content {
    blob_info info;
    std::uint64_t offset = 0;  ///< Of the first byte of the body.
    std::uint64_t count = 0;   ///< Bytes of the body.
};

/// `bytes FIRST-LAST/SIZE`.
struct content_range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t size = 0;
};

[[nodiscard]] inline std::optional<content_range> parse_content_range(std::string_view text) noexcept {
    constexpr std::string_view unit = "bytes ";
    const std::size_t dash = text.find('-');
    const std::size_t slash = text.find('/');
    if (!text.starts_with(unit) || dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
        return std::nullopt;
    }
    const auto first = parse_size(text.substr(unit.size(), dash - unit.size()));
    const auto last = parse_size(text.substr(dash + 1, slash - dash - 1));
    const auto size = parse_size(text.substr(slash + 1));
    if (!first || !last || !size || *first > *last || *last >= *size) return std::nullopt;
    return content_range{*first, *last, *size};
}

/// What an answer to `get_blob_request` with those offset and length brought. The body may have gone elsewhere:
/// `http_response::body_bytes` counts it.
///
/// \return errc::corrupt, to be repeated, when it is not exactly what was asked for: another range, another length, the
///         whole blob instead of a part. errc::out_of_range also for the emulator's answer to a range behind the end.
[[nodiscard]] inline result<azure_content> read_content(const http_request& request, const http_response& answer,
                                                        const blob_name& n, std::uint64_t offset,
                                                        std::optional<std::uint64_t> length) {
    if (auto fine = expect(request, answer, {200, 206}); !fine) return unexpected(std::move(fine).error());
    azure_content content{blob_info(n), offset, answer.body_bytes};
    read_properties(answer, content.info);
    if (content.info.tag.empty()) return broken_answer(request, answer, "etag");
    if (answer.status == 200) {
        // Services may answer a range of everything with the whole.
        if (offset != 0 || (length && *length < content.count)) return broken_answer(request, answer, "range");
        content.info.size_bytes = content.count;
        return content;
    }
    const auto range = parse_content_range(header_text(answer, "content-range"));
    if (!range) {
        if (content.count == 0 && offset != 0)
            return fail(errc::out_of_range, std::string(is_out_of_range.message), n.text());
        return broken_answer(request, answer, "range");
    }
    const std::uint64_t left = offset < range->size ? range->size - offset : 0;
    const std::uint64_t wanted = length && *length < left ? *length : left;
    if (range->first != offset || range->last - range->first + 1 != wanted || content.count != wanted) {
        return broken_answer(request, answer, "range");
    }
    content.info.size_bytes = range->size;
    return content;
}

/// What a write of a blob made: its version.
struct azure_written {
    etag tag = {};
    utc_time last_modified = {};
    std::optional<digest> content_md5 = {};  ///< What the service computed of the body it received, where it says so.
};

/// \param status  201 for Put Blob, Put Block List and Put Blob From URL; 200 for metadata and properties; 202 for
///                copies.
[[nodiscard]] inline result<azure_written> read_written(const http_request& request, const http_response& answer,
                                                        int status) {
    if (auto fine = expect(request, answer, {status}); !fine) return unexpected(std::move(fine).error());
    azure_written w{etag(std::string(header_text(answer, "etag"))),
                    from_rfc1123(header_text(answer, "last-modified")).value_or(utc_time{}),
                    parse_azure_hash(hash_algorithm::md5, header_text(answer, "content-md5"))};
    if (w.tag.empty()) return broken_answer(request, answer, "etag");
    return w;
}

/// How a copy stands after the answer to its start.
struct azure_copy_started {
    azure_written target = {};
    std::string id = {};                     ///< To be compared with what HEAD says later.
    copy_state state = copy_state::pending;  ///< succeeded or pending.
};

/// For the asynchronous copy and the synchronous one, which is never pending.
///
/// \return errc::corrupt when the answer does not say that the copy goes on or is done. Never taken for a success.
[[nodiscard]] inline result<azure_copy_started> read_copy_started(const http_request& request,
                                                                  const http_response& answer) {
    auto target = read_written(request, answer, 202);
    if (!target) return unexpected(std::move(target).error());
    azure_copy_started copy{*std::move(target), std::string(header_text(answer, "x-ms-copy-id")),
                            parse_copy_state(header_text(answer, "x-ms-copy-status"))};
    if (copy.id.empty() || (copy.state != copy_state::pending && copy.state != copy_state::succeeded)) {
        return broken_answer(request, answer, "state of the copy");
    }
    return copy;
}

/// The value of a header that the answer of this status must have: x-ms-snapshot, x-ms-lease-id.
[[nodiscard]] inline result<std::string> read_named(const http_request& request, const http_response& answer,
                                                    int status, std::string_view header) {
    if (auto fine = expect(request, answer, {status}); !fine) return unexpected(std::move(fine).error());
    const std::string_view text = header_text(answer, header);
    if (text.empty()) return broken_answer(request, answer, header);
    return std::string(text);
}

/// Whether a DELETE removed the blob: false when it was not there. A missing container is an error.
[[nodiscard]] inline result<bool> read_deleted(const http_request& request, const http_response& answer) {
    auto fine = expect(request, answer, {202});
    if (fine) return true;
    const error& e = fine.error();
    if (e.http_status == 404 && e.code == errc::not_found && e.service_code != "ContainerNotFound") return false;
    return unexpected(std::move(fine).error());
}

/// Whether the container of a `head_container_request` exists.
[[nodiscard]] inline result<bool> read_container_exists(const http_request& request, const http_response& answer) {
    auto fine = expect(request, answer, {200});
    if (fine) return true;
    if (fine.error().http_status == 404) return false;
    return unexpected(std::move(fine).error());
}

}  // namespace blobshift::inline v1::detail

#endif
