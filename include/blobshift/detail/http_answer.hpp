// SPDX-License-Identifier: MIT
//
// From the lines and the bytes that a server sends to one whole answer, or to the reason why it is none. No I/O here.
//
// Row: detail (core).   Tests: tests/detail/http_answer.test.cpp

#ifndef BLOBSHIFT_DETAIL_HTTP_ANSWER_HPP
#define BLOBSHIFT_DETAIL_HTTP_ANSWER_HPP

#include <algorithm>    // all_of, copy, min, transform
#include <charconv>     // from_chars
#include <cstddef>      // ptrdiff_t, size_t
#include <cstdint>      // uint64_t
#include <optional>     // optional
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // exchange, move

#include <blobshift/detail/http.hpp>

namespace blobshift::inline v1::detail {

/// Collects an answer and judges it.
///
/// The transport undoes the chunked coding, and says by another way when that, or the connection, broke off; everything
/// else that makes an answer whole is found here: the headers ended, one length was declared and kept.
class http_answer {
public:
    explicit http_answer(std::size_t max_header_bytes) noexcept : max_header_bytes_(max_header_bytes) {}

    /// Starts over. `options` must outlive the answer.
    void begin(std::string_view method, const response_options& options) {
        answer_ = {};
        fault_.reset();
        options_ = &options;
        is_head_ = method == "HEAD";
        at_ = part::status_line;
        header_bytes_ = 0;
        declared_.reset();
        lengths_ = 0;
        codings_ = 0;
    }

    /// One line, the line break included: a status line, a header, the empty line, a trailer; interim answers too.
    ///
    /// \return false: nothing good can come of this answer, or nothing more is wanted: stop the transfer.
    [[nodiscard]] bool header_line(std::string_view line) {
        header_bytes_ += line.size();
        if (header_bytes_ > max_header_bytes_) return refuse("the headers of the answer are too long");
        if (at_ == part::body) return true;  // trailers say nothing that matters
        if (!line.ends_with('\n')) return refuse("the headers of the answer are cut off");
        line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
        if (at_ == part::status_line) return status_line(line);
        return line.empty() ? end_of_headers() : header(line);
    }

    /// The next bytes of the body. \return as of header_line.
    [[nodiscard]] bool body_part(byte_view data) {
        if (at_ != part::body) return refuse("the answer has a body before its headers ended");
        const std::size_t kept = static_cast<std::size_t>(answer_.body_bytes);
        const std::size_t room = most() - kept;
        const byte_view fits = data.first((std::min)(room, data.size()));
        if (goes_into_span()) {
            std::copy(fits.begin(), fits.end(), options_->into->begin() + static_cast<std::ptrdiff_t>(kept));
        } else if (goes_to_sink()) {
            options_->sink->take(fits);
        } else {
            answer_.body.insert(answer_.body.end(), fits.begin(), fits.end());
        }
        answer_.body_bytes += fits.size();
        return fits.size() == data.size() || too_long();
    }

    /// What came of it, once the transfer has ended well, or was stopped by a `false` from above.
    [[nodiscard]] result<http_response> finish() {
        if (fault_) return unexpected(*std::exchange(fault_, std::nullopt));
        if (at_ != part::body) return broken_off("the answer ended before its headers did");
        if (declared_ && !has_no_body() && !answer_.body_cut && *declared_ != answer_.body_bytes) {
            return broken_off("the answer is shorter than it says");
        }
        if (!options_->require_header.empty() && answer_.header(options_->require_header) == nullptr) {
            return unexpected(of_answer(errc::corrupt, "the answer does not come from the service"));
        }
        return std::exchange(answer_, {});
    }

    /// 0 before the first status line.
    [[nodiscard]] int status() const noexcept { return answer_.status; }
    /// Whether finish() has something to say although the transfer was stopped.
    [[nodiscard]] bool was_stopped() const noexcept { return fault_.has_value() || answer_.body_cut; }

private:
    enum class part : unsigned char { status_line, headers, body };

    [[nodiscard]] bool status_line(std::string_view line) {
        // "HTTP/1.1 200 OK"; the reason may be empty, and its space with it.
        const char* const end = line.data() + (std::min)(line.size(), std::size_t{12});
        const bool fits = line.size() >= 12 && line.starts_with("HTTP/1.") && (line[7] == '0' || line[7] == '1') &&
                          line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
        int status = 0;
        if (!fits || std::from_chars(end - 3, end, status).ptr != end || status < 100 || status > 599) {
            return refuse("the answer does not begin with a status line of HTTP/1.1");
        }
        if (status == 101) return refuse("the server switches to another protocol");
        is_1_0_ = line[7] == '0';
        answer_.status = status;
        answer_.headers.reserve(16);  // what the service usually sends
        at_ = part::headers;
        return true;
    }

    [[nodiscard]] bool header(std::string_view line) {
        const std::size_t colon = line.find(':');
        const std::string_view name = line.substr(0, colon);
        if (colon == std::string_view::npos || !is_token(name)) return refuse("the answer has a malformed header");
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (!is_field_value(value)) return refuse("the answer has a control character in a header");
        http_header& added = answer_.headers.emplace_back();
        added.name.resize(name.size());
        std::transform(name.begin(), name.end(), added.name.begin(), [](char c) { return to_lower(c); });
        added.value = value;
        if (added.name == "content-length") return length(value);
        if (added.name == "transfer-encoding") {
            ++codings_;
            if (!equals_ignoring_case(value, "chunked")) return refuse("the answer has an unknown transfer coding");
        }
        return true;
    }

    [[nodiscard]] bool length(std::string_view value) {
        std::uint64_t declared = 0;
        const char* const end = value.data() + value.size();
        const auto [stopped, problem] = std::from_chars(value.data(), end, declared);
        if (value.empty() || stopped != end || problem != std::errc() || declared > longest_length) {
            return refuse("the answer has a malformed Content-Length");
        }
        ++lengths_;
        declared_ = declared;
        return true;
    }

    [[nodiscard]] bool end_of_headers() {
        if (answer_.status < 200) {  // interim: the answer itself is still to come
            answer_ = {};
            declared_.reset();
            lengths_ = codings_ = 0;
            at_ = part::status_line;
            return true;
        }
        at_ = part::body;
        if (lengths_ + codings_ > 1) return refuse("the answer declares its length more than once");
        if (goes_to_sink()) options_->sink->begin();
        if (has_no_body()) return true;
        if (lengths_ + codings_ == 0) return refuse("the answer does not declare its length");
        if (is_1_0_ && codings_ != 0) return refuse("the answer is of HTTP/1.0 and chunked");
        if (!declared_) return true;
        if (*declared_ > most() && answer_.is_success()) return too_long();
        if (!goes_into_span() && !goes_to_sink()) {
            answer_.body.reserve((std::min)(most(), static_cast<std::size_t>(*declared_)));
        }
        return true;
    }

    [[nodiscard]] bool has_no_body() const noexcept {
        return is_head_ || answer_.status == 204 || answer_.status == 304;
    }
    [[nodiscard]] bool goes_into_span() const noexcept { return options_->into && answer_.is_success(); }
    [[nodiscard]] bool goes_to_sink() const noexcept { return options_->sink != nullptr && answer_.is_success(); }
    [[nodiscard]] std::size_t most() const noexcept {
        if (goes_into_span()) return options_->into->size();
        return answer_.is_success() ? options_->max_body_bytes : options_->max_error_body_bytes;
    }

    /// The status of an error counts without the rest of its body; a result counts only whole.
    [[nodiscard]] bool too_long() {
        if (answer_.is_success()) {
            fault_ = of_answer(errc::corrupt, "the body of the answer is longer than it may be");
            fault_->again = retry_hint::never;
        } else {
            answer_.body_cut = true;
        }
        return false;
    }

    [[nodiscard]] bool refuse(const char* why) {
        fault_ = of_answer(errc::corrupt, why);
        return false;
    }
    [[nodiscard]] unexpected broken_off(const char* why) const { return unexpected(of_answer(errc::unavailable, why)); }
    [[nodiscard]] error of_answer(errc code, const char* why) const {
        error e = make_error(code, why);
        e.again = retry_hint::wait;
        e.http_status = answer_.status;
        return e;
    }

    static constexpr std::uint64_t longest_length = std::uint64_t{1} << 62;  ///< Bytes. Behind it, sums may overflow.

    std::size_t max_header_bytes_;
    const response_options* options_ = nullptr;
    http_response answer_ = {};
    std::optional<error> fault_ = {};
    std::optional<std::uint64_t> declared_ = {};
    std::size_t header_bytes_ = 0;
    int lengths_ = 0;
    int codings_ = 0;
    part at_ = part::status_line;
    bool is_head_ = false;
    bool is_1_0_ = false;
};

}  // namespace blobshift::inline v1::detail

#endif
