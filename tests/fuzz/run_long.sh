#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#     tests/fuzz/run_long.sh SECONDS [TARGET...]
#
# Runs each target (or those named) for so many seconds under libFuzzer with the address and undefined-behaviour
# sanitizers, and prints executions and coverage of each. What it learns is kept in .build/fuzz/corpus; an input that
# breaks a target in .build/fuzz/found, and its command is printed.
source "$(dirname "${BASH_SOURCE[0]}")/../support/need.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
set -u
need g++ cmake ninja-build clang libclang-rt-14-dev libcurl4-openssl-dev libssl-dev libpugixml-dev nlohmann-json3-dev \
    doctest-dev
seconds=${1:?usage: tests/fuzz/run_long.sh SECONDS [TARGET...]}
shift
build=.build/fuzz
mkdir -p "$build/corpus" "$build/found"
cmake -C cmake/presets/clang.cmake -S . -B "$build" -G Ninja -D BLOBSHIFT_SANITIZE=address+undefined \
    -D BLOBSHIFT_BUILD_EXAMPLES=OFF >"$build/configure.log" || { cat "$build/configure.log"; exit 1; }
cmake --build "$build" --target blobshift_fuzzer fuzz_replay || exit
[ $# -gt 0 ] || mapfile -t targets < <("$build/tests/fuzz/fuzz_replay" --list)
[ $# -eq 0 ] || targets=("$@")

broken=0 total=0
printf '%-20s %12s %8s %8s %8s\n' target executions 'per s' edges features
for target in "${targets[@]}"; do
    mkdir -p "$build/corpus/$target"
    log=$build/$target.log
    BLOBSHIFT_FUZZ_TARGET=$target "$build/tests/fuzz/blobshift_fuzzer" -max_total_time="$seconds" -max_len=8192 \
        -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/found/$target-" "$build/corpus/$target" \
        "tests/data/fuzz/$target" </dev/null >"$log" 2>&1
    answer=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)
    read -r _ edges _ features <<<"${coverage:-cov: 0 ft: 0}"
    printf '%-20s %12s %8s %8s %8s\n' "$target" "${executions:-0}" \
        "$((${executions:-0} / (seconds > 0 ? seconds : 1)))" "$edges" "$features"
    total=$((total + ${executions:-0}))
    [ "${executions:-0}" -gt 0 ] || answer=1
    if [ "$answer" -ne 0 ]; then
        broken=$((broken + 1))
        tail -n 30 "$log"
        echo "again: BLOBSHIFT_FUZZ_TARGET=$target $build/tests/fuzz/blobshift_fuzzer INPUT   (INPUT in $build/found)"
    fi
done
echo "${#targets[@]} targets, $total executions, $broken broken"
[ "$broken" -eq 0 ] && [ "$total" -gt 0 ]
