// SPDX-License-Identifier: MIT
//
// How fast a listing is read: `azure_list_parse`. The bar is half the speed of a scan of the same bytes for `<Name>`.
//
// nginx serves a page of 5,000 names with all the properties that the service sends. The store lists it again and
// again; the bare loop gets it with the same libcurl and counts its names with memmem. Then both do it in memory,
// without nginx: printed, not judged.

#include <cstring>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include <blobshift/backends/azure_store.hpp>

#include "bar.hpp"
#include "nginx.hpp"

namespace {

using namespace blobshift;
using namespace blobshift::testing;

constexpr std::size_t names = 5000;

/// As the service writes it: every property, most of them different for each blob.
std::string page() {
    std::string text = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint="
                       "\"https://account.blob.core.windows.net/\" ContainerName=\"box\"><MaxResults>5000</MaxResults><Blobs>";
    for (std::size_t i = 0; i < names; ++i) {
        const std::string n = std::to_string(1'000'000 + i * 37);
        const std::string base = "1.2.826.0.1.3680043.8.498." + n;
        const std::string second = std::to_string(10 + i % 50);
        std::string md5 = to_base64(as_bytes(std::string("0123456789abcdef").replace(3, n.size(), n)));
        text += "<Blob><Name>" + base + "1370/" + base + "22/" + base + "12345678901234_" + n +
                ".dcm</Name><Properties><Creation-Time>Thu, 01 Jan 2026 00:00:" + second +
                " GMT</Creation-Time><Last-Modified>Fri, 02 Jan 2026 03:04:" + second +
                " GMT</Last-Modified><Etag>0x8DE49A1B" + n + "</Etag><Content-Length>" + std::to_string(524'288 + i * 1021) +
                "</Content-Length><Content-Type>application/dicom</Content-Type><Content-Encoding /><Content-Language />"
                "<Content-CRC64 /><Content-MD5>" + md5 +
                "</Content-MD5><Cache-Control /><Content-Disposition /><BlobType>BlockBlob</BlobType>"
                "<AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>"
                "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>"
                "<ServerEncrypted>true</ServerEncrypted></Properties><OrMetadata /></Blob>";
    }
    return text + "</Blobs><NextMarker>2!92!MDAwMDM1ITE</NextMarker></EnumerationResults>";
}

[[nodiscard]] std::size_t scan(std::string_view text) {
    constexpr std::string_view wanted = "<Name>";
    std::size_t count = 0;
    const char* const end = text.data() + text.size();
    for (const char* at = text.data();; ++count) {
        const void* found = ::memmem(at, static_cast<std::size_t>(end - at), wanted.data(), wanted.size());
        if (found == nullptr) return count;
        at = static_cast<const char*>(found) + wanted.size();
    }
}

/// One easy handle and one buffer, both used again and again.
class bare_client {
public:
    explicit bare_client(const std::string& url) : handle_(curl_easy_init()) {
        must(handle_ != nullptr, "curl_easy_init");
        curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
        curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &on_body);
        curl_easy_setopt(handle_, CURLOPT_WRITEDATA, static_cast<void*>(&body_));
    }
    bare_client(const bare_client&) = delete;
    bare_client& operator=(const bare_client&) = delete;
    ~bare_client() { curl_easy_cleanup(handle_); }

    void list() {
        body_.clear();
        must(curl_easy_perform(handle_) == CURLE_OK && scan(body_) == names, "the bare loop");
    }

private:
    static std::size_t on_body(char* data, std::size_t, std::size_t count, void* self) {
        static_cast<std::string*>(self)->append(data, count);
        return count;
    }

    CURL* handle_;
    std::string body_ = {};
};

/// What `ours` reaches of the speed of `bare`; they take turns, and the fastest of many rounds counts for each.
template <class Bare, class Ours>
double share(const char* what, Bare bare, Ours ours) {
    double least = 1e9;
    double own = 1e9;
    for (int i = 0; i < 200; ++i) {
        least = (std::min)(least, measured(&wall_seconds, bare));
        own = (std::min)(own, measured(&wall_seconds, ours));
    }
    std::printf("%s: bare %.0f names/s, ours %.0f names/s, share %.2f\n", what, names / least, names / own, least / own);
    return least / own;
}

int run() {
    const std::string text = page();
    nginx server;
    server.write("page", text);
    server.start("location / { default_type application/xml; try_files /page =404; " + std::string(nginx::service_headers) + "}");
    auto place = azure_place::from_connection_string(
        "AccountName=account;AccountKey=a2V5;BlobEndpoint=" + server.url() + "/account", "box");
    azure_store store = azure_store::open(std::move(place).value()).value();
    bare_client bare(server.url() + "/account/box?restype=container&comp=list");

    const context c;
    std::printf("a page of %zu names, %.1f MB\n", names, static_cast<double>(text.size()) / 1e6);
    const double over_http = share(
        "over HTTP", [&] { bare.list(); },
        [&] { must(store.list(c, {.with_attributes = true}).value().blobs.size() == names, "the listing"); });
    share("over HTTP, without attributes", [&] { bare.list(); },
          [&] { must(store.list(c, {}).value().blobs.size() == names, "the listing"); });
    share("in memory", [&] { must(scan(text) == names, "the scan"); },
          [&] { must(detail::parse_list(text).value().blobs.size() == names, "the parser"); });
    std::printf("over HTTP %.2f of at least 0.50: ", over_http);
    return verdict(over_http >= 0.5);
}

}  // namespace

int main() {
    try {
        return run();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "azure_list_parse: %s\n", e.what());
        return 1;
    }
}
