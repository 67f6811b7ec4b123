// SPDX-License-Identifier: MIT
//
// The guide's two procedures in containers of Azurite, whose connection string is in BLOBSHIFT_AZURITE. A few blobs:
// what is shown is that the commands do the same there as on files; and what they say of a service that is away or
// refuses.
#include "migrating.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <blobshift/backends/azure_store.hpp>
#include <blobshift/migrate/home.hpp>

namespace {

using namespace cli_test;

[[nodiscard]] std::string connection_string() {
    const char* const text = std::getenv("BLOBSHIFT_AZURITE");
    if (text == nullptr) throw std::runtime_error("BLOBSHIFT_AZURITE must hold a connection string");
    return text;
}

/// Two containers of one account, and a settings file that names them.
class account {
public:
    explicit account(const std::string& name)
        : files_("azure://" + name + "-files"), metadata_("azure://" + name + "-metadata") {
        ::setenv("AZURE_STORAGE_CONNECTION_STRING", connection_string().c_str(), 1);
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

    /// Stores an empty blob under a text that is no `blob_name`.
    void put_foreign(const std::string& text) const {
        namespace detail = blobshift::detail;
        const auto place = blobshift::azure_place::from_connection_string(connection_string(), "box").value();
        const std::string url = detail::container_url(place.endpoint, files_.substr(8)) + "/" + text;
        const auto request = detail::azure_request("PUT", url).header("x-ms-blob-type", "BlockBlob").finish().value();
        const auto now = blobshift::system_time::instance().utc_now();
        const auto ready =
            detail::authorize(request, std::get<detail::azure_credential>(place.credential), {now, {}}).value();
        auto transport = blobshift::curl_transport::open().value();
        if (transport.send({}, ready, {}).value().status != 201) throw std::runtime_error("put_foreign");
    }
    [[nodiscard]] blobshift::azure_store files() const {
        auto place = blobshift::azure_place::from_connection_string(connection_string(), files_.substr(8));
        return blobshift::azure_store::open(std::move(place).value()).value();
    }

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

/// The address of a container at a port of its own, where connections are refused, or taken and never answered.
class no_service {
public:
    explicit no_service(bool takes_connections) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
            (takes_connections && ::listen(fd_, 16) != 0)) {
            throw std::runtime_error("no_service");
        }
        port_ = ntohs(address.sin_port);
    }
    no_service(const no_service&) = delete;
    no_service& operator=(const no_service&) = delete;
    ~no_service() {
        ::close(caller_);
        ::close(fd_);
    }

    [[nodiscard]] std::string address() const {
        return "HTTP://127.0.0.1:" + std::to_string(port_) + "/devstoreaccount1/box?sig=none";
    }
    /// Waits until somebody is connected, and lets them wait in turn. Once.
    void wait_for_caller() { caller_ = ::accept(fd_, nullptr, nullptr); }

private:
    int fd_;
    int caller_ = -1;
    int port_ = 0;
};

[[nodiscard]] bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a service that cannot be reached is a reason to run the command again, not a wrong address") {
    const no_service nobody(false);
    const ended r = run({"ls", nobody.address()});
    CHECK(r.code == 75);
    CHECK(r.err.starts_with("blobshift: cannot reach the container: unavailable: "));
}

TEST_CASE("a signal ends a command that waits for a silent service") {
    for (const std::string command : {"ls", "plan"}) {
        CAPTURE(command);
        no_service silent(true);
        child waiting({command, silent.address()});
        silent.wait_for_caller();
        const auto sent = std::chrono::steady_clock::now();
        waiting.send(SIGTERM);
        const ended r = waiting.wait();
        CHECK(r.code == 75);
        CHECK(r.err == "blobshift: cannot reach the container: cancelled: stopped on request\n");
        CHECK(std::chrono::steady_clock::now() - sent < std::chrono::seconds(20));
    }
}

TEST_CASE("a credential that the service refuses is wrong use, whatever the command") {
    const account a("refused");
    std::string other = connection_string();
    other.replace(other.find("AccountKey=") + 11, 4, "AAAA");
    ::setenv("AZURE_STORAGE_CONNECTION_STRING", other.c_str(), 1);
    for (const std::string command : {"ls", "plan", "copy", "status"}) {
        CAPTURE(command);
        const ended r = run({command, "azure://refused-files"});
        CHECK(r.code == 2);
        CHECK(count_lines(r.err) == 1);
    }
    const ended r = run({"rm", "azure://refused-files", old_name(1), old_name(2)});
    CHECK(r.code == 2);
    CHECK(count_lines(r.err) == 1);
}

TEST_CASE("what nothing here can look at is told of, and nothing is called empty or sealed because of it") {
    const account a("foreign");
    CHECK(a.command({"check"}).err.find("no blobs") == std::string::npos);
    a.put_foreign("1.2//1.3/1.4_5.dcm");
    a.put_foreign("1.2/1.3/1.4_6.dcm./");
    constexpr std::string_view told = "2 entries of the store are no blobs";
    CHECK(contains(run({"ls", "azure://foreign-files"}).err, told));
    const ended planned = a.command({"plan"});
    CHECK(planned.code == 0);
    CHECK(contains(planned.err, told));
    REQUIRE(a.command({"copy"}).code == 0);
    const ended checked = a.command({"check", "--json"});
    CHECK(checked.code == 0);
    CHECK(contains(checked.out, "\"foreign_names\":2"));
    REQUIRE(a.command({"delete", "--yes"}).code == 0);
    for (const std::vector<std::string>& each :
         {std::vector<std::string>{"check"}, {"seal"}, {"seal", "--yes"}, {"seal", "--dry-run"}}) {
        const ended r = a.command(each);
        CHECK(r.code == 4);
        CHECK(contains(r.err, told));
        CHECK_FALSE(contains(r.out, "seal"));
    }
}

TEST_CASE("a snapshot stands against a delete before it begins, and the line says what to do") {
    const account a("snapshots");
    REQUIRE(a.command({"copy"}).code == 0);
    REQUIRE(a.command({"check"}).code == 0);
    auto files = a.files();
    const auto held = blobshift::blob_name::parse(old_name(3)).value();
    REQUIRE(files.control().create_snapshot({}, held));
    const std::string before = a.names();
    for (const std::vector<std::string>& each :
         {std::vector<std::string>{"check"}, {"delete"}, {"delete", "--yes"}}) {
        const ended r = a.command(each);
        CHECK(r.code == 4);
        CHECK(contains(r.err, "1 old names have snapshots, which would be lost: remove or keep them elsewhere"));
    }
    CHECK(a.names() == before);
    const ended looked = a.command({"delete", "--dry-run", "--partial"});
    CHECK(contains(looked.err, "1 blocked: leased, immutable or with snapshots: release it first"));
    CHECK(a.names() == before);
    REQUIRE(files.control().remove_snapshots({}, held, false));
    CHECK(a.command({"check"}).code == 0);
    CHECK(a.command({"delete", "--yes"}).code == 0);
}

TEST_CASE("objects that fail for one reason are one line, whatever the ids of their requests") {
    const account a("alike");
    namespace detail = blobshift::detail;
    const auto place = blobshift::azure_place::from_connection_string(connection_string(), "alike-files").value();
    const auto& key = std::get<detail::shared_key>(std::get<detail::azure_credential>(place.credential));
    const detail::service_sas may_read{.version = "2021-08-06",
                                       .resource = "c",
                                       .container = "alike-files",
                                       .permissions = "rl",
                                       .expiry = "2099-01-01T00:00:00Z"};
    const std::string address = detail::container_url(place.endpoint, "alike-files") + "?" +
                                std::string(detail::sign_sas(may_read, key).value().reveal());
    const work_folder w;
    blobshift::any_store state(open_files(w / "state"));
    blobshift::any_store files(a.files());
    REQUIRE(blobshift::bind_home({state, {&files}}, {}));  // this credential may not even do that
    const ended r = run({"copy", address, "--state", w.store("state"), "--report", w / "report"});
    CAPTURE(r.err);
    CHECK(r.code == 3);
    CHECK(contains(r.err, "5 failed: permission_denied: "));
    CHECK(contains(r.err, ", for example request id "));
    CHECK(count_lines(r.err) == 2);
    CHECK(contains(read_file(w / "report"), "\"request_id\""));
}

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
