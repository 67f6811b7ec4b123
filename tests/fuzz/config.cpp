// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <blobshift/config/appsettings.hpp>
#include <blobshift/config/change_feed.hpp>
#include <blobshift/config/utc_text.hpp>

#include "targets.hpp"

namespace fuzz {

using namespace blobshift;

namespace {

/// A settings file that says the same.
[[nodiscard]] std::string printed(const migration_settings& s) {
    std::ostringstream out;
    out.precision(std::numeric_limits<double>::max_digits10);
    const auto text = [&](const char* key, const std::string& value) {
        if (!value.empty()) out << ",\n\"" << key << "\": \"" << value << '"';
    };
    out << R"({"DicomServer": {"Services": {"BlobMigration": {"StartCopy": )" << (s.start_copy ? "true" : "false");
    text("FormatType", std::string(to_string(s.format)));
    text("StartDelete", s.start_delete ? "TRUE" : "False");
    text("CopyFileOperationId", s.copy_operation_id);
    text("DeleteFileOperationId", s.delete_operation_id);
    text("CleanupDeletedFileOperationId", s.cleanup_operation_id);
    if (s.cleanup_since) text("CleanupFilterTimeStamp", utc_text(*s.cleanup_since));
    text("LogOldFormatUsage", s.log_old_format_usage ? "true" : "false");
    out << ", \"BatchSize\": " << s.batch_size
        << ", \"Concurrency\": " << (s.concurrency == 0 ? "\"auto\"" : std::to_string(s.concurrency));
    out << ", \"RequestsPerSecond\": " << s.requests_per_second;
    text("FilesContainer", s.files_container);
    text("MetadataContainer", s.metadata_container);
    out << "}}}}";
    return out.str();
}

[[nodiscard]] bool same(const migration_settings& a, const migration_settings& b) {
    return a.format == b.format && a.start_copy == b.start_copy && a.start_delete == b.start_delete &&
           a.copy_operation_id == b.copy_operation_id && a.delete_operation_id == b.delete_operation_id &&
           a.cleanup_operation_id == b.cleanup_operation_id && a.cleanup_since == b.cleanup_since &&
           a.log_old_format_usage == b.log_old_format_usage && a.batch_size == b.batch_size &&
           a.concurrency == b.concurrency && a.requests_per_second == b.requests_per_second &&
           a.files_container == b.files_container && a.metadata_container == b.metadata_container;
}

/// A year before 0 or behind 9999 has no text.
[[nodiscard]] bool can_be_written(utc_time when) {
    return when >= std::chrono::sys_days(std::chrono::year(1) / 1 / 1) &&
           when < std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
}

void check_settings(std::string_view json, std::span<const setting_override> environment) {
    const auto read = parse_settings(json, environment);
    if (!read || (read->cleanup_since && !can_be_written(*read->cleanup_since))) return;
    const auto again = parse_settings(printed(*read));
    require(again && same(*read, *again), "settings that were read are printed and read again");
}

/// A settings file; lines `NAME=VALUE` in front of it are the environment.
void settings(std::string_view input) {
    std::vector<setting_override> environment;
    for (std::size_t line = input.find('\n'); line != std::string_view::npos; line = input.find('\n')) {
        const std::size_t equals = input.substr(0, line).find('=');
        if (equals == std::string_view::npos || input.front() == '{') break;
        environment.push_back({input.substr(0, equals), input.substr(equals + 1, line - equals - 1)});
        input.remove_prefix(line + 1);
    }
    check_settings(input, environment);
}

/// Gives the text in pieces of `most` bytes.
struct piecewise {
    std::string_view rest;
    std::size_t most;

    result<std::size_t> read(byte_span out) {
        const std::size_t count = std::min({rest.size(), out.size(), most});
        std::memcpy(out.data(), rest.data(), count);
        rest.remove_prefix(count);
        return count;
    }
};

struct feed_content {
    std::vector<feed_removal> removals = {};
    result<feed_counts> counts = feed_counts();
};

[[nodiscard]] feed_content read_feed(std::string_view text, std::size_t most, const feed_filter& filter = {}) {
    feed_content content;
    piecewise source{text, most};
    content.counts = read_change_feed(source, filter, [&](feed_removal&& r) -> result<void> {
        content.removals.push_back(std::move(r));
        return {};
    });
    return content;
}

[[nodiscard]] bool same(const std::vector<feed_removal>& a, const std::vector<feed_removal>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const feed_removal& x, const feed_removal& y) {
        return x.sequence == y.sequence && x.id == y.id && x.when == y.when && x.replaced == y.replaced;
    });
}

void change_feed(std::string_view input) {
    const feed_content whole = read_feed(input, input.size() + 1);
    const feed_content bytewise = read_feed(input, 1);
    require(whole.counts.has_value() == bytewise.counts.has_value() && same(whole.removals, bytewise.removals),
            "a feed means the same in whatever pieces it comes");
    if (!whole.counts) {
        require(whole.counts.error().message == bytewise.counts.error().message, "and is refused for the same reason");
        require(whole.counts.error().message.find("1.2.826") == std::string::npos, "the reason holds no value");
        return;
    }
    require(whole.counts->given == whole.removals.size(), "what was given was counted");
    std::string printed = "[";
    for (const feed_removal& r : whole.removals) {
        if (!can_be_written(r.when)) return;
        printed += (printed.size() > 1 ? "," : "") + std::string("{\"Sequence\":") + std::to_string(r.sequence) +
                   ",\"StudyInstanceUid\":\"" + r.id.study + "\",\"SeriesInstanceUid\":\"" + r.id.series +
                   "\",\"SopInstanceUid\":\"" + r.id.sop + "\",\"Action\":\"Delete\",\"Timestamp\":\"" +
                   utc_text(r.when) + "\",\"State\":\"" + (r.replaced ? "Replaced" : "Deleted") + '"';
        if (r.id.watermark > 0) printed += ",\"OriginalWatermark\":" + std::to_string(r.id.watermark);
        printed += '}';
    }
    const feed_content again = read_feed(printed + "]", 7);
    require(again.counts && same(again.removals, whole.removals), "removals that were read are printed and read again");
    const feed_content none = read_feed(input, 64, {.after_sequence = whole.counts->last_sequence});
    require(none.counts && none.removals.empty(), "nothing comes behind the last one");
}

void utc_times(std::string_view input) {
    const auto when = parse_utc(input);
    if (when && can_be_written(*when))
        require(parse_utc(utc_text(*when)) == when, "a time that was read is written and read again");
}

constexpr target targets[] = {{"settings", settings}, {"change_feed", change_feed}, {"utc_time", utc_times}};

}  // namespace

std::span<const target> config_targets() { return targets; }

}  // namespace fuzz
