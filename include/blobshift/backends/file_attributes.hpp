// SPDX-License-Identifier: MIT
//
// A blob's attributes as the value of one extended attribute of its file: text with a version and a checksum.
//
// Row: backends (core).   Tests: tests/backends/file_attributes.test.cpp

#ifndef BLOBSHIFT_BACKENDS_FILE_ATTRIBUTES_HPP
#define BLOBSHIFT_BACKENDS_FILE_ATTRIBUTES_HPP

#include <cerrno>       // ENODATA ...
#include <charconv>     // to_chars
#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/backends/file_errors.hpp>
#include <blobshift/core/attributes.hpp>
#include <blobshift/core/result.hpp>
#include <blobshift/core/xxh64.hpp>

namespace blobshift::inline v1::detail {

/// The extended attribute that a file of a blob with attributes has. A file without it is a blob without attributes.
inline constexpr const char* file_attribute_name = "user.blobshift";

inline constexpr std::string_view file_attribute_version = "blobshift 1 ";

/// The headers in the order in which they are written, each with the letter that begins its line.
struct header_field {
    char letter;
    std::string attributes::*text;
};
inline constexpr header_field header_fields[] = {{'t', &attributes::content_type},
                                                 {'e', &attributes::content_encoding},
                                                 {'l', &attributes::content_language},
                                                 {'d', &attributes::content_disposition},
                                                 {'c', &attributes::cache_control}};

[[nodiscard]] inline std::string hex_text(std::uint64_t number) {
    char text[16];
    return {text, std::to_chars(text, text + sizeof text, number, 16).ptr};
}

/// \par Format
///     blobshift 1 <XXH64 of what follows the first line, hexadecimal>
///     t<content type>            one line for each header that is set: t e l d c
///     m<name>\t<value>           one line for each entry of the metadata
///     g<name>\t<value>           one line for each tag
/// Each line ends in a line feed, which no attribute can contain, nor a tab.
[[nodiscard]] inline std::string encode_attributes(const attributes& a) {
    std::string body;
    for (const header_field& field : header_fields) {
        if (!(a.*field.text).empty()) body += field.letter + a.*field.text + '\n';
    }
    for (const auto& [name, value] : a.metadata) body += 'm' + name + '\t' + value + '\n';
    for (const auto& [name, value] : a.tags) body += 'g' + name + '\t' + value + '\n';
    return std::string(file_attribute_version) + hex_text(xxh64_of(body)) + '\n' + body;
}

/// Takes one line, without its end, into `a`. \return false: no line that `encode_attributes` writes.
[[nodiscard]] inline bool decode_line(std::string_view line, attributes& a) {
    if (line.size() < 2) return false;
    const char letter = line.front();
    line.remove_prefix(1);
    for (const header_field& field : header_fields) {
        if (field.letter != letter) continue;
        if (!(a.*field.text).empty()) return false;
        a.*field.text = line;
        return true;
    }
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos || (letter != 'm' && letter != 'g')) return false;
    return (letter == 'm' ? a.metadata : a.tags).emplace(line.substr(0, tab), line.substr(tab + 1)).second;
}

/// \return the attributes, or errc::corrupt: another version, a wrong checksum, or lines that nobody of us wrote.
[[nodiscard]] inline result<attributes> decode_attributes(std::string_view value) {
    if (!value.starts_with(file_attribute_version)) {
        return fail(errc::corrupt, "the blob's attributes are of an unknown format");
    }
    value.remove_prefix(file_attribute_version.size());
    const std::size_t end = value.find('\n');
    if (end == std::string_view::npos || value.substr(0, end) != hex_text(xxh64_of(value.substr(end + 1)))) {
        return fail(errc::corrupt, "the blob's attributes do not match their checksum");
    }
    attributes a;
    for (value.remove_prefix(end + 1); !value.empty();) {
        const std::size_t stop = value.find('\n');
        if (stop == std::string_view::npos || !decode_line(value.substr(0, stop), a)) {
            return fail(errc::corrupt, "the blob's attributes have a line of unknown meaning");
        }
        value.remove_prefix(stop + 1);
    }
    if (!validate(a)) return fail(errc::corrupt, "the blob's attributes break the rules for attributes");
    return a;
}

/// The value that `encode_attributes` gave to an open file, or "".
template <class Files>
[[nodiscard]] result<std::string> read_encoded_attributes(const Files& files, int fd) {
    std::string value(1024, '\0');
    for (;;) {
        const std::int64_t length = files.get_attribute(fd, file_attribute_name, value);
        if (length >= 0) {
            value.resize(static_cast<std::size_t>(length));
            return value;
        }
        if (length == -ENODATA || length == -EOPNOTSUPP) return std::string();
        if (length != -ERANGE) return file_failure(static_cast<int>(length), "cannot read the blob's attributes");
        const std::int64_t needed = files.get_attribute(fd, file_attribute_name, {});
        value.resize(needed > 0 ? static_cast<std::size_t>(needed) : 2 * value.size());
    }
}

template <class Files>
[[nodiscard]] result<attributes> read_attributes(const Files& files, int fd) {
    auto value = read_encoded_attributes(files, fd);
    if (!value) return unexpected(std::move(value).error());
    if (value->empty()) return attributes{};
    return decode_attributes(*value);
}

}  // namespace blobshift::inline v1::detail

#endif
