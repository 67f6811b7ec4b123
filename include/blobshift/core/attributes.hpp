// SPDX-License-Identifier: MIT
//
// What travels with a blob's bytes because its writer said so: content headers, user metadata, tags.
//
// Row: core (standard library only).   Tests: tests/core/attributes.test.cpp

#ifndef BLOBSHIFT_CORE_ATTRIBUTES_HPP
#define BLOBSHIFT_CORE_ATTRIBUTES_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <map>          // map
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/eight_bytes.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1 {

/// The attributes of one blob. Empty text means "not set".
struct attributes {
    std::string content_type = {};         ///< e.g. "application/dicom"
    std::string content_encoding = {};     ///< Stored and returned; content is never decoded.
    std::string content_language = {};
    std::string content_disposition = {};
    std::string cache_control = {};
    std::map<std::string, std::string> metadata = {};  ///< Names `[a-z][a-z0-9_]*`; at most 8 KiB with the values.
    std::map<std::string, std::string> tags = {};      ///< At most 10; names 1..128, values 0..256 characters.

    [[nodiscard]] bool empty() const noexcept {
        return content_type.empty() && content_encoding.empty() && content_language.empty() &&
               content_disposition.empty() && cache_control.empty() && metadata.empty() && tags.empty();
    }
    friend bool operator==(const attributes&, const attributes&) = default;
};

namespace detail {

/// Printable ASCII without space at either end or two spaces in a row: what survives an HTTP header unchanged.
[[nodiscard]] inline bool is_header_text(std::string_view text) noexcept {
    if (text.starts_with(' ') || text.ends_with(' ')) return false;
    bool behind_space = false;
    for (std::size_t i = 0; i < text.size();) {
        if (text.size() - i >= 8) {
            const std::uint64_t w = eight_bytes::load(text.data() + i);
            if ((eight_bytes::unprintable(w) | eight_bytes::holds(w, 0x7F) | eight_bytes::holds(w, ' ')) == 0) {
                behind_space = false;
                i += 8;
                continue;
            }
        }
        const char c = text[i++];
        if (c < 0x20 || c > 0x7E || (c == ' ' && behind_space)) return false;
        behind_space = c == ' ';
    }
    return true;
}

[[nodiscard]] inline bool is_metadata_name(std::string_view name) noexcept {
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    if (name.empty() || !letter(name.front())) return false;
    for (const char c : name) {
        if (!letter(c) && !(c >= '0' && c <= '9') && c != '_') return false;
    }
    return true;
}

/// The characters that Azure allows in a tag: letters, digits, space and `+ - . / : = _`.
[[nodiscard]] inline bool is_tag_text(std::string_view text) noexcept {
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && std::string_view(" +-./:=_").find(c) == std::string_view::npos) return false;
    }
    return true;
}

}  // namespace detail

/// Refuses attributes that some store could not keep to the letter, so that every store takes the same ones.
///
/// \return errc::invalid_argument with the rule that is broken. Metadata values and content headers are printable
///         ASCII without outer or doubled spaces (what a header carries unchanged).
/// \par Complexity  Linear in the size of the texts.
[[nodiscard]] inline result<void> validate(const attributes& a) {
    for (const std::string* text :
         {&a.content_type, &a.content_encoding, &a.content_language, &a.content_disposition, &a.cache_control}) {
        if (!detail::is_header_text(*text)) {
            return fail(errc::invalid_argument,
                        "a content header is printable ASCII without outer or doubled spaces");
        }
    }
    std::size_t size = 0;
    for (const auto& [name, value] : a.metadata) {
        if (!detail::is_metadata_name(name)) {
            return fail(errc::invalid_argument, "a metadata name matches [a-z][a-z0-9_]*", name);
        }
        if (!detail::is_header_text(value)) {
            return fail(errc::invalid_argument,
                        "a metadata value is printable ASCII without outer or doubled spaces", name);
        }
        size += name.size() + value.size();
    }
    if (size > 8192) return fail(errc::invalid_argument, "metadata names and values are at most 8192 bytes together");
    if (a.tags.size() > 10) return fail(errc::invalid_argument, "a blob has at most 10 tags");
    for (const auto& [name, value] : a.tags) {
        if (name.empty() || name.size() > 128 || value.size() > 256 || !detail::is_tag_text(name) ||
            !detail::is_tag_text(value)) {
            return fail(errc::invalid_argument,
                        "a tag has a name of 1..128 and a value of 0..256 letters, digits, spaces or + - . / : = _",
                        name);
        }
    }
    return {};
}

}  // namespace blobshift::inline v1

#endif
