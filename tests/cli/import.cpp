// SPDX-License-Identifier: MIT
#include "dicom.hpp"
#include "program.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>

#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/views/deletion_log.hpp>

namespace {

using namespace cli_test;
using nlohmann::json;

TEST_CASE("import stores files verbatim and their metadata, under the names of each format") {
    struct row {
        const char* format;
        const char* names;
    };
    const row table[] = {
        {"old", "1.2.3/1.2.3.4/1.2.3.4.5_1.dcm\n1.2.3/1.2.3.4/1.2.3.4.5_1_metadata.json\n"},
        {"new", "132_1.dcm\n132_1_metadata.json\n"},
        {"dual",
         "1.2.3/1.2.3.4/1.2.3.4.5_1.dcm\n1.2.3/1.2.3.4/1.2.3.4.5_1_metadata.json\n132_1.dcm\n132_1_metadata.json\n"},
    };
    for (const row& t : table) {
        CAPTURE(t.format);
        const work_folder w;
        std::filesystem::create_directory(w / "dicom");
        write_file(w / "dicom/image", dicom({}));
        const ended r = run({"import", w.store(), w / "dicom", "--format", t.format, "--json"});
        CAPTURE(r.err);
        CHECK(r.code == 0);
        CHECK(json::parse(r.out).at("imported") == 1);
        const ended names = run({"ls", w.store()});
        CHECK(names.out == t.names);
        std::istringstream lines(names.out);
        for (std::string name; std::getline(lines, name);) {
            const std::string content = run({"get", w.store(), name}).out;
            if (name.ends_with(".dcm")) {
                CHECK(content == dicom({}));
                continue;
            }
            const json metadata = json::parse(content);
            CHECK(metadata.at("0020000D").at("Value").at(0) == "1.2.3");
            CHECK(metadata.at("00100010").at("Value").at(0).at("Alphabetic") == "M\u00fcller^Anna");
            CHECK(!metadata.contains("7FE00010"));
        }
    }
}

TEST_CASE("import keeps odd UIDs to the letter, less their padding, and takes files without a preamble") {
    const work_folder w;
    std::filesystem::create_directories(w / "dicom/below");
    const std::string longest = "1." + std::string(62, '7');
    write_file(w / "dicom/1", dicom({"1.2.003", "01.2", longest}));
    write_file(w / "dicom/below/2", dicom({"1.2.3 ", "1.2.3.4", "1.2.3.4.5"}, false));
    const ended r = run({"import", w.store(), w / "dicom"});
    CAPTURE(r.err);
    CHECK(r.code == 0);
    const std::string names = run({"ls", w.store()}).out;
    CHECK(names.find("1.2.003/01.2/" + longest + "_1.dcm\n") != std::string::npos);
    CHECK(names.find("1.2.3/1.2.3.4/1.2.3.4.5_2.dcm\n") != std::string::npos);
}

TEST_CASE("import goes on after files that it cannot take, and lists each with the reason") {
    const work_folder w;
    std::filesystem::create_directory(w / "dicom");
    write_file(w / "dicom/a-good", dicom({}));
    write_file(w / "dicom/b-study", dicom({.study = ""}));
    write_file(w / "dicom/c-series", dicom({.series = ""}));
    write_file(w / "dicom/d-sop", dicom({.sop = ""}));
    write_file(w / "dicom/e-grammar", dicom({.study = "1.2.840.PATIENT"}));
    write_file(w / "dicom/f-text", "This is no DICOM file.");
    write_file(w / "dicom/g-packed", "\x1f\x8b\x08 and so on");
    write_file(w / "dicom/h-empty", "");
    write_file(w / "dicom/i-cut", dicom({}).substr(0, 200));
    std::filesystem::create_symlink("a-good", w / "dicom/j-link");
    write_file(w / "dicom/k-good", dicom({}));
    const ended r = run({"import", w.store(), w / "dicom", "--json", "--report", w / "report", "--report-names"});
    CAPTURE(r.err);
    CHECK(r.code == 3);
    const json summary = json::parse(r.out);
    CHECK(summary.at("imported") == 2);
    CHECK(summary.at("skipped") == 9);
    CHECK(count_lines(r.err) == 9);
    CHECK(r.err.find("skipped g-packed: it is compressed with gzip; unpack it first\n") != std::string::npos);
    CHECK(r.err.find("skipped b-study: it has no Study Instance UID\n") != std::string::npos);
    CHECK(r.err.find("PATIENT") == std::string::npos);
    CHECK(count_objects(read_file(w / "report")) == 11);
    CHECK(count_lines(run({"ls", w.store()}).out) == 4);
}

TEST_CASE("watermarks go on where the names of either scheme, in either store, end") {
    const work_folder w;
    std::filesystem::create_directory(w / "dicom");
    write_file(w / "dicom/image", dicom({}));
    const std::vector<std::string> import = {"import", w.store(), w / "dicom", "--metadata", w.store("metadata")};
    REQUIRE(run(import).code == 0);
    REQUIRE(run({"put", w.store(), "1.2/1.3/1.4_41.dcm", "-"}, "x").code == 0);
    REQUIRE(run({"put", w.store("metadata"), "104_121_metadata.json", "-"}, "x").code == 0);
    REQUIRE(run(import).code == 0);
    CHECK(run({"ls", w.store()}).out ==
          "1.2.3/1.2.3.4/1.2.3.4.5_1.dcm\n1.2.3/1.2.3.4/1.2.3.4.5_122.dcm\n1.2/1.3/1.4_41.dcm\n");
    CHECK(
        run({"ls", w.store("metadata")}).out ==
        "1.2.3/1.2.3.4/1.2.3.4.5_122_metadata.json\n1.2.3/1.2.3.4/1.2.3.4.5_1_metadata.json\n104_121_metadata.json\n");

    REQUIRE(run({"put", w.store(), "1.2/1.3/1.4_9223372036854775807.dcm", "-"}, "x").code == 0);
    const auto before = files_below(w / "store");
    CHECK(run(import).code == 3);
    CHECK(files_below(w / "store") == before);
}

/// The watermark that an import of one more image gives.
[[nodiscard]] std::string next_watermark(const work_folder& w, std::vector<std::string> more = {}) {
    std::vector<std::string> import = {"import", w.store(), w / "dicom", "--report", w / "report", "--format", "new"};
    import.insert(import.end(), more.begin(), more.end());
    const ended r = run(import);
    CAPTURE(r.err);
    CHECK(r.code == 0);
    const std::string report = read_file(w / "report");
    const std::size_t begin = report.find("\"watermark\":") + 12;
    std::filesystem::remove(w / "report");
    return report.substr(begin, report.find_first_of(",}", begin) - begin);
}

TEST_CASE("a watermark that was deleted or removed is given to nobody else") {
    const work_folder w;
    std::filesystem::create_directory(w / "dicom");
    write_file(w / "dicom/image", dicom({}));
    REQUIRE(run({"import", w.store(), w / "dicom"}).code == 0);
    SUBCASE("by the undo ledger of the store: a rollback would file the second image under the first one's UIDs") {
        REQUIRE(run({"copy", w.store()}).code == 0);
        REQUIRE(run({"delete", w.store(), "--yes"}).code == 0);
        REQUIRE(run({"rm", w.store(), "132_1.dcm", "132_1_metadata.json"}).code == 0);
        CHECK(next_watermark(w) == "2");
        const ended back = run({"rollback", w.store(), "--yes"});
        CHECK(back.code == 3);
        CHECK(back.err.find("2 failed: the new name is gone, and no record says that it was removed") !=
              std::string::npos);
        CHECK(run({"ls", w.store()}).out.find('/') == std::string::npos);
    }
    SUBCASE("by a ledger that is kept apart") {
        std::filesystem::create_directory(w / "state");
        const std::vector<std::string> state = {"--state", w.store("state")};
        REQUIRE(run({"copy", w.store(), "--state", w.store("state")}).code == 0);
        REQUIRE(run({"delete", w.store(), "--yes", "--state", w.store("state")}).code == 0);
        REQUIRE(run({"rm", w.store(), "132_1.dcm", "132_1_metadata.json"}).code == 0);
        CHECK(next_watermark(w, state) == "2");
    }
    SUBCASE("by the deletion log: a cleanup would remove the second image") {
        blobshift::any_store store(open_files(w / "store"));
        const std::vector<blobshift::instance_id> removed = {{"1.2.3", "1.2.3.4", "1.2.3.4.9", 40}};
        blobshift::deletion_log(store).record({}, removed).value();
        CHECK(next_watermark(w) == "41");
        REQUIRE(run({"cleanup", w.store()}).code == 0);
        REQUIRE(
            run({"rm", w.store(), blobshift::prefix_names().name_of({.watermark = 41}, {}).value().text(),
                 blobshift::prefix_names().name_of({.watermark = 41}, blobshift::blob_kind::metadata).value().text()})
                .code == 0);
        CHECK(next_watermark(w) == "41");  // which left no trace; but 40 did, although its record is forgotten
    }
}

}  // namespace
