// SPDX-License-Identifier: MIT
//
// The characters of a feed, read from a source piece by piece; knows its line, and ends a record that grows too large.
//
// Row: config (core, store).   Tests: tests/config/change_feed.test.cpp

#ifndef BLOBSHIFT_CONFIG_FEED_TEXT_HPP
#define BLOBSHIFT_CONFIG_FEED_TEXT_HPP

#include <cstddef>      // size_t, ptrdiff_t
#include <cstdint>      // uint64_t
#include <iterator>     // input_iterator_tag
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/bytes.hpp>
#include <blobshift/core/function_ref.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1::detail {

/// The text of a source, one character after the other. Ends early when the source fails, or a record is too large.
class feed_text {
public:
    static constexpr std::size_t largest_record_bytes = std::size_t{16} << 20;

    explicit feed_text(function_ref<result<std::size_t>(byte_span)> fill)
        : fill_(fill), buffer_(std::size_t{1} << 16) {}

    /// Whether there is a next character.
    [[nodiscard]] bool more() {
        if (taken_ > largest_record_bytes) return false;
        if (next_ == end_) refill();
        return next_ < end_;
    }
    /// The next character. Only when there is one.
    [[nodiscard]] char peek() { return more() ? static_cast<char>(buffer_[next_]) : '\0'; }
    void skip() {
        line_ += peek() == '\n' ? 1 : 0;
        ++next_;
        ++taken_;
    }
    void skip_blanks() {
        while (more() && std::string_view(" \t\r\n").find(peek()) != std::string_view::npos) skip();
    }
    /// What follows counts as a new record.
    void begin_record() noexcept { taken_ = 0; }

    [[nodiscard]] std::uint64_t line() const noexcept { return line_; }
    [[nodiscard]] bool record_is_too_large() const noexcept { return taken_ > largest_record_bytes; }
    /// The source's failure, if it failed.
    [[nodiscard]] result<void>& source() noexcept { return source_; }

    /// An input iterator. All of them share the text's position.
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = char;
        using difference_type = std::ptrdiff_t;
        using pointer = const char*;
        using reference = char;

        iterator() = default;
        explicit iterator(feed_text& text) noexcept : text_(&text) {}
        [[nodiscard]] char operator*() const { return text_->peek(); }
        iterator& operator++() {
            text_->skip();
            return *this;
        }
        void operator++(int) { text_->skip(); }
        /// Whether both are at the end, or neither: a default-made one always is.
        [[nodiscard]] friend bool operator==(const iterator& a, const iterator& b) {
            return (a.text_ == nullptr || !a.text_->more()) == (b.text_ == nullptr || !b.text_->more());
        }

    private:
        feed_text* text_ = nullptr;
    };

private:
    void refill() {
        if (ended_) return;
        next_ = end_ = 0;
        auto count = fill_(buffer_);
        if (count)
            end_ = *count;
        else
            source_ = unexpected(std::move(count).error());
        ended_ = end_ == 0;
    }

    function_ref<result<std::size_t>(byte_span)> fill_;
    bytes buffer_;
    std::size_t next_ = 0;
    std::size_t end_ = 0;
    bool ended_ = false;
    std::uint64_t line_ = 1;
    std::size_t taken_ = 0;  ///< Since the record began.
    result<void> source_ = {};
};

}  // namespace blobshift::inline v1::detail

#endif
