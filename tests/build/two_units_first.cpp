// SPDX-License-Identifier: MIT
//
// Linked with two_units_second.cpp, which includes the same headers in the opposite order: a function without `inline`,
// or a header that counts on another one being first, fails here.

#include <all.hpp>

int second_unit();

int main() { return second_unit() == BLOBSHIFT_VERSION_MAJOR ? 0 : 1; }
