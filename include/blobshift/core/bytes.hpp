// SPDX-License-Identifier: MIT
//
// Content: owned bytes, a view of bytes, and the two ways between bytes and text.
//
// Row: core (standard library only).   Tests: tests/core/bytes.test.cpp

#ifndef BLOBSHIFT_CORE_BYTES_HPP
#define BLOBSHIFT_CORE_BYTES_HPP

#include <cstddef>      // byte
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <vector>       // vector

namespace blobshift::inline v1 {

using bytes = std::vector<std::byte>;
using byte_view = std::span<const std::byte>;
using byte_span = std::span<std::byte>;

/// The bytes of `text`, without a copy. The view lives as long as the text.
[[nodiscard]] inline byte_view as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// `content` seen as text, without a copy and without any check of its encoding.
[[nodiscard]] inline std::string_view as_text(byte_view content) noexcept {
    return {reinterpret_cast<const char*>(content.data()), content.size()};
}

/// A copy of `content` that owns its bytes.
[[nodiscard]] inline bytes to_bytes(byte_view content) { return {content.begin(), content.end()}; }

/// A copy of the bytes of `text`.
[[nodiscard]] inline bytes to_bytes(std::string_view text) { return to_bytes(as_bytes(text)); }

}  // namespace blobshift::inline v1

#endif
