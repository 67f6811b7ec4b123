// SPDX-License-Identifier: MIT
//
// Started with stdin, stdout or stderr closed: no file takes its place.
#include "program.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include <sys/wait.h>

namespace {

using namespace cli_test;

/// Runs `blobshift ARGUMENTS` by a shell, with its redirections. \return the exit code.
int run_by_shell(const std::string& arguments) {
    const int status = std::system(("\"$BLOBSHIFT_PROGRAM\" " + arguments).c_str());  // NOLINT(cert-env33-c)
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

}  // namespace

TEST_CASE("with stderr or stdout closed, nothing that is said gets into a report or a blob") {
    for (const char* closed : {"2>&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
        CAPTURE(closed);
        const work_folder w;
        std::filesystem::create_directory(w / "dicom");
        write_file(w / "dicom/image", "not DICOM, which is said on stderr");
        const std::string more = " >" + (w / "out ") + closed;
        CHECK(run_by_shell("import " + w.store() + " " + (w / "dicom") + " --report " + (w / "r") + more) == 3);
        CHECK(read_file(w / "r").starts_with("{\"report\":\"blobshift\""));
        CHECK(run({"report", w / "r", "-o", w / "page.html"}).code == 0);

        make_old_store(w / "store", 2);
        CHECK(run_by_shell("copy " + w.store() + " --report " + (w / "c") + more) == 0);
        CHECK(run({"report", w / "c", "-o", w / "page.html"}).err.empty());
        CHECK(run({"verify", w.store(), "--verify", "read_bytes"}).code == 0);
    }
}

TEST_CASE("what cannot be read from a closed stdin is not stored as an empty blob") {
    const work_folder w;
    REQUIRE(run({"put", w.store(), "n", "-"}, "before").code == 0);
    CHECK(run_by_shell("put " + w.store() + " n - <&- 2>" + (w / "err")) != 0);
    CHECK(count_lines(read_file(w / "err")) == 1);
    CHECK(run({"get", w.store(), "n"}).out == "before");
}
