// SPDX-License-Identifier: MIT

#include <reversed.hpp>

int second_unit();
int second_unit() { return BLOBSHIFT_VERSION_MAJOR; }
