# SPDX-License-Identifier: MIT
#
# One component of the library = one target = one part of the installed package. What a component needs is written once,
# where it is declared; the package config asks for the same.

set(BLOBSHIFT_COMPONENTS "")

# blobshift_component(NAME [WHEN ON|OFF|AUTO] HEADERS ... NEEDS package... LINKS target...)
#
# Declares blobshift::NAME. ON (the default) insists on the packages, AUTO leaves the component out when one is missing.
function(blobshift_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "WHEN" "HEADERS;NEEDS;LINKS")
  if(NOT DEFINED arg_WHEN)
    set(arg_WHEN ON)
  endif()
  if(NOT arg_WHEN)
    return()
  endif()

  foreach(package IN LISTS arg_NEEDS)
    if(arg_WHEN STREQUAL "AUTO")
      find_package(${package} QUIET)
    else()
      find_package(${package} REQUIRED)
    endif()
    if(NOT ${package}_FOUND)
      message(STATUS "blobshift::${name} is left out: ${package} was not found")
      return()
    endif()
  endforeach()

  set(target ${name})
  if(NOT name STREQUAL "blobshift")
    set(target blobshift_${name})
  endif()
  list(TRANSFORM arg_HEADERS PREPEND include/blobshift/)

  add_library(${target} INTERFACE)
  add_library(blobshift::${name} ALIAS ${target})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_link_libraries(${target} INTERFACE ${arg_LINKS})
  target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS
                                                                   ${BLOBSHIFT_VERIFY_HEADERS})

  set(BLOBSHIFT_COMPONENTS ${BLOBSHIFT_COMPONENTS} ${name} PARENT_SCOPE)
  set(blobshift_${name}_needs ${arg_NEEDS} PARENT_SCOPE)
  set(blobshift_${name}_target ${target} PARENT_SCOPE)
endfunction()
