// SPDX-License-Identifier: MIT
#include "node.hpp"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include <blobshift/migrate/ledger.hpp>

namespace dual_service {

using namespace blobshift;

namespace {

constexpr std::array formats = {format::old_names, format::dual, format::new_names};

steady_time now() { return system_time::instance().now(); }

}  // namespace

node::node(const stores& on, node_name name, std::chrono::milliseconds lease, settings_file settings, log_line log)
    : on_(on),
      log_(std::move(log)),
      file_(std::move(settings)),
      settings_(file_.read().value()),
      lease_(lease),
      announcer_(on.state, std::move(name), {.lease = lease}),
      instances_(on.blobs, on.state, {}, settings_.format, this) {
    instances_.log_old_format_usage(settings_.log_old_format_usage);
}

result<context> node::admit_write(const context& c, format under) { return announcer_.may_write(c, under); }

result<void> node::before_new_name_only(const context& c, blob_kind kind, const blob_name& older,
                                        const blob_name& newer) {
    ledger_writer ledger(on_.ledgers.of(kind));  // without this entry, a rollback could not give the blob its old name
    ledger.add(older.text(), newer.text(), 0);
    return ledger.flush(c);
}

void node::on_old_format(blob_kind kind, std::uint64_t count) {
    log_("old format used: " + std::string(to_string(kind)) + ", " + std::to_string(count) + " reads so far");
}

void node::tick() {
    if (file_.has_changed()) reread();
    if (!announced_ || now() >= due_) announce();
}

void node::reread() {
    auto next = file_.read();
    if (!next) return log_("the settings are not taken: " + next.error().message);
    if (next->format != settings_.format) {
        log_("settings: format " + std::string(to_string(next->format)));
        announced_ = false;
    }
    settings_ = *std::move(next);
    instances_.log_old_format_usage(settings_.log_old_format_usage);
}

void node::announce() {
    const format wanted = instances_.step_towards(settings_.format);
    const bool changes = wanted != instances_.current_format();
    // The announcement ends writes under the format before; until it has done so, one may still begin.
    const std::uint64_t others = instances_.older_calls() + (changes ? 1 : 0);
    context c;
    auto permit = announcer_.announce(c.with_timeout(lease_ / 3), {.runs = wanted,
                                                                    .sealed = instances_.sealed(),
                                                                    .other_calls = others,
                                                                    .fallback_reads = instances_.old_format_reads()});
    const std::string trouble = !permit              ? "cannot announce this node: " + describe(permit.error())
                                : !permit->may_write ? "this node may not write: " + permit->why
                                                     : std::string();
    if (trouble != std::exchange(trouble_, trouble)) log_(trouble.empty() ? "this node may write" : trouble);
    if (!permit) return;
    if (changes) {
        instances_.set_format(wanted);
        log_("runs format " + std::string(to_string(wanted)));
    }
    const bool seals = permit->sealed && wanted == format::new_names && !instances_.sealed();
    if (seals) {
        instances_.set_sealed(true);
        log_("sealed: old names are not looked for any more");
    }
    announced_ = others == 0 && !changes && !seals && wanted == settings_.format;
    due_ = now() + lease_ / 3;
}

void node::withdraw() {
    if (auto gone = announcer_.withdraw(context().with_timeout(lease_)); !gone) {
        log_("cannot withdraw this node: " + describe(gone.error()));
    }
}

std::string node::stage_json() const {
    const format runs = instances_.current_format();
    const auto may = announcer_.may_write({}, runs);
    nlohmann::json in_flight = nlohmann::json::object();
    for (const format f : formats) in_flight[std::string(to_string(f))] = instances_.in_flight(f);
    return nlohmann::json{{"node", announcer_.node().text()},
                          {"format", to_string(runs)},
                          {"sealed", instances_.sealed()},
                          {"may_write", may.has_value()},
                          {"why", may ? std::string() : may.error().message},
                          {"old_format_reads", instances_.old_format_reads()},
                          {"in_flight", in_flight},
                          {"announced", announced_.load()}}
        .dump();
}

}  // namespace dual_service
