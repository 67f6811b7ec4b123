// SPDX-License-Identifier: MIT
//
// The three functions that we need of OpenSSL's libcrypto: HMAC-SHA-256, SHA-256 and MD5.
//
// Row: detail (core; the only includer of <openssl/...>).   Tests: tests/detail/openssl.test.cpp

#ifndef BLOBSHIFT_DETAIL_OPENSSL_HPP
#define BLOBSHIFT_DETAIL_OPENSSL_HPP

#include <array>        // array
#include <atomic>       // atomic
#include <cstddef>      // byte, size_t
#include <new>          // bad_alloc
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // exchange, move, swap

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <blobshift/core/bytes.hpp>
#include <blobshift/core/digest.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1::detail {

/// Owns an object of OpenSSL. (As unique_ptr; <memory> would cost each includer 6,000 lines.)
template <class T, void (*Free)(T*)>
class openssl_object {
public:
    explicit openssl_object(T* object) noexcept : object_(object) {}
    openssl_object(openssl_object&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    openssl_object& operator=(openssl_object&& other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~openssl_object() { Free(object_); }

    [[nodiscard]] T* get() const noexcept { return object_; }
    [[nodiscard]] T* release() noexcept { return std::exchange(object_, nullptr); }

private:
    T* object_;
};
using evp_mac = openssl_object<EVP_MAC, EVP_MAC_free>;
using evp_mac_context = openssl_object<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using evp_md_context = openssl_object<EVP_MD_CTX, EVP_MD_CTX_free>;

using sha256_value = std::array<std::byte, 32>;

/// HMAC-SHA-256 under one key. The key is expanded once, and OpenSSL wipes it when the object dies. A moved-from object
/// can only be assigned to.
///
/// \par Thread-safety  One object may sign, and be copied, on several threads at once.
class hmac_sha256 {
public:
    /// \return errc::unsupported where the installed OpenSSL refuses the algorithm or a key of that length.
    [[nodiscard]] static result<hmac_sha256> with_key(byte_view key) {
        const evp_mac algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
        evp_mac_context context(algorithm.get() == nullptr ? nullptr : EVP_MAC_CTX_new(algorithm.get()));
        char digest_name[] = "SHA256";
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
                                         OSSL_PARAM_construct_end()};
        // A null key would mean "the key of before" to OpenSSL, not an empty one.
        const auto* first = key.empty() ? reinterpret_cast<const unsigned char*>("") : octets(key.data());
        if (context.get() == nullptr || EVP_MAC_init(context.get(), first, key.size(), parameters) != 1) {
            return fail(errc::unsupported, "this OpenSSL does not offer HMAC-SHA-256 for such a key");
        }
        return hmac_sha256(std::move(context));
    }

    hmac_sha256(const hmac_sha256& other) : keyed_(other.copied()) {}
    hmac_sha256(hmac_sha256&& other) noexcept : keyed_(std::move(other.keyed_)) {}
    hmac_sha256& operator=(hmac_sha256 other) noexcept {
        keyed_ = std::move(other.keyed_);
        EVP_MAC_CTX_free(spare_.exchange(nullptr));  // of another key
        return *this;
    }
    ~hmac_sha256() { EVP_MAC_CTX_free(spare_.load()); }

    /// The code of `message`. \par Exceptions  std::bad_alloc only.
    [[nodiscard]] sha256_value operator()(std::string_view message) const {
        EVP_MAC_CTX* const left = spare_.exchange(nullptr);
        evp_mac_context context = left != nullptr ? evp_mac_context(left) : copied();
        sha256_value code{};
        std::size_t size = 0;
        const auto* first = reinterpret_cast<const unsigned char*>(message.data());
        if ((left != nullptr && EVP_MAC_init(left, nullptr, 0, nullptr) != 1) ||  // the key of before
            EVP_MAC_update(context.get(), first, message.size()) != 1 ||
            EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(code.data()), &size, code.size()) != 1) {
            throw std::bad_alloc();
        }
        EVP_MAC_CTX_free(spare_.exchange(context.release()));
        return code;
    }

private:
    explicit hmac_sha256(evp_mac_context keyed) noexcept : keyed_(std::move(keyed)) {}
    [[nodiscard]] evp_mac_context copied() const {
        evp_mac_context copy(EVP_MAC_CTX_dup(keyed_.get()));
        if (copy.get() == nullptr) throw std::bad_alloc();
        return copy;
    }
    [[nodiscard]] static const unsigned char* octets(const std::byte* p) noexcept {
        return reinterpret_cast<const unsigned char*>(p);
    }

    evp_mac_context keyed_;
    /// A copy that a call left behind: to copy is half of its time.
    mutable std::atomic<EVP_MAC_CTX*> spare_ = nullptr;
};

/// A streaming hash of OpenSSL. What fails on the way is reported by `finish`.
class openssl_hash {
public:
    /// \param algorithm  md5 or sha256; the others are in core and need no OpenSSL: errc::unsupported.
    explicit openssl_hash(hash_algorithm algorithm) : algorithm_(algorithm), context_(EVP_MD_CTX_new()) {
        const EVP_MD* method = algorithm == hash_algorithm::md5      ? EVP_md5()
                               : algorithm == hash_algorithm::sha256 ? EVP_sha256()
                                                                     : nullptr;
        usable_ =
            context_.get() != nullptr && method != nullptr && EVP_DigestInit_ex(context_.get(), method, nullptr) == 1;
    }

    /// Appends `content` to the message.
    void update(byte_view content) noexcept {
        usable_ = usable_ && EVP_DigestUpdate(context_.get(), content.data(), content.size()) == 1;
    }

    /// The hash of all that was appended. The object is used up.
    ///
    /// \return errc::unsupported where this OpenSSL has no such hash: MD5 is missing under FIPS rules.
    [[nodiscard]] result<digest> finish() {
        digest d{algorithm_, bytes(EVP_MAX_MD_SIZE)};
        unsigned size = 0;
        usable_ =
            usable_ && EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(d.value.data()), &size) == 1;
        if (!usable_) {
            return fail(errc::unsupported, "this OpenSSL does not offer " + std::string(to_string(algorithm_)));
        }
        usable_ = false;
        d.value.resize(size);
        return d;
    }

private:
    hash_algorithm algorithm_;
    evp_md_context context_;
    bool usable_ = false;
};

/// The hash of one run of bytes.
[[nodiscard]] inline result<digest> openssl_hash_of(hash_algorithm algorithm, byte_view content) {
    openssl_hash hash(algorithm);
    hash.update(content);
    return hash.finish();
}

}  // namespace blobshift::inline v1::detail

#endif
