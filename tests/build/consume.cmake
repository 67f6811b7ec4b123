# SPDX-License-Identifier: MIT
#
# Configures, builds and runs the project in SOURCE in the empty folder WORK; its parameters are those of consumer_test in
# CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${WORK}")
set(options "")
foreach(package IN LISTS WITHOUT)
  list(APPEND options "-DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON")
endforeach()

string(REPLACE ";" "," components "${COMPONENTS}")
execute_process(
  COMMAND
    "${CMAKE_COMMAND}" -S "${SOURCE}" -B "${WORK}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
    "-DCMAKE_PREFIX_PATH=${STAGE}" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "-DBLOBSHIFT_ROOT=${ROOT}" "-DVERSION=${VERSION}"
    "-DCOMPONENTS=${components}" ${options}
  RESULT_VARIABLE status
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
if(NOT REFUSED STREQUAL "")
  string(REGEX REPLACE "[ \n]+" " " output "${output}") # CMake breaks long messages
  if(status EQUAL 0)
    message(FATAL_ERROR "configuring should have failed:\n${output}")
  elseif(NOT output MATCHES "${REFUSED}")
    message(FATAL_ERROR "the refusal should say: ${REFUSED}\n${output}")
  endif()
  message(STATUS "refused, as it should be")
  return()
endif()
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${output}")
endif()

execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}" RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${output}")
endif()
execute_process(COMMAND "${WORK}/consumer" COMMAND_ERROR_IS_FATAL ANY)

# Our warnings, our sanitizers, our tests and our installation are our own affair.
file(READ "${WORK}/compile_commands.json" commands)
if(commands MATCHES " -(W[a-z]|fsanitize)")
  message(FATAL_ERROR "flags of ours reached the consumer:\n${commands}")
endif()
string(REGEX MATCHALL "\"file\"" compiled "${commands}")
list(LENGTH compiled compiled)
if(NOT compiled EQUAL 1)
  message(FATAL_ERROR "the consumer has 1 source and compiles ${compiled}:\n${commands}")
endif()
execute_process(
  COMMAND "${CMAKE_CTEST_COMMAND}" -N
  WORKING_DIRECTORY "${WORK}"
  OUTPUT_VARIABLE output
  ERROR_QUIET)
if(NOT output MATCHES "Total Tests: 0")
  message(FATAL_ERROR "tests of ours reached the consumer:\n${output}")
endif()
file(STRINGS "${WORK}/cmake_install.cmake" installs REGEX "file\\(INSTALL")
if(EXISTS "${WORK}/blobshift/cmake_install.cmake")
  file(STRINGS "${WORK}/blobshift/cmake_install.cmake" more REGEX "file\\(INSTALL")
  list(APPEND installs ${more})
endif()
if(installs)
  message(FATAL_ERROR "the consumer would install files of ours: ${installs}")
endif()
