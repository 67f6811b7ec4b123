// SPDX-License-Identifier: MIT
//
// The bench, and the judge.

#include <azure/cuts/cut_bench.hpp>

#include <algorithm>  // any_of, find
#include <utility>    // move

namespace blobshift::testing {
namespace {

using namespace std::chrono_literals;

[[nodiscard]] seen_service look_at(const fake_service& s) {
    seen_service all;
    const auto box = s.containers.find("box");
    if (box == s.containers.end()) return all;
    all[""];
    for (const auto& [name, b] : box->second.blobs) {
        seen_blob& seen = all[name];
        seen = {b.content, b.attrs, b.md5, b.tier, b.copy_status, !b.lease.empty(), !b.snapshots.empty()};
        detail::take_write_id(seen.attrs);
    }
    return all;
}

[[nodiscard]] azure_place place_of(asking_as who) {
    const std::string url = std::string(fake_service::origin) + "/box";
    if (who == asking_as::key) return azure_place::from_url(url, secret(fake_service::key)).value();
    entra_credential identity;
    if (who == asking_as::machine)
        identity.chain.push_back(entra_managed_identity{});
    else
        identity.chain.push_back(entra_client_secret{"tenant", "client", secret("SECRET")});
    return azure_place::from_url(url, std::move(identity)).value();
}

[[nodiscard]] bool is_token_request(const blobshift_test::received_request& r) {
    return r.target.starts_with("/tenant/oauth2/v2.0/token") || r.target.starts_with("/metadata/identity/oauth2/token");
}
[[nodiscard]] http_response token() {
    return testing::reply(200, {{"content-type", "application/json"}},
                          R"({"access_token":"good","expires_in":"3600","token_type":"Bearer"})");
}

/// What a request is: as the service counts it, and what a verb of several is asked to do.
[[nodiscard]] std::string label_of(const http_request& q) {
    std::string label = fake_azure::label_of(q);
    for (const http_header& h : q.headers) {
        if (h.name == "x-ms-lease-action") label += " " + h.value;
        if (h.name == "x-ms-delete-snapshots") label += " snapshots";
    }
    return label == "list" && q.url.find("snapshots") != std::string::npos ? label + " snapshots" : label;
}

/// One blob in two states, or none where it is not there.
[[nodiscard]] bool same(const seen_service& a, const seen_service& b, const std::string& name) {
    const auto x = a.find(name);
    const auto y = b.find(name);
    if (x == a.end() || y == b.end()) return x == a.end() && y == b.end();
    return x->second == y->second;
}

}  // namespace

cut_bench::cut_bench(const wire_operation& op, int max_attempts, framing how)
    : op_(op),
      options_(op.options),
      framing_(how),
      // A silence that is longer than any pause of the machine, and shorter than the patience of whoever waits.
      transport_(curl_transport::open({.connect_timeout = 20s, .stall_timeout = 20s}).value()),
      server_([this](const blobshift_test::received_request& r) { return answer(r); },
              {.on_accept = [this](std::size_t connection) { return accept(connection); }}) {
    options_.retry.max_attempts = max_attempts;
    options_.retry.seed = 1;
    service_.clock = &clock_;
    set_up(service_);
    if (op_.before) op_.before(service_);
    prepared_ = service_.containers;
    before_ = look_at(service_);
}

wire_run cut_bench::run(const std::optional<wire_cut>& cut) {
    {
        const std::scoped_lock lock(service_.guard);
        service_.containers = prepared_;
        cut_ = cut;
        now_ = {};
        connections_before_ = server_.connection_count();
    }
    auto store = wire_store::open(rerouted_transport(transport_, server_.url()), place_of(op_.who), options_).value();
    const context c = context_of(clock_);
    const auto start = std::chrono::steady_clock::now();
    auto all = op_.run({store, c, service_});
    const auto took = std::chrono::steady_clock::now() - start;

    const std::scoped_lock lock(service_.guard);
    now_.took = std::chrono::duration_cast<std::chrono::milliseconds>(took);
    now_.all = std::move(all);
    now_.after = look_at(service_);
    if (const auto box = service_.containers.find("box"); box != service_.containers.end()) {
        for (const auto& [blob, blocks] : box->second.staged) {
            for (const auto& [id, content] : blocks) now_.staged[blob].push_back(content);
        }
    }
    return std::move(now_);
}

blobshift_test::reply cut_bench::answer(const blobshift_test::received_request& r) {
    const std::scoped_lock lock(service_.guard);
    const http_request q = request_of(r);
    const bool is_token = is_token_request(r);
    http_response a = is_token ? token() : serve(q);
    const bool last = cut_ && cut_->of_request;  // there, connections are counted
    if (last) a.headers.push_back({"connection", "close"});
    blobshift_test::reply out;
    out.bytes = bytes_of(a, r.method, framing_);
    if (last) out.then = blobshift_test::ending::fin;
    const std::size_t index = now_.exchanges.size();
    now_.exchanges.push_back(
        {is_token ? "token" : label_of(q), r.head_bytes, r.head_bytes + r.body.size(), out.bytes.size(), {}});
    if (!cut_) now_.exchanges.back().after = look_at(service_);
    if (cut_ && !cut_->of_request && (cut_->for_good ? index >= cut_->exchange : index == cut_->exchange)) {
        now_.was_cut = true;
        out.cut_at = (std::min)(cut_->at, out.bytes.size());
        out.then = cut_->how;
    }
    return out;
}

http_response cut_bench::serve(const http_request& q) {
    auto served = fake_azure(service_).serve(q);
    return *std::move(served);
}

blobshift_test::connection_fault cut_bench::accept(std::size_t connection) {
    const std::scoped_lock lock(service_.guard);
    if (!cut_ || !cut_->of_request || connection != connections_before_ + cut_->exchange) return {};
    now_.was_cut = true;
    return {.read_at_most = cut_->at, .then = cut_->how};
}

std::string judge(const seen_service& before, const wire_run& whole, const wire_run& run, const wire_operation& op) {
    if (run.took > 10s) return "it took " + std::to_string(run.took.count()) + " ms";
    if (run.all.size() != whole.all.size()) return "it did not say something of everything";
    for (const told& said : run.all) {
        const auto expected =
            std::find_if(whole.all.begin(), whole.all.end(), [&](const told& t) { return t.about == said.about; });
        if (expected == whole.all.end()) return "it said something of something else";
        const bool is_before = same(run.after, before, said.about);
        const bool is_after = same(run.after, whole.after, said.about);
        if (said.what) {
            if (!expected->what) return "a success that is none: " + *said.what;
            if (*said.what != *expected->what && *said.what != op.or_else) return "a wrong result: " + *said.what;
            if (!is_after || run.staged != whole.staged) return "a success that had not that effect";
            continue;
        }
        const error& e = said.what.error();
        const std::string text = describe(e);
        for (const char* hidden : {"SECRET", "127.0.0.1", "good", "http:", "https:", "sig=", "fakeaccount"}) {
            if (text.find(hidden) != std::string::npos) return "a message that gives something away: " + text;
        }
        const bool known = is_before || is_after ||
                           std::any_of(whole.exchanges.begin(), whole.exchanges.end(),
                                       [&](const exchange& x) { return same(run.after, x.after, said.about); });
        if (!known) return "a state that nobody asked for, with: " + text;
        if (e.done == effect::none && !is_before) return "an effect that it denies: " + text;
        if (e.done == effect::applied && is_before) return "no effect, though it says so: " + text;
        if (!expected->what && e.code == expected->what.error().code) continue;
        if (e.code != errc::unavailable && e.code != errc::corrupt) return "another error than a broken wire: " + text;
        if (!e.is_transient()) return "an error that seems to be for good: " + text;
    }
    // Nothing else has changed; a container that is gone takes everything with it.
    if (!run.after.contains("")) return "";
    for (const auto& blob : before) {
        const auto is_about = [&](const told& t) { return t.about == blob.first; };
        const bool meant = std::any_of(run.all.begin(), run.all.end(), is_about);
        if (!meant && !same(run.after, before, blob.first)) return "another blob has changed";
    }
    return "";
}

}  // namespace blobshift::testing
