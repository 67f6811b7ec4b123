// SPDX-License-Identifier: MIT
//
// A `journaled_disk` as a mounted file system (FUSE), for a worker that knows nothing of it.

#ifndef BLOBSHIFT_TESTS_CRASH_POWER_MOUNT_HPP
#define BLOBSHIFT_TESTS_CRASH_POWER_MOUNT_HPP

#include <string>  // string
#include <thread>  // thread

#include "journaled_disk.hpp"

struct fuse_session;

namespace crash_test {

class power_mount {
public:
    /// Why nothing can be mounted here, or "".
    [[nodiscard]] static std::string why_not();

    /// \param folder  An existing, empty directory.
    explicit power_mount(const std::string& folder);
    power_mount(const power_mount&) = delete;
    power_mount& operator=(const power_mount&) = delete;
    ~power_mount();

    /// Look at it only while no process uses the mount.
    [[nodiscard]] journaled_disk& disk() noexcept { return disk_; }

private:
    std::string folder_;
    journaled_disk disk_;
    ::fuse_session* session_ = nullptr;
    std::thread loop_;
};

}  // namespace crash_test

#endif
