// SPDX-License-Identifier: MIT
//
// How every request to Azure is put together: version, query, headers, conditions, attributes. Unsigned; see
// `authorize`.
//
// Row: detail (core).   Tests: tests/detail/azure_request.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_REQUEST_HPP
#define BLOBSHIFT_DETAIL_AZURE_REQUEST_HPP

#include <map>          // map
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/attributes.hpp>
#include <blobshift/core/condition.hpp>
#include <blobshift/core/digest.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/detail/azure_address.hpp>
#include <blobshift/detail/azure_credential.hpp>
#include <blobshift/detail/azure_hash.hpp>
#include <blobshift/detail/characters.hpp>
#include <blobshift/detail/http.hpp>

namespace blobshift::inline v1::detail {

/// What If-Match carries for `tag`. A tag that no service gives (empty, weak, a list, a star) would be refused as a
/// header or match too much; it becomes one that no blob has, so that the service itself says whether the blob is
/// there.
[[nodiscard]] inline std::string if_match_text(const etag& tag) {
    const std::string& text = tag.text();
    const bool strong = text.size() > 2 && text != "\"*\"" && text.front() == '"' &&
                        text.find('"', 1) == text.size() - 1 && every(text, is_visible);
    return strong ? text : "\"no-such-version\"";
}

/// Tags as the x-ms-tags header carries them.
[[nodiscard]] inline std::string tags_header(const std::map<std::string, std::string>& tags) {
    std::string text;
    for (const auto& [name, value] : tags) {
        text += (text.empty() ? "" : "&") + encode_component(name) + "=" + encode_component(value);
    }
    return text;
}

/// Collects one request. A value that no header can carry makes `finish` fail, so that nothing that a caller, a listing
/// or a file said can add a header of its own.
class azure_request {
public:
    azure_request(std::string_view method, std::string url) : request_{std::string(method), std::move(url)} {
        request_.headers.reserve(16);  // the signature's among them
        request_.headers.push_back({"x-ms-version", std::string(azure_version)});
    }

    /// Appends `name=value` to the query, the value encoded. Nothing when it is empty.
    azure_request& query(std::string_view name, std::string_view value) {
        if (value.empty()) return *this;
        request_.url += request_.url.find('?') == std::string::npos ? '?' : '&';
        (request_.url += name) += '=';
        append_encoded(request_.url, value, ",");
        return *this;
    }

    /// Adds a header. Nothing when the value is empty.
    azure_request& header(std::string_view name, std::string_view value) {
        return value.empty() ? *this : always(name, value);
    }

    /// The content. Not owned.
    azure_request& body(byte_view content, std::string_view content_type = {}) {
        request_.body = content;
        return header("Content-Type", content_type);
    }

    /// When the request may take effect.
    azure_request& when(const condition& c) { return conditional(c, "If-None-Match", "If-Match"); }
    /// What the source of a copy must be.
    azure_request& source_when(const condition& c) {
        return conditional(c, "x-ms-source-if-none-match", "x-ms-source-if-match");
    }

    /// The hash of the body, which the service compares with what arrives. MD5 or CRC-64/NVME.
    azure_request& body_hash(const std::optional<digest>& hash) {
        return hashed(hash, "Content-MD5", "x-ms-content-crc64");
    }

    /// The hash that the source of a copy must have, computed by the service while it reads.
    azure_request& source_hash(const std::optional<digest>& hash) {
        return hashed(hash, "x-ms-source-content-md5", "x-ms-source-content-crc64");
    }

    azure_request& metadata(const attributes& a) {
        for (const auto& [name, value] : a.metadata) always("x-ms-meta-" + name, value);
        return *this;
    }

    /// Content headers. All five together: on "set properties", those that are left out are cleared.
    azure_request& content_headers(const attributes& a) {
        header("x-ms-blob-content-type", a.content_type);
        header("x-ms-blob-content-encoding", a.content_encoding);
        header("x-ms-blob-content-language", a.content_language);
        header("x-ms-blob-content-disposition", a.content_disposition);
        return header("x-ms-blob-cache-control", a.cache_control);
    }

    /// Everything that an upload says about its blob.
    azure_request& all_attributes(const attributes& a) {
        return content_headers(a).metadata(a).header("x-ms-tags", tags_header(a.tags));
    }

    /// \return errc::invalid_argument when a header would not arrive as it was given.
    [[nodiscard]] result<http_request> finish() {
        if (!broken_.empty()) {
            return fail(errc::invalid_argument, "the header " + broken_ + " holds text that no header can carry");
        }
        return std::move(request_);
    }

private:
    azure_request& always(std::string_view name, std::string_view value) {
        if (!is_token(name)) {
            broken_ = "of a metadata name";
        } else if (!is_header_text(value)) {
            broken_ = name.starts_with("x-ms-meta-") ? "of a metadata value" : std::string(name);
        }
        request_.headers.push_back({std::string(name), std::string(value)});
        return *this;
    }

    azure_request& conditional(const condition& c, std::string_view none_match, std::string_view match) {
        if (c.is_if_absent()) header(none_match, "*");
        if (c.is_if_match()) header(match, if_match_text(c.tag()));
        return *this;
    }

    azure_request& hashed(const std::optional<digest>& hash, std::string_view md5, std::string_view crc64) {
        if (!hash) return *this;
        if (hash->algorithm != hash_algorithm::md5 && hash->algorithm != hash_algorithm::crc64_nvme) {
            broken_ = md5;
            return *this;
        }
        return header(hash->algorithm == hash_algorithm::md5 ? md5 : crc64, azure_hash_text(*hash));
    }

    http_request request_;
    std::string broken_;
};

}  // namespace blobshift::inline v1::detail

#endif
