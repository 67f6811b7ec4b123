# SPDX-License-Identifier: MIT
#
# cmake -D ROOT=checkout -D HEADERS=list -D MADE=folder -P make_sources.cmake
#
# Writes all.hpp, reversed.hpp and outside.hpp: see CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)

set(all "")
set(reversed "")
set(outside "")
foreach(header IN LISTS HEADERS)
  string(APPEND all "#include <blobshift/${header}>\n")
  string(PREPEND reversed "#include <blobshift/${header}>\n")
  file(STRINGS "${ROOT}/include/blobshift/${header}" includes REGEX "^#include <")
  foreach(line IN LISTS includes)
    string(REGEX MATCH "<[^>]*>" target "${line}")
    if(NOT target MATCHES "^<blobshift/")
      list(APPEND outside "#include ${target}")
    endif()
  endforeach()
endforeach()
list(SORT outside)
list(REMOVE_DUPLICATES outside)
list(JOIN outside "\n" outside)

file(WRITE "${MADE}/all.hpp" "${all}")
file(WRITE "${MADE}/reversed.hpp" "${reversed}")
file(WRITE "${MADE}/outside.hpp" "${outside}\n")
