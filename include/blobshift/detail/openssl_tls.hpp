// SPDX-License-Identifier: MIT
//
// The few things that the transport must ask of OpenSSL's TLS half; the only header that includes <openssl/ssl.h>.
//
// Row: detail (OpenSSL SSL).   Tests: tests/detail/curl_http_environment.test.cpp

#ifndef BLOBSHIFT_DETAIL_OPENSSL_TLS_HPP
#define BLOBSHIFT_DETAIL_OPENSSL_TLS_HPP

#include <string>  // string

#include <openssl/ssl.h>

namespace blobshift::inline v1::detail {

/// As libcurl calls it, e.g. "OpenSSL/3.0.19": whether its TLS objects are those of this library.
[[nodiscard]] inline std::string tls_library_name() {
    return std::string("OpenSSL/") + OpenSSL_version(OPENSSL_VERSION_STRING);
}

/// Lets no secret of a TLS session reach a key log file, whatever SSLKEYLOGFILE says. `context` is an SSL_CTX.
inline void forget_tls_key_log(void* context) noexcept {
    SSL_CTX_set_keylog_callback(static_cast<SSL_CTX*>(context), nullptr);
}

/// Whether bytes that were received wait inside of a connection. `connection` is an SSL, or null.
[[nodiscard]] inline bool has_unread_tls(void* connection) noexcept {
    return connection != nullptr && SSL_has_pending(static_cast<SSL*>(connection)) == 1;
}

}  // namespace blobshift::inline v1::detail

#endif
