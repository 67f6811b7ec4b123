// SPDX-License-Identifier: MIT
//
// That the operations of the cuts make every request which the library can build: its headers are searched for what
// builds one, and each has to be known here, with what the service sees of it.

#include <azure/cuts/cut_bench.hpp>

#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

using namespace blobshift::testing;

/// What `exchange::label` says of the request that a function builds; "" = no store makes it.
const std::map<std::string, std::set<std::string>> built_by = {
    {"abort_copy", {}},
    {"acquire_lease", {"lease acquire"}},
    {"batch", {"batch"}},
    {"break_lease", {"lease break"}},
    {"change_lease", {"lease change"}},
    {"copy_blob", {"copy"}},
    {"create_container", {"create container"}},
    {"delete_blob", {"delete", "delete snapshots"}},
    {"delete_container", {"remove container"}},
    {"get_blob", {"get"}},
    {"get_block_list", {"get blocklist"}},
    {"get_tags", {"get tags"}},
    {"head_blob", {"head"}},
    {"head_container", {"look at container"}},
    {"list_blobs", {"list", "list snapshots"}},
    {"put_blob", {"put"}},
    {"put_blob_from_url", {}},
    {"put_block", {"block"}},
    {"put_block_from_url", {"block from url"}},
    {"put_block_list", {"blocklist"}},
    {"release_lease", {"lease release"}},
    {"renew_lease", {"lease renew"}},
    {"set_metadata", {"metadata"}},
    {"set_properties", {"properties"}},
    {"set_tags", {"tags"}},
    {"set_tier", {"tier"}},
    {"snapshot", {"snapshot"}},
    {"start_copy", {"start copy"}},
    {"undelete", {"undelete"}},
    {"user_delegation_key", {}},
};

/// The code of all headers, without comments.
[[nodiscard]] std::string library_text() {
    std::string all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(BLOBSHIFT_INCLUDE_DIR)) {
        if (file.path().extension() != ".hpp") continue;
        std::ifstream in(file.path());
        for (std::string line; std::getline(in, line);) all += line.substr(0, line.find("//")) + '\n';
    }
    return all;
}

/// How many times `word` stands in `text` as a whole word.
[[nodiscard]] std::size_t count(std::string_view text, std::string_view word) {
    const auto is_of_a_word = [&](std::size_t at) {
        return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
    };
    std::size_t found = 0;
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        if ((at == 0 || !is_of_a_word(at - 1)) && !is_of_a_word(at + word.size())) ++found;
    }
    return found;
}

/// The names, without "_request", of the functions that build requests.
[[nodiscard]] std::vector<std::string> builders_in(std::string_view text) {
    constexpr std::string_view begin = "result<http_request> ";
    constexpr std::string_view end = "_request(";
    std::vector<std::string> names;
    for (std::size_t at = text.find(begin); at != text.npos; at = text.find(begin, at + 1)) {
        const std::string_view rest = text.substr(at + begin.size());
        const std::string_view name = rest.substr(0, rest.find('('));
        if (rest.substr(0, name.size() + 1).ends_with(end) &&
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == name.npos) {
            names.emplace_back(name.substr(0, name.size() + 1 - end.size()));
        }
    }
    return names;
}

TEST_CASE("every request that the library can build is made, and cut, by an operation") {
    std::set<std::string> made;
    for (const wire_operation& op : wire_operations()) {
        for (const exchange& x : cut_bench(op, 1, framing::length).run().exchanges) made.insert(x.label);
    }
    const std::string text = library_text();
    const std::vector<std::string> builders = builders_in(text);
    std::set<std::string> known = {"token"};  // not built by a function of its own
    std::string unused;
    for (const std::string& name : builders) {
        CAPTURE(name);
        REQUIRE(built_by.contains(name));
        for (const std::string& label : built_by.at(name)) {
            CAPTURE(label);
            CHECK(made.contains(label));
            known.insert(label);
        }
        const bool is_used = count(text, name + "_request") > 1;
        CHECK(is_used == !built_by.at(name).empty());
        if (!is_used) unused += " " + name + "_request";
    }
    CHECK(builders.size() == built_by.size());
    CHECK(made == known);
    MESSAGE(builders.size() << " functions build requests; seen on the wire: " << made.size()
                     << " sorts; no store makes those of" << unused);
}

}  // namespace
