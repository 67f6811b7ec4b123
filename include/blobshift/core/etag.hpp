// SPDX-License-Identifier: MIT
//
// The version of a blob's content and attributes, as its store names it.
//
// Row: core (standard library only).   Tests: tests/core/etag.test.cpp

#ifndef BLOBSHIFT_CORE_ETAG_HPP
#define BLOBSHIFT_CORE_ETAG_HPP

#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

namespace blobshift::inline v1 {

/// An opaque tag, kept to the letter (quotes and a leading `W/` included).
///
/// Two tags of one blob that compare equal name the same bytes and attributes. Tags of different blobs say nothing
/// about each other. An empty tag means that the store gave none, and no condition can be built on it.
class etag {
public:
    etag() = default;
    explicit etag(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    [[nodiscard]] bool is_weak() const noexcept { return std::string_view(text_).starts_with("W/"); }

    friend bool operator==(const etag&, const etag&) = default;

private:
    std::string text_;
};

/// Strong comparison (RFC 9110, 8.8.3.2): equal to the letter, neither weak nor empty. What If-Match means.
[[nodiscard]] inline bool strongly_equal(const etag& a, const etag& b) noexcept {
    return a == b && !a.empty() && !a.is_weak();
}

}  // namespace blobshift::inline v1

#endif
