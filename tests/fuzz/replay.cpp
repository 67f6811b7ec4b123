// SPDX-License-Identifier: MIT
//
// fuzz_replay CORPORA [MUTATIONS [SEED [TARGET]]]: gives each target its corpus, and as many mutations of it: a fuzzer
// for every compiler and sanitizer, though a blind one. fuzz_replay --list names the targets.
// fuzz_replay --input TARGET FILE gives one of them one input.
//
// The inputs are read by a child. When it dies, whatever killed it, its parent writes down what it read last, and says
// how to do it again.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

/// What the child reads now, where its parent can see it.
struct last_input {
    char target[64];
    std::size_t size;
    char bytes[std::size_t{1} << 22];
};

[[nodiscard]] last_input* shared_input() {
    void* const at = ::mmap(nullptr, sizeof(last_input), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? nullptr : static_cast<last_input*>(at);
}

void run(const fuzz::target& t, const std::string& input, last_input& last) {
    std::snprintf(last.target, sizeof last.target, "%s", std::string(t.name).c_str());
    last.size = std::min(input.size(), sizeof last.bytes);
    std::copy_n(input.data(), last.size, last.bytes);
    t.run(input);
}

[[nodiscard]] int replay_all(int argc, char** argv, const std::vector<fuzz::target>& targets, last_input& last) {
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
        // Said before it is run, and flushed: a target that dies is the last one named.
        std::cout << t.name << ": " << seeds.size() << " inputs, " << mutations << " mutations, seed " << seed
                  << std::endl;
        for (const std::string& input : seeds) run(t, input, last);
        mutator changed(seeds, seed);
        for (unsigned long i = 0; i < mutations; ++i) run(t, changed.next(), last);
    }
    std::cout << count << " targets" << std::endl;
    return count > 0 ? 0 : 1;
}

/// Writes down what the child read when it died.
void tell_of_death(const last_input& last) {
    const auto file = std::filesystem::temp_directory_path() / ("blobshift-fuzz-" + std::string(last.target));
    std::ofstream(file, std::ios::binary).write(last.bytes, static_cast<std::streamsize>(last.size));
    std::cerr << "died of an input of " << last.size
              << " bytes\n  again: " << std::filesystem::read_symlink("/proc/self/exe").string() << " --input "
              << last.target << ' ' << file.string() << '\n';
}

[[nodiscard]] int replay_one(const std::vector<fuzz::target>& targets, std::string_view name, const char* path) {
    std::ifstream in(path, std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(in), {});
    for (const fuzz::target& t : targets) {
        if (t.name != name || !in) continue;
        t.run(input);
        std::cout << "survived " << input.size() << " bytes\n";
        return 0;
    }
    std::cerr << "no such target, or no such file\n";
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<fuzz::target> targets = fuzz::all_targets();
    if (argc < 2) {
        std::cerr << "usage: fuzz_replay CORPORA [MUTATIONS [SEED [TARGET]]] | --list | --input TARGET FILE\n";
        return 2;
    }
    if (std::string_view(argv[1]) == "--list") {
        for (const fuzz::target& t : targets) std::cout << t.name << '\n';
        return 0;
    }
    if (std::string_view(argv[1]) == "--input" && argc == 4) return replay_one(targets, argv[2], argv[3]);
    last_input* const last = shared_input();
    const ::pid_t child = last == nullptr ? -1 : ::fork();
    if (child == 0) return replay_all(argc, argv, targets, *last);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) {
        std::cerr << "no child can be made\n";
        return 1;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
    if (last->size > 0 || last->target[0] != '\0') tell_of_death(*last);
    return 1;
}
