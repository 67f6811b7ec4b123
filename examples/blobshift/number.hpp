// SPDX-License-Identifier: MIT
//
// Numbers as a person types them: decimal digits and nothing else. What a library takes for a number, -1 for the
// highest, 010 for 8, nothing for 0, would switch off a limit that somebody has set.

#ifndef BLOBSHIFT_CLI_NUMBER_HPP
#define BLOBSHIFT_CLI_NUMBER_HPP

#include <charconv>      // from_chars
#include <limits>        // numeric_limits
#include <optional>      // optional
#include <string>        // string
#include <string_view>   // string_view
#include <system_error>  // errc

#include <CLI/CLI.hpp>

#include "exit_code.hpp"

namespace blobshift::cli {

[[nodiscard]] inline bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A whole number, without a sign and without leading zeros; none if `text` is no such number, or does not fit.
template <class T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text) {
    T value = 0;
    if (!is_digits(text) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
    return value;
}

/// The same, or with a point and more digits behind it.
template <>
[[nodiscard]] inline std::optional<double> parse_number<double>(std::string_view text) {
    const std::string_view whole = text.substr(0, text.find('.'));
    if (!is_digits(whole) || (whole.size() > 1 && whole.front() == '0')) return std::nullopt;
    if (whole != text && !is_digits(text.substr(whole.size() + 1))) return std::nullopt;
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    return read.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

/// Adds an option that takes a whole number. `target` must outlive the parsed command line.
template <class T>
CLI::Option* add_number(CLI::App* command, const std::string& name, T& target, const std::string& help) {
    const auto take = [&target, name](const std::string& text) {
        const auto value = parse_number<T>(text);
        if (!value) {
            throw wrong_use(name + " is a whole number in decimal digits, without leading zeros, from 0 to " +
                            std::to_string((std::numeric_limits<T>::max)()));
        }
        target = *value;
    };
    return command->add_option_function<std::string>(name, take, help)->type_name("N");
}

}  // namespace blobshift::cli

#endif
