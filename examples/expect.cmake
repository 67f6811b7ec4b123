# SPDX-License-Identifier: MIT
#
# cmake -D PROGRAM=... -D EXPECTED=... -D FOLDER=... -P expect.cmake
#
# Runs PROGRAM in FOLDER, emptied first, and compares what it prints with the file EXPECTED.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
execute_process(
  COMMAND "${PROGRAM}"
  WORKING_DIRECTORY "${FOLDER}"
  OUTPUT_FILE "${FOLDER}.stdout"
  RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}")
endif()

execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${FOLDER}.stdout" "${EXPECTED}" RESULT_VARIABLE differs)
if(NOT differs EQUAL 0)
  file(READ "${FOLDER}.stdout" printed)
  message(FATAL_ERROR "the output is not that of ${EXPECTED}; it is:\n${printed}")
endif()
