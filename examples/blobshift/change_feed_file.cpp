// SPDX-License-Identifier: MIT
#include "change_feed_file.hpp"

#include <utility>

#include "exit_code.hpp"
#include "file_io.hpp"

namespace blobshift::cli {

namespace {

[[nodiscard]] feed_filter filter_of(const std::string& since, std::int64_t after_sequence) {
    feed_filter filter{.since = {}, .after_sequence = after_sequence};
    if (since.empty()) return filter;
    filter.since = parse_utc(since);
    if (!filter.since) throw wrong_use("--since is a date, or a time with its zone, like 2022-08-01T09:30:00Z");
    return filter;
}

result<feed_counts> read_file(const std::string& path, const feed_filter& filter,
                              function_ref<result<void>(feed_removal&&)> take) {
    auto file = file_source::open(path);
    if (!file) return unexpected(std::move(file).error());
    return read_change_feed(*file, filter, take);
}

}  // namespace

change_feed_file::change_feed_file(std::string path, const std::string& since, std::int64_t after_sequence)
    : change_feed_file(std::move(path), filter_of(since, after_sequence)) {}

change_feed_file::change_feed_file(std::string path, const feed_filter& filter)
    : path_(std::move(path)), filter_(filter) {
    auto counts = read_file(path_, filter_, [](feed_removal&&) { return result<void>(); });
    if (!counts) throw wrong_use("the change feed " + path_ + ": " + counts.error().message);
    counts_ = *counts;
}

result<void> change_feed_file::give(function_ref<result<void>(const told_removal&)> take) const {
    auto counts = read_file(path_, filter_, [&](feed_removal&& removal) {
        return take({.id = std::move(removal.id), .when = removal.when, .replaced = removal.replaced});
    });
    if (!counts) return unexpected(std::move(counts).error());
    return {};
}

void say_doubts(console& out, std::string_view command, const told_summary& told) {
    const auto say = [&](std::uint64_t objects, std::string_view what) {
        if (objects > 0) out.say(std::string(command) + ": " + std::to_string(objects) + std::string(what));
    };
    say(told.alive, " versions may have been stored after their removal; they were left alone");
    say(told.unknown,
        " removals of unknown version: new names that no record explains may be theirs; add OriginalWatermark "
        "to the feed, from the database of the service");
    say(told.removals.outcomes.objects(outcome::collision),
        " removals tell a watermark that is another instance's; nothing of either was removed: correct the feed");
}

}  // namespace blobshift::cli
