// SPDX-License-Identifier: MIT
#include "migrating.hpp"

#include <filesystem>
#include <map>

#include <blobshift/migrate/announcer.hpp>
#include <blobshift/migrate/home.hpp>
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
            CHECK(r.err.find("nodes --rebind") != std::string::npos);
            CHECK(migrate_json(w, arguments, 4).at("obstacles").at(0).at("code") == "another_state");
        }
        for (const char* looking : {"plan", "status"}) {
            const ended r = migrate(w, p.on_store(looking, wrong));
            CHECK(r.code == 0);
            CHECK(r.err.find("warning: the first container (STORE, of files) keeps its records") != std::string::npos);
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
    const words again = {"--metadata", w.store("other"), "--state", w.store("state"), "--rebind"};
    CHECK(migrate(w, p.on_store("nodes", again)).code == 0);
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
            CHECK(r.err.find("name each in its place") != std::string::npos);
        }
    }
}

TEST_CASE("a directory that was mistyped does not stand for a container of the service") {
    for (const bool apart : {false, true}) {
        const places p;
        const work_folder& w = p.w;
        fs::create_directory(w / "empty");
        const words state = apart ? words{"--state", w.store("state")} : words();
        const auto with = [&](words arguments) {
            arguments.insert(arguments.end(), state.begin(), state.end());
            return arguments;
        };
        REQUIRE(migrate(w, with({"copy", w.store(), "--metadata", w.store("other")})).code == 0);
        std::vector<words> wrong = {with({"check", w.store(), "--metadata", w.store("empty")}),
                                    with({"delete", w.store(), "--metadata", w.store("empty"), "--yes"}),
                                    with({"cleanup", w.store(), "--metadata", w.store("empty")}),
                                    with({"seal", w.store(), "--metadata", w.store("empty"), "--yes"})};
        if (apart) {
            wrong.push_back(with({"seal", w.store("empty"), "--metadata", w.store("other"), "--yes"}));
            wrong.push_back(with({"seal", w.store("empty"), "--yes"}));
            wrong.push_back(with({"import", w.store("empty"), w / "tmp"}));
            wrong.push_back(with({"import", w.store(), w / "tmp"}));  // its metadata would go among the files
        }
        const auto before = p.content();
        for (const words& each : wrong) {
            CAPTURE(each.front());
            const ended r = migrate(w, each);
            CHECK(r.code == 4);
        }
        CHECK(p.content() == before);
        CHECK(files_below(w / "empty").empty());
    }
}

TEST_CASE("two services have two states") {
    const places p;
    const work_folder& w = p.w;
    REQUIRE(migrate(w, p.on_store("copy", {"--state", w.store("state")})).code == 0);
    REQUIRE(migrate(w, {"copy", w.store("wrong")}).code == 0);
    for (const char* taken : {"state", "wrong"}) {
        for (const char* command : {"copy", "cleanup"}) {
            const ended r = migrate(w, {command, w.store("other"), "--state", w.store(taken)});
            CHECK(r.code == 4);
            CHECK(r.err.find("is not the one that this state is of") != std::string::npos);
        }
    }
}

TEST_CASE("the stores of a service are beside each other") {
    const places p;
    const work_folder& w = p.w;
    fs::create_directory(w / "store/inner");
    fs::create_symlink(w / "store", w / "link");
    const std::string state = w.store("state");
    for (const words& wrong : {words{"copy", w.store(), "--metadata", "file:" + (w / "store/./")},
                               words{"copy", w.store(), "--metadata", "file:" + (w / "link")},
                               words{"import", w.store(), w / "tmp", "--metadata", "file:" + (w / "store/./")},
                               words{"copy", w.store(), "--state", "file:" + (w / "store/inner")},
                               words{"copy", w.store(), "--state", "file:" + (w / "link/inner")},
                               words{"copy", w.store(), "--metadata", "file:" + (w / "store/inner")},
                               words{"copy", "file:" + (w / "store/inner"), "--state", w.store()}}) {
        const ended r = run(wrong);
        CAPTURE(r.err);
        CHECK(r.code == 2);
        CHECK(count_lines(r.err) == 1);
    }
    CHECK(!fs::exists(w / "store/.blobshift"));
    CHECK(migrate(w, {"copy", w.store(), "--metadata", w.store("other"), "--state", state}).code == 0);
}

TEST_CASE("a service that keeps its records itself is not migrated under another name") {
    const places p;
    const work_folder& w = p.w;
    {
        blobshift::any_store files(open_files(w / "store"));
        REQUIRE(blobshift::bind_home({files, {&files}}, {}));
        blobshift::node_announcer node(files, blobshift::node_name::parse("a").value());
        node.announce({}, {.runs = blobshift::format::old_names}).value();
    }
    const auto before = p.content();
    for (const words& wrong : {words{"copy", w.store("wrong"), "--metadata", w.store()},
                               words{"delete", w.store("wrong"), "--metadata", w.store(), "--yes"},
                               p.on_store("delete", {"--yes", "--state", w.store("state")})}) {
        CHECK(migrate(w, wrong).code == 4);
    }
    CHECK(p.content() == before);
}

TEST_CASE("the stage that an operator sets is one of these stores") {
    const places p;
    const work_folder& w = p.w;
    REQUIRE(migrate(w, {"copy", w.store()}).code == 0);
    REQUIRE(migrate(w, p.on_store("nodes", {"--state", w.store("state"), "--set-stage", "Old"})).code == 0);
    CHECK(migrate(w, p.on_store("delete", {"--yes"})).code == 4);
    CHECK(migrate(w, p.on_store("delete", {"--yes", "--state", w.store("state")})).code == 4);
}

TEST_CASE("a damaged record of who belongs to whom says what to do, and that helps") {
    for (const char* damaged : {"store/.blobshift/home", "state/.blobshift/identity"}) {
        const places p;
        const work_folder& w = p.w;
        const words state = {"--state", w.store("state")};
        REQUIRE(migrate(w, p.on_store("copy", state)).code == 0);
        write_file(w / damaged, "nonsense\n");
        const ended r = migrate(w, p.on_store("check", state));
        CHECK(r.code == 2);
        CHECK(r.err.find("nodes --rebind") != std::string::npos);
        fs::remove(w / damaged);
        CHECK(migrate(w, p.on_store("check", state)).code == 4);
        REQUIRE(migrate(w, p.on_store("nodes", {"--state", w.store("state"), "--rebind"})).code == 0);
        CHECK(migrate(w, p.on_store("check", state)).code == 0);
    }
}

TEST_CASE("of a delete and a rollback that name different states only one begins, though no copy has bound the store") {
    const places p;
    const work_folder& w = p.w;
    REQUIRE(migrate(w, p.on_store("copy", {})).code == 0);
    fs::remove_all(w / "store/.blobshift");  // as if the copies were made by other means
    SUBCASE("the delete is first") {
        REQUIRE(migrate(w, p.on_store("delete", {"--yes", "--state", w.store("state")})).code == 0);
        CHECK(migrate(w, p.on_store("rollback", {"--yes", "--remove-new"})).code == 4);
        CHECK(migrate(w, p.on_store("seal", {"--yes"})).code == 4);
        CHECK(migrate(w, p.on_store("rollback", {"--yes", "--state", w.store("state")})).code == 0);
    }
    SUBCASE("the rollback is first") {
        REQUIRE(migrate(w, p.on_store("rollback", {"--yes"})).code == 0);
        REQUIRE(migrate(w, p.on_store("delete", {"--yes"})).code == 0);  // now there is a ledger
        const ended r = migrate(w, p.on_store("delete", {"--yes", "--state", w.store("state")}));
        CHECK(r.code == 4);
        CHECK(r.err.find("leave the state out") != std::string::npos);
    }
    CHECK(files_below(w / "wrong").empty());
}

TEST_CASE("an import says how many containers there are, to whoever names a state later") {
    const places p;
    const work_folder& w = p.w;
    write_file(w / "tmp/none.dcm", "");
    CHECK(run({"import", w.store(), w / "tmp", "--metadata", w.store("other")}).code == 3);
    fs::remove(w / "tmp/none.dcm");
    CHECK(migrate(w, p.on_store("copy", {"--state", w.store("state")})).code == 4);
    CHECK(migrate(w, p.on_store("copy", {"--metadata", w.store("other"), "--state", w.store("state")})).code == 0);
}

TEST_CASE("a store that was named by mistake is let go by its word who says so") {
    const places p;
    const work_folder& w = p.w;
    REQUIRE(migrate(w, p.on_store("copy", {"--metadata", w.store("other")})).code == 0);
    CHECK(migrate(w, p.on_store("copy", {})).code == 4);
    CHECK(migrate(w, p.on_store("nodes", {"--rebind"})).code == 0);
    CHECK(migrate(w, p.on_store("copy", {})).code == 0);
    CHECK(migrate(w, {"nodes", w.store("other"), "--rebind"}).code == 0);
    CHECK(migrate(w, {"copy", w.store("other")}).code == 0);
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
                               p.on_store("copy", {"--state", w.store("state")})}) {
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
