# SPDX-License-Identifier: MIT
#
# What our own programs are built with. Never exported, never linked by a target that a consumer sees.

set(BLOBSHIFT_SANITIZE "" CACHE STRING "Sanitizers for the tests and examples: address+undefined, thread, or none")
set_property(CACHE BLOBSHIFT_SANITIZE PROPERTY STRINGS "" address+undefined thread)

set(CMAKE_CXX_EXTENSIONS OFF)
add_library(blobshift_dev INTERFACE)
target_compile_options(blobshift_dev INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

if(BLOBSHIFT_SANITIZE)
  string(REPLACE "+" "," sanitizers "${BLOBSHIFT_SANITIZE}")
  target_compile_options(
    blobshift_dev INTERFACE "-fsanitize=${sanitizers}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(blobshift_dev INTERFACE "-fsanitize=${sanitizers}")
endif()
