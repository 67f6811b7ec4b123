// SPDX-License-Identifier: MIT
//
// SharedKey: what Azure Storage signs of a request, in the order in which the service itself sorts and joins it.
//
// Row: detail (core).   Tests: tests/detail/azure_sign.test.cpp (golden vectors)

#ifndef BLOBSHIFT_DETAIL_AZURE_SIGN_HPP
#define BLOBSHIFT_DETAIL_AZURE_SIGN_HPP

#include <array>        // array
#include <cstddef>      // size_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move, pair
#include <vector>       // vector

#include <blobshift/core/base64.hpp>
#include <blobshift/core/secret.hpp>
#include <blobshift/detail/characters.hpp>
#include <blobshift/detail/http.hpp>
#include <blobshift/detail/openssl.hpp>
#include <blobshift/detail/percent.hpp>

namespace blobshift::inline v1::detail {

/// The rank of each character in the service's collation of header names (.NET, en-US): 0 is ignored at the first
/// level, then punctuation, digits, letters. Characters that no header name holds come last.
inline constexpr auto collation_ranks = [] {
    std::array<unsigned char, 256> ranks{};
    ranks.fill(255);
    ranks['-'] = ranks['\''] = 0;
    unsigned char rank = 1;
    for (const char c : std::string_view("!#$%&*.^_`|~+0123456789abcdefghijklmnopqrstuvwxyz")) {
        ranks[static_cast<unsigned char>(c)] = rank++;
    }
    return ranks;
}();

/// Whether the service puts header name `a` before `b`. Both in lower case.
///
/// Not the order of bytes: '-' and the apostrophe count only where two names are otherwise equal (then the one that has
/// them earlier comes later), and '_' comes before digits and letters. A signature over another order is refused.
[[nodiscard]] constexpr bool collates_before(std::string_view a, std::string_view b) noexcept {
    const auto rank = [](char c) { return collation_ranks[static_cast<unsigned char>(c)]; };
    const auto skip = [&](std::string_view s, std::size_t i) {
        while (i < s.size() && rank(s[i]) == 0) ++i;
        return i;
    };
    for (std::size_t i = skip(a, 0), k = skip(b, 0);; i = skip(a, i + 1), k = skip(b, k + 1)) {
        if (i >= a.size() && k >= b.size()) break;
        if (i >= a.size() || k >= b.size()) return i >= a.size();
        if (rank(a[i]) != rank(b[k])) return rank(a[i]) < rank(b[k]);
    }
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
    if (i == a.size() || i == b.size()) return a.size() < b.size();
    if (rank(a[i]) == 0 && rank(b[i]) == 0) return a[i] == '\'';
    return rank(b[i]) == 0;
}

/// A header's value as it is signed: without white space at its ends, and with each run of white space that holds a tab
/// as one space, except between quotes. Runs of plain spaces stay, as every client signs them.
[[nodiscard]] inline std::string signed_value(std::string_view value) {
    const std::string_view text = trimmed(value);
    if (text.find('\t') == std::string_view::npos) return std::string(text);
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size();) {
        const std::string_view run = text.substr(i, text.find_first_not_of(" \t", i) - i);  // `text` ends in none
        if (!run.empty()) {
            out += !quoted && run.find('\t') != std::string_view::npos ? std::string_view(" ") : run;
            i += run.size();
        } else {
            if (text[i] == '"') quoted = !quoted;
            out += text[i++];
        }
    }
    return out;
}

/// Puts `item` behind all that are not behind it. For the handful of headers of a request; `std::sort` would bring in
/// <algorithm>.
template <class T, class Before>
void insert_sorted(std::vector<T>& items, T item, Before is_before) {
    auto at = items.end();
    while (at != items.begin() && is_before(item, *(at - 1))) --at;
    items.insert(at, std::move(item));
}

/// A header with its name in lower case.
using lower_header = std::pair<std::string, std::string_view>;

/// "/", the account, the path as it is sent, and each name of the query with its values.
[[nodiscard]] inline std::string canonicalized_resource(std::string_view account, std::string_view url) {
    const std::string_view rest = cut(cut(url, "://").behind, "#").before;
    const cut_text resource = cut(rest, "?");
    const std::size_t slash = resource.before.find('/');

    using parameter = std::pair<std::string, std::string>;
    std::vector<parameter> query;
    for (cut_text item{{}, resource.behind}; !item.behind.empty();) {
        item = cut(item.behind, "&");
        if (item.before.empty()) continue;
        const cut_text pair = cut(item.before, "=");
        parameter p{decode_query(pair.before), decode_query(pair.behind)};
        for (char& c : p.first) c = to_lower(c);
        insert_sorted(query, std::move(p), [](const parameter& x, const parameter& y) { return x < y; });
    }

    std::string text = "/" + std::string(account);
    text += slash == std::string_view::npos ? std::string_view("/") : resource.before.substr(slash);
    const std::string* before = nullptr;
    for (const auto& [name, value] : query) {
        text += before != nullptr && *before == name ? "," + value : "\n" + name + ":" + value;
        before = &name;
    }
    return text;
}

/// The text that a SharedKey signature of `r` covers.
///
/// A length of 0 is signed as an empty slot, as the service does since 2015-02-21; an older `x-ms-version` gets "0".
[[nodiscard]] inline std::string string_to_sign(const http_request& r, std::string_view account) {
    constexpr std::array<std::string_view, 11> standard_headers{
        "content-encoding",  "content-language", "content-length", "content-md5",         "content-type", "date",
        "if-modified-since", "if-match",         "if-none-match",  "if-unmodified-since", "range"};
    constexpr std::size_t length_slot = 2;
    constexpr std::size_t date_slot = 5;
    std::array<std::string, standard_headers.size()> values;
    if (!r.body.empty()) values[length_slot] = std::to_string(r.body.size());
    std::vector<lower_header> extensions;
    const auto by_collation = [](const lower_header& a, const lower_header& b) {
        return collates_before(a.first, b.first);
    };
    bool zero_is_empty = true;
    bool own_date = false;
    for (const http_header& h : r.headers) {
        std::string name = h.name;
        for (char& c : name) c = to_lower(c);
        if (name.starts_with("x-ms-")) {
            if (name == "x-ms-version") zero_is_empty = h.value >= "2015-02-21";
            if (name == "x-ms-date") own_date = true;
            insert_sorted(extensions, lower_header(std::move(name), h.value), by_collation);
            continue;
        }
        for (std::size_t i = 0; i < standard_headers.size(); ++i) {
            if (standard_headers[i] == name) values[i] = signed_value(h.value);
        }
    }
    if (values[length_slot] == "0" && zero_is_empty) values[length_slot].clear();
    if (own_date) values[date_slot].clear();
    std::string text = r.method + '\n';
    for (const std::string& value : values) text += value + '\n';
    for (const auto& [name, value] : extensions) text += name + ':' + signed_value(value) + '\n';
    return text + canonicalized_resource(account, r.url);
}

/// An account's name and its key, ready to sign.
///
/// \par Thread-safety  One object may sign on several threads at once.
class shared_key {
public:
    /// \return errc::invalid_argument when `key` is not base64 or empty. No message holds a part of it.
    [[nodiscard]] static result<shared_key> create(std::string account, const secret& key) {
        auto raw = from_base64(key.reveal());
        if (!raw || raw->empty()) return fail(errc::invalid_argument, "the account key is not base64");
        auto hmac = hmac_sha256::with_key(*raw);
        wipe(raw->data(), raw->size());
        if (!hmac) return unexpected(std::move(hmac).error());
        return shared_key(std::move(account), *std::move(hmac));
    }

    [[nodiscard]] const std::string& account() const noexcept { return account_; }

    /// Base64 of the signature of `text`.
    [[nodiscard]] std::string sign(std::string_view text) const { return to_base64(hmac_(text)); }

    /// The value of the Authorization header of `r`.
    [[nodiscard]] std::string authorization(const http_request& r) const {
        return "SharedKey " + account_ + ":" + sign(string_to_sign(r, account_));
    }

private:
    shared_key(std::string account, hmac_sha256 hmac) : account_(std::move(account)), hmac_(std::move(hmac)) {}

    std::string account_;
    hmac_sha256 hmac_;
};

}  // namespace blobshift::inline v1::detail

#endif
