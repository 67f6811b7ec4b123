// SPDX-License-Identifier: MIT
#include "progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace blobshift::cli {

namespace {

constexpr std::chrono::milliseconds between_bars{100};
constexpr std::chrono::seconds between_lines{10};

}  // namespace

void progress::show(const progress_event& event) {
    const steady_time now = clock_.now();
    const progress_reading reading = meter_.take(event, now);
    const bool terminal = out_.is_terminal();
    const std::chrono::duration<double> since_shown = shown_ ? now - *shown_ : std::chrono::duration<double>::max();
    const auto quiet = std::min(reading.elapsed, since_shown);
    if (quiet < (terminal ? std::chrono::duration<double>(between_bars) : between_lines)) return;
    shown_ = now;
    const std::string text = text_of(event, reading, out_.columns());
    if (terminal)
        out_.draw(text);
    else
        out_.log_progress(text, event);
}

std::string progress::text_of(const progress_event& event, const progress_reading& reading, std::size_t columns) {
    std::string text(event.phase);
    text += event.pass > 1 ? " (pass " + std::to_string(event.pass) + ") " : " ";
    std::string tail = std::to_string(event.objects);
    if (event.objects_total > 0) tail += "/" + std::to_string(event.objects_total);
    if (event.bytes > 0) tail += ", " + human_bytes(event.bytes);
    if (event.bytes_total > 0) tail += " of " + human_bytes(event.bytes_total);
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), ", %.0f/s", reading.objects_per_second);
    tail += number.data();
    if (!reading.part) return text + tail;

    std::snprintf(number.data(), number.size(), "%3.0f %% ", std::floor(*reading.part * 100));
    tail.insert(0, number.data());
    if (reading.remaining) tail += ", " + clock_text(*reading.remaining) + " left";
    const std::size_t taken = text.size() + tail.size() + 4;  // brackets, a space, and the cursor's column
    if (columns < taken + 10) return text + tail;
    const std::size_t width = (std::min)(columns - taken, std::size_t{40});
    const auto filled = static_cast<std::size_t>(*reading.part * static_cast<double>(width));
    return text + "[" + std::string(filled, '#') + std::string(width - filled, '.') + "] " + tail;
}

std::string clock_text(std::chrono::seconds time) {
    const auto all = time.count();
    std::array<char, 48> text{};
    if (all >= 3600) {
        std::snprintf(text.data(), text.size(), "%lld:%02d:%02d", static_cast<long long>(all / 3600),
                      static_cast<int>(all / 60 % 60), static_cast<int>(all % 60));
    } else {
        std::snprintf(text.data(), text.size(), "%02d:%02d", static_cast<int>(all / 60), static_cast<int>(all % 60));
    }
    return text.data();
}

}  // namespace blobshift::cli
