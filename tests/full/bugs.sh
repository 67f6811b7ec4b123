# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Every bug of tests/simulation/bugs*.cmake, planted one after the other: a test suite must be able to fail. Sourced by
# tests/run_full.sh.

echo "== bugs: each is planted, and must be found"
counted sh -c "seq $jobs | xargs -P $jobs -I{} cmake -D OUT=.build/bugs/{} -D PART={}/$jobs -D CXX=g++ -D LAUNCHER=ccache \
    -P tests/simulation/bugs.cmake"
