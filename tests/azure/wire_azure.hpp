// SPDX-License-Identifier: MIT
//
// The Azure of the tests behind a socket: what a store says goes through libcurl and a loopback connection to it, and
// so do its answers, as bytes that a test may cut.

#ifndef BLOBSHIFT_TESTS_AZURE_WIRE_AZURE_HPP
#define BLOBSHIFT_TESTS_AZURE_WIRE_AZURE_HPP

#include <algorithm>  // min
#include <chrono>     // nanoseconds, seconds
#include <mutex>      // scoped_lock
#include <string>
#include <string_view>
#include <vector>

#include <azure/fake_azure.hpp>
#include <azure/scripted_server.hpp>

namespace blobshift::testing {

/// A `PipelinedTransport` that sends everything to one server, whatever host it is meant for. The signatures stay good:
/// they cover the path, not the host.
class rerouted_transport {
public:
    /// \param base  "http://127.0.0.1:PORT". \param real  Must outlive this.
    rerouted_transport(curl_transport& real, std::string base) : real_(&real), base_(std::move(base)) {}

    [[nodiscard]] result<http_response> send(const context& c, const http_request& r, const response_options& o) {
        http_request moved = r;
        moved.url = rerouted(r.url);
        return real_->send(c, moved, o);
    }

    result<void> send_many(const context& c, call_source& source) {
        source_of_rerouted moved(*this, source);
        return real_->send_many(c, moved);
    }

private:
    class source_of_rerouted final : public call_source {
    public:
        source_of_rerouted(const rerouted_transport& t, call_source& inner) : t_(t), inner_(inner) {}
        pulled next(http_call& call) override {
            const pulled said = inner_.next(call);
            if (said == pulled::call) call.request.url = t_.rerouted(call.request.url);
            return said;
        }
        [[nodiscard]] std::chrono::nanoseconds pause() const override { return inner_.pause(); }
        [[nodiscard]] unsigned concurrency() const override { return inner_.concurrency(); }
        void finished(http_call& call, result<http_response> answer) override {
            inner_.finished(call, std::move(answer));
        }

    private:
        const rerouted_transport& t_;
        call_source& inner_;
    };

    [[nodiscard]] std::string rerouted(std::string_view url) const {
        return base_ + std::string(url.substr((std::min)(url.find('/', url.find("//") + 2), url.size())));
    }

    curl_transport* real_;
    std::string base_;
};

using wire_store = basic_azure_store<rerouted_transport>;

/// What came in, as the service in the process takes it. Its body is that of `r`, which must outlive it.
[[nodiscard]] inline http_request request_of(const blobshift_test::received_request& r) {
    http_request q;
    q.method = r.method;
    q.url = fake_service::origin + r.target;
    for (const auto& [name, value] : r.headers) q.headers.push_back({name, value});
    q.body = as_bytes(r.body);
    return q;
}

enum class framing { length, chunked };

/// The bytes of an answer to `method`. A chunked body comes in two chunks.
[[nodiscard]] inline std::string bytes_of(const http_response& a, std::string_view method, framing how) {
    std::string head;
    for (const http_header& h : a.headers) head += h.name + ": " + h.value + "\r\n";
    const std::string body(as_text(a.body));
    if (a.status == 204 || (method == "HEAD" && a.header("content-length") != nullptr)) {
        return "HTTP/1.1 " + std::to_string(a.status) + " X\r\n" + head + "\r\n";
    }
    if (how == framing::length) return blobshift_test::http_bytes(a.status, head, body);
    std::vector<std::string> chunks;
    for (const std::string& part : {body.substr(0, body.size() / 2), body.substr(body.size() / 2)}) {
        if (!part.empty()) chunks.push_back(part);
    }
    std::string bytes = blobshift_test::chunked_bytes(a.status, head, chunks);
    if (method == "HEAD") bytes.resize(bytes.find("\r\n\r\n") + 4);
    return bytes;
}

/// A `fake_service` behind a server, and stores that ask it through libcurl.
class wire_place {
public:
    explicit wire_place(framing how = framing::length)
        : framing_(how), server_([this](const blobshift_test::received_request& r) { return answer(r); }) {
        service.clock = &clock;
    }
    wire_place(const wire_place&) = delete;
    wire_place& operator=(const wire_place&) = delete;

    [[nodiscard]] wire_store open(const azure_options& options = {}) {
        const std::scoped_lock lock(service.guard);  // so that the server's threads see what was set until now
        return wire_store::open(rerouted_transport(transport_, server_.url()), fake_place::place(), options).value();
    }
    [[nodiscard]] context c() const { return context_of(clock); }

    virtual_clock clock;
    fake_service service;

private:
    [[nodiscard]] blobshift_test::reply answer(const blobshift_test::received_request& r) {
        const std::scoped_lock lock(service.guard);
        blobshift_test::reply out;
        const auto served = fake_azure(service).serve(request_of(r));
        if (served)
            out.bytes = bytes_of(*served, r.method, framing_);
        else
            out.then = blobshift_test::ending::fin;
        return out;
    }

    framing framing_;
    curl_transport transport_ = curl_transport::open({.stall_timeout = std::chrono::seconds(20)}).value();
    blobshift_test::scripted_server server_;  // last: its threads use the others
};

}  // namespace blobshift::testing

#endif
