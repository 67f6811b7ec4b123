// SPDX-License-Identifier: MIT
//
// A program while it lives: its stores, with the faults and the crash that its seed holds ready. When it has crashed,
// every call fails and changes nothing; a new one is started in its place, with nothing in memory.

#ifndef BLOBSHIFT_TESTS_SIMULATION_PROCESS_HPP
#define BLOBSHIFT_TESTS_SIMULATION_PROCESS_HPP

#include <chrono>   // milliseconds, seconds
#include <cstddef>  // size_t
#include <deque>    // deque
#include <memory>   // make_shared, shared_ptr
#include <stop_token>
#include <string>   // string
#include <utility>  // move

#include <blobshift/layers/fault.hpp>
#include <blobshift/layers/retry.hpp>
#include <blobshift/layers/throttle.hpp>
#include <blobshift/store/any_store.hpp>

#include "world.hpp"

namespace blobshift::simulation {

/// One of the world's stores, as one actor sees it. Nothing but the required verbs: so each page of a scan, and each
/// request of a bulk verb, is a call, and a turn, of its own.
class seen_store {
    template <class Call>
    auto at(std::string_view verb, const std::string& name, bool changes, Call call) {
        if (per_second_ > 0) keep_pace();
        return world_->at(self_, where_, verb, name, changes, call);
    }

    /// In five seconds there may be the requests of these, of the burst that was saved, and two at the ends.
    void keep_pace() {
        const steady_time now = world_->clock.now();
        lately_.push_back(now);
        while (now - lately_.front() > std::chrono::seconds(5)) lately_.pop_front();
        if (lately_.size() > per_second_ * 6 + 2) {
            world_->violate("I14", "a job with " + std::to_string(per_second_) + " requests/s made " +
                                       std::to_string(lately_.size()) + " in five seconds");
        }
    }

    world* world_;
    std::size_t self_;
    place where_;
    std::size_t per_second_;
    std::deque<steady_time> lately_ = {};

public:
    /// \param per_second  What the store is promised: no more requests than that. 0: nothing.
    seen_store(world& w, std::size_t self, place where, std::size_t per_second)
        : world_(&w), self_(self), where_(where), per_second_(per_second) {}

    /// A job takes the names of a store that scans in the order of their watermarks, and asks for each of them again;
    /// of any other one in their own order, and lists them again.
    [[nodiscard]] capabilities native() const noexcept { return {.scan = world_->plan.scans}; }

    result<blob_info> head(const context& c, const blob_name& n) {
        return at("head", n.text(), false, [&](auto& store) { return store.head(c, n); });
    }
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        return at("read", n.text(), false, [&](auto& store) { return store.read(c, n, range, out, when); });
    }
    result<list_page> list(const context& c, const list_query& q) {
        return at("list", q.prefix, false, [&](auto& store) { return store.list(c, q); });
    }
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        return at("put", n.text(), true, [&](auto& store) { return store.put(c, n, content, attrs, when); });
    }
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        return at("remove", n.text(), true, [&](auto& store) { return store.remove(c, n, when); });
    }
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        return at("copy to", to.text(), true, [&](auto& store) {
            auto made = store.copy(c, from, to, source, target);
            if (made && world_->plan.proves_copies && made->proof == copy_proof::none &&
                world_->are_equal(where_, from, to)) {
                made->proof = copy_proof::computed_hash;
            }
            return made;
        });
    }

};

/// A store that somebody else owns.
class borrowed_store {
public:
    explicit borrowed_store(memory_store* store) : store_(store) {}

    result<blob_info> head(const context& c, const blob_name& n) { return store_->head(c, n); }
    result<read_result> read(const context& c, const blob_name& n, const read_range& range, byte_span out,
                             const condition& when) {
        return store_->read(c, n, range, out, when);
    }
    result<list_page> list(const context& c, const list_query& q) { return store_->list(c, q); }
    result<blob_info> put(const context& c, const blob_name& n, byte_view content, const attributes& attrs,
                          const condition& when) {
        return store_->put(c, n, content, attrs, when);
    }
    result<bool> remove(const context& c, const blob_name& n, const condition& when) {
        return store_->remove(c, n, when);
    }
    result<copy_result> copy(const context& c, const blob_name& from, const blob_name& to, const condition& source,
                             const condition& target) {
        return store_->copy(c, from, to, source, target);
    }

private:
    memory_store* store_;
};

/// Lets the others act before each call, and writes down what a fault made of its answer.
template <BlobStore S>
class turning : public layer<turning<S>, S> {
public:
    turning(S store, world& w, std::size_t self)
        : layer<turning, S>(std::move(store)),
          world_(&w),
          self_(self),
          stalls_(w.plan.seed, w.who(self).name + " stalls") {}

private:
    friend class layer<turning, S>;

    template <class Call>
    auto around(const call_info& info, const context& /*c*/, Call call) -> std::invoke_result_t<Call&> {
        world_->turn();
        const bool is_of_a_node = world_->acting() != self_;
        if (is_of_a_node && world_->plan.stalls && stalls_.once_in(20)) {
            ++world_->did["calls that stood still"];
            world_->stall(std::chrono::seconds(stalls_.between(1, 50)));
        }
        // Best just before a name goes: for as long as it trusts its claim, or for longer than the claim lasts and what
        // others add to that, so that it is taken for dead meanwhile.
        const std::size_t often = info.verb == operation::remove ? 6 : 40;
        if (world_->who(self_).does == role::deleter && world_->plan.impatient && stalls_.once_in(often)) {
            ++world_->did["deletes that stood still"];
            world_->stall(std::chrono::seconds(stalls_.once_in(3) ? stalls_.between(370, 500)
                                                                  : stalls_.between(1, 120)));
        }
        auto outcome = call();
        if (!outcome && outcome.error().message.starts_with("fault:")) {
            ++world_->who(self_).faults_met;
            world_->note(self_, std::string(to_string(info.verb)) + " meets a " + outcome.error().message,
                         world_->said(outcome.error()));
        }
        return outcome;
    }

    world* world_;
    std::size_t self_;
    chance stalls_;
};

/// Does the bulk verbs one request after the other: a run has no threads but its fibers.
template <BlobStore S>
class one_by_one : public layer<one_by_one<S>, S> {
public:
    explicit one_by_one(S store) : layer<one_by_one, S>(std::move(store)) {}

    void copy_many(const context& c, std::span<const copy_request> requests, const bulk_options&, on_copied f) {
        for (std::size_t i = 0; i < requests.size(); ++i) {
            const copy_request& r = requests[i];
            f(i, this->copy(c, r.from, r.to, r.source, r.target));
        }
    }
    void remove_many(const context& c, std::span<const remove_request> requests, const bulk_options&, on_removed f) {
        for (std::size_t i = 0; i < requests.size(); ++i) f(i, this->remove(c, requests[i].name, requests[i].when));
    }

private:
    friend class layer<one_by_one, S>;

    template <class Call>
    auto around(const call_info&, const context&, Call call) -> std::invoke_result_t<Call&> {
        return call();
    }
};

/// By how much the clock of an actor's machine is ahead of the world's, from one start to the next. Most are off by as
/// much as there may be: the others hide nothing that these do not.
[[nodiscard]] inline std::chrono::milliseconds skew_of(world& w, std::size_t self) {
    chance draw(w.plan.seed, w.who(self).name + " clock");
    if (!w.plan.skewed) return std::chrono::milliseconds(0);
    const auto most = static_cast<std::size_t>(2 * largest_skew.count());
    const std::size_t above_least = draw.once_in(3) ? draw.below(most + 1) : draw.below(2) * most;
    return std::chrono::milliseconds(above_least) - largest_skew;
}

/// The clock of one machine: time passes for it as for all others, but it has another time of day.
class machine_clock final : public time_source {
public:
    machine_clock(const time_source& all, std::chrono::milliseconds ahead) : all_(all), ahead_(ahead) {}

    [[nodiscard]] steady_time now() const override { return all_.now(); }
    [[nodiscard]] utc_time utc_now() const override { return all_.utc_now() + ahead_; }
    void sleep(std::chrono::nanoseconds pause, const std::stop_token& stop) const override { all_.sleep(pause, stop); }

private:
    const time_source& all_;
    std::chrono::milliseconds ahead_;
};

class process {
public:
    /// Starts actor `self` anew. `rash`: it may crash.
    process(world& w, std::size_t self, bool rash = true)
        : log(std::make_shared<fault_log>()),
          files(store_of(w, self, place::files, log, rash)),
          metadata(store_of(w, self, place::metadata, log, rash)),
          state(store_of(w, self, place::state, log, rash)),
          state_of_metadata(store_of(w, self, place::state_of_metadata, log, rash)),
          scratch(memory_store{}),
          world_(w),
          clock_(w.clock, skew_of(w, self)) {
        c.clock = &clock_;
        if (w.who(self).starts++ > 0) w.note(self, "starts again");
    }
    process(const process&) = delete;
    process& operator=(const process&) = delete;
    ~process() { world_.count(*log); }

    [[nodiscard]] bool crashed() const noexcept { return log->crashed(); }

    std::shared_ptr<fault_log> log;
    any_store files;
    any_store metadata;
    any_store state;
    any_store state_of_metadata;
    any_store scratch;
    context c = {};

private:
    static any_store store_of(world& w, std::size_t self, place where, std::shared_ptr<fault_log> log, bool rash) {
        const run_plan& plan = w.plan;
        const std::size_t life = w.who(self).starts;
        chance draw(plan.seed, w.who(self).name + " " + std::to_string(life) + (where == place::metadata ? "m" : ""));
        fault_plan faults{.seed = draw.next()};
        faults.longest_delay = std::chrono::seconds(2);
        for (std::size_t i = 0; i < fault_kind_count; ++i) {
            const auto kind = static_cast<fault_kind>(i);
            const bool of_the_store = kind == fault_kind::failed_copy || kind == fault_kind::pending_copy ||
                                      kind == fault_kind::torn_copy;
            if (!of_the_store && !w.is_calm) faults.chances[i] = plan.chances[i];
        }
        faults.failures_pass = !draw.once_in(8);
        if (rash && !w.is_calm && plan.crash_within > 0 && life < 6 && draw.once_in(2)) {
            faults.crash_at_call = draw.between(1, plan.crash_within);
            faults.crash_after_effect = draw.once_in(2);
        }
        const retry_options retries{.max_attempts = plan.max_attempts, .seed = draw.next()};
        const role does = w.who(self).does;
        const bool is_job =
            does == role::migrator || does == role::deleter || does == role::cleaner || does == role::reverser;
        const std::size_t rate = is_job ? plan.requests_per_second : 0;
        auto seen = turning(fault(seen_store(w, self, where, rate), faults, std::move(log)), w, self);
        return any_store(one_by_one(
            retry(throttle(std::move(seen), {.requests_per_second = static_cast<double>(rate)}), retries)));
    }

    world& world_;
    machine_clock clock_;
};

}  // namespace blobshift::simulation

#endif
