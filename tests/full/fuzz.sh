# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Every fuzz target under libFuzzer for ten seconds. Sourced by tests/run_full.sh.

echo "== fuzz: every target for 10 seconds"
counted tests/fuzz/run_long.sh 10
