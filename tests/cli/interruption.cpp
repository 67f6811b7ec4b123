// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include <unistd.h>
#include <csignal>

namespace {

using namespace cli_test;

/// New names lie at the top; old ones are three deep.
[[nodiscard]] bool has_new_names(const std::string& store) {
    for (const auto& entry : std::filesystem::directory_iterator(store)) {
        if (entry.is_regular_file()) return true;
    }
    return false;
}

TEST_CASE("a signal stops a copy cleanly with 75, and the next run completes it") {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        CAPTURE(signal);
        const work_folder w;
        make_old_store(w / "store", 60);
        // 120 copies at 20 a second: it cannot be over before the signal.
        child copy({"copy", w.store(), "--rate", "20", "--durability", "none"});
        while (copy.is_running() && !has_new_names(w / "store")) ::usleep(1000);
        REQUIRE(copy.is_running());
        copy.send(signal);
        const ended r = copy.wait();
        CHECK(r.code == 75);
        CHECK(std::filesystem::is_empty(w / "tmp"));
        CHECK(r.err == "blobshift: interrupted; run the same command again\n");
        const ended again = run({"copy", w.store()});
        CHECK(again.code == 0);
        CHECK(again.err == "Completed copying files.\n");
    }
}

}  // namespace
