// SPDX-License-Identifier: MIT
#include <blobshift/backends/azure_login.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include <doctest/doctest.h>

#include <azure/fake_azure.hpp>
#include <support/temporary_folder.hpp>

namespace {

using namespace blobshift;
using namespace std::chrono_literals;
using testing::virtual_clock;

/// Answers each request as a function says, and counts them.
struct scripted_transport {
    std::function<result<http_response>(const http_request&)> answer;
    std::atomic<int> sent = 0;

    result<http_response> send(const context& c, const http_request& r, const response_options&) {
        if (auto go = c.proceed(); !go) return unexpected(std::move(go).error());
        ++sent;
        return answer(r);
    }
};

[[nodiscard]] http_response json(int status, std::string_view body) {
    http_response a;
    a.status = status;
    a.body = to_bytes(body);
    return a;
}

[[nodiscard]] entra_credential application() {
    entra_credential all;
    all.chain.push_back(entra_client_secret{"tenant", "client", secret("SECRET")});
    return all;
}

[[nodiscard]] std::string token_of(const result<detail::shared_credential>& who) {
    REQUIRE(who);
    return std::string(std::get<detail::bearer_token>(**who).token.reveal());
}

TEST_CASE("a token is fetched once, kept, and renewed in good time") {
    const virtual_clock clock;
    virtual_clock& moving = const_cast<virtual_clock&>(clock);
    scripted_transport t;
    t.answer = [&](const http_request& r) -> result<http_response> {
        CHECK(r.url == "https://login.microsoftonline.com/tenant/oauth2/v2.0/token");
        CHECK(as_text(r.body).find("client_secret=SECRET&scope=https%3A%2F%2Fstorage.azure.com%2F.default") !=
              std::string::npos);
        return json(200, R"({"access_token":"t)" + std::to_string(t.sent) + R"(","expires_in":3600})");
    };
    detail::azure_login<scripted_transport> login(application());
    const context c = context_of(clock);
    CHECK(token_of(login.current(c, t)) == "t1");
    moving.advance(54min);
    CHECK(token_of(login.current(c, t)) == "t1");
    moving.advance(1min);
    CHECK(token_of(login.current(c, t)) == "t2");
    CHECK(t.sent == 2);
}

TEST_CASE("a token that is said to last for ever is kept for fifteen days") {
    for (const char* lifetime : {R"("expires_in":9223372036854775807)", R"("expires_on":"253402300799")"}) {
        CAPTURE(std::string(lifetime));
        virtual_clock clock;
        scripted_transport t;
        t.answer = [&](const http_request&) -> result<http_response> {
            return json(200, R"({"access_token":"t)" + std::to_string(t.sent) + "\"," + lifetime + "}");
        };
        detail::azure_login<scripted_transport> login(application());
        const context c = context_of(clock);
        CHECK(token_of(login.current(c, t)) == "t1");
        clock.advance(15 * 24h - 1s);
        CHECK(token_of(login.current(c, t)) == "t1");
        clock.advance(1s);
        CHECK(token_of(login.current(c, t)) == "t2");
    }
}

TEST_CASE("while a renewal fails, the token that is still good serves on") {
    virtual_clock clock;
    scripted_transport t;
    t.answer = [&](const http_request&) -> result<http_response> {
        if (t.sent > 1) return json(400, R"({"error":"invalid_client","error_description":"AADSTS7000215: SECRET"})");
        return json(200, R"({"access_token":"first","expires_in":"3600"})");
    };
    detail::azure_login<scripted_transport> login(application());
    const context c = context_of(clock);
    CHECK(token_of(login.current(c, t)) == "first");
    clock.advance(56min);
    CHECK(token_of(login.current(c, t)) == "first");
    CHECK(token_of(login.current(c, t)) == "first");  // not asked again at once
    CHECK(t.sent == 2);
    clock.advance(4min);
    const auto refused = login.current(c, t);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::unauthenticated);
    CHECK(refused.error().service_code == "invalid_client");
    CHECK(describe(refused.error()).find("SECRET") == std::string::npos);
}

TEST_CASE("what passes by itself is asked again, and a refusal is not") {
    const virtual_clock clock;
    scripted_transport t;
    t.answer = [&](const http_request&) -> result<http_response> {
        if (t.sent == 1) return json(429, "");
        if (t.sent == 2) return fail(errc::unavailable, "no connection");
        return json(200, R"({"access_token":"x","expires_in":3600})");
    };
    detail::azure_login<scripted_transport> login(application());
    CHECK(login.current(context_of(clock), t).error().code ==
          errc::unavailable);  // this error says that it does not pass
    CHECK(t.sent == 2);
    CHECK(token_of(login.current(context_of(clock), t)) == "x");
}

TEST_CASE("many threads without a token cause one request") {
    const virtual_clock clock;
    scripted_transport t;
    t.answer = [&](const http_request&) -> result<http_response> {
        return json(200, R"({"access_token":"x","expires_in":3600})");
    };
    detail::azure_login<scripted_transport> login(application());
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                for (int k = 0; k < 100; ++k) {
                    if (!login.current(context_of(clock), t)) ++t.sent;
                }
            });
        }
    }
    CHECK(t.sent == 1);
}

TEST_CASE("identities are asked in turn: those that are not there are passed over, one that is refused is not") {
    const virtual_clock clock;
    entra_credential chain;
    chain.chain.push_back(entra_managed_identity{});
    chain.chain.push_back(entra_client_secret{"tenant", "client", secret("SECRET")});
    scripted_transport t;
    bool machine = false;
    t.answer = [&](const http_request& r) -> result<http_response> {
        if (r.url.starts_with("http://169.254.169.254/")) {
            if (!machine) return fail(errc::unavailable, "no connection");
            if (r.headers.empty()) return json(400, "");  // the knock
            CHECK(r.headers.at(0).name == "Metadata");
            return json(200,
                        R"({"access_token":"of the machine","expires_in":"86399","refresh_in":"43199","x":{"y":[1]}})");
        }
        return json(200, R"({"access_token":"of_the_application","expires_in":3600})");
    };
    detail::azure_login<scripted_transport> first(chain);
    CHECK(token_of(first.current(context_of(clock), t)) == "of_the_application");
    CHECK(t.sent == 2);

    machine = true;
    detail::azure_login<scripted_transport> second(chain);
    CHECK(second.current(context_of(clock), t).error().code == errc::corrupt);  // a token has no spaces
    t.answer = [](const http_request& r) -> result<http_response> {
        return r.headers.empty() ? json(400, "") : json(200, R"({"access_token":"machine","expires_in":"86399"})");
    };
    CHECK(token_of(second.current(context_of(clock), t)) == "machine");

    detail::azure_login<scripted_transport> none{entra_credential{}};
    CHECK(none.current(context_of(clock), t).error().code == errc::unauthenticated);
}

TEST_CASE("a machine whose connection breaks is not one without an identity") {
    const virtual_clock clock;
    entra_credential chain;
    chain.chain.push_back(entra_managed_identity{});
    scripted_transport t;
    int breaks = 1;
    t.answer = [&](const http_request& r) -> result<http_response> {
        if (t.sent > breaks) {
            return r.headers.empty() ? json(400, "") : json(200, R"({"access_token":"x","expires_in":3600})");
        }
        error e = make_error(errc::unavailable, "the connection broke");
        e.again = retry_hint::wait;
        return unexpected(std::move(e));
    };
    detail::azure_login<scripted_transport> once(chain);
    CHECK(token_of(once.current(context_of(clock), t)) == "x");
    CHECK(t.sent == 3);

    breaks = 100;
    detail::azure_login<scripted_transport> always(chain);
    const auto lost = always.current(context_of(clock), t);
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code == errc::unavailable);
    CHECK(lost.error().is_transient());
    CHECK(t.sent == 5);
}

TEST_CASE("a machine whose identity is just being made is waited for") {
    const virtual_clock clock;
    entra_credential chain;
    chain.chain.push_back(entra_managed_identity{});
    scripted_transport t;
    t.answer = [&](const http_request&) -> result<http_response> {
        if (t.sent < 6) return json(t.sent == 1 ? 400 : 410, "");
        return json(200, R"({"access_token":"x","expires_in":"3600"})");
    };
    detail::azure_login<scripted_transport> login(chain);
    CHECK(token_of(login.current(context_of(clock), t)) == "x");
    CHECK(clock.pauses().size() == 4);
}

TEST_CASE("the file of a workload is read anew for each token") {
    virtual_clock clock;
    const testing::temporary_folder folder;
    const std::string file = std::string(folder.path()) + "/token";
    entra_credential chain;
    chain.chain.push_back(entra_workload_identity{"tenant", "client", file});
    scripted_transport t;
    std::vector<std::string> sent;
    t.answer = [&](const http_request& r) -> result<http_response> {
        sent.emplace_back(as_text(r.body));
        return json(200, R"({"access_token":"x","expires_in":3600})");
    };
    detail::azure_login<scripted_transport> login(chain);
    CHECK(login.current(context_of(clock), t).error().code == errc::unauthenticated);
    std::ofstream(file) << "first\n";
    CHECK(login.current(context_of(clock), t));
    std::ofstream(file) << "second\n";
    clock.advance(1h);
    CHECK(login.current(context_of(clock), t));
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].find("&client_assertion=first&") != std::string::npos);
    CHECK(sent[1].find("&client_assertion=second&") != std::string::npos);
}

/// A transport that gives tokens and passes everything else to the service.
struct transport_with_authority {
    testing::fake_transport service;
    std::shared_ptr<std::vector<std::string>> tokens;  ///< The last one is given out, then taken off.
    std::shared_ptr<int> asked = std::make_shared<int>(0);

    result<http_response> send(const context& c, const http_request& r, const response_options& o) {
        if (!r.url.starts_with("https://login")) return service.send(c, r, o);
        ++*asked;
        const std::string token = tokens->back();
        tokens->pop_back();
        return json(200, R"({"access_token":")" + token + R"(","expires_in":3600})");
    }
    result<void> send_many(const context& c, call_source& source) { return service.send_many(c, source); }
};

TEST_CASE("a token that the service does not take is fetched anew, once") {
    const testing::fake_place at;
    at.service->bearer = "good";
    const auto open = [&](std::vector<std::string> tokens) {
        azure_place place =
            azure_place::from_url(std::string(testing::fake_service::origin) + "/box", application()).value();
        return transport_with_authority{testing::fake_transport(at.service),
                                        std::make_shared<std::vector<std::string>>(std::move(tokens))};
    };
    const auto store_over = [&](const transport_with_authority& t) {
        return basic_azure_store<transport_with_authority>::open(
                   t, azure_place::from_url(std::string(testing::fake_service::origin) + "/box", application()).value())
            .value();
    };
    transport_with_authority fresh = open({"good", "stale"});
    auto store = store_over(fresh);
    CHECK(store.put(at.c(), blob_name::parse("b").value(), as_bytes("x"), {}, condition::if_absent()));
    CHECK(*fresh.asked == 2);
    CHECK(store.head(at.c(), blob_name::parse("b").value()));
    CHECK(*fresh.asked == 2);

    transport_with_authority stale = open({"never", "stale", "stale"});
    auto locked_out = store_over(stale);
    CHECK(locked_out.head(at.c(), blob_name::parse("b").value()).error().code == errc::unauthenticated);
    CHECK(*stale.asked == 2);

    // The same in the midst of many.
    transport_with_authority many = open({"good", "stale"});
    auto bulk = store_over(many);
    const std::vector<remove_request> requests = {{blob_name::parse("b").value()}, {blob_name::parse("c").value()}};
    int settled = 0;
    bulk.remove_many(at.c(), requests, {}, [&](std::size_t, result<bool>&& gone) { settled += gone ? 1 : 0; });
    CHECK(settled == 2);
    CHECK(*many.asked == 2);
}

}  // namespace
