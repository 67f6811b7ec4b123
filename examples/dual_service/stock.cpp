// SPDX-License-Identifier: MIT
#include "stock.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/store/ops.hpp>
#include <blobshift/views/deletion_log.hpp>

namespace dual_service {

using namespace blobshift;
using nlohmann::json;

namespace {

constexpr std::uint64_t largest_metadata = std::uint64_t{1} << 26;

/// A file of an instance, under whatever name.
struct file {
    instance_id id;
    std::uint64_t size_bytes = 0;

    friend bool operator<(const file& a, const file& b) { return a.id < b.id; }
};

struct holdings {
    std::vector<file> files = {};                      ///< Whose id is known. A file may stand twice.
    std::map<std::int64_t, std::uint64_t> newer = {};  ///< Watermarks and sizes of files under new names.
    std::int64_t highest = 0;                          ///< Of all watermarks.

    void see(std::int64_t watermark) { highest = (std::max)(highest, watermark); }
};

bool is_same_instance(const instance_id& a, const instance_id& b) {
    return a.study == b.study && a.series == b.series && a.sop == b.sop;
}

result<holdings> look_into(const context& c, const containers<any_store>& blobs) {
    holdings found;
    const auto take = [&](blob_info&& info) -> result<void> {
        auto newer = prefix_names().parse(info.name);
        auto known = newer ? newer : uid_names().parse(info.name);
        if (!known || known->kind == blob_kind::work_item) return c.proceed();
        found.see(known->id.watermark);
        if (known->kind != blob_kind::instance || !known->dialect.empty()) return c.proceed();
        if (newer) found.newer.emplace(known->id.watermark, info.size_bytes);
        else found.files.push_back({std::move(known->id), info.size_bytes});
        return c.proceed();
    };
    auto listed = blobs.each([&](any_store& store) { return store.scan(c, {}, take); });
    if (!listed) return unexpected(std::move(listed).error());
    return found;
}

/// Whose the metadata with this watermark is. Nothing: there is none, or it does not say.
result<std::optional<instance_id>> owner_of(const context& c, any_store& metadata, std::int64_t watermark) {
    instance_id id{.watermark = watermark};
    auto name = prefix_names().name_of(id, blob_kind::metadata);
    if (!name) return unexpected(std::move(name).error());
    auto kept = read_all(metadata, c, *name, largest_metadata);
    if (!kept && kept.error().code == errc::not_found) return std::optional<instance_id>();
    if (!kept) return unexpected(std::move(kept).error());
    const json said = json::parse(as_text(kept->content), nullptr, false);
    const std::pair<const char*, std::string*> uids[] = {
        {"0020000D", &id.study}, {"0020000E", &id.series}, {"00080018", &id.sop}};
    for (const auto& [tag, uid] : uids) {
        const json::json_pointer value("/" + std::string(tag) + "/Value/0");
        if (said.contains(value) && said[value].is_string()) *uid = said[value].get<std::string>();
    }
    if (!uid_names().name_of(id, blob_kind::instance)) return std::optional<instance_id>();
    return std::optional(std::move(id));
}

/// Adds the files that have but a new name, and whose watermark no row has. \return how many nobody knows the owner of.
result<std::size_t> identify(const context& c, any_store& metadata, const std::vector<row>& rows, holdings& found) {
    std::set<std::int64_t> known;
    for (const file& each : found.files) known.insert(each.id.watermark);
    for (const row& r : rows) {
        for (const instance_id& id : r.versions()) known.insert(id.watermark);
    }
    std::size_t nameless = 0;
    for (const auto& [watermark, size_bytes] : found.newer) {
        if (known.contains(watermark)) continue;
        auto owner = owner_of(c, metadata, watermark);
        if (!owner) return unexpected(std::move(owner).error());
        if (*owner) found.files.push_back({**std::move(owner), size_bytes});
        else ++nameless;
    }
    return nameless;
}

/// What the row of an instance should say, from the row that there is, if any, and its files, newest last.
row row_of(const row* known, std::span<const file> versions) {
    const file& newest = versions.back();
    row r = known != nullptr ? *known : row{.id = {}, .state = row_state::found};
    std::set<std::int64_t> watermarks(r.older.begin(), r.older.end());
    if (known != nullptr) watermarks.insert(r.id.watermark);
    for (const file& each : versions) watermarks.insert(each.id.watermark);
    if (newest.id.watermark > r.id.watermark) {
        r.id = newest.id;
        r.size_bytes = newest.size_bytes;
    }
    watermarks.erase(r.id.watermark);
    r.older.assign(watermarks.begin(), watermarks.end());
    return r;
}

/// Adds rows as the files say. \return those that must be looked into, and stored ones as they should be.
result<std::vector<row>> bring_in(const context& c, catalogue& all, const std::vector<row>& rows, holdings& found) {
    const auto uids = [](const instance_id& id) { return instance_id{id.study, id.series, id.sop, 0}; };
    std::map<instance_id, const row*> by_uids;
    for (const row& r : rows) by_uids[uids(r.id)] = &r;
    std::sort(found.files.begin(), found.files.end());
    std::vector<row> changed;
    for (auto first = found.files.begin(); first != found.files.end();) {
        const auto end = std::find_if_not(first, found.files.end(),
                                          [&](const file& each) { return is_same_instance(each.id, first->id); });
        const auto at = by_uids.find(uids(first->id));
        const row* const known = at == by_uids.end() ? nullptr : at->second;
        row r = row_of(known, {first, end});
        first = end;
        if (known == nullptr) {
            auto made = all.begin(c, std::move(r));
            if (made) changed.push_back(*std::move(made));
            else if (made.error().code != errc::already_exists) return unexpected(std::move(made).error());
        } else if (known->state == row_state::stored && r != *known) {
            changed.push_back(std::move(r));
        }
    }
    // Those of a node that ended before it had looked.
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(changed),
                 [](const row& r) { return r.state == row_state::found; });
    return changed;
}

}  // namespace

result<stock> take_stock(const context& c, const stores& on, node& n, catalogue& all) {
    auto found = look_into(c, on.blobs);
    if (!found) return unexpected(std::move(found).error());
    const auto rows = all.list(c);
    if (!rows) return unexpected(rows.error());
    auto nameless = identify(c, on.blobs.of(blob_kind::metadata), *rows, *found);
    if (!nameless) return unexpected(std::move(nameless).error());
    auto changed = bring_in(c, all, *rows, *found);
    if (!changed) return unexpected(std::move(changed).error());

    // From here on nobody makes another row for these instances. So what was removed since the listing is on record.
    std::set<std::int64_t> removed;
    const auto take = [&](const deletion& each) -> result<void> {
        found->see(each.id.watermark);
        removed.insert(each.id.watermark);
        return {};
    };
    auto read = read_deletions(on.state, c, 0, take, bulk_options{}.concurrency);
    if (!read) return unexpected(std::move(read).error());
    for (const row& r : *rows) found->see(r.id.watermark);
    if (auto skipped = all.skip_watermarks(c, found->highest); !skipped) return unexpected(std::move(skipped).error());

    stock had{.nameless = *nameless};
    for (row& r : *changed) {
        const auto seen = n.instances().head(c, r.id, blob_kind::instance);
        if (!seen && seen.error().code != errc::not_found) return unexpected(seen.error());
        const bool exists = seen && !removed.contains(r.id.watermark);
        if (!exists && r.state == row_state::stored) continue;
        auto settled = exists ? all.change(c, r, row_state::stored) : all.forget(c, r);
        // Another node, or a request, was faster: it knew as much.
        if (!settled && settled.error().code != errc::condition_failed) return unexpected(std::move(settled).error());
        had.added += exists && settled ? 1 : 0;
    }
    return had;
}

}  // namespace dual_service
