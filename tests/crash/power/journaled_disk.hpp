// SPDX-License-Identifier: MIT
//
// A disk in memory that remembers every change to it, and can say what a power cut would have left after each.
//
// The rule is that of POSIX at its worst: fsync of a file makes its content and attributes durable, fsync of a
// directory its entries, and nothing else does anything. What was not made durable may survive or not, in any mixture.

#ifndef BLOBSHIFT_TESTS_CRASH_JOURNALED_DISK_HPP
#define BLOBSHIFT_TESTS_CRASH_JOURNALED_DISK_HPP

#include <cstddef>  // size_t
#include <cstdint>  // int64_t, uint64_t
#include <map>      // map
#include <string>   // string
#include <vector>   // vector

namespace crash_test {

using inode_number = std::uint64_t;

struct inode {
    bool is_folder = false;
    unsigned mode = 0;          ///< Permission bits.
    unsigned links = 0;         ///< Names that it has.
    std::int64_t mtime_ns = 0;  ///< Since 1970, UTC.
    std::string content = {};
    std::map<std::string, std::string> attributes = {};
    std::map<std::string, inode_number> entries = {};
};

/// All inodes of a disk. A name leads to one, the root is number 1.
using disk_image = std::map<inode_number, inode>;

/// One step: what it changes, or `sync`, which makes durable what was changed of one inode before.
struct disk_change {
    enum class what : unsigned char {
        birth,
        set_entry,
        remove_entry,
        write,
        resize,
        set_mode,
        set_time,
        set_attribute,
        sync,
        sync_all
    };
    what kind = what::sync;
    inode_number of = 0;       ///< The directory, where an entry changes.
    std::string text = {};     ///< Entry, content or attribute's name.
    std::string value = {};    ///< The attribute's.
    std::uint64_t number = 0;  ///< Target of the entry, offset, size, mode, time, or whether what is born is a folder.
};

/// What becomes of that which was not synced.
enum class survival : unsigned char {
    nothing,     ///< Lost.
    entries,     ///< Names survive, contents and attributes are lost: the file that is empty after its rename.
    inodes,      ///< Contents and attributes survive, names are lost.
    everything,  ///< As after kill -9.
    some,        ///< Each change survives or not, by the seed.
};

class journaled_disk {
public:
    static constexpr inode_number root = 1;

    journaled_disk();

    [[nodiscard]] const disk_image& now() const noexcept { return now_; }
    [[nodiscard]] const std::vector<disk_change>& journal() const noexcept { return journal_; }

    void change(disk_change c);
    [[nodiscard]] inode_number give_birth(bool is_folder, unsigned mode);

    /// All that is there is durable, and the journal is empty. No file is open.
    void settle();
    /// What is there after a power cut behind the first `count` changes of the journal.
    [[nodiscard]] disk_image after_power_cut(std::size_t count, survival how, std::uint64_t seed) const;

private:
    disk_image now_;
    disk_image settled_;
    std::vector<disk_change> journal_ = {};
    inode_number next_ = root + 1;
};

/// Writes what is below the folder `of` to the directory `path`, which must not exist.
void materialize(const disk_image& image, inode_number of, const std::string& path);

}  // namespace crash_test

#endif
