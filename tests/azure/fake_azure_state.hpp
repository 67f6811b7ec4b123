// SPDX-License-Identifier: MIT
//
// What the in-process Azure of the tests keeps: containers, blobs, blocks, and how it may be told to misbehave.

#ifndef BLOBSHIFT_TESTS_AZURE_FAKE_AZURE_STATE_HPP
#define BLOBSHIFT_TESTS_AZURE_FAKE_AZURE_STATE_HPP

#include <functional>   // function
#include <map>          // map
#include <mutex>        // mutex
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <blobshift/backends/azure_reader.hpp>

#include <support/virtual_clock.hpp>

namespace blobshift::testing {

struct utf16_order {
    bool operator()(const std::string& a, const std::string& b) const noexcept { return detail::utf16_before(a, b); }
};

struct fake_blob {
    std::string content = {};
    attributes attrs = {};
    std::string etag = {};  ///< Without quotes.
    utc_time modified = {};
    std::optional<digest> md5 = {};
    std::string tier = {};  ///< Empty = inferred: Hot.
    std::string copy_id = {};
    std::string copy_status = {};
    std::string copy_source = {};  ///< Name; what a pending copy will bring.
    int looks_until_copied = 0;
    std::string lease = {};
    bool lease_broken = false;  ///< Its last lease was; then it may be broken again.
    std::vector<std::string> snapshots = {};
};

struct fake_container {
    std::map<std::string, fake_blob, utf16_order> blobs = {};
    std::map<std::string, std::map<std::string, std::string>> staged = {};  ///< Blob to block id to bytes.
    std::map<std::string, fake_blob> deleted = {};
};

/// What becomes of one request instead of what should.
struct azure_fault {
    enum class kind { none, answer, lost_before, lost_after };

    kind what = kind::none;
    int status = 503;  ///< Of an `answer`, given before any effect.
    std::string code = "ServerBusy";
    std::vector<http_header> headers = {};

    [[nodiscard]] static azure_fault answer(int status, std::string code, std::vector<http_header> headers = {}) {
        return {kind::answer, status, std::move(code), std::move(headers)};
    }
    [[nodiscard]] static azure_fault lost_before() { return {kind::lost_before}; }
    [[nodiscard]] static azure_fault lost_after() { return {kind::lost_after}; }
};

/// A service with one account. It answers as Azure documents, which is not always as the emulator does.
struct fake_service {
    static constexpr const char* account = "fakeaccount";
    static constexpr const char* origin = "https://fakeaccount.blob.core.windows.net";
    static constexpr const char* key = "c2VjcmV0IGtleSBvZiB0aGUgZmFrZSBhY2NvdW50";  // "secret key of the fake account"

    const time_source* clock = nullptr;  ///< Must be set.
    std::map<std::string, fake_container> containers = {{"box", {}}};
    std::size_t page = 5000;   ///< Most entries of a page.
    bool empty_pages = false;  ///< After each page of a listing comes an empty one.
    bool minds_clocks = true;  ///< Refuses what was signed too long ago. false: for callers with clocks of their own.
    bool firewall = false;     ///< URLs of blobs cannot be read from within the service.
    bool no_blocks_from_urls = false;  ///< 501, as emulators do.
    bool no_tags = false;              ///< As accounts with a hierarchical namespace.
    int copies_pend = 0;               ///< Looks until an asynchronous copy is done; negative: it fails then.
    std::string bearer = {};           ///< The token that is good; empty = none is.
    /// Asked for each request, by what it is: "put", "head", "copy", "batch", "part of batch" ...
    std::function<azure_fault(const http_request&, std::string_view label)> faults = {};

    std::map<std::string, std::size_t> requests = {};  ///< By label; parts of batches not included.
    std::size_t most_in_flight = 0;
    std::vector<http_request> seen = {};  ///< Without bodies; only if `keep_seen`.
    bool keep_seen = false;
    std::recursive_mutex guard = {};

    [[nodiscard]] std::size_t count(const std::string& label) const {
        const auto found = requests.find(label);
        return found == requests.end() ? 0 : found->second;
    }
    [[nodiscard]] std::size_t total() const {
        std::size_t sum = 0;
        for (const auto& [label, n] : requests) sum += n;
        return sum;
    }
    [[nodiscard]] utc_time now() const { return clock->utc_now(); }
    [[nodiscard]] std::string next_id(std::string_view beginning) {
        return std::string(beginning) + to_hex(make_digest(hash_algorithm::xxh64, ++serial_).value);
    }
    /// Gives the blob a new version.
    void touch(fake_blob& b) {
        b.etag = next_id("0x8D");
        b.modified = std::chrono::floor<std::chrono::seconds>(now());
    }

private:
    std::uint64_t serial_ = 0;
};

/// A request, taken apart.
struct fake_request {
    const http_request* raw = nullptr;
    std::string container = {};
    std::string blob = {};  ///< Decoded; empty = of the container.
    std::map<std::string, std::string> query = {};
    std::string label = {};

    [[nodiscard]] std::string header(std::string_view name) const {
        for (const http_header& h : raw->headers) {
            if (detail::equals_ignoring_case(h.name, name)) return h.value;
        }
        return {};
    }
    [[nodiscard]] bool has(std::string_view name) const {
        for (const http_header& h : raw->headers) {
            if (detail::equals_ignoring_case(h.name, name)) return true;
        }
        return false;
    }
    [[nodiscard]] std::string param(const std::string& name) const {
        const auto found = query.find(name);
        return found == query.end() ? std::string() : found->second;
    }
};

/// Takes the URL of `r` apart. Whatever host it names, there is but one; on a bare IP address, the account begins the
/// path.
[[nodiscard]] inline fake_request take_apart(const http_request& r, std::string_view url) {
    fake_request q;
    q.raw = &r;
    std::string_view rest = url.substr((std::min)(url.find('/', url.find("://") + 3), url.size()));
    std::string_view path = rest.substr(0, rest.find('?'));
    rest.remove_prefix((std::min)(path.size() + 1, rest.size()));
    const std::string account = "/" + std::string(fake_service::account);
    if (path.starts_with(account + "/")) path.remove_prefix(account.size());
    const std::size_t slash = path.find('/', 1);
    q.container = std::string(path.substr(1, slash == std::string_view::npos ? slash : slash - 1));
    if (slash != std::string_view::npos) q.blob = detail::decode_percent(path.substr(slash + 1)).value();
    while (!rest.empty()) {
        const std::string_view item = rest.substr(0, rest.find('&'));
        rest.remove_prefix((std::min)(item.size() + 1, rest.size()));
        const std::size_t equals = (std::min)(item.find('='), item.size());
        q.query[detail::decode_query(item.substr(0, equals))] =
            detail::decode_query(item.substr((std::min)(equals + 1, item.size())));
    }
    return q;
}

[[nodiscard]] inline http_response reply(int status, std::vector<http_header> headers = {},
                                         std::string_view body = {}) {
    http_response a;
    a.status = status;
    a.headers = std::move(headers);
    a.headers.push_back({"x-ms-request-id", "11111111-2222-3333-4444-555555555555"});
    a.headers.push_back({"x-ms-version", std::string(detail::azure_version)});
    a.body = to_bytes(body);
    a.body_bytes = a.body.size();
    return a;
}

/// With a body that holds what no message may repeat.
[[nodiscard]] inline http_response refuse(int status, std::string code, std::vector<http_header> headers = {}) {
    headers.push_back({"x-ms-error-code", code});
    headers.push_back({"content-type", "application/xml"});
    return reply(status, std::move(headers),
                 "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>" + code +
                     "</Code><Message>SECRET blob name.\nRequestId:1</Message></Error>");
}

}  // namespace blobshift::testing

#endif
