// SPDX-License-Identifier: MIT
//
// The values of options: numbers are decimal digits and nothing else, and no value is empty.
#include "program.hpp"

#include <doctest/doctest.h>

namespace {

using namespace cli_test;

/// Wrong use: one line that begins with `said`, and nothing is changed.
void check_wrong_use(const work_folder& w, const std::vector<std::string>& arguments, const std::string& said) {
    std::string line;
    for (const std::string& each : arguments) line += "'" + each + "' ";
    CAPTURE(line);
    const auto before = files_below(w / ".");
    const ended r = run(arguments);
    CAPTURE(r.err);
    CHECK(r.code == 2);
    CHECK(r.out.empty());
    CHECK(count_lines(r.err) == 1);
    CHECK(r.err.starts_with("blobshift: " + said));
    CHECK(files_below(w / ".") == before);
}

/// There is no highest rate.
[[nodiscard]] bool is_a_rate(std::string_view text) {
    return text.front() != '0' && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

TEST_CASE("a number is plain decimal digits that fit: nothing else is taken for another number, or for no limit") {
    const work_folder w;
    make_old_store(w / "store", 2);
    REQUIRE(run({"copy", w.store(), "--durability", "none"}).code == 0);
    write_file(w / "feed.json", "[]");
    write_file(w / "settings.json", "{\"DicomServer\":{\"Services\":{\"BlobMigration\":{\"StartCopy\":true}}}}");
    struct row {
        std::vector<std::string> command;
        std::string option;
        std::string said;
    };
    const row table[] = {
        {{"delete", w.store(), "--yes"}, "--max-delete", "--max-delete is a whole number"},
        {{"run", w.store(), "--settings", w / "settings.json"}, "--max-delete", "--max-delete is a whole number"},
        {{"cleanup", w.store(), "--change-feed", w / "feed.json"}, "--after-sequence", "--after-sequence is a whole"},
        {{"copy", w.store()}, "--rate", "--rate is a number"},
        {{"copy", w.store()}, "--concurrency", "--concurrency is auto, or a number"},
    };
    for (const row& t : table) {
        for (const char* value : {"-5", "-1", "99999999999999999999999", "18446744073709551616", "010", "0x10", "+1",
                                  "1e3", "1x", " 1", "1 ", "5.", ".5", "nan"}) {
            if (t.option == "--rate" && is_a_rate(value)) continue;
            for (const bool joined : {false, true}) {
                std::vector<std::string> arguments = t.command;
                if (joined)
                    arguments.push_back(t.option + "=" + value);
                else
                    arguments.insert(arguments.end(), {t.option, value});
                check_wrong_use(w, arguments, t.said);
            }
        }
    }
    for (const char* part : {"01/2", "1/02", "0x1/2", "-1/2", "+1/2", "1/4294967297", "1/", "/1"}) {
        check_wrong_use(w, {"copy", w.store(), "--shard", part}, "--shard is I/N");
    }
    for (const char* range : {"01-2", "0x1-2", "1-18446744073709551616", "+1-2", "-"}) {
        check_wrong_use(w, {"get", w.store(), "n", "--range", range}, "--range is A-B");
    }
    for (const char* watermark : {"01", "0x1", "+1"}) {
        check_wrong_use(w, {"name", "1.2", "1.3", "1.4", watermark}, "WATERMARK is a whole number");
    }
    CHECK(run({"delete", w.store(), "--dry-run", "--max-delete", "18446744073709551615", "--rate", "900.5"}).code == 0);
    CHECK(run({"delete", w.store(), "--dry-run", "--max-delete=3"}).code == 4);
    CHECK(run({"delete", w.store(), "--dry-run", "--max-delete", "0"}).code == 4);
}

TEST_CASE("an empty value is a variable that was not set: no command takes it for an option that was left out") {
    const work_folder w;
    make_old_store(w / "store", 1);
    write_file(w / "settings.json", "{\"DicomServer\":{\"Services\":{\"BlobMigration\":{\"StartCopy\":true}}}}");
    const std::vector<std::string> of_all = {"--metadata", "--state",       "--scratch", "--report",
                                             "--shard",    "--concurrency", "--rate",    "--durability"};
    struct row {
        std::vector<std::string> command;
        std::vector<std::string> options;
    };
    const row table[] = {
        {{"copy", w.store()}, of_all},
        {{"copy", w.store()}, {"--verify", "--log"}},
        {{"delete", w.store(), "--yes"}, {"--max-delete", "--verify"}},
        {{"run", w.store(), "--settings", w / "settings.json"}, {"--change-feed", "--after-sequence", "--max-delete"}},
        {{"run", w.store()}, {"--settings"}},
        {{"cleanup", w.store()}, {"--change-feed", "--since", "--after-sequence"}},
        {{"nodes", w.store()}, {"--set-stage", "--forget"}},
        {{"import", w.store(), w / "tmp"}, {"--format", "--metadata", "--state", "--report", "--durability"}},
        {{"put", w.store(), "n", w / "settings.json"}, {"--content-type", "--durability"}},
        {{"get", w.store(), "n"}, {"--range"}},
        {{"ls", w.store()}, {"--delimiter"}},
        {{"report", w / "settings.json"}, {"--output"}},
    };
    for (const row& t : table) {
        for (const std::string& option : t.options) {
            std::vector<std::string> arguments = t.command;
            arguments.insert(arguments.end(), {option, ""});
            check_wrong_use(w, arguments, option);
            // Not the argument after it, either.
            arguments = t.command;
            arguments.insert(arguments.begin() + 1, option + "=");
            check_wrong_use(w, arguments, option + " has an empty value; ");
        }
    }
    // A flag that asks a variable for its value.
    check_wrong_use(w, {"rollback", w.store(), "--yes="}, "--yes has an empty value; ");
    check_wrong_use(w, {"get", w.store(), "n", ""}, "FILE has an empty value; ");
    CHECK(run({"ls", w.store(), ""}).out == run({"ls", w.store()}).out);
    CHECK(run({"ls", w.store(), "--", "--none="}).code == 0);
}
