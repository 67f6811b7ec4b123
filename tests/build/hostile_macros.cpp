// SPDX-License-Identifier: MIT
//
// A program that includes the headers of others first, as most do, and ours after them.

#include <outside.hpp>
// The order matters: what stands above is not under test.
#include "hostile_macros.hpp"
// Ours:
#include <all.hpp>

int main() { return 0; }
