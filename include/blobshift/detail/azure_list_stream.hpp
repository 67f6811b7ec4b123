// SPDX-License-Identifier: MIT
//
// A page of "List Blobs", read while it arrives.
//
// Row: detail (core).   Tests: tests/detail/azure_list_stream.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_LIST_STREAM_HPP
#define BLOBSHIFT_DETAIL_AZURE_LIST_STREAM_HPP

#include <algorithm>    // max
#include <cstddef>      // size_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // in_place

#include <blobshift/detail/azure_list.hpp>
#include <blobshift/detail/http.hpp>

namespace blobshift::inline v1::detail {

/// Reads one page while it arrives, in pieces that the processor's cache holds.
class azure_list_stream final : public body_sink {
public:
    /// \param how          What it views must outlive the stream.
    /// \param piece_bytes  How much must have come before it is looked at.
    explicit azure_list_stream(const list_reading& how, std::size_t piece_bytes = 64 << 10)
        : how_(how), piece_bytes_(piece_bytes), parser_(std::in_place, how) {}

    void begin() override {
        text_.clear();
        entries_ = 0;
        wanted_ = piece_bytes_;
        parser_.emplace(how_);
    }

    void take(byte_view part) override {
        text_ += as_text(part);
        if (text_.size() - entries_ < wanted_) return;
        if (entries_ == 0) entries_ = azure_list_parser::find_entries(text_);
        if (entries_ != 0) text_.erase(entries_, parser_->take_entries(std::string_view(text_).substr(entries_)));
        // Where an entry is longer than a piece, trying each time would cost the square of its length.
        wanted_ = (std::max)(piece_bytes_, 2 * (text_.size() - entries_));
    }

    /// As `azure_list_parser::parse`. Call it once, when the whole answer has come.
    [[nodiscard]] result<azure_page> finish() { return parser_->parse(text_); }

private:
    list_reading how_;
    std::size_t piece_bytes_;
    std::optional<azure_list_parser> parser_ = {};
    std::string text_ = {};              ///< What came, but for the entries that were taken.
    std::size_t entries_ = 0;            ///< Where in it the first entry begins; 0 = unknown.
    std::size_t wanted_ = piece_bytes_;  ///< How much must have come behind the head before it is looked at again.
};

}  // namespace blobshift::inline v1::detail

#endif
