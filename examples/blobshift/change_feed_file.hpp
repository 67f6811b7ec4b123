// SPDX-License-Identifier: MIT
//
// A file of the service's change feed: read to its end before the first of its removals is carried out.

#ifndef BLOBSHIFT_CLI_CHANGE_FEED_FILE_HPP
#define BLOBSHIFT_CLI_CHANGE_FEED_FILE_HPP

#include <cstdint>      // int64_t
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/config/change_feed.hpp>
#include <blobshift/migrate/told_removals.hpp>

#include "console.hpp"

namespace blobshift::cli {

class change_feed_file {
public:
    /// Reads all of the file.
    ///
    /// \param since  A time with its zone, or empty.
    /// \throws failure  wrong_use naming the line, for what is no feed or a corrupt one.
    change_feed_file(std::string path, const std::string& since, std::int64_t after_sequence);
    change_feed_file(std::string path, const feed_filter& filter);

    /// Gives its removals to `take`, in their order. \return the first error.
    result<void> give(function_ref<result<void>(const told_removal&)> take) const;

    [[nodiscard]] const feed_counts& counts() const noexcept { return counts_; }

private:
    std::string path_;
    feed_filter filter_;
    feed_counts counts_ = {};
};

/// Says, for `command`, what the removals of a feed left behind because of a doubt, and what clears it up.
void say_doubts(console& out, std::string_view command, const told_summary& told);

}  // namespace blobshift::cli

#endif
