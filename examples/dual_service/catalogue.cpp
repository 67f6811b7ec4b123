// SPDX-License-Identifier: MIT
#include "catalogue.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include <blobshift/store/ops.hpp>

namespace dual_service {

using namespace blobshift;
using nlohmann::json;

namespace {

// Reserved names: a listing of the store does not show them, so a migration leaves them alone.
const std::string folder = std::string(reserved_prefix) + "catalogue/";
const std::string counter = std::string(reserved_prefix) + "catalogue-watermarks";

constexpr std::pair<row_state, const char*> spellings[] = {{row_state::found, "found"},
                                                           {row_state::storing, "storing"},
                                                           {row_state::stored, "stored"},
                                                           {row_state::removing, "removing"}};

unexpected damaged(const char* what) {
    return fail(errc::corrupt, std::string(what) + " is damaged: stop all nodes, remove what begins with " +
                                   std::string(reserved_prefix) + "catalogue, and start them: the store tells it");
}

std::string text_of(const row& r) {
    const char* state = "";
    for (const auto& [value, text] : spellings) {
        if (value == r.state) state = text;
    }
    json value = {{"state", state}, {"watermark", r.id.watermark}, {"size", r.size_bytes}, {"node", r.node}};
    if (!r.older.empty()) value["older"] = r.older;
    return value.dump();
}

result<blob_name> name_of(const instance_id& id) {
    return blob_name::parse(folder + id.study + "/" + id.series + "/" + id.sop);
}

/// The watermarks of older versions, which few rows have. Nothing: the row is damaged.
std::optional<std::vector<std::int64_t>> older_in(const json& value) {
    std::vector<std::int64_t> older;
    for (const json& each : value.value("older", json::array())) {
        if (!each.is_number_integer()) return std::nullopt;
        older.push_back(each.get<std::int64_t>());
    }
    return older;
}

}  // namespace

std::vector<instance_id> row::versions() const {
    std::vector<instance_id> all = {id};
    for (const std::int64_t watermark : older) all.push_back({id.study, id.series, id.sop, watermark});
    return all;
}

result<std::int64_t> catalogue::next_watermark(const context& c) {
    constexpr std::int64_t at_once = 100;
    const std::scoped_lock lock(mutex_);
    if (next_ == end_) {
        auto first = reserve(c, 1, at_once);
        if (!first) return first;
        next_ = *first;
        end_ = *first + at_once;
    }
    return next_++;
}

result<void> catalogue::claim_watermark(const context& c, std::int64_t watermark) {
    if (watermark < 1) return fail(errc::invalid_argument, "a watermark is at least 1");
    auto first = reserve(c, watermark, 1);
    if (!first) return unexpected(std::move(first).error());
    if (*first == watermark) return {};
    return fail(errc::already_exists, "this watermark, or a larger one, was given before");
}

result<void> catalogue::skip_watermarks(const context& c, std::int64_t watermark) {
    if (watermark == (std::numeric_limits<std::int64_t>::max)()) {
        return fail(errc::invalid_argument, "the watermarks of this store are used up");
    }
    auto first = reserve(c, watermark + 1, 0);
    if (!first) return unexpected(std::move(first).error());
    return {};
}

/// Moves the counter behind `count` numbers from `at_least`, or from where it stands, on. \return the first of them.
result<std::int64_t> catalogue::reserve(const context& c, std::int64_t at_least, std::int64_t count) {
    const blob_name name = blob_name::parse(counter).value();
    for (;;) {
        auto kept = read_all(state_, c, name, 100);
        if (!kept && kept.error().code != errc::not_found) return unexpected(std::move(kept).error());
        std::int64_t first = at_least;
        if (kept) {
            json value = json::parse(as_text(kept->content), nullptr, false);
            if (!value.is_object() || !value["next"].is_number_integer()) {
                return damaged("the counter of watermarks");
            }
            first = (std::max)(first, value["next"].get<std::int64_t>());
        }
        // The node's name makes the content its own: equal content would be taken for a repeated answer.
        const std::string text = json{{"next", first + count}, {"node", node_}}.dump();
        auto moved = state_.put(c, name, as_bytes(text), {},
                                kept ? condition::if_match(kept->info.tag) : condition::if_absent());
        if (moved) return first;
        const errc code = moved.error().code;
        if (code != errc::condition_failed && code != errc::already_exists) return unexpected(std::move(moved).error());
    }
}

result<row> catalogue::begin(const context& c, row made) {
    made.node = node_;
    auto name = name_of(made.id);
    if (!name) return unexpected(std::move(name).error());
    auto stored = state_.put(c, *name, as_bytes(text_of(made)), {}, condition::if_absent());
    if (!stored) return unexpected(std::move(stored).error());
    made.tag = stored->tag;
    return made;
}

result<void> catalogue::change(const context& c, row& r, row_state to) {
    auto name = name_of(r.id);
    if (!name) return unexpected(std::move(name).error());
    row next = r;
    next.state = to;
    auto stored = state_.put(c, *name, as_bytes(text_of(next)), {}, condition::if_match(r.tag));
    if (!stored) return unexpected(std::move(stored).error());
    r = std::move(next);
    r.tag = stored->tag;
    return {};
}

result<void> catalogue::forget(const context& c, const row& r) {
    auto name = name_of(r.id);
    if (!name) return unexpected(std::move(name).error());
    auto gone = state_.remove(c, *name, condition::if_match(r.tag));
    if (!gone && gone.error().code != errc::condition_failed) return unexpected(std::move(gone).error());
    return {};
}

result<row> catalogue::read(const context& c, const blob_name& name) {
    auto kept = read_all(state_, c, name, 100'000);
    if (!kept) return unexpected(std::move(kept).error());
    json value = json::parse(as_text(kept->content), nullptr, false);
    row r;
    const std::string_view uids = std::string_view(name.text()).substr(folder.size());
    const std::size_t first = uids.find('/');
    const std::size_t second = uids.find('/', first + 1);
    const bool named = first != std::string_view::npos && second != std::string_view::npos;
    if (!named || !value.is_object() || !value["watermark"].is_number_integer() ||
        !value["size"].is_number_unsigned() || !value["node"].is_string()) {
        return damaged("a row of the catalogue");
    }
    const auto known = std::find_if(std::begin(spellings), std::end(spellings),
                                    [&](const auto& each) { return value["state"] == each.second; });
    auto older = older_in(value);
    if (known == std::end(spellings) || !older) return damaged("a row of the catalogue");
    r.state = known->first;
    r.older = *std::move(older);
    r.id = {std::string(uids.substr(0, first)), std::string(uids.substr(first + 1, second - first - 1)),
            std::string(uids.substr(second + 1)), value["watermark"].get<std::int64_t>()};
    r.size_bytes = value["size"].get<std::uint64_t>();
    r.node = value["node"].get<std::string>();
    r.tag = kept->info.tag;
    return r;
}

result<row> catalogue::find(const context& c, std::string_view study, std::string_view series, std::string_view sop) {
    auto name = name_of({std::string(study), std::string(series), std::string(sop), 0});
    if (!name) return unexpected(std::move(name).error());
    return read(c, *name);
}

result<std::vector<row>> catalogue::list(const context& c, std::string_view study, std::string_view series) {
    std::string prefix = folder;
    for (const std::string_view uid : {study, series}) {
        if (!uid.empty()) prefix += std::string(uid) + "/";
    }
    auto page = list_all(state_, c, {.prefix = prefix});
    if (!page) return unexpected(std::move(page).error());
    std::vector<row> rows;
    for (const blob_info& info : page->blobs) {
        auto r = read(c, info.name);
        if (r) rows.push_back(*std::move(r));
        else if (r.error().code != errc::not_found) return unexpected(std::move(r).error());
    }
    return rows;
}

}  // namespace dual_service
