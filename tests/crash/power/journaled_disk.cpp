// SPDX-License-Identifier: MIT
#include "journaled_disk.hpp"

#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <blobshift/core/xxh64.hpp>

namespace crash_test {

namespace {

using what = disk_change::what;

void unlink_entry(disk_image& image, inode& folder, const std::string& name) {
    const auto entry = folder.entries.find(name);
    if (entry == folder.entries.end()) return;
    --image[entry->second].links;
    folder.entries.erase(entry);
}

void carry_out(const disk_change& c, disk_image& image) {
    inode& i = image[c.of];
    switch (c.kind) {
        case what::birth: i = inode{.is_folder = c.text == "folder", .mode = static_cast<unsigned>(c.number)}; break;
        case what::set_entry:
            unlink_entry(image, i, c.text);
            i.entries[c.text] = c.number;
            ++image[c.number].links;
            break;
        case what::remove_entry: unlink_entry(image, i, c.text); break;
        case what::write:
            if (i.content.size() < c.number + c.text.size()) i.content.resize(c.number + c.text.size(), '\0');
            i.content.replace(c.number, c.text.size(), c.text);
            break;
        case what::resize: i.content.resize(c.number, '\0'); break;
        case what::set_mode: i.mode = static_cast<unsigned>(c.number); break;
        case what::set_time: i.mtime_ns = static_cast<std::int64_t>(c.number); break;
        case what::set_attribute: i.attributes[c.text] = c.value; break;
        case what::sync:
        case what::sync_all: break;
    }
}

[[nodiscard]] bool survives(const disk_change& c, std::size_t index, survival how, std::uint64_t seed) {
    const bool is_entry = c.kind == what::set_entry || c.kind == what::remove_entry;
    switch (how) {
        case survival::nothing: return false;
        case survival::entries: return is_entry;
        case survival::inodes: return !is_entry;
        case survival::everything: return true;
        case survival::some: return blobshift::xxh64_of(std::to_string(index), seed) % 2 == 0;
    }
    return false;
}

void require(bool fine, const char* doing) {
    if (!fine) throw std::runtime_error(doing);
}

void write_out(const inode& file, const std::string& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
    require(fd >= 0, "open");
    require(::write(fd, file.content.data(), file.content.size()) == static_cast<::ssize_t>(file.content.size()),
            "write");
    for (const auto& [name, value] : file.attributes) {
        require(::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0, "fsetxattr");
    }
    require(::fchmod(fd, file.mode) == 0, "fchmod");
    const struct ::timespec times[2] = {
        {0, UTIME_OMIT}, {file.mtime_ns / 1'000'000'000, static_cast<long>(file.mtime_ns % 1'000'000'000)}};
    require(::futimens(fd, times) == 0, "futimens");
    ::close(fd);
}

void write_below(const disk_image& image, inode_number of, const std::string& path,
                 std::map<inode_number, std::string>& written) {
    require(::mkdir(path.c_str(), 0700) == 0, "mkdir");
    for (const auto& [name, number] : image.at(of).entries) {
        const std::string below = path + "/" + name;
        if (image.at(number).is_folder) {
            write_below(image, number, below, written);
        } else if (const auto known = written.find(number); known != written.end()) {
            require(::link(known->second.c_str(), below.c_str()) == 0, "link");
        } else {
            write_out(image.at(number), below);
            written[number] = below;
        }
    }
}

}  // namespace

journaled_disk::journaled_disk() {
    now_[root] = inode{.is_folder = true, .mode = 0700, .links = 1};
    settle();
}

void journaled_disk::change(disk_change c) {
    carry_out(c, now_);
    journal_.push_back(std::move(c));
}

inode_number journaled_disk::give_birth(bool is_folder, unsigned mode) {
    change({.kind = what::birth, .of = next_, .text = is_folder ? "folder" : "file", .number = mode});
    return next_++;
}

void journaled_disk::settle() {
    journal_.clear();
    std::erase_if(now_, [](const auto& each) { return each.second.links == 0; });
    settled_ = now_;
}

disk_image journaled_disk::after_power_cut(std::size_t count, survival how, std::uint64_t seed) const {
    std::map<inode_number, std::size_t> synced;  // by inode: how many changes of the journal came before its last sync
    std::size_t all_synced = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (journal_[i].kind == what::sync) synced[journal_[i].of] = i;
        if (journal_[i].kind == what::sync_all) all_synced = i;
    }
    disk_image image = settled_;
    for (std::size_t i = 0; i < count; ++i) {
        const disk_change& c = journal_[i];
        const auto last = synced.find(c.of);
        const bool durable = c.kind == what::birth || i < all_synced || (last != synced.end() && i < last->second);
        if (durable || survives(c, i, how, seed)) carry_out(c, image);
    }
    return image;
}

void materialize(const disk_image& image, inode_number of, const std::string& path) {
    std::map<inode_number, std::string> written;
    write_below(image, of, path, written);
}

}  // namespace crash_test
