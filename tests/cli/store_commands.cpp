// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace {

using namespace cli_test;
using nlohmann::json;

TEST_CASE("name prints the old names of an instance, then the new ones") {
    const ended r = run({"name", "1.2", "1.3", "1.4", "1"});
    CHECK(r.code == 0);
    CHECK(r.err.empty());
    CHECK(r.out == "1.2/1.3/1.4_1.dcm\n1.2/1.3/1.4_1_metadata.json\n132_1.dcm\n132_1_metadata.json\n");
}

TEST_CASE("what put stores, get gives back, byte for byte, from files and through pipes") {
    const work_folder w;
    std::string content("\0\r\n\xff", 4);
    content.append(9'000'000, 'x');  // more than one block
    write_file(w / "in", content);

    REQUIRE(run({"put", w.store(), "a/b", w / "in", "--content-type", "text/plain"}).code == 0);
    REQUIRE(run({"put", w.store(), "a/c", "-"}, "from a pipe").code == 0);
    REQUIRE(run({"get", w.store(), "a/b", w / "out"}).code == 0);
    CHECK(read_file(w / "out") == content);
    CHECK(run({"get", w.store(), "a/c"}).out == "from a pipe");
    CHECK(json::parse(run({"stat", w.store(), "a/b", "--json"}).out).at("content_type") == "text/plain");
}

TEST_CASE("get gives the bytes of a range, both ends included") {
    const work_folder w;
    REQUIRE(run({"put", w.store(), "n", "-"}, "0123456789").code == 0);
    struct row {
        const char* range;
        const char* bytes;
    };
    for (const row& t : {row{"0-0", "0"}, row{"2-4", "234"}, row{"7-", "789"}, row{"8-99", "89"}, row{"-3", "789"},
                         row{"0-18446744073709551615", "0123456789"}}) {
        CAPTURE(t.range);
        const ended r = run({"get", w.store(), "n", "--range=" + std::string(t.range)});
        CHECK(r.code == 0);
        CHECK(r.out == t.bytes);
    }
    CHECK(run({"get", w.store(), "n", "--range=10-"}).code == 3);
}

TEST_CASE("get replaces a file whole or leaves it alone, and leaves nothing beside it") {
    const work_folder w;
    std::filesystem::create_directory(w / "d");
    write_file(w / "d/file", "before");
    REQUIRE(run({"put", w.store(), "n", "-"}, "after").code == 0);

    CHECK(run({"get", w.store(), "absent", w / "d/file"}).code == 3);
    CHECK(files_below(w / "d") == std::map<std::string, std::string>{{"file", "before"}});
    CHECK(run({"get", w.store(), "n", w / "d/file"}).code == 0);
    CHECK(files_below(w / "d") == std::map<std::string, std::string>{{"file", "after"}});

    std::filesystem::create_symlink("file", w / "d/link");
    REQUIRE(run({"put", w.store(), "n", "-"}, "through the link").code == 0);
    CHECK(run({"get", w.store(), "n", w / "d/link"}).code == 0);
    CHECK(std::filesystem::is_symlink(w / "d/link"));
    CHECK(read_file(w / "d/file") == "through the link");
    CHECK(run({"get", w.store(), "n", "/dev/null"}).code == 0);
    CHECK(!std::filesystem::is_regular_file("/dev/null"));
}

TEST_CASE("ls lists in order, by prefix and by folder, as text and as JSON") {
    const work_folder w;
    for (const char* name : {"b/1", "a", "b/2", "b-", "c"}) REQUIRE(run({"put", w.store(), name, "-"}, name).code == 0);
    CHECK(run({"ls", w.store()}).out == "a\nb-\nb/1\nb/2\nc\n");
    CHECK(run({"ls", w.store(), "b/"}).out == "b/1\nb/2\n");
    CHECK(run({"ls", w.store(), "--delimiter", "/"}).out == "a\nb-\nb/\nc\n");
    const json first = json::parse(run({"ls", w.store(), "b/1", "--json"}).out);
    CHECK(first.at("name") == "b/1");
    CHECK(first.at("size_bytes") == 3);
    CHECK(run({"ls", w.store(), "nothing"}).out.empty());
}

TEST_CASE("rm removes what is there and says which is not, cp makes a second blob") {
    const work_folder w;
    for (const char* name : {"a", "b"}) REQUIRE(run({"put", w.store(), name, "-"}, name).code == 0);
    REQUIRE(run({"cp", w.store(), "a", "c/d"}).code == 0);
    CHECK(run({"get", w.store(), "c/d"}).out == "a");
    const ended r = run({"rm", w.store(), "a", "absent", "b"});
    CHECK(r.code == 3);
    CHECK(r.err == "blobshift: rm: name 2 of 3: there is no such blob\n");
    CHECK(run({"ls", w.store()}).out == "c/d\n");
    CHECK(run({"cp", w.store(), "absent", "x"}).code == 3);
    CHECK(run({"stat", w.store(), "absent"}).code == 3);
}

}  // namespace
