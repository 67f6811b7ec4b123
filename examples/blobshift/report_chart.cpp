// SPDX-License-Identifier: MIT
#include "report_chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "console.hpp"

namespace blobshift::cli {

namespace {

// The picture, in its own units.
constexpr double width = 960;
constexpr double left = 78;
constexpr double right = 12;
constexpr double top = 14;
constexpr double plot_height = 150;
constexpr double strip_top = top + plot_height + 10;
constexpr double strip_height = 14;
constexpr double height = strip_top + strip_height + 26;

[[nodiscard]] std::string fixed(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

/// The smallest of 1, 2 and 5, times a power of ten, that is at least `value`.
[[nodiscard]] double round_step(double value) {
    const double power = std::pow(10, std::floor(std::log10(std::max(value, 1e-9))));
    for (const double step : {1.0, 2.0, 5.0}) {
        if (step * power >= value * 0.999) return step * power;
    }
    return 10 * power;
}

[[nodiscard]] std::string rate_text(double value, bool bytes) {
    if (bytes) return human_bytes(static_cast<std::uint64_t>(value));
    if (value < 10 && value != std::floor(value)) return fixed(value);
    return grouped(static_cast<std::uint64_t>(value + 0.5));
}

[[nodiscard]] std::string svg_text(double x, double y, const char* anchor, const std::string& text) {
    return "<text x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\" text-anchor=\"" + anchor + "\">" + escaped(text) +
           "</text>";
}

/// Spreads what was done between two samples over the parts that lie between them.
void spread(std::vector<double>& parts, double all, double from, double to, double amount) {
    if (!(amount > 0) || !(all > 0)) return;
    const double part = all / static_cast<double>(parts.size());
    to = std::max(to, from + part / 1000);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const double begin = static_cast<double>(i) * part;
        const double common = std::min(to, begin + part) - std::max(from, begin);
        if (common > 0) parts[i] += amount * common / (to - from) / part;
    }
}

}  // namespace

throughput throughput_of(const report_data& data) {
    throughput run;
    const auto& samples = data.samples;
    run.seconds = data.end ? data.end->seconds : samples.empty() ? 0 : samples.back().seconds;
    run.seconds = std::max(run.seconds, 0.001);
    const std::size_t parts = std::clamp<std::size_t>(samples.size() / 2, 12, 160);
    run.objects_per_second.resize(parts);
    run.bytes_per_second.resize(parts);
    report_sample before;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const report_sample& now = samples[i];
        const bool same = i > 0 && now.phase == before.phase && now.pass == before.pass &&
                          now.container == before.container && now.done.objects >= before.done.objects;
        const object_count base = same ? before.done : object_count{};
        if (now.phase != "list") {
            const auto done = static_cast<double>(now.done.objects - base.objects);
            const auto bytes = static_cast<double>(now.done.bytes - std::min(base.bytes, now.done.bytes));
            spread(run.objects_per_second, run.seconds, before.seconds, now.seconds, done);
            spread(run.bytes_per_second, run.seconds, before.seconds, now.seconds, bytes);
        }
        if (!run.phases.empty()) run.phases.back().to = now.seconds;
        if (run.phases.empty() || run.phases.back().name != now.phase) {
            run.phases.push_back({now.phase, run.phases.empty() ? 0 : now.seconds, now.seconds});
        }
        before = now;
    }
    if (!run.phases.empty()) run.phases.back().to = run.seconds;
    return run;
}

std::string chart(const throughput& run, const std::string& title, bool bytes) {
    const std::vector<double>& values = bytes ? run.bytes_per_second : run.objects_per_second;
    const double highest = std::max(*std::max_element(values.begin(), values.end()), 1e-9);
    const double step = round_step(highest / 4);
    const double most = std::ceil(highest / step) * step;
    const auto x_of = [&](double seconds) { return left + (width - left - right) * seconds / run.seconds; };
    const auto y_of = [&](double value) { return top + plot_height * (1 - value / most); };

    std::string svg = "<svg viewBox=\"0 0 " + fixed(width) + " " + fixed(height) + "\" role=\"img\"><title>" +
                      escaped(title) + ": at most " + escaped(rate_text(highest, bytes)) + " a second</title>\n";
    for (double value = 0; value <= most * 1.001; value += step) {
        svg += "<line class=\"grid\" x1=\"" + fixed(left) + "\" x2=\"" + fixed(width - right) + "\" y1=\"" +
               fixed(y_of(value)) + "\" y2=\"" + fixed(y_of(value)) + "\"/>" +
               svg_text(left - 8, y_of(value) + 4, "end", rate_text(value, bytes)) + "\n";
    }
    const double part = run.seconds / static_cast<double>(values.size());
    std::string line;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string y = fixed(y_of(values[i]));
        line += " L" + fixed(x_of(static_cast<double>(i) * part)) + " " + y + " L" +
                fixed(x_of(static_cast<double>(i + 1) * part)) + " " + y;
    }
    const std::string ground = fixed(y_of(0));
    svg += "<path class=\"area\" d=\"M" + fixed(left) + " " + ground + line + " L" + fixed(width - right) + " " +
           ground + " Z\"/><path class=\"line\" d=\"M" + line.substr(2) + "\"/>\n";

    for (const throughput::phase& each : run.phases) {
        const double from = x_of(each.from);
        const double wide = std::max(x_of(std::min(each.to, run.seconds)) - from, 0.5);
        svg += "<g class=\"phase " + std::string(each.name == "list" ? "idle" : "busy") + "\"><title>" +
               escaped(each.name) + ", " + escaped(duration_text(each.to - each.from)) + "</title><rect x=\"" +
               fixed(from) + "\" y=\"" + fixed(strip_top) + "\" width=\"" + fixed(wide) + "\" height=\"" +
               fixed(strip_height) + "\"/>";
        if (wide > 8.0 * static_cast<double>(each.name.size()) + 8) {
            svg += svg_text(from + wide / 2, strip_top + strip_height - 3, "middle", each.name);
        }
        svg += "</g>\n";
    }
    constexpr int ticks = 6;
    for (int i = 0; i <= ticks; ++i) {
        const double at = run.seconds * i / ticks;
        svg += svg_text(x_of(at), height - 8,
                        i == 0       ? "start"
                        : i == ticks ? "end"
                                     : "middle",
                        duration_text(at)) +
               "\n";
    }
    return svg + "</svg>\n";
}

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
    return text;
}

std::string duration_text(double seconds) {
    std::array<char, 48> text{};
    const auto whole = static_cast<long long>(seconds + 0.5);
    if (seconds < 0.0005) return "0";
    if (seconds < 1) {
        std::snprintf(text.data(), text.size(), "%.0f ms", seconds * 1000);
    } else if (seconds < 60) {
        std::snprintf(text.data(), text.size(), "%.1f s", seconds);
    } else if (whole < 3600) {
        std::snprintf(text.data(), text.size(), "%lld min %02lld s", whole / 60, whole % 60);
    } else {
        std::snprintf(text.data(), text.size(), "%lld h %02lld min", whole / 3600, whole / 60 % 60);
    }
    return text.data();
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
        }
    }
    return out;
}

}  // namespace blobshift::cli
