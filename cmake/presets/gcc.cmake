# SPDX-License-Identifier: MIT
#
# cmake -C cmake/presets/gcc.cmake -S . -B build/gcc       The everyday build: quick to compile, assertions on.

set(CMAKE_CXX_COMPILER g++ CACHE STRING "")
include("${CMAKE_CURRENT_LIST_DIR}/checked.cmake")
