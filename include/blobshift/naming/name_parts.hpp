// SPDX-License-Identifier: MIT
//
// The parts that names are put together from: UIDs, numbers as decimal text, the endings of the kinds.
//
// Row: naming (core).   Tests: tests/naming/name_parts.test.cpp

#ifndef BLOBSHIFT_NAMING_NAME_PARTS_HPP
#define BLOBSHIFT_NAMING_NAME_PARTS_HPP

#include <array>         // array
#include <charconv>      // from_chars, to_chars
#include <cstddef>       // size_t
#include <cstdint>       // int64_t
#include <optional>      // optional
#include <string>        // string
#include <string_view>   // string_view
#include <system_error>  // errc

#include <blobshift/naming/naming_policy.hpp>

namespace blobshift::inline v1::detail {

/// Of a UID, and of DICOM's own rule for one.
inline constexpr std::size_t longest_uid = 64;

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// 1 to 64 digits and dots, the last one a digit.
///
/// More lenient than DICOM (PS3.5 9.1), as archives are: components with leading zeros and empty components are met in
/// the field, and they are names like any other. The digit at the end keeps the segment from ending in a dot.
[[nodiscard]] constexpr bool is_uid(std::string_view text) noexcept {
    if (text.empty() || text.size() > longest_uid || !is_digit(text.back())) return false;
    for (const char c : text) {
        if (!is_digit(c) && c != '.') return false;
    }
    return true;
}

/// \param which  Whose UID it is, e.g. "study".
[[nodiscard]] inline result<void> validate_uid(std::string_view which, std::string_view uid) {
    if (is_uid(uid)) return {};
    return fail(errc::invalid_argument,
                "a " + std::string(which) + " UID is 1 to 64 digits and dots, the last one a digit", uid);
}

[[nodiscard]] inline result<void> validate_watermark(std::int64_t watermark) {
    if (watermark >= 1) return {};
    return fail(errc::invalid_argument, "a watermark is at least 1");
}

/// A number as digits, without padding and without an allocation.
class number_text {
public:
    template <class Integer>
    explicit number_text(Integer value, int base = 10) noexcept {
        const auto [end, error] = std::to_chars(digits_.data(), digits_.data() + digits_.size(), value, base);
        size_ = error == std::errc{} ? static_cast<std::size_t>(end - digits_.data()) : 0;
    }

    [[nodiscard]] std::string_view view() const noexcept { return {digits_.data(), size_}; }

private:
    std::array<char, 20> digits_{};  ///< What the longest 64-bit number takes, in base 10 or 16.
    std::size_t size_ = 0;
};

/// Takes a number of at least 1 from the front of `text`: as number_text prints it, so with neither sign nor leading
/// zero. Zero, and nothing taken, if there is none.
[[nodiscard]] inline std::int64_t take_number(std::string_view& text) noexcept {
    if (text.empty() || !is_digit(text.front()) || text.front() == '0') return 0;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return 0;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

/// What stands behind the watermark in the names of the reference system.
[[nodiscard]] constexpr std::string_view ending_of(blob_kind kind) noexcept {
    switch (kind) {
        case blob_kind::instance: return ".dcm";
        case blob_kind::metadata: return "_metadata.json";
        case blob_kind::frame_ranges: return "_frames_range.json";
        case blob_kind::work_item: return "_workitem.json";
    }
    return {};
}

[[nodiscard]] constexpr std::optional<blob_kind> kind_with_ending(std::string_view ending) noexcept {
    for (const blob_kind kind : all_blob_kinds) {
        if (ending == ending_of(kind)) return kind;
    }
    return std::nullopt;
}

}  // namespace blobshift::inline v1::detail

#endif
