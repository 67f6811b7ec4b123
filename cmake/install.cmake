# SPDX-License-Identifier: MIT
#
# One export per component, so that a consumer who did not ask for azure never hears of curl.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/blobshift") # no architecture: headers only
set(needs "")

foreach(component IN LISTS BLOBSHIFT_COMPONENTS)
  install(TARGETS ${blobshift_${component}_target} EXPORT blobshift-${component}-targets FILE_SET HEADERS)
  install(
    EXPORT blobshift-${component}-targets
    NAMESPACE blobshift::
    DESTINATION ${package_dir})
  string(APPEND needs "set(_blobshift_needs_${component} ${blobshift_${component}_needs})\n")
endforeach()

configure_file(cmake/blobshift-config.cmake.in blobshift-config.cmake @ONLY)
write_basic_package_version_file(
  "${CMAKE_CURRENT_BINARY_DIR}/blobshift-config-version.cmake" COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(
  FILES "${CMAKE_CURRENT_BINARY_DIR}/blobshift-config.cmake"
        "${CMAKE_CURRENT_BINARY_DIR}/blobshift-config-version.cmake"
  DESTINATION ${package_dir})
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/blobshift")
