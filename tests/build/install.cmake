# SPDX-License-Identifier: MIT
#
# cmake -D BUILD=folder -D ROOT=checkout -D STAGE=folder -D HEADERS=list -P install.cmake
#
# Installs into one place and moves the result to STAGE, so that a path remembered from the installation is a dead one.
# Then: every header is there, nothing else is, and nothing of how we build ourselves came along.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${STAGE}" "${STAGE}.first")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${STAGE}.first" OUTPUT_QUIET
                        COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${STAGE}.first" "${STAGE}")

file(GLOB_RECURSE installed RELATIVE "${STAGE}" "${STAGE}/*")
list(TRANSFORM HEADERS PREPEND include/blobshift/)
foreach(header IN LISTS HEADERS)
  if(NOT header IN_LIST installed)
    message(SEND_ERROR "not installed: ${header}")
  endif()
endforeach()
foreach(file IN LISTS installed)
  if(NOT file IN_LIST HEADERS AND NOT file MATCHES "^share/(cmake/blobshift/blobshift-[a-z-]+[.]cmake|licenses/blobshift/LICENSE)$")
    message(SEND_ERROR "nobody asked for ${file}")
  endif()
  if(file MATCHES "[.]cmake$")
    file(READ "${STAGE}/${file}" text)
    foreach(word IN ITEMS fsanitize Werror -Wall blobshift_dev "${ROOT}" "${BUILD}" "${STAGE}")
      string(FIND "${text}" "${word}" at)
      if(NOT at EQUAL -1)
        message(SEND_ERROR "${file} speaks of ${word}")
      endif()
    endforeach()
  endif()
endforeach()
