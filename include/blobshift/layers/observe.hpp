// SPDX-License-Identifier: MIT
//
// One place to log and to measure what a store is asked. It must not tell the name of a blob, and must not change or
// fail the call that it observes.
//
// Row: layers (core, store).   Tests: tests/layers/observe.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_LAYERS_OBSERVE_HPP
#define BLOBSHIFT_LAYERS_OBSERVE_HPP

#include <chrono>       // nanoseconds
#include <concepts>     // invocable
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <memory>       // unique_ptr
#include <optional>     // optional
#include <span>         // span
#include <string_view>  // string_view
#include <type_traits>  // invoke_result_t
#include <utility>      // move

#include <blobshift/layers/layer.hpp>

namespace blobshift::inline v1 {

/// One call that has ended. Holds neither names nor messages; its texts live as long as the observer's call.
struct operation_event {
    operation verb = operation::head;
    std::chrono::nanoseconds duration{0};  ///< On the context's clock; of a bulk request: since the verb was called.
    std::uint64_t bytes = 0;               ///< Of content: put or staged, or brought by a read; 0 if it failed.
    std::size_t items = 0;                 ///< Names that a list or scan gave (groups too); else 1, or 0 if it failed.
    std::optional<errc> failed = {};       ///< nullopt = success.
    effect done = effect::none;            ///< What a failed call did; `applied` when it succeeded and was a write.
    retry_hint again = retry_hint::never;
    int http_status = 0;                   ///< Of a failure that was an HTTP answer, else 0.
    int system_code = 0;                   ///< errno of a failure, or 0.
    std::string_view service_code = {};    ///< e.g. "ServerBusy"; may be empty.
    std::string_view request_id = {};      ///< The service's own id of a failed request; may be empty.
};

/// Called after each call, on its thread, so from several threads at once. What it throws is dropped.
template <class F>
concept OperationObserver = std::invocable<F&, const operation_event&> && std::move_constructible<F>;

/// Forwards to `S` and tells `F` how each call ended: once for each call, once for each request of a bulk verb.
///
/// Inside a `retry` it sees every attempt, outside of it every operation.
template <BlobStore S, OperationObserver F>
class observe : public layer<observe<S, F>, S> {
public:
    observe(S store, F observer)
        : layer<observe, S>(std::move(store)), observer_(std::make_unique<F>(std::move(observer))) {}

    result<void> scan(const context& c, const list_query& q, on_blob f)
        requires Scanner<S>
    {
        const steady_time began = c.clock->now();
        std::size_t names = 0;
        auto outcome = this->inner().scan(c, q, [&](blob_info&& info) {
            ++names;
            return f(std::move(info));
        });
        auto event = event_of({operation::scan}, c, began, outcome);
        event.items = names;
        tell(event);
        return outcome;
    }

private:
    friend class layer<observe, S>;

    template <class Call>
    auto around(const call_info& info, const context& c, Call call) -> std::invoke_result_t<Call&> {
        const steady_time began = c.clock->now();
        auto outcome = call();
        tell(event_of(info, c, began, outcome));
        return outcome;
    }

    template <class Request, class OnResult, class Call>
    void around_many(const call_info& info, const context& c, std::span<const Request> requests, OnResult f,
                     Call call) {
        const steady_time began = c.clock->now();
        call(requests, [&](std::size_t i, result<answer_to<Request>>&& outcome) {
            tell(event_of(info, c, began, outcome));
            f(i, std::move(outcome));
        });
    }

    template <class T>
    [[nodiscard]] static operation_event event_of(const call_info& info, const context& c, steady_time began,
                                                  const result<T>& outcome) {
        operation_event event{.verb = info.verb, .duration = c.clock->now() - began};
        if (!outcome) {
            const error& e = outcome.error();
            event.failed = e.code;
            event.done = e.done;
            event.again = e.again;
            event.http_status = e.http_status;
            event.system_code = e.system_code;
            event.service_code = e.service_code;
            event.request_id = e.request_id;
            return event;
        }
        if (is_write(info.verb)) event.done = effect::applied;
        event.bytes = info.bytes;
        event.items = 1;
        if constexpr (std::same_as<T, read_result>) event.bytes = outcome->count;
        if constexpr (std::same_as<T, list_page>) event.items = outcome->blobs.size() + outcome->prefixes.size();
        return event;
    }

    void tell(const operation_event& event) noexcept {
        try {
            (*observer_)(event);
        } catch (...) {  // a log that fails is no reason to fail the call, whose effect stands
        }
    }

    std::unique_ptr<F> observer_;
};

}  // namespace blobshift::inline v1

#endif
