// SPDX-License-Identifier: MIT
//
// The command line under test as a child process, and the folder that it works in.

#ifndef BLOBSHIFT_TESTS_CLI_PROGRAM_HPP
#define BLOBSHIFT_TESTS_CLI_PROGRAM_HPP

#include <map>          // map
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <sys/types.h>  // pid_t

#include <blobshift/backends/file_store.hpp>

namespace cli_test {

/// How a child ended, and what it said.
struct ended {
    int code = -1;  ///< Its exit code, or 1000 + the signal that ended it.
    std::string out;
    std::string err;
};

/// Fails the test if `said` gives away what must never be printed (see support/privacy_oracle.hpp). `who` said it.
void expect_no_leak(std::string_view who, std::string_view said);

/// A child that runs. Its output goes to files, so that it never waits for a reader.
///
/// All that it says is searched when it has ended (`expect_no_leak`), but for the stdout of a command whose result are
/// names, or content: get, ls, name and stat.
class child {
public:
    /// Runs `blobshift ARGUMENTS` with an empty stdin, or with `input` on it.
    explicit child(const std::vector<std::string>& arguments, std::string_view input = {});
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child();

    void send(int signal) const;
    [[nodiscard]] bool is_running();
    /// Waits for its end.
    ended wait();

private:
    ended end();

    std::string command_;
    std::string folder_;
    pid_t pid_ = -1;
    int status_ = 0;
    bool is_searched_ = false;
};

[[nodiscard]] inline ended run(const std::vector<std::string>& arguments, std::string_view input = {}) {
    return child(arguments, input).wait();
}

/// A fresh directory, removed with all below it. TMPDIR of the children is `tmp` in it.
class work_folder {
public:
    work_folder();
    work_folder(const work_folder&) = delete;
    work_folder& operator=(const work_folder&) = delete;
    ~work_folder();

    [[nodiscard]] std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
    /// "file:" and the directory `name` in it.
    [[nodiscard]] std::string store(std::string_view name = "store") const { return "file:" + *this / name; }

private:
    std::string path_;
};

void write_file(const std::string& path, std::string_view content);
[[nodiscard]] std::string read_file(const std::string& path);

/// Every file below `path` with its content, by its relative path, and every empty directory; the private folders of
/// file stores left out. Two that are equal: nothing was changed.
[[nodiscard]] std::map<std::string, std::string> files_below(const std::string& path);

/// Opens, or makes, the store in `path`, without any sync.
[[nodiscard]] blobshift::file_store open_files(const std::string& path);

/// Stores `instances` instances and their metadata under their old names, watermarks 1 and up.
///
/// UIDs begin with `uid_mark`, so that a leak of one is easily found.
void make_old_store(const std::string& path, int instances);
inline constexpr std::string_view uid_mark = "1.2.826.0.77777";

/// What `make_old_store` stores as the instance file of a watermark.
[[nodiscard]] std::string content_of(int watermark);

[[nodiscard]] int count_lines(std::string_view text);
/// The lines of a report that tell of an object.
[[nodiscard]] int count_objects(std::string_view report);

}  // namespace cli_test

#endif
