// SPDX-License-Identifier: MIT
//
// A report as a page for people: one file of HTML that needs nothing else, on screen and on paper.

#ifndef BLOBSHIFT_CLI_REPORT_PAGE_HPP
#define BLOBSHIFT_CLI_REPORT_PAGE_HPP

#include <string>  // string

#include "report_reader.hpp"

namespace blobshift::cli {

/// The whole page. It has no script and asks no network; whatever the report holds is text in it, never markup.
[[nodiscard]] std::string report_page(const report_data& data);

}  // namespace blobshift::cli

#endif
