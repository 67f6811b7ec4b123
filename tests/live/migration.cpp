// SPDX-License-Identifier: MIT
//
// A migration under the feet of a service that is being used: two nodes, clients that never stop, and the command line.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <blobshift/naming/dicom_names.hpp>

#include <cli/program.hpp>
#include <live/load.hpp>
#include <live/nodes.hpp>

namespace {

using namespace blobshift;
using namespace live_test;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Two nodes, one store (or one for files and one for metadata), and traffic from the beginning to the end.
class live_migration {
public:
    explicit live_migration(bool two_containers) {
        const char* const emulator = std::getenv("BLOBSHIFT_AZURITE");
        if (emulator != nullptr) ::setenv("AZURE_STORAGE_CONNECTION_STRING", emulator, 1);
        static int number = 0;
        const std::string name = "live-" + std::to_string(++number);
        store_ = emulator != nullptr ? "azure://" + name : folder_.store(name);
        where_ = {store_, "--durability", "none"};
        if (two_containers) {
            metadata_ = store_ + "-metadata";
            where_.insert(where_.end(), {"--metadata", metadata_});
        }
        set(format::old_names);
        for (const char* node : {"a", "b"}) {
            std::vector<std::string> arguments = where_;
            // The emulator takes its time, and no write may outlive a lease.
            arguments.insert(arguments.end(), {"--settings", settings_, "--lease", emulator != nullptr ? "20" : "6"});
            nodes_.push_back(std::make_unique<node_process>(arguments, node, folder_ / "tmp"));
            ports_.push_back(nodes_.back()->port());
        }
        REQUIRE(settled(ports_, format::old_names));
        // The emulator does one thing at a time, and what a listing costs it grows with all that it holds.
        pace p;
        if (emulator != nullptr) p = {.pause = std::chrono::milliseconds(40), .most_alive = 40};
        const auto pause = from_environment("BLOBSHIFT_LIVE_PAUSE", static_cast<std::uint64_t>(p.pause.count()));
        p.pause = std::chrono::milliseconds(pause);
        p.most_alive = from_environment("BLOBSHIFT_LIVE_ALIVE", p.most_alive);
        traffic_ = std::make_unique<load>(ports_, 6, 20'200'801, p);
    }

    /// Lets the traffic run until a part of all requests is made.
    void serve_until(double part) {
        traffic_->wait_for(static_cast<std::uint64_t>(part * static_cast<double>(total_)));
    }

    void set(format f) { write_settings(settings_, f); }
    void go_to(format f) {
        set(f);
        REQUIRE(settled(ports_, f));
    }
    [[nodiscard]] bool is_sealed() { return settled(ports_, format::new_names, true); }

    /// Runs `blobshift COMMAND STORE OPTIONS`, again while it waits for nodes (exit code 75), or met blobs that were
    /// removed just then (3). A refusal is not met twice.
    void run(const std::string& command, const std::vector<std::string>& options = {}) {
        cli_test::ended last;
        for (int attempt = 0; attempt < 40; ++attempt) {
            last = cli_test::run(arguments_of(command, options));
            said_ += last.out + last.err;
            if (last.code != 75 && last.code != 3) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
        }
        CAPTURE(command);
        CAPTURE(last.out);
        CAPTURE(last.err);
        REQUIRE(last.code == 0);
    }
    /// All that the command line ever said.
    [[nodiscard]] const std::string& said() const noexcept { return said_; }
    /// Starts a delete, slowly, and interrupts it when about half of the old names are gone.
    void delete_half() {
        const std::size_t all = old_names();
        // Slower where to look takes longer.
        const bool is_emulator = std::getenv("BLOBSHIFT_AZURITE") != nullptr;
        const std::string rate = std::to_string(from_environment("BLOBSHIFT_LIVE_RATE", is_emulator ? 40 : 300));
        cli_test::child half(arguments_of("delete", {"--yes", "--rate", rate, "--concurrency", "1"}));
        while (half.is_running() && old_names() > all / 2) std::this_thread::sleep_for(std::chrono::milliseconds(50));
        half.send(SIGINT);
        const cli_test::ended ended = half.wait();
        said_ += ended.out + ended.err;
        CAPTURE(ended.err);
        CHECK(ended.code == 75);
        CHECK(old_names() > 0);
    }

    /// What is in the stores, by name.
    [[nodiscard]] std::vector<std::string> names() {
        std::vector<std::string> all;
        for (const std::string& each : {store_, metadata_}) {
            if (each.empty()) continue;
            const cli_test::ended listed = cli_test::run({"ls", each});
            REQUIRE(listed.code == 0);
            std::istringstream lines(listed.out);
            for (std::string line; std::getline(lines, line);) all.push_back(line);
        }
        std::sort(all.begin(), all.end());
        return all;
    }

    [[nodiscard]] std::size_t old_names() {
        const std::vector<std::string> all = names();
        const auto is_old = [](const std::string& name) { return name.find('/') != std::string::npos; };
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_old));
    }

    /// Ends the traffic and looks at everything: no client ever got a wrong answer, and the store holds just the blobs
    /// of the instances that exist, under the names of `f`.
    void finish(format f) {
        traffic_->wait_for(total_);
        traffic_->finish();
        const wrongs& found = traffic_->found();
        INFO(traffic_->first_wrongs());
        MESSAGE(traffic_->requests() << " requests; " << traffic_->alive().size() << " instances exist, "
                                     << traffic_->deleted() << " were removed");
        CHECK(found.lost == 0);
        CHECK(found.different == 0);
        CHECK(found.resurrected == 0);
        CHECK(found.refused == 0);
        CHECK(traffic_->requests() >= total_);
        CHECK(traffic_->deleted() > 0);

        for (const auto& each : nodes_) CHECK(each->stop() == 0);

        std::vector<std::string> expected;
        for (const instance_id& id : traffic_->alive()) {
            for (const blob_kind kind : {blob_kind::instance, blob_kind::metadata, blob_kind::frame_ranges}) {
                const auto older = uid_names().name_of(id, kind);
                const bool old_name = f == format::old_names && older;
                expected.push_back((old_name ? older : prefix_names().name_of(id, kind)).value().text());
            }
        }
        std::sort(expected.begin(), expected.end());
        const std::vector<std::string> there = names();
        std::vector<std::string> lacking;
        std::vector<std::string> too_many;
        std::set_difference(expected.begin(), expected.end(), there.begin(), there.end(), std::back_inserter(lacking));
        std::set_difference(there.begin(), there.end(), expected.begin(), expected.end(), std::back_inserter(too_many));
        CHECK(lacking.size() == 0);
        CHECK(too_many.size() == 0);
        if (!too_many.empty()) MESSAGE("too many, e.g. " << too_many.front());
    }

private:
    [[nodiscard]] std::vector<std::string> arguments_of(const std::string& command,
                                                        const std::vector<std::string>& options) const {
        std::vector<std::string> arguments = {command};
        arguments.insert(arguments.end(), where_.begin(), where_.end());
        arguments.insert(arguments.end(), options.begin(), options.end());
        return arguments;
    }

    std::uint64_t total_ = from_environment("BLOBSHIFT_LIVE_REQUESTS", 10'000);
    cli_test::work_folder folder_ = {};
    std::string settings_ = folder_ / "appsettings.json";
    std::string store_ = {};
    std::string metadata_ = {};
    std::vector<std::string> where_ = {};
    std::vector<int> ports_ = {};
    std::deque<std::unique_ptr<node_process>> nodes_ = {};
    std::unique_ptr<load> traffic_ = {};
    std::string said_ = {};
};

void migrate_up_to_new(live_migration& m) {
    m.serve_until(0.15);
    m.go_to(format::dual);
    m.serve_until(0.3);
    m.run("copy");
    m.serve_until(0.45);
    m.go_to(format::new_names);
    m.serve_until(0.55);
}

}  // namespace

TEST_CASE("live migration: old names become new ones, and no client notices") {
    live_migration m(false);
    migrate_up_to_new(m);
    m.run("check");
    m.run("delete", {"--yes"});
    m.serve_until(0.8);
    m.run("cleanup");
    m.run("seal", {"--yes"});
    CHECK(m.is_sealed());
    for (const char* line :
         {"Completed copying files.\n", "Completed deleting files.\n", "Completed cleaning up deleted files.\n"}) {
        CAPTURE(line);
        CHECK(m.said().find(line) != std::string::npos);
    }
    m.finish(format::new_names);
}

TEST_CASE("live migration: after the copy, all of it is taken back") {
    live_migration m(true);
    m.serve_until(0.15);
    m.go_to(format::dual);
    m.serve_until(0.3);
    m.run("copy");
    m.serve_until(0.5);
    m.go_to(format::old_names);
    m.run("nodes", {"--set-stage", "Old"});
    m.serve_until(0.7);
    m.run("rollback", {"--remove-new", "--yes"});
    m.run("cleanup");
    m.finish(format::old_names);
}

TEST_CASE("live migration: after half of the delete, all of it is taken back") {
    live_migration m(false);
    migrate_up_to_new(m);
    m.delete_half();
    m.serve_until(0.65);
    m.go_to(format::dual);
    m.run("nodes", {"--set-stage", "Dual"});
    m.run("rollback", {"--yes"});
    m.serve_until(0.8);
    m.go_to(format::old_names);
    m.run("nodes", {"--set-stage", "Old"});
    m.run("rollback", {"--remove-new", "--yes"});
    m.run("cleanup");
    m.finish(format::old_names);
}
