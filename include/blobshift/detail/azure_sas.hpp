// SPDX-License-Identifier: MIT
//
// Shared access signatures, made here: for an account, for a container or blob, and with a user delegation key.
//
// Row: detail (core).   Tests: tests/detail/azure_sas.test.cpp (golden vectors)

#ifndef BLOBSHIFT_DETAIL_AZURE_SAS_HPP
#define BLOBSHIFT_DETAIL_AZURE_SAS_HPP

#include <initializer_list>  // initializer_list
#include <string>            // string
#include <string_view>       // string_view
#include <utility>           // pair

#include <blobshift/core/result.hpp>
#include <blobshift/core/secret.hpp>
#include <blobshift/detail/azure_sign.hpp>

namespace blobshift::inline v1::detail {

/// What an account SAS allows. Empty text means "not set"; moments are `to_iso8601`.
struct account_sas {
    std::string version = {};           ///< sv, e.g. "2025-11-05"; decides what is signed.
    std::string services = "b";         ///< ss
    std::string resource_types = {};    ///< srt: any of s, c, o.
    std::string permissions = {};       ///< sp
    std::string start = {};             ///< st. Best left out: a clock that is late makes the SAS invalid.
    std::string expiry = {};            ///< se
    std::string ip = {};                ///< sip: one address, or FROM-TO.
    std::string protocol = {};          ///< spr: "https" or "https,http".
    std::string encryption_scope = {};  ///< ses, from 2020-12-06.
};

/// What a SAS for one container, blob, snapshot, version or directory allows. Empty text means "not set".
struct service_sas {
    std::string version = {};    ///< sv
    std::string resource = "b";  ///< sr: b, c, bs (snapshot), bv (version), d (directory).
    std::string container = {};
    std::string blob = {};         ///< As it is, not encoded; empty for a container.
    std::string time = {};         ///< The snapshot or version, from 2018-11-09; goes into the URL, not into the SAS.
    std::string permissions = {};  ///< sp, in the order `r a c w d x y l t f m e o p i`.
    std::string start = {};        ///< st
    std::string expiry = {};       ///< se
    std::string identifier = {};   ///< si: a stored access policy, which may hold the permissions and the times.
    std::string ip = {};           ///< sip
    std::string protocol = {};     ///< spr
    std::string encryption_scope = {};     ///< ses, from 2020-12-06.
    std::string directory_depth = {};      ///< sdd, with sr = d.
    std::string cache_control = {};        ///< rscc and the next four: headers of the answer.
    std::string content_disposition = {};  ///< rscd
    std::string content_encoding = {};     ///< rsce
    std::string content_language = {};     ///< rscl
    std::string content_type = {};         ///< rsct
};

/// What the service gives to a bearer of an Entra token for signing in its place; at most seven days.
struct user_delegation_key {
    std::string object_id = {};  ///< skoid
    std::string tenant_id = {};  ///< sktid
    std::string start = {};      ///< skt
    std::string expiry = {};     ///< ske
    std::string service = {};    ///< sks
    std::string version = {};    ///< skv
    secret value = {};           ///< Base64.
    // Of the SAS, not of the key:
    std::string authorized_user = {};    ///< saoid, from 2020-02-10.
    std::string unauthorized_user = {};  ///< suoid, from 2020-02-10.
    std::string correlation_id = {};     ///< scid, from 2020-02-10.
    std::string delegated_tenant = {};   ///< skdutid, from 2025-07-05.
    std::string delegated_user = {};     ///< sduoid, from 2025-07-05.
};

inline void append_lines(std::string& text, std::initializer_list<std::string_view> lines) {
    for (const std::string_view line : lines) (text += line) += '\n';
}

/// The line `/blob/account/container/blob`, not encoded; the account once, for the emulator too.
inline void append_sas_resource(std::string& text, const service_sas& s, std::string_view account) {
    text += s.version >= "2015-02-21" ? "/blob/" : "/";
    ((text += account) += '/') += s.container;
    if (!s.blob.empty()) (text += '/') += s.blob;
    text += '\n';
}

[[nodiscard]] inline std::string string_to_sign(const account_sas& s, std::string_view account) {
    std::string text;
    append_lines(
        text, {account, s.permissions, s.services, s.resource_types, s.start, s.expiry, s.ip, s.protocol, s.version});
    if (s.version >= "2020-12-06") append_lines(text, {s.encryption_scope});
    return text;
}

/// The lines that a service SAS and a user delegation SAS end with.
inline void append_sas_tail(std::string& text, const service_sas& s, bool delegated) {
    if (s.version >= "2015-04-05") append_lines(text, {s.ip, s.protocol});
    append_lines(text, {s.version});
    if (s.version >= "2018-11-09") append_lines(text, {s.resource, s.time});
    if (s.version >= "2020-12-06") append_lines(text, {s.encryption_scope});
    if (delegated && s.version >= "2026-04-06") append_lines(text, {"", ""});  // signed headers and query: none
    append_lines(text, {s.cache_control, s.content_disposition, s.content_encoding, s.content_language});
    text += s.content_type;
}

[[nodiscard]] inline std::string string_to_sign(const service_sas& s, std::string_view account) {
    std::string text;
    text.reserve(256 + s.blob.size());
    append_lines(text, {s.permissions, s.start, s.expiry});
    append_sas_resource(text, s, account);
    append_lines(text, {s.identifier});
    append_sas_tail(text, s, false);
    return text;
}

[[nodiscard]] inline std::string string_to_sign(const service_sas& s, std::string_view account,
                                                const user_delegation_key& k) {
    std::string text;
    append_lines(text, {s.permissions, s.start, s.expiry});
    append_sas_resource(text, s, account);
    append_lines(text, {k.object_id, k.tenant_id, k.start, k.expiry, k.service, k.version});
    if (s.version >= "2020-02-10") append_lines(text, {k.authorized_user, k.unauthorized_user, k.correlation_id});
    if (s.version >= "2025-07-05") append_lines(text, {k.delegated_tenant, k.delegated_user});
    append_sas_tail(text, s, true);
    return text;
}

using sas_parameters = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Refuses what the version does not sign, and text that would move a field into the next line of what is signed.
[[nodiscard]] inline result<void> validate_sas(std::string_view version, sas_parameters parameters) {
    struct rule {
        std::string_view name;
        std::string_view since;
    };
    constexpr rule rules[] = {{"ss", "2015-04-05"},    {"sip", "2015-04-05"},     {"spr", "2015-04-05"},
                              {"skoid", "2018-11-09"}, {"time", "2018-11-09"},    {"saoid", "2020-02-10"},
                              {"suoid", "2020-02-10"}, {"scid", "2020-02-10"},    {"sdd", "2020-02-10"},
                              {"ses", "2020-12-06"},   {"skdutid", "2025-07-05"}, {"sduoid", "2025-07-05"}};
    if (version.size() != 10 || version < "2013-08-15") {
        return fail(errc::invalid_argument, "the version of a SAS is a date since 2013-08-15");
    }
    for (const auto& [name, value] : parameters) {
        if (value.empty()) continue;
        if (!is_field_value(value)) {
            return fail(errc::invalid_argument, "the SAS field " + std::string(name) + " holds a control character");
        }
        for (const rule& r : rules) {
            if (r.name == name && version < r.since) {
                return fail(errc::invalid_argument,
                            "the SAS field " + std::string(name) + " needs version " + std::string(r.since));
            }
        }
    }
    return {};
}

/// Letters of `permissions` in the order in which the service wants them, none twice.
[[nodiscard]] inline bool are_ordered_permissions(std::string_view permissions) noexcept {
    constexpr std::string_view order = "racwdxyltfmeopi";
    std::size_t from = 0;
    for (const char c : permissions) {
        const std::size_t at = order.find(c, from);
        if (at == std::string_view::npos) return false;
        from = at + 1;
    }
    return true;
}

/// The query of a SAS, without '?': the parameters that are set, and the signature.
[[nodiscard]] inline secret sas_query(sas_parameters parameters, std::string_view signature) {
    std::string query;
    query.reserve(256);
    for (const auto& [name, value] : parameters) {
        if (value.empty()) continue;
        (query += name) += '=';
        append_encoded(query, value);
        query += '&';
    }
    query += "sig=";
    append_encoded(query, signature);
    secret made(query);
    wipe(query.data(), query.size());
    return made;
}

/// Signs with the account key.
///
/// \return errc::invalid_argument when a field holds a control character or is newer than the version.
[[nodiscard]] inline result<secret> sign_sas(const account_sas& s, const shared_key& key) {
    const sas_parameters parameters = {
        {"sv", s.version}, {"ss", s.services},  {"srt", s.resource_types},   {"st", s.start},      {"se", s.expiry},
        {"sip", s.ip},     {"spr", s.protocol}, {"ses", s.encryption_scope}, {"sp", s.permissions}};
    if (auto fine = validate_sas(s.version, parameters); !fine) return unexpected(std::move(fine).error());
    return sas_query(parameters, key.sign(string_to_sign(s, key.account())));
}

/// Signs with `key`; where `delegated` is given, `key` was made of its value.
[[nodiscard]] inline result<secret> sign_sas(const service_sas& s, const shared_key& key,
                                             const user_delegation_key* delegated) {
    const user_delegation_key none;
    const user_delegation_key& k = delegated == nullptr ? none : *delegated;
    const sas_parameters parameters = {{"sv", s.version},
                                       {"st", s.start},
                                       {"se", s.expiry},
                                       {"sip", s.ip},
                                       {"spr", s.protocol},
                                       {"ses", s.encryption_scope},
                                       {"sr", s.resource},
                                       {"sdd", s.directory_depth},
                                       {"sp", s.permissions},
                                       {"si", s.identifier},
                                       {"skoid", k.object_id},
                                       {"sktid", k.tenant_id},
                                       {"skt", k.start},
                                       {"ske", k.expiry},
                                       {"sks", k.service},
                                       {"skv", k.version},
                                       {"saoid", k.authorized_user},
                                       {"suoid", k.unauthorized_user},
                                       {"scid", k.correlation_id},
                                       {"skdutid", k.delegated_tenant},
                                       {"sduoid", k.delegated_user},
                                       {"rscc", s.cache_control},
                                       {"rscd", s.content_disposition},
                                       {"rsce", s.content_encoding},
                                       {"rscl", s.content_language},
                                       {"rsct", s.content_type}};
    if (auto fine = validate_sas(s.version, parameters); !fine) return unexpected(std::move(fine).error());
    if (auto fine = validate_sas(s.version, {{"time", s.time}, {"container", s.container}, {"blob", s.blob}}); !fine) {
        return unexpected(std::move(fine).error());
    }
    if (!are_ordered_permissions(s.permissions)) {
        return fail(errc::invalid_argument, "the permissions of a SAS are letters in the order racwdxyltfmeopi");
    }
    if (delegated != nullptr && !s.identifier.empty()) {
        return fail(errc::invalid_argument, "a user delegation SAS takes no stored access policy");
    }
    const std::string_view account = key.account();
    return sas_query(parameters,
                     key.sign(delegated == nullptr ? string_to_sign(s, account) : string_to_sign(s, account, k)));
}

/// Signs with the account key.
///
/// \return errc::invalid_argument when a field holds a control character or is newer than the version, or when the
///         permissions are out of order.
[[nodiscard]] inline result<secret> sign_sas(const service_sas& s, const shared_key& key) {
    return sign_sas(s, key, nullptr);
}

/// Signs with a user delegation key; errors as with the account key.
[[nodiscard]] inline result<secret> sign_sas(const service_sas& s, std::string account, const user_delegation_key& k) {
    auto key = shared_key::create(std::move(account), k.value);
    if (!key) return unexpected(std::move(key).error());
    return sign_sas(s, *key, &k);
}

}  // namespace blobshift::inline v1::detail

#endif
