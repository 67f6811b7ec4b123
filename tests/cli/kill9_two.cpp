// SPDX-License-Identifier: MIT
//
// Two migrators at once on one store in a directory: both live, or one or both are killed.
#include "kill_rounds.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

namespace {

using namespace cli_test;

class folder_place final : public kill_place {
public:
    explicit folder_place(std::string path) : path_(std::move(path)) { (void)open_files(path_); }

    [[nodiscard]] std::vector<std::string> arguments() const override {
        return {"file:" + path_, "--durability", "none"};
    }
    [[nodiscard]] std::set<std::string> names() override {
        namespace fs = std::filesystem;
        for (;;) {
            std::set<std::string> found;
            std::error_code gone;  // somebody else removes folders meanwhile: then it is looked again
            for (auto at = fs::recursive_directory_iterator(path_, gone); at != fs::end(at); at.increment(gone)) {
                if (gone) break;
                const auto name = at->path().lexically_relative(path_).string();
                if (at->is_directory(gone) && name.starts_with(".blobshift"))
                    at.disable_recursion_pending();
                else if (at->is_regular_file(gone))
                    found.insert(name);
            }
            if (!gone) return found;
        }
    }
    [[nodiscard]] std::optional<std::string> content(const std::string& name) override {
        std::ifstream file(path_ + "/" + name, std::ios::binary);
        if (!file) return std::nullopt;
        std::ostringstream all;
        all << file.rdbuf();
        return std::move(all).str();
    }
    void put(const std::string& name, const std::string& content) override {
        std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
        write_file(path_ + "/" + name, content);
    }

private:
    const std::string path_;
};

TEST_CASE("two at once on files: nothing is lost and all is complete at the end") {
    run_two_at_once({.title = "two at once on files*",
                     .before = "",
                     .instances = 500,
                     .kills = 9,
                     .make = [](const std::string& folder, unsigned long) -> std::unique_ptr<kill_place> {
                         return std::make_unique<folder_place>(folder);
                     }});
}

}  // namespace
