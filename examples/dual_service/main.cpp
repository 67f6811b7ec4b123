// SPDX-License-Identifier: MIT
//
// dual_service: stores, retrieves and deletes DICOM files over HTTP, in whatever format its settings ask for, and takes
// part in a migration while it works. See api.hpp for what it answers.
//
//     dual_service file:archive --settings appsettings.json --node a --port 8080

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <csignal>

#include <CLI/CLI.hpp>

#include <blobshift/layers/prefix.hpp>
#include <blobshift/migrate/home.hpp>

#include <exit_code.hpp>
#include <interruption.hpp>
#include <state_home.hpp>
#include <store_address.hpp>

#include "api.hpp"
#include "stock.hpp"

namespace {

using namespace blobshift;

struct options {
    std::string store;
    std::string metadata = {};
    std::string state = {};
    std::string settings;
    std::string node = "node";
    std::string host = "127.0.0.1";
    std::string durable = "full";
    int port = 8080;
    double lease_seconds = 60;
};

void add_options(CLI::App& app, options& o) {
    app.add_option("STORE", o.store, std::string(cli::address_help))->required();
    app.add_option("--metadata", o.metadata, "the container of the metadata; default: STORE");
    app.add_option("--state", o.state, "where catalogue, deletion log and stage are kept; default: in STORE");
    app.add_option("--settings", o.settings, "appsettings.json; read again when it changes")->required();
    app.add_option("--node", o.node, "what this node is called; no two may share it")->capture_default_str();
    app.add_option("--host", o.host, "the address to listen at")->capture_default_str();
    app.add_option("--port", o.port, "0: any that is free, which is printed")->capture_default_str();
    app.add_option("--lease", o.lease_seconds, "how long one announcement of this node counts, in seconds")
        ->check(CLI::Range(1.0, 3600.0))
        ->capture_default_str();
    app.add_option("--durability", o.durable, "none, data or full: what a power cut must not take from a file: store")
        ->capture_default_str();
}

int run(const options& o) {
    std::signal(SIGHUP, SIG_IGN);  // changed settings are seen without it
    const cli::interruption signals({SIGINT, SIGTERM});
    const context c{.stop = signals.token()};
    std::mutex logging;
    const auto log = [&](std::string_view line) {
        const std::scoped_lock lock(logging);
        std::fprintf(stderr, "%s: %.*s\n", o.node.c_str(), static_cast<int>(line.size()), line.data());
    };

    const cli::store_settings how{.durable = cli::parse_durability(o.durable)};
    std::deque<any_store> stores;
    const auto open = [&](const std::string& address) -> any_store& {
        stores.push_back(cli::open_store(c, address, cli::opening::create, how));
        return stores.back();
    };
    // As `blobshift run` takes them from the same file.
    const migration_settings at_start = cli::or_fail(dual_service::settings_file(o.settings).read(), "settings");
    const auto address = [&](const std::string& named, const std::string& container) {
        return container.empty() ? named : cli::address_of_container(o.store, container);
    };
    if (!o.metadata.empty() && !at_start.metadata_container.empty()) {
        throw cli::wrong_use("--metadata and MetadataContainer both name a container; leave one out");
    }
    const std::string files_address = address(o.store, at_start.files_container);
    const std::string metadata_address = address(o.metadata, at_start.metadata_container);
    cli::refuse_overlaps(files_address, metadata_address, o.state);
    any_store& files = open(files_address);
    any_store& metadata = metadata_address.empty() ? files : open(metadata_address);
    any_store& state = o.state.empty() ? files : open(o.state);
    any_store* ledger_of_metadata = &metadata;
    if (!o.state.empty() && !metadata_address.empty()) {  // as the command line keeps two containers in one state apart
        any_store part = cli::open_store(c, o.state, cli::opening::existing, how);
        stores.emplace_back(cli::or_fail(prefix<any_store>::make(std::move(part), ".blobshift/metadata/"), "--state"));
        ledger_of_metadata = &stores.back();
    } else if (!o.state.empty()) {
        ledger_of_metadata = &state;
    }

    named_stores named{state, {&files}};
    if (!metadata_address.empty()) named.containers.push_back(&metadata);
    cli::bind_or_refuse(named, c, "cannot use the store");

    const std::chrono::milliseconds lease{static_cast<std::int64_t>(o.lease_seconds * 1000)};
    const node_name name = cli::or_fail(node_name::parse(o.node), "--node");
    const dual_service::stores on{containers{files, metadata}, containers{state, *ledger_of_metadata}, state};
    dual_service::node node(on, name, lease, dual_service::settings_file(o.settings), log);
    dual_service::catalogue catalogue(state, o.node);
    const auto had = cli::or_fail(dual_service::take_stock(c, on, node, catalogue), "cannot take stock of the store");
    if (had.added > 0) {
        log(std::to_string(had.added) + " instances of the store were not in the catalogue, and are now");
    }
    if (had.nameless > 0) {
        log(std::to_string(had.nameless) + " files are not served: there is no metadata that says whose they are");
    }
    node.tick();
    if (const auto done = dual_service::finish_earlier_work(c, node, catalogue, o.node); !done) {
        log("what an earlier run left is still there: " + describe(done.error()));
    }

    httplib::Server server;
    server.new_task_queue = [] { return new httplib::ThreadPool(32); };  // a connection that is kept alive takes one
    server.set_keep_alive_max_count(1'000'000);
    server.set_tcp_nodelay(true);
    server.set_payload_max_length(std::size_t{1} << 30);
    dual_service::serve(server, node, catalogue);
    const int port = o.port == 0 ? server.bind_to_any_port(o.host)
                                 : (server.bind_to_port(o.host, o.port) ? o.port : -1);
    if (port < 0) throw cli::wrong_use("cannot listen at this host and port");
    std::thread serving([&] { server.listen_after_bind(); });
    std::printf("listening on %s:%d\n", o.host.c_str(), port);
    std::fflush(stdout);

    do {
        node.tick();
    } while (c.pause(std::chrono::milliseconds(100)));
    server.stop();
    serving.join();
    node.withdraw();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    options o;
    CLI::App app("A small DICOM service that goes through a migration of names while it works.", "dual_service");
    add_options(app, o);
    CLI11_PARSE(app, argc, argv);
    try {
        return run(o);
    } catch (const cli::failure& f) {
        std::fprintf(stderr, "dual_service: %s\n", f.what());
        return static_cast<int>(f.code());
    } catch (const bad_result_access& wrong) {  // the settings, at the start
        std::fprintf(stderr, "dual_service: %s\n", wrong.what());
        return static_cast<int>(cli::exit_code::wrong_use);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "dual_service: unexpected: %s\n", e.what());
        return static_cast<int>(cli::exit_code::some_failed);
    }
}
