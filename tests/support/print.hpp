// SPDX-License-Identifier: MIT
//
// How doctest shows the library's enumerators and names when a test fails.
//
// Needs doctest and blobshift's core row only.

#ifndef BLOBSHIFT_TESTS_SUPPORT_PRINT_HPP
#define BLOBSHIFT_TESTS_SUPPORT_PRINT_HPP

#include <optional>  // optional
#include <string>    // string
#include <vector>    // vector

#include <blobshift/core/blob_name.hpp>
#include <blobshift/core/error.hpp>
#include <blobshift/core/etag.hpp>

#include <doctest/doctest.h>

namespace blobshift::inline v1 {

// Found by argument-dependent look-up: doctest prints enumerators as numbers otherwise.
inline doctest::String toString(errc code) { return std::string(to_string(code)).c_str(); }
inline doctest::String toString(effect done) { return std::string(to_string(done)).c_str(); }

}  // namespace blobshift::inline v1

template <>
struct doctest::StringMaker<blobshift::blob_name> {
    static String convert(const blobshift::blob_name& name) { return name.text().c_str(); }
};

template <>
struct doctest::StringMaker<blobshift::etag> {
    static String convert(const blobshift::etag& tag) { return tag.text().c_str(); }
};

template <class T>
struct doctest::StringMaker<std::optional<T>> {
    static String convert(const std::optional<T>& value) { return value ? toString(*value) : String("nothing"); }
};

template <class T>
struct doctest::StringMaker<std::vector<T>> {
    static String convert(const std::vector<T>& values) {
        String text = "{";
        for (const T& value : values) text = text + " " + toString(value);
        return text + " }";
    }
};

#endif
