# SPDX-License-Identifier: MIT
#
# cmake -D COMPILER=g++ -D ROOT=checkout -D MADE=folder -D FOLDERS=list -D HEADERS=list -P budget.cmake
#
# What an include costs, in preprocessed lines: a number that does not depend on the machine. Prints every header's.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/preprocess.cmake")

# A header (a regular expression), and its limit. The first match counts; without one there is no limit.
set(LIMITS
    "core/.*: 45000"
    "blobshift[.]hpp: 90000"
    "backends/azure_store[.]hpp: 95000"
    "config/appsettings[.]hpp: 130000")

set(over "")
foreach(header IN LISTS HEADERS)
  preprocess(budget "#include <blobshift/${header}>\n" -P)
  file(READ "${MADE}/budget.i" text)
  string(LENGTH "${text}" lines)
  string(REPLACE "\n" "" text "${text}")
  string(LENGTH "${text}" rest)
  math(EXPR lines "${lines} - ${rest}")
  set(limit "")
  foreach(entry IN LISTS LIMITS)
    string(REGEX MATCH "^(.*): ([0-9]+)$" entry "${entry}")
    set(number ${CMAKE_MATCH_2})
    if(header MATCHES "^${CMAKE_MATCH_1}$")
      set(limit ${number})
      break()
    endif()
  endforeach()
  set(verdict "")
  if(limit)
    set(verdict "  of ${limit}")
    if(lines GREATER limit)
      string(APPEND verdict "  TOO MUCH")
      list(APPEND over ${header})
    endif()
  endif()
  message(STATUS "${lines}  ${header}${verdict}")
endforeach()
if(over)
  message(FATAL_ERROR "over their limit of preprocessed lines: ${over}")
endif()
