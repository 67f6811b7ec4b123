// SPDX-License-Identifier: MIT
//
// What the in-process Azure of the tests does to single blobs: write, read, remove, blocks, attributes, leases.

#ifndef BLOBSHIFT_TESTS_AZURE_FAKE_AZURE_BLOBS_HPP
#define BLOBSHIFT_TESTS_AZURE_FAKE_AZURE_BLOBS_HPP

#include <blobshift/core/crc64_nvme.hpp>
#include <blobshift/detail/azure_list.hpp>
#include <blobshift/detail/openssl.hpp>

#include <azure/fake_azure_state.hpp>

namespace blobshift::testing {

[[nodiscard]] inline digest md5_of(std::string_view content) {
    return detail::openssl_hash_of(hash_algorithm::md5, as_bytes(content)).value();
}

/// The texts between `<name>` and `</name>`, in their order.
[[nodiscard]] inline std::vector<std::string> elements(std::string_view xml, const std::string& name) {
    std::vector<std::string> found;
    const std::string open = "<" + name + ">";
    for (std::size_t at = xml.find(open); at != std::string_view::npos; at = xml.find(open, at)) {
        at += open.size();
        found.emplace_back(xml.substr(at, xml.find("</" + name + ">", at) - at));
    }
    return found;
}

/// Serves requests about one blob.
class fake_blobs {
public:
    explicit fake_blobs(fake_service& s) noexcept : s_(s) {}

    /// 409 or 412 when the blob `there` (null = none) is not what the conditions of a write want; also for its lease.
    [[nodiscard]] static std::optional<http_response> may_write(const fake_request& q, const fake_blob* there) {
        if (q.header("if-none-match") == "*" && there != nullptr) return refuse(409, "BlobAlreadyExists");
        if (q.has("if-match") && (there == nullptr || q.header("if-match") != "\"" + there->etag + "\"")) {
            return refuse(412, "ConditionNotMet");
        }
        if (there != nullptr && there->copy_status == "pending") return refuse(409, "PendingCopyOperation");
        if (there != nullptr && !there->lease.empty() && q.header("x-ms-lease-id") != there->lease) {
            return refuse(412, q.has("x-ms-lease-id") ? "LeaseIdMismatchWithBlobOperation" : "LeaseIdMissing");
        }
        return std::nullopt;
    }

    /// Null when there is no such blob. A pending copy gets on with every look.
    [[nodiscard]] static fake_blob* find(fake_container& c, const std::string& name) {
        const auto found = c.blobs.find(name);
        return found == c.blobs.end() ? nullptr : &found->second;
    }

    [[nodiscard]] http_response put(fake_container& c, const fake_request& q) {
        if (q.header("x-ms-blob-type") != "BlockBlob") return refuse(400, "InvalidHeaderValue");
        const std::string content(as_text(q.raw->body));
        if (auto bad = wrong_hash(q, content)) return *bad;
        if (auto no = may_write(q, find(c, q.blob))) return *no;
        fake_blob made = attributes_of(q);
        made.content = content;
        if (!made.md5) made.md5 = md5_of(content);
        c.staged.erase(q.blob);
        return store(c, q, std::move(made), 201);
    }

    [[nodiscard]] http_response put_block(fake_container& c, const fake_request& q, std::string content) {
        if (q.has("if-match") || q.has("if-none-match")) return refuse(400, "ConditionHeadersNotSupported");
        if (content.empty()) return refuse(400, "InvalidHeaderValue");
        if (auto bad = wrong_hash(q, content)) return *bad;
        auto& blocks = c.staged[q.blob];
        if (!blocks.empty() && blocks.begin()->first.size() != q.param("blockid").size())
            return refuse(400, "InvalidBlobOrBlock");
        blocks[q.param("blockid")] = std::move(content);
        return reply(201);
    }

    [[nodiscard]] http_response put_block_list(fake_container& c, const fake_request& q) {
        const std::string body(as_text(q.raw->body));
        if (auto bad = wrong_hash(q, body)) return *bad;
        if (auto no = may_write(q, find(c, q.blob))) return *no;
        fake_blob made = attributes_of(q);
        for (const std::string& id : elements(body, "Uncommitted")) {
            const auto& blocks = c.staged[q.blob];
            const auto found = blocks.find(id);
            if (found == blocks.end()) return refuse(400, "InvalidBlockList");
            made.content += found->second;
        }
        c.staged.erase(q.blob);
        http_response answer = store(c, q, std::move(made), 201);
        answer.headers.push_back({"content-md5", to_base64(md5_of(body).value)});  // of the list, a trap
        return answer;
    }

    [[nodiscard]] http_response get_block_list(fake_container& c, const fake_request& q) {
        const auto staged = c.staged.find(q.blob);
        if (find(c, q.blob) == nullptr && staged == c.staged.end()) return refuse(404, "BlobNotFound");
        std::string body =
            "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList><CommittedBlocks /><UncommittedBlocks>";
        if (staged != c.staged.end()) {
            for (const auto& [id, content] : staged->second) {
                body += "<Block><Name>" + id + "</Name><Size>" + std::to_string(content.size()) + "</Size></Block>";
            }
        }
        return reply(200, {{"content-type", "application/xml"}}, body + "</UncommittedBlocks></BlockList>");
    }

    [[nodiscard]] http_response read(fake_container& c, const fake_request& q) {
        fake_blob* b = find(c, q.blob);
        if (b == nullptr) return refuse(404, "BlobNotFound");
        advance(c, q.blob);
        if (q.has("if-match") && q.header("if-match") != "\"" + b->etag + "\"") return refuse(412, "ConditionNotMet");
        std::vector<http_header> h = properties(*b);
        if (q.raw->method == "HEAD") {
            h.push_back({"content-length", std::to_string(b->content.size())});
            if (b->md5) h.push_back({"content-md5", to_base64(b->md5->value)});
            return reply(200, std::move(h));
        }
        if (b->tier == "Archive") return refuse(409, "BlobArchived");
        const std::string range = q.header("x-ms-range");
        if (range.empty()) return reply(200, std::move(h), b->content);
        const std::size_t dash = range.find('-');
        const auto first = detail::parse_size(std::string_view(range).substr(6, dash - 6)).value();
        const auto last = detail::parse_size(std::string_view(range).substr(dash + 1)).value_or(~std::uint64_t{0});
        if (first >= b->content.size()) return refuse(416, "InvalidRange");
        const std::string part = b->content.substr(first, last - first + 1);
        h.push_back({"content-range", "bytes " + std::to_string(first) + "-" + std::to_string(first + part.size() - 1) +
                                          "/" + std::to_string(b->content.size())});
        if (b->md5) h.push_back({"x-ms-blob-content-md5", to_base64(b->md5->value)});
        return reply(206, std::move(h), part);
    }

    [[nodiscard]] http_response remove(fake_container& c, const fake_request& q) {
        fake_blob* b = find(c, q.blob);
        if (b == nullptr) return refuse(404, "BlobNotFound");
        if (auto no = may_write(q, b)) return *no;
        const std::string what = q.header("x-ms-delete-snapshots");
        if (!b->snapshots.empty() && what.empty()) return refuse(409, "SnapshotsPresent");
        b->snapshots.clear();
        if (what != "only") {
            c.deleted[q.blob] = *b;
            c.blobs.erase(q.blob);
        }
        return reply(202);
    }

    /// Requests with a `comp` that change or tell something of the blob.
    [[nodiscard]] http_response change(fake_container& c, const fake_request& q) {
        const std::string comp = q.param("comp");
        if (comp == "undelete") {
            const auto gone = c.deleted.find(q.blob);
            if (gone != c.deleted.end() && find(c, q.blob) == nullptr) c.blobs[q.blob] = gone->second;
            return find(c, q.blob) == nullptr ? refuse(404, "BlobNotFound") : reply(200);
        }
        fake_blob* b = find(c, q.blob);
        if (b == nullptr) return refuse(404, "BlobNotFound");
        if (comp == "lease") return lease(*b, q);
        if (comp == "tags" && s_.no_tags) return refuse(409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");
        if (comp == "tags" && q.raw->method == "GET") return tags(*b);
        if (auto no = may_write(q, b)) return *no;
        if (comp == "metadata") {
            b->attrs.metadata = attributes_of(q).attrs.metadata;
        } else if (comp == "properties") {
            fake_blob wanted = attributes_of(q);
            wanted.attrs.metadata = b->attrs.metadata;
            wanted.attrs.tags = b->attrs.tags;
            b->attrs = wanted.attrs;
            b->md5 = wanted.md5;
        } else if (comp == "tags") {
            const auto keys = elements(as_text(q.raw->body), "Key");
            const auto values = elements(as_text(q.raw->body), "Value");
            b->attrs.tags.clear();
            for (std::size_t i = 0; i < keys.size(); ++i) b->attrs.tags[keys[i]] = values.at(i);
            return reply(204);
        } else if (comp == "tier") {
            const bool rehydrates = b->tier == "Archive" && q.header("x-ms-access-tier") != "Archive";
            if (!rehydrates) b->tier = q.header("x-ms-access-tier");
            return reply(rehydrates ? 202 : 200);
        } else if (comp == "snapshot") {
            b->snapshots.push_back(s_.next_id("2020-01-01T00:00:00."));
            return reply(201, {{"x-ms-snapshot", b->snapshots.back()}, {"etag", "\"" + b->etag + "\""}});
        } else {
            return refuse(400, "InvalidQueryParameterValue");
        }
        s_.touch(*b);
        return reply(200, version_of(*b));
    }

    /// Stores a blob that was written, and answers.
    [[nodiscard]] http_response store(fake_container& c, const fake_request& q, fake_blob made, int status) {
        s_.touch(made);
        fake_blob& b = c.blobs[q.blob] = std::move(made);
        return reply(status, version_of(b));
    }

    /// What a write says of its blob, content aside.
    [[nodiscard]] static fake_blob attributes_of(const fake_request& q) {
        fake_blob b;
        const std::string type = q.header("x-ms-blob-content-type");
        b.attrs.content_type = type.empty() ? "application/octet-stream" : type;
        b.attrs.content_encoding = q.header("x-ms-blob-content-encoding");
        b.attrs.content_language = q.header("x-ms-blob-content-language");
        b.attrs.content_disposition = q.header("x-ms-blob-content-disposition");
        b.attrs.cache_control = q.header("x-ms-blob-cache-control");
        b.attrs.metadata = metadata_of(q);
        b.attrs.tags = tags_of(q);
        b.tier = q.header("x-ms-access-tier");
        b.md5 = detail::parse_azure_hash(hash_algorithm::md5, q.header("x-ms-blob-content-md5"));
        return b;
    }
    [[nodiscard]] static std::map<std::string, std::string> metadata_of(const fake_request& q) {
        std::map<std::string, std::string> found;
        for (const http_header& h : q.raw->headers) {
            if (h.name.starts_with("x-ms-meta-")) found[h.name.substr(10)] = h.value;
        }
        return found;
    }
    [[nodiscard]] static std::map<std::string, std::string> tags_of(const fake_request& q) {
        http_request as_query;
        as_query.url = std::string(fake_service::origin) + "/?" + q.header("x-ms-tags");
        return take_apart(as_query, as_query.url).query;
    }

    /// Lets a pending copy get on by one look.
    void advance(fake_container& c, const std::string& name) {
        fake_blob& b = c.blobs.at(name);
        if (b.copy_status != "pending" || --b.looks_until_copied > 0) return;
        const fake_blob* source = find(c, b.copy_source);
        const bool fails = s_.copies_pend < 0 || source == nullptr;
        b.copy_status = fails ? "failed" : "success";
        if (!fails) b.content = source->content;
        s_.touch(b);
    }

    [[nodiscard]] static std::vector<http_header> version_of(const fake_blob& b) {
        return {{"etag", "\"" + b.etag + "\""}, {"last-modified", detail::to_rfc1123(b.modified)}};
    }

private:
    [[nodiscard]] static std::optional<http_response> wrong_hash(const fake_request& q, std::string_view content) {
        const std::string md5 = q.header("content-md5");
        const std::string crc = q.header("x-ms-content-crc64");
        if (!md5.empty() && !crc.empty()) return refuse(400, "InvalidInput");
        if (!md5.empty() && md5 != to_base64(md5_of(content).value)) return refuse(400, "Md5Mismatch");
        const digest computed = make_digest(hash_algorithm::crc64_nvme, crc64_nvme_of(content));
        if (!crc.empty() && crc != detail::azure_hash_text(computed)) return refuse(400, "Crc64Mismatch");
        return std::nullopt;
    }

    [[nodiscard]] std::vector<http_header> properties(const fake_blob& b) const {
        std::vector<http_header> h = version_of(b);
        const auto add = [&](const char* name, const std::string& value) {
            if (!value.empty()) h.push_back({name, value});
        };
        add("content-type", b.attrs.content_type);
        add("content-encoding", b.attrs.content_encoding);
        add("content-language", b.attrs.content_language);
        add("content-disposition", b.attrs.content_disposition);
        add("cache-control", b.attrs.cache_control);
        for (const auto& [name, value] : b.attrs.metadata) h.push_back({"x-ms-meta-" + name, value});
        if (!b.attrs.tags.empty()) add("x-ms-tag-count", std::to_string(b.attrs.tags.size()));
        add("x-ms-access-tier", b.tier.empty() ? "Hot" : b.tier);
        add("x-ms-copy-id", b.copy_id);
        add("x-ms-copy-status", b.copy_status);
        add("x-ms-lease-status", b.lease.empty() ? "unlocked" : "locked");
        return h;
    }

    [[nodiscard]] static http_response tags(const fake_blob& b) {
        return reply(200, {{"content-type", "application/xml"}}, "\xEF\xBB\xBF" + detail::tags_body(b.attrs.tags));
    }

    [[nodiscard]] http_response lease(fake_blob& b, const fake_request& q) {
        const std::string action = q.header("x-ms-lease-action");
        const std::string id = q.header("x-ms-lease-id");
        if (action == "acquire") {
            const std::string proposed = q.header("x-ms-proposed-lease-id");
            if (!b.lease.empty() && b.lease != proposed) return refuse(409, "LeaseAlreadyPresent");
            b.lease = proposed.empty() ? s_.next_id("lease-") : proposed;
            b.lease_broken = false;
            return reply(201, {{"x-ms-lease-id", b.lease}});
        }
        if (b.lease.empty() && !(action == "break" && b.lease_broken)) {
            return refuse(409, "LeaseNotPresentWithLeaseOperation");
        }
        if (action == "break") {
            b.lease.clear();
            b.lease_broken = true;
            return reply(202, {{"x-ms-lease-time", "0"}});
        }
        const bool changed = action == "change" && q.header("x-ms-proposed-lease-id") == b.lease;
        if (id != b.lease && !changed) return refuse(409, "LeaseIdMismatchWithLeaseOperation");
        if (action == "release") b.lease.clear();
        if (action == "change") b.lease = q.header("x-ms-proposed-lease-id");
        return reply(200, {{"x-ms-lease-id", b.lease}});
    }

    fake_service& s_;
};

}  // namespace blobshift::testing

#endif
