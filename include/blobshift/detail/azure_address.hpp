// SPDX-License-Identifier: MIT
//
// Where an account, a container and a blob are: the URLs that people give, checked by one strict parser, and those we
// send.
//
// Row: detail (core).   Tests: tests/detail/azure_address.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_ADDRESS_HPP
#define BLOBSHIFT_DETAIL_AZURE_ADDRESS_HPP

#include <cstddef>      // size_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/core/secret.hpp>
#include <blobshift/detail/characters.hpp>
#include <blobshift/detail/http.hpp>
#include <blobshift/detail/percent.hpp>

namespace blobshift::inline v1::detail {

/// 3 to 24 lower-case letters and digits.
[[nodiscard]] inline bool is_account_name(std::string_view name) noexcept {
    return name.size() >= 3 && name.size() <= 24 && every(name, is_lower_or_digit);
}

/// 3 to 63 lower-case letters, digits and single inner hyphens; or one of the service's own containers.
[[nodiscard]] inline bool is_container_name(std::string_view name) noexcept {
    if (name == "$root" || name == "$web" || name == "$logs" || name == "$blobchangefeed") return true;
    return name.size() >= 3 && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
           name.find("--") == std::string_view::npos &&
           every(name, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

/// The parts of an http or https URL. Views into the text that was parsed, but for the host.
struct url_parts {
    bool secure = false;          ///< https
    std::string host = {};        ///< Lower case; an IPv6 address in brackets.
    std::string_view port = {};   ///< Digits, or empty.
    std::string_view path = {};   ///< Empty, or begins with '/'.
    std::string_view query = {};  ///< Without '?'.
};

/// Four numbers from 0 to 255 without leading zeros: the only spelling of an IPv4 address that we take.
[[nodiscard]] inline bool is_ipv4(std::string_view host) noexcept {
    for (int part = 0; part < 4; ++part) {
        const std::size_t dot = host.find('.');
        const std::string_view number = host.substr(0, dot);
        if (number.empty() || number.size() > 3 || !every(number, is_decimal)) return false;
        if (number.size() > 1 && number.front() == '0') return false;
        if (number.size() == 3 && number > "255") return false;
        if ((dot == std::string_view::npos) != (part == 3)) return false;
        host.remove_prefix(part == 3 ? host.size() : dot + 1);
    }
    return true;
}

/// Labels of letters, digits and inner hyphens. A last label that begins with a digit would be read as a number by
/// resolvers (127.1, 0x7f.1, 2130706433), so only `is_ipv4` may end like that.
[[nodiscard]] inline bool is_host_name(std::string_view host) noexcept {
    if (host.empty() || host.size() > 253) return false;
    for (std::string_view rest = host;;) {
        const std::size_t dot = rest.find('.');
        const std::string_view label = rest.substr(0, dot);
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
        if (!every(label, [](char c) { return is_lower_or_digit(c) || c == '-'; })) return false;
        if (dot == std::string_view::npos) return !is_decimal(label.front());
        rest.remove_prefix(dot + 1);
    }
}

[[nodiscard]] inline bool is_ipv6(std::string_view host) noexcept {
    if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
    return host.find(':') != std::string_view::npos &&
           every(host, [](char c) { return hex_value(c) < 16 || c == ':' || c == '.'; });
}

[[nodiscard]] inline bool is_loopback(std::string_view host) noexcept {
    return (is_ipv4(host) && host.starts_with("127.")) || host == "[::1]" || host == "localhost" ||
           host.ends_with(".localhost");
}

/// Splits an absolute URL, and refuses whatever two parsers could read differently.
///
/// \return errc::invalid_argument: not http(s), a user before the host, a host that is no plain name or address, a port
///         that is not 1 to 65535, a fragment, a backslash, or a character that must be encoded. No message holds a
///         part of the URL.
[[nodiscard]] inline result<url_parts> parse_url(std::string_view url) {
    if (!every(url, is_visible)) {
        return fail(errc::invalid_argument, "an address holds a character that must be percent-encoded");
    }
    url_parts parts;
    const auto [scheme, after, has_scheme] = cut(url, "://");
    parts.secure = equals_ignoring_case(scheme, "https");
    if (!has_scheme || (!parts.secure && !equals_ignoring_case(scheme, "http"))) {
        return fail(errc::invalid_argument, "an address begins with https://");
    }
    if (url.find_first_of("\\#\"<>^`{|}") != std::string_view::npos) {
        return fail(errc::invalid_argument,
                    "an address holds a backslash, a fragment or a character that must be percent-encoded");
    }
    const std::string_view authority = after.substr(0, after.find_first_of("/?"));
    const cut_text resource = cut(after.substr(authority.size()), "?");
    parts.path = resource.before;
    parts.query = resource.behind;

    if (authority.find('@') != std::string_view::npos) {
        return fail(errc::invalid_argument, "an address has no user or password before its host");
    }
    // The colons of an IPv6 address stand in brackets.
    const std::size_t colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
    parts.host = authority.substr(0, colon);
    for (char& c : parts.host) c = to_lower(c);
    if (!is_host_name(parts.host) && !is_ipv4(parts.host) && !is_ipv6(parts.host)) {
        return fail(errc::invalid_argument, "the host of an address is not a plain name or IP address");
    }
    if (colon != std::string_view::npos) {
        parts.port = authority.substr(colon + 1);
        unsigned number = 0;
        for (const char c : parts.port) {
            if (!is_decimal(c) || number > 65535) {
                number = 0;
                break;
            }
            number = number * 10 + static_cast<unsigned>(c - '0');
        }
        if (number < 1 || number > 65535) return fail(errc::invalid_argument, "the port of an address is 1 to 65535");
    }
    return parts;
}

/// Where the blob service of one account is.
struct azure_endpoint {
    std::string url = {};      ///< Scheme, host, port and base path ("/devstoreaccount1"), without a '/' at the end.
    std::string account = {};  ///< As it is signed; empty when the host does not say it (a domain of one's own).
    bool secure = true;        ///< https
};

struct address_options {
    bool allow_http =
        false;  ///< Also to hosts other than loopback: everything but the key itself can be read by others.
};

/// The account that `host` names in its first label, without what marks another route to the same account.
[[nodiscard]] inline std::string account_of_host(std::string_view host) {
    if (host.find(".blob.") == std::string_view::npos) return {};
    std::string_view account = host.substr(0, host.find('.'));  // ACCOUNT.blob.SUFFIX, ACCOUNT.zNN.blob.SUFFIX
    for (const std::string_view route : {"-dualstack", "-ipv6", "-secondary"}) {  // in this order: -secondary-ipv6
        if (account.ends_with(route)) account.remove_suffix(route.size());
    }
    return std::string(account);
}

/// What stands before the path of a blob, `segments` further ones cut off from the path of `parts` and given back.
struct split_endpoint {
    azure_endpoint endpoint;
    std::string_view rest = {};  ///< What the path holds behind the account; no '/' at its ends.
};

[[nodiscard]] inline result<split_endpoint> endpoint_of(const url_parts& parts, const address_options& options) {
    if (!parts.secure && !options.allow_http && !is_loopback(parts.host)) {
        return fail(errc::invalid_argument,
                    "plain http is for loopback addresses only, unless it is allowed explicitly");
    }
    split_endpoint split;
    split.endpoint.secure = parts.secure;
    split.endpoint.url = (parts.secure ? "https://" : "http://") + parts.host;
    if (!parts.port.empty()) (split.endpoint.url += ':') += parts.port;
    split.rest = parts.path.substr(parts.path.empty() ? 0 : 1);
    if (split.rest.ends_with('/')) split.rest.remove_suffix(1);
    // A host that is an address, or a single label, serves many accounts: the first segment says which.
    if (is_ipv4(parts.host) || is_ipv6(parts.host) || parts.host.find('.') == std::string::npos) {
        const cut_text path = cut(split.rest, "/");
        split.endpoint.account = path.before;
        split.rest = path.behind;
        (split.endpoint.url += '/') += split.endpoint.account;
        if (!is_account_name(split.endpoint.account)) {
            return fail(errc::invalid_argument,
                        "the path of an address begins with an account: 3 to 24 lower-case letters and digits");
        }
        return split;
    }
    split.endpoint.account = account_of_host(parts.host);
    if (!split.endpoint.account.empty() && !is_account_name(split.endpoint.account)) {
        return fail(errc::invalid_argument,
                    "the host of an address begins with an account: 3 to 24 lower-case letters and digits");
    }
    return split;
}

/// An endpoint as a connection string gives it.
///
/// \return errc::invalid_argument, as `parse_url`; and when there is a query, or a path that is not an account's.
[[nodiscard]] inline result<azure_endpoint> parse_endpoint(std::string_view url, const address_options& options = {}) {
    auto parts = parse_url(url);
    if (!parts) return unexpected(std::move(parts).error());
    if (!parts->query.empty()) return fail(errc::invalid_argument, "an endpoint has no query");
    auto split = endpoint_of(*parts, options);
    if (!split) return unexpected(std::move(split).error());
    if (!split->rest.empty()) return fail(errc::invalid_argument, "an endpoint has no path behind the account");
    return std::move(split->endpoint);
}

/// `text` as a SAS: what stands behind the '?', with or without it, kept to the letter.
///
/// \return errc::invalid_argument when there is no signature, a second '?', or a character that no query holds. No
///         message holds a part.
[[nodiscard]] inline result<secret> parse_sas(std::string_view text) {
    if (text.starts_with('?')) text.remove_prefix(1);
    if (text.starts_with('?')) return fail(errc::invalid_argument, "a SAS begins with one '?' at most");
    const bool plain = every(text, [](char c) {
        return is_unreserved(c) || std::string_view("!$&'()*+,;=:@/?%").find(c) != std::string_view::npos;
    });
    if (!plain) return fail(errc::invalid_argument, "a SAS holds a character that must be percent-encoded");
    if (!text.starts_with("sig=") && text.find("&sig=") == std::string_view::npos) {
        return fail(errc::invalid_argument, "a SAS has a signature: sig=");
    }
    return secret(text);
}

/// A container, and the SAS that came with its URL.
struct azure_address {
    azure_endpoint endpoint = {};
    std::string container = {};
    secret sas = {};  ///< Empty when the URL had no query.
};

/// `https://ACCOUNT.blob.core.windows.net/CONTAINER[?SAS]`, or `http://127.0.0.1:10000/ACCOUNT/CONTAINER[?SAS]`.
[[nodiscard]] inline result<azure_address> parse_address(std::string_view url, const address_options& options = {}) {
    auto parts = parse_url(url);
    if (!parts) return unexpected(std::move(parts).error());
    auto split = endpoint_of(*parts, options);
    if (!split) return unexpected(std::move(split).error());
    azure_address address{std::move(split->endpoint), std::string(split->rest)};
    if (!is_container_name(address.container)) {
        return fail(errc::invalid_argument,
                    "the path of an address is a container: 3 to 63 lower-case letters, digits and single hyphens");
    }
    if (!parts->query.empty()) {
        auto sas = parse_sas(parts->query);
        if (!sas) return unexpected(std::move(sas).error());
        address.sas = *std::move(sas);
    }
    return address;
}

/// The URL of a container. `container` is a container name.
[[nodiscard]] inline std::string container_url(const azure_endpoint& at, std::string_view container) {
    return (at.url + "/").append(container);
}

/// The URL of a blob: `container` as above, the name in the one spelling that is sent and signed.
[[nodiscard]] inline std::string blob_url(std::string_view container, const blob_name& name) {
    std::string url;
    url.reserve(container.size() + name.text().size() + 256);  // a query or a SAS often follows
    (url += container) += '/';
    append_encoded(url, name.text(), "/");
    return url;
}

}  // namespace blobshift::inline v1::detail

#endif
