// SPDX-License-Identifier: MIT
//
// How far a command is: a bar with rate and remaining time on a terminal, a line now and then elsewhere.

#ifndef BLOBSHIFT_CLI_PROGRESS_HPP
#define BLOBSHIFT_CLI_PROGRESS_HPP

#include <chrono>    // seconds
#include <cstddef>   // size_t
#include <optional>  // optional
#include <string>    // string

#include <blobshift/core/context.hpp>
#include <blobshift/migrate/progress.hpp>

#include "console.hpp"

namespace blobshift::cli {

/// \par Thread-safety  One thread.
class progress {
public:
    progress(console& out, const time_source& clock) : out_(out), clock_(clock) {}

    /// Draws, if the last time is long enough ago.
    void show(const progress_event& event);

private:
    /// What is shown of an event, `columns` characters wide if there is a terminal (0: none).
    [[nodiscard]] static std::string text_of(const progress_event& event, const progress_reading& reading,
                                             std::size_t columns);

    console& out_;
    const time_source& clock_;
    progress_meter meter_ = {};
    std::optional<steady_time> shown_ = {};
};

/// "1:02:03", or "02:03" below an hour.
[[nodiscard]] std::string clock_text(std::chrono::seconds time);

}  // namespace blobshift::cli

#endif
