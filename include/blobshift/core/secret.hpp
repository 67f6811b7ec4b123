// SPDX-License-Identifier: MIT
//
// A key, token or signature that no stream, message or debugger dump gets by accident, and that is wiped when it dies.
//
// Row: core (standard library only).   Tests: tests/core/secret.test.cpp

#ifndef BLOBSHIFT_CORE_SECRET_HPP
#define BLOBSHIFT_CORE_SECRET_HPP

#include <cstddef>      // size_t
#include <string_view>  // string_view
#include <utility>      // exchange
#include <vector>       // vector

namespace blobshift::inline v1 {

namespace detail {

/// Overwrites memory that held a secret. The compiler may not drop the writes, whatever it knows of the object's end.
inline void wipe(void* memory, std::size_t size) noexcept {
    volatile auto* p = static_cast<volatile unsigned char*>(memory);
    for (std::size_t i = 0; i < size; ++i) p[i] = 0;
}

}  // namespace detail

/// Text that only `reveal()` gives away. It lies on the heap, does not move there, and is overwritten when the object
/// dies or is assigned to. Copies are independent. Best effort: what `reveal()` is pasted into is not wiped.
class secret {
public:
    secret() = default;
    explicit secret(std::string_view text) : text_(text.begin(), text.end()) {}

    secret(const secret& other) = default;
    secret(secret&& other) noexcept : text_(std::exchange(other.text_, {})) {}
    secret& operator=(secret other) noexcept {
        text_.swap(other.text_);
        return *this;
    }
    ~secret() { detail::wipe(text_.data(), text_.size()); }

    /// The text itself. Its caller answers for where it goes.
    [[nodiscard]] std::string_view reveal() const noexcept { return {text_.data(), text_.size()}; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

    template <class Stream>
    friend Stream& operator<<(Stream& out, const secret& hidden) = delete;

private:
    std::vector<char> text_;  ///< Never grows: what it holds lies in one place.
};

}  // namespace blobshift::inline v1

#endif
