# SPDX-License-Identifier: MIT
#
# cmake -C cmake/presets/asan.cmake -S . -B build/asan     Memory errors, leaks and undefined behaviour end the program.

set(BLOBSHIFT_SANITIZE "address+undefined" CACHE STRING "")
include("${CMAKE_CURRENT_LIST_DIR}/checked.cmake")
