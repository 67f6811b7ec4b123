// SPDX-License-Identifier: MIT
//
// A strict reader for the small part of XML that a storage service writes: elements, attributes, text, five entities.
// No DOCTYPE, comment, CDATA or processing instruction, UTF-8 only, at most 8 levels, no allocation, no recursion.
//
// Row: detail (core).   Tests: tests/detail/xml_reader.test.cpp

#ifndef BLOBSHIFT_DETAIL_XML_READER_HPP
#define BLOBSHIFT_DETAIL_XML_READER_HPP

#include <array>        // array
#include <cstddef>      // size_t
#include <cstdint>      // uint32_t, uint64_t
#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/eight_bytes.hpp>
#include <blobshift/detail/characters.hpp>

namespace blobshift::inline v1::detail {

/// Whether XML 1.0 may hold the character.
[[nodiscard]] constexpr bool is_xml_char(std::uint32_t c) noexcept {
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
           (c >= 0x10000 && c <= 0x10FFFF);
}

/// A reference such as `&amp;` or `&#x41;`: its character, and its length in bytes; length 0 when it is none.
[[nodiscard]] constexpr code_point decode_reference(std::string_view text) noexcept {
    struct entity {
        std::string_view text;
        char value;
    };
    constexpr entity entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (const entity& e : entities) {
        if (text.starts_with(e.text)) return {static_cast<std::uint32_t>(e.value), e.text.size()};
    }
    if (!text.starts_with("&#")) return {};
    const bool hex = text.size() > 2 && text[2] == 'x';
    std::uint32_t value = 0;
    std::size_t at = hex ? 3 : 2;
    const std::size_t first = at;
    for (; at < text.size() && text[at] != ';'; ++at) {
        const char c = text[at];
        const std::uint32_t digit = hex || is_decimal(c) ? hex_value(c) : 16;
        if (digit == 16 || at - first > 7) return {};
        value = value * (hex ? 16U : 10U) + digit;
    }
    if (at == first || at == text.size() || !is_xml_char(value)) return {};
    return {value, at + 1};
}

/// Appends `c` in UTF-8.
inline void append_utf8(std::string& out, std::uint32_t c) {
    const auto byte = [&](std::uint32_t b) { out += static_cast<char>(static_cast<unsigned char>(b)); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xC0 | (c >> 6)), byte(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        byte(0xE0 | (c >> 12)), byte(0x80 | ((c >> 6) & 0x3F)), byte(0x80 | (c & 0x3F));
    } else {
        byte(0xF0 | (c >> 18)), byte(0x80 | ((c >> 12) & 0x3F)), byte(0x80 | ((c >> 6) & 0x3F)),
            byte(0x80 | (c & 0x3F));
    }
}

/// The text of an element or attribute with its references resolved. White space stays: a name may be a single space.
[[nodiscard]] inline std::string xml_text(std::string_view raw) {
    std::size_t at = raw.find('&');
    if (at == std::string_view::npos) return std::string(raw);
    std::string text;
    for (std::size_t from = 0;; at = raw.find('&', from)) {
        text += raw.substr(from, at - from);
        if (at == std::string_view::npos) return text;
        const code_point c = decode_reference(raw.substr(at));
        if (c.length == 0) return text;  // not in text that an xml_reader gave
        append_utf8(text, c.value);
        from = at + c.length;
    }
}

/// Whether none of the 64 bytes from `p` on is a control character, above ASCII, or '&'. One loop without a branch: a
/// compiler makes a few vector instructions of it.
[[nodiscard]] inline bool are_plain(const char* p) noexcept {
    unsigned char special = 0;
    for (std::size_t i = 0; i < 64; ++i) {
        const auto c = static_cast<signed char>(p[i]);  // above ASCII: negative
        special = static_cast<unsigned char>(special | (c < 0x20) | (c == '&'));
    }
    return special == 0;
}

/// How many bytes `text` begins with that are none of those.
[[nodiscard]] inline std::size_t plain_in_xml(std::string_view text) noexcept {
    std::size_t i = 0;
    while (text.size() - i >= 64 && are_plain(text.data() + i)) i += 64;
    for (; text.size() - i >= 8; i += 8) {
        const std::uint64_t w = eight_bytes::load(text.data() + i);
        if ((eight_bytes::unprintable(w) | eight_bytes::holds(w, '&')) != 0) break;
    }
    while (i < text.size() && text[i] >= 0x20 && static_cast<unsigned char>(text[i]) < 0x80 && text[i] != '&') ++i;
    return i;
}

/// Whether every byte of `text` belongs to a character or reference that XML may hold.
[[nodiscard]] inline bool is_xml_text(std::string_view text) noexcept {
    for (text.remove_prefix(plain_in_xml(text)); !text.empty(); text.remove_prefix(plain_in_xml(text))) {
        const code_point c = text.front() == '&' ? decode_reference(text) : decode_utf8(text);
        if (c.length == 0 || !is_xml_char(c.value)) return false;
        text.remove_prefix(c.length);
    }
    return true;
}

/// Reads a document from its root to its end, one element at a time.
///
/// `next` steps to the next child of the open element; then exactly one of `text`, `skip` or a loop of `next` reads it
/// to its end. After the first fault every call returns false or empty; `finish` says whether the document was whole.
///
/// \par Complexity  Linear; memory constant. The document must outlive the reader and the views that it gives.
class xml_reader {
public:
    /// A byte order mark and one XML declaration are skipped.
    explicit xml_reader(std::string_view document) noexcept : rest_(document) {
        if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
        validate();
        if (rest_.starts_with("<?xml ")) {
            const std::size_t end = rest_.find("?>");
            const std::string_view declaration = rest_.substr(0, end);
            const std::size_t encoding = declaration.find("encoding=");
            if (end == std::string_view::npos ||
                (encoding != std::string_view::npos && !equals_utf8(declaration.substr(encoding + 9)))) {
                faulty_ = true;
            } else {
                rest_.remove_prefix(end + 2);
            }
        }
    }

    /// For the inside of an element that has `depth` - 1 others around it: `next` steps from child to child. It has no
    /// end: whatever closes that element is a fault, as is a child that is cut off.
    [[nodiscard]] static xml_reader within(std::string_view inside, std::size_t depth) noexcept {
        xml_reader r;
        r.rest_ = inside;
        r.validate();
        r.depth_ = depth;
        return r;
    }

    /// Steps to the next child of the open element (at first: the root).
    ///
    /// \return false at the end of the open element, which is closed by that, and after a fault.
    [[nodiscard]] bool next() noexcept {
        if (faulty_) return false;
        if (childless_) return leave();
        skip_space();
        if (depth_ == 0 && (rest_.empty() || ended_)) return false;
        if (rest_.size() < 2 || rest_.front() != '<') return fault();
        if (rest_[1] == '/') return close();
        return open();
    }

    /// The name of the element that `next` stepped to.
    [[nodiscard]] std::string_view name() const noexcept { return open_[depth_ == 0 ? 0 : depth_ - 1]; }

    /// The raw value of an attribute of that element, before any further step; empty when it has none of that name. See
    /// `xml_text`.
    [[nodiscard]] std::string_view attribute(std::string_view wanted) const noexcept {
        std::string_view rest = attributes_;
        while (!rest.empty()) {
            const std::size_t equals = rest.find('=');
            const std::size_t end = rest.find(rest[equals + 1], equals + 2);
            if (rest.substr(0, equals) == wanted) return rest.substr(equals + 2, end - equals - 2);
            rest.remove_prefix(end + 1);
            while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
        }
        return {};
    }

    /// The raw text of that element, which has no children, to its end. See `xml_text`.
    [[nodiscard]] std::string_view text() noexcept {
        if (faulty_ || depth_ == 0) return {};
        if (childless_) return leave(), std::string_view{};
        const std::string_view found = rest_.substr(0, find_byte(rest_, '<'));
        rest_.remove_prefix(found.size());
        if (rest_.size() < 2 || rest_[1] != '/') return fault(), std::string_view{};
        return close(), faulty_ ? std::string_view{} : found;
    }

    /// Reads that element to its end, whatever it holds.
    void skip() noexcept {
        const std::size_t outside = depth_ == 0 ? 0 : depth_ - 1;
        while (!faulty_ && depth_ > outside) {
            if (!childless_) rest_.remove_prefix(find_byte(rest_, '<'));
            if (childless_) {
                leave();
            } else if (rest_.size() < 2) {
                fault();
            } else if (rest_[1] == '/') {
                close();
            } else {
                open();
            }
        }
    }

    /// What is still to be read. After `next`, the inside of the open element stands first.
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

    /// Whether the document holds no reference at all, so that raw texts are what they mean.
    [[nodiscard]] bool is_plain() const noexcept { return plain_; }

    /// Whether the element that `next` stepped to was written as `<name/>`.
    [[nodiscard]] bool is_childless() const noexcept { return childless_; }

    /// Goes on at `behind`, a part of `rest()` that begins where the open element ends: for callers who know its
    /// inside.
    void leave_at(std::string_view behind) noexcept {
        rest_ = behind;
        leave();
    }

    /// Whether the root was read to its end and nothing stands behind it.
    [[nodiscard]] bool finish() noexcept {
        skip_space();
        return !faulty_ && ended_ && depth_ == 0 && rest_.empty();
    }
    [[nodiscard]] bool is_faulty() const noexcept { return faulty_; }

    /// What the caller found wrong, so that `finish` is false.
    bool fault() noexcept {
        faulty_ = true;
        return false;
    }

private:
    static constexpr std::size_t max_depth = 8;

    xml_reader() = default;

    [[nodiscard]] static constexpr bool is_space(char c) noexcept {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }
    [[nodiscard]] static constexpr bool is_name_char(char c) noexcept {
        return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
    }
    [[nodiscard]] static bool equals_utf8(std::string_view quoted) noexcept {
        constexpr std::string_view name = "utf-8";
        if (quoted.size() < name.size() + 2) return false;
        for (std::size_t i = 0; i < name.size(); ++i) {
            if ((quoted[i + 1] | 0x20) != (name[i] | 0x20)) return false;
        }
        return quoted[name.size() + 1] == quoted[0];
    }

    void validate() noexcept {
        plain_ = plain_in_xml(rest_) == rest_.size();
        faulty_ = !plain_ && !is_xml_text(rest_);
    }

    void skip_space() noexcept {
        std::size_t n = 0;
        while (n < rest_.size() && is_space(rest_[n])) ++n;
        rest_.remove_prefix(n);
    }

    /// Where the name that begins at `from` ends; `from` when there is none.
    [[nodiscard]] std::size_t name_end(std::size_t from) const noexcept {
        std::size_t end = from;
        while (end < rest_.size() && is_name_char(rest_[end])) ++end;
        const bool begins_well = end > from && !is_decimal(rest_[from]) && rest_[from] != '-' && rest_[from] != '.';
        return begins_well ? end : from;
    }

    bool open() noexcept {
        if (depth_ == max_depth || ended_) return fault();
        const std::size_t end = name_end(1);
        if (end == 1 || end == rest_.size()) return fault();
        open_[depth_++] = rest_.substr(1, end - 1);
        rest_.remove_prefix(end);
        attributes_ = {};
        if (rest_.front() == '>') {
            rest_.remove_prefix(1);
            return true;
        }
        return open_rest();
    }

    /// Attributes, and "/>".
    bool open_rest() noexcept {
        const char* const first = rest_.data();
        const char* last = first;
        const char* begin = first;
        for (;;) {
            const std::size_t before = rest_.size();
            skip_space();
            if (rest_.starts_with('>') || rest_.starts_with("/>")) break;
            const std::size_t end = name_end(0);
            if (end == 0 || before == rest_.size() || rest_.size() < end + 3 || rest_[end] != '=') return fault();
            const char quote = rest_[end + 1];
            const std::size_t close_quote = rest_.find(quote, end + 2);
            if ((quote != '"' && quote != '\'') || close_quote == std::string_view::npos ||
                rest_.substr(end, close_quote - end).find('<') != std::string_view::npos) {
                return fault();
            }
            if (last == first) begin = rest_.data();
            rest_.remove_prefix(close_quote + 1);
            last = rest_.data();
        }
        if (last != first) attributes_ = std::string_view(begin, static_cast<std::size_t>(last - begin));
        childless_ = rest_.front() == '/';
        rest_.remove_prefix(childless_ ? 2 : 1);
        return true;
    }

    bool close() noexcept {
        if (depth_ == 0) return fault();
        const std::string_view expected = open_[depth_ - 1];
        if (expected.empty()) return fault();
        if (rest_.size() < expected.size() + 3 || rest_.substr(2, expected.size()) != expected) return fault();
        rest_.remove_prefix(expected.size() + 2);
        if (rest_.front() != '>') {
            skip_space();
            if (!rest_.starts_with('>')) return fault();
        }
        rest_.remove_prefix(1);
        return leave();
    }

    /// The open element has ended. \return false, as that is no child.
    bool leave() noexcept {
        childless_ = false;
        ended_ = --depth_ == 0;
        return false;
    }

    std::string_view rest_ = {};
    std::string_view attributes_ = {};
    std::array<std::string_view, max_depth> open_ = {};
    std::size_t depth_ = 0;
    bool childless_ = false;  ///< The open element was written as `<name/>`.
    bool ended_ = false;
    bool faulty_ = false;
    bool plain_ = false;
};

}  // namespace blobshift::inline v1::detail

#endif
