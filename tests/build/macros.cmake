# SPDX-License-Identifier: MIT
#
# cmake -D COMPILER=... -D ROOT=checkout -D MADE=folder -D FOLDERS=list -P macros.cmake
#
# Compares the macros that exist with and without our headers: they may add their guards and the version, and they may
# neither change nor remove anything.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/preprocess.cmake")

preprocess(macros_without "#include <outside.hpp>\n" -dM)
preprocess(macros_with "#include <outside.hpp>\n#include <all.hpp>\n" -dM)
foreach(which IN ITEMS without with)
  file(READ "${MADE}/macros_${which}.i" text)
  string(REGEX REPLACE "[][;\\]" "_" text "${text}") # no character that means something to a list
  string(REPLACE "\n" ";" ${which} "${text}")
endforeach()

set(ours "^#define (BLOBSHIFT_([A-Z0-9]+_)*HPP *|BLOBSHIFT_VERSION_(MAJOR|MINOR|PATCH) [0-9]+)$")
set(added ${with})
list(REMOVE_ITEM added ${without})
set(expected ${added})
list(FILTER expected INCLUDE REGEX "${ours}")
list(FILTER added EXCLUDE REGEX "${ours}")
set(removed ${without})
list(REMOVE_ITEM removed ${with})
if(added OR removed)
  message(FATAL_ERROR "macros that our headers leave behind: ${added}\nmacros that they remove: ${removed}")
endif()

file(STRINGS "${MADE}/all.hpp" headers)
list(REMOVE_DUPLICATES headers)
list(LENGTH headers headers)
list(LENGTH expected count)
math(EXPR guards "${count} - 3")
if(NOT guards EQUAL headers)
  message(FATAL_ERROR "${guards} guards for ${headers} headers")
endif()
message(STATUS "macros: ${guards} guards and the 3 of the version, nothing else")
