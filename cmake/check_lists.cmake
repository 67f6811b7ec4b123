# SPDX-License-Identifier: MIT
#
# cmake [-D ROOT=checkout] -P cmake/check_lists.cmake
#
# Headers, test sources and examples are listed by hand, so that nothing is built by accident. This says which file no
# list knows, and which entry has no file; which header names a test that is not there; and what the top level may hold.
cmake_minimum_required(VERSION 3.25)

set(TOP_LEVEL CMakeLists.txt LICENSE README.md cmake examples include tests)

# ----------------------------------------------------------------------------------------------------------------------

if(NOT DEFINED ROOT)
  cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH ROOT)
endif()
include("${ROOT}/cmake/headers.cmake")
include("${ROOT}/tests/sources.cmake")
include("${ROOT}/examples/sources.cmake")

function(violation file rule reason)
  message(NOTICE "${file}: [${rule}] ${reason}")
  set_property(GLOBAL APPEND PROPERTY found "${file}")
endfunction()

# The files below `folder` that match `pattern` are exactly those in the lists.
function(check_list folder pattern where)
  set(listed "")
  foreach(list IN LISTS ARGN)
    foreach(file IN LISTS ${list})
      if(file IN_LIST listed)
        violation(${folder}/${file} listed-twice "${where} names it twice")
      elseif(NOT EXISTS "${ROOT}/${folder}/${file}")
        violation(${folder}/${file} no-such-file "${list} in ${where} names it")
      endif()
      list(APPEND listed ${file})
    endforeach()
  endforeach()
  file(GLOB_RECURSE files RELATIVE "${ROOT}/${folder}" "${ROOT}/${folder}/*")
  foreach(file IN LISTS files)
    if(file MATCHES "${pattern}" AND NOT file IN_LIST listed)
      violation(${folder}/${file} not-listed "add it to one of the lists in ${where}: ${ARGN}")
    endif()
  endforeach()
endfunction()

check_list(include/blobshift "" cmake/headers.cmake BLOBSHIFT_HEADERS BLOBSHIFT_AZURE_HEADERS BLOBSHIFT_CONFIG_HEADERS)
check_list(tests "\\.test\\.cpp$" tests/sources.cmake BLOBSHIFT_TEST_SOURCES BLOBSHIFT_AZURE_TEST_SOURCES
           BLOBSHIFT_LARGE_TEST_SOURCES BLOBSHIFT_CONFIG_TEST_SOURCES)
check_list(examples "^[^/]*\\.cpp$" examples/sources.cmake BLOBSHIFT_EXAMPLES BLOBSHIFT_AZURE_EXAMPLES
           BLOBSHIFT_CONFIG_EXAMPLES)

# A header says where its tests are: "Tests: tests/core/etag.test.cpp".
foreach(header IN LISTS BLOBSHIFT_HEADERS BLOBSHIFT_AZURE_HEADERS BLOBSHIFT_CONFIG_HEADERS)
  if(EXISTS "${ROOT}/include/blobshift/${header}")
    file(READ "${ROOT}/include/blobshift/${header}" text LIMIT 2000)
    string(REGEX REPLACE "\n[^/].*" "" text "${text}")
    string(REGEX MATCHALL "tests/[A-Za-z0-9_/.]*[A-Za-z0-9_]" tests "${text}")
    if(NOT tests)
      violation(include/blobshift/${header} tests "its first comment names no test: Tests: tests/ROW/NAME.test.cpp")
    endif()
    foreach(test IN LISTS tests)
      if(NOT EXISTS "${ROOT}/${test}")
        violation(include/blobshift/${header} tests "there is no ${test}")
      endif()
    endforeach()
  endif()
endforeach()

foreach(example IN LISTS BLOBSHIFT_EXAMPLES BLOBSHIFT_AZURE_EXAMPLES BLOBSHIFT_CONFIG_EXAMPLES)
  string(REGEX REPLACE "\\.cpp$" ".txt" expected "${example}")
  if(NOT EXISTS "${ROOT}/examples/expected/${expected}")
    violation(examples/${example} expected "there is no examples/expected/${expected}")
  endif()
endforeach()

file(GLOB entries RELATIVE "${ROOT}" "${ROOT}/*")
foreach(entry IN LISTS entries)
  if(NOT entry IN_LIST TOP_LEVEL AND NOT entry MATCHES "^(build.*|[.].*)$")
    violation(${entry} top-level "the top level is fixed: ${TOP_LEVEL}")
  endif()
endforeach()

get_property(found GLOBAL PROPERTY found)
list(LENGTH found found)
if(found GREATER 0)
  message(FATAL_ERROR "check_lists: ${found} violations")
endif()
message(STATUS "check_lists: no violation")
