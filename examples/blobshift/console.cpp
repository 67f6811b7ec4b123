// SPDX-License-Identifier: MIT
#include "console.hpp"

#include <array>
#include <cerrno>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

#include <blobshift/config/utc_text.hpp>

#include "exit_code.hpp"
#include "file_io.hpp"
#include "json_line.hpp"

namespace blobshift::cli {

namespace {

/// What cannot be said on stderr cannot be said at all.
void write_to_stderr(std::string_view text) { (void)write_all(STDERR_FILENO, as_bytes(text)); }

}  // namespace

console::console() {
    ::winsize size{};
    if (::isatty(STDERR_FILENO) == 0) return;
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    columns_ = known ? size.ws_col : 80;
}

void console::print(std::string_view text) {
    clear();
    const auto written = write_all(STDOUT_FILENO, as_bytes(text));
    if (written) return;
    if (written.error().system_code == EPIPE) throw failure(exit_code::some_failed, "");
    throw failure(exit_code::some_failed, "cannot write to stdout: " + describe(written.error()));
}

void console::draw(std::string_view text) {
    if (!is_terminal() || (text.empty() && !drawn_)) return;
    std::string line = "\r";
    line += text.substr(0, columns_ - 1);
    line += "\033[K";
    write_to_stderr(line);
    drawn_ = !text.empty();
}

void console::write_line(const log_line& line) {
    clear();
    if (json_clock_ == nullptr) {
        write_to_stderr(std::string(line.head) + printable(line.text) + "\n");
        return;
    }
    json j = {{"time", utc_text(json_clock_->utc_now())}, {"level", line.level}, {"message", line.text}};
    if (line.progress != nullptr) j.update(progress_json(*line.progress));
    write_to_stderr(json_line(j));
}

std::string printable(std::string_view text) {
    std::string shown(text);
    for (char& c : shown) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return shown;
}

std::string human_bytes(std::uint64_t bytes) {
    if (bytes == 1) return "1 byte";
    if (bytes < 1000) return std::to_string(bytes) + " bytes";
    constexpr std::array units = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    while (value >= 999.95) value /= 1000, ++unit;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %s", value, units[unit]);
    return text.data();
}

}  // namespace blobshift::cli
