// SPDX-License-Identifier: MIT
//
// Answers of the service, made by hand.

#ifndef BLOBSHIFT_TESTS_SUPPORT_ANSWERS_HPP
#define BLOBSHIFT_TESTS_SUPPORT_ANSWERS_HPP

#include <string>
#include <utility>
#include <vector>

#include <blobshift/detail/http.hpp>

namespace blobshift::test {

/// With the request id that every answer of the service has.
inline http_response answer(int status, std::vector<http_header> headers = {}, std::string_view body = {}) {
    headers.push_back({"x-ms-request-id", "11111111-2222-3333-4444-555555555555"});
    return {.status = status, .headers = std::move(headers), .body = to_bytes(body), .body_bytes = body.size()};
}

inline http_response refusal(int status, std::string_view code) {
    return answer(status, {{"x-ms-error-code", std::string(code)}});
}

}  // namespace blobshift::test

#endif
