// SPDX-License-Identifier: MIT
//
// The id of a long job, as settings give it and records are named by it.
//
// Row: migrate (core).   Tests: tests/migrate/operation.test.cpp

#ifndef BLOBSHIFT_MIGRATE_OPERATION_ID_HPP
#define BLOBSHIFT_MIGRATE_OPERATION_ID_HPP

#include <cstddef>      // size_t
#include <cstdint>      // uint64_t
#include <string>       // string
#include <string_view>  // string_view
#include <utility>      // move

#include <blobshift/core/digest.hpp>
#include <blobshift/core/error.hpp>
#include <blobshift/core/random.hpp>
#include <blobshift/core/result.hpp>

namespace blobshift::inline v1 {

/// A GUID: 8, 4, 4, 4 and 12 hexadecimal digits, joined by hyphens; kept in lower case.
class operation_id {
public:
    /// \return errc::invalid_argument for any other text.
    [[nodiscard]] static result<operation_id> parse(std::string_view text) {
        std::string id;
        for (const char c : text) {
            const std::size_t at = id.size();
            const bool hyphen = at == 8 || at == 13 || at == 18 || at == 23;
            const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
            const bool digit = (lower >= '0' && lower <= '9') || (lower >= 'a' && lower <= 'f');
            if (at == length || (hyphen ? c != '-' : !digit)) return wrong();
            id += lower;
        }
        if (id.size() != length) return wrong();
        return operation_id(std::move(id));
    }
    /// A new one, from the system's random source.
    [[nodiscard]] static operation_id make() {
        std::string id;
        for (const std::uint64_t word : {(random_u64() & ~std::uint64_t{0xF000}) | 0x4000U,
                                         (random_u64() & ~(std::uint64_t{3} << 62)) | (std::uint64_t{1} << 63)}) {
            id += to_hex(make_digest(hash_algorithm::xxh64, word).value);
        }
        for (const std::size_t at : {8U, 13U, 18U, 23U}) id.insert(at, 1, '-');
        return operation_id(std::move(id));
    }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    friend bool operator==(const operation_id&, const operation_id&) = default;

private:
    static constexpr std::size_t length = 36;

    explicit operation_id(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] static unexpected wrong() {
        return fail(errc::invalid_argument, "an operation id is a guid, like 1d4689da-ca3b-4659-b0c7-7bf6c9ff25e1");
    }

    std::string text_;
};

}  // namespace blobshift::inline v1

#endif
