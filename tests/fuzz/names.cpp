// SPDX-License-Identifier: MIT
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <blobshift/naming/dicom_names.hpp>
#include <blobshift/naming/template_names.hpp>

#include "targets.hpp"

namespace fuzz {

using namespace blobshift;

namespace {

/// The code points of well-formed UTF-8, read by the book (RFC 3629) and by nothing of the library.
[[nodiscard]] std::optional<std::vector<std::uint32_t>> code_points(std::string_view text) {
    std::vector<std::uint32_t> all;
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t at) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at]));
        };
        const std::uint32_t lead = byte(i);
        const std::size_t length = lead < 0x80   ? 1
                                   : lead < 0xC0 ? 0
                                   : lead < 0xE0 ? 2
                                   : lead < 0xF0 ? 3
                                   : lead < 0xF8 ? 4
                                                 : 0;
        if (length == 0 || i + length > text.size()) return std::nullopt;
        std::uint32_t value = length == 1 ? lead : lead & (0x7FU >> length);
        for (std::size_t k = 1; k < length; ++k) {
            if ((byte(i + k) & 0xC0U) != 0x80U) return std::nullopt;
            value = value << 6 | (byte(i + k) & 0x3FU);
        }
        constexpr std::array<std::uint32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
        if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return std::nullopt;
        all.push_back(value);
        i += length;
    }
    return all;
}

/// The invariants of a blob name, in the order of its comment.
[[nodiscard]] bool obeys_the_rules(std::string_view text) {
    const auto points = code_points(text);
    if (!points || points->empty()) return false;
    std::size_t units = 0;
    std::vector<std::u32string> segments(1);
    for (const std::uint32_t c : *points) {
        units += c > 0xFFFF ? 2 : 1;
        if (c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == '\\' || c == 0xFFFE || c == 0xFFFF) return false;
        if (c == '/')
            segments.emplace_back();
        else
            segments.back() += static_cast<char32_t>(c);
    }
    for (const std::u32string& each : segments) {
        if (each.empty() || each.back() == U'.') return false;
    }
    return units <= 1024 && segments.size() <= 254;
}

void blob_names(std::string_view input) {
    const auto name = blob_name::parse(input);
    require(name.has_value() == obeys_the_rules(input), "a name is accepted if and only if it obeys the rules");
    if (name) require(name->text() == input, "a name is kept to the letter");
    if (!name) require(name.error().message.size() < 100, "a message does not hold the name");
}

/// What a policy says of a name leads back to it, and another one that means the same says the same.
template <class Policy>
void policy_names(const Policy& policy, const template_names& same, std::string_view input) {
    const auto name = blob_name::parse(input);
    if (!name) return;
    const auto read = policy.parse(*name);
    const auto again = same.parse(*name);
    require(again.has_value() == (read && read->dialect.empty()), "the template takes the names of the policy");
    if (!read || !read->dialect.empty()) return;
    require(again->id == read->id && again->kind == read->kind, "the template reads the same");
    const auto made = policy.name_of(read->id, read->kind);
    require(made && *made == *name, "what was read makes the name again");
}

void old_names(std::string_view input) {
    static const auto same =
        template_names::parse("{study}/{series}/{sop}_{watermark}{kind:instance,metadata}").value();
    policy_names(uid_names(), same, input);
}

void new_names(std::string_view input) {
    static const auto same = template_names::parse("{xxh64(watermark):dec[0:3]}_{watermark}{kind}").value();
    policy_names(prefix_names(), same, input);
    const prefix_names policy;
    const auto name = blob_name::parse(input);
    const auto read = name ? policy.parse(*name) : result<parsed_name>(fail(errc::invalid_argument, ""));
    if (!read || read->dialect.empty()) return;
    const auto spelt = policy.name_of(read->id, read->kind);
    require(spelt && *spelt != *name, "a dialect has another name in the one spelling");
    const auto settled = policy.parse(*spelt);
    require(settled && settled->dialect.empty() && settled->id == read->id && settled->kind == read->kind,
            "the one spelling of a dialect says the same");
}

/// A template, a line feed, and a name.
void name_templates(std::string_view input) {
    const std::size_t line = input.find('\n');
    const auto policy = template_names::parse(input.substr(0, line));
    if (!policy) return;
    const std::vector<instance_id> ids = {{"1.2", "3.4.5", "2.25.7", 1},
                                          {"1.2", "3.4.5", "2.25.7", 12},
                                          {"1.2", "3.4.5", "2.25.77", 1},
                                          {"0", "0.0", "1", 9223372036854775807}};
    std::vector<std::string> made;
    for (const instance_id& id : ids) {
        for (const blob_kind kind : all_blob_kinds) {
            const auto name = policy->name_of(id, kind);
            if (!name) continue;
            const auto read = policy->parse(*name);
            require(read && read->kind == kind && read->id.watermark == id.watermark, "a name that was made is read");
            if (policy->traits().invertible) require(read->id == id, "an invertible template gives the id back");
            for (const std::string& other : made) {
                // The third id has the first one's watermark: what holds no sop cannot tell them apart.
                const bool same = other == name->text();
                require(!same || id.watermark == 1, "no two names of a template are the same");
            }
            made.push_back(name->text());
        }
    }
    if (line == std::string_view::npos) return;
    const auto name = blob_name::parse(input.substr(line + 1));
    const auto read = name ? policy->parse(*name) : result<parsed_name>(fail(errc::invalid_argument, ""));
    if (!read) return;
    const auto again = policy->name_of(read->id, read->kind);
    require(again && *again == *name, "what was read makes the name again");
}

constexpr target targets[] = {
    {"blob_name", blob_names}, {"old_name", old_names}, {"new_name", new_names}, {"name_template", name_templates}};

}  // namespace

std::span<const target> name_targets() { return targets; }

}  // namespace fuzz
