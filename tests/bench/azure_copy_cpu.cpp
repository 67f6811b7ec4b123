// SPDX-License-Identifier: MIT
//
// What a copy costs the client: `azure_copy_cpu [COPIES]`. The bar is 1.15 times the CPU time of a bare libcurl loop.
//
// nginx answers each copy as the service does. `copy_many` keeps 64 in flight; the bare loop sends the same requests to
// the byte, signs them and the access to their sources in the same way, keeps as many in flight, and looks at the
// status alone. That they are the same is checked first, with a transport that sends nothing.

#include <cinttypes>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <blobshift/backends/azure_store.hpp>
#include <blobshift/naming/dicom_names.hpp>

#include "bar.hpp"
#include "nginx.hpp"

namespace {

using namespace blobshift;
using namespace blobshift::testing;

constexpr unsigned in_flight = 64;
const std::string account = "account";
const std::string account_key = to_base64(as_bytes(std::string(64, 'k')));

std::vector<copy_request> copies(std::int64_t count) {
    const uid_names old_names;
    const prefix_names new_names;
    std::vector<copy_request> all;
    for (std::int64_t w = 1; w <= count; ++w) {
        const std::string base = "1.2.826.0.1.3680043.8.498." + std::to_string(1'000'000 + w);
        const instance_id id{base + "1370", base + "22", base + "12345678901234", w};
        copy_request r{old_names.name_of(id, blob_kind::instance).value(), new_names.name_of(id, blob_kind::instance).value()};
        r.source = condition::if_match(etag("\"0x8DE49A1B" + std::to_string(1'000'000 + w) + "\""));
        r.known = source_facts{524'288, digest{hash_algorithm::md5, bytes(16, std::byte{0x5A})}, "Hot"};
        all.push_back(std::move(r));
    }
    return all;
}

/// As `http_request` has them: what must be the same for both.
struct plain_request {
    std::string url = {};
    std::vector<std::string> headers = {};  ///< "name: value", sorted.

    friend bool operator==(const plain_request&, const plain_request&) = default;
};

/// Takes what the store would send, and answers nothing good.
struct recorder {
    std::vector<plain_request>* seen;

    result<http_response> send(const context&, const http_request& r, const response_options&) {
        plain_request plain{r.url};
        for (const http_header& h : r.headers) plain.headers.push_back(h.name + ": " + h.value);
        std::sort(plain.headers.begin(), plain.headers.end());
        seen->push_back(std::move(plain));
        return fail(errc::no_space, "only recorded");  // which nobody tries to resolve
    }
    result<void> send_many(const context& c, call_source& source) {
        for (http_call call; source.next(call) == pulled::call; call = {}) {
            source.finished(call, send(c, call.request, call.options));
        }
        return {};
    }
};

/// HMAC-SHA-256 with the key set once.
class bare_key {
public:
    bare_key() {
        EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
        context_ = EVP_MAC_CTX_new(mac);
        EVP_MAC_free(mac);
        char name[] = "SHA256";
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                         OSSL_PARAM_construct_end()};
        const std::string key(64, 'k');
        must(EVP_MAC_init(context_, reinterpret_cast<const unsigned char*>(key.data()), key.size(), parameters) == 1,
             "EVP_MAC_init");
    }
    bare_key(const bare_key&) = delete;
    bare_key& operator=(const bare_key&) = delete;
    ~bare_key() { EVP_MAC_CTX_free(context_); }

    /// Base64 of the signature, ended by a 0.
    void sign(std::string_view text, char (&out)[45]) const {
        unsigned char code[32];
        std::size_t size = 0;
        must(EVP_MAC_init(context_, nullptr, 0, nullptr) == 1, "EVP_MAC_init");
        EVP_MAC_update(context_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
        EVP_MAC_final(context_, code, &size, sizeof code);
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out), code, sizeof code);
    }

private:
    EVP_MAC_CTX* context_;
};

/// Writes one request into buffers of its own: URL, and headers ended by 0.
class bare_request {
public:
    void make(const bare_key& key, const std::string& server, const copy_request& r, std::time_t now) {
        char date[64];
        char expiry[64];
        std::tm utc{};
        ::gmtime_r(&now, &utc);
        std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        const std::time_t later = now + 3600;
        ::gmtime_r(&later, &utc);
        std::strftime(expiry, sizeof expiry, "%Y-%m-%dT%H:%M:%SZ", &utc);
        char signature[45];

        char text[4096];
        const char* const from = r.from.text().c_str();
        int size = std::snprintf(text, sizeof text, "rt\n\n%s\n/blob/account/box/%s\n\n\nhttps,http\n2025-11-05\nb\n\n\n\n\n\n\n",
                                 expiry, from);
        key.sign({text, static_cast<std::size_t>(size)}, signature);
        char colons[64];  // the expiry, encoded
        std::snprintf(colons, sizeof colons, "%.13s%%3A%.2s%%3A%.3s", expiry, expiry + 14, expiry + 17);
        std::string sig;
        for (const char c : std::string_view(signature)) {
            if (c == '+') sig += "%2B";
            else if (c == '/') sig += "%2F";
            else if (c == '=') sig += "%3D";
            else sig += c;
        }
        char source[2048];
        std::snprintf(source, sizeof source, "%s/account/box/%s?sv=2025-11-05&se=%s&spr=https%%2Chttp&sr=b&sp=rt&sig=%s",
                      server.c_str(), from, colons, sig.c_str());

        const std::string md5 = "WlpaWlpaWlpaWlpaWlpaWg==";
        const char* const tag = r.source.tag().text().c_str();
        size = std::snprintf(text, sizeof text,
                             "PUT\n\n\n\n\n\n\n\n\n*\n\n\nx-ms-access-tier:Hot\nx-ms-copy-source:%s\n"
                             "x-ms-copy-source-tag-option:COPY\nx-ms-date:%s\nx-ms-requires-sync:true\n"
                             "x-ms-source-content-md5:%s\nx-ms-source-if-match:%s\nx-ms-version:2025-11-05\n"
                             "/account/account/box/%s",
                             source, date, md5.c_str(), tag, r.to.text().c_str());
        key.sign({text, static_cast<std::size_t>(size)}, signature);

        char line[4096];
        headers_.reset();
        url = server + "/account/box/" + r.to.text();
        for (const char* fixed : {"x-ms-version: 2025-11-05", "x-ms-requires-sync: true", "If-None-Match: *",
                                  "x-ms-copy-source-tag-option: COPY", "x-ms-access-tier: Hot"}) {
            headers_.add(fixed);
        }
        std::snprintf(line, sizeof line, "x-ms-copy-source: %s", source), headers_.add(line);
        std::snprintf(line, sizeof line, "x-ms-source-if-match: %s", tag), headers_.add(line);
        std::snprintf(line, sizeof line, "x-ms-source-content-md5: %s", md5.c_str()), headers_.add(line);
        std::snprintf(line, sizeof line, "x-ms-date: %s", date), headers_.add(line);
        std::snprintf(line, sizeof line, "Authorization: SharedKey account:%s", signature), headers_.add(line);
    }

    [[nodiscard]] plain_request plain() const {
        plain_request p{url};
        for (const curl_slist* h = headers_.first; h != nullptr; h = h->next) p.headers.emplace_back(h->data);
        std::sort(p.headers.begin(), p.headers.end());
        return p;
    }
    /// With what keeps libcurl from adding headers of its own.
    [[nodiscard]] curl_slist* list() {
        for (const char* none : {"Accept:", "Expect:", "Content-Type:"}) headers_.add(none);
        return headers_.first;
    }

    std::string url = {};

private:
    struct headers {
        headers() = default;
        headers(const headers&) = delete;
        headers& operator=(const headers&) = delete;
        ~headers() { reset(); }
        void add(const char* line) { first = curl_slist_append(first, line); }
        void reset() { curl_slist_free_all(first), first = nullptr; }
        curl_slist* first = nullptr;
    };
    headers headers_ = {};
};

/// The least that sends requests side by side with libcurl: as its manual shows, with the handles used again.
class bare_loop {
public:
    explicit bare_loop(std::string server) : server_(std::move(server)), multi_(curl_multi_init()) {
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(in_flight));
        for (unsigned i = 0; i < in_flight; ++i) {
            CURL* easy = curl_easy_init();
            curl_easy_setopt(easy, CURLOPT_POST, 1L);
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
            curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
            curl_easy_setopt(easy, CURLOPT_PRIVATE, reinterpret_cast<void*>(static_cast<std::uintptr_t>(i)));
            idle_.push_back(easy);
        }
    }
    bare_loop(const bare_loop&) = delete;
    bare_loop& operator=(const bare_loop&) = delete;
    ~bare_loop() {
        for (CURL* easy : idle_) curl_easy_cleanup(easy);
        curl_multi_cleanup(multi_);
    }

    /// \return how many the server took.
    std::size_t run(const std::vector<copy_request>& requests) {
        std::size_t done = 0;
        std::size_t next = 0;
        while (next < requests.size() || idle_.size() < in_flight) {
            for (; next < requests.size() && !idle_.empty(); ++next) {
                CURL* easy = idle_.back();
                idle_.pop_back();
                void* number = nullptr;
                curl_easy_getinfo(easy, CURLINFO_PRIVATE, &number);
                bare_request& r = requests_[reinterpret_cast<std::uintptr_t>(number)];
                r.make(key_, server_, requests[next], std::time(nullptr));
                curl_easy_setopt(easy, CURLOPT_URL, r.url.c_str());
                curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r.list());
                curl_multi_add_handle(multi_, easy);
            }
            int running = 0;
            must(curl_multi_perform(multi_, &running) == CURLM_OK, "curl_multi_perform");
            bool any = false;
            int left = 0;
            while (const CURLMsg* m = curl_multi_info_read(multi_, &left)) {
                long status = 0;
                curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
                done += m->data.result == CURLE_OK && status == 202;
                CURL* const ended = m->easy_handle;
                curl_multi_remove_handle(multi_, ended);
                idle_.push_back(ended);
                any = true;
            }
            if (!any) must(curl_multi_poll(multi_, nullptr, 0, 1000, nullptr) == CURLM_OK, "curl_multi_poll");
        }
        return done;
    }

private:
    std::string server_;
    bare_key key_ = {};
    CURLM* multi_;
    std::vector<CURL*> idle_ = {};
    bare_request requests_[in_flight];
};

[[nodiscard]] azure_place place(const std::string& server) {
    return azure_place::from_connection_string(
               "AccountName=" + account + ";AccountKey=" + account_key + ";BlobEndpoint=" + server + "/account", "box")
        .value();
}

/// A clock that stands still.
class stopped_clock final : public time_source {
public:
    [[nodiscard]] steady_time now() const override { return {}; }
    [[nodiscard]] utc_time utc_now() const override { return std::chrono::sys_days(std::chrono::year(2026) / 1 / 2); }
    void sleep(std::chrono::nanoseconds, const std::stop_token&) const override {}
};

void compare_requests(const std::vector<copy_request>& requests) {
    const std::string server = "http://127.0.0.1:1";
    std::vector<plain_request> seen;
    auto store = basic_azure_store<recorder>::open(recorder{&seen}, place(server)).value();
    const stopped_clock clock;
    context c;
    c.clock = &clock;
    store.copy_many(c, requests, {.concurrency = 1}, [](std::size_t, result<copy_result>&&) {});
    must(seen.size() == requests.size(), "the store sent another number of requests");
    const bare_key key;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        bare_request r;
        r.make(key, server, requests[i], std::chrono::system_clock::to_time_t(clock.utc_now()));
        if (r.plain() == seen[i]) continue;
        for (const std::string& h : r.plain().headers) std::fprintf(stderr, "bare: %s\n", h.c_str());
        for (const std::string& h : seen[i].headers) std::fprintf(stderr, "ours: %s\n", h.c_str());
        throw std::runtime_error("the bare loop sends other requests");
    }
}

int run(std::int64_t count) {
    compare_requests(copies(100));
    nginx server;
    server.start("location / { return 202; " + std::string(nginx::service_headers) +
                 "add_header ETag '\"0x8DE49A1B1234567\"' always;"
                 "add_header Last-Modified 'Fri, 02 Jan 2026 03:04:05 GMT' always;"
                 "add_header x-ms-copy-id 9c7f0f1e-0d5b-4b52-8d8c-0a2b3c4d5e6f always;"
                 "add_header x-ms-copy-status success always; }");
    const auto requests = copies(count);
    auto store = azure_store::open(place(server.url())).value();
    bare_loop bare(server.url());
    const auto ours = [&] {
        std::size_t done = 0;
        store.copy_many(context{}, requests, {.concurrency = in_flight}, [&](std::size_t, result<copy_result>&& made) {
            done += made && made->proof == copy_proof::computed_hash;
        });
        must(done == requests.size(), "the store did not copy all");
    };
    // Whatever else the machine does only adds to the CPU time: the cheapest of many rounds counts.
    double least = 1e9;
    double own = 1e9;
    for (int round = 0; round < 15; ++round) {
        least = (std::min)(least, measured(&cpu_seconds, [&] { must(bare.run(requests) == requests.size(), "the bare loop"); }));
        own = (std::min)(own, measured(&cpu_seconds, ours));
    }
    const auto micros = [&](double seconds) { return 1e6 * seconds / static_cast<double>(count); };
    std::printf("%" PRId64 " copies, %u in flight: bare %.1f us, ours %.1f us of CPU each\nratio %.2f of 1.15: ", count, in_flight,
                micros(least), micros(own), own / least);
    return verdict(own <= 1.15 * least);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 10'000);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "azure_copy_cpu: %s\n", e.what());
        return 1;
    }
}
