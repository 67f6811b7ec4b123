// SPDX-License-Identifier: MIT
//
// The system's calls with a script in front of them: the n-th call of a kind fails, or something happens before it.

#ifndef BLOBSHIFT_TESTS_BACKENDS_SCRIPTED_FILES_HPP
#define BLOBSHIFT_TESTS_BACKENDS_SCRIPTED_FILES_HPP

#include <algorithm>    // min
#include <cstddef>      // byte, size_t
#include <cstdint>      // int64_t, uint64_t
#include <functional>   // function
#include <memory>       // shared_ptr
#include <mutex>        // mutex, unique_lock
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <blobshift/backends/posix_files.hpp>

namespace blobshift::testing {

/// What the calls of one store meet. Shared by the store and its test.
struct file_script {
    /// Asked before each call: 0 lets it through, a negative errno is its answer.
    std::function<int(std::string_view call)> before = {};
    std::vector<std::string> log = {};                      ///< The names of all calls, in order.
    std::size_t most_bytes = static_cast<std::size_t>(-1);  ///< Of one read or write: shorter than asked for.
    std::int64_t clock_ns = 0;                              ///< Unless 0: what the clock says.
    std::mutex mutex = {};

    [[nodiscard]] int ask(std::string_view call) {
        std::unique_lock lock(mutex);
        log.emplace_back(call);
        const auto asked = before;
        lock.unlock();
        return asked ? asked(call) : 0;
    }
    [[nodiscard]] std::size_t count(std::string_view call) {
        const std::unique_lock lock(mutex);
        std::size_t n = 0;
        for (const std::string& each : log) n += each == call ? 1U : 0U;
        return n;
    }
    void clear() {
        const std::unique_lock lock(mutex);
        log.clear();
        before = {};
    }
    /// Each call of that name gives `answer` from now on.
    void fail(std::string name, int answer) {
        before = [name = std::move(name), answer](std::string_view call) { return call == name ? answer : 0; };
    }
    /// Call number `n` from now on, of any name, gives `answer`.
    void fail_nth(std::size_t n, int answer) {
        auto left = std::make_shared<std::size_t>(n);
        before = [left, answer](std::string_view) { return (*left)-- == 0 ? answer : 0; };
    }
};

class scripted_files : public posix_files {
public:
    scripted_files() : script_(std::make_shared<file_script>()) {}
    explicit scripted_files(std::shared_ptr<file_script> script) : script_(std::move(script)) {}

    [[nodiscard]] int open_root(const char* path) const {
        const int no = script_->ask("open_root");
        return no < 0 ? no : posix_files::open_root(path);
    }
    [[nodiscard]] int make_root(const char* path, unsigned mode) const {
        const int no = script_->ask("make_root");
        return no < 0 ? no : posix_files::make_root(path, mode);
    }
    [[nodiscard]] int open_beneath(int root, const char* path, open_for use) const {
        const int no = script_->ask("open_beneath");
        return no < 0 ? no : posix_files::open_beneath(root, path, use);
    }
    [[nodiscard]] int open_in(int dir, const char* name, open_for use) const {
        const int no = script_->ask("open_in");
        return no < 0 ? no : posix_files::open_in(dir, name, use);
    }
    [[nodiscard]] int create_in(int dir, const char* name, unsigned mode) const {
        const int no = script_->ask("create_in");
        return no < 0 ? no : posix_files::create_in(dir, name, mode);
    }
    [[nodiscard]] int open_lock_in(int dir, const char* name, unsigned mode) const {
        const int no = script_->ask("open_lock_in");
        return no < 0 ? no : posix_files::open_lock_in(dir, name, mode);
    }
    int close(int fd) const {
        const int no = script_->ask("close");
        const int answer = posix_files::close(fd);  // a close that fails closes, too
        return no < 0 ? no : answer;
    }
    [[nodiscard]] int facts_of(int fd, file_facts& out) const {
        const int no = script_->ask("facts_of");
        return no < 0 ? no : posix_files::facts_of(fd, out);
    }
    [[nodiscard]] int facts_in(int dir, const char* name, file_facts& out) const {
        const int no = script_->ask("facts_in");
        return no < 0 ? no : posix_files::facts_in(dir, name, out);
    }
    [[nodiscard]] int make_folder(int dir, const char* name, unsigned mode) const {
        const int no = script_->ask("make_folder");
        return no < 0 ? no : posix_files::make_folder(dir, name, mode);
    }
    [[nodiscard]] int remove_folder(int dir, const char* name) const {
        const int no = script_->ask("remove_folder");
        return no < 0 ? no : posix_files::remove_folder(dir, name);
    }
    [[nodiscard]] int remove_file(int dir, const char* name) const {
        const int no = script_->ask("remove_file");
        return no < 0 ? no : posix_files::remove_file(dir, name);
    }
    [[nodiscard]] int rename(int from_dir, const char* from, int to_dir, const char* to) const {
        const int no = script_->ask("rename");
        return no < 0 ? no : posix_files::rename(from_dir, from, to_dir, to);
    }
    [[nodiscard]] int rename_new(int from_dir, const char* from, int to_dir, const char* to) const {
        const int no = script_->ask("rename_new");
        return no < 0 ? no : posix_files::rename_new(from_dir, from, to_dir, to);
    }
    [[nodiscard]] int link(int from_dir, const char* from, int to_dir, const char* to) const {
        const int no = script_->ask("link");
        return no < 0 ? no : posix_files::link(from_dir, from, to_dir, to);
    }
    [[nodiscard]] std::int64_t read_at(int fd, std::span<std::byte> out, std::uint64_t offset) const {
        const int no = script_->ask("read_at");
        return no < 0 ? no : posix_files::read_at(fd, out.first((std::min)(out.size(), script_->most_bytes)), offset);
    }
    [[nodiscard]] std::int64_t write_at(int fd, std::span<const std::byte> in, std::uint64_t offset) const {
        const int no = script_->ask("write_at");
        return no < 0 ? no : posix_files::write_at(fd, in.first((std::min)(in.size(), script_->most_bytes)), offset);
    }
    [[nodiscard]] int resize(int fd, std::uint64_t size) const {
        const int no = script_->ask("resize");
        return no < 0 ? no : posix_files::resize(fd, size);
    }
    [[nodiscard]] int clone(int from, int to) const {
        const int no = script_->ask("clone");
        return no < 0 ? no : posix_files::clone(from, to);
    }
    [[nodiscard]] std::int64_t copy_range(int from, int to, std::uint64_t offset, std::size_t count) const {
        const int no = script_->ask("copy_range");
        return no < 0 ? no : posix_files::copy_range(from, to, offset, (std::min)(count, script_->most_bytes));
    }
    [[nodiscard]] int set_mode(int fd, unsigned mode) const {
        const int no = script_->ask("set_mode");
        return no < 0 ? no : posix_files::set_mode(fd, mode);
    }
    [[nodiscard]] int set_mode_in(int dir, const char* name, unsigned mode) const {
        const int no = script_->ask("set_mode_in");
        return no < 0 ? no : posix_files::set_mode_in(dir, name, mode);
    }
    [[nodiscard]] int set_mtime(int fd, std::int64_t ns) const {
        const int no = script_->ask("set_mtime");
        return no < 0 ? no : posix_files::set_mtime(fd, ns);
    }
    [[nodiscard]] int set_attribute(int fd, const char* name, std::string_view value) const {
        const int no = script_->ask("set_attribute");
        return no < 0 ? no : posix_files::set_attribute(fd, name, value);
    }
    [[nodiscard]] std::int64_t get_attribute(int fd, const char* name, std::span<char> out) const {
        const int no = script_->ask("get_attribute");
        return no < 0 ? no : posix_files::get_attribute(fd, name, out);
    }
    [[nodiscard]] int sync(int fd) const {
        const int no = script_->ask("sync");
        file_facts facts;
        return no < 0 ? no : posix_files::facts_of(fd, facts);  // no test cuts the power, and syncs are slow
    }
    [[nodiscard]] int sync_all(int fd) const {
        const int no = script_->ask("sync_all");
        file_facts facts;
        return no < 0 ? no : posix_files::facts_of(fd, facts);
    }
    [[nodiscard]] int try_lock(int fd, std::uint64_t at) const {
        const int no = script_->ask("try_lock");
        return no < 0 ? no : posix_files::try_lock(fd, at);
    }
    [[nodiscard]] std::int64_t read_entries(int dir, std::span<std::byte> out) const {
        const int no = script_->ask("read_entries");
        return no < 0 ? no : posix_files::read_entries(dir, out);
    }
    [[nodiscard]] std::int64_t now_ns() const {
        return script_->clock_ns != 0 ? script_->clock_ns : posix_files::now_ns();
    }

private:
    std::shared_ptr<file_script> script_;
};

}  // namespace blobshift::testing

#endif
