// SPDX-License-Identifier: MIT
//
// One record of a change feed: which fields it must have, and what makes one of them impossible.
//
// Row: config (core, naming).   Tests: tests/config/change_feed.test.cpp

#ifndef BLOBSHIFT_CONFIG_FEED_RECORD_HPP
#define BLOBSHIFT_CONFIG_FEED_RECORD_HPP

#include <array>         // array
#include <charconv>      // from_chars
#include <cstddef>       // size_t
#include <cstdint>       // int64_t
#include <optional>      // optional
#include <string>        // string
#include <string_view>   // string_view
#include <system_error>  // errc
#include <utility>       // move

#include <blobshift/config/setting_values.hpp>
#include <blobshift/config/utc_text.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/naming/name_parts.hpp>
#include <blobshift/naming/naming_policy.hpp>

namespace blobshift::inline v1 {

/// A removal that a feed tells of. Personal data.
struct feed_removal {
    std::int64_t sequence = 0;
    instance_id id = {};  ///< Its watermark is 0 if the feed does not say which version it was.
    utc_time when = {};
    bool replaced =
        false;  ///< The same UIDs were stored again later: without a watermark, nothing may be removed by them.
};

namespace detail {

/// The values of a record as they come, by field.
class feed_record {
public:
    struct complete_record {
        std::int64_t sequence = 0;
        std::optional<feed_removal> removal = {};  ///< Nothing: the record tells of something else.
    };

    /// Keeps the value of a field; others than those below are passed over. Nothing, or null: as if it were not there.
    ///
    /// \return errc::invalid_argument if it is there already: capital and small letters make no difference.
    [[nodiscard]] result<void> set(std::string_view name, std::optional<std::string_view> text) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (!text || !equal_ignoring_case(names[i], name)) continue;
            if (values_[i]) return fail(errc::invalid_argument, std::string(names[i]) + " stands there twice");
            values_[i] = std::string(*text);
        }
        return {};
    }

    /// \param last  The sequence of the record before it.
    /// \return errc::invalid_argument naming the first field that is missing or impossible, never its value.
    [[nodiscard]] result<complete_record> complete(std::int64_t last) const {
        complete_record done;
        done.sequence = number(sequence);
        if (done.sequence <= last) return wrong(sequence, "a whole number above that of the record before it");
        for (const field uid : {study, series, sop}) {
            if (!is_uid(text(uid))) return wrong(uid, "1 to 64 digits and dots, the last one a digit");
        }
        const bool removed = is(action, "delete");
        if (!removed && !is(action, "create") && !is(action, "update"))
            return wrong(action, "create, update or delete");
        const auto when = parse_utc(text(timestamp));
        if (!when) return wrong(timestamp, "a time with its zone, like 2022-08-01T09:30:00Z");
        const bool replaced = is(state, "replaced");
        if (!replaced && !is(state, "deleted") && !is(state, "current")) {
            return wrong(state, "current, replaced or deleted");
        }
        if (removed && is(state, "current")) return wrong(state, "replaced or deleted after a removal");
        // In another partition the same UIDs may be somebody else's, and names do not tell partitions apart.
        if (values_[partition] && !is(partition, "Microsoft.Default")) {
            return wrong(partition,
                         "Microsoft.Default: removals in other data partitions cannot be told from it by name");
        }
        const std::int64_t known = number(watermark);
        if (values_[watermark] && known <= 0) return wrong(watermark, "a whole number of at least 1");
        if (removed) {
            done.removal = feed_removal{.sequence = done.sequence,
                                        .id = {text(study), text(series), text(sop), known},
                                        .when = *when,
                                        .replaced = replaced};
        }
        return done;
    }

private:
    enum field : std::size_t { sequence, study, series, sop, action, timestamp, state, partition, watermark };
    static constexpr std::array<std::string_view, 9> names = {
        "Sequence", "StudyInstanceUid", "SeriesInstanceUid", "SopInstanceUid", "Action", "Timestamp",
        "State",    "PartitionName",    "OriginalWatermark"};

    [[nodiscard]] static unexpected wrong(field which, std::string_view allowed) {
        return fail(errc::invalid_argument, std::string(names[which]) + " is " + std::string(allowed));
    }
    /// Empty: it is not there.
    [[nodiscard]] std::string text(field which) const { return values_[which].value_or(std::string()); }
    [[nodiscard]] bool is(field which, std::string_view word) const { return equal_ignoring_case(text(which), word); }
    /// 0: it is not there, or no whole number of 64 bits.
    [[nodiscard]] std::int64_t number(field which) const {
        const std::string digits = text(which);
        const char* const end = digits.data() + digits.size();
        std::int64_t value = 0;
        const auto read = std::from_chars(digits.data(), end, value);
        return read.ec == std::errc{} && read.ptr == end ? value : 0;
    }

    std::array<std::optional<std::string>, names.size()> values_ = {};
};

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
