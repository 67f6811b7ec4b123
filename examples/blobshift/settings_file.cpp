// SPDX-License-Identifier: MIT
#include "settings_file.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include "exit_code.hpp"
#include "file_io.hpp"

namespace blobshift::cli {

namespace {

[[nodiscard]] std::string content_of(const std::string& path) {
    const auto cannot = [&](const error& e) {
        return wrong_use("cannot read the settings " + path + ": " + e.message);
    };
    auto file = file_source::open(path);
    if (!file) throw cannot(file.error());
    constexpr std::size_t more_than_allowed = (std::size_t{1} << 20) + 1;  // parse_settings says so itself
    std::string text(std::min<std::uint64_t>(file->size_bytes(), more_than_allowed), '\0');
    std::size_t filled = 0;
    for (std::size_t count = 1; count > 0 && filled < text.size(); filled += count) {
        auto read = file->read(std::as_writable_bytes(std::span(text)).subspan(filled));
        if (!read) throw cannot(read.error());
        count = *read;
    }
    text.resize(filled);
    return text;
}

/// All variables. The views live as long as nobody changes the environment, which this program does not.
[[nodiscard]] std::vector<setting_override> environment() {
    std::vector<setting_override> all;
    for (char** each = ::environ; each != nullptr && *each != nullptr; ++each) {
        const std::string_view variable = *each;
        const std::size_t equals = variable.find('=');
        if (equals != std::string_view::npos) all.push_back({variable.substr(0, equals), variable.substr(equals + 1)});
    }
    return all;
}

}  // namespace

migration_settings read_settings(const std::string& path) {
    auto settings = parse_settings(content_of(path), environment());
    if (!settings) throw wrong_use(path + ": " + settings.error().message);
    if (!settings->found) {
        throw wrong_use(path + ": there is no section " + std::string(settings_section) +
                        "; add it, or name the file that has it");
    }
    return *std::move(settings);
}

}  // namespace blobshift::cli
