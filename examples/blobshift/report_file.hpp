// SPDX-License-Identifier: MIT
//
// The file behind --report: JSON lines, readable by its owner only, never in place of anything but an older report.

#ifndef BLOBSHIFT_CLI_REPORT_FILE_HPP
#define BLOBSHIFT_CLI_REPORT_FILE_HPP

#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/result.hpp>

#include "file_io.hpp"

namespace blobshift::cli {

/// How every report begins.
inline constexpr std::string_view report_beginning = "{\"report\":\"blobshift\"";

class report_file {
public:
    /// Creates `path` with mode 0600, or empties it when it is a report of the same user.
    ///
    /// \throws failure  wrong_use for anything else that stands there.
    explicit report_file(const std::string& path);
    report_file(const report_file&) = delete;
    report_file& operator=(const report_file&) = delete;
    /// Hands on the rest. A file that it created, and that nothing was ever written to, goes again: the command did not
    /// begin.
    ~report_file();

    /// Adds a line, newline included. After a failure nothing more is written; `finish` tells.
    void write(std::string_view line);
    /// Hands on what was added, so that a program that is killed later leaves it behind.
    void flush();
    /// \return the first failure to write.
    [[nodiscard]] result<void> finish();

private:
    std::string created_ = {};  ///< Its path, if there was no such file.
    bool begun_ = false;
    file_descriptor file_;
    std::string pending_;
    result<void> outcome_;
};

}  // namespace blobshift::cli

#endif
