// SPDX-License-Identifier: MIT
//
// One operation on the service, from an unsigned request to a result: signed anew for each try, sent, understood,
// repeated.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_store.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_CLIENT_HPP
#define BLOBSHIFT_BACKENDS_AZURE_CLIENT_HPP

#include <atomic>       // atomic
#include <cstdint>      // uint64_t
#include <memory>       // unique_ptr
#include <string>       // string
#include <string_view>  // string_view
#include <type_traits>  // invoke_result_t
#include <utility>      // move
#include <variant>      // get_if, variant, visit

#include <blobshift/backends/azure_login.hpp>
#include <blobshift/backends/azure_options.hpp>
#include <blobshift/detail/azure_connection_string.hpp>
#include <blobshift/detail/azure_errors.hpp>
#include <blobshift/detail/azure_requests.hpp>
#include <blobshift/store/token_bucket.hpp>

namespace blobshift::inline v1 {

/// A container, and who asks: what a store needs to be opened.
struct azure_place {
    detail::azure_endpoint endpoint = {};
    std::string container = {};
    std::variant<detail::azure_credential, entra_credential> credential = {};  ///< By default: anonymous.

    /// A container of the account that a connection string names.
    ///
    /// \return errc::invalid_argument that says which part of which text is wrong, without the text.
    [[nodiscard]] static result<azure_place> from_connection_string(std::string_view text, std::string_view container,
                                                                    const detail::address_options& options = {}) {
        auto account = detail::parse_connection_string(text, options);
        if (!account) return unexpected(std::move(account).error());
        if (!detail::is_container_name(container)) {
            return fail(errc::invalid_argument,
                        "a container has 3 to 63 lower-case letters, digits and single hyphens");
        }
        return azure_place{std::move(account->endpoint), std::string(container), std::move(account->credential)};
    }

    /// `https://ACCOUNT.blob.core.windows.net/CONTAINER[?SAS]`: with its SAS, or anonymous.
    [[nodiscard]] static result<azure_place> from_url(std::string_view url,
                                                      const detail::address_options& options = {}) {
        auto address = detail::parse_address(url, options);
        if (!address) return unexpected(std::move(address).error());
        azure_place place{std::move(address->endpoint), std::move(address->container)};
        if (!address->sas.empty())
            place.credential = detail::azure_credential(detail::sas_token{std::move(address->sas)});
        return place;
    }

    /// The same without a SAS, for an identity of Entra.
    ///
    /// \return errc::invalid_argument also for plain http, which would give the token away.
    [[nodiscard]] static result<azure_place> from_url(std::string_view url, entra_credential identities,
                                                      const detail::address_options& options = {}) {
        auto place = from_url(url, options);
        if (!place) return place;
        if (!std::holds_alternative<detail::anonymous>(std::get<detail::azure_credential>(place->credential))) {
            return fail(errc::invalid_argument, "an address with a SAS needs no identity");
        }
        if (!place->endpoint.secure) return fail(errc::invalid_argument, "a bearer token is sent over https only");
        place->credential = std::move(identities);
        return place;
    }

    /// The same without a SAS, for an account key (base64).
    [[nodiscard]] static result<azure_place> from_url(std::string_view url, const secret& account_key,
                                                      const detail::address_options& options = {}) {
        auto place = from_url(url, options);
        if (!place) return place;
        if (!std::holds_alternative<detail::anonymous>(std::get<detail::azure_credential>(place->credential))) {
            return fail(errc::invalid_argument, "an address with a SAS needs no account key");
        }
        if (place->endpoint.account.empty())
            return fail(errc::invalid_argument, "the address does not name the account");
        auto key = detail::shared_key::create(place->endpoint.account, account_key);
        if (!key) return unexpected(std::move(key).error());
        place->credential = detail::azure_credential(*std::move(key));
        return place;
    }
};

namespace detail {

/// What every part of a store works with. Its address must not change.
///
/// \par Thread-safety  All members, from any thread.
template <PipelinedTransport T>
class azure_client {
public:
    azure_client(T transport, azure_place place, const azure_options& options)
        : transport_(std::move(transport)),
          endpoint_(std::move(place.endpoint)),
          container_name_(std::move(place.container)),
          container_(container_url(endpoint_, container_name_)),
          login_(
              std::visit([](auto& who) { return std::make_unique<azure_login<T>>(std::move(who)); }, place.credential)),
          options_(options),
          budget_(options.retry.earned_per_call, options.retry.saved_at_most),
          rate_(options.requests_per_second, options.request_burst),
          calls_(options.retry.seed) {}
    azure_client(const azure_client&) = delete;
    azure_client& operator=(const azure_client&) = delete;

    [[nodiscard]] const azure_endpoint& endpoint() const noexcept { return endpoint_; }
    [[nodiscard]] const std::string& container_name() const noexcept { return container_name_; }
    /// The URL of the container.
    [[nodiscard]] const std::string& container() const noexcept { return container_; }
    [[nodiscard]] const azure_options& options() const noexcept { return options_; }
    [[nodiscard]] T& transport() noexcept { return transport_; }
    /// The turns of requests that are sent past `perform`.
    [[nodiscard]] shared_rate& rate() noexcept { return rate_; }

    /// The tries of one operation.
    [[nodiscard]] attempts begin(const context& c) {
        return {c, options_.retry, mixed(calls_.fetch_add(1, std::memory_order_relaxed)), &budget_};
    }

    [[nodiscard]] result<shared_credential> credential(const context& c) { return login_->current(c, transport_); }
    /// Whether it is worth asking again with another credential than `refused`, of which the service said `e`.
    [[nodiscard]] bool renew(const shared_credential& refused, const error& e) {
        return e.http_status == 401 && std::holds_alternative<bearer_token>(*refused) && login_->drop(refused);
    }

    /// Sends `request` until its answer stands, and gives what `read(request, answer)` makes of it.
    ///
    /// \param tries  Says afterwards whether an answer was lost on the way.
    template <class Read>
    auto perform(const context& c, attempts& tries, const result<http_request>& request, const response_options& wanted,
                 Read read) -> std::invoke_result_t<Read&, const http_request&, http_response&> {
        using outcome = std::invoke_result_t<Read&, const http_request&, http_response&>;
        if (!request) return unexpected(request.error());
        bool renewed = false;
        auto once = [&]() -> outcome {
            for (;;) {
                auto who = credential(c);
                if (!who) return unexpected(std::move(who).error());
                if (auto turn = rate_.take(c); !turn) return unexpected(std::move(turn).error());
                auto ready = authorize(*request, **who, stamp(c));
                if (!ready) return unexpected(std::move(ready).error());
                auto answer = transport_.send(c, *ready, wanted);
                if (!answer) return unexpected(std::move(answer).error());
                outcome read_outcome = read(*request, *answer);
                if (read_outcome || renewed || !renew(*who, read_outcome.error())) return read_outcome;
                renewed = true;
            }
        };
        return repeated(tries, once);
    }

    /// The same for operations that nobody minds to have been done twice.
    template <class Read>
    auto perform(const context& c, const result<http_request>& request, Read read)
        -> std::invoke_result_t<Read&, const http_request&, http_response&> {
        attempts tries = begin(c);
        return perform(c, tries, request, service_answer(), std::move(read));
    }

    /// What every answer of the service has, and a proxy's or a login page's has not.
    [[nodiscard]] static response_options service_answer() noexcept { return {.require_header = "x-ms-request-id"}; }
    [[nodiscard]] static request_stamp stamp(const context& c) { return {c.clock->utc_now(), c.request_id}; }

private:
    T transport_;
    azure_endpoint endpoint_;
    std::string container_name_;
    std::string container_;
    std::unique_ptr<azure_login<T>> login_;
    azure_options options_;
    retry_budget budget_;
    shared_rate rate_;
    std::atomic<std::uint64_t> calls_;  ///< Counts up from the seed: each call has its own chance.
};

/// `failed`, with the blob that it is about.
[[nodiscard]] inline unexpected about_blob(error failed, const blob_name& n) {
    failed.subject = n.text();
    return unexpected(std::move(failed));
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
