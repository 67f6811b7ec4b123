// SPDX-License-Identifier: MIT
//
// The guide's two procedures in containers of Azurite, whose connection string is in BLOBSHIFT_AZURITE. A few blobs: what
// is shown is that the commands do the same there as on files.
#include "migrating.hpp"

#include <cstdlib>
#include <stdexcept>

namespace {

using namespace cli_test;

/// Two containers of one account, and a settings file that names them.
class account {
public:
    explicit account(const std::string& name)
        : files_("azure://" + name + "-files"), metadata_("azure://" + name + "-metadata") {
        const char* const connection = std::getenv("BLOBSHIFT_AZURITE");
        if (connection == nullptr) throw std::runtime_error("BLOBSHIFT_AZURITE must hold a connection string");
        ::setenv("AZURE_STORAGE_CONNECTION_STRING", connection, 1);
        containers_ = "\"FilesContainer\":\"" + name + "-files\",\"MetadataContainer\":\"" + name + "-metadata\"";
        for (int watermark = 1; watermark <= 5; ++watermark) {
            put(files_, old_name(watermark), content_of(watermark));
            put(metadata_, metadata_name(watermark), "{}");
        }
    }

    ended restart(const std::string& format, bool start_copy, bool start_delete) const {
        write_file(w_ / "appsettings.json", "{\"DicomServer\":{\"Services\":{\"BlobMigration\":{" + containers_ +
                                                ",\"FormatType\":\"" + format +
                                                "\",\"StartCopy\":" + (start_copy ? "true" : "false") +
                                                ",\"StartDelete\":" + (start_delete ? "true" : "false") + "}}}}");
        return migrate(w_, {"run", "azure://", "--settings", w_ / "appsettings.json"});
    }
    ended command(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin() + 1, {files_, "--metadata", metadata_});
        return migrate(w_, arguments);
    }
    [[nodiscard]] std::string names() const { return run({"ls", files_}).out + run({"ls", metadata_}).out; }
    [[nodiscard]] std::string content(const std::string& name) const { return run({"get", files_, name}).out; }

private:
    [[nodiscard]] static std::string metadata_name(int watermark) {
        return blobshift::uid_names().name_of(instance_of(watermark), blobshift::blob_kind::metadata).value().text();
    }
    static void put(const std::string& container, const std::string& name, const std::string& content) {
        if (run({"put", container, name, "-"}, content).code != 0) throw std::runtime_error("put");
    }

    work_folder w_;
    std::string files_;
    std::string metadata_;
    std::string containers_;
};

}  // namespace

TEST_CASE("guide on the emulator: copy, switch, delete, with and without interruption, and back") {
    for (const std::string before : {"Old", "Dual"}) {
        CAPTURE(before);
        const account a(before == "Old" ? "interrupted" : "live");
        const std::string old_ones = a.names();
        const ended copied = a.restart(before, true, false);
        CAPTURE(copied.err);
        CHECK(copied.code == 0);
        CHECK(copied.err == "Completed copying files.\n");
        CHECK(a.command({"check"}).code == 0);
        CHECK(a.restart(before, false, true).code == 2);

        const ended deleted = a.restart("New", false, true);
        CAPTURE(deleted.err);
        CHECK(deleted.code == 0);
        CHECK(deleted.err == "Completed deleting files.\nCompleted cleaning up deleted files.\n");
        CHECK(a.names().find('/') == std::string::npos);
        for (int i = 1; i <= 5; ++i) CHECK(a.content(new_name(i)) == content_of(i));

        CHECK(a.command({"rollback", "--yes", "--remove-new"}).code == 0);
        CHECK(a.names() == old_ones);
        for (int i = 1; i <= 5; ++i) CHECK(a.content(old_name(i)) == content_of(i));
    }
}

TEST_CASE("guide on the emulator: without a copy nothing is deleted, and after the seal there is no way back") {
    const account a("sealed");
    const std::string old_ones = a.names();
    const ended refused = a.restart("New", false, true);
    CHECK(refused.code == 4);
    CHECK(a.names() == old_ones);
    REQUIRE(a.restart("Old", true, false).code == 0);
    REQUIRE(a.restart("New", false, true).code == 0);
    CHECK(a.command({"seal", "--yes"}).code == 0);
    CHECK(a.command({"rollback", "--yes"}).code == 4);
    CHECK(a.command({"cleanup"}).code == 0);
}
