// SPDX-License-Identifier: MIT
//
// The version of this copy of blobshift; the one place where it is written. The build reads it from here.
//
// Row: none (no includes).   Tests: tests/build/macros.cmake

#ifndef BLOBSHIFT_VERSION_HPP
#define BLOBSHIFT_VERSION_HPP

#define BLOBSHIFT_VERSION_MAJOR 0
#define BLOBSHIFT_VERSION_MINOR 1
#define BLOBSHIFT_VERSION_PATCH 0

#endif
