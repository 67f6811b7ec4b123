// SPDX-License-Identifier: MIT
//
// A private directory for what sorting spills: names in clear, so nobody else may read it and nothing of it may stay.

#ifndef BLOBSHIFT_CLI_SCRATCH_FOLDER_HPP
#define BLOBSHIFT_CLI_SCRATCH_FOLDER_HPP

#include <string>  // string

#include <blobshift/store/any_store.hpp>

#include "file_io.hpp"

namespace blobshift::cli {

/// A fresh directory (mode 0700) that is removed with the object. Its lock ends with the process, so what a killed run
/// left is known by its free lock, and removed by the next one that uses the same parent.
class scratch_folder {
public:
    /// \param parent  An existing directory; empty: `$TMPDIR`, or /tmp.
    /// \throws failure  wrong_use when no directory can be made there.
    explicit scratch_folder(std::string parent);
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    ~scratch_folder();

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// A store in it. Nothing in it outlives the process, so nothing is synced.
    [[nodiscard]] any_store open() const;

private:
    std::string path_;
    file_descriptor lock_;
};

}  // namespace blobshift::cli

#endif
