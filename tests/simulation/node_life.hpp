// SPDX-License-Identifier: MIT
//
// A node of the service from one start to the next: the real instance_store, which takes any number of calls at once,
// and the real announcer, which changes its format while they are under way.

#ifndef BLOBSHIFT_TESTS_SIMULATION_NODE_LIFE_HPP
#define BLOBSHIFT_TESTS_SIMULATION_NODE_LIFE_HPP

#include <algorithm>  // max, min
#include <chrono>     // seconds
#include <cstddef>    // size_t
#include <cstdint>    // uint64_t
#include <map>        // map
#include <optional>   // optional
#include <set>        // set
#include <string>     // string
#include <utility>    // exchange

#include <blobshift/migrate/announcer.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/views/instance_store.hpp>

#include "hearing.hpp"
#include "process.hpp"
#include "script.hpp"

namespace blobshift::simulation {

class node_life final : instance_hooks {
    [[nodiscard]] static containers<any_store> places_of(world& w, process& p) {
        return w.plan.two_containers ? containers<any_store>(p.files, p.metadata) : containers<any_store>(p.files);
    }

    world& world_;
    script& script_;
    std::size_t self_;
    std::size_t number_;
    format& setting_;
    chance& draw_;
    bool prompt_;

public:
    /// \param setting  What this node's settings file says; it outlives a crash.
    node_life(world& w, script& s, std::size_t self, std::size_t number, process& p, format& setting, chance& draw)
        : world_(w),
          script_(s),
          self_(self),
          number_(number),
          setting_(setting),
          draw_(draw),
          prompt_(draw.once_in(2)),
          own(p),
          me(p.state, node_name::parse("node-" + std::to_string(number)).value()),
          service(places_of(w, p), p.state, dual_names<uid_names, prefix_names>(), setting, this) {
        world_.set_format(self_, number_, setting_);
        world_.sealed[number_] = false;
        world_.may_write[number_] = [this] { return may_write(); };
    }
    node_life(const node_life&) = delete;
    node_life& operator=(const node_life&) = delete;
    ~node_life() override { world_.may_write[number_] = nullptr; }

    /// A call under way, as long as this lives.
    class call {
    public:
        explicit call(node_life& life) : life_(life) { ++life_.calls_; }
        call(const call&) = delete;
        call& operator=(const call&) = delete;
        ~call() { --life_.calls_; }

    private:
        node_life& life_;
    };
    [[nodiscard]] bool is_idle() const noexcept { return calls_ == 0; }
    [[nodiscard]] bool has_announced() const noexcept { return announced_.has_value(); }

    /// Makes a put or a removal.
    template <class Write>
    auto write(Write make) {
        refused_.erase(world_.acting());
        ended_.erase(world_.acting());
        auto made = make(service);
        const auto admitted = writes_.find(world_.acting());
        // A wait that would pass the deadline is not begun: the end comes so much sooner.
        constexpr std::chrono::seconds longest_wait{20};
        if (admitted != writes_.end() && admitted->second.until &&
            world_.clock.now() + longest_wait >= *admitted->second.until) {
            ended_.insert(world_.acting());
        }
        writes_.erase(world_.acting());
        return made;
    }
    /// Whether the last write of whoever acts was not admitted, or outlived what admitted it.
    [[nodiscard]] bool was_refused() const { return refused_.contains(world_.acting()); }
    [[nodiscard]] bool was_ended() const { return ended_.contains(world_.acting()); }

    /// What its stores did to it so far that its calls may fail for.
    [[nodiscard]] std::uint64_t troubles() const {
        return world_.who(self_).faults_met + own.log->fired(fault_kind::short_read);
    }

    /// Whether the setting is another one than what this node runs.
    [[nodiscard]] bool must_change() const { return service.current_format() != service.step_towards(script_.wanted); }
    /// Whether it has learned of the seal, or come to the end of older calls, and not yet said so.
    [[nodiscard]] bool must_tell() const {
        return service.sealed() != told_of_seal_ || (told_calls_ > 0 && service.older_calls() == 0);
    }

    /// Whether it looks for the seal sooner than it has to.
    [[nodiscard]] bool must_ask() const { return world_.seal_decided && prompt_ && !service.sealed(); }

    /// \return whether this node has said what it runs, lately enough.
    bool announce_if_due() {
        const bool lately = announced_ && world_.clock.now() - *announced_ < std::chrono::seconds(15);
        if (lately && !must_change() && !must_tell() && !must_ask()) return true;
        const bool turns = announced_ && must_change();
        if (turns && draw_.once_in(3)) return true;  // not now
        if (turns) setting_ = script_.wanted;
        const format f = service.step_towards(setting_);
        const bool changes = service.current_format() != f;
        const bool sealed = service.sealed();
        // Until it is announced, one may still begin in the format before.
        const std::uint64_t others = service.older_calls() + (changes ? 1 : 0);
        const node_status now{
            .runs = f, .sealed = sealed, .other_calls = others, .fallback_reads = service.old_format_reads()};
        auto permit = heard(world_, me.announce(own.c, now));
        if (!permit) return false;
        world_.listen(permit->why);
        announced_ = world_.clock.now();
        told_of_seal_ = sealed;
        told_calls_ = others;
        if (changes) {
            service.set_format(f);
            if (!is_idle()) ++world_.did["formats changed under a call"];
            world_.set_format(self_, number_, f);
        }
        if (permit->sealed && !service.sealed()) {
            service.set_sealed(true);
            world_.sealed[number_] = true;
            world_.note(self_, "looks for no old name any more");
            ++world_.did["nodes that learned of the seal"];
            if (!is_idle()) ++world_.did["nodes that learned of it under a call"];
            world_.inspect_all();
        }
        world_.look_at_writers();
        return true;
    }

    void leave() { (void)me.withdraw(own.c); }

private:
    struct admitted_write {
        int step;
        std::optional<steady_time> until;
    };

    /// What it may begin to write now, and what is under way and may still.
    [[nodiscard]] std::optional<writing> may_write() {
        if (own.crashed()) return std::nullopt;
        std::optional<writing> at;
        const auto add = [&](int step) {
            at = at ? writing{(std::min)(at->lowest, step), (std::max)(at->highest, step)} : writing{step, step};
        };
        const format f = service.current_format();
        if (me.may_write(own.c, f)) add(step_now(f));
        for (const auto& [caller, each] : writes_) {
            if (!each.until || world_.clock.now() < *each.until) add(each.step);
        }
        return at;
    }
    [[nodiscard]] int step_now(format f) const {
        return static_cast<int>(f) + (f == format::new_names && service.sealed() ? 1 : 0);
    }

    result<context> admit_write(const context& c, format under) override {
        auto admitted = me.may_write(c, under);
        if (!admitted) {
            refused_.insert(world_.acting());
            return admitted;
        }
        writes_[world_.acting()] = {step_now(under), admitted->deadline};
        world_.look_at_writers();
        return admitted;
    }

    result<void> before_new_name_only(const context& c, blob_kind kind, const blob_name& older,
                                      const blob_name& newer) override {
        const run_plan& plan = world_.plan;
        if (!plan.keeps_origins) return {};
        const bool apart = plan.two_containers && place_of(kind) == place::metadata;
        ledger_writer origins(apart ? own.state_of_metadata : own.state);
        origins.add(older.text(), newer.text(), 0);
        return origins.flush(c);
    }

    std::size_t calls_ = 0;
    std::map<std::size_t, admitted_write> writes_ = {};  ///< Under way, by who makes it.
    std::set<std::size_t> refused_ = {};                 ///< Whose last write the announcer did not admit.
    std::set<std::size_t> ended_ = {};                   ///< Whose last write lasted longer than it was admitted.
    std::optional<steady_time> announced_ = {};
    bool told_of_seal_ = false;
    std::uint64_t told_calls_ = 0;

public:
    process& own;
    node_announcer me;
    instance_store<any_store> service;
};

}  // namespace blobshift::simulation

#endif
