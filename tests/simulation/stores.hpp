// SPDX-License-Identifier: MIT
//
// The stores of one run, as they are: what stands in them is the truth that everything else is held against.

#ifndef BLOBSHIFT_TESTS_SIMULATION_STORES_HPP
#define BLOBSHIFT_TESTS_SIMULATION_STORES_HPP

#include <algorithm>  // any_of
#include <cstddef>    // size_t
#include <cstdint>    // uint64_t
#include <map>        // map
#include <set>        // set
#include <string>     // string
#include <vector>     // vector

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/layers/fault.hpp>

#include "model.hpp"
#include "run_plan.hpp"
#include "turns.hpp"

namespace blobshift::simulation {

/// Which store of the run a call goes to. Metadata may be with the files, and each state with the blobs that it is
/// about.
enum class place : unsigned char { files, metadata, state, state_of_metadata };

[[nodiscard]] constexpr place place_of(blob_kind kind) noexcept {
    return kind == blob_kind::instance ? place::files : place::metadata;
}
[[nodiscard]] constexpr bool holds_blobs(place where) noexcept {
    return where == place::files || where == place::metadata;
}

class stores_of_a_run : public turns_of_a_run {
public:
    explicit stores_of_a_run(const run_plan& p)
        : turns_of_a_run(p),
          plan(p),
          files_(memory_store({.share_copies = p.one_object, .page_size = p.page_size}), store_faults(p, p.seed)),
          metadata_(memory_store({.share_copies = p.one_object, .page_size = p.page_size}),
                    store_faults(p, detail::mixed(p.seed))),
          state_(memory_store({.share_copies = false, .page_size = p.page_size})),
          state_of_metadata_(memory_store({.share_copies = false, .page_size = p.page_size})) {}

    const run_plan plan;

    // The stores, without anything in between.

    [[nodiscard]] memory_store& truth(place where) { return store(where).inner(); }
    [[nodiscard]] memory_store& truth(blob_kind kind) { return truth(place_of(kind)); }
    /// The containers of the run.
    [[nodiscard]] std::vector<place> containers_of_blobs() const {
        if (plan.two_containers) return {place::files, place::metadata};
        return {place::files};
    }
    /// A listing that lies makes what a job says worthless.
    [[nodiscard]] bool is_honest() const {
        return plan.chances[static_cast<std::size_t>(fault_kind::cut_listing)] == 0;
    }
    [[nodiscard]] std::uint64_t copies_hit_by(fault_kind kind) const {
        return files_.log()->fired(kind) + metadata_.log()->fired(kind);
    }

    /// What a store finds out that computes a hash while it copies.
    [[nodiscard]] bool are_equal(place where, const blob_name& a, const blob_name& b) {
        bytes left(200), right(200);
        auto from = truth(where).read({}, a, read_range::all(), left, {});
        auto to = truth(where).read({}, b, read_range::all(), right, {});
        return from && to && from->info.size_bytes == to->info.size_bytes && left == right;
    }
    /// Whether the store does not say that the copy to this name failed. An empty content looks whole all the same.
    [[nodiscard]] bool says_whole(const model_blob& b, std::size_t side) {
        auto info = store(place_of(b.kind)).head({}, *b.names[side]);
        return info && detail::is_whole(*info);
    }

    /// Whether a copy to this name was torn at any time, so that the store itself is to blame for what was read there.
    [[nodiscard]] bool was_torn(const model_blob& b) const { return has_name_in(torn_, b); }
    /// Whether a copy to this name was under way at any time when its request was answered.
    [[nodiscard]] bool was_pending(const model_blob& b) const { return has_name_in(pending_, b); }
    /// Whether a copy to this name at any time left an empty blob of which the store did not tell that it is none.
    [[nodiscard]] bool was_hidden(const model_blob& b) const { return has_name_in(hidden_, b); }
    /// Whether what stands there now is what the store tore, and nothing that came later.
    [[nodiscard]] bool is_torn(const model_blob& b, std::size_t side) {
        const auto found = torn_.find(b.names[side]->text());
        if (found == torn_.end()) return false;
        auto seen = truth(b.kind).head({}, *b.names[side]);
        return seen && seen->tag == found->second;
    }

protected:
    ~stores_of_a_run() = default;

    [[nodiscard]] fault<memory_store>& store(place where) {
        const bool with_blobs = holds_blobs(where) || plan.one_store;
        const bool of_metadata = where == place::metadata || where == place::state_of_metadata;
        if (of_metadata && plan.two_containers) return with_blobs ? metadata_ : state_of_metadata_;
        return with_blobs ? files_ : state_;
    }

    /// Makes a call at a store, and writes down which name it tore, or left empty without a word.
    template <class Call>
    auto watched(place where, const std::string& name, Call& call) {
        const std::uint64_t torn_before = copies_hit_by(fault_kind::torn_copy);
        const std::uint64_t failed_before = copies_hit_by(fault_kind::failed_copy);
        const std::uint64_t pending_before = copies_hit_by(fault_kind::pending_copy);
        auto made = call(store(where));
        const bool is_pending = copies_hit_by(fault_kind::pending_copy) != pending_before;
        const bool is_emptied = is_pending || copies_hit_by(fault_kind::failed_copy) != failed_before;
        if (is_pending) pending_.insert(name);
        if (is_emptied && !plan.copies_tell) hidden_.insert(name);
        if (copies_hit_by(fault_kind::torn_copy) != torn_before) {
            auto seen = truth(where).head({}, blob_name::parse(name).value());
            if (seen) torn_[name] = seen->tag;
        }
        return made;
    }

    /// Copies under way come to their end, and no new one fails.
    void calm_stores() {
        for (auto* each : {&files_, &metadata_}) {
            each->calm();
            for (int i = 0; i < 64; ++i) (void)each->head({}, blob_name::parse("nothing").value());
        }
    }

private:
    static fault_plan store_faults(const run_plan& p, std::uint64_t seed) {
        fault_plan faults{.seed = seed};
        faults.longest_copy = 60;
        faults.copies_tell = p.copies_tell;
        for (const fault_kind kind : {fault_kind::failed_copy, fault_kind::pending_copy, fault_kind::torn_copy}) {
            faults.with(kind, p.chances[static_cast<std::size_t>(kind)]);
        }
        return faults;
    }

    template <class Names>
    [[nodiscard]] static bool has_name_in(const Names& names, const model_blob& b) {
        const auto is_there = [&](const auto& n) { return n && names.contains(n->text()); };
        return std::any_of(b.names.begin(), b.names.end(), is_there);
    }

    fault<memory_store> files_;
    fault<memory_store> metadata_;           ///< Used when there are two containers.
    fault<memory_store> state_;              ///< Never breaks: what is broken of it, each process breaks for itself.
    fault<memory_store> state_of_metadata_;  ///< Likewise; evidence and ledger of the second container.
    std::map<std::string, etag> torn_ = {};  ///< Names whose copy was torn, and what that left there.
    std::set<std::string> hidden_ = {};      ///< See `was_hidden`.
    std::set<std::string> pending_ = {};     ///< See `was_pending`.
};

}  // namespace blobshift::simulation

#endif
