// SPDX-License-Identifier: MIT
//
// A fresh, empty folder that is removed with all that is in it at the end of its scope.

#ifndef BLOBSHIFT_TESTS_SUPPORT_TEMPORARY_FOLDER_HPP
#define BLOBSHIFT_TESTS_SUPPORT_TEMPORARY_FOLDER_HPP

#include <filesystem>    // temp_directory_path, remove_all
#include <string>        // string
#include <system_error>  // error_code, system_error

#include <cerrno>    // errno
#include <stdlib.h>  // mkdtemp (POSIX)

namespace blobshift::testing {

class temporary_folder {
public:
    temporary_folder() : path_((std::filesystem::temp_directory_path() / "blobshift-test-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "mkdtemp");
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

}  // namespace blobshift::testing

#endif
