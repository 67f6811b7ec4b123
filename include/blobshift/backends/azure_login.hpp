// SPDX-License-Identifier: MIT
//
// Who a store asks as, ready for the next request: what never changes, or a token that is renewed in time.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_login.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_LOGIN_HPP
#define BLOBSHIFT_BACKENDS_AZURE_LOGIN_HPP

#include <cerrno>   // ECONNRESET, EPIPE
#include <chrono>   // seconds
#include <cstddef>  // size_t
#include <memory>   // shared_ptr
#include <mutex>    // mutex, scoped_lock, unique_lock
#include <utility>  // move
#include <variant>  // get_if, visit

#include <blobshift/backends/azure_environment.hpp>
#include <blobshift/backends/azure_identity.hpp>
#include <blobshift/detail/azure_credential.hpp>
#include <blobshift/store/attempts.hpp>

namespace blobshift::inline v1::detail {

/// A credential at one moment.
using shared_credential = std::shared_ptr<const azure_credential>;

/// Gives the credential for each request. Tokens are fetched by one caller at a time; the others go on with the token
/// that they have, or wait when they have none, for as long as that caller's context allows.
///
/// \par Thread-safety  All members, from any thread.
template <HttpTransport T>
class azure_login {
public:
    explicit azure_login(azure_credential fixed) : fixed_(std::make_shared<const azure_credential>(std::move(fixed))) {}
    explicit azure_login(entra_credential identities) : identities_(std::move(identities)) {}

    /// \return the error of the identity that should have given a token; that of the last one when there is none.
    /// \par Complexity  Requests: none, but one for each token, which lasts an hour or more.
    [[nodiscard]] result<shared_credential> current(const context& c, T& transport) {
        if (fixed_) return fixed_;
        const steady_time now = c.clock->now();
        {
            const std::scoped_lock lock(guard_);
            if (held_.token && now < held_.refresh_at) return held_.token;
        }
        std::unique_lock turn(fetching_, std::try_to_lock);
        if (!turn.owns_lock()) {
            {
                const std::scoped_lock lock(guard_);
                if (held_.token && now < held_.expires_at) return held_.token;
            }
            turn.lock();
        }
        {
            const std::scoped_lock lock(guard_);
            if (held_.token && now < held_.refresh_at) return held_.token;  // somebody else was quicker
        }
        auto fetched = fetch(c, transport);
        const std::scoped_lock lock(guard_);
        if (fetched) {
            held_ = *std::move(fetched);
            return held_.token;
        }
        if (held_.token && now < held_.expires_at) {  // still good: the next call tries again, after a while
            held_.refresh_at = now + pause_after_failure;
            return held_.token;
        }
        return unexpected(std::move(fetched).error());
    }

    /// Whether another credential than `refused` can be had by asking again: the service did not take this token.
    [[nodiscard]] bool drop(const shared_credential& refused) {
        if (fixed_) return false;
        const std::scoped_lock lock(guard_);
        if (held_.token == refused) held_ = {};
        return true;
    }

private:
    static constexpr std::chrono::seconds pause_after_failure{30};
    static constexpr std::chrono::seconds probe_timeout{1};

    struct held_token {
        shared_credential token = {};
        steady_time refresh_at = {};
        steady_time expires_at = {};
    };

    /// Asks the identity that answered before, else each in turn.
    [[nodiscard]] result<held_token> fetch(const context& c, T& transport) {
        error last = make_error(errc::unauthenticated, "there is no identity to get a token for");
        for (std::size_t i = answered_; i < identities_.chain.size(); ++i) {
            const bool known = i == answered_ && known_;
            if (auto reached = known ? result<void>() : probe(c, transport, identities_.chain[i]); !reached) {
                last = std::move(reached).error();
                continue;
            }
            attempts tries(c, options_, mixed(i));
            auto call = [&] { return ask(c, transport, identities_.chain[i]); };
            auto token = repeated(tries, call);
            if (token) {
                answered_ = i;
                known_ = true;
                return token;
            }
            return unexpected(std::move(token).error());
        }
        return unexpected(std::move(last));
    }

    /// Whether there is somebody at that address, if the identity is of the machine: elsewhere, nobody answers for
    /// minutes.
    [[nodiscard]] result<void> probe(const context& c, T& transport, const entra_identity& identity) {
        const auto* machine = std::get_if<entra_managed_identity>(&identity);
        if (machine == nullptr || !machine->endpoint.empty()) return {};
        http_request knock;
        knock.url = machine->imds_host + "/metadata/identity/oauth2/token?api-version=2018-02-01";
        for (int knocks = 1;; ++knocks) {
            auto answer = transport.send(c.with_timeout(probe_timeout), knock, {.direct = true});
            if (answer) return {};  // it answers 400: the header that tokens need was left out
            if (auto go = c.proceed(); !go) return go;
            // A connection that breaks says that somebody is there; a silence, or no connection, that nobody is.
            const error& e = answer.error();
            const bool connected = e.system_code == 0 || e.system_code == ECONNRESET || e.system_code == EPIPE;
            if (!e.is_transient() || !connected) {
                return fail(errc::unauthenticated, "this machine has no managed identity");
            }
            if (knocks == 2) return unexpected(std::move(answer).error());
        }
    }

    [[nodiscard]] result<held_token> ask(const context& c, T& transport, const entra_identity& identity) {
        auto request = request_for(identity);
        if (!request) return unexpected(std::move(request).error());
        request->seal();
        const steady_time asked = c.clock->now();
        auto answer =
            transport.send(c, request->request, {.max_body_bytes = std::size_t{1} << 20, .direct = request->local});
        wipe(request->form.data(), request->form.size());
        if (!answer) {
            answer.error().done = effect::none;  // a token that nobody received changes nothing
            return unexpected(std::move(answer).error());
        }
        auto token = read_token(*answer, request->local, c.clock->utc_now());
        wipe(answer->body.data(), answer->body.size());
        if (!token) return unexpected(std::move(token).error());
        return held_token{std::make_shared<const azure_credential>(bearer_token{std::move(token->token)}),
                          asked + token->refresh_in, asked + token->expires_in};
    }

    [[nodiscard]] static result<token_request> request_for(const entra_identity& identity) {
        if (const auto* application = std::get_if<entra_client_secret>(&identity)) return request_token(*application);
        if (const auto* machine = std::get_if<entra_managed_identity>(&identity)) return request_token(*machine);
        const auto& workload = std::get<entra_workload_identity>(identity);
        auto assertion = read_token_file(workload.token_file);
        if (!assertion) return unexpected(std::move(assertion).error());
        return request_token(workload, *assertion);
    }

    shared_credential fixed_ = {};
    entra_credential identities_ = {};
    // A machine that starts answers for its identity after a minute or so.
    retry_options options_ = {.max_attempts = 11, .first_wait = std::chrono::milliseconds(800)};
    std::mutex fetching_;       ///< Held by the one who fetches; guards the next two.
    std::size_t answered_ = 0;  ///< The identity that gave the last token.
    bool known_ = false;        ///< It gave one.
    std::mutex guard_;
    held_token held_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
