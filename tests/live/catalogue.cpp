// SPDX-License-Identifier: MIT
//
// The example service over a store that it did not fill itself, or whose catalogue was lost.

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <blobshift/naming/dicom_names.hpp>

#include <cli/program.hpp>
#include <live/nodes.hpp>

namespace {

using namespace blobshift;
using namespace live_test;

/// An instance in the store, with its metadata as an import writes them.
struct imported {
    std::string sop;
    std::int64_t watermark;
    format names;
    const char* content;
};

/// A store for one node, and the node when it runs.
class one_node {
public:
    explicit one_node(format f) { write_settings(settings_, f); }

    [[nodiscard]] static instance_id id_of(const std::string& sop, std::int64_t watermark) {
        const std::string root(cli_test::uid_mark);
        return {root + ".1", root + ".2", root + "." + sop, watermark};
    }
    void import(const std::vector<imported>& all) {
        auto store = cli_test::open_files(folder_ / "store");
        for (const imported& each : all) {
            const instance_id id = id_of(each.sop, each.watermark);
            const auto uid = [](const std::string& text) { return nlohmann::json{{"vr", "UI"}, {"Value", {text}}}; };
            const nlohmann::json metadata = {
                {"00080018", uid(id.sop)}, {"0020000D", uid(id.study)}, {"0020000E", uid(id.series)}};
            const auto put = [&](blob_kind kind, const std::string& content) {
                const auto name = each.names == format::old_names ? uid_names().name_of(id, kind)
                                                                  : prefix_names().name_of(id, kind);
                store.put({}, name.value(), as_bytes(content), {}, condition::if_absent()).value();
            };
            put(blob_kind::instance, each.content);
            put(blob_kind::metadata, metadata.dump());
        }
    }
    [[nodiscard]] std::unique_ptr<node_process> make_node(const std::string& name) const {
        return std::make_unique<node_process>(
            std::vector<std::string>{folder_.store(), "--durability", "none", "--settings", settings_}, name,
            folder_ / "tmp");
    }
    void start() {
        node_ = make_node("a");
        client_ = std::make_unique<httplib::Client>("127.0.0.1", node_->port());
    }
    /// \return what it logged.
    std::string stop() {
        CHECK(node_->stop() == 0);
        const std::string log = node_->log();
        CHECK(log.find(cli_test::uid_mark) == std::string::npos);
        std::filesystem::remove(folder_ / "tmp/a.err");
        return log;
    }
    void lose_state() { std::filesystem::remove_all(folder_ / "store/.blobshift"); }
    [[nodiscard]] const cli_test::work_folder& folder() const { return folder_; }

    /// The content, or the status where that is not 200.
    std::string get(const std::string& sop, const std::string& more = "") {
        const auto answer = client_->Get(path_of(sop) + more);
        REQUIRE(answer);
        return answer->status == 200 ? answer->body : std::to_string(answer->status);
    }
    int remove(const std::string& sop) { return client_->Delete(path_of(sop))->status; }
    /// \return its watermark; 0 when it was refused.
    std::int64_t put(const std::string& sop, const std::string& content) {
        const auto answer = client_->Put(path_of(sop), content, "application/dicom");
        REQUIRE(answer);
        return answer->status == 201 ? nlohmann::json::parse(answer->body)["watermark"].get<std::int64_t>() : 0;
    }

private:
    [[nodiscard]] static std::string path_of(const std::string& sop) {
        const instance_id id = id_of(sop, 1);
        return "/studies/" + id.study + "/series/" + id.series + "/instances/" + id.sop;
    }

    cli_test::work_folder folder_ = {};
    std::string settings_ = folder_ / "appsettings.json";
    std::unique_ptr<node_process> node_ = {};
    std::unique_ptr<httplib::Client> client_ = {};
};

}  // namespace

TEST_CASE("live catalogue: what was imported is served, by its old and by its new names") {
    one_node a(format::dual);
    a.import({{"3", 1, format::old_names, "old"},
              {"4", 2, format::new_names, "new"},
              {"5", 7, format::old_names, "first version"},
              {"5", 120, format::new_names, "second version"}});
    auto store = cli_test::open_files(a.folder() / "store");
    store.put({}, prefix_names().name_of({"", "", "", 9}, blob_kind::instance).value(), as_bytes("whose?"), {}, {})
        .value();
    a.start();
    CHECK(a.get("3") == "old");
    CHECK(a.get("4") == "new");
    CHECK(a.get("4", "?watermark=2") == "new");
    CHECK(a.get("4", "/metadata").find(one_node::id_of("4", 2).sop) != std::string::npos);
    CHECK(a.get("5") == "second version");
    CHECK(a.put("6", "stored by the service") > 120);
    CHECK(a.put("3", "again") == 0);
    CHECK(a.remove("5") == 200);
    CHECK(a.remove("4") == 200);
    CHECK(a.put("4", "once more") > 121);
    std::string log = a.stop();
    CHECK(log.find("3 instances of the store were not in the catalogue, and are now\n") != std::string::npos);
    CHECK(log.find("1 files are not served") != std::string::npos);
    a.start();
    CHECK(a.get("3") == "old");
    CHECK(a.get("4") == "once more");
    CHECK(a.get("5") == "404");  // no version of it came back
    CHECK(a.get("6") == "stored by the service");
    CHECK(a.stop().find("were not in the catalogue") == std::string::npos);
}

TEST_CASE("live catalogue: two nodes that start at once over an imported store both serve all of it") {
    one_node a(format::old_names);
    std::vector<imported> all;
    for (std::int64_t w = 1; w <= 100; ++w) {
        all.push_back({std::to_string(1000 + w), w, w % 2 == 0 ? format::old_names : format::new_names, "content"});
    }
    a.import(all);
    std::unique_ptr<node_process> other;
    {
        const std::jthread starting([&] { other = a.make_node("b"); });
        a.start();
    }
    httplib::Client client("127.0.0.1", other->port());
    for (const imported& each : all) {
        CHECK(a.get(each.sop) == "content");
        const instance_id id = one_node::id_of(each.sop, 1);
        const auto answer = client.Get("/studies/" + id.study + "/series/" + id.series + "/instances/" + id.sop);
        REQUIRE(answer);
        CHECK(answer->status == 200);
    }
    CHECK(other->stop() == 0);
    a.stop();
}

TEST_CASE("live catalogue: an import of an instance that is served already makes a new version of it") {
    one_node a(format::new_names);
    a.start();
    const std::int64_t first = a.put("3", "as it was");
    a.stop();
    a.import({{"3", first + 1, format::new_names, "as it is now"}});
    a.start();
    CHECK(a.get("3") == "as it is now");
    CHECK(a.remove("3") == 200);
    a.stop();
    a.start();
    CHECK(a.get("3") == "404");
    a.stop();
}

TEST_CASE("live catalogue: when the state is lost, the store tells what there is, and no watermark is given twice") {
    for (const format f : {format::old_names, format::dual, format::new_names}) {
        CAPTURE(to_string(f));
        one_node a(f);
        a.start();
        const std::int64_t first = a.put("3", "three");
        REQUIRE(first > 0);
        REQUIRE(a.put("4", "four") > first);
        REQUIRE(a.remove("3") == 200);
        a.stop();
        a.lose_state();
        a.start();
        CHECK(a.get("3") == "404");
        CHECK(a.get("4") == "four");
        CHECK(a.put("5", "five") > first + 1);
        CHECK(a.get("5") == "five");
        a.stop();
    }
}

TEST_CASE("live catalogue: an instance whose removal is on record does not come back with a name that is left") {
    one_node a(format::old_names);
    a.start();
    const std::int64_t watermark = a.put("3", "three");
    REQUIRE(a.remove("3") == 200);
    a.stop();
    a.import({{"3", watermark, format::new_names, "three"}});  // as a copier may bring it back
    a.start();
    CHECK(a.get("3") == "404");
    CHECK(a.put("3", "another one") > watermark);
    CHECK(a.get("3") == "another one");
    a.stop();
}

TEST_CASE("live catalogue: the containers are those that the settings name, and commands over one of them are refused") {
    const cli_test::work_folder w;
    cli_test::write_file(w / "appsettings.json",
                         R"({"DicomServer": {"Services": {"BlobMigration": {"FormatType": "Old",
                             "FilesContainer": "files", "MetadataContainer": "metadata"}}}})");
    std::filesystem::create_directory(w / "account");
    node_process node({"file:" + (w / "account"), "--durability", "none", "--settings", w / "appsettings.json"}, "a",
                      w / "tmp");
    const instance_id id = one_node::id_of("3", 1);
    httplib::Client client("127.0.0.1", node.port());
    const auto stored = client.Put("/studies/" + id.study + "/series/" + id.series + "/instances/" + id.sop, "content",
                                   "application/dicom");
    REQUIRE(stored);
    CHECK(stored->status == 201);
    CHECK(cli_test::read_file(w / ("account/files/" + uid_names().name_of(id, blob_kind::instance)->text())) ==
          "content");
    const std::string files = "file:" + (w / "account/files");
    const std::string metadata = "file:" + (w / "account/metadata");
    CHECK(cli_test::run({"check", files}).code == 4);
    CHECK(cli_test::run({"copy", files}).err.find("name it, too (--metadata)") != std::string::npos);
    CHECK(cli_test::run({"check", metadata}).err.find("name each in its place") != std::string::npos);
    CHECK(cli_test::run({"plan", files, "--metadata", metadata}).err.empty());
    CHECK(node.stop() == 0);
    std::filesystem::remove(w / "tmp/a.err");
}
