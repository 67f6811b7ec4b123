// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include <blobshift/store/journal.hpp>

namespace {

using namespace cli_test;

TEST_CASE("wrong use is one line on stderr, exit code 2, and changes nothing") {
    const work_folder w;
    make_old_store(w / "store", 3);
    std::filesystem::create_directory(w / "dicom");
    std::filesystem::create_directory(w / "directory");
    std::filesystem::create_directory_symlink(w / "store", w / "link");
    write_file(w / "file", "not a directory");
    const std::string store = w.store();
    const std::string missing = w.store("missing");
    const std::string file = w.store("file");
    const auto before = files_below(w / ".");

    const std::vector<std::vector<std::string>> table = {
        // the command line
        {},
        {"frobnicate"},
        {"plan"},
        {"plan", store, "extra"},
        {"plan", store, "--no-such-option"},
        {"ls", store, "a", "b", "c"},
        {"put", store},
        // addresses
        {"plan", ""},
        {"plan", "file:"},
        {"plan", "/some/path"},
        {"plan", "store"},
        {"plan", "ftp://host/x"},
        {"plan", "file://host/path"},
        // stores that are not there
        {"plan", missing},
        {"copy", missing},
        {"verify", missing},
        {"check", missing},
        {"delete", missing, "--yes"},
        {"status", missing},
        {"ls", missing},
        {"stat", missing, "n"},
        {"get", missing, "n"},
        {"rm", missing, "n"},
        {"cp", missing, "a", "b"},
        {"put", missing + "/and/deeper", "n", w / "file"},
        {"plan", store, "--metadata", missing},
        {"plan", store, "--state", missing},
        {"plan", store, "--metadata", store},
        {"plan", store, "--metadata", w.store("./directory/../store")},
        {"plan", store, "--metadata", w.store("link")},
        // stores that are no directories
        {"plan", file},
        {"ls", file},
        {"put", file, "n", w / "file"},
        {"import", file, w / "dicom"},
        // names
        {"put", store, "", w / "file"},
        {"put", store, "a//b", w / "file"},
        {"get", store, "../x"},
        {"stat", store, "a/./b"},
        {"rm", store, "fine", "not\\fine"},
        {"cp", store, "a", "a"},
        {"cp", store, "a", "b."},
        {"name", "1.2", "1.3", "1.4", "0"},
        {"name", "1.2", "1.3", "1.4", "-1"},
        {"name", "1.2", "1.3", "1.4", "1x"},
        {"name", "1.2", "1.3", "1.4", "9223372036854775808"},
        {"name", "1.2", "abc", "1.4", "1"},
        {"name", "1.2", "1.3"},
        // files
        {"put", store, "n", w / "missing"},
        {"put", store, "n", w / "directory"},
        {"get", store, "n", w / "directory"},
        {"get", store, "n", w / "missing/file"},
        {"import", store, w / "missing"},
        {"plan", store, "--report", w / "directory"},
        {"plan", store, "--report", w / "file"},
        {"plan", store, "--report", w / "missing/report"},
        {"plan", store, "--scratch", w / "missing"},
        {"plan", missing, "--report", w / "report"},
        {"plan", store, "--report-names"},
        {"import", store, w / "dicom", "--report-names"},
        // options
        {"get", store, "n", "--range", "4"},
        {"get", store, "n", "--range", "5-4"},
        {"get", store, "n", "--range", "a-b"},
        {"ls", store, "--delimiter", "|"},
        {"put", store, "n", w / "file", "--content-type", "two\nlines"},
        {"put", store, "n", w / "file", "--durability", "some"},
        {"import", store, w / "dicom", "--format", "newer"},
        {"copy", store, "--durability", "some"},
        {"copy", store, "--concurrency", "0"},
        {"copy", store, "--concurrency", "many"},
        {"copy", store, "--concurrency", "99999"},
        {"copy", store, "--rate", "-1"},
        {"copy", store, "--rate", "0"},
        {"copy", store, "--rate", "inf"},
        {"copy", store, "--shard", "0/4"},
        {"copy", store, "--shard", "5/4"},
        {"copy", store, "--shard", "1"},
        {"copy", store, "--shard", "1/4x"},
        {"copy", store, "--verify", "thoroughly"},
        {"delete", store, "--yes", "--verify", "size"},
        {"delete", store, "--yes", "--max-delete", "few"},
    };
    for (const auto& arguments : table) {
        std::string line;
        for (const std::string& each : arguments) line += each + " ";
        CAPTURE(line);
        const ended r = run(arguments);
        CAPTURE(r.err);
        CHECK(r.code == 2);
        CHECK(r.out.empty());
        CHECK(count_lines(r.err) == 1);
        CHECK(r.err.starts_with("blobshift: "));
        CHECK(files_below(w / ".") == before);
    }
}

TEST_CASE("an Azure address that cannot work is one line, too, and a SAS in it is not repeated") {
    for (const char* name : {"AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT"}) ::unsetenv(name);
    for (const char* address :
         {"azure://container", "azure://", "https://?sig=SECRET", "http://127.0.0.1:1/account?sig=SECRET"}) {
        CAPTURE(address);
        const ended r = run({"ls", address});
        CAPTURE(r.err);
        CHECK(r.code == 2);
        CHECK(r.out.empty());
        CHECK(count_lines(r.err) == 1);
        CHECK(r.err.find("SECRET") == std::string::npos);
    }
}

namespace {

/// A command over a store whose state holds `content` in the record `name`, below .blobshift/: it is refused with one
/// line, which holds `said` and no UID, and changes nothing.
void check_refused(const std::string& command, const std::string& name, const std::string& content,
                   const std::string& said) {
    CAPTURE(command);
    CAPTURE(name);
    const work_folder w;
    make_old_store(w / "store", 3);
    const std::string record = w / ("store/.blobshift/" + name);
    std::filesystem::create_directories(std::filesystem::path(record).parent_path());
    write_file(record, content);
    static_cast<void>(run({"nodes", w.store(), "--rebind"}));  // who belongs to whom is on record already
    const auto before = files_below(w / "store");
    std::vector<std::string> arguments = {command, w.store()};
    if (command == "rollback") arguments.emplace_back("--yes");
    const ended r = run(arguments);
    CAPTURE(r.err);
    CHECK(r.code == 2);
    CHECK(r.out.empty());
    CHECK(count_lines(r.err) == 1);
    CHECK(r.err.starts_with("blobshift: " + command + ": "));
    CHECK(r.err.find(said) != std::string::npos);
    CHECK(r.err.find(uid_mark) == std::string::npos);
    CHECK(files_below(w / "store") == before);
}

}  // namespace

TEST_CASE("a damaged record of the state is named with what to do about it, and nothing is changed") {
    struct row {
        const char* command;
        const char* name;  ///< Below .blobshift/.
        const char* said;
    };
    constexpr row table[] = {
        {"rollback", "ledger/0123456789abcdef-00000000", ".blobshift/ledger/0123456789abcdef-00000000: restore it"},
        {"status", "ledger/0123456789abcdef-00000000", ".blobshift/ledger/0123456789abcdef-00000000: restore it"},
        {"plan", "evidence/0123456789abcdef-00000000", ".blobshift/evidence/0123456789abcdef-00000000: remove it"},
        {"check", "deletions/00000000000000000001", "it is .blobshift/deletions/00000000000000000001: restore it"},
        {"cleanup", "repairs/00000000000000000001", "it is .blobshift/repairs/00000000000000000001: restore it"},
        {"check", "operations/1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1",
         "it is .blobshift/operations/1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1: remove it"},
        {"copy", "nodes/pod-7", "it is .blobshift/nodes/pod-7: remove it when the node is stopped"},
        {"nodes", "stage", "it is .blobshift/stage: restore it"},
        // What somebody else put there may be called after a patient.
        {"copy", "operations/1.2.826.0.77777", "look into .blobshift/operations/, and move away what is no record"},
        {"rollback", "ledger/1.2.826.0.77777", "look into .blobshift/ledger/, and move away what is no record"},
    };
    for (const row& t : table) {
        check_refused(t.command, t.name, "this is not a record of 1.2.826.0.77777\nat all\n", t.said);
    }
}

TEST_CASE("a record of the state whose checksum is right, but whose fields are not, is named as a damaged one is") {
    struct row {
        const char* command;
        const char* name;  ///< Below .blobshift/.
        const char* kind;
    };
    constexpr row table[] = {
        {"rollback", "ledger/0123456789abcdef-00000000", "ledger"},
        {"plan", "evidence/0123456789abcdef-00000000", "evidence"},
        {"check", "deletions/00000000000000000001", "deletions"},
        {"cleanup", "repairs/00000000000000000001", "repairs"},
        {"copy", "operations/1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1", "operation"},
        {"copy", "claims/1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1", "operation"},
        {"copy", "nodes/pod-7", "node"},
        {"nodes", "stage", "stage"},
        {"check", "containers", "containers"},
    };
    for (const row& t : table) {
        blobshift::journal_lines lines(t.kind);
        lines.append("1.2.826.0.77777");
        check_refused(t.command, t.name, lines.text(), "; it is .blobshift/" + std::string(t.name) + ": ");
    }
}

TEST_CASE("a store in which no name is an instance's is hardly the one that was meant: a line says so") {
    const work_folder w;
    const std::string warning =
        "blobshift: warning: no name in STORE is one of an instance, old or new: is it the right one?\n";
    auto store = open_files(w / "store");
    CHECK(run({"plan", w.store()}).err.empty());  // an empty one may be right
    store.put({}, blobshift::blob_name::parse("notes.txt").value(), {}, {}, {}).value();
    for (const std::vector<std::string>& command :
         std::vector<std::vector<std::string>>{{"copy"}, {"rollback", "--yes"}, {"status"}, {"seal", "--dry-run"}}) {
        CAPTURE(command.front());
        std::vector<std::string> arguments = {command.front(), w.store()};
        arguments.insert(arguments.end(), command.begin() + 1, command.end());
        const ended r = run(arguments);
        CHECK(r.code == 0);
        CHECK(r.err.starts_with(warning));
    }
    make_old_store(w / "other", 1);
    CHECK(run({"plan", w.store("other"), "--metadata", w.store()}).err.find("the store of --metadata") !=
          std::string::npos);
    store.put({}, blobshift::blob_name::parse("132_1.dcm").value(), {}, {}, {}).value();
    CHECK(run({"plan", w.store()}).err.find("warning") == std::string::npos);
}

TEST_CASE("help and version go to stdout") {
    for (const char* asked : {"--help", "--version"}) {
        const ended r = run({asked});
        CHECK(r.code == 0);
        CHECK(!r.out.empty());
        CHECK(r.err.empty());
    }
}

TEST_CASE("a path with control characters does not reach the terminal as it is") {
    const work_folder w;
    std::filesystem::create_directory(w / "dicom");
    write_file(w / "dicom/\033[2J\nblobshift: all is well", "not DICOM");
    const ended r = run({"import", w.store(), w / "dicom"});
    CHECK(r.code == 3);
    CHECK(count_lines(r.err) == 1);
    CHECK(r.err.find('\033') == std::string::npos);
}

}  // namespace
