// SPDX-License-Identifier: MIT
//
// The removals in a change feed of the reference system, from a file of any size in little memory.
//
// Row: config (core, naming, store).   Tests: tests/config/change_feed.test.cpp

#ifndef BLOBSHIFT_CONFIG_CHANGE_FEED_HPP
#define BLOBSHIFT_CONFIG_CHANGE_FEED_HPP

#include <cstdint>      // int64_t, uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/config/feed_record.hpp>
#include <blobshift/config/feed_text.hpp>
#include <blobshift/config/json.hpp>
#include <blobshift/core/function_ref.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/store/transfer.hpp>

namespace blobshift::inline v1 {

/// Which removals are wanted. If both are set, both must be fulfilled.
struct feed_filter {
    std::optional<utc_time> since = {};  ///< Only those of this moment or later. Clocks jump: the other one is better.
    std::int64_t after_sequence = 0;     ///< Only those with a higher sequence.
};

struct feed_counts {
    std::uint64_t records = 0;
    std::uint64_t removals = 0;      ///< Of the records: those that tell of a removal.
    std::uint64_t given = 0;         ///< Of the removals: those that the filter let through.
    std::int64_t last_sequence = 0;  ///< Of the last record: what `after_sequence` may be the next time.
};

namespace detail {

/// Finds the records in a feed, and gives on the removals.
class feed_reader final : public json_events {
public:
    feed_reader(feed_text& text, const feed_filter& filter, function_ref<result<void>(feed_removal&&)> take)
        : json_events(256), text_(text), filter_(filter), take_(take) {}

    /// Reads the next record that stands alone, or the next array of them. Only when there is more text.
    [[nodiscard]] result<void> read_value() {
        record_depth_ = 0;
        if (read(feed_text::iterator(text_), feed_text::iterator(), false)) return {};
        if (!failure_) return std::move(failure_);
        if (!text_.source()) return std::move(text_.source());
        std::string where = "line " + std::to_string(text_.line());
        where += number_ > 0 ? ", record " + std::to_string(number_) + ": " : ": ";
        if (text_.record_is_too_large()) return fail(errc::invalid_argument, where + "it is larger than 16 MiB");
        return fail(errc::invalid_argument, where + problem());
    }
    [[nodiscard]] const feed_counts& counts() const noexcept { return counts_; }

private:
    bool on_begin(bool is_object) override {
        if (depth() == 0 && !is_object) {
            record_depth_ = 1;
        } else if (depth() == record_depth_) {
            ++number_;
            record_ = {};
            return is_object || refuse("it is not an object");
        }
        return true;
    }
    bool on_end() override {
        if (depth() != record_depth_) return true;
        text_.begin_record();
        auto done = record_.complete(counts_.last_sequence);
        if (!done) return refuse(done.error().message);
        ++counts_.records;
        counts_.last_sequence = done->sequence;
        if (!done->removal) return true;
        ++counts_.removals;
        if (done->sequence <= filter_.after_sequence || (filter_.since && done->removal->when < *filter_.since))
            return true;
        ++counts_.given;
        failure_ = take_(*std::move(done->removal));
        return failure_.has_value();
    }
    bool on_name(std::string& name) override {
        if (depth() == record_depth_ + 1) field_ = std::move(name);
        return true;
    }
    bool on_scalar(std::optional<std::string_view> value) override {
        if (depth() > record_depth_ + 1) return true;  // of the instance's metadata
        if (depth() <= record_depth_) {
            ++number_;
            return refuse("it is not an object");
        }
        auto kept = record_.set(field_, value);
        return kept || refuse(kept.error().message);
    }

    feed_text& text_;
    feed_filter filter_;
    function_ref<result<void>(feed_removal&&)> take_;
    feed_record record_ = {};
    std::string field_ = {};
    int record_depth_ = 0;      ///< How deep a record lies: 1 in an array of them, else 0.
    std::uint64_t number_ = 0;  ///< Of the record that was begun last, from 1.
    feed_counts counts_ = {};
    result<void> failure_ = {};  ///< Of `take_`.
};

}  // namespace detail

/// Reads a feed and gives the removals that `filter` lets through to `take`, in their order.
///
/// The feed is what the service gave: an array of records, the arrays of its pages one after another, or one record a
/// line. Each record must have `Sequence`, above that of the one before it, `StudyInstanceUid`, `SeriesInstanceUid`,
/// `SopInstanceUid`, `Action`, `Timestamp` and `State`; `OriginalWatermark`, which the service's database knows, may be
/// added. All else is passed over.
///
/// \param take  Called before the rest of the feed was looked at. To act on a feed only if all of it is sound, read it
///        twice.
/// \return the counts; the first error of `source` or `take`; or errc::invalid_argument with line and record, for what
///         is corrupt, foreign, nested too deep or too large. No value of a record is in the message.
/// \par Complexity  Linear; memory for one record, which may have 16 MiB.
template <ByteSource Source>
[[nodiscard]] result<feed_counts> read_change_feed(Source& source, const feed_filter& filter,
                                                   function_ref<result<void>(feed_removal&&)> take) {
    const auto fill = [&](byte_span out) { return source.read(out); };
    detail::feed_text text(fill);
    detail::feed_reader reader(text, filter, take);
    bool any = false;
    for (text.skip_blanks(); text.more(); text.skip_blanks()) {
        any = true;
        if (auto done = reader.read_value(); !done) return unexpected(std::move(done).error());
    }
    if (!text.source()) return unexpected(std::move(text.source()).error());
    if (!any) return fail(errc::invalid_argument, "it is empty; a feed without a record is []");
    return reader.counts();
}

}  // namespace blobshift::inline v1

#endif
