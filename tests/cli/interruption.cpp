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

TEST_CASE("who is stopped before the first object does not say that there is nothing to do") {
    const work_folder w;
    make_old_store(w / "store", 2);
    make_old_store(w / "metadata", 1);
    write_file(w / "settings.json", "{\"DicomServer\":{\"Services\":{\"BlobMigration\":{\"StartCopy\":true}}}}");
    const std::string store = w / "store";
    struct row {
        std::vector<std::string> command;
        std::string rate;   ///< So many requests a second that the signal comes before there is an object.
        std::string begun;  ///< A folder that is there, and not empty, before the job itself asks for anything.
    };
    for (const row& t :
         {row{{"verify", w.store()}, "0.01", w / "tmp"},
          row{{"copy", w.store(), "--metadata", w.store("metadata")}, "2", store + "/.blobshift"},
          row{{"run", w.store(), "--settings", w / "settings.json"}, "2", store + "/.blobshift/operations"}}) {
        CAPTURE(t.command.front());
        std::filesystem::remove_all(store + "/.blobshift");
        std::vector<std::string> arguments = t.command;
        arguments.insert(arguments.end(), {"--rate", t.rate, "--durability", "none"});
        child stopped(arguments);
        const auto has_begun = [&] { return std::filesystem::exists(t.begun) && !std::filesystem::is_empty(t.begun); };
        while (stopped.is_running() && !has_begun()) ::usleep(1000);
        REQUIRE(stopped.is_running());
        stopped.send(SIGTERM);
        const ended r = stopped.wait();
        CHECK(r.code == 75);
        CHECK(r.out.empty());
        CHECK(r.err == "blobshift: interrupted; run the same command again\n");
    }
}

}  // namespace
