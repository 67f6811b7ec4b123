// SPDX-License-Identifier: MIT
//
// The members of one JSON object, as answers of token services are: enough of JSON (RFC 8259) for those, and no more.
//
// Row: detail (core).   Tests: tests/detail/json_members.test.cpp

#ifndef BLOBSHIFT_DETAIL_JSON_MEMBERS_HPP
#define BLOBSHIFT_DETAIL_JSON_MEMBERS_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint32_t
#include <map>          // map
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/detail/percent.hpp>

namespace blobshift::inline v1::detail {

/// Reads a JSON text that is one object. Strings are unescaped; numbers, true, false and null are kept as they stand,
/// so that `"expires_in":"3599"` and `"expires_in":3599` are the same; members that are objects or arrays are left out.
class json_members {
public:
    /// nullopt when `text` is not one object, nests deeper than 32 levels, or names a member twice.
    [[nodiscard]] static std::optional<std::map<std::string, std::string>> parse(std::string_view text) {
        json_members reader(text);
        std::map<std::string, std::string> found;
        reader.space();
        if (!reader.object(&found, 0)) return std::nullopt;
        reader.space();
        if (!reader.rest_.empty()) return std::nullopt;
        return found;
    }

private:
    explicit json_members(std::string_view text) noexcept : rest_(text) {}

    static constexpr int deepest = 32;

    void space() noexcept { rest_.remove_prefix((std::min)(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
    [[nodiscard]] bool take(char c) noexcept {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// \param found  Where the members go; null = nowhere.
    [[nodiscard]] bool object(std::map<std::string, std::string>* found, int depth) {
        if (depth > deepest || !take('{')) return false;
        space();
        if (take('}')) return true;
        for (;;) {
            std::string name;
            space();
            if (!string(name)) return false;
            space();
            if (!take(':')) return false;
            std::optional<std::string> value;
            if (!any(value, depth)) return false;
            if (found != nullptr && value && !found->emplace(std::move(name), *std::move(value)).second) return false;
            if (take('}')) return true;
            if (!take(',')) return false;
        }
    }

    [[nodiscard]] bool array(int depth) {
        if (depth > deepest || !take('[')) return false;
        space();
        if (take(']')) return true;
        for (;;) {
            std::optional<std::string> ignored;
            if (!any(ignored, depth)) return false;
            if (take(']')) return true;
            if (!take(',')) return false;
        }
    }

    /// A value, with the space around it. `value` stays empty for an object or an array.
    [[nodiscard]] bool any(std::optional<std::string>& value, int depth) {
        space();
        bool fine = false;
        if (rest_.starts_with('{')) {
            fine = object(nullptr, depth + 1);
        } else if (rest_.starts_with('[')) {
            fine = array(depth + 1);
        } else if (rest_.starts_with('"')) {
            fine = string(value.emplace());
        } else {
            const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t\r\n,]}"));
            fine = is_scalar(word);
            value.emplace(word);
            rest_.remove_prefix(word.size());
        }
        space();
        return fine;
    }

    [[nodiscard]] static bool is_scalar(std::string_view word) noexcept {
        if (word == "true" || word == "false" || word == "null") return true;
        return !word.empty() && word.find_first_not_of("+-.0123456789Ee") == std::string_view::npos;
    }

    [[nodiscard]] bool string(std::string& out) {
        if (!take('"')) return false;
        while (!rest_.empty()) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\')
                out += c;
            else if (!escape(out))
                return false;
        }
        return false;
    }

    [[nodiscard]] bool escape(std::string& out) {
        if (rest_.empty()) return false;
        const char c = rest_.front();
        rest_.remove_prefix(1);
        constexpr std::string_view names = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        if (const std::size_t at = names.find(c); at != std::string_view::npos) {
            out += meanings[at];
            return true;
        }
        return c == 'u' && code_unit(out);
    }

    /// Four hexadecimal digits. Beyond ASCII they only stand in texts for people: one '?' for each.
    [[nodiscard]] bool code_unit(std::string& out) {
        if (rest_.size() < 4) return false;
        std::uint32_t unit = 0;
        for (const char digit : rest_.substr(0, 4)) {
            if (hex_value(digit) > 15) return false;
            unit = unit * 16 + hex_value(digit);
        }
        rest_.remove_prefix(4);
        out += unit < 0x80 ? static_cast<char>(unit) : '?';
        return true;
    }

    std::string_view rest_;
};

}  // namespace blobshift::inline v1::detail

#endif
