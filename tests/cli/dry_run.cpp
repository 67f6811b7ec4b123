// SPDX-License-Identifier: MIT
//
// --dry-run: each command says what it would do, and leaves the stores as they are, their private folders included.
#include "migrating.hpp"

#include <filesystem>
#include <map>

#include <sys/stat.h>

#include <blobshift/migrate/announcer.hpp>
#include <blobshift/views/deletion_log.hpp>

namespace {

namespace fs = std::filesystem;
using namespace cli_test;
using blobshift::any_store;

/// Everything below `path`, also what only the store itself uses.
[[nodiscard]] std::map<std::string, std::string> all_below(const std::string& path) {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        const bool is_file = entry.is_regular_file();
        found[entry.path().string()] = is_file ? read_file(entry.path().string()) : std::string();
    }
    return found;
}

/// As another machine has left them: without the folders that a store makes for its own use at the first change.
void forget_private_folders(const work_folder& w) {
    for (const char* store : {"store", "metadata", "state"}) {
        fs::remove_all(w / (std::string(store) + "/.blobshift-store."));
    }
}

using words = std::vector<std::string>;

/// Every dry run, each on the stores that `where` names.
void check_nothing_changes(const work_folder& w, const words& where, const std::vector<words>& dry_runs) {
    for (const words& each : dry_runs) {
        words arguments = each;
        arguments.insert(arguments.begin() + 1, where.begin(), where.end());
        arguments.emplace_back("--dry-run");
        std::string line;
        for (const std::string& word : arguments) line += word + " ";
        CAPTURE(line);
        forget_private_folders(w);
        const auto before = all_below(w / ".");
        const ended r = migrate(w, arguments);
        CAPTURE(r.err);
        CHECK((r.code == 0 || r.code == 4));
        CHECK(r.err.find("another state") == std::string::npos);
        CHECK(r.err.find("Completed") == std::string::npos);
        CHECK(all_below(w / ".") == before);
    }
}

}  // namespace

TEST_CASE("a dry run leaves no trace, before the copy, after it, after the delete, and with removals on record") {
    bool own_state = false;
    SUBCASE("the state is in the stores") {}
    SUBCASE("the state is in a store of its own") { own_state = true; }
    const work_folder w;
    make_old_store(w / "store", 4);
    make_old_store(w / "metadata", 2);
    fs::create_directory(w / "state");
    const auto settings = [&](const char* format, const char* start) {
        write_file(w / "settings.json", "{\"DicomServer\":{\"Services\":{\"BlobMigration\":{\"FormatType\":\"" +
                                            std::string(format) + "\",\"" + start + "\":true}}}}");
    };
    write_file(w / "feed.json", "{\"Sequence\":1,\"StudyInstanceUid\":\"" + instance_of(1).study +
                                    "\",\"SeriesInstanceUid\":\"" + instance_of(1).series + "\",\"SopInstanceUid\":\"" +
                                    instance_of(1).sop +
                                    "\",\"Action\":\"Delete\",\"Timestamp\":\"2035-01-01T00:00:00Z\",\"State\":"
                                    "\"Deleted\",\"OriginalWatermark\":1}");
    const std::vector<words> dry_runs = {{"copy"},
                                         {"verify", "--verify", "read_bytes"},
                                         {"delete"},
                                         {"delete", "--yes"},
                                         {"delete", "--yes", "--partial", "--verify", "read_bytes"},
                                         {"rollback"},
                                         {"rollback", "--yes"},
                                         {"rollback", "--yes", "--remove-new"},
                                         {"cleanup"},
                                         {"cleanup", "--change-feed", w / "feed.json"},
                                         {"seal"},
                                         {"seal", "--yes"},
                                         {"run", "--settings", w / "settings.json"}};
    words both = {w.store(), "--metadata", w.store("metadata")};
    if (own_state) both.insert(both.end(), {"--state", w.store("state")});
    const auto on_both = [&](const char* name) {
        words arguments = both;
        arguments.insert(arguments.begin(), name);
        return arguments;
    };
    settings("Old", "StartCopy");
    check_nothing_changes(w, both, dry_runs);
    REQUIRE(migrate(w, on_both("copy")).code == 0);
    check_nothing_changes(w, both, dry_runs);
    settings("New", "StartDelete");
    check_nothing_changes(w, both, {{"run", "--settings", w / "settings.json"}});
    settings("Old", "StartCopy");
    words remove = on_both("delete");
    remove.emplace_back("--yes");
    REQUIRE(migrate(w, remove).code == 0);
    check_nothing_changes(w, both, dry_runs);
    {
        any_store state(open_files(w / (own_state ? "state" : "store")));
        blobshift::deletion_log(state).record({}, std::vector{instance_of(2)}).value();
    }
    check_nothing_changes(w, both, dry_runs);
}

TEST_CASE("a dry run of a delete says what stands against it, and stands against nothing itself") {
    const work_folder w;
    make_old_store(w / "store", 3);
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    CHECK(migrate(w, {"delete", w.store(), "--yes", "--dry-run"}).err ==
          "blobshift: dry run: 6 would be deleted; nothing was changed\n");
    CHECK(!fs::exists(w / "store/.blobshift/claims"));
    any_store state(open_files(w / "store"));
    blobshift::node_announcer node(state, blobshift::node_name::parse("node-1").value());
    REQUIRE(migrate(w, {"nodes", w.store(), "--set-stage", "Dual"}).code == 0);
    REQUIRE(node.announce({}, {.runs = blobshift::format::dual}).has_value());
    for (const char* yes : {"--yes", "--partial"}) {
        const nlohmann::json j = migrate_json(w, {"delete", w.store(), yes, "--dry-run"}, 4);
        CHECK(j.at("obstacles").at(0).at("code") == "node_behind");
    }
}

TEST_CASE("a dry run of a seal says how many records would be destroyed, and for whom it would wait") {
    const work_folder w;
    make_old_store(w / "store", 3);
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    REQUIRE(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
    const nlohmann::json foreseen = migrate_json(w, {"seal", w.store(), "--dry-run"}, 0);
    CHECK(foreseen.at("dry_run") == true);
    CHECK(foreseen.at("complete") == false);
    CHECK(foreseen.at("records_destroyed") == 0);
    CHECK(foreseen.at("waiting").empty());
    const auto records = foreseen.at("records_to_destroy").get<int>();
    CHECK(records > 0);
    const ended said = migrate(w, {"seal", w.store(), "--dry-run", "--yes"});
    CHECK(said.code == 0);
    CHECK(said.err == "blobshift: dry run: the migration would be sealed, and " + std::to_string(records) +
                          " records would be destroyed; nothing was changed\n");
    {
        any_store state(open_files(w / "store"));
        blobshift::node_announcer node(state, blobshift::node_name::parse("node-1").value());
        REQUIRE(node.announce({}, {.runs = blobshift::format::new_names}).has_value());
        const nlohmann::json waits = migrate_json(w, {"seal", w.store(), "--dry-run"}, 0);
        CHECK(waits.at("waiting").at(0).at("code") == "node_not_sealed");
    }
    fs::remove_all(w / "store/.blobshift/nodes");
    fs::remove(w / "store/.blobshift/stage");
    const nlohmann::json done = migrate_json(w, {"seal", w.store(), "--yes"}, 0);
    CHECK(done.at("dry_run") == false);
    CHECK(done.at("records_destroyed") == records);
}

TEST_CASE("a dry run of run is told from a real one in JSON, too") {
    const work_folder w;
    make_old_store(w / "store", 1);
    write_file(w / "settings.json", "{\"DicomServer\":{\"Services\":{\"BlobMigration\":{\"StartCopy\":true}}}}");
    const words arguments = {"run", w.store(), "--settings", w / "settings.json"};
    words dry = arguments;
    dry.emplace_back("--dry-run");
    CHECK(migrate_json(w, dry, 0).at("dry_run") == true);
    CHECK(migrate_json(w, arguments, 0).at("dry_run") == false);
}
