// SPDX-License-Identifier: MIT
//
// Many deletes in one request: the multipart body, and its answer taken apart again, each part to its own request.
//
// Row: detail (core).   Tests: tests/detail/azure_batch.test.cpp

#ifndef BLOBSHIFT_DETAIL_AZURE_BATCH_HPP
#define BLOBSHIFT_DETAIL_AZURE_BATCH_HPP

#include <cstddef>      // size_t
#include <optional>     // optional
#include <span>         // span
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move
#include <vector>       // vector

#include <blobshift/core/result.hpp>
#include <blobshift/detail/azure_credential.hpp>
#include <blobshift/detail/azure_errors.hpp>
#include <blobshift/detail/azure_request.hpp>
#include <blobshift/detail/azure_responses.hpp>
#include <blobshift/detail/http.hpp>

namespace blobshift::inline v1::detail {

inline constexpr std::size_t max_batch_parts = 256;

/// The body of a batch of `parts`, each signed as if it were sent alone, but without a version of its own.
///
/// \param parts     1 to 256 unsigned requests of one kind, without bodies: `delete_blob_request`.
/// \param boundary  Not in any of them: random, letters and digits.
/// \return errc::invalid_argument for another number of parts, or a bearer token over plain http.
[[nodiscard]] inline result<std::string> batch_body(std::span<const http_request> parts, std::string_view boundary,
                                                    const azure_credential& credential, const request_stamp& stamp) {
    if (parts.empty() || parts.size() > max_batch_parts) {
        return fail(errc::invalid_argument, "a batch has 1 to 256 parts");
    }
    std::string body;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        http_request part = parts[i];
        std::erase_if(part.headers, [](const http_header& h) { return h.name == "x-ms-version"; });
        auto ready = authorize(std::move(part), credential, stamp);
        if (!ready) return unexpected(std::move(ready).error());
        const std::size_t path = ready->url.find('/', ready->url.find("://") + 3);
        body += "--" + std::string(boundary) +
                "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n";
        body += "Content-ID: " + std::to_string(i) + "\r\n\r\n";
        body += ready->method + " " + ready->url.substr(path) + " HTTP/1.1\r\n";
        for (const http_header& h : ready->headers) body += h.name + ": " + h.value + "\r\n";
        body += "Content-Length: 0\r\n\r\n";
    }
    return body + "--" + std::string(boundary) + "--\r\n";
}

/// The batch itself, for one container. `body` is not owned.
[[nodiscard]] inline result<http_request> batch_request(std::string_view container, std::string_view body,
                                                        std::string_view boundary) {
    return azure_request("POST", std::string(container))
        .query("restype", "container")
        .query("comp", "batch")
        .body(as_bytes(body), "multipart/mixed; boundary=" + std::string(boundary))
        .finish();
}

/// Takes lines from the front of a text, with CRLF or LF at their ends.
class line_reader {
public:
    explicit line_reader(std::string_view text) noexcept : rest_(text) {}

    /// The next line without its end; nullopt when no more of them is complete.
    [[nodiscard]] std::optional<std::string_view> next() noexcept {
        const std::size_t end = rest_.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

    /// Reads `name: value` lines up to an empty one. \return false when there is none, or a line is no header.
    [[nodiscard]] bool headers(std::vector<http_header>& out) {
        while (const auto line = next()) {
            if (line->empty()) return true;
            const std::size_t colon = line->find(':');
            if (colon == std::string_view::npos || !is_token(line->substr(0, colon))) return false;
            std::string name(line->substr(0, colon));
            for (char& c : name) c = to_lower(c);
            out.push_back({std::move(name), std::string(trimmed(line->substr(colon + 1)))});
        }
        return false;
    }

private:
    std::string_view rest_;
};

/// One part of the answer to a batch.
struct batch_part {
    std::optional<std::size_t> id = {};  ///< Its Content-ID; none = it speaks of the whole batch.
    http_response answer = {};
};

/// Reads one part: its own headers, a status line, the headers of the answer, the body.
[[nodiscard]] inline std::optional<batch_part> parse_batch_part(std::string_view text) {
    batch_part part;
    std::vector<http_header> outer;
    line_reader lines(text);
    if (!lines.headers(outer)) return std::nullopt;
    for (const http_header& h : outer) {
        if (h.name != "content-id") continue;
        const auto id = parse_size(h.value);
        if (!id || part.id) return std::nullopt;
        part.id = static_cast<std::size_t>(*id);
    }
    const auto status_line = lines.next();
    if (!status_line || !status_line->starts_with("HTTP/1.1 ") || status_line->size() < 12) return std::nullopt;
    const auto status = parse_size(status_line->substr(9, 3));
    if (!status || *status < 100 || *status > 599 || !lines.headers(part.answer.headers)) return std::nullopt;
    part.answer.status = static_cast<int>(*status);
    part.answer.body = to_bytes(trimmed(lines.rest()));
    return part;
}

/// The parts of a multipart body, in the order in which they stand there; nullopt when it is cut or is none.
[[nodiscard]] inline std::optional<std::vector<batch_part>> split_batch(std::string_view body,
                                                                        std::string_view content_type) {
    constexpr std::string_view key = "boundary=";
    const std::size_t at = content_type.find(key);
    if (!equals_ignoring_case(content_type.substr(0, 15), "multipart/mixed") || at == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view boundary = content_type.substr(at + key.size());
    boundary = boundary.substr(0, boundary.find(';'));
    if (boundary.size() > 1 && boundary.front() == '"' && boundary.back() == '"') {
        boundary = boundary.substr(1, boundary.size() - 2);
    }
    if (boundary.empty()) return std::nullopt;
    const std::string delimiter = "--" + std::string(boundary);

    std::vector<batch_part> parts;
    if (!body.starts_with(delimiter)) return std::nullopt;
    for (;;) {
        body.remove_prefix(delimiter.size());
        if (body.starts_with("--")) return parts;
        const std::size_t line = body.find('\n');
        const std::size_t next = body.find("\n" + delimiter, line);
        if (line == std::string_view::npos || next == std::string_view::npos) return std::nullopt;
        auto part = parse_batch_part(body.substr(line + 1, next - line));
        if (!part) return std::nullopt;
        parts.push_back(*std::move(part));
        body.remove_prefix(next + 1);
    }
}

/// What became of each of the deletes in `parts`, in their order: true = removed, false = was not there.
///
/// \return an error for all of them: the answer was none, or broken, or says (in a part without a Content-ID) that the
///         batch as a whole was refused. A part that the answer does not speak of, or speaks of twice, is
///         errc::corrupt with effect::indeterminate.
[[nodiscard]] inline result<std::vector<result<bool>>> read_batch(const http_request& request,
                                                                  const http_response& answer,
                                                                  std::span<const http_request> parts) {
    if (auto fine = expect(request, answer, {202}); !fine) return unexpected(std::move(fine).error());
    auto found = split_batch(as_text(answer.body), header_text(answer, "content-type"));
    if (!found) return broken_answer(request, answer, "multipart body");

    std::vector<const batch_part*> by_id(parts.size());
    std::vector<bool> twice(parts.size());
    for (batch_part& part : *found) {
        if (!part.id) {
            error whole = service_error(request, part.answer);
            if (part.answer.status >= 400) return unexpected(std::move(whole));
            return broken_answer(request, answer, "multipart body");
        }
        if (*part.id >= parts.size()) return broken_answer(request, answer, "multipart body");
        // The id of the whole answer stands for that of a part which has none.
        part.answer.headers.push_back({"x-ms-request-id", std::string(header_text(answer, "x-ms-request-id"))});
        twice[*part.id] = by_id[*part.id] != nullptr;
        by_id[*part.id] = &part;
    }
    std::vector<result<bool>> outcomes;
    outcomes.reserve(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (by_id[i] == nullptr || twice[i]) {
            outcomes.emplace_back(broken_answer(request, answer, "part for this request"));
        } else {
            outcomes.push_back(read_deleted(parts[i], by_id[i]->answer));
        }
    }
    return outcomes;
}

}  // namespace blobshift::inline v1::detail

#endif
