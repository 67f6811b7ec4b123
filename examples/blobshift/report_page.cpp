// SPDX-License-Identifier: MIT
#include "report_page.hpp"

#include <algorithm>
#include <string_view>

#include "console.hpp"
#include "report_chart.hpp"

namespace blobshift::cli {

namespace {

constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --paper: #fbfaf7; --card: #ffffff; --ink: #1d1c1a; --soft: #5f5b54; --line: #e2ded6;
  --accent: #0b6e7f; --wash: #0b6e7f24; --good: #23783a; --neutral: #4c5a67; --attention: #a15000; --bad: #b4232a; }
@media (prefers-color-scheme: dark) { :root { --paper: #15171a; --card: #1d2024; --ink: #eceae5; --soft: #a5a199;
  --line: #33373c; --accent: #5cc3d4; --wash: #5cc3d42e; --good: #72cf8a; --neutral: #a9b7c4; --attention: #f0b060;
  --bad: #ff8f8a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; }
main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
header p { margin: .25rem 0 0; color: var(--soft); }
h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; margin: 0; font-weight: 650; }
h2 { font-size: 1.1rem; margin: 2.75rem 0 .75rem; font-weight: 650; }
.badge { display: inline-block; vertical-align: .35em; margin-left: .7rem; padding: .12rem .7rem; border-radius: 99rem;
  font-size: .85rem; font-weight: 600; letter-spacing: 0; border: 1.5px solid currentColor; }
.good { color: var(--good); } .neutral { color: var(--neutral); } .attention { color: var(--attention); }
.bad { color: var(--bad); }
.note { border-left: 4px solid var(--attention); padding: .5rem 1rem; background: var(--card); margin: 1.25rem 0 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr)); gap: .9rem; margin: 1.75rem 0 0;
  padding: 0; list-style: none; }
.cards li { background: var(--card); border: 1px solid var(--line); border-top: 4px solid currentColor;
  border-radius: .5rem; padding: .8rem 1rem .9rem; break-inside: avoid; }
.cards b { display: block; font-size: 1.9rem; line-height: 1.2; font-weight: 650; letter-spacing: -.02em; }
.cards span { display: block; color: var(--ink); } .cards small { color: var(--soft); font-size: .9rem; }
.share { display: flex; height: .7rem; border-radius: 99rem; overflow: hidden; margin-top: 1.1rem; gap: 2px; }
.share i { background: currentColor; min-width: 3px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .9rem .9rem .3rem; break-inside: avoid; overflow-x: auto; } figure + figure { margin-top: .9rem; }
figcaption { color: var(--soft); font-size: .92rem; padding: 0 .2rem .3rem; }
svg { display: block; width: 100%; min-width: 38rem; height: auto; } svg text { fill: var(--soft); font-size: 12.5px; }
.grid { stroke: var(--line); } .area { fill: var(--wash); } .line { fill: none; stroke: var(--accent); stroke-width: 2; }
.phase rect { fill: var(--accent); opacity: .85; rx: 3px; stroke: var(--card); } .idle rect { fill: var(--soft); opacity: .45; }
.phase text { fill: var(--card); font-size: 11px; font-weight: 600; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .5rem .9rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child > * { border-bottom: 0; } th { font-weight: 600; } thead th { color: var(--soft); font-size: .88rem; }
td.n, th.n { text-align: right; white-space: nowrap; } td.w, code { overflow-wrap: anywhere; }
code { font: .9em ui-monospace, "SFMono-Regular", Menlo, "DejaVu Sans Mono", monospace; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .7rem 1.5rem; margin: 0; }
dt { color: var(--soft); font-size: .88rem; } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 3rem; color: var(--soft); font-size: .88rem; }
@media print { :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --accent: #0b6e7f;
  --wash: #0b6e7f24; --good: #23783a; --neutral: #4c5a67; --attention: #a15000; --bad: #b4232a; }
  main { max-width: none; padding: 0; } body { font-size: 11pt; } h2 { break-after: avoid; } tr { break-inside: avoid; }
  .scroll, figure { overflow: visible; } svg { min-width: 0; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)css";

[[nodiscard]] const char* class_of(tone mood) {
    switch (mood) {
        case tone::good: return "good";
        case tone::neutral: return "neutral";
        case tone::attention: return "attention";
        case tone::bad: return "bad";
    }
    return "bad";
}

/// What came of the run, in a word or two.
struct verdict_text {
    const char* words;
    tone mood;
};
[[nodiscard]] verdict_text verdict_of(const report_data& data) {
    if (!data.end) return {"no end", tone::attention};
    switch (data.end->exit_code) {
        case 0: return {"complete", tone::good};
        case 3: return {"not complete", tone::bad};
        case 4: return {"refused", tone::attention};
        case 75: return {"interrupted", tone::attention};
        default: return {"failed", tone::bad};
    }
}

/// Text from the report, which may read from right to left: that must not turn around what stands beside it.
[[nodiscard]] std::string value(const std::string& text) {
    if (text.empty()) return "&ndash;";
    return "<bdi>" + escaped(text) + "</bdi>";
}

[[nodiscard]] std::string moment(std::string text) {
    if (text.size() == 24 && text[10] == 'T') text = text.substr(0, 10) + " " + text.substr(11, 8) + " UTC";
    return escaped(text);
}

/// The command, with a capital letter.
[[nodiscard]] std::string title_of(const report_data& data) {
    std::string title = data.command;
    if (!title.empty() && title.front() >= 'a' && title.front() <= 'z')
        title.front() = static_cast<char>(title.front() - 32);
    return title;
}

[[nodiscard]] std::string headline(const report_data& data) {
    const verdict_text v = verdict_of(data);
    std::string html = "<header><h1>" + value(title_of(data)) + "<span class=\"badge " + class_of(v.mood) + "\">" +
                       v.words + "</span></h1>\n<p>Started " + moment(data.started);
    if (data.end) html += ", took " + duration_text(data.end->seconds);
    html += ". Written by " + value(data.program) + ".</p></header>\n";
    if (!data.end) {
        html +=
            "<p class=\"note\">The report has no last line: the run was killed, or is still under way. What follows is "
            "what it said until then" +
            std::string(data.torn ? "; its last line is torn, and left out" : "") + ".</p>\n";
    }
    return html;
}

[[nodiscard]] std::string cards(const counts_by_kind& totals) {
    std::string items;
    std::string shares;
    for (std::size_t i = 0; i < totals.size(); ++i) {
        if (totals[i].objects == 0) continue;
        const outcome_kind& kind = outcome_kinds()[i];
        items += std::string("<li class=\"") + class_of(kind.mood) + "\"><b>" + grouped(totals[i].objects) +
                 "</b><span>" + kind.label + "</span><small>" +
                 (totals[i].bytes > 0 ? human_bytes(totals[i].bytes) : "&nbsp;") + "</small></li>\n";
        shares += std::string("<i class=\"") + class_of(kind.mood) +
                  "\" style=\"flex:" + std::to_string(totals[i].objects) + " 0 0\" title=\"" + kind.label + "\"></i>";
    }
    if (items.empty()) return "<p class=\"note\">There was no object to report.</p>\n";
    return "<ul class=\"cards\">\n" + items + "</ul>\n<div class=\"share\" aria-hidden=\"true\">" + shares + "</div>\n";
}

[[nodiscard]] std::string charts(const report_data& data) {
    const throughput run = throughput_of(data);
    const auto any = [](const std::vector<double>& values) {
        return std::any_of(values.begin(), values.end(), [](double v) { return v > 0; });
    };
    if (!any(run.objects_per_second)) return {};
    std::string html = "<h2>Throughput</h2>\n<figure><figcaption>Objects a second</figcaption>" +
                       chart(run, "Objects a second", false) + "</figure>\n";
    if (any(run.bytes_per_second)) {
        html += "<figure><figcaption>Bytes a second</figcaption>" + chart(run, "Bytes a second", true) + "</figure>\n";
    }
    return html;
}

[[nodiscard]] std::string table(const std::string& head, const std::string& rows) {
    return "<div class=\"scroll\"><table><thead><tr>" + head + "</tr></thead>\n<tbody>\n" + rows +
           "</tbody></table></div>\n";
}

[[nodiscard]] std::string kind_cell(std::size_t kind) {
    const outcome_kind& k = outcome_kinds()[kind];
    return std::string("<td class=\"") + class_of(k.mood) + "\">" + k.label + "</td>";
}

[[nodiscard]] std::string left_behind(const report_data& data) {
    if (data.left_behind.empty()) return {};
    using reason = std::pair<std::pair<std::size_t, std::string>, std::uint64_t>;
    std::vector<reason> sorted(data.left_behind.begin(), data.left_behind.end());
    std::sort(sorted.begin(), sorted.end(), [](const reason& a, const reason& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    std::string rows;
    for (const auto& [what, objects] : sorted) {
        rows += "<tr>" + kind_cell(what.first) + "<td class=\"w\">" + value(what.second) + "</td><td class=\"n\">" +
                grouped(objects) + "</td></tr>\n";
    }
    std::string html = "<h2>Left behind, by reason</h2>\n" +
                       table("<th>Outcome</th><th>Reason</th><th class=\"n\">Objects</th>", rows);
    rows.clear();
    for (const report_object& each : data.examples) {
        rows += "<tr><td class=\"w\"><code>" + value(each.names.empty() ? each.pseudonym : each.names) +
                "</code></td>" + kind_cell(each.kind) + "<td class=\"w\">" + value(each.reason) +
                "</td><td class=\"n\">" + human_bytes(each.bytes) + "</td></tr>\n";
    }
    if (rows.empty()) return html;
    const bool some = data.examples.size() == most_examples;
    return html + "<h2>" + (some ? "The first " + std::to_string(most_examples) + " of them" : "Which they are") +
           "</h2>\n" + table("<th>Object</th><th>Outcome</th><th>Reason</th><th class=\"n\">Size</th>", rows);
}

[[nodiscard]] std::string by_container(const report_data& data) {
    std::string rows;
    for (std::size_t c = 0; c < data.containers.size(); ++c) {
        for (std::size_t i = 0; i < data.containers[c].counts.size(); ++i) {
            const object_count& count = data.containers[c].counts[i];
            if (count.objects == 0) continue;
            rows += "<tr><td>" + std::to_string(c + 1) + ", " + value(data.containers[c].role) + "</td>" +
                    kind_cell(i) + "<td class=\"n\">" + grouped(count.objects) + "</td><td class=\"n\">" +
                    human_bytes(count.bytes) + "</td></tr>\n";
        }
    }
    if (rows.empty()) return {};
    return "<h2>By container</h2>\n" +
           table("<th>Container</th><th>Outcome</th><th class=\"n\">Objects</th><th class=\"n\">Bytes</th>", rows);
}

[[nodiscard]] std::string settings(const report_data& data) {
    std::string items;
    for (const auto& [name, text] : data.settings) {
        std::string words = name;
        std::replace(words.begin(), words.end(), '_', ' ');
        items += "<div><dt>" + value(words) + "</dt><dd>" + value(text) + "</dd></div>\n";
    }
    return "<h2>What was run</h2>\n<dl>\n" + items + "</dl>\n";
}

}  // namespace

std::string report_page(const report_data& data) {
    return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
           "<meta name=\"referrer\" content=\"no-referrer\">\n<title>blobshift " +
           escaped(data.command) + ", " + verdict_of(data).words + "</title>\n<style>" + std::string(style) +
           "</style>\n</head>\n<body>\n<main>\n" + headline(data) + cards(data.totals()) + charts(data) +
           left_behind(data) + by_container(data) + settings(data) + "<footer>From a report of " + grouped(data.lines) +
           " lines. This page holds everything it shows and loads nothing.</footer>\n</main>\n</body>\n</html>\n";
}

}  // namespace blobshift::cli
