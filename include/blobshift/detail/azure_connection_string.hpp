// SPDX-License-Identifier: MIT
//
// Connection strings, by the rules of .NET (the strictest): what names an account, and the key or SAS for it.
//
// Row: detail (core).   Tests: tests/detail/azure_connection_string.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_CONNECTION_STRING_HPP
#define BLOBSHIFT_DETAIL_AZURE_CONNECTION_STRING_HPP

#include <array>        // array
#include <cstddef>      // size_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/result.hpp>
#include <blobshift/core/secret.hpp>
#include <blobshift/detail/azure_address.hpp>
#include <blobshift/detail/azure_credential.hpp>
#include <blobshift/detail/characters.hpp>

namespace blobshift::inline v1::detail {

/// An account, and who asks it.
struct azure_account {
    azure_endpoint endpoint = {};
    azure_credential credential = {};
};

/// The account of the emulator. Its key is public.
inline constexpr std::string_view emulator_account = "devstoreaccount1";
inline constexpr std::string_view emulator_key =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// `key=value` pairs joined by ';'. Keys in any case, none twice, none unknown, none without a value; empty segments
/// are skipped. The members are views into the text.
class connection_settings {
public:
    enum key : std::size_t {
        protocol,
        account_name,
        account_key,
        suffix,
        blob_endpoint,
        sas,
        development,
        development_proxy,
        blob_secondary,  // from here on: known to others, of no use to us
        account_key_name,
        queue,
        queue_secondary,
        file,
        file_secondary,
        table,
        table_secondary,
        dfs,
        dfs_secondary
    };

    [[nodiscard]] static result<connection_settings> parse(std::string_view text) {
        connection_settings settings;
        std::size_t number = 0;
        for (cut_text rest{{}, text}; !rest.behind.empty();) {
            rest = cut(rest.behind, ";");
            ++number;
            if (rest.before.empty()) continue;
            const auto [name, value, is_pair] = cut(rest.before, "=");
            if (!is_pair) {
                return fail(errc::invalid_argument,
                            "segment " + std::to_string(number) + " of the connection string has no '='");
            }
            std::size_t which = 0;
            while (which < names.size() && !equals_ignoring_case(names[which], name)) ++which;
            if (which == names.size()) {
                return fail(errc::invalid_argument,
                            "the connection string has an unknown key" + printable(name, number));
            }
            if (!settings.values_[which].empty()) return refuse(static_cast<key>(which), "stands there twice");
            settings.values_[which] = value;
            if (settings.values_[which].empty()) return refuse(static_cast<key>(which), "has no value");
        }
        return settings;
    }

    [[nodiscard]] std::string_view operator[](key k) const noexcept { return values_[k]; }
    [[nodiscard]] bool has(key k) const noexcept { return !values_[k].empty(); }

    /// An error that names the key, and never its value.
    [[nodiscard]] static unexpected refuse(key k, std::string_view why) {
        return fail(errc::invalid_argument, std::string(names[k]).append(" in the connection string ").append(why));
    }

private:
    static constexpr std::array<std::string_view, 18> names{"DefaultEndpointsProtocol",
                                                            "AccountName",
                                                            "AccountKey",
                                                            "EndpointSuffix",
                                                            "BlobEndpoint",
                                                            "SharedAccessSignature",
                                                            "UseDevelopmentStorage",
                                                            "DevelopmentStorageProxyUri",
                                                            "BlobSecondaryEndpoint",
                                                            "AccountKeyName",
                                                            "QueueEndpoint",
                                                            "QueueSecondaryEndpoint",
                                                            "FileEndpoint",
                                                            "FileSecondaryEndpoint",
                                                            "TableEndpoint",
                                                            "TableSecondaryEndpoint",
                                                            "DfsEndpoint",
                                                            "DfsSecondaryEndpoint"};

    /// A key that was forgotten makes its value look like a name: only what reads like a word is shown.
    [[nodiscard]] static std::string printable(std::string_view name, std::size_t number) {
        const bool word = !name.empty() && name.size() <= 32 &&
                          every(name, [](char c) { return is_letter_or_digit(c) && !is_decimal(c); });
        return word ? ": " + std::string(name) : " in segment " + std::to_string(number);
    }

    std::array<std::string_view, names.size()> values_{};
};

/// `UseDevelopmentStorage=true`, alone or with a proxy whose scheme and host are used.
[[nodiscard]] inline result<azure_account> development_account(const connection_settings& s,
                                                               const address_options& options) {
    using enum connection_settings::key;
    if (!equals_ignoring_case(s[development], "true")) return s.refuse(development, "is not true");
    for (std::size_t k = 0; k <= dfs_secondary; ++k) {
        if (k != development && k != development_proxy && s.has(static_cast<connection_settings::key>(k))) {
            return s.refuse(static_cast<connection_settings::key>(k), "cannot stand beside UseDevelopmentStorage");
        }
    }
    std::string origin = "http://127.0.0.1";
    if (s.has(development_proxy)) {
        auto proxy = parse_url(s[development_proxy]);
        if (!proxy || !proxy->query.empty() || proxy->path.size() > 1) {
            return s.refuse(development_proxy, "is not the URL of a host");
        }
        origin = (proxy->secure ? "https://" : "http://") + proxy->host;
    }
    auto endpoint = parse_endpoint(origin + ":10000/" + std::string(emulator_account), options);
    if (!endpoint) return s.refuse(development_proxy, "is refused: " + endpoint.error().message);
    auto key = shared_key::create(std::string(emulator_account), secret(emulator_key));
    if (!key) return unexpected(std::move(key).error());
    return azure_account{*std::move(endpoint), *std::move(key)};
}

/// What a connection string says.
///
/// \return errc::invalid_argument that names the key at fault, and holds no value. Errors: a segment without '=', a key
///         that is unknown, empty or there twice, a key that is not base64, both AccountKey and SharedAccessSignature,
///         AccountKey without AccountName, nothing that names an account, plain http beyond loopback.
[[nodiscard]] inline result<azure_account> parse_connection_string(std::string_view text,
                                                                   const address_options& options = {}) {
    using enum connection_settings::key;
    auto settings = connection_settings::parse(text);
    if (!settings) return unexpected(std::move(settings).error());
    const connection_settings& s = *settings;
    if (s.has(development)) return development_account(s, options);
    if (s.has(development_proxy)) return s.refuse(development_proxy, "needs UseDevelopmentStorage=true");
    if (s.has(account_key) && s.has(sas)) return s.refuse(account_key, "cannot stand beside SharedAccessSignature");
    if (s.has(account_key) && !s.has(account_name)) return s.refuse(account_key, "needs AccountName");
    if (s.has(blob_secondary) && !s.has(blob_endpoint)) return s.refuse(blob_secondary, "needs BlobEndpoint");
    if (s.has(account_name) && !is_account_name(s[account_name])) {
        return s.refuse(account_name, "is not 3 to 24 lower-case letters and digits");
    }

    const std::string_view scheme = s.has(protocol) ? s[protocol] : "https";
    if (!equals_ignoring_case(scheme, "https") && !equals_ignoring_case(scheme, "http")) {
        return s.refuse(protocol, "is neither https nor http");
    }

    azure_account account;
    if (s.has(blob_endpoint)) {
        auto endpoint = parse_endpoint(s[blob_endpoint], options);
        if (!endpoint) return s.refuse(blob_endpoint, "is refused: " + endpoint.error().message);
        account.endpoint = *std::move(endpoint);
    } else {
        if (!s.has(account_name)) return fail(errc::invalid_argument, "the connection string names no account");
        if (!s.has(account_key) && !s.has(sas)) {
            return fail(errc::invalid_argument,
                        "the connection string has neither AccountKey nor SharedAccessSignature");
        }
        std::string domain(s.has(suffix) ? s[suffix] : "core.windows.net");
        for (char& c : domain) c = to_lower(c);
        if (!is_host_name(domain)) return s.refuse(suffix, "is not a domain");
        const std::string url = std::string(scheme).append("://").append(s[account_name]) + ".blob." + domain;
        auto endpoint = parse_endpoint(url, options);
        if (!endpoint) return s.refuse(protocol, "is refused: " + endpoint.error().message);
        account.endpoint = *std::move(endpoint);
    }
    if (s.has(account_name)) account.endpoint.account = s[account_name];

    if (s.has(account_key)) {
        auto key = shared_key::create(std::string(s[account_name]), secret(s[account_key]));
        if (!key) return s.refuse(account_key, "is not base64");
        account.credential = *std::move(key);
    } else if (s.has(sas)) {
        auto query = parse_sas(s[sas]);
        if (!query) return s.refuse(sas, "is refused: " + query.error().message);
        account.credential = sas_token{*std::move(query)};
    }
    return account;
}

}  // namespace blobshift::inline v1::detail

#endif
