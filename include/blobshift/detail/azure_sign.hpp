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
#include <blobshift/core/eight_bytes.hpp>
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

/// Appends a header's value as it is signed: without white space at its ends, and with each run of white space that
/// holds a tab as one space, except between quotes. Runs of plain spaces stay, as every client signs them.
inline void append_signed(std::string& out, std::string_view value) {
    const std::string_view text = trimmed(value);
    if (find_byte(text, '\t') == text.size()) return static_cast<void>(out += text);
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
}

/// Puts `item` behind all that are not behind it. For the handful of headers of a request; `std::sort` would bring in
/// <algorithm>.
template <class T, class Before>
void insert_sorted(std::vector<T>& items, T item, Before is_before) {
    auto at = items.end();
    while (at != items.begin() && is_before(item, *(at - 1))) --at;
    items.insert(at, std::move(item));
}

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

    std::string text = "/";
    text.reserve(1 + account.size() + rest.size());
    text += account;
    text += slash == std::string_view::npos ? std::string_view("/") : resource.before.substr(slash);
    const std::string* before = nullptr;
    for (const auto& [name, value] : query) {
        text += before != nullptr && *before == name ? "," + value : "\n" + name + ":" + value;
        before = &name;
    }
    return text;
}

/// The headers of a request, each name in lower case. Lives no longer than the request.
class lower_headers {
public:
    struct header {
        std::string_view name;
        std::string_view value;
    };

    explicit lower_headers(const std::vector<http_header>& headers) {
        all_.reserve(headers.size());
        made_.reserve(headers.size());  // so that the views stay
        for (const http_header& h : headers) all_.push_back({lower(h.name), h.value});
    }
    lower_headers(const lower_headers&) = delete;
    lower_headers& operator=(const lower_headers&) = delete;

    [[nodiscard]] const std::vector<header>& all() const noexcept { return all_; }

private:
    [[nodiscard]] std::string_view lower(const std::string& name) {
        if (every(name, [](char c) { return to_lower(c) == c; })) return name;
        std::string& copy = made_.emplace_back(name);
        for (char& c : copy) c = to_lower(c);
        return copy;
    }

    std::vector<header> all_ = {};
    std::vector<std::string> made_ = {};
};

/// The text that a SharedKey signature of `r` covers.
///
/// A length of 0 is signed as an empty slot, as the service does since 2015-02-21; an older `x-ms-version` gets "0".
[[nodiscard]] inline std::string string_to_sign(const http_request& r, std::string_view account) {
    constexpr std::array<std::string_view, 11> standard_headers{
        "content-encoding",  "content-language", "content-length", "content-md5",         "content-type", "date",
        "if-modified-since", "if-match",         "if-none-match",  "if-unmodified-since", "range"};
    constexpr std::size_t length_slot = 2;
    constexpr std::size_t date_slot = 5;
    const std::string length = r.body.empty() ? std::string() : std::to_string(r.body.size());
    const lower_headers headers(r.headers);
    std::array<std::string_view, standard_headers.size()> values;
    values[length_slot] = length;
    std::vector<lower_headers::header> extensions;
    extensions.reserve(r.headers.size());
    bool zero_is_empty = true;
    bool own_date = false;
    std::size_t size = 0;
    for (const lower_headers::header& h : headers.all()) {
        size += h.name.size() + h.value.size() + 2;
        if (h.name.starts_with("x-ms-")) {
            if (h.name == "x-ms-version") zero_is_empty = h.value >= "2015-02-21";
            if (h.name == "x-ms-date") own_date = true;
            insert_sorted(extensions, h, [](const lower_headers::header& a, const lower_headers::header& b) {
                return collates_before(a.name.substr(5), b.name.substr(5));  // behind what they have in common
            });
            continue;
        }
        for (std::size_t i = 0; i < standard_headers.size(); ++i) {
            if (standard_headers[i] == h.name) values[i] = h.value;
        }
    }
    if (trimmed(values[length_slot]) == "0" && zero_is_empty) values[length_slot] = {};
    if (own_date) values[date_slot] = {};
    std::string text;
    text.reserve(size + r.url.size() + 64);
    text += r.method;
    text += '\n';
    for (const std::string_view value : values) append_signed(text, value), text += '\n';
    for (const auto& [name, value] : extensions) {
        (text += name) += ':';
        append_signed(text, value);
        text += '\n';
    }
    return text += canonicalized_resource(account, r.url);
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
        std::string text = "SharedKey ";
        text.reserve(text.size() + account_.size() + 64);
        return ((text += account_) += ':') += sign(string_to_sign(r, account_));
    }

private:
    shared_key(std::string account, hmac_sha256 hmac) : account_(std::move(account)), hmac_(std::move(hmac)) {}

    std::string account_;
    hmac_sha256 hmac_;
};

}  // namespace blobshift::inline v1::detail

#endif
