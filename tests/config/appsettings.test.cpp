// SPDX-License-Identifier: MIT
#include <blobshift/config/appsettings.hpp>

#include <doctest/doctest.h>

#include <array>

#include <support/print.hpp>

using namespace blobshift;

namespace {

/// A settings file whose section holds `members`.
[[nodiscard]] std::string file_with(const std::string& members) {
    return "{\"Logging\":{\"LogLevel\":\"Warning\"},\"DicomServer\":{\"Services\":{\"BlobMigration\":{" + members +
           "}}}}";
}

[[nodiscard]] migration_settings settings_of(const std::string& members) {
    return parse_settings(file_with(members)).value();
}

/// The message about a file, which must be refused.
[[nodiscard]] std::string refusal(const std::string& file, std::span<const setting_override> environment = {}) {
    const auto read = parse_settings(file, environment);
    if (read) return "it was accepted";
    CHECK(read.error().code == errc::invalid_argument);
    return read.error().message;
}

}  // namespace

TEST_CASE("settings: the guide's section is read as it stands there") {
    const auto read = parse_settings(R"({
  "DicomServer": {
    "Services": {
      "BlobMigration": {
        "FormatType": "Dual",
        "StartCopy": true,
        "StartDelete": false,
        "CopyFileOperationId": "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e2",
        "DeleteFileOperationId": "ce38a27e-b194-4645-b47a-fe91c38c3302",
        "CleanupDeletedFileOperationId": "d32a0469-9c27-4df3-a1e8-12f7f8fecbc2",
        "CleanupFilterTimeStamp": "2022-08-01"
      }
    }
  }
})");
    REQUIRE(read.has_value());
    CHECK(read->found);
    CHECK(read->format == format::dual);
    CHECK(read->start_copy);
    CHECK(!read->start_delete);
    CHECK(read->copy_operation_id == "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e2");
    CHECK(read->delete_operation_id == "ce38a27e-b194-4645-b47a-fe91c38c3302");
    CHECK(read->cleanup_operation_id == "d32a0469-9c27-4df3-a1e8-12f7f8fecbc2");
    CHECK(read->cleanup_since == utc_time(std::chrono::sys_days{std::chrono::year{2022} / 8 / 1}));
}

TEST_CASE("settings: what is not said has the guide's value") {
    for (const std::string file :
         {"{}", "{\"DicomServer\":{\"Services\":{}}}", "{\"BlobMigration\":{\"FormatType\":\"New\"}}"}) {
        CAPTURE(file);
        const migration_settings none = parse_settings(file).value();
        CHECK(!none.found);
        CHECK(none.format == format::old_names);
        CHECK(!none.start_copy);
        CHECK(!none.start_delete);
        CHECK(none.copy_operation_id == "1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1");
        CHECK(none.delete_operation_id == "ce38a27e-b194-4645-b47a-fe91c38c330f");
        CHECK(none.cleanup_operation_id == "d32a0469-9c27-4df3-a1e8-12f7f8fecbc8");
        CHECK(!none.cleanup_since.has_value());
        CHECK(none.batch_size == 8192);
        CHECK(none.concurrency == 0);
    }
    CHECK(settings_of("").found);
}

TEST_CASE("settings: our further keys") {
    const migration_settings s = settings_of(
        R"("LogOldFormatUsage":"True","BatchSize":"100","Concurrency":16,"RequestsPerSecond":2.5,
           "FilesContainer":"dicomwebcontainer","MetadataContainer":"metadatacontainer")");
    CHECK(s.log_old_format_usage);
    CHECK(s.batch_size == 100);
    CHECK(s.concurrency == 16);
    CHECK(s.requests_per_second == 2.5);
    CHECK(s.files_container == "dicomwebcontainer");
    CHECK(s.metadata_container == "metadatacontainer");
}

TEST_CASE("settings: one section, however it is spelled") {
    for (
        const char* file :
        {R"({"DicomServer:Services:BlobMigration:FormatType":"New"})",
         R"({"DicomServer:Services:BlobMigration":{"FormatType":"New"}})",
         R"({"DicomServer":{"Services:BlobMigration":{"FormatType":"New"}}})",
         R"({"DicomServer":{"Services":{"BlobMigration:FormatType":"New"}}})",
         R"({"dicomserver":{"SERVICES":{"blobMigration":{"formattype":"nEW"}}}})",
         R"({"DicomServer":{"Services":{"BlobMigration":{"FormatType":2}}}})",
         R"({"DicomServer":{"Services":{"BlobMigration":{"FormatType":" New "}}}})",
         R"({"DicomServer":{"Services":{"BlobMigration":{"StartCopy":false}}},"DicomServer:Services:BlobMigration:FormatType":"New"})",
         "\xEF\xBB\xBF{\"DicomServer:Services:BlobMigration:FormatType\":\"New\"}",
         R"({ // for the night of the migration
               "Other": [1, {"FormatType": "Old"}, ],
               /* "DicomServer:Services:BlobMigration:FormatType": "Old", */
               "DicomServer:Services:BlobMigration:FormatType": "New", })"}) {
        CAPTURE(file);
        const auto read = parse_settings(file);
        REQUIRE(read.has_value());
        CHECK(read->found);
        CHECK(read->format == format::new_names);
    }
}

TEST_CASE("settings: a value of the environment takes the place of the file's") {
    constexpr std::array environment = {
        setting_override{"PATH", "/usr/bin"},
        setting_override{"DicomServer__Services__BlobMigration__FormatType", "new"},
        setting_override{"DICOMSERVER__SERVICES__BLOBMIGRATION__STARTDELETE", "TRUE"},
        setting_override{"DicomServer:Services:BlobMigration:BatchSize", "7"},
        setting_override{"DicomServer__Services__Other__FormatType", "Sideways"},
        setting_override{"DicomServer__Services__BlobMigrationOfOthers__X", "y"},
    };
    const auto read =
        parse_settings(file_with(R"("FormatType":"nonsense, but nobody sees it","StartCopy":true)"), environment);
    REQUIRE(read.has_value());
    CHECK(read->format == format::new_names);
    CHECK(read->start_copy);
    CHECK(read->start_delete);
    CHECK(read->batch_size == 7);
    CHECK(parse_settings("{}", environment).value().found);
    CHECK(!parse_settings("{}", std::span(environment).first(1)).value().found);
}

TEST_CASE("settings: a value that is not allowed is refused by its key, and is not repeated") {
    struct row {
        const char* key;
        const char* value;
        const char* allowed;
    };
    const char* const guid = " is a GUID, like 1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1";
    const char* const flag = " is true or false";
    const char* const date =
        " is a date, which is its midnight UTC, or a time with its zone: 2022-08-01 or 2022-08-01T09:30:00Z";
    const char* const container = " is a container's name: 3 to 63 lower-case letters, digits and single hyphens";
    for (const row& t : {
             row{"FormatType", "\"SECRET\"", " is Old, Dual or New"},
             row{"FormatType", "3", " is Old, Dual or New"},
             row{"FormatType", "\"Old,New\"", " is Old, Dual or New"},
             row{"FormatType", "true", " is Old, Dual or New"},
             row{"FormatType", "null", " is Old, Dual or New"},
             row{"FormatType", "\"\"", " is Old, Dual or New"},
             row{"StartCopy", "\"SECRET\"", flag},
             row{"StartCopy", "1", flag},
             row{"StartDelete", "null", flag},
             row{"LogOldFormatUsage", "\"\"", flag},
             row{"CopyFileOperationId", "\"SECRET\"", guid},
             row{"DeleteFileOperationId", "\"00000000-0000-0000-0000-000000000000\"", guid},
             row{"CleanupDeletedFileOperationId", "42", guid},
             row{"CleanupFilterTimeStamp", "\"SECRET\"", date},
             row{"CleanupFilterTimeStamp", "\"2022-02-30\"", date},
             row{"CleanupFilterTimeStamp", "\"2022-08-01T09:30:00\"", date},
             row{"BatchSize", "0", " is a number from 1 to 65536"},
             row{"BatchSize", "65537", " is a number from 1 to 65536"},
             row{"BatchSize", "1.5", " is a number from 1 to 65536"},
             row{"Concurrency", "0", " is auto, or a number from 1 to 1024"},
             row{"RequestsPerSecond", "-1", " is a number from 0 to 1000000; 0 is no limit"},
             row{"FilesContainer", "\"SECRET\"", container},
             row{"MetadataContainer", "\"../etc\"", container},
         }) {
        const std::string key = t.key;
        CAPTURE(key);
        CAPTURE(t.value);
        const std::string said = refusal(file_with("\"" + key + "\":" + t.value));
        CHECK(said == "DicomServer:Services:BlobMigration:" + key + t.allowed);
        const std::string variable = "DicomServer__Services__BlobMigration__" + key;
        const std::array environment = {setting_override{variable, "SECRET"}};
        CHECK(refusal("{}", environment) == variable + t.allowed);
    }
}

TEST_CASE("settings: keys that are unknown, twice there or no single value are refused by their path") {
    const std::string section = "DicomServer:Services:BlobMigration";
    const std::string known =
        " is no setting; the settings are FormatType, StartCopy, StartDelete, CopyFileOperationId, "
        "DeleteFileOperationId, "
        "CleanupDeletedFileOperationId, CleanupFilterTimeStamp, LogOldFormatUsage, BatchSize, Concurrency, "
        "RequestsPerSecond, "
        "FilesContainer, MetadataContainer";
    const std::string twice = " stands there twice; capital and small letters are the same here";
    struct row {
        std::string file;
        std::string said;
    };
    for (const row& t : {
             row{file_with("\"FormatTypo\":\"New\""), section + ":FormatTypo" + known},
             row{file_with("\"\":1"), section + ":" + known},
             row{file_with("\"CopyOperationId\":\"x\""), section + ":CopyOperationId" + known},
             row{file_with("\"StartCopy\":true,\"startcopy\":true"), section + ":startcopy" + twice},
             row{"{\"DicomServer\":{\"Services\":{\"BlobMigration\":{\"StartCopy\":true}}},\"" + section +
                     ":StartCopy\":true}",
                 section + ":StartCopy" + twice},
             row{file_with("\"FormatType\":{\"Value\":\"New\"}"), section + ":FormatType is a single value"},
             row{file_with("\"FormatType\":[\"New\"]"), section + ":FormatType is a single value"},
             row{"{\"" + section + "\":[]}", section + " is an object with settings in it"},
             row{"{\"" + section + "\":\"New\"}", section + " is an object with settings in it"},
             row{"{\"" + section + "\":null}", section + " is an object with settings in it"},
         }) {
        CAPTURE(t.file);
        CHECK(refusal(t.file) == t.said);
    }
    constexpr std::array differing = {setting_override{"DicomServer__Services__BlobMigration__StartCopy", "true"},
                                      setting_override{"DicomServer__Services__BlobMigration__STARTCOPY", "true"}};
    CHECK(refusal("{}", differing) ==
          "the environment variable DicomServer__Services__BlobMigration__STARTCOPY" + twice);
    constexpr std::array unknown = {setting_override{"DicomServer__Services__BlobMigration__X", "true"}};
    CHECK(refusal("{}", unknown) == "DicomServer__Services__BlobMigration__X" + known);
    constexpr std::array whole = {setting_override{"DicomServer__Services__BlobMigration", "true"}};
    CHECK(refusal("{}", whole) ==
          "the environment variable DicomServer__Services__BlobMigration is an object with settings in it");
}

TEST_CASE("settings: a file that is not JSON is refused with its line") {
    struct row {
        std::string file;
        std::string said;
    };
    for (const row& t : {
             row{"", "line 1: it is not JSON"},
             row{"{", "line 1: it is not JSON"},
             row{"{\n  \"a\": 1\n  \"b\": 2\n}\n", "line 3: it is not JSON"},
             row{"{\n  // fine\n  \"a\": tru\n}\n", "line 3: it is not JSON"},
             row{"{\n  \"a\": 'x'\n}", "line 2: it is not JSON"},
             row{"{\"a\": \"\xFF\"}", "line 1: it is not JSON"},
             row{"{\"a\": 1,,}", "line 1: it is not JSON"},
             row{"{} /* open", "line 1: it is not JSON"},
             row{"[]", "it is not a JSON object"},
             row{"\"FormatType\"", "it is not a JSON object"},
             row{std::string(100'000, '['), "it is not a JSON object"},
             row{"{\"a\":" + std::string(100'000, '['), "it nests deeper than 64 levels"},
             row{std::string((1 << 20) + 1, ' '), "it is larger than 1 MiB"},
         }) {
        CAPTURE(t.file.substr(0, 60));
        CHECK(refusal(t.file) == t.said);
    }
}

TEST_CASE("settings: values that contradict each other are refused") {
    CHECK(refusal(file_with("\"DeleteFileOperationId\":\"1D4689DA-ca3b-4659-b0c7-7bf6c9ff25e1\"")) ==
          "CopyFileOperationId, DeleteFileOperationId and CleanupDeletedFileOperationId must be three different ones");
    CHECK(refusal(file_with("\"MetadataContainer\":\"metadatacontainer\"")) ==
          "MetadataContainer is a container beside FilesContainer: set that, too");
}
