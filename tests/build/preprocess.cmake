# SPDX-License-Identifier: MIT
#
# preprocess(OUT text flag...): what the preprocessor makes of a source with that text.

list(TRANSFORM FOLDERS PREPEND -I)
list(APPEND FOLDERS "-I${ROOT}/include")
list(REMOVE_DUPLICATES FOLDERS)

function(preprocess out text)
  file(WRITE "${MADE}/${out}.cpp" "${text}")
  execute_process(
    COMMAND "${COMPILER}" -std=c++20 ${FOLDERS} -E ${ARGN} "${MADE}/${out}.cpp" -o "${MADE}/${out}.i"
    RESULT_VARIABLE status
    ERROR_VARIABLE errors)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${errors}")
  endif()
endfunction()
