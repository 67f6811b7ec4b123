// SPDX-License-Identifier: MIT
#include "migrating.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <blobshift/migrate/announcer.hpp>
#include <blobshift/views/deletion_log.hpp>

namespace {

namespace fs = std::filesystem;
using namespace cli_test;
using blobshift::any_store;

/// Puts the removal of instances on record, as their service does, and removes nothing.
void record_removals(const std::string& path, const std::vector<int>& watermarks) {
    any_store state(open_files(path));
    std::vector<blobshift::instance_id> ids;
    for (const int each : watermarks) ids.push_back(instance_of(each));
    blobshift::deletion_log(state).record({}, ids).value();
}

/// A record of a change feed about the removal of an instance.
[[nodiscard]] std::string feed_record(int sequence, int watermark, const std::string& when, bool with_watermark) {
    const blobshift::instance_id id = instance_of(watermark);
    return "{\"Sequence\":" + std::to_string(sequence) + ",\"StudyInstanceUid\":\"" + id.study +
           "\",\"SeriesInstanceUid\":\"" + id.series + "\",\"SopInstanceUid\":\"" + id.sop +
           "\",\"Action\":\"Delete\",\"Timestamp\":\"" + when + "\",\"State\":\"Deleted\"" +
           (with_watermark ? ",\"OriginalWatermark\":" + std::to_string(watermark) : "") + "}";
}

[[nodiscard]] bool has(const work_folder& w, const std::string& name) { return fs::exists(w / ("store/" + name)); }

}  // namespace

TEST_CASE("cleanup removes both names of what is on record as removed, and says the line") {
    const work_folder w;
    make_old_store(w / "store", 6);
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    record_removals(w / "store", {2, 5});
    CHECK(migrate_json(w, {"status", w.store()}, 0).at("pending_removals") == 2);

    const auto before = files_below(w / "store");
    const ended looked = migrate(w, {"cleanup", w.store(), "--dry-run"});
    CHECK(looked.code == 0);
    CHECK(looked.out == "2 removals on record, 8 blobs of them are left\n");
    const std::string said = "blobshift: dry run: 8 would be removed; nothing was changed\n";
    CHECK(looked.err == said);
    CHECK(migrate(w, {"cleanup", w.store(), "--dry-run", "--json"}).err == said);
    CHECK(files_below(w / "store") == before);

    const ended r = migrate(w, {"cleanup", w.store()});
    CHECK(r.code == 0);
    CHECK(r.err == "Completed cleaning up deleted files.\n");
    for (const int gone : {2, 5}) {
        CHECK(!has(w, old_name(gone)));
        CHECK(!has(w, new_name(gone)));
    }
    CHECK(has(w, old_name(1)));
    CHECK(has(w, new_name(1)));
    CHECK(migrate_json(w, {"status", w.store()}, 0).at("pending_removals") == 0);
}

TEST_CASE("check tells of removals that wait and, when asked, of new names that nothing explains") {
    const work_folder w;
    make_old_store(w / "store", 3);
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    record_removals(w / "store", {2});
    CHECK(migrate_json(w, {"check", w.store()}, 0).at("pending_removals") == 1);
    CHECK(migrate(w, {"check", w.store(), "--orphans"}).code == 0);
    REQUIRE(run({"put", w.store(), new_name(9), "-"}, "half of a put").code == 0);
    CHECK(migrate(w, {"check", w.store()}).code == 0);
    CHECK(migrate_json(w, {"check", w.store(), "--orphans"}, 4).at("obstacles").at(0).at("code") == "orphans");
    CHECK(has(w, new_name(9)));
}

TEST_CASE("copy does not bring back what was removed meanwhile") {
    const work_folder w;
    make_old_store(w / "store", 4);
    record_removals(w / "store", {3});
    CHECK(migrate(w, {"copy", w.store()}).code == 0);
    CHECK(!has(w, old_name(3)));
    CHECK(!has(w, new_name(3)));
    CHECK(has(w, new_name(4)));
}

TEST_CASE("cleanup takes removals from a change feed, filtered by sequence or by time") {
    struct row {
        std::vector<std::string> filter;
        std::vector<int> gone;
    };
    for (const row& t : {row{{}, {1, 2, 3}}, row{{"--after-sequence", "10"}, {2, 3}},
                         row{{"--since", "2040-01-01"}, {3}}, row{{"--after-sequence", "30"}, {}}}) {
        const work_folder w;
        make_old_store(w / "store", 4);
        REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
        write_file(w / "feed.json", "[" + feed_record(10, 1, "2035-01-01T00:00:00Z", false) + "," +
                                        feed_record(20, 2, "2020-01-01T00:00:00Z", true) + ",\n" +
                                        feed_record(30, 3, "2040-01-01T00:00:00.5+00:00", false) + "]");
        std::vector<std::string> arguments = {"cleanup", w.store(), "--change-feed", w / "feed.json"};
        arguments.insert(arguments.end(), t.filter.begin(), t.filter.end());
        const ended r = migrate(w, arguments);
        CAPTURE(r.err);
        CHECK(r.code == 0);
        CHECK(r.err == "Completed cleaning up deleted files.\n");
        for (int watermark = 1; watermark <= 4; ++watermark) {
            const bool gone = std::find(t.gone.begin(), t.gone.end(), watermark) != t.gone.end();
            CHECK(has(w, old_name(watermark)) == !gone);
            CHECK(has(w, new_name(watermark)) == !gone);
        }
    }
}

TEST_CASE("a version that may have been stored after its removal is left alone, and that is said") {
    const work_folder w;
    make_old_store(w / "store", 2);
    write_file(w / "feed.json", feed_record(1, 1, "2020-01-01T00:00:00Z", false));
    const ended r = migrate(w, {"cleanup", w.store(), "--change-feed", w / "feed.json"});
    CHECK(r.code == 3);
    CHECK(r.err.find("Completed") == std::string::npos);
    CHECK(r.err.find("1 versions may have been stored after their removal") != std::string::npos);
    CHECK(has(w, old_name(1)));
}

TEST_CASE("a feed that gives a watermark to another instance removes nothing, before and after the delete") {
    const work_folder w;
    make_old_store(w / "store", 3);
    std::string record = feed_record(1, 2, "2035-01-01T00:00:00Z", true);
    record.replace(record.find(".3.2\""), 5, ".3.99\"");  // the UID of nobody
    write_file(w / "feed.json", record);
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    for (const bool deleted : {false, true}) {
        if (deleted) REQUIRE(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
        const ended r = migrate(w, {"cleanup", w.store(), "--change-feed", w / "feed.json"});
        CHECK(r.code == 3);
        CHECK(r.err.find("1 removals tell a watermark that is another instance's") != std::string::npos);
        CHECK(r.err.find("Completed") == std::string::npos);
        CHECK(has(w, new_name(2)));
    }
    CHECK(!has(w, old_name(2)));
}

TEST_CASE("a feed without watermarks finds after the delete what it was about, or says that it did not") {
    const work_folder w;
    make_old_store(w / "store", 3);
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    REQUIRE(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
    write_file(w / "feed.json", feed_record(1, 2, "2040-01-01T00:00:00Z", false));
    const nlohmann::json found = migrate_json(w, {"cleanup", w.store(), "--change-feed", w / "feed.json"}, 0);
    CHECK(found.at("names") == 2);
    CHECK(!has(w, new_name(2)));
    CHECK(migrate(w, {"rollback", w.store(), "--yes"}).code == 0);
    CHECK(!has(w, old_name(2)));

    write_file(w / "feed.json", feed_record(1, 77, "2040-01-01T00:00:00Z", false));
    CHECK(migrate(w, {"cleanup", w.store(), "--change-feed", w / "feed.json"}).code == 0);  // long gone
    REQUIRE(run({"put", w.store(), new_name(9), "-"}, "of an instance that no record knows").code == 0);
    const ended r = migrate(w, {"cleanup", w.store(), "--change-feed", w / "feed.json"});
    CHECK(r.code == 3);
    CHECK(r.err.find("1 removals of unknown version") != std::string::npos);
    CHECK(r.err.find("Completed") == std::string::npos);
}

TEST_CASE("rollback files nothing under a name that it did not have: other bytes under the new name stay where they are") {
    const work_folder w;
    make_old_store(w / "store", 3);
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    REQUIRE(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
    std::string other = content_of(2);
    other.back() = static_cast<char>(other.back() ^ 1);  // of the same length
    REQUIRE(run({"put", w.store(), new_name(2), "-"}, other).code == 0);
    const ended r = migrate(w, {"rollback", w.store(), "--yes"});
    CHECK(r.code == 3);
    CHECK(r.err.find("1 different: it was stored again since the delete") != std::string::npos);
    CHECK(!has(w, old_name(2)));
    CHECK(has(w, old_name(1)));
    CHECK(run({"get", w.store(), new_name(2)}).out == other);
}

TEST_CASE("a corrupt feed is refused with its line before anything is removed") {
    const work_folder w;
    make_old_store(w / "store", 2);
    const std::string record = feed_record(1, 1, "2035-01-01T00:00:00Z", true);
    struct row {
        std::string feed;
        std::string said;
    };
    for (const row& t : {row{"[" + record + ",\n{\"Sequence\":", "line 2, record 2: it is not JSON"},
                         row{record + "\n" + record, "line 2, record 2: Sequence"}, row{"", "it is empty"},
                         row{"{\"value\":[]}", "line 1, record 1: Sequence"}}) {
        write_file(w / "feed.json", t.feed);
        const auto before = files_below(w / ".");
        const ended r = migrate(w, {"cleanup", w.store(), "--change-feed", w / "feed.json"});
        CAPTURE(r.err);
        CHECK(r.code == 2);
        CHECK(count_lines(r.err) == 1);
        CHECK(r.err.find(t.said) != std::string::npos);
        CHECK(files_below(w / ".") == before);
    }
}

TEST_CASE(
    "rollback gives every old name back, after the copy, after the delete, and removes the new ones if asked to") {
    const work_folder w;
    make_old_store(w / "store", 8);
    const auto old_ones = run({"ls", w.store()}).out;
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    REQUIRE(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
    const auto before = files_below(w / "store");
    CHECK(migrate_json(w, {"rollback", w.store()}, 4).at("obstacles").at(0).at("code") == "not_confirmed");
    CHECK(migrate(w, {"rollback", w.store(), "--dry-run"}).code == 0);
    CHECK(files_below(w / "store") == before);

    const ended r = migrate(w, {"rollback", w.store(), "--yes"});
    CHECK(r.code == 0);
    CHECK(r.err == "Completed rolling back files.\n");
    CHECK(has(w, new_name(1)));
    CHECK(migrate_json(w, {"rollback", w.store(), "--yes", "--remove-new"}, 0).at("removed_new") == 16);
    CHECK(run({"ls", w.store()}).out == old_ones);
    for (int i = 1; i <= 8; ++i) CHECK(run({"get", w.store(), old_name(i)}).out == content_of(i));
}

TEST_CASE("rollback says of how many new names nobody knows the old ones, and leaves them") {
    const work_folder w;
    make_old_store(w / "store", 1);
    REQUIRE(run({"put", w.store(), new_name(7), "-"}, "stored when the format was New").code == 0);
    const ended r = migrate(w, {"rollback", w.store(), "--yes", "--json"});
    CHECK(r.code == 3);
    CHECK(nlohmann::json::parse(r.out).at("unresolvable") == 1);
    CHECK(r.err.find("1 new names stay: nothing says what their old names were") != std::string::npos);
    CHECK(has(w, new_name(7)));
}

TEST_CASE("seal is refused while old names are left, wants a word, and then there is no way back") {
    const work_folder w;
    make_old_store(w / "store", 3);
    CHECK(migrate_json(w, {"seal", w.store(), "--yes"}, 4).at("obstacles").at(0).at("code") == "old_names");
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    REQUIRE(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
    CHECK(migrate_json(w, {"check", w.store()}, 0).at("next") == "seal");
    CHECK(migrate_json(w, {"seal", w.store()}, 4).at("obstacles").at(0).at("code") == "not_confirmed");
    CHECK(migrate_json(w, {"status", w.store()}, 0).at("ledger_entries") == 6);

    CHECK(migrate_json(w, {"seal", w.store(), "--yes"}, 0).at("complete") == true);
    for (const auto& [path, content] : files_below(w / "store")) {
        CHECK(path.find(uid_mark) == std::string::npos);
        CHECK(content.find(uid_mark) == std::string::npos);  // the undo ledger was personal data
    }
    CHECK(migrate_json(w, {"status", w.store()}, 0).at("stage") == "sealed");
    CHECK(migrate_json(w, {"rollback", w.store(), "--yes"}, 4).at("obstacles").at(0).at("code") == "sealed");
    CHECK(migrate(w, {"check", w.store()}).out == "there is no old name, and the migration is sealed\n");
    CHECK(migrate(w, {"seal", w.store(), "--yes"}).code == 0);
}

TEST_CASE("seal refuses a removal that the undo ledger contradicts, with what to do: no waiting would help") {
    const work_folder w;
    make_old_store(w / "store", 3);
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    REQUIRE(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
    {
        any_store state(open_files(w / "store"));
        blobshift::instance_id wrong = instance_of(2);
        wrong.sop += ".9";
        blobshift::deletion_log(state).record({}, std::vector{wrong}).value();
    }
    CHECK(migrate(w, {"cleanup", w.store()}).code == 3);
    for (const char* command : {"seal", "check"}) {
        std::vector<std::string> arguments = {command, w.store()};
        if (arguments.front() == "seal") arguments.emplace_back("--yes");
        const ended r = migrate(w, arguments);
        CHECK(r.code == 4);
        CHECK(r.err.find("1 removals on record tell a watermark that is another instance's by the undo ledger") !=
              std::string::npos);
        CHECK(r.err.find("run cleanup") != std::string::npos);
    }
    CHECK(has(w, new_name(2)));
    std::filesystem::remove(w / "store/.blobshift/deletions/00000000000000000001");
    CHECK(migrate(w, {"seal", w.store(), "--yes"}).code == 0);
}

TEST_CASE("where a service announces itself, copy, delete, rollback and seal wait for its nodes by name") {
    const work_folder w;
    make_old_store(w / "store", 3);
    CHECK(migrate(w, {"nodes", w.store()}).out == "no service has announced itself\n");
    CHECK(migrate(w, {"nodes", w.store(), "--set-stage", "Old"}).code == 0);
    any_store state(open_files(w / "store"));
    blobshift::node_announcer node(state, blobshift::node_name::parse("node-1").value());
    const auto announce = [&](blobshift::format runs) { return node.announce({}, {.runs = runs}).has_value(); };
    REQUIRE(announce(blobshift::format::old_names));
    const auto refused = [&](std::vector<std::string> arguments) {
        const auto before = files_below(w / "store");
        const nlohmann::json j = migrate_json(w, std::move(arguments), 4);
        CHECK(files_below(w / "store") == before);
        const auto& first = j.at("obstacles").at(0);
        return first.at("code").get<std::string>() + " " + first.value("node", "");
    };
    CHECK(refused({"copy", w.store()}) == "node_behind node-1");
    REQUIRE(announce(blobshift::format::dual));
    CHECK(migrate(w, {"copy", w.store()}).code == 0);
    CHECK(refused({"delete", w.store(), "--yes"}) == "node_behind node-1");
    CHECK(refused({"check", w.store()}) == "node_behind node-1");
    CHECK(migrate_json(w, {"nodes", w.store()}, 0).at("nodes").at(0).at("format") == "Dual");
    REQUIRE(announce(blobshift::format::new_names));
    CHECK(refused({"rollback", w.store(), "--yes"}) == "node_ahead node-1");
    CHECK(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
    CHECK(migrate(w, {"nodes", w.store(), "--forget", "node-1"}).code == 4);  // it is alive
    CHECK(migrate(w, {"nodes", w.store(), "--forget", "node-2"}).code == 2);
    // It is decided, but this node has not heard of it yet.
    CHECK(migrate_json(w, {"seal", w.store(), "--yes"}, 75).at("waiting").at(0).at("code") == "node_not_sealed");
}

TEST_CASE("with --log json each line on stderr is an object, and the lines that operators wait for are messages") {
    const work_folder w;
    make_old_store(w / "store", 3);
    REQUIRE(run({"put", w.store(), "readme.txt", "-"}, "x").code == 0);
    const auto lines = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--log", "json"});
        std::istringstream err(migrate(w, arguments).err);
        std::vector<std::string> messages;
        for (std::string line; std::getline(err, line);) {
            const nlohmann::json j = nlohmann::json::parse(line);
            CHECK(j.at("time").get<std::string>().size() == 24);
            messages.push_back(j.at("level").get<std::string>() + " " + j.at("message").get<std::string>());
        }
        return messages;
    };
    CHECK(lines({"copy", w.store()}).back() == "information Completed copying files.");
    CHECK(lines({"copy", w.store()}).front() == "warning 1 foreign");
    CHECK(lines({"delete", w.store(), "--yes"}).back() == "information Completed deleting files.");
    CHECK(lines({"cleanup", w.store()}).back() == "information Completed cleaning up deleted files.");
    CHECK(lines({"copy", w.store("missing")}).front().starts_with("error cannot open the store"));
}

TEST_CASE("what a directory holds beside blobs is told of, and keeps the store from being called empty or sealed") {
    const work_folder w;
    make_old_store(w / "store", 2);
    fs::create_symlink("elsewhere", w / "store/link");
    const std::string told = "1 entries of the store are no blobs, by name or by kind, and are left alone: "
                             "rename or remove them by other means\n";
    CHECK(run({"ls", w.store()}).err == "blobshift: ls: " + told);
    CHECK(run({"ls", w.store(), "1.2"}).err.empty());
    CHECK(migrate(w, {"plan", w.store()}).err == "blobshift: plan: " + told);
    CHECK(migrate_json(w, {"plan", w.store()}, 0).at("foreign_names") == 1);
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    CHECK(migrate_json(w, {"check", w.store()}, 0).at("foreign_names") == 1);
    CHECK(migrate(w, {"check", w.store()}).err == "blobshift: check: " + told);
    REQUIRE(migrate(w, {"delete", w.store(), "--yes"}).code == 0);
    for (const std::vector<std::string>& each :
         {std::vector<std::string>{"check"}, {"seal"}, {"seal", "--yes"}, {"seal", "--dry-run"}}) {
        std::vector<std::string> arguments = each;
        arguments.insert(arguments.begin() + 1, w.store());
        const ended r = migrate(w, arguments);
        CHECK(r.code == 4);
        CHECK(r.err == "blobshift: " + each.front() + ": " + told);
    }
    fs::remove(w / "store/link");
    CHECK(migrate(w, {"seal", w.store(), "--yes"}).code == 0);
}
