// SPDX-License-Identifier: MIT
#include "privacy_oracle.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <blobshift/core/base64.hpp>
#include <blobshift/core/bytes.hpp>

namespace blobshift::testing {

namespace {

/// `before` and the code of each byte in hexadecimal digits, `width` of them.
[[nodiscard]] std::string coded(std::string_view text, std::string_view before, std::size_t width, const char* digits) {
    std::string all;
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        all += before;
        all.append(width - 2, '0');
        all += digits[code >> 4];
        all += digits[code & 15];
    }
    return all;
}

[[nodiscard]] std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
    std::string all;
    for (const char c : text) {
        if (what.find(c) == std::string_view::npos)
            all += c;
        else
            all += by;
    }
    return all;
}

/// What needs no encoding in a URL stays.
[[nodiscard]] std::string percent_encoded(std::string_view text, const char* digits) {
    std::string all;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        all += plain ? std::string(1, c) : coded({&c, 1}, "%", 2, digits);
    }
    return all;
}

/// The base64 digits that all of `text` has, whatever stands around it, when `skip` bytes of a group stand before it.
[[nodiscard]] std::string base64_inside(std::string_view text, std::size_t skip) {
    std::string all(skip, '\0');
    all += text;
    const std::size_t whole = all.size() / 3 * 4;
    const std::string encoded = to_base64(as_bytes(all)).substr(0, whole);
    return encoded.substr(skip == 0 ? 0 : skip + 1);
}

[[nodiscard]] std::string utf16(std::string_view text, bool big_endian) {
    std::string all;
    for (const char c : text) all += big_endian ? std::string({'\0', c}) : std::string({c, '\0'});
    return all;
}

constexpr const char* upper = "0123456789ABCDEF";
constexpr const char* lower = "0123456789abcdef";

}  // namespace

std::vector<spelling> spellings_of(std::string_view text) {
    std::vector<spelling> all = {{"plain", std::string(text)},
                                 {"reversed", std::string(text.rbegin(), text.rend())},
                                 {"in hexadecimal", coded(text, "", 2, lower)},
                                 {"in capital hexadecimal", coded(text, "", 2, upper)},
                                 {"percent-encoded", percent_encoded(text, upper)},
                                 {"percent-encoded in small letters", percent_encoded(text, lower)},
                                 {"percent-encoded twice", percent_encoded(percent_encoded(text, upper), upper)},
                                 {"percent-encoded to the last letter", coded(text, "%", 2, upper)},
                                 {"percent-encoded to the last small letter", coded(text, "%", 2, lower)},
                                 {"escaped as JSON", coded(text, "\\u", 4, lower)},
                                 {"escaped as JSON in capitals", coded(text, "\\u", 4, upper)},
                                 {"escaped as C", coded(text, "\\x", 2, lower)},
                                 {"in UTF-16", utf16(text, false)},
                                 {"in UTF-16, big end first", utf16(text, true)},
                                 {"with other marks for the dots", replaced(text, ".", "_")},
                                 {"with hyphens for the dots", replaced(text, ".", "-")}};
    // A few digits without anything between them stand in any number: a time, or a count of bytes.
    if (std::string bare = replaced(text, ".", ""); bare.size() >= 10) all.push_back({"without dots", std::move(bare)});
    for (std::size_t skip = 0; skip < 3; ++skip) {
        const std::string digits = base64_inside(text, skip);
        std::string url_digits = digits;
        std::replace(url_digits.begin(), url_digits.end(), '+', '-');
        std::replace(url_digits.begin(), url_digits.end(), '/', '_');
        all.push_back({"in base64 behind " + std::to_string(skip) + " bytes", digits});
        if (url_digits != digits) all.push_back({"in base64 for URLs", std::move(url_digits)});
    }
    return all;
}

std::vector<std::string> find_leaks(std::string_view output) {
    std::vector<std::string> leaks;
    const auto look_for = [&](const canary& c, std::string_view text, const std::string& more) {
        for (const spelling& s : spellings_of(text)) {
            if (output.find(s.text) != std::string_view::npos) leaks.push_back(c.what + more + ", " + s.how);
        }
    };
    for (const canary& c : canaries) look_for(c, c.text, "");
    // What the key's base64 and the signature's percents stand for.
    if (const auto raw = from_base64(key_canary.text)) look_for(key_canary, as_text(*raw), " as bytes");
    look_for(sas_canary, "CaNaRySiGnAtUrE0123456789/abcdefghijk=", " decoded");
    return leaks;
}

}  // namespace blobshift::testing
