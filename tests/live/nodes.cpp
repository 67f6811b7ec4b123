// SPDX-License-Identifier: MIT
#include "nodes.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <cli/program.hpp>

namespace live_test {

namespace {

using clock = std::chrono::steady_clock;

/// Asks again and again until `ready()`, for a minute.
template <class Ready>
bool wait_until(Ready ready) {
    for (const auto end = clock::now() + std::chrono::minutes(1); clock::now() < end;) {
        if (ready()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

}  // namespace

node_process::node_process(std::vector<std::string> arguments, const std::string& name, const std::string& folder)
    : out_(folder + "/" + name + ".out"), err_(folder + "/" + name + ".err") {
    const char* const program = std::getenv("BLOBSHIFT_DUAL_SERVICE");
    if (program == nullptr) throw std::runtime_error("BLOBSHIFT_DUAL_SERVICE must name the service");
    arguments.insert(arguments.end(), {"--node", name, "--port", "0"});
    std::vector<char*> argv = {const_cast<char*>(program)};
    for (std::string& each : arguments) argv.push_back(each.data());
    argv.push_back(nullptr);
    cli_test::write_file(out_, "");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
        ::dup2(::open(out_.c_str(), O_WRONLY | O_APPEND), 1);
        ::dup2(::open(err_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
        ::execv(program, argv.data());
        ::_exit(127);
    }
    const bool listens = wait_until([&] {
        const std::string line = cli_test::read_file(out_);
        const std::size_t colon = line.rfind(':');
        if (colon == std::string::npos || line.back() != '\n') return ::waitpid(pid_, nullptr, WNOHANG) != 0;
        port_ = std::stoi(line.substr(colon + 1));
        return true;
    });
    if (!listens || port_ == 0) throw std::runtime_error("the node does not listen: " + log());
}

node_process::~node_process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    search();
}

void node_process::search() const {
    for (const std::string& file : {out_, err_}) cli_test::expect_no_leak("a node", cli_test::read_file(file));
}

std::string node_process::log() const { return cli_test::read_file(err_); }

int node_process::stop() {
    int status = 0;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    search();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void write_settings(const std::string& path, blobshift::format f) {
    cli_test::write_file(path + ".next", "{\"DicomServer\": {\"Services\": {\"BlobMigration\": {\"FormatType\": \"" +
                                             std::string(to_string(f)) + "\", \"LogOldFormatUsage\": true}}}}");
    std::filesystem::rename(path + ".next", path);
}

bool settled(const std::vector<int>& ports, blobshift::format f, bool sealed) {
    return wait_until([&] {
        return std::all_of(ports.begin(), ports.end(), [&](int port) {
            httplib::Client client("127.0.0.1", port);
            const auto answer = client.Get("/stage");
            if (!answer) return false;
            const auto stage = nlohmann::json::parse(answer->body);
            return stage["format"] == to_string(f) && stage["announced"] == true && stage["may_write"] == true &&
                   stage["sealed"] == sealed;
        });
    });
}

}  // namespace live_test
