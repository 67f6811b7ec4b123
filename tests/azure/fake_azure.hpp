// SPDX-License-Identifier: MIT
//
// Azure in the process, as a transport: it holds every request against what Azure documents and emulators do not mind
// (who signed it, who may read the source of a copy, conditions, empty pages), and fails where a test says so.

#ifndef BLOBSHIFT_TESTS_AZURE_FAKE_AZURE_HPP
#define BLOBSHIFT_TESTS_AZURE_FAKE_AZURE_HPP

#include <algorithm>  // max
#include <memory>     // shared_ptr
#include <stdexcept>  // logic_error

#include <blobshift/backends/azure_store.hpp>

#include <azure/fake_azure_auth.hpp>
#include <azure/fake_azure_blobs.hpp>

namespace blobshift::testing {

/// Serves one request. \par Thread-safety  One at a time.
class fake_azure {
public:
    explicit fake_azure(fake_service& s) noexcept : s_(s), blobs_(s) {}

    [[nodiscard]] result<http_response> serve(const http_request& r) {
        const fake_request q = named(take_apart(r, r.url));
        ++s_.requests[q.label];
        if (s_.keep_seen) {
            s_.seen.push_back(r);
            s_.seen.back().body = {};
        }
        const azure_fault f = s_.faults ? s_.faults(r, q.label) : azure_fault{};
        if (f.what == azure_fault::kind::answer) return refuse(f.status, f.code, f.headers);
        if (f.what == azure_fault::kind::lost_before) return lost(r);
        http_response answer = authenticated(q, false);
        if (f.what == azure_fault::kind::lost_after) return lost(r);
        return answer;
    }

    /// What a request is, as `fake_service::requests` counts it.
    [[nodiscard]] static std::string label_of(const http_request& r) { return named(take_apart(r, r.url)).label; }

private:
    [[nodiscard]] static unexpected lost(const http_request& r) {
        error e = make_error(errc::unavailable, "the connection was lost");
        e.again = retry_hint::wait;
        if (!detail::is_safe_method(r.method)) e.done = effect::indeterminate;
        return unexpected(std::move(e));
    }

    [[nodiscard]] static fake_request named(fake_request q) {
        const std::string& method = q.raw->method;
        const std::string comp = q.param("comp");
        if (q.blob.empty()) {
            q.label = comp.empty() ? (method == "PUT"      ? "create container"
                                      : method == "DELETE" ? "remove container"
                                                           : "look at container")
                                   : comp;  // list, batch
        } else if (method == "PUT" && q.has("x-ms-copy-source")) {
            q.label = comp == "block"               ? "block from url"
                      : q.has("x-ms-requires-sync") ? "copy"
                      : q.has("x-ms-blob-type")     ? "put from url"
                                                    : "start copy";
        } else if (!comp.empty()) {
            q.label = (method == "GET" ? "get " : "") + comp;
        } else {
            q.label = method == "PUT" ? "put" : method == "GET" ? "get" : method == "HEAD" ? "head" : "delete";
        }
        return q;
    }

    [[nodiscard]] http_response authenticated(const fake_request& q, bool in_batch) {
        if (auto no = authenticate(s_, q, in_batch)) return without_body_of_head(q, *std::move(no));
        return without_body_of_head(q, q.blob.empty() ? of_container(q) : of_blob(q));
    }
    [[nodiscard]] static http_response without_body_of_head(const fake_request& q, http_response a) {
        if (q.raw->method == "HEAD") a.body.clear();
        return a;
    }

    [[nodiscard]] http_response of_container(const fake_request& q) {
        const auto found = s_.containers.find(q.container);
        if (q.label == "create container") {
            if (found != s_.containers.end()) return refuse(409, "ContainerAlreadyExists");
            s_.containers[q.container];
            return reply(201);
        }
        if (found == s_.containers.end()) return refuse(404, "ContainerNotFound");
        if (q.label == "list") return list(found->second, q);
        if (q.label == "batch") return batch(q);
        if (q.label == "remove container") {
            s_.containers.erase(found);
            return reply(202);
        }
        return reply(200);
    }

    [[nodiscard]] http_response of_blob(const fake_request& q) {
        const auto found = s_.containers.find(q.container);
        if (found == s_.containers.end()) return refuse(404, "ContainerNotFound");
        fake_container& c = found->second;
        if (s_.no_tags && (q.has("x-ms-tags") || q.has("x-ms-copy-source-tag-option"))) {
            return refuse(409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");
        }
        if (q.label == "put") return blobs_.put(c, q);
        if (q.label == "get" || q.label == "head") return blobs_.read(c, q);
        if (q.label == "delete") return blobs_.remove(c, q);
        if (q.label == "block") return blobs_.put_block(c, q, std::string(as_text(q.raw->body)));
        if (q.label == "blocklist") return blobs_.put_block_list(c, q);
        if (q.label == "get blocklist") return blobs_.get_block_list(c, q);
        if (q.has("x-ms-copy-source")) return copy(c, q);
        return blobs_.change(c, q);
    }

    /// All requests that read another blob.
    [[nodiscard]] http_response copy(fake_container& c, const fake_request& q) {
        const std::string url = q.header("x-ms-copy-source");
        const fake_request from = take_apart(*q.raw, url);
        const bool tags = q.header("x-ms-copy-source-tag-option") == "COPY";
        const bool by_url = q.label != "start copy";
        if (by_url && (s_.no_blocks_from_urls && q.label == "block from url")) return refuse(501, "APINotImplemented");
        if (by_url) {
            if (auto no = authenticate_source(s_, q, from, tags)) return *no;
        }
        const fake_blob* source = fake_blobs::find(s_.containers.at(from.container), from.blob);
        if (source == nullptr) {
            return refuse(404, by_url ? "CannotVerifyCopySource" : "BlobNotFound",
                          {{"x-ms-copy-source-status-code", "404"}, {"x-ms-copy-source-error-code", "BlobNotFound"}});
        }
        if (q.has("x-ms-source-if-match") && q.header("x-ms-source-if-match") != "\"" + source->etag + "\"") {
            return refuse(412, "SourceConditionNotMet");
        }
        if (q.label == "block from url") {
            const std::string range = q.header("x-ms-source-range");
            const std::size_t dash = range.find('-');
            const auto first = detail::parse_size(std::string_view(range).substr(6, dash - 6)).value();
            const auto last = detail::parse_size(std::string_view(range).substr(dash + 1)).value();
            return blobs_.put_block(c, q, source->content.substr(first, last - first + 1));
        }
        if (auto no = fake_blobs::may_write(q, fake_blobs::find(c, q.blob))) return *no;
        if (source->tier == "Archive") return refuse(409, "BlobArchived");
        const std::string md5 = q.header("x-ms-source-content-md5");
        if (!md5.empty() && md5 != to_base64(md5_of(source->content).value)) return refuse(400, "Md5Mismatch");
        fake_blob made = *source;
        made.tier = q.header("x-ms-access-tier");
        made.lease.clear();
        made.snapshots.clear();
        if (!tags) made.attrs.tags = fake_blobs::tags_of(q);
        if (const auto own = fake_blobs::metadata_of(q); !own.empty()) made.attrs.metadata = own;
        made.copy_id = s_.next_id("copy-");
        made.copy_status = "success";
        if (q.label == "start copy" && s_.copies_pend != 0) {
            made.copy_status = "pending";
            made.copy_source = from.blob;
            made.looks_until_copied = s_.copies_pend;
            made.content.clear();
        }
        const std::vector<http_header> state = {{"x-ms-copy-id", made.copy_id}, {"x-ms-copy-status", made.copy_status}};
        http_response answer = blobs_.store(c, q, std::move(made), 202);
        answer.headers.insert(answer.headers.end(), state.begin(), state.end());
        return answer;
    }

    [[nodiscard]] static std::string escaped(std::string_view text) {
        std::string out;
        detail::append_escaped(out, text);
        return out;
    }

    [[nodiscard]] http_response list(fake_container& c, const fake_request& q) {
        const std::string prefix = q.param("prefix");
        const bool grouped = !q.param("delimiter").empty();
        const bool metadata = q.param("include").find("metadata") != std::string::npos;
        const bool tags = q.param("include").find("tags") != std::string::npos;
        const auto asked = detail::parse_size(q.param("maxresults")).value_or(5000);
        if (asked == 0 || asked > 5000) return refuse(400, "OutOfRangeQueryParameterValue");
        const std::size_t most = (std::min)(s_.page, static_cast<std::size_t>(asked));
        const bool snapshots = q.param("include").find("snapshots") != std::string::npos;
        // A marker is the next name, in a spelling that nobody should understand; an 'e' before it: an empty page is
        // due; an 's': its snapshots were given.
        const std::string marker = q.param("marker");
        const std::string from = marker.empty() ? std::string() : from_hex(marker.substr(1));
        std::string body = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>";
        std::string next;
        if (s_.empty_pages && marker.starts_with('e')) {
            next = "f" + to_hex(as_bytes(from));
        } else {
            std::size_t entries = 0;
            std::string group;
            for (auto at = c.blobs.lower_bound(from); at != c.blobs.end(); ++at) {
                const std::string& name = at->first;
                if (!name.starts_with(prefix)) continue;
                const std::size_t cut = grouped ? name.find('/', prefix.size()) : std::string::npos;
                const bool known = cut != std::string::npos && !group.empty() && name.starts_with(group);
                if (known) continue;
                if (entries == most) {
                    next = "e" + to_hex(as_bytes(name));
                    break;
                }
                if (snapshots && !at->second.snapshots.empty() && !(marker.starts_with('s') && name == from)) {
                    for (const std::string& time : at->second.snapshots) {
                        body += "<Blob><Name>" + escaped(name) + "</Name><Snapshot>" + time + "</Snapshot></Blob>";
                    }
                    entries = (std::min)(most, entries + at->second.snapshots.size());
                    if (entries == most) {
                        next = "s" + to_hex(as_bytes(name));
                        break;
                    }
                }
                ++entries;
                if (cut != std::string::npos) {
                    group = name.substr(0, cut + 1);
                    body += "<BlobPrefix><Name>" + escaped(group) + "</Name></BlobPrefix>";
                } else {
                    body += entry(name, at->second, metadata, tags);
                }
            }
        }
        return reply(200, {{"content-type", "application/xml"}},
                     body + "</Blobs><NextMarker>" + next + "</NextMarker></EnumerationResults>");
    }

    [[nodiscard]] static std::string from_hex(std::string_view hex) {
        std::string text;
        for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
            text += static_cast<char>(detail::hex_value(hex[i]) * 16 + detail::hex_value(hex[i + 1]));
        }
        return text;
    }

    [[nodiscard]] static std::string entry(const std::string& name, const fake_blob& b, bool metadata, bool tags) {
        const auto element = [](const char* n, const std::string& value) {
            return value.empty() ? std::string() : "<" + std::string(n) + ">" + escaped(value) + "</" + n + ">";
        };
        std::string x = "<Blob>" + element("Name", name) + "<Properties>" +
                        element("Last-Modified", detail::to_rfc1123(b.modified)) + element("Etag", b.etag) +
                        element("Content-Length", std::to_string(b.content.size())) +
                        element("Content-Type", b.attrs.content_type) +
                        element("Content-Encoding", b.attrs.content_encoding) +
                        element("Content-Language", b.attrs.content_language) +
                        element("Content-MD5", b.md5 ? to_base64(b.md5->value) : std::string()) +
                        element("Content-Disposition", b.attrs.content_disposition) +
                        element("Cache-Control", b.attrs.cache_control) + "<BlobType>BlockBlob</BlobType>" +
                        element("AccessTier", b.tier.empty() ? "Hot" : b.tier) + element("CopyId", b.copy_id) +
                        element("CopyStatus", b.copy_status) +
                        element("LeaseStatus", b.lease.empty() ? "unlocked" : "locked") + "</Properties>";
        if (metadata) {
            x += "<Metadata>";
            for (const auto& [n, value] : b.attrs.metadata) x += "<" + n + ">" + escaped(value) + "</" + n + ">";
            x += "</Metadata>";
        }
        if (tags && !b.attrs.tags.empty()) {
            x += "<Tags><TagSet>";
            for (const auto& [n, value] : b.attrs.tags) {
                x += "<Tag><Key>" + escaped(n) + "</Key><Value>" + escaped(value) + "</Value></Tag>";
            }
            x += "</TagSet></Tags>";
        }
        return x + "</Blob>";
    }

    [[nodiscard]] http_response batch(const fake_request& q) {
        const std::string type = q.header("content-type");
        const std::string boundary = "--" + type.substr(type.find("boundary=") + 9);
        std::string_view body = as_text(q.raw->body);
        std::vector<std::string> answers;
        for (std::size_t at = body.find(boundary + "\r\n"); at != std::string_view::npos;
             at = body.find(boundary + "\r\n", at + 1)) {
            const std::size_t start = at + boundary.size() + 2;
            answers.push_back(part(body.substr(start, body.find(boundary, start) - start)));
        }
        if (answers.empty() || answers.size() > 256) {
            const std::string whole =
                "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad\r\nx-ms-error-code: "
                "ExceedsMaxBatchRequestCount\r\n\r\n\r\n--b--\r\n";
            return reply(202, {{"content-type", "multipart/mixed; boundary=b"}}, whole);
        }
        std::string all;
        for (auto a = answers.rbegin(); a != answers.rend(); ++a) {  // in no promised order
            if (!a->empty()) all += "--b\r\n" + *a;
        }
        return reply(202, {{"content-type", "multipart/mixed; boundary=b"}}, all + "--b--\r\n");
    }

    [[nodiscard]] std::string part(std::string_view text) {
        detail::line_reader lines(text);
        std::vector<http_header> outer;
        if (!lines.headers(outer)) throw std::logic_error("a part of a batch without headers");
        std::string id;
        for (const http_header& h : outer) {
            if (h.name == "content-id") id = h.value;
        }
        const std::string line(lines.next().value());
        http_request r;
        r.method = line.substr(0, line.find(' '));
        const std::string path = line.substr(r.method.size() + 1);
        r.url = fake_service::origin + path.substr(0, path.rfind(' '));
        if (!lines.headers(r.headers)) throw std::logic_error("a part of a batch that does not end");
        const azure_fault f = s_.faults ? s_.faults(r, "part of batch") : azure_fault{};
        const fake_request q = named(take_apart(r, r.url));
        const http_response a =
            f.what == azure_fault::kind::answer ? refuse(f.status, f.code, f.headers) : authenticated(q, true);
        if (f.what == azure_fault::kind::lost_after) return "";  // the answer does not speak of it
        std::string out = "Content-Type: application/http\r\nContent-ID: " + id + "\r\n\r\nHTTP/1.1 " +
                          std::to_string(a.status) + " X\r\n";
        for (const http_header& h : a.headers) out += h.name + ": " + h.value + "\r\n";
        return out + "\r\n" + std::string(as_text(a.body)) + "\r\n";
    }

    fake_service& s_;
    fake_blobs blobs_;
};

/// A `PipelinedTransport` to a `fake_service`. Copies share the service.
class fake_transport {
public:
    explicit fake_transport(std::shared_ptr<fake_service> s) : service_(std::move(s)) {}

    [[nodiscard]] result<http_response> send(const context& c, const http_request& r, const response_options& o) {
        if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
        if (auto fine = detail::validate(r); !fine) return unexpected(std::move(fine).error());
        const std::scoped_lock lock(service_->guard);
        auto answer = fake_azure(*service_).serve(r);
        if (answer && answer->is_success() && o.into) {
            if (answer->body.size() > o.into->size()) throw std::logic_error("more bytes than were asked for");
            std::copy(answer->body.begin(), answer->body.end(), o.into->begin());
            answer->body.clear();
        }
        if (answer && answer->is_success() && o.sink != nullptr) {
            o.sink->begin();
            o.sink->take(answer->body);
            answer->body.clear();
        }
        return answer;
    }

    /// Answers in the order in which the calls came, the first as soon as no more may be in flight.
    result<void> send_many(const context& c, call_source& source) {
        std::vector<http_call> flying;
        for (;;) {
            if (auto go = c.proceed(); !go) {
                for (http_call& call : flying) source.finished(call, unexpected(go.error()));
                return go;
            }
            pulled last = pulled::call;
            while (flying.size() < (std::max)(source.concurrency(), 1U)) {
                http_call call;
                last = source.next(call);
                if (last != pulled::call) break;
                flying.push_back(std::move(call));
            }
            service_->most_in_flight = (std::max)(service_->most_in_flight, flying.size());
            if (flying.empty()) {
                if (last == pulled::end) return {};
                if (auto rested = c.pause(source.pause()); !rested) return rested;
                continue;
            }
            http_call call = std::move(flying.front());
            flying.erase(flying.begin());
            auto answer = send(c, call.request, call.options);
            source.finished(call, std::move(answer));
        }
    }

private:
    std::shared_ptr<fake_service> service_;
};

using fake_store = basic_azure_store<fake_transport>;

/// The service, a clock for it, and stores on its container "box".
struct fake_place {
    fake_place() : service(std::make_shared<fake_service>()) { service->clock = &clock; }
    fake_place(const fake_place&) = delete;
    fake_place& operator=(const fake_place&) = delete;

    [[nodiscard]] static azure_place place() {
        return azure_place::from_url(std::string(fake_service::origin) + "/box", secret(fake_service::key)).value();
    }
    [[nodiscard]] fake_store open(const azure_options& options = {}) const {
        return fake_store::open(fake_transport(service), place(), options).value();
    }
    [[nodiscard]] context c() const { return context_of(clock); }
    [[nodiscard]] fake_blob& blob(const std::string& name) const {
        return service->containers.at("box").blobs.at(name);
    }

    virtual_clock clock;
    std::shared_ptr<fake_service> service;
};

}  // namespace blobshift::testing

#endif
