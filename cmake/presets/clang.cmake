# SPDX-License-Identifier: MIT
#
# cmake -C cmake/presets/clang.cmake -S . -B build/clang   As gcc, with clang. Another one: -D CMAKE_CXX_COMPILER=clang++-19

set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
include("${CMAKE_CURRENT_LIST_DIR}/checked.cmake")
