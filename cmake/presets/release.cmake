# SPDX-License-Identifier: MIT
#
# cmake -C cmake/presets/release.cmake -S . -B build/release   Optimised, without assertions: what only NDEBUG breaks.

set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(BLOBSHIFT_AZURE ON CACHE STRING "")
set(BLOBSHIFT_CONFIG ON CACHE STRING "")
