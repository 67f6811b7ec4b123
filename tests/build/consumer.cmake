# SPDX-License-Identifier: MIT
#
# The program that both kinds of consumer build: it includes every header of the components that it asked for.

include("${BLOBSHIFT_ROOT}/cmake/headers.cmake")
set(headers ${BLOBSHIFT_HEADERS})
foreach(component IN LISTS components)
  string(TOUPPER ${component} upper)
  list(APPEND headers ${BLOBSHIFT_${upper}_HEADERS})
endforeach()
list(TRANSFORM headers REPLACE "(.+)" "#include <blobshift/\\1>\n")
list(JOIN headers "" includes)
file(WRITE "${CMAKE_BINARY_DIR}/consumer.cpp" "${includes}
int main() {
    int unused; // a warning on purpose
    return BLOBSHIFT_VERSION_MAJOR * 0;
}
")

add_executable(consumer "${CMAKE_BINARY_DIR}/consumer.cpp")
target_link_libraries(consumer PRIVATE blobshift::blobshift)
foreach(component IN LISTS components)
  target_link_libraries(consumer PRIVATE blobshift::${component})
endforeach()
foreach(component IN ITEMS azure config)
  if(TARGET blobshift::${component} AND NOT component IN_LIST components AND EXISTS "${blobshift_DIR}")
    message(FATAL_ERROR "component ${component} came without being asked for")
  endif()
endforeach()
