// SPDX-License-Identifier: MIT
//
// The nodes of the service: they store, read and remove instances through the real instance_store, announce themselves
// through the real announcer, and change their format when the operator asks for it, each in its own time.

#ifndef BLOBSHIFT_TESTS_SIMULATION_NODES_HPP
#define BLOBSHIFT_TESTS_SIMULATION_NODES_HPP

#include <chrono>    // seconds
#include <cstddef>   // size_t
#include <optional>  // optional
#include <string>    // string
#include <utility>   // exchange

#include <blobshift/migrate/announcer.hpp>
#include <blobshift/migrate/ledger.hpp>
#include <blobshift/views/instance_store.hpp>

#include "process.hpp"
#include "script.hpp"

namespace blobshift::simulation {

class service_node {
public:
    service_node(world& w, script& s, std::size_t self, std::size_t number)
        : world_(w), script_(s), self_(self), number_(number), draw_(w.plan.seed, "node " + std::to_string(number)) {}

    /// Lives until the run closes: works, crashes, starts again.
    void live() {
        std::size_t left = world_.plan.operations;
        std::size_t more = left > 0 ? 4 : 0;  // for after the seal
        while (!script_.closing && !world_.failed()) {
            process p(world_, self_);
            life once(*this, p);
            while (!p.crashed() && !script_.closing && !world_.failed()) {
                if (!once.announce_if_due()) {
                    if (auto waited = p.c.pause(std::chrono::seconds(1)); !waited) break;
                } else if (left == 0 && more > 0 && script_.sealing) {
                    left = std::exchange(more, std::size_t{0});
                } else if (left > 0) {
                    --left;
                    once.act();
                } else {
                    const steady_time next = world_.clock.now() + std::chrono::seconds(15);
                    world_.wait(self_, [&, next] {
                        return script_.closing || once.must_change() || once.must_tell() || world_.clock.now() >= next;
                    });
                }
                for (std::size_t i = draw_.below(4); i > 0; --i) world_.turn();
            }
            if (p.crashed()) ++world_.who(self_).crashes;
            else once.leave();
        }
    }

private:
    [[nodiscard]] static containers<any_store> places_of(world& w, process& p) {
        return w.plan.two_containers ? containers<any_store>(p.files, p.metadata) : containers<any_store>(p.files);
    }

    /// From one start to the next.
    struct life final : instance_hooks {
        life(service_node& n, process& p)
            : node(n),
              own(p),
              me(p.state, node_name::parse("node-" + std::to_string(n.number_)).value()),
              service(places_of(n.world_, p), p.state, dual_names<uid_names, prefix_names>(), n.setting_, this) {
            n.world_.set_format(n.self_, n.number_, n.setting_);
            n.world_.sealed[n.number_] = false;
            n.world_.may_write[n.number_] = [this]() -> std::optional<int> {
                const format f = service.current_format();
                if (own.crashed() || !me.may_write(own.c, f)) return std::nullopt;
                return static_cast<int>(f) + (service.sealed() ? 1 : 0);
            };
        }
        ~life() override { node.world_.may_write[node.number_] = nullptr; }

        result<context> admit_write(const context& c, format under) override {
            return me.may_write(c, under);
        }

        result<void> before_new_name_only(const context& c, blob_kind kind, const blob_name& older,
                                          const blob_name& newer) override {
            const run_plan& plan = node.world_.plan;
            if (!plan.keeps_origins) return {};
            const bool apart = plan.two_containers && place_of(kind) == place::metadata;
            ledger_writer origins(apart ? own.state_of_metadata : own.state);
            origins.add(older.text(), newer.text(), 0);
            return origins.flush(c);
        }

        /// Whether the setting is another one than what this node runs.
        [[nodiscard]] bool must_change() const { return service.current_format() != node.script_.wanted; }
        /// Whether it has learned of the seal and not yet said so.
        [[nodiscard]] bool must_tell() const { return service.sealed() && !told_of_seal; }

        /// \return whether this node has said what it runs, lately enough.
        bool announce_if_due() {
            world& w = node.world_;
            const bool lately = announced && w.clock.now() - *announced < std::chrono::seconds(15);
            if (lately && !must_change() && !must_tell()) return true;
            const bool changes = announced && must_change();
            if (changes && node.draw_.once_in(3)) return true;  // not now
            if (changes) node.setting_ = node.script_.wanted;
            const format f = node.setting_;
            const bool sealed = service.sealed();
            auto permit = me.announce(
                own.c, {.runs = f, .sealed = sealed, .fallback_reads = service.old_format_reads()});
            if (!permit) return false;
            announced = w.clock.now();
            told_of_seal = sealed;
            if (service.current_format() != f) {
                service.set_format(f);
                w.set_format(node.self_, node.number_, f);
            }
            if (permit->sealed && !service.sealed()) {
                service.set_sealed(true);
                w.sealed[node.number_] = true;
                w.note(node.self_, "looks for no old name any more");
                ++w.did["nodes that learned of the seal"];
                w.inspect_all();
            }
            w.look_at_writers();
            return true;
        }

        void leave() { (void)me.withdraw(own.c); }

        void act() {
            switch (node.draw_.below(11)) {
                case 0:
                case 1:
                case 2: return put();
                case 3:
                case 4: return node.world_.plan.has("removals") ? get() : remove();
                case 5: return range();
                case 6: return head();
                case 7: return get_removed();
                case 8: return get_unfinished();
                default: return get();
            }
        }

        void put() {
            world& w = node.world_;
            const std::size_t index = w.instances.add(node.draw_, !w.plan.has("extras"), again());
            const format f = service.current_format();
            w.note(node.self_, "puts instance " + std::to_string(index + 1) + " in " + std::string(to_string(f)));
            const std::size_t tries = node.draw_.between(1, 3);
            for (std::size_t b = 0; b < w.instances.row(index).blobs.size(); ++b) {
                bool stored = false;
                for (std::size_t i = 0; i < tries && !stored; ++i) {
                    const model_blob blob = w.instances.row(index).blobs[b];
                    auto put = service.put(own.c, w.instances.row(index).id, blob.kind, as_bytes(blob.content),
                                           blob.attrs);
                    if (!put) w.note(node.self_, "put failed", w.said(put.error()));
                    stored = bool(put);
                }
                if (!stored) return give_up(index);
            }
            if (!w.failed()) w.acknowledge(node.self_, index, f);
        }

        /// Now and then the instance is one that another service has removed.
        std::optional<std::size_t> again() {
            const world& w = node.world_;
            if (w.feed.empty() || !node.draw_.once_in(2)) return std::nullopt;
            return w.feed[node.draw_.below(w.feed.size())].index;
        }

        /// A put that failed is undone, now or by who sweeps.
        void give_up(std::size_t index) {
            if (own.crashed() || node.draw_.once_in(2)) return;
            node.world_.instances.row(index).now = phase::removing;
            remove_row(index);
        }

        void remove() {
            world& w = node.world_;
            const auto index = w.instances.any(phase::live, node.draw_);
            if (!index) return put();
            w.instances.row(*index).now = phase::removing;
            w.note(node.self_, "removes instance " + std::to_string(*index + 1));
            remove_row(*index);
        }
        void remove_row(std::size_t index) {
            world& w = node.world_;
            for (std::size_t i = node.draw_.between(1, 3); i > 0; --i) {
                auto gone = service.remove(own.c, w.instances.row(index).id);
                if (gone && !w.failed()) return w.acknowledge_removal(node.self_, index);
                if (!gone) w.note(node.self_, "removal failed", w.said(gone.error()));
            }
        }

        /// Any blob of a live instance.
        struct chosen {
            std::size_t index;
            std::size_t which;
            instance_id id;
            model_blob blob;
        };
        std::optional<chosen> choose(phase wanted) {
            world& w = node.world_;
            const auto index = w.instances.any(wanted, node.draw_);
            if (!index) return std::nullopt;
            const model_row& row = w.instances.row(*index);
            const std::size_t which = node.draw_.below(row.blobs.size());
            return chosen{*index, which, row.id, row.blobs[which]};
        }

        void get() {
            const auto of = choose(phase::live);
            if (!of) return;
            auto got = service.get(own.c, of->id, of->blob.kind, 1 << 16);
            if (!got) return failed_read(*of, got.error());
            if (as_text(got->content) != of->blob.content || got->info.attrs != of->blob.attrs) wrong(*of, "a get");
        }
        void range() {
            const auto of = choose(phase::live);
            if (!of) return;
            const std::size_t offset = node.draw_.below(of->blob.content.size());
            bytes room(node.draw_.between(1, 20));
            auto got = service.read(own.c, of->id, of->blob.kind, read_range::from(offset), room);
            if (!got) return failed_read(*of, got.error());
            const std::string expected = of->blob.content.substr(offset, got->count);
            if (as_text(byte_view(room).first(got->count)) != expected) wrong(*of, "a ranged read");
        }
        void head() {
            const auto of = choose(phase::live);
            if (!of) return;
            auto info = service.head(own.c, of->id, of->blob.kind);
            if (!info) return failed_read(*of, info.error());
            if (info->size_bytes != of->blob.content.size() || info->attrs != of->blob.attrs) wrong(*of, "a head");
        }
        void get_removed() {
            const auto of = choose(phase::removed);
            if (!of) return get();
            if (service.get(own.c, of->id, of->blob.kind, 1 << 16) && !node.world_.turned_back) {
                node.world_.violate("I4", "a get found instance " + std::to_string(of->index + 1) + " after its removal");
            }
        }

        /// What nobody has acknowledged may be there or not; but what was seen once does not go away.
        void get_unfinished() {
            world& w = node.world_;
            const auto of = choose(phase::creating);
            if (!of) return get();
            auto got = service.get(own.c, of->id, of->blob.kind, 1 << 16);
            model_row& row = w.instances.row(of->index);
            if (got && as_text(got->content) == of->blob.content) {
                row.blobs[of->which].seen = true;
                ++w.did["reads of what was not acknowledged"];
            } else if (got) {
                wrong(*of, "a get");
            } else if (got.error().code == errc::not_found && of->blob.seen && row.now == phase::creating) {
                w.violate("I8", "what a reader had seen of instance " + std::to_string(of->index + 1) + " is gone");
            }
        }

        void failed_read(const chosen& of, const error& e) {
            world& w = node.world_;
            w.note(node.self_, "a read of instance " + std::to_string(of.index + 1) + " failed", w.said(e));
            if (e.code == errc::not_found && w.instances.row(of.index).now == phase::live) {
                w.violate("I2", "a read did not find the acknowledged instance " + std::to_string(of.index + 1));
            }
        }
        void wrong(const chosen& of, const std::string& what) {
            node.world_.violate("I3", what + " of instance " + std::to_string(of.index + 1) + " gave something else");
        }

        service_node& node;
        process& own;
        node_announcer me;
        instance_store<any_store> service;
        std::optional<steady_time> announced = {};
        bool told_of_seal = false;
    };

    world& world_;
    script& script_;
    std::size_t self_;
    std::size_t number_;
    format setting_ = format::old_names;  ///< What this node's settings file says; it outlives a crash.
    chance draw_;
};

}  // namespace blobshift::simulation

#endif
