// SPDX-License-Identifier: MIT
//
// The system's calls as the worker makes them: as they are, unless its environment asks for a crash or a planted bug.

#ifndef BLOBSHIFT_TESTS_CRASH_WORKER_FILES_HPP
#define BLOBSHIFT_TESTS_CRASH_WORKER_FILES_HPP

#include <algorithm>    // min
#include <csignal>      // raise
#include <cstddef>      // size_t
#include <cstdint>      // int64_t, uint64_t
#include <cstdlib>      // getenv, strtol
#include <span>         // as_writable_bytes, span
#include <string_view>  // string_view

#include <blobshift/backends/posix_files.hpp>

namespace crash_test {

/// BLOBSHIFT_SKIP      What is forgotten, and nobody is told: file_sync, folder_sync, sync_all; sync_errors (as if
///                     there were none), one_sync (it is tried again), atomic_rename (the file is written in its
///                     place), rest_of_write (what a short write left over).
/// BLOBSHIFT_SHORT     pwrite64:N or copy_file_range:N: the N-th such call writes 3 bytes and says so; 0: all do.
/// BLOBSHIFT_KILL_AT   N: SIGKILL before the N-th change of a name, or sync, from 1.
/// BLOBSHIFT_POWER     Set: the store is on a `power_mount`. FUSE hears nothing of syncfs; an attribute stands for it.
class worker_files : public blobshift::posix_files {
public:
    static constexpr const char* sync_all_attribute = "user.blobshift.sync_all";

    [[nodiscard]] int sync(int fd) const {
        blobshift::file_facts facts;
        if (const int answer = facts_of(fd, facts); answer < 0) return answer;
        maybe_die();
        const bool is_folder = facts.kind == blobshift::file_kind::directory;
        if (skips(is_folder ? "folder_sync" : "file_sync")) return 0;
        int answer = posix_files::sync(fd);
        if (answer < 0 && skips("one_sync")) answer = posix_files::sync(fd);
        return skips("sync_errors") ? 0 : answer;
    }
    [[nodiscard]] int sync_all(int fd) const {
        if (skips("sync_all")) return 0;
        return std::getenv("BLOBSHIFT_POWER") == nullptr ? posix_files::sync_all(fd)
                                                         : set_attribute(fd, sync_all_attribute, "1");
    }
    [[nodiscard]] std::int64_t write_at(int fd, std::span<const std::byte> in, std::uint64_t offset) const {
        static int nth = 0;
        const std::size_t part = is_short("pwrite64", ++nth) ? (std::min)(in.size(), std::size_t{3}) : in.size();
        const std::int64_t answer = posix_files::write_at(fd, in.first(part), offset);
        return answer >= 0 && skips("rest_of_write") ? static_cast<std::int64_t>(in.size()) : answer;
    }
    [[nodiscard]] std::int64_t copy_range(int from, int to, std::uint64_t offset, std::size_t count) const {
        static int nth = 0;
        const bool partly = is_short("copy_file_range", ++nth);
        return posix_files::copy_range(from, to, offset, partly ? (std::min)(count, std::size_t{3}) : count);
    }
    [[nodiscard]] int rename(int from_dir, const char* from, int to_dir, const char* to) const {
        maybe_die();
        return posix_files::rename(from_dir, from, to_dir, to);
    }
    [[nodiscard]] int rename_new(int from_dir, const char* from, int to_dir, const char* to) const {
        maybe_die();
        return skips("atomic_rename") ? write_in_place(from_dir, from, to_dir, to)
                                      : posix_files::rename_new(from_dir, from, to_dir, to);
    }
    [[nodiscard]] int link(int from_dir, const char* from, int to_dir, const char* to) const {
        maybe_die();
        return posix_files::link(from_dir, from, to_dir, to);
    }
    [[nodiscard]] int remove_file(int dir, const char* name) const {
        maybe_die();
        return posix_files::remove_file(dir, name);
    }

private:
    [[nodiscard]] static bool skips(std::string_view what) {
        const char* skipped = std::getenv("BLOBSHIFT_SKIP");
        return skipped != nullptr && skipped == what;
    }
    [[nodiscard]] static bool is_short(std::string_view call, int nth) {
        static const char* const text = std::getenv("BLOBSHIFT_SHORT");
        const std::string_view wanted = text == nullptr ? "" : text;
        if (!wanted.starts_with(call) || wanted.substr(call.size(), 1) != ":") return false;
        const long which = std::strtol(text + call.size() + 1, nullptr, 10);
        return which == 0 || which == nth;
    }
    [[nodiscard]] int write_in_place(int from_dir, const char* from, int to_dir, const char* to) const {
        char bytes[4096];
        const int source = open_in(from_dir, from, blobshift::open_for::content);
        const int target = create_in(to_dir, to, 0600);
        if (target < 0) return close(source), target;
        const auto content = std::as_writable_bytes(std::span(bytes));
        const auto count = read_at(source, content, 0);
        if (count > 0) (void)write_at(target, content.first(static_cast<std::size_t>(count)), 0);
        close(source), close(target);
        return posix_files::remove_file(from_dir, from);
    }
    static void maybe_die() {
        static const char* const wanted = std::getenv("BLOBSHIFT_KILL_AT");
        static long left = wanted == nullptr ? -1 : std::strtol(wanted, nullptr, 10);
        if (left > 0 && --left == 0) (void)std::raise(SIGKILL);
    }
};

}  // namespace crash_test

#endif
