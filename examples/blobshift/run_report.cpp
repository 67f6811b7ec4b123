// SPDX-License-Identifier: MIT
#include "run_report.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <blobshift/config/utc_text.hpp>
#include <blobshift/version.hpp>

namespace blobshift::cli {

namespace {

[[nodiscard]] std::string program_text() {
    return "blobshift " + std::to_string(BLOBSHIFT_VERSION_MAJOR) + "." + std::to_string(BLOBSHIFT_VERSION_MINOR) +
           "." + std::to_string(BLOBSHIFT_VERSION_PATCH);
}

[[nodiscard]] std::string progress_line(std::chrono::milliseconds at, const progress_event& event) {
    json line = {{"at_ms", at.count()}};
    line.update(progress_json(event));
    return json_line(line);
}

}  // namespace

run_report::run_report(const std::string& path, const time_source& clock, std::string_view command, json settings)
    : file_(path),
      clock_(clock),
      began_(clock.now()),
      first_line_(json_line({{"report", "blobshift"},
                             {"version", 1},
                             {"command", command},
                             {"program", program_text()},
                             {"started", utc_text(clock.utc_now())},
                             {"settings", std::move(settings)}})) {}

std::chrono::milliseconds run_report::age() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began_);
}

void run_report::add(std::string_view line) {
    if (!first_line_.empty()) file_.write(std::exchange(first_line_, {}));
    file_.write(line);
}

void run_report::begin_container(std::size_t number, std::string_view role) {
    add(json_line({{"container", number}, {"role", role}}));
}

void run_report::add_object(std::string_view line) { add(line); }

void run_report::add_progress(const progress_event& event) {
    const std::chrono::milliseconds now = age();
    const bool other_phase = event.phase != phase_ || event.pass != pass_ || event.objects < unkept_.objects;
    if (other_phase && has_unkept_) {
        unkept_.phase = phase_;
        add(progress_line(now, unkept_));
    }
    // Some 500 lines for the first minute, and 500 more for each time that the run takes e times as long.
    const auto pause = std::max(std::chrono::milliseconds(100), now / 500);
    const bool keep = other_phase || !kept_ || now - *kept_ >= pause;
    if (other_phase) {
        phase_ = event.phase;
        pass_ = event.pass;
    }
    unkept_ = event;
    unkept_.phase = {};
    has_unkept_ = !keep;
    if (!keep) return;
    kept_ = now;
    add(progress_line(now, event));
    file_.flush();
}

result<void> run_report::finish(exit_code code, const json& came_to) {
    const std::chrono::milliseconds now = age();
    if (has_unkept_) {
        unkept_.phase = phase_;
        add(progress_line(now, unkept_));
    }
    json last = {
        {"finished", utc_text(clock_.utc_now())}, {"duration_ms", now.count()}, {"exit_code", static_cast<int>(code)}};
    last.update(came_to);
    add(json_line(last));
    return file_.finish();
}

}  // namespace blobshift::cli
