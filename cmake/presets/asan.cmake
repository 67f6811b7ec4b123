# SPDX-License-Identifier: MIT
#
# cmake -C cmake/presets/asan.cmake -S . -B build/asan     Memory errors, leaks and undefined behaviour end the program.
#
# By clang, which builds it in half of the time that g++ takes; with another one: -D CMAKE_CXX_COMPILER=g++

set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(BLOBSHIFT_SANITIZE "address+undefined" CACHE STRING "")
set(BLOBSHIFT_VERIFY_HEADERS OFF CACHE BOOL "") # does not depend on a sanitizer
include("${CMAKE_CURRENT_LIST_DIR}/checked.cmake")
