// SPDX-License-Identifier: MIT
//
// The guide's migration, sentence by sentence: the name of each test says which one it is about. On files; the same
// procedures on the emulator are in emulator.cpp.
#include "migrating.hpp"

#include <cstdlib>
#include <filesystem>

#include <blobshift/migrate/operation.hpp>

namespace {

namespace fs = std::filesystem;
using namespace cli_test;

/// A service's store of files and of metadata, and its settings file: the guide's own, with comments.
class service {
public:
    explicit service(int instances = 12) {
        make_old_store(w_ / "files", instances);
        make_old_store(w_ / "metadata", 3);
        set("Old", false, false);
    }

    /// Writes the file as an operator edits it.
    void set(const std::string& format, bool start_copy, bool start_delete, const std::string& more = "") const {
        write_file(settings(),
                   "{\n  // for the migration\n  \"Logging\": { \"LogLevel\": { \"Default\": \"Warning\", } },\n"
                   "  \"DicomServer\": {\n    \"Services\": {\n      \"BlobMigration\": {\n"
                   "        \"FormatType\": \"" +
                       format +
                       "\",\n"
                       "        \"StartCopy\": " +
                       (start_copy ? "true" : "false") +
                       ",\n"
                       "        \"StartDelete\": " +
                       (start_delete ? "true" : "false") +
                       ",\n"
                       "        \"CopyFileOperationId\": \"1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1\",\n"
                       "        \"DeleteFileOperationId\": \"ce38a27e-b194-4645-b47a-fe91c38c330f\",\n"
                       "        \"CleanupDeletedFileOperationId\": \"d32a0469-9c27-4df3-a1e8-12f7f8fecbc8\",\n"
                       "        \"CleanupFilterTimeStamp\": \"2022-08-01\",\n" +
                       more + "      }\n    }\n  }\n}\n");
    }
    ended restart(std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments = {"run",        w_.store("files"), "--metadata", w_.store("metadata"),
                                              "--settings", settings()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return migrate(w_, arguments);
    }
    nlohmann::json restart_json(int code) const {
        return migrate_json(
            w_, {"run", w_.store("files"), "--metadata", w_.store("metadata"), "--settings", settings()}, code);
    }
    [[nodiscard]] std::string settings() const { return w_ / "appsettings.json"; }
    [[nodiscard]] bool has(const std::string& name) const { return fs::exists(w_ / ("files/" + name)); }
    [[nodiscard]] const work_folder& folder() const { return w_; }

private:
    work_folder w_;
};

}  // namespace

TEST_CASE("guide: with the settings as they are before a migration, nothing is done") {
    const service s;
    const auto before = files_below(s.folder() / "files");
    const ended r = s.restart();
    CHECK(r.code == 0);
    CHECK(r.err.empty());
    CHECK(r.out == "nothing to run: StartCopy and StartDelete are false, FormatType is Old\n");
    CHECK(files_below(s.folder() / "files") == before);
}

TEST_CASE(
    "guide: 'Set StartCopy to true': the files of the old format are copied to the new one, and the old ones stay") {
    const service s;
    s.set("Old", true, false);
    const ended r = s.restart();
    CHECK(r.code == 0);
    CHECK(r.err == "Completed copying files.\n");
    for (int i = 1; i <= 12; ++i) {
        CHECK(read_file(s.folder() / ("files/" + new_name(i))) == content_of(i));
        CHECK(read_file(s.folder() / ("files/" + old_name(i))) == content_of(i));
    }
    const nlohmann::json status = migrate_json(
        s.folder(), {"status", s.folder().store("files"), "--metadata", s.folder().store("metadata")}, 0);
    CHECK(status.at("operations").at(0).at("status") == "succeeded");
}

TEST_CASE("guide: 'to ensure the copy has been completed, check the logs': the line comes only when it has been") {
    const service s;
    s.set("Old", true, false);
    write_file(s.folder() / ("files/" + new_name(4)), "not the image");
    const ended not_yet = s.restart();
    CHECK(not_yet.code == 3);
    CHECK(not_yet.err.find("Completed") == std::string::npos);
    REQUIRE(run({"rm", s.folder().store("files"), new_name(4)}).code == 0);
    CHECK(s.restart().err == "Completed copying files.\n");
    // The same settings again, for instance when the service restarts: what was completed is found completed.
    const ended again = s.restart();
    CHECK(again.code == 0);
    CHECK(again.err == "Completed copying files.\n");
}

TEST_CASE("guide: a copy whose operation is completed is looked at again, so late arrivals are copied, too") {
    const service s;
    s.set("Old", true, false);
    REQUIRE(s.restart().code == 0);
    REQUIRE(run({"rm", s.folder().store("files"), new_name(2)}).code == 0);
    CHECK(s.restart_json(0).at("copied").at("copied").at("objects") == 1);
    CHECK(s.has(new_name(2)));
}

TEST_CASE("guide: 'FormatType New and StartDelete true': old blobs are deleted only if the new ones correspond") {
    const service s;
    s.set("Old", true, false);
    REQUIRE(s.restart().code == 0);
    s.set("New", false, true);
    fs::remove(s.folder() / ("files/" + new_name(4)));
    write_file(s.folder() / ("files/" + new_name(4)), "not the image");
    const auto before = files_below(s.folder() / "files");
    const ended refused = s.restart();
    CHECK(refused.code == 4);
    CHECK(refused.err.find("Completed") == std::string::npos);
    CHECK(files_below(s.folder() / "files") == before);

    REQUIRE(run({"cp", s.folder().store("files"), old_name(4), new_name(4)}).code == 0);
    const ended r = s.restart();
    CAPTURE(r.err);
    CHECK(r.code == 0);
    CHECK(r.err == "Completed deleting files.\nCompleted cleaning up deleted files.\n");
    for (int i = 1; i <= 12; ++i) {
        CHECK(!s.has(old_name(i)));
        CHECK(read_file(s.folder() / ("files/" + new_name(i))) == content_of(i));
    }
    CHECK(s.restart().err == "Completed deleting files.\nCompleted cleaning up deleted files.\n");
}

TEST_CASE(
    "guide: 'doesn't delete any blobs without checking': without a copy nothing is deleted, in either container") {
    const service s;
    s.set("New", false, true);
    const auto before = files_below(s.folder() / ".");
    const nlohmann::json j = s.restart_json(4);
    CHECK(j.at("obstacles").at(0).at("code") == "missing_copies");
    CHECK(files_below(s.folder() / ".") == before);
}

TEST_CASE("guide: without service interruption, 'Change FormatType to Dual', then the same steps") {
    const service s;
    s.set("Dual", false, false);
    CHECK(s.restart().out == "nothing to run: StartCopy and StartDelete are false, FormatType is Dual\n");
    s.set("Dual", true, false);
    CHECK(s.restart().err == "Completed copying files.\n");
    s.set("New", false, true);
    CHECK(s.restart().err == "Completed deleting files.\nCompleted cleaning up deleted files.\n");
}

TEST_CASE("guide: 'adjusted as part of the application's settings': the environment overrides the file") {
    const service s;
    ::setenv("DicomServer__Services__BlobMigration__StartCopy", "true", 1);
    const ended r = s.restart();
    ::unsetenv("DicomServer__Services__BlobMigration__StartCopy");
    CHECK(r.err == "Completed copying files.\n");
}

TEST_CASE(
    "guide: removals after CleanupFilterTimeStamp are cleaned up from the change feed, older ones are left alone") {
    const service s;
    s.set("Dual", true, false);
    REQUIRE(s.restart().code == 0);
    const auto record = [](int sequence, int watermark, const char* when) {
        const blobshift::instance_id id = instance_of(watermark);
        return "{\"Sequence\":" + std::to_string(sequence) + ",\"StudyInstanceUid\":\"" + id.study +
               "\",\"SeriesInstanceUid\":\"" + id.series + "\",\"SopInstanceUid\":\"" + id.sop +
               "\",\"Action\":\"Delete\",\"Timestamp\":\"" + when +
               "\",\"State\":\"Deleted\",\"OriginalWatermark\":" + std::to_string(watermark) + "}";
    };
    write_file(s.folder() / "feed.json",
               "[" + record(1, 3, "2022-07-31T23:59:59Z") + "," + record(2, 5, "2022-08-01T00:00:00Z") + "]");
    s.set("New", false, true);
    CHECK(s.restart({"--change-feed", s.folder() / "feed.json"}).code == 0);
    CHECK(s.has(new_name(3)));
    CHECK(!s.has(new_name(5)));
}

TEST_CASE("guide: a service with a container of metadata is not called done, moved or sealed by its files alone") {
    const service s;
    s.set("Old", true, false);
    REQUIRE(s.restart().code == 0);
    s.set("New", false, true);
    REQUIRE(s.restart().code == 0);
    make_old_store(s.folder() / "metadata", 3);  // old names again, in that container alone
    const std::string files = s.folder().store("files");
    const auto before = files_below(s.folder() / ".");
    const std::string said =
        ": the service has a second container, of metadata, which was not looked at: name it, too "
        "(--metadata); only if there is none, say so (nodes --rebind)\n";
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"copy", files},
             {"cleanup", files},
             {"seal", files},
             {"seal", files, "--yes"},
             {"status", files},
             {"check", files},
             {"delete", files, "--yes"},
             {"rollback", files, "--yes"},
             {"run", files, "--settings", s.settings()}}) {
        CAPTURE(arguments.front());
        const ended r = migrate(s.folder(), arguments);
        CHECK(r.code == 4);
        CHECK(r.out.empty());
        CHECK(r.err == "blobshift: " + arguments.front() + said);
    }
    CHECK(migrate(s.folder(), {"plan", files}).err == "blobshift: plan" + said);
    const std::vector<std::string> both = {files, "--metadata", s.folder().store("metadata")};
    const auto with_both = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin() + 1, both.begin(), both.end());
        return migrate(s.folder(), arguments);
    };
    CHECK(with_both({"seal", "--yes"}).err == "blobshift: seal: 6 old names are left: run delete\n");
    CHECK(files_below(s.folder() / ".") == before);
    REQUIRE(with_both({"delete", "--yes"}).code == 0);
    REQUIRE(with_both({"seal", "--yes"}).code == 0);
    CHECK(migrate(s.folder(), {"seal", files, "--yes"}).code == 4);
    CHECK(with_both({"status"}).out.find("stage: sealed\n") != std::string::npos);
    // And nothing brings old names into it that nobody would look for.
    const auto sealed = files_below(s.folder() / ".");
    for (const char* format : {"old", "dual"}) {
        const ended r = migrate(s.folder(), {"import", files, s.folder() / "tmp", "--format", format});
        CHECK(r.code == 4);
        CHECK(r.err == "blobshift: import: the store is sealed, nobody looks for old names in it; use --format new\n");
    }
    CHECK(files_below(s.folder() / ".") == sealed);
}

TEST_CASE("guide: the containers may be named in the settings") {
    const service s;
    fs::rename(s.folder() / "metadata", s.folder() / "other");
    s.set("Old", true, false, "        \"FilesContainer\": \"files\", \"MetadataContainer\": \"other\",\n");
    const ended r = migrate(s.folder(), {"run", s.folder().store("."), "--settings", s.settings()});
    CAPTURE(r.err);
    CHECK(r.code == 0);
    CHECK(s.has(new_name(1)));
    CHECK(fs::exists(s.folder() / ("other/" + new_name(1))));
    CHECK(
        run({"run", s.folder().store("."), "--metadata", s.folder().store("other"), "--settings", s.settings()}).code ==
        2);
}

TEST_CASE("guide: an operation that runs elsewhere is not begun a second time; a dead one is taken over") {
    const service s;
    s.set("Old", true, false);
    blobshift::any_store state(open_files(s.folder() / "files"));
    const auto id = blobshift::operation_id::parse("1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1").value();
    REQUIRE(
        blobshift::running_operation::start(state, {}, id, blobshift::operation_kind::copy).value().mine.has_value());
    const ended refused = s.restart();
    CHECK(refused.code == 4);
    CHECK(refused.err.find("already running elsewhere") != std::string::npos);
    CHECK(!s.has(new_name(1)));
    CHECK(s.restart({"--take-over"}).err == "Completed copying files.\n");
}

TEST_CASE("guide: a dry run of a step says what it would do, changes nothing, and says no line") {
    const service s;
    s.set("Old", true, false);
    const auto before = files_below(s.folder() / ".");
    const ended r = s.restart({"--dry-run"});
    CHECK(r.code == 0);
    CHECK(r.err == "blobshift: dry run: nothing was changed\n");
    CHECK(r.out.find("without a copy  30") != std::string::npos);
    CHECK(files_below(s.folder() / ".") == before);
}
