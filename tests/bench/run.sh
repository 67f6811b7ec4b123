#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The benchmarks, built for release. Each prints what it measured and its bar; the machine should do nothing else.
source "$(dirname "${BASH_SOURCE[0]}")/../support/lanes.sh"

house
need nginx-light # what the Azure benchmarks talk to; each starts its own
build=.build/bench
cmake -C cmake/presets/release.cmake -S . -B "$build" -G Ninja >/dev/null && cmake --build "$build" --target bench -j "$jobs" || exit
status=0
"$build/tests/bench/bench_migrate_files" 100000 || status=1
"$build/tests/bench/bench_plan_memory" 1000000 || status=1
"$build/tests/bench/bench_plan_memory" 10000000 || status=1
"$build/tests/bench/bench_azure_copy_cpu" || status=1
"$build/tests/bench/bench_azure_list_parse" || status=1
"$build/tests/bench/bench_azure_large_blob" || status=1
exit "$status"
