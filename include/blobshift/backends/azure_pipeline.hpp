// SPDX-License-Identifier: MIT
//
// Many requests in flight on one thread: as many as the service bears, each repeated like a single one.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_bulk.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_PIPELINE_HPP
#define BLOBSHIFT_BACKENDS_AZURE_PIPELINE_HPP

#include <algorithm>  // max, min
#include <chrono>     // nanoseconds
#include <cstddef>    // size_t
#include <optional>   // optional
#include <utility>    // exchange, move
#include <vector>     // vector

#include <blobshift/backends/azure_client.hpp>

namespace blobshift::inline v1::detail {

/// How many requests may be in flight: halved when the service asks for less, and slowly raised while it does not.
class in_flight_limit {
public:
    explicit in_flight_limit(unsigned most) noexcept : most_((std::max)(most, 1U)), now_(most_) {}

    [[nodiscard]] unsigned now() const noexcept { return static_cast<unsigned>(now_); }
    void succeeded() noexcept {
        if (deaf_ > 0) --deaf_;
        now_ = (std::min)(now_ + 1 / now_, static_cast<double>(most_));
    }
    /// The requests that were in flight together are refused together, and count once.
    ///
    /// \param others  Still in flight.
    void throttled(std::size_t others) noexcept {
        if (deaf_ > 0) {
            --deaf_;
            return;
        }
        now_ = (std::max)(now_ / 2, 1.0);
        deaf_ = others;
    }

private:
    unsigned most_;
    double now_;
    std::size_t deaf_ = 0;  ///< Answers that are still to come from before the last cut.
};

/// Sends what `Work` has to send.
///
/// | expression                    | result                | meaning                                                   |
/// |-------------------------------|-----------------------|-----------------------------------------------------------|
/// | `w.next()`                    | optional<Work::job>   | the next job, or none any more                            |
/// | `w.turns(j)`                  | size_t                | how much of the rate its request takes                    |
/// | `w.request(j, who)`           | result<http_request>  | its request, unsigned; asked for each try                 |
/// | `w.answered(j, q, a, lost)`   | optional<error>       | nothing: it is done; else why it is not (`q`: as sent)    |
/// | `w.failed(j, error, lost)`    |                       | it will not be tried again                                |
template <PipelinedTransport T, class Work>
class azure_pipeline final : public call_source {
public:
    azure_pipeline(azure_client<T>& client, const context& c, Work& work, unsigned concurrency)
        : client_(client), c_(c), work_(work), limit_(concurrency) {}

    /// Ends when every job is done or has failed.
    void run() {
        const auto ended = client_.transport().send_many(c_, *this);
        if (ended) return;
        if (turn_) client_.rate().give_back(work_.turns(held_->job));
        if (held_) again_.push_back({*std::exchange(held_, std::nullopt), {}});
        for (waiting& w : std::exchange(again_, {})) {
            error why = w.what.why.value_or(ended.error());
            if (w.what.why) attempts::interrupt(why, ended.error());
            work_.failed(w.what.job, std::move(why), w.what.tries.lost());
        }
        while (auto job = work_.next()) work_.failed(*job, ended.error(), false);
    }

    pulled next(http_call& call) override {
        if (quiet_until_ && c_.clock->now() < *quiet_until_) return pulled::pause;
        for (;;) {
            if (!held_) held_ = due();
            if (!held_ && again_.size() < most_waiting) {
                if (auto job = work_.next()) held_.emplace(flight{*std::move(job), client_.begin(c_)});
            }
            if (!held_) return again_.empty() ? pulled::end : pulled::pause;
            if (!has_turn()) return pulled::pause;
            std::optional<flight> f = std::exchange(held_, std::nullopt);
            if (start(*f, call)) {
                call.id = keep(*std::move(f));
                return pulled::call;
            }
        }
    }
    [[nodiscard]] std::chrono::nanoseconds pause() const override {
        const steady_time now = c_.clock->now();
        steady_time least = turn_.value_or(now + std::chrono::hours(1));
        if (!turn_) {
            for (const waiting& w : again_) least = (std::min)(least, w.due);
        }
        return (std::max)({least, now, quiet_until_.value_or(now)}) - now;
    }
    [[nodiscard]] unsigned concurrency() const override { return limit_.now(); }

    void finished(http_call& call, result<http_response> answer) override {
        flight f = take(static_cast<std::size_t>(call.id));
        std::optional<error> failed;
        if (answer)
            failed = work_.answered(f.job, call.request, *answer, f.tries.lost());
        else
            failed = std::move(answer).error();
        if (!failed) return limit_.succeeded();
        if (failed->code == errc::throttled) throttled(*failed);
        if (!f.renewed && client_.renew(f.who, *failed)) {
            f.renewed = true;
            return again(std::move(f), *std::move(failed), std::chrono::nanoseconds(0));
        }
        const auto wait = f.tries.next_wait(*failed);
        if (!wait) return work_.failed(f.job, *std::move(failed), f.tries.lost());
        again(std::move(f), *std::move(failed), *wait);
    }

private:
    static constexpr std::size_t most_waiting = 256;  ///< For another try; then no new job is begun.

    struct flight {
        typename Work::job job;
        attempts tries;
        shared_credential who = {};
        std::optional<error> why = {};  ///< Of the try before.
        bool renewed = false;
    };
    struct waiting {
        flight what;
        steady_time due;
    };

    /// Fills `call`; false: the job has failed.
    [[nodiscard]] bool start(flight& f, http_call& call) {
        auto ready = [&]() -> result<http_request> {
            auto who = client_.credential(c_);
            if (!who) return unexpected(std::move(who).error());
            f.who = *std::move(who);
            auto request = work_.request(f.job, *f.who);
            if (!request) return request;
            return authorize(*std::move(request), *f.who, client_.stamp(c_));
        }();
        if (!ready) {
            work_.failed(f.job, std::move(ready).error(), f.tries.lost());
            return false;
        }
        call.request = *std::move(ready);
        call.options = client_.service_answer();
        return true;
    }

    /// Fewer at a time, and none at all for as long as the service wishes.
    void throttled(const error& e) {
        limit_.throttled(flying_.size() - free_.size());
        if (!e.retry_after) return;
        const auto wished = (std::min)(*e.retry_after, client_.options().retry.longest_wait);
        quiet_until_ = (std::max)(quiet_until_.value_or(steady_time{}), c_.clock->now() + wished);
    }

    void again(flight&& f, error&& why, std::chrono::nanoseconds wait) {
        f.why = std::move(why);
        again_.push_back({std::move(f), c_.clock->now() + std::chrono::duration_cast<steady_time::duration>(wait)});
    }

    /// Whether the rate lets `held_` go now; then its turn is used up.
    [[nodiscard]] bool has_turn() {
        if (!client_.rate().is_limited()) return true;
        const steady_time now = c_.clock->now();
        if (!turn_) {
            const auto wait = client_.rate().reserve(now, work_.turns(held_->job));
            turn_ = now + std::chrono::duration_cast<steady_time::duration>(wait);
        }
        if (now < *turn_) return false;
        turn_.reset();
        return true;
    }

    /// One that has waited long enough.
    [[nodiscard]] std::optional<flight> due() {
        const steady_time now = again_.empty() ? steady_time{} : c_.clock->now();
        for (waiting& w : again_) {
            if (w.due > now) continue;
            std::optional<flight> f(std::move(w.what));
            w = std::move(again_.back());
            again_.pop_back();
            return f;
        }
        return std::nullopt;
    }

    [[nodiscard]] std::size_t keep(flight&& f) {
        if (free_.empty()) {
            flying_.emplace_back(std::move(f));
            return flying_.size() - 1;
        }
        const std::size_t at = free_.back();
        free_.pop_back();
        flying_[at] = std::move(f);
        return at;
    }
    [[nodiscard]] flight take(std::size_t at) {
        free_.push_back(at);
        return std::move(flying_[at]);
    }

    azure_client<T>& client_;
    const context& c_;
    Work& work_;
    in_flight_limit limit_;
    std::vector<flight> flying_ = {};  ///< By `http_call::id`.
    std::vector<std::size_t> free_ = {};
    std::vector<waiting> again_ = {};
    std::optional<flight> held_ = {};      ///< Next, when its turn has come.
    std::optional<steady_time> turn_ = {};  ///< Of `held_`, reserved.
    std::optional<steady_time> quiet_until_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
