// SPDX-License-Identifier: MIT
//
// What a service is asked for: to store, read and remove instances. Several of these are under way at a node at once.

#ifndef BLOBSHIFT_TESTS_SIMULATION_NODE_CALLS_HPP
#define BLOBSHIFT_TESTS_SIMULATION_NODE_CALLS_HPP

#include <algorithm>  // any_of
#include <cstddef>    // size_t
#include <cstdint>    // uint64_t
#include <optional>   // optional
#include <string>     // string

#include "node_life.hpp"

namespace blobshift::simulation {

/// One operation at a node, in the course of which the node may change its format, or crash.
class node_call {
public:
    node_call(world& w, node_life& life, std::size_t self, chance& draw)
        : world_(w), life_(life), service_(life.service), self_(self), draw_(draw), under_way_(life) {}

    void make() {
        if (draw_.once_in(3) && world_.instances.any(phase::creating, draw_)) return get_unfinished();
        switch (draw_.below(11)) {
            case 0:
            case 1:
            case 2: return put();
            case 3:
            case 4: return world_.plan.has("removals") ? get() : remove();
            case 5: return range();
            case 6: return head();
            case 7: return get_removed();
            case 8: return get_unfinished();
            default: return get();
        }
    }

private:
    void put() {
        world& w = world_;
        const std::size_t index = w.instances.add(draw_, !w.plan.has("extras"), again());
        w.note(self_, "puts instance " + std::to_string(index + 1));
        const std::size_t tries = draw_.between(1, 3);
        for (std::size_t b = 0; b < w.instances.row(index).blobs.size(); ++b) {
            bool stored = false;
            for (std::size_t i = 0; i < tries && !stored; ++i) {
                const model_blob blob = w.instances.row(index).blobs[b];
                const format f = service_.current_format();  // which the call keeps
                const std::uint64_t before = life_.troubles();
                auto put = life_.write([&](auto& service) {
                    return service.put(c(), w.instances.row(index).id, blob.kind, as_bytes(blob.content), blob.attrs);
                });
                if (!put) {
                    w.note(self_, "put in " + std::string(to_string(f)) + " failed", w.said(put.error()));
                    failed_write("put", before, index, put.error());
                }
                stored = bool(put);
                if (stored && !w.failed()) w.acknowledge_blob(index, b, f);
            }
            if (!stored) return give_up(index);
        }
        if (w.failed()) return;
        w.acknowledge(self_, index);
        ++w.did["puts acknowledged in " + now_running()];
    }

    /// Now and then the instance is one that another service has removed. No service has two versions at once.
    std::optional<std::size_t> again() {
        world& w = world_;
        if (w.feed.empty() || !draw_.once_in(2)) return std::nullopt;
        const std::size_t index = w.feed[draw_.below(w.feed.size())].index;
        for (const model_row& row : w.instances.rows()) {
            const bool is_there = row.now == phase::creating || row.now == phase::live;
            if (is_there && row.id.sop == w.instances.row(index).id.sop) return std::nullopt;
        }
        return index;
    }

    /// A put that failed is undone, now or by who sweeps.
    void give_up(std::size_t index) {
        if (life_.own.crashed() || draw_.once_in(2)) return;
        world_.instances.row(index).now = phase::removing;
        remove_row(index);
    }

    void remove() {
        world& w = world_;
        const auto index = w.instances.any(phase::live, draw_);
        if (!index) return put();
        w.instances.row(*index).now = phase::removing;
        w.note(self_, "removes instance " + std::to_string(*index + 1));
        remove_row(*index);
    }
    void remove_row(std::size_t index) {
        world& w = world_;
        for (std::size_t i = draw_.between(1, 3); i > 0; --i) {
            const std::uint64_t before = life_.troubles();
            auto gone = life_.write([&](auto& service) { return service.remove(c(), w.instances.row(index).id); });
            if (gone && !w.failed()) {
                ++w.did["removals acknowledged in " + now_running()];
                return w.acknowledge_removal(self_, index);
            }
            if (gone) return;
            w.note(self_, "removal failed", w.said(gone.error()));
            failed_write("removal", before, index, gone.error());
        }
    }

    /// A put or a removal fails for what its stores did to it, or because the barrier let it not begin, or no longer go
    /// on: for nothing else.
    void failed_write(const std::string& what, std::uint64_t before, std::size_t index, const error& e) {
        world& w = world_;
        if (life_.was_refused() && e.code == errc::blocked) {
            ++w.did["writes refused at the barrier"];
        } else if (life_.was_ended() && (e.code == errc::deadline_exceeded || e.done == effect::indeterminate)) {
            ++w.did["writes that outlived their lease"];
        } else if (!has_trouble(before) && !meets_a_stranger(index, e)) {
            w.violate("service", "a " + what + " of instance " + std::to_string(index + 1) +
                                     " failed for no reason: " + w.said(e));
        }
    }
    [[nodiscard]] bool has_trouble(std::uint64_t before) const {
        return life_.own.crashed() || life_.troubles() != before;
    }
    /// Whether something else stands, or is about to stand, under one of its names: the one thing that a put refuses.
    [[nodiscard]] bool meets_a_stranger(std::size_t index, const error& e) {
        model_row& row = world_.instances.row(index);
        const auto any_blob = [&](auto is) { return std::any_of(row.blobs.begin(), row.blobs.end(), is); };
        if (e.code == errc::conflict) return any_blob([&](const model_blob& b) { return world_.was_pending(b); });
        if (e.code != errc::already_exists) return false;
        // Torn, or empty for the time of a copy: only who knows the other name can tell.
        return row.disturbed ||
               any_blob([&](const model_blob& b) { return world_.was_torn(b) || world_.was_hidden(b); });
    }

    /// Any blob of an instance in this phase.
    struct chosen {
        std::size_t index;
        std::size_t which;
        instance_id id;
        model_blob blob;
    };
    std::optional<chosen> choose(phase wanted) {
        world& w = world_;
        const auto index = w.instances.any(wanted, draw_);
        if (!index) return std::nullopt;
        const model_row& row = w.instances.row(*index);
        const std::size_t which = draw_.below(row.blobs.size());
        return chosen{*index, which, row.id, row.blobs[which]};
    }

    void get() {
        const auto of = choose(phase::live);
        if (!of) return;
        const std::uint64_t before = life_.troubles();
        auto got = service_.get(c(), of->id, of->blob.kind, 1 << 16);
        if (!got) return failed_read(*of, before, got.error());
        ++world_.did["gets answered in " + now_running()];
        if (as_text(got->content) != of->blob.content || got->info.attrs != of->blob.attrs) wrong(*of, "a get");
    }
    void range() {
        const auto of = choose(phase::live);
        if (!of) return;
        const std::size_t offset = draw_.below(of->blob.content.size());
        bytes room(draw_.between(1, 20));
        const std::uint64_t before = life_.troubles();
        auto got = service_.read(c(), of->id, of->blob.kind, read_range::from(offset), room);
        if (!got) return failed_read(*of, before, got.error());
        ++world_.did["ranged reads answered"];
        const std::string expected = of->blob.content.substr(offset, got->count);
        if (as_text(byte_view(room).first(got->count)) != expected) wrong(*of, "a ranged read");
    }
    void head() {
        const auto of = choose(phase::live);
        if (!of) return;
        const std::uint64_t before = life_.troubles();
        auto info = service_.head(c(), of->id, of->blob.kind);
        if (!info) return failed_read(*of, before, info.error());
        ++world_.did["heads answered"];
        if (info->size_bytes != of->blob.content.size() || info->attrs != of->blob.attrs) wrong(*of, "a head");
    }
    void get_removed() {
        const auto of = choose(phase::removed);
        if (!of) return get();
        const std::uint64_t before = life_.troubles();
        auto got = service_.get(c(), of->id, of->blob.kind, 1 << 16);
        if (!got) return must_have_cause(*of, before, got.error(), true);
        if (!world_.turned_back) {
            world_.violate("I4", "a get found instance " + std::to_string(of->index + 1) + " after its removal");
        }
    }

    /// What nobody has acknowledged may be there or not; but what was seen once does not go away.
    void get_unfinished() {
        world& w = world_;
        auto of = choose(phase::creating);
        for (std::size_t i = draw_.below(40); i > 0 && !of && !w.failed(); --i) {
            w.turn();
            of = choose(phase::creating);
        }
        if (!of) return get();
        for (std::size_t looks = draw_.between(1, 4); looks > 0 && !w.failed(); --looks) {
            look_at_unfinished(*of);
            for (std::size_t i = draw_.below(6); i > 0; --i) w.turn();
        }
    }
    void look_at_unfinished(const chosen& of) {
        world& w = world_;
        model_row& row = w.instances.row(of.index);
        const bool was_seen = row.blobs[of.which].seen;
        const std::uint64_t before = life_.troubles();
        auto got = service_.get(c(), of.id, of.blob.kind, 1 << 16);
        if (got && as_text(got->content) == of.blob.content) {
            ++w.did["reads of what was not acknowledged"];
            row.blobs[of.which].seen = true;
            if (row.now == phase::creating) w.inspect(row);  // it may be gone since the answer was made
        } else if (got) {
            // Who looked for the old name before it was put may meet the new one while it is copied, if the store lies.
            const bool hid_a_copy = got->content.empty() && !w.plan.copies_tell;
            if (!hid_a_copy && !w.was_torn(of.blob)) wrong(of, "a get");
        } else if (got.error().code == errc::not_found && was_seen && row.now == phase::creating) {
            w.violate("I8", "what a reader had seen of instance " + std::to_string(of.index + 1) + " is gone");
        }
        if (!got) must_have_cause(of, before, got.error(), true);
    }

    void failed_read(const chosen& of, std::uint64_t before, const error& e) {
        world& w = world_;
        w.note(self_, "a read of instance " + std::to_string(of.index + 1) + " failed", w.said(e));
        if (e.code == errc::not_found && w.instances.row(of.index).now == phase::live) {
            w.violate("I2", "a read did not find the acknowledged instance " + std::to_string(of.index + 1));
        }
        must_have_cause(of, before, e, w.instances.row(of.index).now != phase::live);
    }
    /// A read fails for what its stores did to it, or because there is nothing to read: for nothing else.
    void must_have_cause(const chosen& of, std::uint64_t before, const error& e, bool may_be_gone) {
        if ((may_be_gone && e.code == errc::not_found) || has_trouble(before)) return;
        world_.violate("service", "a read of instance " + std::to_string(of.index + 1) +
                                      " failed for no reason: " + world_.said(e));
    }
    void wrong(const chosen& of, const std::string& what) {
        const model_row& row = world_.instances.row(of.index);
        if (row.disturbed) return;  // since the read began
        // Removed since then, by its old name first: what is left for a moment may be what the store tore.
        if (row.now != phase::live && world_.was_torn(of.blob)) return;
        world_.violate("I3", what + " of instance " + std::to_string(of.index + 1) + " gave something else");
    }

    [[nodiscard]] std::string now_running() const {
        return std::string(to_string(service_.current_format())) + (service_.sealed() ? ", sealed" : "");
    }
    [[nodiscard]] const context& c() const noexcept { return life_.own.c; }

    world& world_;
    node_life& life_;
    instance_store<any_store>& service_;
    std::size_t self_;
    chance& draw_;
    node_life::call under_way_;
};

}  // namespace blobshift::simulation

#endif
