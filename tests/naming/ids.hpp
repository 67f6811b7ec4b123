// SPDX-License-Identifier: MIT
//
// Ids for tests of naming: seeded random ones, and short ones made to be mistaken for each other. All are synthetic.

#ifndef BLOBSHIFT_TESTS_NAMING_IDS_HPP
#define BLOBSHIFT_TESTS_NAMING_IDS_HPP

#include <array>        // array
#include <cstdint>      // int64_t
#include <limits>       // numeric_limits
#include <random>       // mt19937_64
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <blobshift/naming/naming_policy.hpp>

namespace blobshift::test {

/// Random ids, the same ones for the same seed everywhere.
class id_source {
public:
    explicit id_source(std::uint64_t seed) : bits_(seed) {}

    /// A number below `bound`.
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(bits_() % bound); }

    /// 1 to 64 digits and dots with a digit at the end: mostly odd, as archives are.
    std::string uid() {
        std::string text(1 + (below(4) == 0 ? 63 : below(64)), '0');
        for (char& c : text) c = below(4) == 0 ? '.' : static_cast<char>('0' + below(10));
        text.back() = static_cast<char>('0' + below(10));
        return text;
    }

    /// At least 1, of every length.
    std::int64_t watermark() {
        const auto value = static_cast<std::int64_t>(bits_() >> (1 + below(63)));
        return value == 0 ? (std::numeric_limits<std::int64_t>::max)() : value;
    }

    instance_id id() { return {uid(), uid(), uid(), watermark()}; }

private:
    std::mt19937_64 bits_;
};

/// Ids whose parts are alike, so that a name without a clear border between two parts is shared by two of them.
inline std::vector<instance_id> confusable_ids() {
    constexpr std::array<std::string_view, 5> uids = {"1", "11", "1.1", "1..1", ".1"};
    constexpr std::array<std::int64_t, 4> watermarks = {1, 11, 111, 16};
    std::vector<instance_id> ids;
    for (const std::string_view study : uids) {
        for (const std::string_view series : uids) {
            for (const std::string_view sop : uids) {
                for (const std::int64_t watermark : watermarks) {
                    ids.push_back({std::string(study), std::string(series), std::string(sop), watermark});
                }
            }
        }
    }
    return ids;
}

}  // namespace blobshift::test

#endif
