# SPDX-License-Identifier: MIT
#
# What our own programs are built with. Never exported, never linked by a target that a consumer sees.

set(BLOBSHIFT_SANITIZE "" CACHE STRING "Sanitizers for the tests and examples: address+undefined, undefined, thread, or none")
set_property(CACHE BLOBSHIFT_SANITIZE PROPERTY STRINGS "" address+undefined undefined thread)

set(CMAKE_CXX_EXTENSIONS OFF)
add_library(blobshift_dev INTERFACE)
target_compile_options(blobshift_dev INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# g++ 12 that optimises takes "text" + std::string for a copy that overlaps (GCC bug 105329, mended in 13).
set(old_gcc "$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>")
target_compile_options(blobshift_dev INTERFACE "$<$<AND:$<CONFIG:Release>,${old_gcc}>:-Wno-restrict>")

if(BLOBSHIFT_SANITIZE)
  string(REPLACE "+" "," sanitizers "${BLOBSHIFT_SANITIZE}")
  target_compile_options(
    blobshift_dev INTERFACE "-fsanitize=${sanitizers}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(blobshift_dev INTERFACE "-fsanitize=${sanitizers}")
  if(BLOBSHIFT_SANITIZE MATCHES "address")
    # A third of the time to build, for what a wrong address shows, too, or the lane of clang 19.
    target_compile_options(blobshift_dev INTERFACE -fno-sanitize=null,alignment,object-size)
  endif()
endif()
