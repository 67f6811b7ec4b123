// SPDX-License-Identifier: MIT
//
// Numbers over time as a picture: plain SVG, which takes its colours from the page.

#ifndef BLOBSHIFT_CLI_REPORT_CHART_HPP
#define BLOBSHIFT_CLI_REPORT_CHART_HPP

#include <string>  // string
#include <vector>  // vector

#include "report_reader.hpp"

namespace blobshift::cli {

/// How much was done in each of equally long parts of a run.
struct throughput {
    double seconds = 0;  ///< Of the whole run.
    std::vector<double> objects_per_second = {};
    std::vector<double> bytes_per_second = {};
    struct phase {
        std::string name;
        double from = 0;  ///< In seconds.
        double to = 0;
    };
    std::vector<phase> phases = {};
};

[[nodiscard]] throughput throughput_of(const report_data& data);

/// An SVG element: an area with its axes, and below it a strip of the phases.
///
/// \param title  For who cannot see it, and as the name of what is shown. Plain text.
/// \param bytes  Numbers are bytes, not objects.
[[nodiscard]] std::string chart(const throughput& run, const std::string& title, bool bytes);

/// "12,345".
[[nodiscard]] std::string grouped(std::uint64_t number);
/// "1 h 02 min", "3 min 20 s", "4.2 s", "80 ms".
[[nodiscard]] std::string duration_text(double seconds);
/// `text` as text of an HTML page, in which nothing of it is a tag, an entity or a control character.
[[nodiscard]] std::string escaped(const std::string& text);

}  // namespace blobshift::cli

#endif
