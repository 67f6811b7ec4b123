// SPDX-License-Identifier: MIT
//
// Ctrl-C, SIGTERM and the like as a stop token. A second one ends the program at once.

#ifndef BLOBSHIFT_CLI_INTERRUPTION_HPP
#define BLOBSHIFT_CLI_INTERRUPTION_HPP

#include <initializer_list>  // initializer_list
#include <stop_token>        // stop_source
#include <thread>            // thread

#include <csignal>  // sigset_t, SIGHUP, SIGINT, SIGTERM

namespace blobshift::cli {

/// Takes these signals for as long as it lives. Make it before any other thread: they inherit its signal mask.
///
/// A write to a pipe that nobody reads is an error from now on, not the end of the program.
class interruption {
public:
    explicit interruption(std::initializer_list<int> stopping = {SIGINT, SIGTERM, SIGHUP});
    interruption(const interruption&) = delete;
    interruption& operator=(const interruption&) = delete;
    ~interruption();

    [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

private:
    void wait_for_signals();

    std::stop_source stop_;
    ::sigset_t signals_;
    std::thread waiter_;
};

}  // namespace blobshift::cli

#endif
