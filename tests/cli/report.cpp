// SPDX-License-Identifier: MIT
#include "migrating.hpp"

#include <sstream>

#include <sys/stat.h>

namespace {

using namespace cli_test;
using nlohmann::json;

/// A report of a copy that found two objects, one of them wanting.
const std::string beginning =
    R"({"report":"blobshift","version":1,"command":"copy","program":"blobshift 9","started":"2026-01-02T03:04:05.000Z","settings":{"shard":"1/1"}})"
    "\n";
const std::string objects =
    R"({"container":1,"role":"files"})"
    "\n"
    R"({"at_ms":0,"phase":"copy","pass":1,"objects":0,"objects_total":2,"bytes":0,"bytes_total":30})"
    "\n"
    R"({"outcome":"copied","object":"00aa","bytes":10})"
    "\n"
    R"({"outcome":"failed","object":"00bb","bytes":20,"error":"blocked","reason":"a lease"})"
    "\n"
    R"({"at_ms":500,"phase":"copy","pass":1,"objects":2,"objects_total":2,"bytes":30,"bytes_total":30})"
    "\n";
const std::string end =
    R"({"finished":"2026-01-02T03:04:06.000Z","duration_ms":1000,"exit_code":3,"outcomes":{"copied":{"objects":1,"bytes":10},"failed":{"objects":1,"bytes":20}},"left_behind":[{"outcome":"failed","reason":"a lease","objects":1}]})"
    "\n";

/// The page of a report, which must be made.
std::string page_of(const work_folder& w, const std::string& report, const std::string& said = "") {
    write_file(w / "report.jsonl", report);
    const ended r = run({"report", w / "report.jsonl", "-o", w / "page.html"});
    CHECK(r.code == 0);
    CHECK(r.out.empty());
    CHECK(r.err == said);
    return read_file(w / "page.html");
}

[[nodiscard]] bool holds(const std::string& page, const std::string& text) {
    return page.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a page shows what became of the objects, when, why and with which settings") {
    const work_folder w;
    const std::string page = page_of(w, beginning + objects + end);
    for (const char* part :
         {"<bdi>Copy</bdi>", "not complete", "2026-01-02 03:04:05 UTC", "took 1.0 s", "blobshift 9",
          "<b>1</b><span>copied</span><small>10 bytes</small>", "<b>1</b><span>failed</span><small>20 bytes</small>",
          "Objects a second", "Bytes a second", "<svg ", "a lease", "00bb", "1, <bdi>files</bdi>", "shard", "1/1"}) {
        CAPTURE(part);
        CHECK(holds(page, part));
    }
    CHECK(!holds(page, "00aa"));  // nobody asks for what went well
    struct ::stat s {};
    REQUIRE(::stat((w / "page.html").c_str(), &s) == 0);
    CHECK((s.st_mode & 07777U) == 0600);
    CHECK(run({"report", w / "report.jsonl", "-o", "-"}).out == page);
}

TEST_CASE("a page loads nothing and runs nothing, whatever the report holds") {
    const work_folder w;
    const std::string hostile = R"("<script>alert('x')</script><img src=\"http://example.com/x\">&amp;\u202e\u0007")";
    std::string text = beginning + objects + end;
    for (const std::string& harmless :
         {std::string("\"a lease\""), std::string("\"00bb\""), std::string("\"1/1\""),
          std::string("\"copy\",\"program\""), std::string("\"files\""), std::string("\"blobshift 9\"")}) {
        const std::string rest = harmless.substr(harmless.find('"', 1) + 1);
        for (std::size_t at = 0; (at = text.find(harmless, at)) != std::string::npos; at += hostile.size()) {
            text.replace(at, harmless.size(), hostile + rest);
        }
    }
    const std::string page = page_of(w, text);
    CHECK(holds(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    CHECK(holds(page, "default-src 'none'"));
    for (const char* part :
         {"<script", "<img", "<link", "<iframe", "src=\"", "href", "url(", "@import", "onload", "\x07"}) {
        CAPTURE(part);
        CHECK(!holds(page, part));
    }
}

TEST_CASE("a page has names only when its report has") {
    const work_folder w;
    make_old_store(w / "store", 3);
    REQUIRE(run({"put", w.store(), "<b>bold", "-"}, "x").code == 0);
    for (const bool names : {false, true}) {
        std::vector<std::string> arguments = {"copy", w.store(), "--report", w / "report.jsonl"};
        if (names) arguments.emplace_back("--report-names");
        REQUIRE(migrate(w, arguments).code == 0);
        REQUIRE(run({"report", w / "report.jsonl", "-o", w / "page.html"}).code == 0);
        const std::string page = read_file(w / "page.html");
        CHECK(!holds(page, "<b>bold"));
        CHECK(holds(page, "&lt;b&gt;bold") == names);
        CHECK(!holds(page, std::string(uid_mark)));  // what was copied is counted, not listed
        CHECK(holds(page, "<span>of neither scheme"));
    }
}

TEST_CASE("every command that reports writes a report that can be read, with the time it took and how it ended") {
    const work_folder w;
    make_old_store(w / "store", 20);
    make_old_store(w / "other", 10);
    const std::vector<std::vector<std::string>> commands = {{"plan", w.store()},
                                                            {"copy", w.store(), "--metadata", w.store("other")},
                                                            {"verify", w.store(), "--verify", "read_bytes"},
                                                            {"check", w.store()},
                                                            {"delete", w.store()},
                                                            {"delete", w.store(), "--yes"},
                                                            {"status", w.store()},
                                                            {"cleanup", w.store()},
                                                            {"rollback", w.store(), "--yes"},
                                                            {"nodes", w.store()}};
    for (std::vector<std::string> arguments : commands) {
        CAPTURE(arguments.front());
        arguments.insert(arguments.end(), {"--report", w / "report.jsonl"});
        const ended r = migrate(w, arguments);
        std::istringstream lines(read_file(w / "report.jsonl"));
        json last;
        int number = 0;
        for (std::string line; std::getline(lines, line); ++number) {
            last = json::parse(line);
            if (number == 0) CHECK(last.at("command") == arguments.front());
        }
        CHECK(last.at("exit_code") == r.code);
        CHECK(last.contains("duration_ms"));
        CHECK(run({"report", w / "report.jsonl", "-o", w / "page.html"}).code == 0);
    }
}

TEST_CASE("the report of a killed run is shown as far as it goes, and a torn last line is cut and said") {
    const work_folder w;
    const std::string no_end = "blobshift: report: its run did not come to an end\n";
    const std::string cut = page_of(w, beginning + objects, no_end);
    CHECK(holds(cut, "no end"));
    CHECK(holds(cut, "the run was killed, or is still under way"));
    CHECK(holds(cut, "<b>1</b><span>copied</span>"));
    CHECK(holds(cut, "a lease"));
    const std::string torn = page_of(w, beginning + objects + "{\"outcome\":\"copi",
                                     "blobshift: report: the last line is torn, and was left out\n" + no_end);
    CHECK(holds(torn, "its last line is torn"));
    CHECK(holds(page_of(w, beginning, no_end), "There was no object to report"));
}

TEST_CASE("what a later pass brought right is not left behind, and each container counts for itself") {
    const work_folder w;
    const std::string second_pass =
        R"({"at_ms":600,"phase":"list","pass":1,"objects":0,"objects_total":0,"bytes":0,"bytes_total":0})"
        "\n"
        R"({"outcome":"copied","object":"00bb","bytes":20})"
        "\n"
        R"({"container":2,"role":"metadata"})"
        "\n"
        R"({"outcome":"present","object":"00cc","bytes":7})"
        "\n";
    const std::string page =
        page_of(w, beginning + objects + second_pass, "blobshift: report: its run did not come to an end\n");
    CHECK(holds(page, "<b>2</b><span>copied</span><small>30 bytes</small>"));
    CHECK(!holds(page, "<span>failed</span>"));
    CHECK(!holds(page, "00bb"));
    CHECK(holds(
        page,
        "<tr><td>2, <bdi>metadata</bdi></td><td class=\"neutral\">equal to their copy</td><td class=\"n\">1</td>"));
}

TEST_CASE("a page never takes the place of its report, by whatever path") {
    const work_folder w;
    write_file(w / "report.jsonl", beginning + objects + end);
    std::filesystem::create_symlink(w / "report.jsonl", w / "link");
    for (const std::string& page : {w / "report.jsonl", w / "./report.jsonl", w / "link"}) {
        CAPTURE(page);
        const ended r = run({"report", w / "report.jsonl", "-o", page});
        CHECK(r.code == 2);
        CHECK(r.err == "blobshift: the page would take the place of the report; name another file\n");
        CHECK(read_file(w / "report.jsonl") == beginning + objects + end);
    }
}

TEST_CASE("a corrupt or foreign report is refused with its line, and no page is made") {
    const work_folder w;
    struct row {
        std::string report;
        std::string said;  // behind the file's name
    };
    const auto with = [](const std::string& line) { return beginning + objects + line + "\n" + end; };
    for (const row& t : {
             row{"", ""},
             row{beginning.substr(0, 40), ""},
             row{"not a report\n", ", line 1: it is corrupt"},
             row{"{\"outcome\":\"copied\"}\n", ", line 1: this is no report of blobshift"},
             row{"[1]\n", ", line 1: it is corrupt"},
             row{"{}\n", ", line 1: it is corrupt"},
             row{std::string(beginning).replace(beginning.find(":1"), 2, ":2"),
                 ", line 1: a newer blobshift wrote this report"},
             row{R"({"report":"blobshift","version":1})"
                 "\n",
                 ", line 1: it lacks 'command'"},
             row{R"({"report":"blobshift","version":1,"command":7})"
                 "\n",
                 ", line 1: 'command' is no text"},
             row{with("{\"outcome\":\"copied\",\"obj"), ", line 7: it is corrupt"},
             row{with("\xFF"), ", line 7: it is corrupt"},
             row{with(""), ", line 7: it is corrupt"},
             row{with("{\"outcome\":\"vanished\"}"), ", line 7: there is no such outcome"},
             row{with("{\"outcome\":\"copied\",\"bytes\":-1}"), ", line 7: 'bytes' is no count"},
             row{with("{\"outcome\":\"copied\",\"bytes\":1e3}"), ", line 7: 'bytes' is no count"},
             row{with("{\"outcome\":\"copied\",\"object\":1}"), ", line 7: 'object' is no text"},
             row{with("{\"at_ms\":10}"), ", line 7: it lacks 'phase'"},
             row{with(R"({"at_ms":10,"phase":"copy","pass":1,"objects":0,"bytes":0})"),
                 ", line 7: its time runs backwards"},
             row{with("{\"container\":3,\"role\":\"x\"}"), ", line 7: its container follows on none"},
             row{with("{\"container\":0,\"role\":\"x\"}"), ", line 7: its container follows on none"},
             row{with("{\"finished\":\"x\"}"), ", line 7: it lacks 'duration_ms'"},
             row{with("{\"something\":\"else\"}"), ", line 7: no line of a report begins like that"},
             row{beginning + objects + end + "{\"outcome\":\"copied\"}\n",
                 ", line 8: there is a line behind the last one"},
             row{beginning + std::string(std::size_t{2} << 20, 'x'),
                 ", line 2: it is longer than any line of a report"},
             row{beginning + std::string(1'000'000, '[') + "\n", ", line 2: it is corrupt"},
         }) {
        CAPTURE(t.report.substr(0, 300));
        write_file(w / "report.jsonl", t.report);
        const auto before = files_below(w / ".");
        const ended r = run({"report", w / "report.jsonl", "-o", w / "page.html"});
        CAPTURE(r.err);
        CHECK(r.code == 2);
        CHECK(r.out.empty());
        CHECK(count_lines(r.err) == 1);
        if (t.said.empty())
            CHECK(r.err == "blobshift: the report is empty, or torn before the end of its first line\n");
        else
            CHECK(r.err == "blobshift: " + (w / "report.jsonl") + t.said + "\n");
        CHECK(files_below(w / ".") == before);
    }
}
