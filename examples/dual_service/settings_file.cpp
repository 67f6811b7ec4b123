// SPDX-License-Identifier: MIT
#include "settings_file.hpp"

#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace dual_service {

using namespace blobshift;

result<std::string> settings_file::text() const {
    std::ifstream file(path_, std::ios::binary);
    if (!file) return fail(errc::not_found, path_ + ": cannot be read");
    return std::string(std::istreambuf_iterator<char>(file), {});
}

result<migration_settings> settings_file::read() {
    auto now = text();
    if (!now) return unexpected(std::move(now).error());
    seen_ = *now;
    std::vector<setting_override> environment;
    for (char** each = ::environ; *each != nullptr; ++each) {
        const std::string_view variable = *each;
        const std::size_t equals = variable.find('=');
        if (equals == std::string_view::npos) continue;
        environment.push_back({variable.substr(0, equals), variable.substr(equals + 1)});
    }
    auto settings = parse_settings(*now, environment);
    if (!settings) settings.error().message = path_ + ": " + settings.error().message;
    return settings;
}

bool settings_file::has_changed() const {
    const auto now = text();
    return now && *now != seen_;  // a file that is being replaced may be absent for a moment
}

}  // namespace dual_service
