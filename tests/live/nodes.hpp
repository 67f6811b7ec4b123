// SPDX-License-Identifier: MIT
//
// Nodes of the example service as child processes, their settings file, and what they say of themselves.

#ifndef BLOBSHIFT_TESTS_LIVE_NODES_HPP
#define BLOBSHIFT_TESTS_LIVE_NODES_HPP

#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

#include <sys/types.h>  // pid_t

#include <blobshift/naming/format.hpp>

namespace live_test {

/// One node. What it says goes to files, which are searched for names and secrets when it has ended.
class node_process {
public:
    /// Runs `dual_service ARGUMENTS --node NAME --port 0` and waits until it listens. \throws std::runtime_error
    node_process(std::vector<std::string> arguments, const std::string& name, const std::string& folder);
    node_process(const node_process&) = delete;
    node_process& operator=(const node_process&) = delete;
    ~node_process();

    [[nodiscard]] int port() const noexcept { return port_; }
    [[nodiscard]] std::string log() const;
    /// Asks it to end. \return its exit code, or 1000 + the signal that ended it.
    int stop();

private:
    void search() const;

    pid_t pid_ = -1;
    std::string out_;
    std::string err_;
    int port_ = 0;
};

/// Replaces the settings file in one step, as a careful operator does.
void write_settings(const std::string& path, blobshift::format f);

/// Waits until every node runs `f`, may write, and has told the others that no call of another format is under way; a
/// minute at most.
///
/// \return false: one does not.
[[nodiscard]] bool settled(const std::vector<int>& ports, blobshift::format f, bool sealed = false);

}  // namespace live_test

#endif
