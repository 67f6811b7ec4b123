// SPDX-License-Identifier: MIT
//
// The settings of `run`: a file, and the environment of the program, which overrides it.

#ifndef BLOBSHIFT_CLI_SETTINGS_FILE_HPP
#define BLOBSHIFT_CLI_SETTINGS_FILE_HPP

#include <string>  // string

#include <blobshift/config/appsettings.hpp>

namespace blobshift::cli {

/// Reads the section of the migration.
///
/// \throws failure  wrong_use naming the file, the key and what is allowed; also when file and environment lack the
///                  section.
[[nodiscard]] migration_settings read_settings(const std::string& path);

}  // namespace blobshift::cli

#endif
