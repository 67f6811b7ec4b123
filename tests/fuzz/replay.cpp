// SPDX-License-Identifier: MIT
//
// fuzz_replay CORPORA [MUTATIONS [SEED [TARGET]]]: gives each target its corpus, and as many mutations of it: a fuzzer
// for every compiler and sanitizer, though a blind one. fuzz_replay --list names the targets.
//
// A run that dies wrote what it read last to FUZZ_LAST_INPUT, if that is set.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "all_targets.hpp"

namespace {

using corpus = std::vector<std::string>;

[[nodiscard]] corpus read_corpus(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& each : std::filesystem::directory_iterator(folder)) paths.push_back(each.path());
    std::sort(paths.begin(), paths.end());
    corpus inputs;
    for (const auto& path : paths) {
        std::ifstream in(path, std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return inputs;
}

class mutator {
public:
    mutator(const corpus& seeds, std::uint64_t seed) : seeds_(seeds), random_(seed) {}

    [[nodiscard]] std::string next() {
        std::string text = seeds_[below(seeds_.size())];
        for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(text);
        return text;
    }

private:
    [[nodiscard]] std::size_t below(std::size_t limit) {
        return limit == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }
    void change(std::string& text) {
        static constexpr std::string_view words[] = {std::string_view("\0", 1),
                                                     "\n",
                                                     "\t",
                                                     "/",
                                                     "..",
                                                     "%",
                                                     "%2F",
                                                     "&amp;",
                                                     "&#0;",
                                                     "<",
                                                     "]]>",
                                                     "\"",
                                                     "\\",
                                                     "\xEF\xBF\xBE",
                                                     "\xED\xA0\x80",
                                                     "\xF4\x90\x80\x80",
                                                     "9223372036854775808",
                                                     "-1",
                                                     "0",
                                                     "+",
                                                     "0x",
                                                     "e",
                                                     "="};
        const std::size_t at = below(text.size() + 1);
        const std::size_t length = std::min(text.size() - at, 1 + below(16));
        switch (below(7)) {
            case 0: text.insert(at, words[below(std::size(words))]); break;
            case 1: text.erase(at, length); break;
            case 2: text.insert(below(text.size() + 1), text.substr(at, length)); break;
            case 3: text.resize(at); break;
            case 4: {
                const std::string& other = seeds_[below(seeds_.size())];
                text.replace(at, length, other.substr(below(other.size() + 1), 1 + below(64)));
                break;
            }
            default:
                if (at < text.size())
                    text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << below(8)));
        }
    }

    const corpus& seeds_;
    std::mt19937_64 random_;
};

void run(const fuzz::target& t, const std::string& input) {
    static const char* const last = std::getenv("FUZZ_LAST_INPUT");
    if (last != nullptr) std::ofstream(last, std::ios::binary) << input;
    t.run(input);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<fuzz::target> targets = fuzz::all_targets();
    if (argc < 2) {
        std::cerr << "usage: fuzz_replay CORPORA [MUTATIONS [SEED [TARGET]]]\n";
        return 2;
    }
    if (std::string_view(argv[1]) == "--list") {
        for (const fuzz::target& t : targets) std::cout << t.name << '\n';
        return 0;
    }
    const unsigned long mutations = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
    const unsigned long seed = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 1;
    const std::string only = argc > 4 ? argv[4] : "";
    std::size_t count = 0;
    for (const fuzz::target& t : targets) {
        if (!only.empty() && t.name != only) continue;
        ++count;
        const corpus seeds = read_corpus(std::filesystem::path(argv[1]) / t.name);
        if (seeds.empty()) {
            std::cerr << t.name << " has no corpus\n";
            return 1;
        }
        // Said before it is run, and flushed: a target that dies is the last one named, with what repeats it.
        std::cout << t.name << ": " << seeds.size() << " inputs, " << mutations << " mutations; again: " << argv[0]
                  << ' ' << argv[1] << ' ' << mutations << ' ' << seed << ' ' << t.name << std::endl;
        for (const std::string& input : seeds) run(t, input);
        mutator changed(seeds, seed);
        for (unsigned long i = 0; i < mutations; ++i) run(t, changed.next());
    }
    std::cout << count << " targets\n";
    return count > 0 ? 0 : 1;
}
