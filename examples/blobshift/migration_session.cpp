// SPDX-License-Identifier: MIT
#include "migration_session.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <thread>
#include <utility>

#include "migration_app.hpp"
#include "number.hpp"
#include "outcome_kinds.hpp"
#include "store_address.hpp"

namespace blobshift::cli {

namespace {

/// A whole number of at least 1; 0 if `text` is none.
[[nodiscard]] std::uint32_t positive_number(std::string_view text) {
    return parse_number<std::uint32_t>(text).value_or(0);
}

[[nodiscard]] unsigned parse_concurrency(const std::string& text) {
    constexpr unsigned most = 1024;
    if (text == "auto") return std::clamp(4 * std::thread::hardware_concurrency(), 8U, 64U);
    const unsigned value = positive_number(text);
    if (value == 0 || value > most) throw wrong_use("--concurrency is auto, or a number from 1 to 1024");
    return value;
}

/// What a report says of the options: neither an address nor a path.
[[nodiscard]] json settings_of(const migration_options& o) {
    json settings = {{"verify", o.level},
                     {"concurrency", o.concurrency},
                     {"durability", o.durable},
                     {"shard", o.shard_text},
                     {"dry_run", o.dry_run},
                     {"names", o.report_names},
                     {"containers", o.metadata.empty() ? 1 : 2}};
    settings.update(o.reported);
    settings["state"] = o.state.empty() ? "in the store" : "in a store of its own";
    if (o.rate) settings["requests_per_second"] = *o.rate;
    if (o.partial) settings["partial"] = true;
    if (o.reverify) settings["reverify"] = true;
    if (o.max_delete != (std::numeric_limits<std::uint64_t>::max)()) settings["max_delete"] = o.max_delete;
    return settings;
}

/// Whether a command decides about a delete, and so must know all that a delete would meet. Others need no snapshots,
/// which are entries of a listing, too.
[[nodiscard]] bool is_before_delete(std::string_view command) {
    constexpr std::string_view commands[] = {"plan", "check", "status", "delete", "run"};
    return std::find(std::begin(commands), std::end(commands), command) != std::end(commands);
}

/// Whether there are names, and none of them is of either scheme. One listing, which ends at the first that is.
[[nodiscard]] bool has_foreign_names_only(any_store& store, const context& c) {
    bool any = false;
    bool known = false;
    const auto scanned = store.scan(c, {}, [&](blob_info&& info) -> result<void> {
        any = true;
        known = prefix_names().parse(info.name) || uid_names().parse(info.name);
        if (known) return fail(errc::cancelled, "enough is seen");
        return {};
    });
    return scanned && any && !known;
}

}  // namespace

verify_level migration_options::verification() const {
    if (const auto known = parse_verify_level(level)) return *known;
    throw wrong_use("--verify is exists, size, stored_hash, computed_hash or read_bytes");
}

shard migration_options::part() const {
    const std::string_view text = shard_text;
    const std::size_t slash = text.find('/');
    const std::uint32_t number = positive_number(text.substr(0, slash));
    const std::uint32_t count = slash == std::string_view::npos ? 0 : positive_number(text.substr(slash + 1));
    if (number == 0 || number > count) throw wrong_use("--shard is I/N, from 1/N to N/N");
    return {.index = number - 1, .count = count};
}

// ---------------------------------------------------------------------------------------------------------------------

job_listener::job_listener(const migration_options& o, program& p)
    : out_(p.out), progress_(p.out, *p.ctx.clock), lines_(o.report_names), reports_names_(o.report_names) {
    if (!o.report.empty()) report_.emplace(o.report, *p.ctx.clock, o.command, settings_of(o));
}

migration_observer& job_listener::of_container(std::size_t container) {
    while (ears_.size() < container) ears_.emplace_back(*this, ears_.size() + 1);
    return ears_[container - 1];
}

void job_listener::enter(std::size_t container) {
    if (std::exchange(entered_, container) == container || !report_) return;
    report_->begin_container(container, container == 1 ? "files" : "metadata");
}

void job_listener::ear::on_object(const object_event& event) {
    const outcome_kind& kind = kind_of(event.what);
    if (kind.left_behind) {
        std::string why(event.reason);
        error like_others;
        if (event.failure != nullptr) like_others = *event.failure;
        const std::string request_id = std::exchange(like_others.request_id, {});  // each request has its own
        if (why.empty() && event.failure != nullptr) why = describe(like_others);
        bundle& same = left_behind_[{event.what, std::move(why)}];
        ++same.objects;
        if (same.request_id.empty()) same.request_id = request_id;
    }
    // What a further look finds as the first one did has its line already.
    const bool again =
        (kind.untouched && (pass_ > 1 || listener_.looked_ahead_)) || (event.what == outcome::present && pass_ > 1);
    if (!listener_.report_ || again) return;
    listener_.enter(container_);
    listener_.report_->add_object(listener_.lines_.line(event));
}

void job_listener::ear::on_progress(const progress_event& event) {
    if (event.phase == "list" && event.objects == 0) {
        ++pass_;
        left_behind_.clear();
    }
    listener_.enter(container_);
    if (listener_.report_) listener_.report_->add_progress(event);
    listener_.progress_.show(event);
}

void job_listener::ear::begin_again() {
    pass_ = 0;
    left_behind_.clear();
}

void job_listener::begin_again() {
    for (ear& each : ears_) each.begin_again();
    looked_ahead_ = true;
}

exit_code job_listener::finish(exit_code code, json came_to) {
    reasons of_all;
    for (const ear& each : ears_) {
        for (const auto& [reason, some] : each.left_behind()) {
            bundle& same = of_all[reason];
            same.objects += some.objects;
            if (same.request_id.empty()) same.request_id = some.request_id;
        }
    }
    out_.clear();
    json left_behind = json::array();
    for (const auto& [reason, same] : of_all) {
        const std::string_view what = to_string(reason.first);
        out_.say(std::to_string(same.objects) + " " + std::string(what) +
                 (reason.second.empty() ? "" : ": " + reason.second) +
                 (same.request_id.empty() ? "" : ", for example request id " + same.request_id));
        left_behind.push_back({{"outcome", what}, {"reason", reason.second}, {"objects", same.objects}});
        if (!same.request_id.empty()) left_behind.back()["request_id"] = same.request_id;
    }
    if (!of_all.empty() && !(report_ && reports_names_)) {
        out_.say("to see which: --report FILE --report-names (personal data; only you can read the file)");
    }
    if (!report_) return code;
    came_to["left_behind"] = std::move(left_behind);
    const auto written = report_->finish(code, came_to);
    if (written) return code;
    out_.say("the report is not complete: " + describe(written.error()));
    return code == exit_code::done ? exit_code::some_failed : code;
}

// ---------------------------------------------------------------------------------------------------------------------

migration_session::migration_session(const migration_options& o, program& p)
    : p_(p),
      command_(o.command),
      options_{.concurrency = parse_concurrency(o.concurrency),
               .batch_size = o.batch_size,
               .part = o.part(),
               .dry_run = o.dry_run} {
    refuse_overlaps(o.store, o.metadata, o.state);
    open(o.store, o, false);
    if (!o.metadata.empty()) open(o.metadata, o, true);
    scratch_folder_.emplace(o.scratch);
    scratch_.emplace(scratch_folder_->open());
    listener_.emplace(o, p);
    look_for_home(o);
    for (std::size_t i = 0; i < containers_.size(); ++i) {
        if (!has_foreign_names_only(containers_[i].store, p.ctx)) continue;
        p.out.say(std::string("warning: no name in ") + (i == 0 ? "STORE" : "the store of --metadata") +
                  " is one of an instance, old or new: is it the right one?");
    }
}

void migration_session::open(const std::string& address, const migration_options& o, bool is_metadata) {
    if (o.rate && !(*o.rate > 0 && std::isfinite(*o.rate))) {
        throw wrong_use("--rate is a number of requests a second, above 0, like 20 or 0.5");
    }
    const store_settings settings{.durable = parse_durability(o.durable),
                                  .requests_per_second = o.rate.value_or(0),
                                  .list_obstacles = is_before_delete(o.command)};
    container& c = containers_.emplace_back(container{open_store(p_.ctx, address, opening::existing, settings)});
    if (!o.state.empty()) c.state = open_state(p_.ctx, o.state, is_metadata, settings);
}

named_stores migration_session::named() {
    named_stores all{state(), {}};
    for (container& each : containers_) all.containers.push_back(&each.store);
    return all;
}

void migration_session::look_for_home(const migration_options& o) {
    auto found = obstacles_of_home(named(), p_.ctx);
    if (!found && found.error().code == errc::cancelled) return;  // as whatever follows will be
    auto against = or_fail(std::move(found), o.command);
    if (o.rebind) return;
    const auto is_missing = [](const obstacle& each) { return each.code == "container_missing"; };
    std::copy_if(against.begin(), against.end(), std::back_inserter(missing_), is_missing);
    std::erase_if(against, is_missing);  // commands that one container is enough for ask for no more
    const bool only_looks = o.command == "plan" || o.command == "status";
    if (!against.empty() && !only_looks) throw failure(refuse(*this, o, o.command, against), "");
    for (const obstacle& each : against) p_.out.say("warning: " + each.text);
}

result<void> migration_session::bind(bool again) {
    auto bound = bind_home(named(), p_.ctx, again);
    if (!bound && bound.error().code == errc::cancelled) return {};
    return bound;
}

void migration_session::put_on_record(bool again) {
    auto bound = bind(again);
    if (!bound && bound.error().code == errc::blocked) {
        throw failure(exit_code::refused, command_ + ": " + bound.error().message);
    }
    or_fail(std::move(bound), command_);
}

}  // namespace blobshift::cli
