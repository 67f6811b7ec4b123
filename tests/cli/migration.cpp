// SPDX-License-Identifier: MIT
#include "migrating.hpp"

#include <sstream>

#include <sys/stat.h>

namespace {

namespace fs = std::filesystem;
using namespace cli_test;
using nlohmann::json;

TEST_CASE("a migration: plan, copy, verify, check, delete, status") {
    const work_folder w;
    make_old_store(w / "store", 40);
    const std::string store = w.store();

    const json planned = migrate_json(w, {"plan", store}, 0);
    CHECK(planned.at("old_names") == 80);
    CHECK(planned.at("new_names") == 0);
    CHECK(planned.at("outcomes").at("missing").at("objects") == 80);
    CHECK(planned.at("copy_is_complete") == false);
    CHECK(migrate_json(w, {"status", store}, 0).at("stage") == "old");
    CHECK(migrate_json(w, {"check", store}, 4).at("obstacles").at(0).at("code") == "missing_copies");

    const ended copied = migrate(w, {"copy", store});
    CHECK(copied.code == 0);
    CHECK(copied.err == "Completed copying files.\n");
    CHECK(migrate_json(w, {"copy", store}, 0).at("outcomes").at("present").at("objects") == 80);
    CHECK(migrate_json(w, {"status", store}, 0).at("stage") == "copied");

    const json verified = migrate_json(w, {"verify", store, "--verify", "read_bytes"}, 0);
    CHECK(verified.at("complete") == true);
    CHECK(verified.at("outcomes").at("verified").at("objects") == 80);
    CHECK(migrate_json(w, {"check", store}, 0).at("safe") == true);

    const ended deleted = migrate(w, {"delete", store, "--yes"});
    CHECK(deleted.code == 0);
    CHECK(deleted.err == "Completed deleting files.\n");
    const json done = migrate_json(w, {"status", store}, 0);
    CHECK(done.at("stage") == "done");
    CHECK(done.at("ledger_entries") == 80);
    for (int i = 1; i <= 40; ++i) CHECK(read_file(w / "store/" + new_name(i)) == content_of(i));
    CHECK(run({"ls", store}).out.find('/') == std::string::npos);
    CHECK(json::parse(run({"stat", store, new_name(1), "--json"}).out).at("content_type") == "application/dicom");
}

TEST_CASE("two containers are migrated by one command, and deleted from in both or in neither") {
    const work_folder w;
    make_old_store(w / "store", 10);
    make_old_store(w / "other", 5);
    const std::vector<std::string> both = {w.store(), "--metadata", w.store("other")};
    const auto on_both = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin() + 1, both.begin(), both.end());
        return arguments;
    };
    CHECK(migrate_json(w, on_both({"plan"}), 0).at("old_names") == 30);
    CHECK(migrate(w, {"copy", w.store()}).code == 0);
    const auto before = files_below(w / "store");
    CHECK(migrate_json(w, on_both({"delete", "--yes"}), 4).at("obstacles").at(0).at("objects") == 10);
    CHECK(files_below(w / "store") == before);

    const ended copied = migrate(w, on_both({"copy"}));
    CHECK(copied.code == 0);
    CHECK(copied.err == "Completed copying files.\n");
    CHECK(migrate_json(w, on_both({"delete", "--yes"}), 0).at("outcomes").at("removed").at("objects") == 30);
}

TEST_CASE("a dry run changes nothing and says so") {
    const work_folder w;
    make_old_store(w / "store", 5);
    const auto before = files_below(w / "store");
    const ended copy = migrate(w, {"copy", w.store(), "--dry-run"});
    CHECK(copy.code == 0);
    CHECK(copy.err == "blobshift: dry run: 10 would be copied; nothing was changed\n");
    CHECK(files_below(w / "store") == before);

    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    const auto copied = files_below(w / "store");
    CHECK(migrate(w, {"verify", w.store(), "--dry-run", "--verify", "read_bytes"}).code == 0);
    const ended gone = migrate(w, {"delete", w.store(), "--dry-run"});
    CHECK(gone.code == 0);
    CHECK(gone.err == "blobshift: dry run: 10 would be deleted; nothing was changed\n");
    CHECK(files_below(w / "store") == copied);
}

TEST_CASE("delete refuses without --yes, with copies missing, and above --max-delete") {
    const work_folder w;
    make_old_store(w / "store", 5);
    const auto refused = [&](std::vector<std::string> arguments, const char* code) {
        const auto before = files_below(w / "store");
        CHECK(migrate_json(w, std::move(arguments), 4).at("obstacles").at(0).at("code") == code);
        CHECK(files_below(w / "store") == before);
    };
    refused({"delete", w.store()}, "missing_copies");
    refused({"delete", w.store(), "--yes"}, "missing_copies");
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    refused({"delete", w.store()}, "not_confirmed");
    refused({"delete", w.store(), "--yes", "--max-delete", "9"}, "max_delete");
    CHECK(migrate(w, {"delete", w.store(), "--yes", "--max-delete", "10"}).code == 0);
}

TEST_CASE("a blob that changed between verify and delete is not deleted") {
    for (const bool old_one : {true, false}) {
        CAPTURE(old_one);
        const work_folder w;
        make_old_store(w / "store", 5);
        REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
        REQUIRE(migrate(w, {"verify", w.store()}).code == 0);
        const std::string changed = old_one ? old_name(3) : new_name(3);
        const std::string kept = old_one ? new_name(3) : old_name(3);
        std::string other = content_of(3);
        other.back() = '!';  // the same length
        REQUIRE(run({"put", w.store(), changed, "-"}, other).code == 0);

        CHECK(migrate(w, {"delete", w.store(), "--yes"}).code == 3);
        CHECK(read_file(w / "store/" + changed) == other);
        CHECK(read_file(w / "store/" + kept) == content_of(3));
        CHECK(run({"ls", w.store()}).out.find(old_name(3)) != std::string::npos);
        CHECK(migrate_json(w, {"plan", w.store()}, 0).at("old_names") == 1);
    }
}

TEST_CASE("a target that is empty is repaired; one of other content or length, or a directory, is reported") {
    struct row {
        const char* what;
        const char* content;  // null: a directory
        int code;
    };
    for (const row& t : {row{"empty", "", 0}, row{"other", "something else", 3}, row{"directory", nullptr, 3}}) {
        CAPTURE(t.what);
        const work_folder w;
        make_old_store(w / "store", 4);
        const std::string target = w / "store/" + new_name(2);
        if (t.content == nullptr) {
            fs::create_directory(target);
            write_file(target + "/file", "x");
        } else {
            write_file(target, t.content);
        }
        const json copied = migrate_json(w, {"copy", w.store()}, t.code);
        CHECK(copied.at("complete") == (t.code == 0));
        if (t.code == 0) {
            CHECK(copied.at("outcomes").at("repaired").at("objects") == 1);
            CHECK(read_file(target) == content_of(2));
        } else {
            CHECK(migrate(w, {"check", w.store()}).code == 4);
            CHECK(migrate(w, {"delete", w.store(), "--yes"}).code == 4);
            CHECK(run({"get", w.store(), old_name(2)}).out == content_of(2));
            CHECK((t.content == nullptr || read_file(target) == t.content));
            // The rest can go on, if that is asked for.
            CHECK(migrate_json(w, {"delete", w.store(), "--yes", "--partial"}, 3)
                      .at("outcomes")
                      .at("removed")
                      .at("objects") == 7);
            CHECK(run({"get", w.store(), old_name(2)}).out == content_of(2));
        }
    }
}

TEST_CASE("names of neither scheme are counted and left alone") {
    const work_folder w;
    make_old_store(w / "store", 2);
    for (const char* name : {"readme.txt", "1.2/1.3/1.4_0.dcm", "133_1.dcm"}) {
        REQUIRE(run({"put", w.store(), name, "-"}, name).code == 0);
    }
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    const ended asked = migrate(w, {"delete", w.store(), "--dry-run", "--report", w / "report"});
    CHECK(asked.err.find("3 foreign\n") != std::string::npos);  // once, though delete looks ahead
    CHECK(count_objects(read_file(w / "report")) == 3 + 4);
    CHECK(migrate_json(w, {"delete", w.store(), "--yes"}, 0).at("outcomes").at("foreign").at("objects") == 3);
    CHECK(run({"get", w.store(), "1.2/1.3/1.4_0.dcm"}).out == "1.2/1.3/1.4_0.dcm");
}

TEST_CASE("shards together do the whole, and none claims to have done it") {
    const work_folder w;
    make_old_store(w / "store", 20);
    int copied = 0;
    for (const char* part : {"1/3", "2/3", "3/3"}) {
        const ended r = migrate(w, {"copy", w.store(), "--shard", part, "--json"});
        CHECK(r.code == 0);
        CHECK(r.err == "blobshift: part " + std::string(part) + " is complete\n");
        copied += json::parse(r.out).at("outcomes").at("copied").at("objects").get<int>();
    }
    CHECK(copied == 40);
    CHECK(migrate_json(w, {"plan", w.store()}, 0).at("copy_is_complete") == true);
}

TEST_CASE("a report is private, has a line for each object, and names only when asked") {
    const work_folder w;
    make_old_store(w / "store", 10);
    const std::string report = w / "report.jsonl";
    for (const bool names : {false, true}) {
        CAPTURE(names);
        std::vector<std::string> arguments = {"plan", w.store(), "--report", report};
        if (names) arguments.emplace_back("--report-names");
        if (names) arguments.front() = "copy";
        REQUIRE(migrate(w, arguments).code == 0);
        struct ::stat s {};
        REQUIRE(::stat(report.c_str(), &s) == 0);
        CHECK((s.st_mode & 07777U) == 0600);
        const std::string text = read_file(report);
        CHECK((text.find(uid_mark) != std::string::npos) == names);
        std::istringstream lines(text);
        int copied = 0;
        for (std::string line; std::getline(lines, line);)
            copied += json::parse(line).value("outcome", "") == "copied" ? 1 : 0;
        CHECK(copied == (names ? 20 : 0));
    }
    fs::create_symlink(report, w / "link");
    CHECK(migrate(w, {"plan", w.store(), "--report", w / "link"}).code == 2);
}

TEST_CASE("state can be kept in a store of its own") {
    const work_folder w;
    make_old_store(w / "store", 3);
    make_old_store(w / "other", 2);
    fs::create_directory(w / "state");
    const auto with_state = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--metadata", w.store("other"), "--state", w.store("state")});
        return arguments;
    };
    REQUIRE(migrate(w, with_state({"copy", w.store()})).code == 0);
    REQUIRE(migrate(w, with_state({"delete", w.store(), "--yes"})).code == 0);
    for (const char* container : {"store", "other"}) {  // only where that is
        const auto kept = files_below(w / (std::string(container) + "/.blobshift"));
        CHECK(kept.size() == 1);
        CHECK(kept.contains("home"));
    }
    CHECK(migrate_json(w, with_state({"status", w.store()}), 0).at("ledger_entries") == 10);
    CHECK(run({"ls", w.store("state")}).out.empty());
}

TEST_CASE("what a killed run left in the scratch directory is swept by the next, and what a live one holds is not") {
    const work_folder w;
    make_old_store(w / "store", 3);
    fs::create_directory(w / "scratch");
    fs::create_directory(w / "scratch/blobshift-scratch-dead");
    write_file(w / "scratch/blobshift-scratch-dead/names", std::string(uid_mark));
    fs::create_directory(w / "scratch/somebody-elses");
    REQUIRE(migrate(w, {"plan", w.store(), "--scratch", w / "scratch"}).code == 0);
    CHECK(files_below(w / "scratch") == std::map<std::string, std::string>{{"somebody-elses/", ""}});
}

TEST_CASE("a rate is kept to") {
    const work_folder w;
    make_old_store(w / "store", 2);
    CHECK(migrate(w, {"copy", w.store(), "--rate", "1000", "--concurrency", "2"}).code == 0);
    CHECK(migrate_json(w, {"plan", w.store()}, 0).at("copy_is_complete") == true);
}

}  // namespace
