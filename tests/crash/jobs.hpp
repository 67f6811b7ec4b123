// SPDX-License-Identifier: MIT
//
// What the worker does to a folder, one job at a time, and what the folder must hold before, after and between.

#ifndef BLOBSHIFT_TESTS_CRASH_JOBS_HPP
#define BLOBSHIFT_TESTS_CRASH_JOBS_HPP

#include <functional>   // function
#include <map>          // map
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <blobshift/backends/file_store.hpp>

#include "worker_files.hpp"

namespace crash_test {

using worker_store = blobshift::basic_file_store<worker_files>;

/// Every blob of a store, what is reserved left out: its attributes and its content, by its name.
using contents = std::map<std::string, std::string>;

/// Where a job that is more than one operation on a blob ends.
enum class aim { new_names, old_names, both_but_removed };

/// One job on the store in a folder. Single-threaded, and the same system calls each time: the n-th is always the same.
struct job {
    std::string_view name;
    blobshift::file_store_options options;
    std::function<void(const std::string& folder)> prepare;  ///< Fills the folder; no part of the job.
    std::function<blobshift::result<void>(const std::string& folder, const blobshift::file_store_options&)> run;
    bool migrates = false;           ///< Many blobs, so that a crash may leave some old and some new.
    bool honest_when_short = false;  ///< Its bytes begin with zeros: see `zeros`.
    aim ends = aim::new_names;       ///< Where it `migrates`.
};

/// What a content begins with so that a system call that pretends to have written a few bytes told the truth: bytes
/// that nobody wrote are zeros, once others were written behind them.
inline constexpr std::string_view zeros("\0\0\0\0\0\0\0\0", 8);

[[nodiscard]] const std::vector<job>& all_jobs();
[[nodiscard]] const job* find_job(std::string_view name);

/// Puts temporary folders into memory, if TMPDIR does not say where and memory keeps attributes (Linux 6.6): what the
/// disk is told is what matters here, and nobody need wait for it.
void prefer_memory();

/// What the store in `folder` holds, seen by a process that has just opened it.
[[nodiscard]] blobshift::result<contents> contents_of(const std::string& folder);

/// Files and folders in the private folder of the store that no living writer needs, by their paths.
[[nodiscard]] std::vector<std::string> leftovers(const std::string& folder);

/// What is wrong with a store in which the migration `j` stopped on its way from `before`; empty: nothing.
[[nodiscard]] std::string fault_of_migration(const job& j, const std::string& folder, const contents& before);

/// Whether every blob of `before` is where `j` ends, and the ledger says where it came from.
[[nodiscard]] std::string fault_of_end(const job& j, const std::string& folder, const contents& before);

/// What `j` makes of `before`.
[[nodiscard]] contents end_of(const job& j, const contents& before);

}  // namespace crash_test

#endif
