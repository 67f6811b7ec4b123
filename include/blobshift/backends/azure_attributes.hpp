// SPDX-License-Identifier: MIT
//
// What a blob says of itself here, and what of that is ours: the mark of a write, and the content type that nobody
// gave.
//
// Row: backends (core, store, detail).   Tests: tests/backends/azure_attributes.test.cpp

#ifndef BLOBSHIFT_BACKENDS_AZURE_ATTRIBUTES_HPP
#define BLOBSHIFT_BACKENDS_AZURE_ATTRIBUTES_HPP

#include <cstddef>      // size_t
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/attributes.hpp>
#include <blobshift/core/blob_info.hpp>
#include <blobshift/core/random.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1::detail {

/// Metadata that tells one write from another: after a lost answer, the blob that has it was made by that very call.
/// Callers neither see nor set it; a copy has that of its source.
inline constexpr std::string_view write_id_name = "blobshift_write_id";

/// What the service makes of no content type. A blob of this type and one without are the same to it, and so to us.
inline constexpr std::string_view default_content_type = "application/octet-stream";

/// A new write id: 16 hexadecimal digits.
[[nodiscard]] inline std::string new_write_id() {
    return to_hex(make_digest(hash_algorithm::xxh64, random_u64()).value);
}

/// The attributes to be sent for `attrs` with a write id. Where the id would not fit into the 8 KiB of metadata it is
/// left out: a lost answer then stays unresolved.
///
/// \return errc::invalid_argument for attributes that `validate` refuses, or that use our name.
[[nodiscard]] inline result<attributes> attributes_to_send(const attributes& attrs, std::string_view write_id) {
    if (auto fine = validate(attrs); !fine) return unexpected(std::move(fine).error());
    attributes sent = attrs;
    if (sent.metadata.contains(std::string(write_id_name))) {
        return fail(errc::invalid_argument, "the metadata name blobshift_write_id is reserved");
    }
    if (write_id.empty()) return sent;
    std::size_t size = write_id_name.size() + write_id.size();
    for (const auto& [name, value] : sent.metadata) size += name.size() + value.size();
    if (size <= 8192) sent.metadata.emplace(write_id_name, write_id);
    return sent;
}

/// Takes what is ours out of the attributes of an answer. \return the write id, or empty.
inline std::string take_write_id(attributes& attrs) {
    if (attrs.content_type == default_content_type) attrs.content_type.clear();
    const auto found = attrs.metadata.find(std::string(write_id_name));
    if (found == attrs.metadata.end()) return {};
    std::string id = std::move(found->second);
    attrs.metadata.erase(found);
    return id;
}

}  // namespace blobshift::inline v1::detail

#endif
