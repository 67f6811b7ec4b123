// SPDX-License-Identifier: MIT
//
// A value or an error, with the names of C++23's std::expected<T, error>; only value() throws.
//
// Row: core (standard library only).   Tests: tests/core/result.test.cpp

#ifndef BLOBSHIFT_CORE_RESULT_HPP
#define BLOBSHIFT_CORE_RESULT_HPP

#include <exception>    // exception
#include <string>       // string
#include <type_traits>  // remove_cvref_t, is_void_v
#include <utility>      // move, forward
#include <variant>      // variant

#include <blobshift/core/error.hpp>

namespace blobshift::inline v1 {

/// What `result<T>::value()` throws when there is no value. `what()` is `describe(error())`.
class bad_result_access : public std::exception {
public:
    explicit bad_result_access(blobshift::error e) : error_(std::move(e)), text_(describe(error_)) {}

    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
    [[nodiscard]] const blobshift::error& error() const noexcept { return error_; }

private:
    blobshift::error error_;
    std::string text_;
};

/// An error on its way into a `result`, as `std::unexpected<error>` would be.
class unexpected {
public:
    explicit unexpected(blobshift::error e) : error_(std::move(e)) {}

    [[nodiscard]] const blobshift::error& error() const& noexcept { return error_; }
    [[nodiscard]] blobshift::error&& error() && noexcept { return std::move(error_); }

private:
    blobshift::error error_;
};

/// `return fail(errc::not_found, "no such blob", name);`
[[nodiscard]] inline unexpected fail(errc code, std::string message, std::string_view subject = {}) {
    return unexpected(make_error(code, std::move(message), subject));
}

/// A `T`, or the `error` that stood in its way.
///
/// Every member does what the member of `std::expected<T, error>` with the same name does. `operator*` and
/// `operator->` have a precondition (there is a value); `value()` throws `bad_result_access` instead. One difference:
/// of a temporary, `value()` is the value itself, so that `for (auto& b : store.list(c, q).value().blobs)` has what it
/// walks through to its end.
template <class T>
class [[nodiscard]] result {
public:
    using value_type = T;
    using error_type = blobshift::error;

    result() requires std::is_default_constructible_v<T> : state_(std::in_place_index<0>) {}
    template <class U = T>
        requires(!std::is_same_v<std::remove_cvref_t<U>, result> &&
                 !std::is_same_v<std::remove_cvref_t<U>, unexpected> && std::is_constructible_v<T, U>)
    explicit(!std::is_convertible_v<U, T>) result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
    result(unexpected u) : state_(std::in_place_index<1>, std::move(u).error()) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] T& operator*() & noexcept { return *std::get_if<0>(&state_); }
    [[nodiscard]] const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
    [[nodiscard]] T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
    [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&state_); }
    [[nodiscard]] const T* operator->() const noexcept { return std::get_if<0>(&state_); }

    T& value() & { return require(), **this; }
    const T& value() const& { return require(), **this; }
    T value() && { return require(), *std::move(*this); }
    template <class U>
    [[nodiscard]] T value_or(U&& other) const& {
        return has_value() ? **this : static_cast<T>(std::forward<U>(other));
    }
    template <class U>
    [[nodiscard]] T value_or(U&& other) && {
        return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(other));
    }

    [[nodiscard]] blobshift::error& error() & noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] const blobshift::error& error() const& noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] blobshift::error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

    template <class F>
    [[nodiscard]] auto and_then(F&& next) && -> std::invoke_result_t<F, T&&> {
        if (!has_value()) return unexpected(std::move(*this).error());
        return std::forward<F>(next)(*std::move(*this));
    }
    template <class F>
    [[nodiscard]] auto transform(F&& change) && -> result<std::remove_cv_t<std::invoke_result_t<F, T&&>>> {
        if (!has_value()) return unexpected(std::move(*this).error());
        return std::forward<F>(change)(*std::move(*this));
    }

private:
    void require() const {
        if (!has_value()) throw bad_result_access(error());
    }

    std::variant<T, blobshift::error> state_;
};

/// Success without a value, or an error.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;
    using error_type = blobshift::error;

    result() = default;
    result(unexpected u) : state_(std::in_place_index<1>, std::move(u).error()) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
    void operator*() const noexcept {}
    void value() const {
        if (!has_value()) throw bad_result_access(error());
    }

    [[nodiscard]] blobshift::error& error() & noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] const blobshift::error& error() const& noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] blobshift::error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

    template <class F>
    [[nodiscard]] auto and_then(F&& next) && -> std::invoke_result_t<F> {
        if (!has_value()) return unexpected(std::move(*this).error());
        return std::forward<F>(next)();
    }

private:
    std::variant<std::monostate, blobshift::error> state_;
};

}  // namespace blobshift::inline v1

#endif
