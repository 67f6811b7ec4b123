# SPDX-License-Identifier: MIT
#
# cmake -C cmake/presets/tsan.cmake -S . -B build/tsan     Data races end the program.

set(BLOBSHIFT_SANITIZE "thread" CACHE STRING "")
set(BLOBSHIFT_VERIFY_HEADERS OFF CACHE BOOL "") # does not depend on a sanitizer
include("${CMAKE_CURRENT_LIST_DIR}/checked.cmake")
