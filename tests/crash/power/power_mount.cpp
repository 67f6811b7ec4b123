// SPDX-License-Identifier: MIT
#include "power_mount.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../worker_files.hpp"

namespace crash_test {

namespace {

using what = disk_change::what;

[[nodiscard]] journaled_disk& disk_of(fuse_req_t request) {
    return *static_cast<journaled_disk*>(::fuse_req_userdata(request));
}
[[nodiscard]] const inode& inode_of(fuse_req_t request, fuse_ino_t number) { return disk_of(request).now().at(number); }

[[nodiscard]] struct ::stat facts_of(const disk_image& image, inode_number number) {
    const inode& i = image.at(number);
    struct ::stat s {};
    s.st_ino = number;
    s.st_mode = (i.is_folder ? S_IFDIR : S_IFREG) | i.mode;
    s.st_nlink = i.is_folder && i.links > 0 ? 2 : i.links;
    s.st_size = static_cast<::off_t>(i.content.size());
    s.st_mtim = {i.mtime_ns / 1'000'000'000, static_cast<long>(i.mtime_ns % 1'000'000'000)};
    s.st_uid = ::getuid();
    s.st_gid = ::getgid();
    return s;
}

/// The target of an entry, or 0.
[[nodiscard]] inode_number entry_in(const disk_image& image, inode_number folder, const char* name) {
    const auto& entries = image.at(folder).entries;
    const auto found = entries.find(name);
    return found == entries.end() ? 0 : found->second;
}

[[nodiscard]] fuse_entry_param entry_for(const disk_image& image, inode_number number) {
    fuse_entry_param e{};  // no time-outs: the kernel asks each time
    e.ino = number;
    e.attr = facts_of(image, number);
    return e;
}

void answer_entry(fuse_req_t request, inode_number number) {
    const fuse_entry_param e = entry_for(disk_of(request).now(), number);
    ::fuse_reply_entry(request, &e);
}

void look_up(fuse_req_t request, fuse_ino_t folder, const char* name) {
    const inode_number number = entry_in(disk_of(request).now(), folder, name);
    if (number == 0) return void(::fuse_reply_err(request, ENOENT));
    answer_entry(request, number);
}

void get_facts(fuse_req_t request, fuse_ino_t number, fuse_file_info* /*file*/) {
    const struct ::stat s = facts_of(disk_of(request).now(), number);
    ::fuse_reply_attr(request, &s, 0);
}

void set_facts(fuse_req_t request, fuse_ino_t number, struct ::stat* wanted, int which, fuse_file_info* /*file*/) {
    journaled_disk& disk = disk_of(request);
    if ((which & FUSE_SET_ATTR_MODE) != 0) {
        disk.change({.kind = what::set_mode, .of = number, .number = wanted->st_mode & 07777U});
    }
    if ((which & FUSE_SET_ATTR_SIZE) != 0) {
        disk.change({.kind = what::resize, .of = number, .number = static_cast<std::uint64_t>(wanted->st_size)});
    }
    if ((which & FUSE_SET_ATTR_MTIME) != 0) {
        const std::int64_t ns = wanted->st_mtim.tv_sec * std::int64_t{1'000'000'000} + wanted->st_mtim.tv_nsec;
        disk.change({.kind = what::set_time, .of = number, .number = static_cast<std::uint64_t>(ns)});
    }
    get_facts(request, number, nullptr);
}

[[nodiscard]] inode_number add(journaled_disk& disk, inode_number folder, const char* name, bool is_folder,
                               ::mode_t mode) {
    const inode_number fresh = disk.give_birth(is_folder, mode & 07777U);
    disk.change({.kind = what::set_entry, .of = folder, .text = name, .number = fresh});
    return fresh;
}

void make_folder(fuse_req_t request, fuse_ino_t folder, const char* name, ::mode_t mode) {
    journaled_disk& disk = disk_of(request);
    if (entry_in(disk.now(), folder, name) != 0) return void(::fuse_reply_err(request, EEXIST));
    answer_entry(request, add(disk, folder, name, true, mode));
}

void create(fuse_req_t request, fuse_ino_t folder, const char* name, ::mode_t mode, fuse_file_info* file) {
    journaled_disk& disk = disk_of(request);
    if (entry_in(disk.now(), folder, name) != 0) return void(::fuse_reply_err(request, EEXIST));
    const fuse_entry_param e = entry_for(disk.now(), add(disk, folder, name, false, mode));
    ::fuse_reply_create(request, &e, file);
}

void remove_entry(fuse_req_t request, fuse_ino_t folder, const char* name, bool is_folder) {
    journaled_disk& disk = disk_of(request);
    const inode_number number = entry_in(disk.now(), folder, name);
    int answer = 0;
    if (number == 0)
        answer = ENOENT;
    else if (disk.now().at(number).is_folder != is_folder)
        answer = is_folder ? ENOTDIR : EISDIR;
    else if (!disk.now().at(number).entries.empty())
        answer = ENOTEMPTY;
    else
        disk.change({.kind = what::remove_entry, .of = folder, .text = name});
    ::fuse_reply_err(request, answer);
}
void remove_file(fuse_req_t request, fuse_ino_t folder, const char* name) {
    remove_entry(request, folder, name, false);
}
void remove_folder(fuse_req_t request, fuse_ino_t folder, const char* name) {
    remove_entry(request, folder, name, true);
}

/// Two changes: the new name may survive a power cut without the old one's end, and the other way round.
void rename(fuse_req_t request, fuse_ino_t from_folder, const char* from, fuse_ino_t to_folder, const char* to,
            unsigned flags) {
    journaled_disk& disk = disk_of(request);
    const inode_number moved = entry_in(disk.now(), from_folder, from);
    const inode_number present = entry_in(disk.now(), to_folder, to);
    int answer = 0;
    if (moved == 0)
        answer = ENOENT;
    else if (flags != 0 && flags != RENAME_NOREPLACE)
        answer = EINVAL;
    else if (present != 0 && flags == RENAME_NOREPLACE)
        answer = EEXIST;
    else if (present != moved) {
        disk.change({.kind = what::set_entry, .of = to_folder, .text = to, .number = moved});
        disk.change({.kind = what::remove_entry, .of = from_folder, .text = from});
    }
    ::fuse_reply_err(request, answer);
}

void link(fuse_req_t request, fuse_ino_t number, fuse_ino_t folder, const char* name) {
    journaled_disk& disk = disk_of(request);
    if (entry_in(disk.now(), folder, name) != 0) return void(::fuse_reply_err(request, EEXIST));
    disk.change({.kind = what::set_entry, .of = folder, .text = name, .number = number});
    answer_entry(request, number);
}

void open_any(fuse_req_t request, fuse_ino_t /*number*/, fuse_file_info* file) { ::fuse_reply_open(request, file); }

void read(fuse_req_t request, fuse_ino_t number, std::size_t size, ::off_t offset, fuse_file_info* /*file*/) {
    const std::string& content = inode_of(request, number).content;
    const std::size_t start = std::min(content.size(), static_cast<std::size_t>(offset));
    ::fuse_reply_buf(request, content.data() + start, std::min(size, content.size() - start));
}

void write(fuse_req_t request, fuse_ino_t number, const char* bytes, std::size_t size, ::off_t offset,
           fuse_file_info* /*file*/) {
    disk_of(request).change({.kind = what::write,
                             .of = number,
                             .text = std::string(bytes, size),
                             .number = static_cast<std::uint64_t>(offset)});
    ::fuse_reply_write(request, size);
}

void sync(fuse_req_t request, fuse_ino_t number, int /*only_data*/, fuse_file_info* /*file*/) {
    disk_of(request).change({.kind = what::sync, .of = number});
    ::fuse_reply_err(request, 0);
}

void read_folder(fuse_req_t request, fuse_ino_t number, std::size_t size, ::off_t offset, fuse_file_info* /*file*/) {
    const disk_image& image = disk_of(request).now();
    std::vector<char> buffer(size);
    std::size_t used = 0;
    ::off_t at = 0;
    for (const auto& [name, target] : image.at(number).entries) {
        if (at++ < offset) continue;
        const struct ::stat s = facts_of(image, target);
        const std::size_t taken = ::fuse_add_direntry(request, buffer.data() + used, size - used, name.c_str(), &s, at);
        if (taken > size - used) break;
        used += taken;
    }
    ::fuse_reply_buf(request, buffer.data(), used);
}

void set_attribute(fuse_req_t request, fuse_ino_t number, const char* name, const char* value, std::size_t size,
                   int /*flags*/) {
    if (name == std::string_view(worker_files::sync_all_attribute)) {
        disk_of(request).change({.kind = what::sync_all});
    } else {
        disk_of(request).change(
            {.kind = what::set_attribute, .of = number, .text = name, .value = std::string(value, size)});
    }
    ::fuse_reply_err(request, 0);
}

void get_attribute(fuse_req_t request, fuse_ino_t number, const char* name, std::size_t size) {
    const auto& attributes = inode_of(request, number).attributes;
    const auto found = attributes.find(name);
    if (found == attributes.end()) return void(::fuse_reply_err(request, ENODATA));
    if (size == 0) return void(::fuse_reply_xattr(request, found->second.size()));
    if (found->second.size() > size) return void(::fuse_reply_err(request, ERANGE));
    ::fuse_reply_buf(request, found->second.data(), found->second.size());
}

[[nodiscard]] fuse_lowlevel_ops operations() {
    fuse_lowlevel_ops ops{};
    ops.lookup = look_up;
    ops.getattr = get_facts;
    ops.setattr = set_facts;
    ops.mkdir = make_folder;
    ops.create = create;
    ops.unlink = remove_file;
    ops.rmdir = remove_folder;
    ops.rename = rename;
    ops.link = link;
    ops.open = open_any;
    ops.opendir = open_any;
    ops.read = read;
    ops.write = write;
    ops.fsync = sync;
    ops.fsyncdir = sync;
    ops.readdir = read_folder;
    ops.setxattr = set_attribute;
    ops.getxattr = get_attribute;
    return ops;
}

}  // namespace

std::string power_mount::why_not() {
    const int fd = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0) return std::string("/dev/fuse cannot be opened: ") + std::strerror(errno);
    ::close(fd);
    return ::geteuid() == 0 ? "" : "only root can mount";
}

power_mount::power_mount(const std::string& folder) : folder_(folder) {
    const fuse_lowlevel_ops ops = operations();
    char program[] = "power_mount";
    char option[] = "-odefault_permissions,fsname=power_mount";
    char* arguments[] = {program, option};
    fuse_args args = FUSE_ARGS_INIT(2, arguments);
    session_ = ::fuse_session_new(&args, &ops, sizeof ops, &disk_);
    ::fuse_opt_free_args(&args);
    if (session_ == nullptr || ::fuse_session_mount(session_, folder.c_str()) != 0) {
        throw std::runtime_error("the file system cannot be mounted");
    }
    loop_ = std::thread([this] { ::fuse_session_loop(session_); });
}

power_mount::~power_mount() {
    ::umount2(folder_.c_str(), MNT_DETACH);  // the loop ends when the kernel says that the mount is gone
    loop_.join();
    ::fuse_session_unmount(session_);
    ::fuse_session_destroy(session_);
}

}  // namespace crash_test
