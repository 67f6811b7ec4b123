// SPDX-License-Identifier: MIT
//
// A callback passed down a call and never kept: two pointers, no allocation.
//
// Row: core (standard library only).   Tests: tests/core/function_ref.test.cpp

#ifndef BLOBSHIFT_CORE_FUNCTION_REF_HPP
#define BLOBSHIFT_CORE_FUNCTION_REF_HPP

#include <type_traits>  // is_invocable_r_v, remove_reference_t
#include <utility>      // forward

namespace blobshift::inline v1 {

template <class Signature>
class function_ref;

/// Refers to a callable; as `std::function_ref` of C++26. The callable must outlive the reference.
template <class R, class... Args>
class function_ref<R(Args...)> {
public:
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, function_ref> && std::is_invocable_r_v<R, F&, Args...> &&
                 !std::is_function_v<std::remove_reference_t<F>>)
    function_ref(F&& f) noexcept  // NOLINT: implicit on purpose, as the standard's
        : object_(const_cast<void*>(static_cast<const void*>(&f))),
          call_([](void* object, Args... args) -> R {
              return static_cast<R>(
                  (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...));
          }) {}

    R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

private:
    void* object_;
    R (*call_)(void*, Args...);
};

}  // namespace blobshift::inline v1

#endif
