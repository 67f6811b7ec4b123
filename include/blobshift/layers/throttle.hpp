// SPDX-License-Identifier: MIT
//
// A store that is asked no faster than agreed. It must not let a bulk verb pass as one request, nor wait beyond the
// caller's deadline.
//
// Row: layers (core, store).   Tests: tests/layers/throttle.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_LAYERS_THROTTLE_HPP
#define BLOBSHIFT_LAYERS_THROTTLE_HPP

#include <algorithm>    // max, min
#include <chrono>       // duration, nanoseconds
#include <concepts>     // same_as
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <memory>       // unique_ptr
#include <mutex>        // mutex, scoped_lock
#include <span>         // span
#include <type_traits>  // invoke_result_t
#include <utility>      // move

#include <blobshift/layers/layer.hpp>
#include <blobshift/store/token_bucket.hpp>

namespace blobshift::inline v1 {

struct throttle_options {
    double requests_per_second = 0;         ///< 0 = no limit.
    double bytes_per_second = 0;            ///< Of content read, put or staged, both ways together. 0 = no limit.
    std::chrono::milliseconds burst{1000};  ///< How much idle time can be saved up and then be used at once.
};

/// Forwards to `S`, each call after its turn in two token buckets: requests and bytes per second.
///
/// Turns are given in the order in which calls arrive; the wait is the context's, on its clock. A call whose turn would
/// come behind its deadline is errc::deadline_exceeded at once and takes no turn; one that is stopped while it waits
/// has used its turn up.
///
/// What counts: each call is a request; each request of `copy_many` and `remove_many` is one, and they are handed over
/// in parts of one burst; a scan is one, and one more for each 5,000 names. A read counts the bytes that it brought. A
/// copy inside the store moves no bytes here.
///
/// There is no background thread. \par Thread-safety  That of `S`.
template <BlobStore S>
class throttle : public layer<throttle<S>, S> {
public:
    explicit throttle(S store, throttle_options options = {})
        : layer<throttle, S>(std::move(store)), state_(std::make_unique<state>(options)) {}

    result<void> scan(const context& c, const list_query& q, on_blob f)
        requires Scanner<S>
    {
        if (auto turn = take(c, 1, 0); !turn) return turn;
        std::size_t names = 0;
        return this->inner().scan(c, q, [&](blob_info&& info) -> result<void> {
            if (++names % names_per_request == 0) {
                if (auto turn = take(c, 1, 0); !turn) return turn;
            }
            return f(std::move(info));
        });
    }

private:
    friend class layer<throttle, S>;

    static constexpr std::size_t names_per_request = 5000;

    struct state {
        explicit state(const throttle_options& o)
            : requests(o.requests_per_second, o.burst),
              content(o.bytes_per_second, o.burst),
              part(o.requests_per_second > 0 ? requests_in(o) : 0) {}

        [[nodiscard]] static std::size_t requests_in(const throttle_options& o) noexcept {
            const double one_burst = o.requests_per_second * std::chrono::duration<double>(o.burst).count();
            return static_cast<std::size_t>((std::min)((std::max)(one_burst, 1.0), 1e9));
        }

        std::mutex mutex;
        detail::token_bucket requests;
        detail::token_bucket content;
        std::size_t part;  // most requests of a bulk verb at once; 0 = no limit
    };

    result<void> take(const context& c, std::size_t requests, std::uint64_t content) {
        std::chrono::nanoseconds wait{0};
        {
            const std::scoped_lock lock(state_->mutex);
            const steady_time now = c.clock->now();
            wait = state_->requests.wait(now);
            if (content > 0) wait = (std::max)(wait, state_->content.wait(now));
            if (c.deadline && now + wait >= *c.deadline) {
                return fail(errc::deadline_exceeded, "the deadline comes before the turn that the rate allows");
            }
            state_->requests.take(now, static_cast<double>(requests));
            if (content > 0) state_->content.take(now, static_cast<double>(content));
        }
        return wait.count() == 0 ? c.proceed() : c.pause(wait);
    }

    template <class Call>
    auto around(const call_info& info, const context& c, Call call) -> std::invoke_result_t<Call&> {
        if (auto turn = take(c, 1, info.bytes); !turn) return unexpected(std::move(turn).error());
        auto outcome = call();
        if constexpr (std::same_as<decltype(outcome), result<read_result>>) {
            const std::uint64_t unused = info.bytes - (outcome ? outcome->count : 0);
            const std::scoped_lock lock(state_->mutex);
            state_->content.give_back(static_cast<double>(unused));
        }
        return outcome;
    }

    template <class Request, class OnResult, class Call>
    void around_many(const call_info& /*info*/, const context& c, std::span<const Request> requests, OnResult f,
                     Call call) {
        const std::size_t most = state_->part == 0 ? requests.size() : state_->part;
        for (std::size_t first = 0; first < requests.size();) {
            const std::size_t count = (std::min)(most, requests.size() - first);
            if (auto turn = take(c, count, 0); !turn) {
                for (std::size_t i = first; i < requests.size(); ++i) f(i, unexpected(turn.error()));
                return;
            }
            call(requests.subspan(first, count),
                 [&](std::size_t i, result<answer_to<Request>>&& outcome) { f(first + i, std::move(outcome)); });
            first += count;
        }
    }

    std::unique_ptr<state> state_;
};

}  // namespace blobshift::inline v1

#endif
