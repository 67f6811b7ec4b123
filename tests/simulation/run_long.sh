#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Runs of the simulation for as long as one wants, on all processors, each with seeds of its own:
#
#     tests/simulation/run_long.sh 1000000           seeds 1 to 1,000,000
#     tests/simulation/run_long.sh 1000000 5000001   as many, from 5,000,001 on
#
# Builds what it needs in .build/release. Ends with the sums; the exit status is 1 when a seed broke a rule.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
count=${1:?how many seeds}
first=${2:-1}
jobs=$(nproc)
build=.build/release
cmake -C cmake/presets/release.cmake -S . -B "$build" -G Ninja >"/dev/null"
cmake --build "$build" --target blobshift_simulation </dev/null
BLOBSHIFT_COMMIT=${BLOBSHIFT_COMMIT:-$(git rev-parse --short HEAD 2>"/dev/null" || true)} # a failure names it
export BLOBSHIFT_COMMIT
[ -n "$BLOBSHIFT_COMMIT" ] || unset BLOBSHIFT_COMMIT
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
share=$(((count + jobs - 1) / jobs))
pids=()
for ((i = 0; i < jobs; ++i)); do
    from=$((first + i * share))
    to=$((from + share - 1))
    [ "$to" -lt $((first + count)) ] || to=$((first + count - 1))
    [ "$from" -le "$to" ] || continue
    "$build/tests/simulation/simulation" --seeds "$from-$to" >"$out/$i" 2>&1 &
    pids+=($!)
done
status=0
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
cat "$out"/*
awk '/seeds, no rule broken/ { seeds += $1; rate += $6 } END { printf "together: %d seeds without a broken rule, %d seeds/s\n", seeds, rate }' "$out"/*
exit "$status"
