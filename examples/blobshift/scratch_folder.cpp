// SPDX-License-Identifier: MIT
#include "scratch_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_code.hpp"
#include "store_address.hpp"

namespace blobshift::cli {

namespace {

constexpr std::string_view folder_prefix = "blobshift-scratch-";

/// Locks a directory of ours; none when it is somebody else's, in use, gone, or no directory.
[[nodiscard]] file_descriptor lock_folder(const std::string& path) {
    file_descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct ::stat held {};
    struct ::stat named {};
    if (!folder || ::fstat(folder.get(), &held) != 0 || held.st_uid != ::geteuid()) return {};
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) return {};
    // A sweeper may have been quicker: then the name is gone, or is another directory's.
    if (::lstat(path.c_str(), &named) != 0 || named.st_ino != held.st_ino || named.st_dev != held.st_dev) return {};
    return folder;
}

void remove_folder(const std::string& path) {
    std::error_code ignored;  // what cannot be removed now is swept by the next run
    std::filesystem::remove_all(path, ignored);
}

void sweep(const std::string& parent) {
    std::error_code ended;
    std::filesystem::directory_iterator entry(parent, ended);
    for (; !ended && entry != std::filesystem::directory_iterator(); entry.increment(ended)) {
        const std::string path = entry->path().string();
        if (!entry->path().filename().string().starts_with(folder_prefix)) continue;
        if (const file_descriptor lock = lock_folder(path)) remove_folder(path);
    }
}

}  // namespace

scratch_folder::scratch_folder(std::string parent) {
    const std::string asked = parent;
    if (parent.empty()) {
        const char* set = std::getenv("TMPDIR");
        parent = set != nullptr && *set != '\0' ? set : "/tmp";
    }
    sweep(parent);
    for (int tries = 0; tries < 100 && !lock_; ++tries) {
        std::string made = parent + "/" + std::string(folder_prefix) + "XXXXXX";
        if (::mkdtemp(made.data()) == nullptr) {
            throw wrong_use("cannot make a directory in " + parent + ": " + system_failure(parent).error().message +
                            (asked.empty() ? "; set TMPDIR or use --scratch" : "; choose another one for --scratch"));
        }
        lock_ = lock_folder(made);
        if (lock_) path_ = std::move(made);
    }
    if (!lock_) throw wrong_use("cannot lock a directory in " + parent + "; use --scratch with another one");
}

scratch_folder::~scratch_folder() { remove_folder(path_); }

any_store scratch_folder::open() const {
    return open_store({}, "file:" + path_, opening::existing, {.durable = durability::none});
}

}  // namespace blobshift::cli
