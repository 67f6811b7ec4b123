// SPDX-License-Identifier: MIT
//
// appsettings.json, read at the start and again whenever it has changed.

#ifndef DUAL_SERVICE_SETTINGS_FILE_HPP
#define DUAL_SERVICE_SETTINGS_FILE_HPP

#include <string>

#include <blobshift/config/appsettings.hpp>

namespace dual_service {

/// \par Thread-safety  One thread.
class settings_file {
public:
    explicit settings_file(std::string path) : path_(std::move(path)) {}

    /// Reads the file, and the environment. \return errors that name the file and the key.
    [[nodiscard]] blobshift::result<blobshift::migration_settings> read();

    /// Whether what the file says is no longer what `read` saw. One read of the file.
    [[nodiscard]] bool has_changed() const;

private:
    [[nodiscard]] blobshift::result<std::string> text() const;

    std::string path_;
    std::string seen_ = {};
};

}  // namespace dual_service

#endif
