// SPDX-License-Identifier: MIT
//
// What the services were promised: each instance, whether its put or its removal was acknowledged, and what stands
// under each of its names right now. The model looks at the store by itself, with none of the code under test in
// between.

#ifndef BLOBSHIFT_TESTS_SIMULATION_MODEL_HPP
#define BLOBSHIFT_TESTS_SIMULATION_MODEL_HPP

#include <array>     // array
#include <cstdint>   // int64_t
#include <deque>     // deque
#include <map>       // map
#include <optional>  // optional
#include <string>    // string
#include <utility>   // move, pair
#include <vector>    // vector

#include <blobshift/backends/memory_store.hpp>
#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/naming/format.hpp>

#include "run_plan.hpp"

namespace blobshift::simulation {

/// What stands under a name.
enum class standing : unsigned char {
    absent,
    whole,  ///< The instance's own bytes and attributes.
    empty,  ///< No byte, although the content has some: a copy that failed or is pending.
    wrong,
};

/// Where an instance is in its life. Only `live` and `removed` are promises.
enum class phase : unsigned char { creating, live, removing, removed };

/// One blob of an instance, which has up to two names.
struct model_blob {
    blob_kind kind;
    std::string content;
    attributes attrs;
    std::array<std::optional<blob_name>, 2> names;  ///< Old, new.
    std::array<standing, 2> stands = {standing::absent, standing::absent};
    bool seen = false;  ///< A reader was given it: it is there until its removal begins, acknowledged or not.
    std::array<std::optional<etag>, 2> strangers = {};  ///< Names where somebody else put something, which must stay.

    [[nodiscard]] bool is_disturbed() const noexcept { return strangers[0] || strangers[1]; }
};

struct model_row {
    instance_id id;
    phase now = phase::creating;
    bool disturbed = false;     ///< A stranger touched it: the service lets it alone.
    bool told = false;          ///< Its removal stands in no log, but in the feed of another service.
    bool stored_in_new = false; ///< No old name was ever written: a rollback cannot give it one.
    std::vector<model_blob> blobs;
};

inline constexpr std::size_t old_side = 0;
inline constexpr std::size_t new_side = 1;

/// Part of every UID of a run: what no message and no record outside the state may hold.
inline constexpr std::string_view canary = "2.25.4711";

/// The instances of a run.
class catalogue {
public:
    /// A new instance with one to three blobs; `again`: a new version of one that was removed.
    std::size_t add(chance& draw, bool extras, std::optional<std::size_t> again = {}) {
        const auto watermark = static_cast<std::int64_t>(rows_.size() + 1);
        const std::string number = std::to_string(watermark);
        model_row row;
        const std::string root(canary);
        row.id = {root, root + ".1." + std::to_string(watermark % 3 + 1), root + ".7." + number, watermark};
        if (again) {
            row.id = rows_[*again].id;
            row.id.watermark = watermark;
        }
        add_blob(row, blob_kind::instance, draw);
        if (extras && draw.once_in(2)) add_blob(row, blob_kind::metadata, draw);
        if (extras && draw.once_in(4)) add_blob(row, blob_kind::frame_ranges, draw);
        rows_.push_back(std::move(row));
        const std::size_t index = rows_.size() - 1;
        for (const model_blob& b : rows_[index].blobs) {
            for (const auto& n : b.names) {
                if (n) owners_[n->text()] = index;
            }
        }
        return index;
    }

    [[nodiscard]] std::deque<model_row>& rows() noexcept { return rows_; }
    [[nodiscard]] model_row& row(std::size_t index) { return rows_[index]; }
    /// Whose name this is, if it is an instance's.
    [[nodiscard]] std::optional<std::size_t> owner(const std::string& name) const {
        const auto found = owners_.find(name);
        if (found == owners_.end()) return std::nullopt;
        return found->second;
    }
    /// Any row in this phase.
    [[nodiscard]] std::optional<std::size_t> any(phase wanted, chance& draw) const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (rows_[i].now == wanted && !rows_[i].disturbed) found.push_back(i);
        }
        if (found.empty()) return std::nullopt;
        return found[draw.below(found.size())];
    }

    /// Looks at the stores themselves; `store_of(kind)` is where a kind is kept.
    template <class StoreOf>
    static void look(StoreOf store_of, model_row& row) {
        for (model_blob& b : row.blobs) {
            for (std::size_t side = 0; side < 2; ++side) {
                b.stands[side] = b.names[side] ? look_at(store_of(b.kind), b, *b.names[side]) : standing::absent;
            }
        }
    }

private:
    void add_blob(model_row& row, blob_kind kind, chance& draw) {
        model_blob b;
        b.kind = kind;
        b.content = std::to_string(row.id.watermark) + " " + std::string(to_string(kind));
        b.content.append(draw.below(40), '.');
        if (draw.once_in(12)) b.content.clear();
        b.attrs.content_type = "application/" + std::string(to_string(kind));
        if (draw.once_in(2)) b.attrs.metadata["written"] = std::to_string(row.id.watermark);
        if (draw.once_in(2)) b.attrs.tags["modality"] = "MR " + std::to_string(row.id.watermark);
        auto older = uid_names().name_of(row.id, kind);
        if (older) b.names[old_side] = *std::move(older);
        b.names[new_side] = prefix_names().name_of(row.id, kind).value();
        row.blobs.push_back(std::move(b));
    }

    [[nodiscard]] static standing look_at(memory_store& store, const model_blob& b, const blob_name& n) {
        bytes content(b.content.size() + 1);
        auto got = store.read({}, n, read_range::all(), content, {});
        if (!got) return standing::absent;
        if (got->info.size_bytes == 0 && !b.content.empty()) return standing::empty;
        const std::string_view text = as_text(byte_view(content).first(got->count));
        return text == b.content && got->info.attrs == b.attrs ? standing::whole : standing::wrong;
    }

    std::deque<model_row> rows_ = {};  ///< References to rows outlive a new one.
    std::map<std::string, std::size_t> owners_ = {};
};

}  // namespace blobshift::simulation

#endif
