# SPDX-License-Identifier: MIT
#
# What gcc, clang, asan and tsan share: no optimisation (to build takes longer than to run), line numbers, the standard
# library's own checks, and no component left out in silence.

set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -D_GLIBCXX_ASSERTIONS" CACHE STRING "")
set(BLOBSHIFT_AZURE ON CACHE STRING "")
set(BLOBSHIFT_CONFIG ON CACHE STRING "")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON CACHE BOOL "")
