// SPDX-License-Identifier: MIT
#include "strace.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace crash_test {

namespace {

[[nodiscard]] std::string read_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Runs a program found in PATH with its output in `out`. \return its exit code, or 1000 + the signal.
[[nodiscard]] int run(const std::vector<std::string>& command, const std::string& out) {
    std::vector<char*> argv;
    for (const std::string& each : command) argv.push_back(const_cast<char*>(each.c_str()));
    argv.push_back(nullptr);
    const ::pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) {
        const int file = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::dup2(file, 1), ::dup2(file, 2);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// The calls in a log whose lines are `PID name(arguments) = answer`.
[[nodiscard]] std::vector<call> calls_in(const std::string& log) {
    std::vector<call> calls;
    std::map<std::string, int> counts;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t start = line.find_first_not_of("0123456789 ");
        const std::size_t open = line.find('(');
        if (start == std::string::npos || open == std::string::npos || open < start) continue;
        const std::string name = line.substr(start, open - start);
        if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos) continue;
        calls.push_back({name, ++counts[name], line.substr(start)});
    }
    return calls;
}

}  // namespace

ending trace(const std::vector<std::string>& command, const std::string& scratch, const std::string& injury,
             const std::string& traced) {
    const std::string log = scratch + "/strace.log";
    const std::string out = scratch + "/output";
    // Two ways in which strace injects nothing and says nothing: -e trace=none, and --seccomp-bpf (no signals).
    std::vector<std::string> line = {"strace", "-f", "-y", "-qq", "-s", "0", "-o", log};
    if (!injury.empty()) line.insert(line.end(), {"-e", "trace=" + traced, "-e", "inject=" + injury});
    line.insert(line.end(), command.begin(), command.end());
    ending end;
    end.exit_code = run(line, out);
    end.said = read_text(out);
    end.calls = calls_in(read_text(log));
    return end;
}

std::string why_no_strace() {
    char folder[] = "/tmp/blobshift-crash-XXXXXX";
    if (::mkdtemp(folder) == nullptr) return "no temporary folder can be made";
    const ending killed = trace({"cat", "/dev/null"}, folder, "close:signal=SIGKILL:when=1", "close");
    const int kill_answer = killed.exit_code;
    (void)run({"rm", "-r", folder}, "/dev/null");
    if (kill_answer == 127) return "strace is not installed";
    if (kill_answer != 1000 + SIGKILL) return "strace cannot trace and inject here: " + killed.said;
    return "";
}

}  // namespace crash_test
