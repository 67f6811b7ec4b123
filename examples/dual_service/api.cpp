// SPDX-License-Identifier: MIT
#include "api.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

namespace dual_service {

using namespace blobshift;
using nlohmann::json;

namespace {

constexpr std::uint64_t most_in_memory = std::uint64_t{1} << 20;  // larger instances are read in blocks of this size
constexpr std::chrono::seconds time_for_a_request{60};

/// Repeats a write that this node may not make at this moment: while a format changes, that is over in milliseconds. It
/// was refused before anything was done, and all our writes can be repeated anyhow.
template <class Write>
auto patiently(const context& c, Write write) {
    const steady_time end = c.clock->now() + std::chrono::seconds(5);
    for (;;) {
        auto outcome = write();
        if (outcome || outcome.error().code != errc::blocked || c.clock->now() > end) return outcome;
        if (!c.pause(std::chrono::milliseconds(10))) return outcome;
    }
}

void answer(httplib::Response& res, int status, const json& body) {
    res.status = status;
    res.set_content(body.dump(), "application/json");
}

void answer(httplib::Response& res, const error& e) {
    switch (e.code) {
        case errc::not_found: return answer(res, 404, {{"error", "not found"}});
        case errc::invalid_argument: return answer(res, 400, {{"error", describe(e)}});
        case errc::already_exists: return answer(res, 409, {{"error", describe(e)}});
        case errc::blocked:
        case errc::throttled:
        case errc::unavailable:
        case errc::conflict:
        case errc::deadline_exceeded:
            res.set_header("Retry-After", "1");
            return answer(res, 503, {{"error", describe(e)}});
        default: return answer(res, 500, {{"error", describe(e)}});
    }
}

/// `?watermark=N`; nothing when it is not there. errc::invalid_argument when it is no number above 0.
result<std::optional<std::int64_t>> watermark_of(const httplib::Request& req) {
    if (!req.has_param("watermark")) return std::optional<std::int64_t>();
    const std::string text = req.get_param_value("watermark");
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size() || value < 1) {
        return fail(errc::invalid_argument, "a watermark is a number above 0");
    }
    return std::optional<std::int64_t>(value);
}

std::string metadata_of(const instance_id& id) {
    const auto uid = [](const std::string& value) { return json{{"vr", "UI"}, {"Value", {value}}}; };
    return json{{"00080018", uid(id.sop)}, {"0020000D", uid(id.study)}, {"0020000E", uid(id.series)}}.dump();
}

/// Removes the blobs of rows that say `removing` or were given up, and then the rows.
result<void> remove_for_good(const context& c, node& n, catalogue& all, const std::vector<row>& rows) {
    std::vector<instance_id> ids;
    for (const row& r : rows) {
        for (instance_id& id : r.versions()) ids.push_back(std::move(id));
    }
    auto removed = patiently(c, [&] { return n.instances().remove(c, ids); });
    if (!removed) return unexpected(std::move(removed).error());
    for (const row& r : rows) {
        if (auto gone = all.forget(c, r); !gone) return gone;
    }
    return {};
}

/// Stores the three blobs of an instance. All of them, or it is an error.
result<void> store_blobs(const context& c, node& n, const instance_id& id, byte_view content) {
    const auto put = [&](blob_kind kind, byte_view bytes, const char* type) -> result<void> {
        rewindable_memory source(bytes);
        auto stored = patiently(c, [&] { return n.instances().put(c, id, kind, source, {.content_type = type}); });
        if (!stored) return unexpected(std::move(stored).error());
        return {};
    };
    const std::string said = metadata_of(id);
    const std::string frames = json{{"0", {{"offset", 0}, {"length", content.size()}}}}.dump();
    if (auto put_file = put(blob_kind::instance, content, "application/dicom"); !put_file) return put_file;
    if (auto put_said = put(blob_kind::metadata, as_bytes(said), "application/dicom+json"); !put_said) return put_said;
    return put(blob_kind::frame_ranges, as_bytes(frames), "application/json");
}

/// Takes back an instance that nobody was told of. Where that fails, the next start of a node makes up for it.
void give_up(node& n, catalogue& all, row r, bool is_settled) {
    const context c = context().with_timeout(time_for_a_request);
    // If the row says `stored` after all, it has changed, and the instance stays: the client knows that nobody knows.
    if (!all.change(c, r, row_state::removing)) return;
    const auto removed = patiently(c, [&] { return n.instances().remove(c, r.id); });
    // A write whose answer was lost may still arrive. Then the row stays, so that the blobs are removed once more.
    if (removed && is_settled) (void)all.forget(c, r);
}

result<std::int64_t> store_instance(const context& c, node& n, catalogue& all, instance_id id,
                                    std::optional<std::int64_t> wanted, byte_view content) {
    if (wanted) {
        id.watermark = *wanted;
        if (auto claimed = all.claim_watermark(c, *wanted); !claimed) return unexpected(std::move(claimed).error());
    } else {
        auto next = all.next_watermark(c);
        if (!next) return next;
        id.watermark = *next;
    }
    if (auto named = uid_names().name_of(id, blob_kind::instance); !named) return unexpected(std::move(named).error());
    auto made = all.begin(c, {.id = id, .size_bytes = content.size()});
    if (!made) return unexpected(std::move(made).error());
    auto stored = store_blobs(c, n, id, content);
    if (stored) stored = all.change(c, *made, row_state::stored);
    if (stored) return id.watermark;
    give_up(n, all, *made, stored.error().done == effect::none);
    return unexpected(std::move(stored).error());
}

result<std::size_t> remove_rows(const context& c, node& n, catalogue& all, std::vector<row> rows) {
    std::vector<row> ours;
    for (row& r : rows) {
        if (r.state == row_state::storing || r.state == row_state::found) continue;  // it does not exist yet
        if (r.state == row_state::stored) {
            auto changed = all.change(c, r, row_state::removing);
            if (!changed && changed.error().code == errc::condition_failed) continue;  // another request is faster
            if (!changed) return unexpected(std::move(changed).error());
        }
        ours.push_back(std::move(r));
    }
    if (ours.empty()) return fail(errc::not_found, "there is nothing to remove");
    if (auto gone = remove_for_good(c, n, all, ours); !gone) return unexpected(std::move(gone).error());
    return ours.size();
}

/// The row of an instance that exists and is meant.
result<row> find_stored(const context& c, catalogue& all, const httplib::Request& req) {
    auto watermark = watermark_of(req);
    if (!watermark) return unexpected(std::move(watermark).error());
    auto found = all.find(c, req.matches[1].str(), req.matches[2].str(), req.matches[3].str());
    if (!found) return found;
    const bool meant = found->state == row_state::stored && (!*watermark || **watermark == found->id.watermark);
    if (!meant) return fail(errc::not_found, "no such instance");
    return found;
}

void get_whole(const context& c, httplib::Response& res, node& n, catalogue& all, const row& r, blob_kind kind) {
    auto whole = n.instances().get(c, r.id, kind, most_in_memory);
    if (whole) {
        return res.set_content(std::string(as_text(whole->content)), whole->info.attrs.content_type);
    }
    if (whole.error().code != errc::not_found) return answer(res, whole.error());
    // An instance exists as long as its row says so: only then is it an error that its blob does not.
    const auto still = all.find(c, r.id.study, r.id.series, r.id.sop);
    const bool exists = still && still->state == row_state::stored && still->id == r.id;
    if (!exists) return answer(res, whole.error());
    answer(res, 500, {{"error", "the instance exists, its blob does not"}});
}

void get_in_blocks(httplib::Response& res, node& n, const row& r) {
    auto buffer = std::make_shared<bytes>(static_cast<std::size_t>(most_in_memory));
    res.set_content_provider(
        static_cast<std::size_t>(r.size_bytes), "application/dicom",
        [&n, id = r.id, buffer](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
            const context c = context().with_timeout(time_for_a_request);
            auto got = n.instances().read(c, id, blob_kind::instance, read_range::part(offset, length), *buffer);
            if (!got || got->count == 0) return false;  // the connection is cut: the client knows the length
            return sink.write(reinterpret_cast<const char*>(buffer->data()), got->count);
        });
}

}  // namespace

result<std::size_t> finish_earlier_work(const context& c, node& n, catalogue& all, std::string_view node_name) {
    auto rows = all.list(c);
    if (!rows) return unexpected(std::move(rows).error());
    std::erase_if(*rows, [&](const row& r) {
        return r.state != row_state::removing && !(r.state == row_state::storing && r.node == node_name);
    });
    if (rows->empty()) return std::size_t{0};
    if (auto gone = remove_for_good(c, n, all, *rows); !gone) return unexpected(std::move(gone).error());
    return rows->size();
}

void serve(httplib::Server& server, node& n, catalogue& all) {
    const auto limited = [] { return context().with_timeout(time_for_a_request); };
    const std::string study = R"(/studies/([0-9.]+))";
    const std::string series = study + R"(/series/([0-9.]+))";
    const std::string instance = series + R"(/instances/([0-9.]+))";

    server.Get("/health", [](const auto&, auto& res) { answer(res, 200, {{"status", "ok"}}); });
    server.Get("/stage", [&n](const auto&, auto& res) { res.set_content(n.stage_json(), "application/json"); });

    server.Put(instance, [&, limited](const httplib::Request& req, httplib::Response& res) {
        auto watermark = watermark_of(req);
        if (!watermark) return answer(res, watermark.error());
        const instance_id id{req.matches[1], req.matches[2], req.matches[3]};
        auto stored = store_instance(limited(), n, all, id, *watermark, as_bytes(req.body));
        if (!stored) return answer(res, stored.error());
        answer(res, 201, {{"watermark", *stored}});
    });
    server.Get(instance, [&, limited](const httplib::Request& req, httplib::Response& res) {
        const auto found = find_stored(limited(), all, req);
        if (!found) return answer(res, found.error());
        if (found->size_bytes > most_in_memory) return get_in_blocks(res, n, *found);
        get_whole(limited(), res, n, all, *found, blob_kind::instance);
    });
    const std::pair<const char*, blob_kind> parts[] = {{"/metadata", blob_kind::metadata},
                                                       {"/frames", blob_kind::frame_ranges}};
    for (const auto& [part, kind] : parts) {
        server.Get(instance + part, [&, limited, which = kind](const httplib::Request& req, httplib::Response& res) {
            const auto found = find_stored(limited(), all, req);
            if (!found) return answer(res, found.error());
            get_whole(limited(), res, n, all, *found, which);
        });
    }
    const auto remove = [&, limited](const httplib::Request& req, httplib::Response& res) {
        const context c = limited();
        auto rows = [&]() -> result<std::vector<row>> {
            if (req.matches.size() < 4) {
                return all.list(c, req.matches[1].str(), req.matches.size() > 2 ? req.matches[2].str() : std::string());
            }
            auto one = all.find(c, req.matches[1].str(), req.matches[2].str(), req.matches[3].str());
            if (!one) return unexpected(std::move(one).error());
            return std::vector{*std::move(one)};
        }();
        if (!rows) return answer(res, rows.error());
        auto removed = remove_rows(c, n, all, *std::move(rows));
        if (!removed) return answer(res, removed.error());
        answer(res, 200, {{"removed", *removed}});
    };
    server.Delete(instance, remove);
    server.Delete(series, remove);
    server.Delete(study, remove);
}

}  // namespace dual_service
