// SPDX-License-Identifier: MIT
//
// privacy_scan FILE...: looks for canaries in what a lane has printed. Exit code: 0 none, 1 some, 2 a file is missing.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "privacy_oracle.hpp"

int main(int argc, char** argv) {
    std::size_t bytes = 0;
    std::size_t leaks = 0;
    for (int i = 1; i < argc; ++i) {
        std::ifstream in(argv[i], std::ios::binary);
        if (!in) {
            std::cerr << "cannot read " << argv[i] << '\n';
            return 2;
        }
        const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        bytes += text.size();
        for (const std::string& leak : blobshift::testing::find_leaks(text)) {
            std::cout << argv[i] << " gives away " << leak << '\n';
            ++leaks;
        }
    }
    std::cout << argc - 1 << " files, " << bytes << " bytes, " << std::size(blobshift::testing::canaries)
              << " canaries, " << leaks << " leaks\n";
    return leaks == 0 && bytes > 0 ? 0 : 1;
}
