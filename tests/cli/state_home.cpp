// SPDX-License-Identifier: MIT
#include "migrating.hpp"

#include <filesystem>
#include <map>

#include <blobshift/migrate/announcer.hpp>
#include <blobshift/store/any_store.hpp>

namespace {

namespace fs = std::filesystem;
using namespace cli_test;
using nlohmann::json;

using words = std::vector<std::string>;

/// A store with a state of its own, and a second place that could be taken for the state.
struct places {
    places() {
        make_old_store(w / "store", 3);
        make_old_store(w / "other", 2);
        fs::create_directory(w / "state");
        fs::create_directory(w / "wrong");
    }
    /// `command`, on the store, and what follows.
    [[nodiscard]] words on_store(const char* command, const words& more) const {
        words arguments = {command, w.store()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    /// Nothing but the folders that a store makes for itself.
    [[nodiscard]] std::map<std::string, std::string> content() const {
        auto all = files_below(w / "store");
        for (const char* each : {"other", "state", "wrong"}) {
            for (auto& [path, text] : files_below(w / each)) all[std::string(each) + "/" + path] = std::move(text);
        }
        std::erase_if(all, [](const auto& each) { return each.first.find(".blobshift-store.") != std::string::npos; });
        return all;
    }

    work_folder w = {};
};

}  // namespace

TEST_CASE("a state that is forgotten, or another one, is refused by whatever changes or answers something") {
    const places p;
    const work_folder& w = p.w;
    const words right = {"--state", w.store("state")};
    REQUIRE(migrate(w, p.on_store("copy", right)).code == 0);
    {
        // A node that is still at Old: no delete may begin.
        blobshift::any_store state(open_files(w / "state"));
        blobshift::node_announcer node(state, blobshift::node_name::parse("a").value(), {});
        node.announce({}, {.runs = blobshift::format::old_names}).value();
    }
    REQUIRE(migrate(w, p.on_store("delete", {"--yes", "--state", w.store("state")})).code == 4);
    write_file(w / "settings.json",
               R"({"DicomServer":{"Services":{"BlobMigration":{"FormatType":"New","StartDelete":true}}}})");
    const std::vector<words> commands = {{"copy"},
                                         {"verify"},
                                         {"check"},
                                         {"delete", "--yes"},
                                         {"cleanup"},
                                         {"rollback", "--yes"},
                                         {"seal", "--yes"},
                                         {"nodes"},
                                         {"nodes", "--set-stage", "New"},
                                         {"run", "--settings", w / "settings.json"}};
    const auto before = p.content();
    for (const words& wrong : {words(), words{"--state", w.store("wrong")}}) {
        for (const words& command : commands) {
            words more(command.begin() + 1, command.end());
            more.insert(more.end(), wrong.begin(), wrong.end());
            const words arguments = p.on_store(command.front().c_str(), more);
            CAPTURE(command.front());
            const ended r = migrate(w, arguments);
            CHECK(r.code == 4);
            CHECK(r.out.empty());
            CHECK(r.err.find("keeps its records in another state") != std::string::npos);
            CHECK(r.err.find("--adopt-state") != std::string::npos);
            CHECK(migrate_json(w, arguments, 4).at("obstacles").at(0).at("code") == "another_state");
        }
        for (const char* looking : {"plan", "status"}) {
            const ended r = migrate(w, p.on_store(looking, wrong));
            CHECK(r.code == 0);
            CHECK(r.err.find("warning: the first container (of files) keeps its records") != std::string::npos);
        }
    }
    CHECK(p.content() == before);
    CHECK(migrate(w, p.on_store("check", right)).err.find("another state") == std::string::npos);
}

TEST_CASE("a state that is lost is replaced by a new one, by running again and saying so") {
    const places p;
    const work_folder& w = p.w;
    const words both = {"--metadata", w.store("other"), "--state", w.store("state")};
    REQUIRE(migrate(w, p.on_store("copy", both)).code == 0);
    fs::remove_all(w / "state");
    fs::create_directory(w / "state");
    CHECK(
        migrate(w, p.on_store("delete", {"--metadata", w.store("other"), "--state", w.store("state"), "--yes"})).code ==
        4);
    const words again = {"--metadata", w.store("other"), "--state", w.store("state"), "--adopt-state"};
    CHECK(migrate(w, p.on_store("copy", again)).code == 0);
    REQUIRE(migrate(w, p.on_store("copy", both)).code == 0);
    CHECK(
        migrate(w, p.on_store("delete", {"--metadata", w.store("other"), "--state", w.store("state"), "--yes"})).code ==
        0);
    CHECK(migrate_json(w, p.on_store("status", both), 0).at("ledger_entries") == 10);
}

TEST_CASE("the second container alone, or in the first one's place, is refused") {
    const places p;
    const work_folder& w = p.w;
    for (const bool apart : {false, true}) {
        const words state = apart ? words{"--state", w.store("state")} : words();
        const auto with = [&](words arguments) {
            arguments.insert(arguments.end(), state.begin(), state.end());
            return arguments;
        };
        if (apart) {
            fs::remove_all(w / "store/.blobshift");
            fs::remove_all(w / "other/.blobshift");
        }
        REQUIRE(migrate(w, with({"copy", w.store(), "--metadata", w.store("other")})).code == 0);
        for (const words& wrong : {with({"delete", w.store("other"), "--yes"}),
                                   with({"delete", w.store("other"), "--metadata", w.store(), "--yes"})}) {
            const ended r = migrate(w, wrong);
            CHECK(r.code == 4);
            CHECK(r.err.find("name both, each in its place") != std::string::npos);
        }
    }
}

TEST_CASE("a state of its own is refused where the store keeps records already, or is itself the state") {
    const places p;
    const work_folder& w = p.w;
    for (const char* same : {"store", "other"}) {
        const ended r = migrate(w, p.on_store("copy", {"--metadata", w.store("other"), "--state", w.store(same)}));
        CHECK(r.code == 2);
        CHECK(r.err.find("--state names a store that is migrated") != std::string::npos);
    }
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    REQUIRE(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
    for (const words& wrong : {p.on_store("rollback", {"--yes", "--state", w.store("state")}),
                               p.on_store("copy", {"--state", w.store("state"), "--adopt-state"})}) {
        const ended r = migrate(w, wrong);
        CHECK(r.code == 4);
        CHECK(r.err.find("leave the state out") != std::string::npos);
    }
    const ended imported = run({"import", w.store(), w / "store", "--state", w.store("state")});
    CHECK(imported.code == 4);
    CHECK(imported.err.find("leave the state out") != std::string::npos);
    CHECK(run({"import", w.store(), w / "store", "--state", w.store()}).code == 2);
    CHECK(files_below(w / "state").empty());
}
