// SPDX-License-Identifier: MIT
#include "interruption.hpp"

#include <pthread.h>
#include <unistd.h>

#include "exit_code.hpp"

namespace blobshift::cli {

interruption::interruption(std::initializer_list<int> stopping) {
    std::signal(SIGPIPE, SIG_IGN);
    ::sigemptyset(&signals_);
    for (const int number : stopping) ::sigaddset(&signals_, number);
    ::sigaddset(&signals_, SIGRTMIN);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = std::thread([this] { wait_for_signals(); });
}

interruption::~interruption() {
    ::pthread_kill(waiter_.native_handle(), SIGRTMIN);  // ours alone: nobody else sends it
    waiter_.join();
}

void interruption::wait_for_signals() {
    for (int number = 0; ::sigwait(&signals_, &number) == 0 && number != SIGRTMIN;) {
        if (!stop_.request_stop()) ::_exit(static_cast<int>(exit_code::interrupted));
    }
}

}  // namespace blobshift::cli
