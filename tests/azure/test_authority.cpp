// SPDX-License-Identifier: MIT
//
// Certificates for the scripted server: made anew for each run, so that none of them ever expires in a checkout.

#include <azure/scripted_server.hpp>

#include <array>
#include <atomic>
#include <cstdio>     // fopen
#include <cstdlib>    // mkstemp
#include <stdexcept>  // runtime_error

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace blobshift_test {
namespace {

struct x509_free {
    void operator()(X509* p) const { X509_free(p); }
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
    void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
using x509_ptr = std::unique_ptr<X509, x509_free>;
using key_ptr = std::unique_ptr<EVP_PKEY, x509_free>;

template <class T>
T* need(T* made) {
    if (made == nullptr) throw std::runtime_error("OpenSSL cannot make a certificate");
    return made;
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

void extend(X509* x, int nid, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, x509_free> e(need(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str())));
    X509_add_ext(x, e.get(), -1);
}

x509_ptr make(EVP_PKEY* key, const std::string& name, std::chrono::seconds from, std::chrono::seconds until,
              long serial) {
    x509_ptr x(need(X509_new()));
    X509_set_version(x.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(x.get()), static_cast<long>(from.count()));
    X509_gmtime_adj(X509_getm_notAfter(x.get()), static_cast<long>(until.count()));
    X509_set_pubkey(x.get(), key);
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x.get()), "CN", MBSTRING_UTF8, text, -1, -1, 0);
    return x;
}

std::atomic<int> authorities = 0;  // no two may have one name: a client would try the one for the other

}  // namespace

struct test_authority::state {
    key_ptr key{need(EVP_EC_gen("P-256"))};
    x509_ptr root = make(key.get(), "authority " + std::to_string(++authorities), std::chrono::hours(-24),
                         std::chrono::hours(48), 1);
    std::string file;
    long serial = 1;
};

test_authority::test_authority() : state_(std::make_unique<state>()) {
    X509_set_issuer_name(state_->root.get(), X509_get_subject_name(state_->root.get()));
    extend(state_->root.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(state_->root.get(), state_->key.get(), EVP_sha256());
    std::array<char, 32> name{"/tmp/blobshift_ca_XXXXXX"};
    const int fd = ::mkstemp(name.data());
    std::FILE* file = fd < 0 ? nullptr : ::fdopen(fd, "w");
    if (file == nullptr) throw std::runtime_error("cannot write the certificate of the authority");
    PEM_write_X509(file, state_->root.get());
    std::fclose(file);
    state_->file = name.data();
}

test_authority::~test_authority() { ::unlink(state_->file.c_str()); }

const std::string& test_authority::ca_file() const { return state_->file; }

certificate test_authority::issue(const request& r) const {
    const key_ptr key(need(EVP_EC_gen("P-256")));
    const x509_ptr x = make(key.get(), r.host, r.valid_from, r.valid_until, ++state_->serial);
    in_addr ignored{};
    const bool is_address = ::inet_pton(AF_INET, r.host.c_str(), &ignored) == 1;
    extend(x.get(), NID_subject_alt_name, (is_address ? "IP:" : "DNS:") + r.host);
    X509_set_issuer_name(x.get(), X509_get_subject_name(r.self_signed ? x.get() : state_->root.get()));
    X509_sign(x.get(), r.self_signed ? key.get() : state_->key.get(), EVP_sha256());
    const std::unique_ptr<BIO, x509_free> chain(need(BIO_new(BIO_s_mem())));
    const std::unique_ptr<BIO, x509_free> secret(need(BIO_new(BIO_s_mem())));
    PEM_write_bio_X509(chain.get(), x.get());
    PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(chain.get()), text_of(secret.get())};
}

}  // namespace blobshift_test
