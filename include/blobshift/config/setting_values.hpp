// SPDX-License-Identifier: MIT
//
// The kinds of values that settings have, each from its text, as the reference system reads them.
//
// Row: config (core).   Tests: tests/config/setting_values.test.cpp

#ifndef BLOBSHIFT_CONFIG_SETTING_VALUES_HPP
#define BLOBSHIFT_CONFIG_SETTING_VALUES_HPP

#include <charconv>      // from_chars
#include <cstddef>       // size_t
#include <optional>      // optional
#include <string>        // string
#include <string_view>   // string_view
#include <system_error>  // errc
#include <utility>       // move

#include <blobshift/config/utc_text.hpp>

namespace blobshift::inline v1::detail {

[[nodiscard]] constexpr char lower_case(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// ASCII letters in lower case; other bytes as they are.
[[nodiscard]] inline std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = lower_case(c);
    return out;
}

[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower_case(a[i]) != lower_case(b[i])) return false;
    }
    return true;
}

/// `text` without the blanks around it.
[[nodiscard]] constexpr std::string_view without_blanks(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

[[nodiscard]] constexpr std::optional<bool> parse_flag(std::string_view text) noexcept {
    if (equal_ignoring_case(text, "true")) return true;
    if (equal_ignoring_case(text, "false")) return false;
    return std::nullopt;
}

/// A GUID in one of the forms N (32 digits), D (with hyphens), B (in braces) and P (in parentheses).
///
/// \return it in form D and lower case, so that equal ids are equal strings; nullopt for others, and for the one that
///         is all zeros, which means that there is none.
[[nodiscard]] inline std::optional<std::string> parse_guid(std::string_view text) {
    const bool braces = text.starts_with('{') && text.ends_with('}');
    const bool parentheses = text.starts_with('(') && text.ends_with(')');
    if ((braces || parentheses) && text.size() == 38) text = text.substr(1, 36);
    const bool hyphens = text.size() == 36;
    if (!hyphens && text.size() != 32) return std::nullopt;
    std::string guid;
    for (const char c : text) {
        const std::size_t at = guid.size();
        const bool group_ends = at == 8 || at == 13 || at == 18 || at == 23;
        if (group_ends) guid += '-';
        if (group_ends && hyphens) {
            if (c != '-') return std::nullopt;
            continue;
        }
        if (std::string_view("0123456789abcdefABCDEF").find(c) == std::string_view::npos) return std::nullopt;
        guid += lower_case(c);
    }
    if (guid.find_first_not_of("0-") == std::string::npos) return std::nullopt;
    return guid;
}

/// A whole number from `least` to `most`.
[[nodiscard]] inline std::optional<unsigned> parse_count(std::string_view text, unsigned least,
                                                         unsigned most) noexcept {
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
    return value;
}

/// `auto`, which is 0, or a number from 1 to 1024.
[[nodiscard]] inline std::optional<unsigned> parse_concurrency(std::string_view text) noexcept {
    return equal_ignoring_case(text, "auto") ? 0U : parse_count(text, 1, 1024);
}

/// Requests a second: 0 to 1,000,000, with or without a fraction.
[[nodiscard]] inline std::optional<double> parse_rate(std::string_view text) noexcept {
    double value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    const bool sane = value >= 0 && value <= 1'000'000;  // false for what is no number
    if (failed != std::errc{} || end != text.data() + text.size() || !sane) return std::nullopt;
    return value;
}

/// A container's name, by the service's rules: they make it one folder of any file system, too.
[[nodiscard]] inline std::optional<std::string> parse_container(std::string_view text) {
    if (text.size() < 3 || text.size() > 63 || text.starts_with('-') || text.ends_with('-')) return std::nullopt;
    if (text.find("--") != std::string_view::npos) return std::nullopt;
    if (text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string_view::npos) return std::nullopt;
    return std::string(text);
}

/// Puts what was read into its place. \return false: there was nothing.
template <class T, class Parsed>
[[nodiscard]] bool store_value(T& place, Parsed parsed) {
    if (!parsed) return false;
    place = *std::move(parsed);
    return true;
}

}  // namespace blobshift::inline v1::detail

#endif
