// SPDX-License-Identifier: MIT
//
// An instance's id as a line of text, for records; and which kinds of blob an id has.
//
// Row: views (core, naming).   Tests: tests/views/instance_record.test.cpp

#ifndef BLOBSHIFT_VIEWS_INSTANCE_RECORD_HPP
#define BLOBSHIFT_VIEWS_INSTANCE_RECORD_HPP

#include <array>        // array
#include <charconv>     // from_chars
#include <cstddef>      // size_t
#include <cstdint>      // int64_t
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/result.hpp>
#include <blobshift/naming/naming_policy.hpp>

namespace blobshift::inline v1 {

namespace detail {

inline constexpr std::array instance_kinds = {blob_kind::instance, blob_kind::metadata, blob_kind::frame_ranges};
inline constexpr std::array work_item_kinds = {blob_kind::work_item};

}  // namespace detail

/// The kinds of blob that may bear this id: what a removal of it removes.
///
/// An id without a study is a work item's. The two never mix: work items count their watermarks by themselves, so the
/// work item with an instance's watermark is somebody else's.
[[nodiscard]] inline std::span<const blob_kind> kinds_of(const instance_id& id) noexcept {
    if (id.study.empty()) return detail::work_item_kinds;
    return detail::instance_kinds;
}

namespace detail {

/// Adds `study TAB series TAB sop TAB watermark`.
///
/// \return errc::invalid_argument for an id that such a line cannot hold: a control character, or a watermark below 1.
[[nodiscard]] inline result<void> append_id(std::string& line, const instance_id& id) {
    for (const std::string* uid : {&id.study, &id.series, &id.sop}) {
        for (const char c : *uid) {
            if (static_cast<unsigned char>(c) < 0x20) {
                return fail(errc::invalid_argument, "a uid has no control characters");
            }
        }
        line += *uid;
        line += '\t';
    }
    if (id.watermark < 1) return fail(errc::invalid_argument, "a watermark is at least 1");
    line += std::to_string(id.watermark);
    return {};
}

/// Takes a line apart. errc::corrupt when it is none.
[[nodiscard]] inline result<instance_id> parse_id(std::string_view line) {
    instance_id id;
    for (std::string* uid : {&id.study, &id.series, &id.sop}) {
        const std::size_t end = line.find('\t');
        if (end == std::string_view::npos) return fail(errc::corrupt, "a record of an instance lacks a field");
        *uid = line.substr(0, end);
        line.remove_prefix(end + 1);
    }
    const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), id.watermark);
    if (ec != std::errc{} || end != line.data() + line.size() || id.watermark < 1) {
        return fail(errc::corrupt, "a record of an instance has no watermark");
    }
    return id;
}

}  // namespace detail

}  // namespace blobshift::inline v1

#endif
