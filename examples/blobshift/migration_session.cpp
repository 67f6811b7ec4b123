// SPDX-License-Identifier: MIT
#include "migration_session.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <thread>

#include <blobshift/layers/prefix.hpp>

#include "store_address.hpp"

namespace blobshift::cli {

namespace {

/// A whole number of at least 1; 0 if `text` is none.
[[nodiscard]] std::uint32_t positive_number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

[[nodiscard]] unsigned parse_concurrency(const std::string& text) {
    constexpr unsigned most = 1024;
    if (text == "auto") return std::clamp(4 * std::thread::hardware_concurrency(), 8U, 64U);
    const unsigned value = positive_number(text);
    if (value == 0 || value > most) throw wrong_use("--concurrency is auto, or a number from 1 to 1024");
    return value;
}

/// Whether somebody must do something about an object of this outcome.
[[nodiscard]] bool is_left_behind(outcome what) {
    switch (what) {
        case outcome::pending:
        case outcome::different:
        case outcome::collision:
        case outcome::blocked:
        case outcome::changed:
        case outcome::foreign:
        case outcome::unnameable:
        case outcome::failed: return true;
        default: return false;
    }
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
    if (!o.report.empty()) report_.emplace(o.report);
}

void job_listener::on_object(const object_event& event) {
    if (is_left_behind(event.what)) {
        std::string why(event.reason);
        if (why.empty() && event.failure != nullptr) why = describe(*event.failure);
        ++of_pass_[{event.what, std::move(why)}];
    }
    // What a further look finds as the first one did has its line already.
    const bool untouched = event.what == outcome::foreign || event.what == outcome::unnameable;
    const bool again = (untouched && (pass_ > 1 || looked_ahead_)) || (event.what == outcome::present && pass_ > 1);
    if (report_ && !again) report_->write(lines_.line(event));
}

void job_listener::on_progress(const progress_event& event) {
    if (event.phase == "list" && event.objects == 0) {
        ++pass_;
        of_pass_.clear();
    }
    progress_.show(event);
}

void job_listener::begin_job() {
    pass_ = 0;
    for (const auto& [reason, objects] : of_pass_) of_jobs_[reason] += objects;
    of_pass_.clear();
}

void job_listener::begin_again() {
    begin_job();
    of_jobs_.clear();
    looked_ahead_ = true;
}

bool job_listener::finish() {
    begin_job();
    out_.clear();
    for (const auto& [reason, objects] : of_jobs_) {
        out_.say(std::to_string(objects) + " " + std::string(to_string(reason.first)) +
                 (reason.second.empty() ? "" : ": " + reason.second));
    }
    if (!of_jobs_.empty() && !(report_ && reports_names_)) {
        out_.say("to see which: --report FILE --report-names (personal data; only you can read the file)");
    }
    if (!report_) return true;
    const auto written = report_->finish();
    if (!written) out_.say("the report is not complete: " + describe(written.error()));
    return written.has_value();
}

// ---------------------------------------------------------------------------------------------------------------------

migration_session::migration_session(const migration_options& o, program& p)
    : p_(p), options_{.concurrency = parse_concurrency(o.concurrency), .part = o.part(), .dry_run = o.dry_run} {
    open(o.store, o, false);
    if (!o.metadata.empty()) open(o.metadata, o, true);
    scratch_folder_.emplace(o.scratch);
    scratch_.emplace(scratch_folder_->open());
    listener_.emplace(o, p);
}

void migration_session::open(const std::string& address, const migration_options& o, bool is_metadata) {
    if (o.rate && !(*o.rate > 0)) throw wrong_use("--rate is a number of requests a second, above 0");
    if (is_metadata && address == o.store) throw wrong_use("--metadata names the same store again; leave it out");
    const store_settings settings{.durable = parse_durability(o.durable), .requests_per_second = o.rate.value_or(0)};
    container& c = containers_.emplace_back(container{open_store(address, opening::existing, settings)});
    if (o.state.empty()) return;
    c.state = open_store(o.state, opening::existing, settings);
    // Two containers in one state: what is kept of the second must not be taken for the first's.
    if (is_metadata)
        c.state = any_store(or_fail(prefix<any_store>::make(*std::move(c.state), ".blobshift/metadata/"), "--state"));
}

}  // namespace blobshift::cli
