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
    if (event.phase != phase_ || event.pass != pass_) {
        phase_ = event.phase;
        pass_ = event.pass;
        phase_began_ = now;
        shown_.reset();
    }
    const bool terminal = out_.is_terminal();
    const steady_time since = shown_.value_or(phase_began_);
    if (now - since < (terminal ? std::chrono::nanoseconds(between_bars) : between_lines)) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - phase_began_).count();
    const std::string text = text_of(event, seconds, out_.columns());
    if (terminal)
        out_.draw(text);
    else
        out_.say(text);
}

std::string progress::text_of(const progress_event& event, double seconds, std::size_t columns) const {
    const double rate = seconds > 0 ? static_cast<double>(event.objects) / seconds : 0;
    std::string text = phase_ + (pass_ > 1 ? " (pass " + std::to_string(pass_) + ") " : " ");
    std::string tail = std::to_string(event.objects);
    if (event.objects_total > 0) tail += "/" + std::to_string(event.objects_total);
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), ", %.0f/s", rate);
    tail += number.data();
    if (event.objects_total == 0) return text + tail;

    const double part = (std::min)(1.0, static_cast<double>(event.objects) / static_cast<double>(event.objects_total));
    std::snprintf(number.data(), number.size(), "%3.0f %% ", std::floor(part * 100));
    tail.insert(0, number.data());
    if (rate > 0) {
        const double left = static_cast<double>(event.objects_total - event.objects) / rate;
        tail += ", " + clock_text(std::chrono::seconds(static_cast<std::int64_t>(left + 0.5))) + " left";
    }
    const std::size_t taken = text.size() + tail.size() + 4;  // brackets, a space, and the cursor's column
    if (columns < taken + 10) return text + tail;
    const std::size_t width = (std::min)(columns - taken, std::size_t{40});
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(width));
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
