# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What tests/run.sh and tests/run_full.sh are made of. A lane is one build of everything and one run of every test, in
# .build/NAME. Sourced, never run.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
set -u
source tests/support/need.sh
jobs=$(nproc)
passed=0 failed=0 skipped=0 left_out=0 leave_out=

# lane NAME PRESET [cmake option...]: configures, builds, tests; counts, and goes on when something failed.
lane() {
    local name=$1 preset=$2 build=.build/$1 started=$SECONDS
    shift 2
    echo "== $name: building in $build"
    mkdir -p "$build"
    if cmake -C "cmake/presets/$preset.cmake" -S . -B "$build" -G Ninja "$@" >"$build/configure.log" 2>&1 ||
        { cat "$build/configure.log"; false; } &&
        cmake --build "$build" -j "$jobs" </dev/null; then
        echo "== $name: built in $((SECONDS - started)) s"
        run_tests "$build" -j $((jobs + 1)) # a third of their time is waiting
        search "$name" "$build" "$build/Testing/Temporary/LastTest.log" "$build/junit.xml"
    else
        echo "== $name: the build failed, no test ran; again: cmake --build $build"
        failed=$((failed + 1))
    fi
    echo "== $name: $((SECONDS - started)) s"
}

# run_tests FOLDER [ctest option...]: every test of a build; counts. A test that said itself that it must be skipped is;
# one that could not be run, for instance because its program was not built, is a failure. With `leave_out` set, without
# the tests whose names match it, which are named and counted.
run_tests() {
    local build=$1 answer
    shift
    if [ -n "$leave_out" ]; then
        local names
        names=$(ctest --test-dir "$build" -N -R "$leave_out" </dev/null | sed -n 's/^ *Test *#[0-9]*: //p')
        names=$(paste -sd ' ' <<<"$names")
        echo "== $build: left to other lanes: ${names:-none}"
        left_out=$((left_out + $(wc -w <<<"$names")))
        set -- "$@" -E "$leave_out"
    fi
    rm -f "$build/junit.xml"
    ctest --test-dir "$build" --no-tests=error --output-on-failure --output-junit junit.xml "$@" </dev/null
    answer=$?
    if [ ! -f "$build/junit.xml" ]; then
        echo "== $build: no test ran; again: ctest --test-dir $build"
        failed=$((failed + 1))
        return
    fi
    local tests failures absent meant
    tests=$(junit "$build" tests) failures=$(junit "$build" failures) absent=$(junit "$build" skipped)
    meant=$(grep -c '<skipped message="SKIP_' "$build/junit.xml")
    failures=$((failures + absent - meant)) absent=$((meant + $(junit "$build" disabled)))
    # Whatever else ctest holds against a run: it has the last word.
    [ "$answer" -eq 0 ] || [ "$failures" -gt 0 ] || { failures=1 tests=$((tests + 1)); }
    passed=$((passed + tests - failures - absent)) failed=$((failed + failures)) skipped=$((skipped + absent))
    [ "$failures" -eq 0 ] ||
        echo "== $build: $failures failed; again: ctest --test-dir $build --rerun-failed --output-on-failure"
}

# search NAME FOLDER FILE...: looks for planted names and secrets in what NAME has printed, by the program of the build
# in FOLDER; counts.
search() {
    local name=$1 program=$2/tests/cli/privacy_scan
    shift 2
    if [ ! -x "$program" ]; then
        echo "== $name: skipped: there is no privacy_scan, nothing that was printed is searched for names and secrets"
        skipped=$((skipped + 1))
    elif "$program" "$@" </dev/null; then
        passed=$((passed + 1))
    else
        echo "== $name: names or secrets were printed; again: $program $*"
        failed=$((failed + 1))
    fi
}

# script FILE: sources it. What it prints is kept in .build/NAME.log, and searched as that of a lane.
script() {
    local name log tee_id
    name=$(basename "$1" .sh)
    log=.build/$name.log
    mkdir -p .build
    exec 3>&1 4>&2 > >(tee "$log") 2>&1
    tee_id=$!
    # shellcheck disable=SC1090
    source "$1"
    exec >&3 2>&4 3>&- 4>&-
    wait "$tee_id" # otherwise its last lines may be missing
    search "$name" .build/gcc "$log"
}

# counted COMMAND...: runs it, and counts how it ended; 77 says that it cannot run here.
counted() {
    local answer
    "$@" </dev/null
    answer=$?
    case $answer in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *)
        failed=$((failed + 1))
        echo "== failed with exit status $answer; again: ${*@Q}"
        ;;
    esac
}

# junit FOLDER NAME: a number from the head of ctest's report.
junit() { sed -n "s/^[[:space:]]*$2=\"\([0-9]*\)\".*/\1/p" "$1/junit.xml" | head -n 1; }

# The last line, and the exit status.
finish() {
    echo "== all lanes: $SECONDS s"
    local line="$passed passed, $failed failed"
    [ "$skipped" -eq 0 ] || line+=", $skipped skipped"
    [ "$left_out" -eq 0 ] || line+=", $left_out left out"
    echo "$line"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# house: everything that the build and the tests use.
house() {
    need g++ clang libclang-rt-14-dev cmake ninja-build ccache git ca-certificates strace libfuse3-dev \
        libcurl4-openssl-dev libssl-dev libpugixml-dev nlohmann-json3-dev \
        doctest-dev libcli11-dev libdcmtk-dev libxxhash-dev libbenchmark-dev libcpp-httplib-dev rclone
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache
    command -v npm >/dev/null || need nodejs npm
    tests/azure/install_azurite.sh || echo "== without Azurite: the tests against it are skipped"
    tests/interop/install_sdk.sh || echo "== without the SDK for JavaScript: the tests with it are skipped"
}
