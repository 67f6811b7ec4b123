// SPDX-License-Identifier: MIT
//
// What a blob is (an instance and a kind), and what a naming policy promises about the name it gives it.
//
// Row: naming (core).   Tests: tests/naming/naming_policy.test.cpp

#ifndef BLOBSHIFT_NAMING_NAMING_POLICY_HPP
#define BLOBSHIFT_NAMING_NAMING_POLICY_HPP

#include <array>        // array
#include <compare>      // operator<=>
#include <concepts>     // same_as
#include <cstdint>      // int64_t
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1 {

/// Which of an instance's blobs. The values are kept in files: none is ever reused.
enum class blob_kind : unsigned char {
    instance = 0,      ///< The DICOM file itself.
    metadata = 1,      ///< Its attributes without bulk data, as DICOM JSON.
    frame_ranges = 2,  ///< Where each frame lies in the file, as JSON.
    work_item = 3,     ///< A unified procedure step, as DICOM JSON. Has a watermark sequence of its own.
};

inline constexpr std::array<blob_kind, 4> all_blob_kinds = {blob_kind::instance, blob_kind::metadata,
                                                            blob_kind::frame_ranges, blob_kind::work_item};

/// The enumerator's own spelling.
[[nodiscard]] constexpr std::string_view to_string(blob_kind kind) noexcept {
    switch (kind) {
        case blob_kind::instance: return "instance";
        case blob_kind::metadata: return "metadata";
        case blob_kind::frame_ranges: return "frame_ranges";
        case blob_kind::work_item: return "work_item";
    }
    return "unknown";
}

/// One version of one DICOM instance. Personal data: the UIDs lead to a patient, so an id is never printed.
///
/// UIDs are the stored text to the letter: 1.2.004 and 1.2.4 are two instances. Padding (a NUL, spaces) is stripped by
/// who reads the file. A valid watermark is at least 1; no two instances, and no two versions of one, share it.
struct instance_id {
    std::string study = {};   ///< Study Instance UID.
    std::string series = {};  ///< Series Instance UID.
    std::string sop = {};     ///< SOP Instance UID. For a work item: its UID, and the two above are empty.
    std::int64_t watermark = 0;

    friend bool operator==(const instance_id&, const instance_id&) = default;
    friend auto operator<=>(const instance_id&, const instance_id&) = default;
};

/// What is true of every name of a policy.
struct naming_traits {
    bool unique = false;      ///< No two pairs of id and kind share a name.
    bool immutable = false;   ///< A name stands for one content for ever: a changed instance gets another name.
    bool invertible = false;  ///< `parse` gives back the whole id; if false, at least watermark and kind.
    bool personal = false;    ///< Names hold UIDs or what can be traced back to them, so listings and logs do, too.

    friend bool operator==(const naming_traits&, const naming_traits&) = default;
};

/// What a name says.
struct parsed_name {
    instance_id id;  ///< UIDs that the name does not hold are empty.
    blob_kind kind = blob_kind::instance;
    std::string_view dialect = {};  ///< Empty: the spelling that `name_of` gives. Else the constant of the policy
                                    ///< that names the other spelling; it lives as long as the program.
};

/// Turns an id and a kind into a name, and a name back into what it says.
///
/// \par Synopsis  (`p` is a const lvalue of `P`)
/// | expression            | result              | meaning                                                           |
/// |-----------------------|---------------------|-------------------------------------------------------------------|
/// | `p.name_of(id, kind)` | result<blob_name>   | the one name; errc::invalid_argument: not an id that can be named |
/// |                       |                     | errc::unsupported: this policy has no name for that kind          |
/// | `p.parse(n)`          | result<parsed_name> | what `n` says; errc::invalid_argument: not a name of this policy  |
/// | `p.traits()`          | naming_traits       | the same at every call                                            |
///
/// \par Semantic requirements (no compiler checks these)
///   - Pure: the same arguments give the same answer, in every process and for ever. No clock, no random.
///   - parse(name_of(id, kind)) says watermark and kind, and every UID that the name holds, with an empty dialect.
///   - A parse with an empty dialect is exact: name_of of what it says is the name again. So leading zeros, signs and
///     values that do not fit are no names.
///   - `parse` is called for every blob of a listing, tens of millions of times, and most often for names of another
///     policy: it looks at the text and allocates for little but the UIDs it returns. Its error has no subject.
///   - No message holds a UID or a name.
///   - All members may be called from several threads at once. They throw nothing but std::bad_alloc.
///
/// \par Models  uid_names, prefix_names, template_names.
template <class P>
concept NamingPolicy = requires(const P& p, const instance_id& id, blob_kind kind, const blob_name& n) {
    { p.name_of(id, kind) } -> std::same_as<result<blob_name>>;
    { p.parse(n) } -> std::same_as<result<parsed_name>>;
    { p.traits() } -> std::same_as<naming_traits>;
};

}  // namespace blobshift::inline v1

#endif
