// SPDX-License-Identifier: MIT
//
// A request as lines of text, so that a test shows all of it: method and URL, then each header but the version.

#ifndef BLOBSHIFT_TESTS_SUPPORT_REQUESTS_HPP
#define BLOBSHIFT_TESTS_SUPPORT_REQUESTS_HPP

#include <string>

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/bytes.hpp>
#include <blobshift/detail/azure_credential.hpp>
#include <blobshift/detail/http.hpp>

namespace blobshift::test {

inline const std::string container = "https://account1.blob.core.windows.net/cont";

inline blob_name name(std::string_view text) { return blob_name::parse(text).value(); }

inline std::string shown(const result<http_request>& made) {
    if (!made) return describe(made.error());
    std::string text = made->method + " " + made->url + "\n";
    std::string version = "no version\n";
    for (const http_header& h : made->headers) {
        if (h.name == "x-ms-version" && h.value == detail::azure_version) {
            version.clear();
        } else {
            text += h.name + ": " + h.value + "\n";
        }
    }
    if (!made->body.empty()) text += "\n" + std::string(as_text(made->body)) + "\n";
    return text + version;
}

}  // namespace blobshift::test

#endif
