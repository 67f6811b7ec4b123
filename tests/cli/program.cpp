// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <doctest/doctest.h>

#include <blobshift/naming/dicom_names.hpp>

#include <support/privacy_oracle.hpp>

namespace cli_test {

namespace fs = std::filesystem;

namespace {

[[nodiscard]] std::string fresh_folder() {
    // Where the tests themselves were told to work; TMPDIR is for the children.
    static const fs::path parent = fs::temp_directory_path();
    std::string path = (parent / "blobshift-cli-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
    return path;
}

[[noreturn]] void become(const char* program, const std::vector<std::string>& arguments, const std::string& folder) {
    const int in = ::open((folder + "/in").c_str(), O_RDONLY);
    const int out = ::open((folder + "/out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = ::open((folder + "/err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(in, 0), ::dup2(out, 1), ::dup2(err, 2);
    std::vector<char*> argv = {const_cast<char*>(program)};
    for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    ::execv(program, argv.data());
    ::_exit(127);
}

}  // namespace

void expect_no_leak(std::string_view who, std::string_view said) {
    std::string all;
    for (const std::string& leak : blobshift::testing::find_leaks(said)) all += leak + "; ";
    INFO(std::string(who), " gives away ", all);
    CHECK(all.empty());
}

child::child(const std::vector<std::string>& arguments, std::string_view input)
    : command_(arguments.empty() ? "" : arguments.front()) {
    const char* program = std::getenv("BLOBSHIFT_PROGRAM");
    if (program == nullptr) throw std::runtime_error("BLOBSHIFT_PROGRAM must name the program under test");
    folder_ = fresh_folder();
    write_file(folder_ + "/in", input);
    pid_ = ::fork();
    if (pid_ == 0) become(program, arguments, folder_);
    if (pid_ < 0) throw std::runtime_error("fork");
}

child::~child() {
    if (pid_ > 0) {
        send(SIGKILL);
        end();
    }
    fs::remove_all(folder_);
}

void child::send(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
}

bool child::is_running() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
}

ended child::wait() { return end(); }

ended child::end() {
    if (pid_ > 0) ::waitpid(pid_, &status_, 0);
    pid_ = -1;
    ended e = {.code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 1000 + WTERMSIG(status_),
               .out = read_file(folder_ + "/out"),
               .err = read_file(folder_ + "/err")};
    if (std::exchange(is_searched_, true)) return e;
    const std::string_view named[] = {"get", "ls", "name", "stat"};
    const bool may_name = std::find(std::begin(named), std::end(named), command_) != std::end(named);
    const std::string who = "the command " + command_;
    if (!may_name) expect_no_leak(who + " on stdout", e.out);
    expect_no_leak(who + " on stderr", e.err);
    return e;
}

work_folder::work_folder() : path_(fresh_folder()) {
    fs::create_directory(*this / "tmp");
    ::setenv("TMPDIR", (*this / "tmp").c_str(), 1);
}

work_folder::~work_folder() { fs::remove_all(path_); }

void write_file(const std::string& path, std::string_view content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    if (!file.flush()) throw std::runtime_error("cannot write a file of the test");
}

std::string read_file(const std::string& path) {
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(content).str();
}

std::map<std::string, std::string> files_below(const std::string& path) {
    std::map<std::string, std::string> found;
    for (auto entry = fs::recursive_directory_iterator(path); entry != fs::recursive_directory_iterator(); ++entry) {
        const std::string name = entry->path().lexically_relative(path).string();
        if (entry->path().filename() == ".blobshift-store.")
            entry.disable_recursion_pending();
        else if (entry->is_regular_file())
            found[name] = read_file(entry->path().string());
        else
            found[name + "/"];
    }
    return found;
}

blobshift::file_store open_files(const std::string& path) {
    return blobshift::file_store::open(path, {.durable = blobshift::durability::none, .create = true}).value();
}

std::string content_of(int watermark) {
    const auto length = static_cast<std::size_t>(watermark * 37 % 4001 + 1);
    return "image " + std::to_string(watermark) + std::string(length, static_cast<char>('a' + watermark % 26));
}

void make_old_store(const std::string& path, int instances) {
    const std::string root(uid_mark);
    const blobshift::uid_names names;
    auto store = open_files(path);
    for (int w = 1; w <= instances; ++w) {
        const blobshift::instance_id id{root + ".1." + std::to_string(w / 100), root + ".2." + std::to_string(w / 10),
                                        root + ".3." + std::to_string(w), w};
        const auto put = [&](blobshift::blob_kind kind, const std::string& content, const char* type) {
            store.put({}, names.name_of(id, kind).value(), blobshift::as_bytes(content), {.content_type = type}, {})
                .value();
        };
        put(blobshift::blob_kind::instance, content_of(w), "application/dicom");
        put(blobshift::blob_kind::metadata, "{\"watermark\":" + std::to_string(w) + "}", "application/dicom+json");
    }
}

int count_lines(std::string_view text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

int count_objects(std::string_view report) {
    int objects = 0;
    for (std::size_t at = 0; (at = report.find("\n{\"outcome\":", at)) != std::string_view::npos; ++at) ++objects;
    return objects;
}

}  // namespace cli_test
