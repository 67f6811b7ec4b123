// SPDX-License-Identifier: MIT
//
// A store that can only be looked at. It must not let any write through, a staged block or a bulk verb included.
//
// Row: layers (core, store).   Tests: tests/layers/read_only.test.cpp, tests/conformance/

#ifndef BLOBSHIFT_LAYERS_READ_ONLY_HPP
#define BLOBSHIFT_LAYERS_READ_ONLY_HPP

#include <cstddef>      // size_t
#include <span>         // span
#include <type_traits>  // invoke_result_t
#include <utility>      // move

#include <blobshift/layers/layer.hpp>

namespace blobshift::inline v1 {

/// Forwards what reads; every verb that writes is errc::permission_denied with effect none, and nothing is sent.
template <BlobStore S>
class read_only : public layer<read_only<S>, S> {
public:
    explicit read_only(S store) : layer<read_only, S>(std::move(store)) {}

private:
    friend class layer<read_only, S>;

    template <class Call>
    auto around(const call_info& info, const context& /*c*/, Call call) -> std::invoke_result_t<Call&> {
        if (is_write(info.verb)) return refusal();
        return call();
    }

    template <class Request, class OnResult, class Call>
    void around_many(const call_info& /*info*/, const context& /*c*/, std::span<const Request> requests, OnResult f,
                     Call /*call*/) {
        for (std::size_t i = 0; i < requests.size(); ++i) f(i, refusal());
    }

    [[nodiscard]] static unexpected refusal() {
        return fail(errc::permission_denied, "this view of the store is read-only");
    }
};

}  // namespace blobshift::inline v1

#endif
