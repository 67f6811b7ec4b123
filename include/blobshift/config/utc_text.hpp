// SPDX-License-Identifier: MIT
//
// A moment as people and services write it: ISO 8601, always with its zone, read to the millisecond.
//
// Row: config (core).   Tests: tests/config/utc_text.test.cpp

#ifndef BLOBSHIFT_CONFIG_UTC_TEXT_HPP
#define BLOBSHIFT_CONFIG_UTC_TEXT_HPP

#include <chrono>       // year_month_day, hh_mm_ss
#include <cstddef>      // size_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/time.hpp>

namespace blobshift::inline v1 {

namespace detail {

/// Takes a text apart from its front. Once something is not as it must be, it stays `wrong`.
class utc_scanner {
public:
    explicit utc_scanner(std::string_view text) noexcept : rest_(text) {}

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] bool is_wrong() const noexcept { return wrong_; }

    /// Whether one of `characters` comes next; it is taken.
    [[nodiscard]] bool take_one_of(std::string_view characters) noexcept {
        if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
        taken_ = rest_.front();
        rest_.remove_prefix(1);
        return true;
    }
    /// The character that `take_one_of` took last.
    [[nodiscard]] char taken() const noexcept { return taken_; }
    void expect(char c) noexcept {
        if (!take_one_of(std::string_view(&c, 1))) wrong_ = true;
    }
    /// A number of exactly `digits` digits, from `least` to `most`.
    int number(int digits, int least, int most) noexcept {
        int value = 0;
        for (; digits > 0; --digits) {
            if (!take_one_of("0123456789")) wrong_ = true;
            value = value * 10 + (wrong_ ? 0 : taken_ - '0');
        }
        if (value < least || value > most) wrong_ = true;
        return value;
    }
    /// 1 to 9 digits behind a decimal point, in thousandths; the rest is cut off.
    int thousandths() noexcept {
        int value = 0;
        int digits = 0;
        for (; digits < 9 && take_one_of("0123456789"); ++digits) {
            if (digits < 3) value = value * 10 + (taken_ - '0');
        }
        for (int missing = digits; missing < 3; ++missing) value *= 10;
        if (digits == 0) wrong_ = true;
        return value;
    }

private:
    std::string_view rest_;
    char taken_ = '\0';
    bool wrong_ = false;
};

}  // namespace detail

/// Reads `2022-08-01`, which is midnight UTC, or `2022-08-01T09:30`, with or without seconds and a fraction of them,
/// and with a zone: `Z` or `+02:00`.
///
/// \return nullopt for anything else. A time without a zone is nobody's time, and there is no 30 February.
[[nodiscard]] inline std::optional<utc_time> parse_utc(std::string_view text) {
    detail::utc_scanner in(text);
    const int y = in.number(4, 1, 9999);
    in.expect('-');
    const int m = in.number(2, 1, 12);
    in.expect('-');
    const int d = in.number(2, 1, 31);
    const std::chrono::year_month_day date{std::chrono::year{y}, std::chrono::month{static_cast<unsigned>(m)},
                                           std::chrono::day{static_cast<unsigned>(d)}};
    if (in.is_wrong() || !date.ok()) return std::nullopt;
    utc_time when = std::chrono::sys_days{date};
    if (in.at_end()) return when;

    if (!in.take_one_of("Tt ")) return std::nullopt;
    when += std::chrono::hours(in.number(2, 0, 23));
    in.expect(':');
    when += std::chrono::minutes(in.number(2, 0, 59));
    if (in.take_one_of(":")) {
        when += std::chrono::seconds(in.number(2, 0, 59));
        if (in.take_one_of(".")) when += std::chrono::milliseconds(in.thousandths());
    }
    if (in.take_one_of("+-")) {
        const int sign = in.taken() == '+' ? 1 : -1;
        const std::chrono::hours h(in.number(2, 0, 14));
        in.expect(':');
        when -= sign * (h + std::chrono::minutes(in.number(2, 0, 59)));
    } else if (!in.take_one_of("Zz")) {
        return std::nullopt;
    }
    if (in.is_wrong() || !in.at_end()) return std::nullopt;
    return when;
}

/// "2022-08-01T09:30:00.000Z". For the years 0 to 9999.
[[nodiscard]] inline std::string utc_text(utc_time when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{when - day};
    std::string text;
    const auto add = [&](auto value, std::size_t width, char behind) {
        const std::string digits = std::to_string(value);
        text.append(digits.size() < width ? width - digits.size() : 0, '0').append(digits) += behind;
    };
    add(static_cast<int>(date.year()), 4, '-');
    add(static_cast<unsigned>(date.month()), 2, '-');
    add(static_cast<unsigned>(date.day()), 2, 'T');
    add(time.hours().count(), 2, ':');
    add(time.minutes().count(), 2, ':');
    add(time.seconds().count(), 2, '.');
    add(time.subseconds().count(), 3, 'Z');
    return text;
}

}  // namespace blobshift::inline v1

#endif
