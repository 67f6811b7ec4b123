// SPDX-License-Identifier: MIT
//
// The two schemes of the reference system, byte for byte: names that show the UIDs (Old), and names that do not (New).
//
// Row: naming (core).   Tests: tests/naming/dicom_names.test.cpp

#ifndef BLOBSHIFT_NAMING_DICOM_NAMES_HPP
#define BLOBSHIFT_NAMING_DICOM_NAMES_HPP

#include <cstddef>      // size_t
#include <cstdint>      // int64_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/xxh64.hpp>
#include <blobshift/naming/name_parts.hpp>
#include <blobshift/naming/naming_policy.hpp>
#include <blobshift/naming/xxh32.hpp>

namespace blobshift::inline v1 {

/// The Old names, which show the UIDs to everybody who may list:
///
/// | kind          | name                                                  |
/// |---------------|-------------------------------------------------------|
/// | instance      | `{study}/{series}/{sop}_{watermark}.dcm`              |
/// | metadata      | `{study}/{series}/{sop}_{watermark}_metadata.json`    |
/// | frame ranges  | none: errc::unsupported                               |
/// | work item     | none: errc::unsupported; see `dialect_keyed`          |
///
/// A UID is 1 to 64 digits and dots, the last one a digit, and is written to the letter. This takes more than DICOM
/// allows (leading zeros, empty components), because such UIDs are in archives; no two of them share a name.
class uid_names {
public:
    /// `{uid}_{key}_{watermark}_workitem.json`: the reference system's first spelling of a work item. The key is a row
    /// number of its database, which an id does not hold, so the name can be read but not made: `parse` gives
    /// the work item's UID (as `sop`) and its watermark, enough to move the blob to its New name.
    static constexpr std::string_view dialect_keyed = "keyed";

    [[nodiscard]] static constexpr naming_traits traits() noexcept {
        return {.unique = true, .immutable = true, .invertible = true, .personal = true};
    }

    /// \return errc::invalid_argument for a UID or a watermark that breaks its rule.
    /// \par Complexity  Two allocations.
    [[nodiscard]] result<blob_name> name_of(const instance_id& id, blob_kind kind) const {
        if (kind != blob_kind::instance && kind != blob_kind::metadata) {
            return fail(errc::unsupported, "the old scheme has names for instances and metadata only");
        }
        if (auto fine = detail::validate_uid("study", id.study); !fine) return unexpected(std::move(fine).error());
        if (auto fine = detail::validate_uid("series", id.series); !fine) return unexpected(std::move(fine).error());
        if (auto fine = detail::validate_uid("sop", id.sop); !fine) return unexpected(std::move(fine).error());
        if (auto fine = detail::validate_watermark(id.watermark); !fine) return unexpected(std::move(fine).error());
        std::string text;
        text.reserve(id.study.size() + id.series.size() + id.sop.size() + 40);
        text.append(id.study).append("/").append(id.series).append("/").append(id.sop).append("_");
        text.append(detail::number_text(id.watermark).view()).append(detail::ending_of(kind));
        return blob_name::parse(text);
    }

    /// \par Complexity  Linear; the allocations are those of the UIDs and, for a foreign name, of the message.
    [[nodiscard]] result<parsed_name> parse(const blob_name& n) const {
        const std::string_view text = n.text();
        const std::size_t first = text.find('/');
        if (first == std::string_view::npos) return parse_keyed(text);
        const std::size_t second = text.find('/', first + 1);
        if (second == std::string_view::npos) return foreign();
        const std::size_t third = text.find('_', second + 1);
        if (third == std::string_view::npos) return foreign();

        const std::string_view study = text.substr(0, first);
        const std::string_view series = text.substr(first + 1, second - first - 1);
        const std::string_view sop = text.substr(second + 1, third - second - 1);
        std::string_view rest = text.substr(third + 1);
        const std::int64_t watermark = detail::take_number(rest);
        const auto kind = detail::kind_with_ending(rest);
        if (watermark == 0 || (kind != blob_kind::instance && kind != blob_kind::metadata)) return foreign();
        if (!detail::is_uid(study) || !detail::is_uid(series) || !detail::is_uid(sop)) return foreign();
        return parsed_name{{std::string(study), std::string(series), std::string(sop), watermark}, *kind, {}};
    }

private:
    [[nodiscard]] static result<parsed_name> parse_keyed(std::string_view text) {
        const std::string_view uid = text.substr(0, text.find('_'));
        if (uid.size() == text.size() || !detail::is_uid(uid)) return foreign();
        std::string_view rest = text.substr(uid.size() + 1);
        if (detail::take_number(rest) == 0 || !rest.starts_with('_')) return foreign();
        rest.remove_prefix(1);
        const std::int64_t watermark = detail::take_number(rest);
        if (watermark == 0 || rest != detail::ending_of(blob_kind::work_item)) return foreign();
        return parsed_name{{{}, {}, std::string(uid), watermark}, blob_kind::work_item, dialect_keyed};
    }

    [[nodiscard]] static unexpected foreign() { return fail(errc::invalid_argument, "not a name of the old scheme"); }
};

/// The New names, which say nothing of a patient:
///
/// | kind          | name                                     |
/// |---------------|------------------------------------------|
/// | instance      | `{p}_{watermark}.dcm`                    |
/// | metadata      | `{p}_{watermark}_metadata.json`          |
/// | frame ranges  | `{p}_{watermark}_frames_range.json`      |
/// | work item     | `{p}_{watermark}_workitem.json`          |
///
/// `p` is the first 3 characters of the decimal text of XXH64 (seed 0) over the decimal text of the watermark: `132`
/// for 1. It is skewed (half of all blobs have one of the 85 prefixes 100 to 184), so work must not be divided by it.
/// Only the watermark of an id is looked at; `parse` leaves the UIDs empty.
class prefix_names {
public:
    /// Release 8.0.62 of the reference system: `p` from XXH32 with its bytes swapped. `299_1.dcm` for 1.
    static constexpr std::string_view dialect_8_0_62 = "8.0.62";
    /// Releases 10.0.228 to 10.0.242: frame ranges as `{p}_ {watermark}_frames_range.json`.
    static constexpr std::string_view dialect_spaced = "spaced";

    [[nodiscard]] static constexpr naming_traits traits() noexcept {
        return {.unique = true, .immutable = true, .invertible = false, .personal = false};
    }

    /// \return errc::invalid_argument for a watermark below 1.
    /// \par Complexity  Two allocations.
    [[nodiscard]] result<blob_name> name_of(const instance_id& id, blob_kind kind) const {
        return name_of(id, kind, {});
    }

    /// The name in one of the dialects, for who must look for a blob that an old release wrote. Empty: as above.
    ///
    /// \return errc::unsupported if that dialect has no name of that kind.
    [[nodiscard]] result<blob_name> name_of(const instance_id& id, blob_kind kind, std::string_view dialect) const {
        if (auto fine = detail::validate_watermark(id.watermark); !fine) return unexpected(std::move(fine).error());
        const bool spaced = dialect == dialect_spaced;
        if (!dialect.empty() && dialect != dialect_8_0_62 && !spaced) {
            return fail(errc::invalid_argument, "the dialects of the new scheme are 8.0.62 and spaced");
        }
        if (spaced && kind != blob_kind::frame_ranges) {
            return fail(errc::unsupported, "only the names of frame ranges were ever spaced");
        }
        const detail::number_text digits(id.watermark);
        const std::string_view watermark = digits.view();
        std::string text;
        text.reserve(48);
        text.append((dialect == dialect_8_0_62 ? prefix_of_8_0_62(watermark) : prefix_of(watermark)).view());
        text.append(spaced ? "_ " : "_").append(watermark).append(detail::ending_of(kind));
        return blob_name::parse(text);
    }

    /// A name whose prefix fits the watermark by neither hash is not a name of this policy.
    ///
    /// \par Complexity  Linear; no allocation but, for a foreign name, that of the message.
    [[nodiscard]] result<parsed_name> parse(const blob_name& n) const {
        const std::string_view text = n.text();
        const std::string_view found = text.substr(0, text.find('_'));
        if (found.size() == text.size() || found.size() > prefix_length) return foreign();
        std::string_view rest = text.substr(found.size() + 1);
        const bool spaced = rest.starts_with(' ');
        if (spaced) rest.remove_prefix(1);
        const std::string_view from_watermark = rest;
        parsed_name name;
        name.id.watermark = detail::take_number(rest);
        const auto kind = detail::kind_with_ending(rest);
        if (name.id.watermark == 0 || !kind || (spaced && kind != blob_kind::frame_ranges)) return foreign();
        name.kind = *kind;

        const std::string_view watermark = from_watermark.substr(0, from_watermark.size() - rest.size());
        if (found == prefix_of(watermark).view()) {
            name.dialect = spaced ? dialect_spaced : std::string_view{};
        } else if (!spaced && found == prefix_of_8_0_62(watermark).view()) {
            name.dialect = dialect_8_0_62;
        } else {
            return fail(errc::invalid_argument, "the prefix does not fit the watermark");
        }
        return name;
    }

private:
    static constexpr std::size_t prefix_length = 3;

    /// The first 3 digits of a hash; fewer if it has fewer.
    class prefix {
    public:
        explicit prefix(std::uint64_t hash) noexcept : digits_(hash) {}
        [[nodiscard]] std::string_view view() const noexcept { return digits_.view().substr(0, prefix_length); }

    private:
        detail::number_text digits_;
    };

    [[nodiscard]] static prefix prefix_of(std::string_view watermark) noexcept { return prefix(xxh64_of(watermark)); }
    [[nodiscard]] static prefix prefix_of_8_0_62(std::string_view watermark) noexcept {
        const std::uint32_t h = detail::xxh32_of(watermark);
        return prefix((h >> 24) | ((h >> 8) & 0xFF00U) | ((h << 8) & 0xFF0000U) | (h << 24));
    }

    [[nodiscard]] static unexpected foreign() { return fail(errc::invalid_argument, "not a name of the new scheme"); }
};

static_assert(NamingPolicy<uid_names> && NamingPolicy<prefix_names>);

}  // namespace blobshift::inline v1

#endif
