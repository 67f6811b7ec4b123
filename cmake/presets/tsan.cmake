# SPDX-License-Identifier: MIT
#
# cmake -C cmake/presets/tsan.cmake -S . -B build/tsan     Data races end the program.

set(BLOBSHIFT_SANITIZE "thread" CACHE STRING "")
include("${CMAKE_CURRENT_LIST_DIR}/checked.cmake")
