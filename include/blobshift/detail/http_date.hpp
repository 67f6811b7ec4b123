// SPDX-License-Identifier: MIT
//
// The two spellings of a moment on the wire: RFC 1123 in headers and listings, ISO 8601 in signatures. UTC, no locale.
//
// Row: detail (core).   Tests: tests/detail/http_date.test.cpp

#ifndef BLOBSHIFT_DETAIL_HTTP_DATE_HPP
#define BLOBSHIFT_DETAIL_HTTP_DATE_HPP

#include <chrono>       // year_month_day, weekday
#include <cstddef>      // size_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/blob_info.hpp>

namespace blobshift::inline v1::detail {

inline constexpr std::string_view weekday_names = "SunMonTueWedThuFriSat";
inline constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

/// Writes `value` into the `width` characters at `at`, with leading zeros.
inline void put_digits(std::string& text, std::size_t at, std::size_t width, unsigned value) noexcept {
    for (; width > 0; value /= 10) text[at + --width] = static_cast<char>('0' + value % 10);
}

/// "Fri, 26 Jun 2015 23:39:12 GMT". For the years 0 to 9999.
[[nodiscard]] inline std::string to_rfc1123(utc_time when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(when - day)};
    std::string text = "Www, 00 Mmm 0000 00:00:00 GMT";
    text.replace(0, 3, weekday_names.substr(3 * std::chrono::weekday{day}.c_encoding(), 3));
    put_digits(text, 5, 2, static_cast<unsigned>(date.day()));
    text.replace(8, 3, month_names.substr(3 * (static_cast<unsigned>(date.month()) - 1), 3));
    put_digits(text, 12, 4, static_cast<unsigned>(static_cast<int>(date.year())));
    put_digits(text, 17, 2, static_cast<unsigned>(time.hours().count()));
    put_digits(text, 20, 2, static_cast<unsigned>(time.minutes().count()));
    put_digits(text, 23, 2, static_cast<unsigned>(time.seconds().count()));
    return text;
}

/// "2015-06-26T23:39:12Z". For the years 0 to 9999.
[[nodiscard]] inline std::string to_iso8601(utc_time when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(when - day)};
    std::string text = "0000-00-00T00:00:00Z";
    put_digits(text, 0, 4, static_cast<unsigned>(static_cast<int>(date.year())));
    put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
    put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
    put_digits(text, 11, 2, static_cast<unsigned>(time.hours().count()));
    put_digits(text, 14, 2, static_cast<unsigned>(time.minutes().count()));
    put_digits(text, 17, 2, static_cast<unsigned>(time.seconds().count()));
    return text;
}

/// The number of the month of that name, or 0.
[[nodiscard]] constexpr unsigned month_of(char a, char b, char c) noexcept {
    for (unsigned i = 0; i < 12; ++i) {
        const char* const name = month_names.data() + 3 * i;
        if (name[0] == a && name[1] == b && name[2] == c) return i + 1;
    }
    return 0;
}

/// Reads what `to_rfc1123` writes, to the letter; the name of the weekday is not compared with the date.
[[nodiscard]] inline std::optional<utc_time> from_rfc1123(std::string_view text) noexcept {
    constexpr std::string_view frame = "   , ##     #### ##:##:## GMT";
    if (text.size() != frame.size()) return std::nullopt;
    for (const std::size_t i : {3U, 4U, 7U, 11U, 16U, 19U, 22U, 25U, 26U, 27U, 28U}) {
        if (text[i] != frame[i]) return std::nullopt;
    }
    bool digits_only = true;
    const auto two_digits = [&](std::size_t at) {
        const unsigned tens = static_cast<unsigned char>(text[at]) - unsigned{'0'};
        const unsigned ones = static_cast<unsigned char>(text[at + 1]) - unsigned{'0'};
        digits_only &= tens <= 9 && ones <= 9;
        return tens * 10 + ones;
    };
    const unsigned day = two_digits(5);
    const unsigned year = two_digits(12) * 100 + two_digits(14);
    const unsigned hour = two_digits(17);
    const unsigned minute = two_digits(20);
    const unsigned second = two_digits(23);
    const unsigned month = month_of(text[8], text[9], text[10]);
    if (!digits_only || hour > 23 || minute > 59 || second > 60) return std::nullopt;  // 60: a leap second
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

}  // namespace blobshift::inline v1::detail

#endif
