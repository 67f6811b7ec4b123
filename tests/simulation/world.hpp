// SPDX-License-Identifier: MIT
//
// The world of one run: the stores and the model. Every call to a store passes through here: it is announced, made,
// written down, and what it did is held against the model. All rules: rules.hpp.

#ifndef BLOBSHIFT_TESTS_SIMULATION_WORLD_HPP
#define BLOBSHIFT_TESTS_SIMULATION_WORLD_HPP

#include <algorithm>   // max, min
#include <array>       // array
#include <chrono>      // milliseconds
#include <cstddef>     // size_t
#include <cstdint>     // uint64_t
#include <functional>  // function
#include <optional>    // optional
#include <string>      // string
#include <string_view> // string_view
#include <type_traits> // invoke_result_t, is_same_v
#include <utility>     // move
#include <vector>      // vector

#include "stores.hpp"

namespace blobshift::simulation {

/// The steps at which a node may write: that of what begins now, and those of what is under way.
struct writing {
    int lowest;
    int highest;
};

class world : public stores_of_a_run {
public:
    explicit world(const run_plan& p) : stores_of_a_run(p) {
        for (std::size_t i = 0; !p.has("extras") && i < 2; ++i) {
            foreign_.push_back(blob_name::parse(i == 0 ? "notes.txt" : "1.2/3/unknown.dcm").value());
            foreign_tags_.push_back(truth(place::files).put({}, foreign_.back(), as_bytes("foreign"), {}, {}).value().tag);
        }
    }

    catalogue instances;

    /// "old 3 metadata" for a name of instance 3.
    [[nodiscard]] std::string label(const std::string& name) {
        const auto owner = instances.owner(name);
        if (!owner) return name;
        for (const model_blob& b : instances.row(*owner).blobs) {
            for (std::size_t side = 0; side < 2; ++side) {
                if (b.names[side] && b.names[side]->text() == name) {
                    return (side == old_side ? "old " : "new ") + std::to_string(*owner + 1) + " " +
                           std::string(to_string(b.kind));
                }
            }
        }
        return name;
    }

    // The formats of the nodes: what a reader would look for first.

    std::vector<format> formats = {};
    static constexpr int step_of_new = 2;
    /// Of each node, while it lives: the steps at which it may write now; Old, Dual, New and sealed are 0 to 3.
    std::vector<std::function<std::optional<writing>()>> may_write = {};
    bool turned_back = false;  ///< A rollback has begun: an old name may come again until it is swept.
    bool all_copied = false;   ///< A copy said that nothing is missing, and no node writes old names alone any more.
    bool seal_decided = false;
    bool all_deleted = false;  ///< A delete said that no old name is left, and no node writes one any more.
    std::function<bool(const model_blob&)> in_ledger = {};
    std::function<void(const std::string&)> after_record = {};  ///< Called when a record of the state was changed.
    std::vector<bool> sealed = {};             ///< Of each node: it no longer looks for old names.

    /// The lowest step at which a node may write; sealed, when none may.
    [[nodiscard]] int lowest_writer() const {
        int lowest = step_of_new + 1;
        for (const auto& may : may_write) {
            if (const auto at = may ? may() : std::nullopt) lowest = (std::min)(lowest, at->lowest);
        }
        return lowest;
    }
    /// A node was permitted to write, or writes: nobody else may be more than a step away.
    void look_at_writers() {
        if (!is_honest()) return;  // a listing that leaves nodes out lets the stage pass them
        const int lowest = lowest_writer();
        for (const auto& may : may_write) {
            const auto at = may ? may() : std::nullopt;
            if (at && at->highest > lowest + 1) violate("I10", "two nodes may write that are more than one step apart");
        }
    }

    void set_format(std::size_t self, std::size_t node, format f) {
        formats[node] = f;
        note(self, "runs " + std::string(to_string(f)));
        inspect_all();
    }

    /// One blob of an instance is stored, in a call that began in this format, and its writer was told so.
    void acknowledge_blob(std::size_t index, std::size_t which, format written_in) {
        model_row& row = instances.row(index);
        row.stored_in_new = row.stored_in_new || (written_in == format::new_names && !plan.keeps_origins);
        // A delete to which a listing hides the node may have removed the old name already.
        if (written_in != format::dual || turned_back || !is_honest()) return;
        look(row);
        const model_blob& b = row.blobs[which];
        if (b.names[old_side] && (b.stands[old_side] != standing::whole || b.stands[new_side] != standing::whole)) {
            violate("dual", "a put in Dual was acknowledged, and " + label(b.names[new_side]->text()) +
                                " or its old name is not whole");
        }
    }
    /// All blobs of an instance are, and whoever sent it was told so.
    void acknowledge(std::size_t self, std::size_t index) {
        model_row& row = instances.row(index);
        row.now = phase::live;
        note(self, "acknowledges instance " + std::to_string(index + 1));
        inspect(row);
    }
    /// The removal of an instance was acknowledged.
    void acknowledge_removal(std::size_t self, std::size_t index) {
        instances.row(index).now = phase::removed;
        note(self, "acknowledges that instance " + std::to_string(index + 1) + " is removed");
        inspect(instances.row(index));
    }

    /// The change feed of another service: the instances that it removed, in their order.
    struct told {
        std::size_t index;
        utc_time when;
    };
    std::vector<told> feed = {};

    /// From now on the stores break nothing: copies under way come to their end, and no new one fails.
    void calm_down() {
        is_calm = true;
        calm_stores();
        inspect_all();
    }
    bool is_calm = false;
    [[nodiscard]] const std::vector<blob_name>& foreign() const noexcept { return foreign_; }

    /// What broke for the processes that have ended.
    std::array<std::uint64_t, fault_kind_count> fired = {};
    void count(const fault_log& log) {
        for (std::size_t i = 0; i < fault_kind_count; ++i) fired[i] += log.fired(static_cast<fault_kind>(i));
    }

    /// Makes one call, as `self`, at a store. `change` names what it changes.
    template <class Call>
    auto at(std::size_t self, place where, std::string_view verb, const std::string& name, bool changes, Call call) {
        using answer = std::invoke_result_t<Call&, fault<memory_store>&>;
        if (failed()) return answer(fail(errc::unavailable, "the run is over"));
        ++steps_;
        clock.advance(std::chrono::milliseconds(plan.milliseconds_per_call));
        std::optional<violation> wrong;
        if constexpr (std::is_same_v<answer, result<bool>>) {
            if (holds_blobs(where)) wrong = against_removal(self, name);
        }
        answer made = watched(where, name, call);
        if constexpr (std::is_same_v<answer, result<bool>>) {
            if (made && *made && wrong) violate(wrong->rule, wrong->what);
            if (made && *made && holds_blobs(where)) ++who(self).names_removed;
        }
        if constexpr (std::is_same_v<answer, result<copy_result>>) {
            if (made) ++who(self).copies_made;
        }
        if (!made) {
            note(self, std::string(verb), said(made.error()), name);
        } else if (tracing) {
            note(self, std::string(verb), {}, name);
        }
        if (holds_blobs(where) && changes) {
            if (const auto owner = instances.owner(name)) inspect(instances.row(*owner));
            else inspect_foreign();
        } else if (changes && after_record) {
            after_record(name);
        }
        if (copies_hit_by(fault_kind::pending_copy) > 0) inspect_all();
        return made;
    }

    /// "unavailable, indeterminate", and a look for what no message may hold.
    std::string said(const error& e) {
        listen(describe(e));
        return std::string(to_string(e.code)) + (e.done == effect::none ? "" : ", " + std::string(to_string(e.done)));
    }

    /// For every word that is meant for people or logs.
    void listen(std::string_view words) {
        if (words.find(canary) != words.npos) violate("I13", "a message holds a UID: " + std::string(words));
    }

    void inspect_all() {
        for (model_row& row : instances.rows()) inspect(row);
        inspect_foreign();
    }

    /// Holds what stands in the store against what was promised of one instance.
    void inspect(model_row& row) {
        look(row);
        for (const model_blob& b : row.blobs) {
            for (std::size_t side = 0; side < 2; ++side) {
                if (b.strangers[side]) {
                    auto seen = truth(b.kind).head({}, *b.names[side]);
                    if (!seen || seen->tag != *b.strangers[side]) {
                        violate("stranger", "what somebody else put under " + label(b.names[side]->text()) + " is gone");
                    }
                } else if (b.stands[side] == standing::wrong && !is_excused(row, b, side)) {
                    violate("I3", label(b.names[side]->text()) + " holds something else than was put");
                }
            }
            if (row.now == phase::live) inspect_live(b);
            if (row.now == phase::creating) inspect_seen(b);
            if (row.now == phase::removed && !turned_back &&
                (b.stands[old_side] != standing::absent || b.stands[new_side] != standing::absent)) {
                violate("I4", label(b.names[new_side]->text()) + " or its old name is there after its removal");
            }
        }
    }

    /// Whoever said this must be right: every old name has its copy, but for those that are being removed.
    void look_at_copies(const std::string& said) {
        for (model_row& row : instances.rows()) {
            look(row);
            for (const model_blob& b : row.blobs) {
                const bool stays = row.now == phase::live || row.now == phase::creating;
                if (!stays || row.disturbed || b.stands[old_side] == standing::absent) continue;
                // Nobody who has not read it knows that a copy was torn.
                if (b.stands[new_side] != standing::whole && !is_torn(b, new_side)) {
                    violate("I6", said + ", and " + label(b.names[new_side]->text()) + " is not whole");
                }
            }
        }
    }

    /// What stands under the names of an instance, by a look at the stores themselves.
    void look(model_row& row) {
        catalogue::look([this](blob_kind kind) -> memory_store& { return truth(kind); }, row);
    }

private:
    /// Whether the store itself tore what is there. As long as it is wanted, the other name must hold it.
    [[nodiscard]] bool is_excused(const model_row& row, const model_blob& b, std::size_t side) {
        return is_torn(b, side) && (row.now != phase::live || b.stands[1 - side] == standing::whole);
    }

    void inspect_live(const model_blob& b) {
        if (b.strangers[old_side]) return;
        if (b.stands[old_side] != standing::whole && b.stands[new_side] != standing::whole) {
            violate("I1", "the acknowledged " + label(b.names[new_side]->text()) + " is whole under no name");
            return;
        }
        if (b.is_disturbed()) return;
        if (all_copied && b.names[old_side] && b.stands[new_side] != standing::whole) {
            violate("I6", "the copy is complete, and " + label(b.names[new_side]->text()) + " is not whole");
        }
        if (all_deleted && b.stands[old_side] != standing::absent) {
            violate("I7", "the delete is complete, and " + label(b.names[old_side]->text()) + " is there");
        }
        for (const format f : formats) {
            const std::size_t first = f == format::new_names || !b.names[old_side] ? new_side : old_side;
            for (const std::size_t side : {first, 1 - first}) {
                if (b.stands[side] == standing::absent) continue;
                if (b.stands[side] == standing::empty && plan.copies_tell) continue;  // readers are told
                if (b.stands[side] != standing::whole) {
                    violate("I2", "a node in " + std::string(to_string(f)) + " would read " +
                                      label(b.names[side]->text()) + ", which is not whole");
                }
                break;
            }
        }
        for (const bool is_sealed : sealed) {
            if (is_sealed && b.stands[new_side] != standing::whole) {
                violate("I2", "a sealed node would not find " + label(b.names[new_side]->text()));
            }
        }
    }

    /// Nobody was told that it is stored; but somebody has read it.
    void inspect_seen(const model_blob& b) {
        if (!b.seen || b.is_disturbed()) return;
        if (b.stands[old_side] != standing::whole && b.stands[new_side] != standing::whole) {
            violate("I8", label(b.names[new_side]->text()) + ", which a reader had seen, is whole under no name");
        }
    }

    void inspect_foreign() {
        for (std::size_t i = 0; i < foreign_.size(); ++i) {
            auto seen = truth(place::files).head({}, foreign_[i]);
            if (!seen || seen->tag != foreign_tags_[i]) violate("foreign", "a name of neither policy was touched");
        }
    }

    /// What stands against a removal that is about to happen, if it happens. What is wanted goes only where its other
    /// name holds it, and only by those whose work that is: a delete takes old names, a rollback new ones. Whoever else
    /// removes a name, be it the service, a cleanup or the sweep behind a copy, removes an instance whose removal was
    /// asked for.
    [[nodiscard]] std::optional<violation> against_removal(std::size_t self, const std::string& name) {
        const role does = who(self).does;
        const auto owner = instances.owner(name);
        if (!owner) return std::nullopt;
        model_row& row = instances.row(*owner);
        if (row.now != phase::live && row.now != phase::creating) return std::nullopt;
        look(row);
        for (const model_blob& b : row.blobs) {
            for (std::size_t side = 0; side < 2; ++side) {
                if (!b.names[side] || b.names[side]->text() != name || b.stands[side] == standing::absent) continue;
                const bool at_the_end = does == role::the_end && (side == old_side || turned_back);
                const bool is_its_work = at_the_end || does == (side == old_side ? role::deleter : role::reverser);
                if (!is_its_work) return violation{"I9", label(name) + " was removed, and nobody asked for that"};
                if (b.stands[1 - side] != standing::whole) {
                    return violation{"I9", label(name) + " was deleted, and the other name was not whole"};
                }
                if (side == old_side) return against_delete(b);
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<violation> against_delete(const model_blob& b) {
        // A delete that stood still while the service turned back has one batch left: no loss, for it was verified, no
        // name is written twice, and every format reads both names.
        const bool is_late = plan.impatient && turned_back;
        if (is_honest() && lowest_writer() < step_of_new && !is_late) {
            return violation{"I9", "an old name was deleted, and a node might still write old names"};
        }
        if (!in_ledger || !in_ledger(b)) {
            return violation{"ledger", label(b.names[old_side]->text()) + " was deleted and was not in the ledger"};
        }
        return std::nullopt;
    }

    std::vector<blob_name> foreign_ = {};
    std::vector<etag> foreign_tags_ = {};
};

}  // namespace blobshift::simulation

#endif
