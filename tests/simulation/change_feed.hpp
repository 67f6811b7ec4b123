// SPDX-License-Identifier: MIT
//
// A service that was here before and knows neither new names nor a deletion log: it removes old names only, and all
// that tells of it is its change feed. And how cleanup learns from that feed.

#ifndef BLOBSHIFT_TESTS_SIMULATION_CHANGE_FEED_HPP
#define BLOBSHIFT_TESTS_SIMULATION_CHANGE_FEED_HPP

#include <chrono>   // milliseconds
#include <cstddef>  // size_t
#include <string>   // string, to_string
#include <utility>  // move
#include <vector>   // vector

#include <blobshift/migrate/run.hpp>
#include <blobshift/store/transfer.hpp>

#if __has_include(<nlohmann/json.hpp>)  // as everywhere, what reads JSON is built where it can be
#include <blobshift/config/change_feed.hpp>
#endif

#include "operators.hpp"

namespace blobshift::simulation {

/// The feed as the service would give it at this moment.
class feed_snapshot {
public:
    /// \param with_watermarks  The service's database was asked which versions they were.
    feed_snapshot(world& w, bool with_watermarks) : watermarks_(with_watermarks) {
        for (const model_row& row : w.instances.rows()) {
            if (row.now == phase::live) live_.push_back(row.id);
        }
        for (const world::told& each : w.feed) {
            const instance_id& id = w.instances.row(each.index).id;
            bool replaced = false;
            for (const instance_id& other : live_) replaced = replaced || other.sop == id.sop;
            removals_.push_back({.id = id, .when = each.when, .replaced = replaced});
            if (!with_watermarks) removals_.back().id.watermark = 0;
            rows_.push_back(each.index);
        }
    }

    [[nodiscard]] bool names_versions() const noexcept { return watermarks_; }
    [[nodiscard]] const std::vector<std::size_t>& rows() const noexcept { return rows_; }

    result<void> give(function_ref<result<void>(const told_removal&)> take) const {
#if __has_include(<nlohmann/json.hpp>)
        const std::string text = as_json();
        memory_source source(as_bytes(text));
        auto read = read_change_feed(source, {}, [&](feed_removal&& r) {
            return take({.id = std::move(r.id), .when = r.when, .replaced = r.replaced});
        });
        if (!read) return unexpected(std::move(read).error());
#else
        for (const told_removal& each : removals_) {
            if (auto taken = take(each); !taken) return taken;
        }
#endif
        return {};
    }

private:
#if __has_include(<nlohmann/json.hpp>)
    [[nodiscard]] std::string as_json() const {
        std::string text = "[";
        int sequence = 0;
        const auto add = [&](const instance_id& id, const char* action, utc_time when, const char* state) {
            text += (sequence == 0 ? "{\"Sequence\":" : ",{\"Sequence\":") + std::to_string(sequence + 1);
            ++sequence;
            text += ",\"StudyInstanceUid\":\"" + id.study + "\",\"SeriesInstanceUid\":\"" + id.series;
            text += "\",\"SopInstanceUid\":\"" + id.sop + "\",\"Action\":\"" + action;
            text += "\",\"Timestamp\":\"" + utc_text(when) + "\"";
            if (id.watermark > 0) text += ",\"OriginalWatermark\":" + std::to_string(id.watermark);
            text += std::string(",\"State\":\"") + state + "\"}";
        };
        for (const instance_id& id : live_) add(id, "create", utc_time(), "current");
        for (const told_removal& each : removals_) {
            add(each.id, "delete", *each.when, each.replaced ? "replaced" : "deleted");
        }
        return text + "]";
    }
#endif

    bool watermarks_;
    std::vector<instance_id> live_ = {};
    std::vector<told_removal> removals_ = {};
    std::vector<std::size_t> rows_ = {};
};

/// Cleans up after a feed, and acknowledges what is gone for certain. \return whether it was complete.
inline bool clean_up_by_feed(world& w, std::size_t self, const all_jobs& all, const context& c, bool with_watermarks) {
    if (w.feed.empty()) return true;
    const feed_snapshot feed(w, with_watermarks);
    const told_options options{.clock_margin = w.plan.skewed ? 2 * largest_skew : std::chrono::milliseconds(0)};
    auto told = heard(w, clean_up_told(all, c, [&](auto take) { return feed.give(take); }, options));
    if (!told) return false;
    ++w.did["feeds read"];
    w.did["names removed by a feed"] += told->removals.names;
    w.did["versions that a feed spared"] += told->alive;
    if (!told->complete || !with_watermarks || w.turned_back) return told->complete;
    for (const std::size_t index : feed.rows()) w.acknowledge_removal(self, index);
    return true;
}

inline void cleaner_body(world& w, script& s, std::size_t self) {
    chance draw(w.plan.seed, w.who(self).name);
    for (int times = 0; times < 3 && w.plan.cleaner; ++times) {
        w.wait(self, [&] { return s.copying || s.closing; });
        for (std::size_t i = draw.below(60); i > 0; --i) w.turn();
        if (s.closing || s.halting.stop_requested()) break;
        const bool by_version = draw.once_in(2);
        persistent(w, s, self, operation_kind::cleanup).run(3, [&](const workplace& at) {
            const all_jobs all = at.whole(w);
            auto clean = heard(w, clean_up(all, at.c));
            const bool told = clean_up_by_feed(w, self, all, at.c, by_version);
            return clean && clean->complete && told;
        });
    }
    --s.jobs_left;
}

/// Removes a few instances as the service did that was here before: on record in the feed, then their old names.
inline void elder_body(world& w, script& s, std::size_t self) {
    chance draw(w.plan.seed, "elder");
    for (std::size_t left = draw.between(1, 3); left > 0; --left) {
        for (std::size_t i = draw.below(80); i > 0; --i) w.turn();
        if (s.closing || w.failed() || w.turned_back || s.sealing || s.sealed) return;
        const auto index = w.instances.any(phase::live, draw);
        if (!index) continue;
        model_row& row = w.instances.row(*index);
        row.now = phase::removing;
        row.told = true;
        w.feed.push_back({*index, w.clock.utc_now() + skew_of(w, self)});
        ++w.did["removals that only a feed tells of"];
        w.note(self, "removes instance " + std::to_string(*index + 1) + ", as its feed says");
        process p(w, self);
        for (const model_blob& b : row.blobs) {
            any_store& store = w.plan.two_containers && place_of(b.kind) == place::metadata ? p.metadata : p.files;
            if (b.names[old_side]) (void)store.remove(p.c, *b.names[old_side], {});
        }
        if (p.crashed()) ++w.who(self).crashes;
    }
}

}  // namespace blobshift::simulation

#endif
