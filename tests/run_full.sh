#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# All that tests/run.sh does, then the thread sanitizer, both ends of the range of clang, the newer one with all of its
# undefined-behaviour sanitizer, an optimised build without assertions, and whatever stands in tests/full/*.sh (each is
# sourced: it may call need and counted). Takes hours.
source "$(dirname "${BASH_SOURCE[0]}")/support/lanes.sh"

house
lane gcc gcc -D BLOBSHIFT_VERIFY_HEADERS=ON
lane asan asan
lane tsan tsan
# How a process dies, a disk fails or a connection is cut is the same for every compiler, and takes minutes to show.
leave_out='^(crash|live|interop|azure\.cuts|azure\.emulator|cli\.kill9|simulation\.bugs)'
lane clang clang
lane release release
if apt-cache show clang-19 >/dev/null 2>&1; then
    need clang-19 libclang-rt-19-dev
    lane clang-19 clang -D CMAKE_CXX_COMPILER=clang++-19 -D BLOBSHIFT_SANITIZE=undefined
else
    echo "== clang-19: skipped, this system does not offer it"
    skipped=$((skipped + 1))
fi
leave_out=
for each in tests/full/*.sh; do
    script "$each"
done
finish
