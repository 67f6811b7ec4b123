// SPDX-License-Identifier: MIT
//
// Layers are stores around stores, and their order matters. A store that fails two calls of three is asked twice, with
// one request a second allowed; each order shows what reaches it, and when. Also: how a layer of one's own is written.

#include <chrono>    // nanoseconds, seconds
#include <iostream>  // cout

#include <blobshift/blobshift.hpp>

using namespace blobshift;
using namespace std::chrono_literals;

/// A clock on which sleeping takes no time, so that this program does not either.
class story_clock final : public time_source {
public:
    steady_time now() const override { return now_; }
    utc_time utc_now() const override { return {}; }
    void sleep(std::chrono::nanoseconds pause, const std::stop_token&) const override { now_ += pause; }

private:
    mutable steady_time now_{};
};

/// Fails two calls of three, as a busy service does. The base knows all verbs; a layer says what happens around them.
template <BlobStore S>
class stumbling : public layer<stumbling<S>, S> {
public:
    explicit stumbling(S store) : layer<stumbling, S>(std::move(store)) {}

private:
    friend class layer<stumbling, S>;

    template <class Call>
    auto around(const call_info&, const context&, Call call) -> std::invoke_result_t<Call&> {
        if (++calls_ % 3 == 0) return call();
        error e = make_error(errc::throttled, "busy");
        e.again = retry_hint::wait;
        return unexpected(e);
    }
    template <class Request, class OnResult, class Call>
    void around_many(const call_info&, const context&, std::span<const Request> requests, OnResult f, Call call) {
        call(requests, f);  // bulk verbs do not stumble
    }

    int calls_ = 0;
};

template <class MakeStore>
void tell(const char* order, MakeStore make_store) {
    std::cout << order << '\n';
    story_clock clock;
    context c;
    c.clock = &clock;
    auto store = make_store([&](const operation_event& e) {
        std::cout << "  at " << (clock.now() - steady_time{}) / 1ms << " ms: " << to_string(e.verb) << ' '
                  << (e.failed ? to_string(*e.failed) : "ok") << ", took " << e.duration / 1ms << " ms\n";
    });
    for (int i = 0; i < 2; ++i) store.list(c, {}).value();
}

int main() {
    const retry_options patience{.first_wait = 100ms, .jitter = 0};
    const throttle_options slow{.requests_per_second = 1, .burst = 0ms};

    tell("retry(throttle(observe(store))): every attempt takes its turn, and is seen. The rate holds.", [&](auto see) {
        return retry(throttle(observe(stumbling(memory_store{}), see), slow), patience);
    });
    tell("throttle(retry(observe(store))): repetitions pass the throttle by. The rate does not hold.", [&](auto see) {
        return throttle(retry(observe(stumbling(memory_store{}), see), patience), slow);
    });
    tell("observe(retry(throttle(store))): what the caller sees. The failures are hidden in the time.", [&](auto see) {
        return observe(retry(throttle(stumbling(memory_store{}), slow), patience), see);
    });
}
