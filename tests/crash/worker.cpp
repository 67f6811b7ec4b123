// SPDX-License-Identifier: MIT
//
// crash_worker JOB FOLDER [none|data|full]: does one job and says how it ended, in one line. What kills it, or lies to
// it, is not its business. Another durability than the job's own can be asked for.
//
// Exit code: 0 done, 1 failed, 2 wrong use. It dies of SIGALRM where a job has no end.
#include <iostream>
#include <string_view>

#include <unistd.h>

#include "jobs.hpp"

int main(int argc, char** argv) {
    const crash_test::job* work = argc == 3 || argc == 4 ? crash_test::find_job(argv[1]) : nullptr;
    if (work == nullptr) {
        std::cerr << "usage: crash_worker JOB FOLDER [none|data|full], where JOB is one of\n";
        for (const crash_test::job& each : crash_test::all_jobs()) std::cerr << "    " << each.name << '\n';
        return 2;
    }
    blobshift::file_store_options options = work->options;
    using blobshift::durability;
    if (argc == 4) {
        const std::string_view wanted = argv[3];
        options.durable = wanted == "none" ? durability::none : wanted == "data" ? durability::data : durability::full;
    }
    ::alarm(60);
    const auto done = work->run(argv[2], options);
    if (done) {
        std::cout << "done\n";
        return 0;
    }
    const blobshift::error& e = done.error();
    std::cout << "failed " << to_string(e.code) << ' ' << to_string(e.done) << ' ' << e.system_code << ": " << e.message
              << '\n';
    return 1;
}
