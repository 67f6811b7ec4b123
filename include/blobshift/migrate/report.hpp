// SPDX-License-Identifier: MIT
//
// One JSON line for each object, without names unless somebody asked for them.
//
// Row: migrate (core).   Tests: tests/migrate/report.test.cpp

#ifndef BLOBSHIFT_MIGRATE_REPORT_HPP
#define BLOBSHIFT_MIGRATE_REPORT_HPP

#include <string>       // string
#include <string_view>  // string_view

#include <blobshift/core/pseudonym.hpp>
#include <blobshift/migrate/observer.hpp>

namespace blobshift::inline v1 {

namespace detail {

/// Appends `text` as a JSON string. Bytes above 0x7E are kept: names are well-formed UTF-8.
inline void append_json(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7F) {
            out += "\\u00";
            out += digits[byte >> 4];
            out += digits[byte & 0x0FU];
        } else {
            out += c;
        }
    }
    out += '"';
}

}  // namespace detail

/// Makes the lines of a report: JSON objects with `outcome`, `object`, `bytes`, and where there is one `reason`,
/// `error`, `service_code` and `request_id`.
///
/// `object` is a pseudonym of the new name (of the old one where there is no new one), the same in every line of this
/// report and in no other report. With `with_names` the lines also have `source` and `target`: personal data, for a
/// file with mode 0600.
///
/// \par Thread-safety  One thread.
class report_lines {
public:
    explicit report_lines(bool with_names = false, pseudonymizer pseudonym = {})
        : with_names_(with_names), pseudonym_(pseudonym) {}

    /// The line for one event, newline included. Valid until the next call.
    [[nodiscard]] std::string_view line(const object_event& event) {
        text_ = "{\"outcome\":";
        detail::append_json(text_, to_string(event.what));
        field("object", pseudonym_(event.target.empty() ? event.source : event.target));
        text_ += ",\"bytes\":" + std::to_string(event.size_bytes);
        if (with_names_ && !event.source.empty()) field("source", event.source);
        if (with_names_ && !event.target.empty()) field("target", event.target);
        if (!event.reason.empty()) field("reason", event.reason);
        if (event.failure != nullptr) {
            field("error", to_string(event.failure->code));
            if (event.reason.empty() && !event.failure->message.empty()) field("reason", event.failure->message);
            if (!event.failure->service_code.empty()) field("service_code", event.failure->service_code);
            if (!event.failure->request_id.empty()) field("request_id", event.failure->request_id);
        }
        text_ += "}\n";
        return text_;
    }

private:
    void field(std::string_view name, std::string_view value) {
        text_ += ',';
        detail::append_json(text_, name);
        text_ += ':';
        detail::append_json(text_, value);
    }

    bool with_names_;
    pseudonymizer pseudonym_;
    std::string text_ = {};
};

}  // namespace blobshift::inline v1

#endif
