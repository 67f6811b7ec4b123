// SPDX-License-Identifier: MIT
#include "migrating.hpp"

#include <cstdlib>

namespace {

using namespace cli_test;

/// A settings file whose section holds `members`.
[[nodiscard]] std::string settings_with(const std::string& members) {
    return "{\"DicomServer\":{\"Services\":{\"BlobMigration\":{" + members + "}}}}";
}

}  // namespace

TEST_CASE(
    "settings that are wrong or contradict each other: one line that names file and key, exit code 2, nothing "
    "changed") {
    const work_folder w;
    make_old_store(w / "store", 3);
    const std::string file = w / "appsettings.json";
    struct row {
        std::string settings;
        std::string said;  // behind the file's name
    };
    const std::string section = "DicomServer:Services:BlobMigration";
    for (const row& t : {
             row{settings_with("\"StartCopy\":true,\"FormatType\":\"New\""),
                 ": StartCopy belongs before the switch to New: if the copy is completed, set StartCopy to false"},
             row{settings_with("\"StartCopy\":true,\"StartDelete\":true,\"FormatType\":\"New\""),
                 ": StartCopy belongs before the switch"},
             row{settings_with("\"StartDelete\":true"),
                 ": StartDelete deletes the names that FormatType Old still uses: set StartCopy to true"},
             row{settings_with("\"StartDelete\":true,\"FormatType\":\"Dual\""),
                 ": StartDelete deletes the names that FormatType Dual still uses: set StartCopy to true"},
             row{settings_with("\"FormatType\":\"Newest\""), ": " + section + ":FormatType is Old, Dual or New"},
             row{settings_with("\"FormatTyp\":\"New\""),
                 ": " + section + ":FormatTyp is no setting; the settings are FormatType"},
             row{settings_with("\"CopyFileOperationId\":\"42\""), ": " + section + ":CopyFileOperationId is a GUID"},
             row{settings_with("\"CleanupFilterTimeStamp\":\"yesterday\""),
                 ": " + section + ":CleanupFilterTimeStamp is a date"},
             row{settings_with("\"MetadataContainer\":\"abc\""),
                 ": MetadataContainer is a container beside FilesContainer"},
             row{settings_with("\"Concurrency\":0"), ": " + section + ":Concurrency is auto, or a number"},
             row{"{}", ": there is no section " + section},
             row{"{\n\"a\":\n", ": line 2: it is not JSON"},
             row{"", ": line 1: it is not JSON"},
             row{std::string(std::size_t{2} << 20, ' '), ": it is larger than 1 MiB"},
         }) {
        CAPTURE(t.settings.substr(0, 200));
        write_file(file, t.settings);
        const auto before = files_below(w / ".");
        const ended r = migrate(w, {"run", w.store(), "--settings", file});
        CAPTURE(r.err);
        CHECK(r.code == 2);
        CHECK(r.out.empty());
        CHECK(count_lines(r.err) == 1);
        CHECK(r.err.starts_with("blobshift: " + file + t.said));
        CHECK(files_below(w / ".") == before);
    }
    write_file(file, settings_with("\"StartCopy\":true"));
    const auto before = files_below(w / ".");
    const std::vector<std::vector<std::string>> table = {
        {"run", w.store()},
        {"run", w.store(), "--settings", w / "missing.json"},
        {"run", w.store(), "--settings", w / "store"},
        {"run", w.store("missing"), "--settings", file},
        {"run", w.store(), "--settings", file, "--shard", "1/2"},
        {"run", w.store(), "--settings", file, "--verify", "size"},
        {"run", w.store(), "--settings", file, "--change-feed", w / "missing.json"},
        {"run", w.store(), "--settings", file, "--log", "xml"},
        {"cleanup", w.store(), "--change-feed", w / "missing.json"},
        {"cleanup", w.store(), "--since", "2022-08-01"},
        {"cleanup", w.store(), "--change-feed", file, "--since", "yesterday"},
        {"nodes", w.store(), "--set-stage", "Newest"},
        {"nodes", w.store(), "--forget", "a/b"},
        {"nodes", w.store(), "--forget", "nobody"},
        {"report", w / "missing.jsonl", "-o", w / "page.html"},
        {"report", w / "store", "-o", w / "page.html"},
        {"report", file},
    };
    for (const auto& arguments : table) {
        std::string line;
        for (const std::string& each : arguments) line += each + " ";
        CAPTURE(line);
        const ended r = migrate(w, arguments);
        CAPTURE(r.err);
        CHECK(r.code == 2);
        CHECK(r.out.empty());
        CHECK(count_lines(r.err) == 1);
        CHECK(r.err.starts_with("blobshift: "));
        CHECK(files_below(w / ".") == before);
    }
}

TEST_CASE("a variable of the environment that is wrong is named, and its value is not repeated") {
    const work_folder w;
    make_old_store(w / "store", 1);
    write_file(w / "appsettings.json", settings_with("\"FormatType\":\"Old\""));
    ::setenv("DicomServer__Services__BlobMigration__StartCopy", "SECRET", 1);
    const ended r = migrate(w, {"run", w.store(), "--settings", w / "appsettings.json"});
    ::unsetenv("DicomServer__Services__BlobMigration__StartCopy");
    CHECK(r.code == 2);
    CHECK(r.err == "blobshift: " + (w / "appsettings.json") +
                       ": DicomServer__Services__BlobMigration__StartCopy is true or false\n");
}
